"use strict";

// Asks the browser for a passkey and posts its answer. The page's form says what to ask (data-options, JSON).
(() => {
  const form = document.getElementById("passkey-form");
  const button = document.getElementById("passkey-button");
  const trouble = document.getElementById("passkey-trouble");
  if (!form || !button || !trouble || !window.PublicKeyCredential) {
    return;
  }

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const asked = () => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    if (!options.user) {
      return navigator.credentials.get({ publicKey: { ...options, allowCredentials: named(options.allowCredentials) } });
    }
    options.user.id = bytes(options.user.id);
    return navigator.credentials.create({
      publicKey: { ...options, excludeCredentials: named(options.excludeCredentials) },
    });
  };

  const written = (credential) => {
    const { response } = credential;
    const parts = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) {
        parts[name] = text(response[name]);
      }
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: {},
      response: parts,
    });
  };

  button.disabled = false;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    trouble.hidden = true;
    try {
      form.elements.answer.value = written(await asked());
      form.submit();
    } catch {
      trouble.hidden = false;
      button.disabled = false;
    }
  });
})();
