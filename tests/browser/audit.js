// What a careful reader would complain about on the page at hand: a list of sentences, empty when all is well.
() => {
  const wrong = [];
  const visible = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== 'hidden';
  const all = (selector) => [...document.querySelectorAll(selector)].filter(visible);
  const named = (node) =>
    (node.getAttribute('aria-label') || node.innerText || node.value || node.alt || '').trim() !== '';

  if (!document.documentElement.lang) wrong.push('the document says no language');
  if (!document.title.trim()) wrong.push('the document has no title');
  if (document.querySelectorAll('h1').length !== 1) wrong.push('there is not exactly one h1');
  if (document.querySelectorAll('main').length !== 1) wrong.push('there is not exactly one main');
  if (!document.querySelector('meta[name=viewport]')) wrong.push('phones are not told to use their width');
  for (const field of all('input:not([type=hidden]), select, textarea'))
    if (!field.labels.length && !field.getAttribute('aria-label')) wrong.push(`the field ${field.name} has no label`);
  for (const node of all('a, button')) if (!named(node)) wrong.push(`nameless: ${node.outerHTML.slice(0, 80)}`);
  for (const node of document.querySelectorAll('[tabindex]'))
    if (node.tabIndex > 0) wrong.push(`an order of its own: ${node.outerHTML.slice(0, 80)}`);
  for (const image of document.querySelectorAll('img')) if (!image.hasAttribute('alt')) wrong.push('a picture without words');
  for (const drawing of document.querySelectorAll('svg'))
    if (drawing.getAttribute('aria-hidden') !== 'true' && !drawing.getAttribute('aria-label'))
      wrong.push('a drawing that screen readers stumble over');
  for (const node of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
    for (const id of `${node.getAttribute('aria-describedby') || ''} ${node.getAttribute('aria-labelledby') || ''}`.trim().split(/\s+/))
      if (!document.getElementById(id)) wrong.push(`nothing has the id ${id}`);
  const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) wrong.push(`the id ${id} is there twice`);
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push('the page is wider than the window');
  for (const node of all('a.button, button, input:not([type=hidden])'))
    if (node.getBoundingClientRect().height < 44) wrong.push(`too low for a finger: ${node.outerHTML.slice(0, 80)}`);

  // WCAG 2.2, 1.4.3: the colours as computed, over the nearest background that is not transparent.
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.nodeValue.trim();
    const node = walker.currentNode.parentElement;
    if (!text || !visible(node) || ['STYLE', 'SCRIPT'].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const [one, other] = [light(rgb(style.color).slice(0, 3)), light(behind(node))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < (large ? 3 : 4.5)) wrong.push(`contrast ${contrast.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return wrong;
}
