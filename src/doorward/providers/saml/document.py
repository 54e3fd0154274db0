"""From bytes to elements: one parser, and limits that hold before it begins.

What is a matter of taste in XML is forbidden here: document types, entities, comments, CDATA sections, processing
instructions and other encodings than UTF-8. None of them occurs in SAML, and each was the way around some verifier.
``<!`` and ``<?`` occur in nothing else, so plain text search finds them, whatever a parser would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from doorward.providers.saml.flaw import Flaw, flawed

MAX_BYTES: Final = 1_048_576
MAX_ELEMENTS: Final = 12_000
"""Room for 5,000 groups and everything else."""
MAX_DEPTH: Final = 24
MAX_ATTRIBUTES: Final = 32
MAX_PREFIXES: Final = 40
"""Namespace prefixes in force at one place: canonical XML looks each of them up for each element."""
_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version=["']1\.0["'](?:\s+encoding=["'][Uu][Tt][Ff]-8["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>"""
)


def parser() -> etree.XMLParser:
    """How XML is read, here and by the library that verifies: nothing is resolved, fetched, completed or repaired."""
    return etree.XMLParser(
        encoding="utf-8",  # or the parser would guess UTF-16 from the first bytes, and read what a search did not see
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        collect_ids=False,
        remove_blank_text=False,
    )


def read_document(data: bytes) -> etree._Element:
    """The root element of a document within the limits.

    Raises:
        Failure: TOO_LARGE, NOT_XML, FORBIDDEN_MARKUP, DUPLICATE_ID.
    """
    if len(data) > MAX_BYTES:
        raise flawed(Flaw.TOO_LARGE, f"{len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise flawed(Flaw.NOT_XML, "not UTF-8") from error
    if "\x00" in text:
        raise flawed(Flaw.NOT_XML, "not UTF-8, or broken")
    body = _DECLARATION.sub("", text.lstrip(" \t\r\n"), count=1) if text.lstrip(" \t\r\n")[:5] == "<?xml" else text
    if "<!" in body or "<?" in body:
        raise flawed(Flaw.FORBIDDEN_MARKUP, "a document type, comment, CDATA section or processing instruction")
    if body.count("<") > 2 * MAX_ELEMENTS:  # an opening and a closing tag
        raise flawed(Flaw.TOO_LARGE, f"more than {MAX_ELEMENTS} elements")
    try:
        root = etree.fromstring(body.encode(), parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise flawed(Flaw.NOT_XML, f"not well-formed: {str(error)[:200]}") from error
    _check_limits(root)
    _check_ids(root)
    return root


def standalone(element: etree._Element) -> etree._Element:
    """The element as the root of a document of its own, with the namespaces it stands in.

    Raises:
        Failure: NOT_XML; what was read cannot be written down and read again, so it has no single meaning.
    """
    try:
        return etree.fromstring(etree.tostring(element, with_tail=False), parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise flawed(Flaw.NOT_XML, f"it reads differently a second time: {str(error)[:200]}") from error


def children(element: etree._Element, tag: str) -> list[etree._Element]:
    """The direct children with this name."""
    return [child for child in element if child.tag == tag]


def only_child(element: etree._Element, tag: str) -> etree._Element | None:
    """The one direct child with this name; None: there is none.

    Raises:
        Failure: SHAPE; there are several.
    """
    found = children(element, tag)
    if len(found) > 1:
        raise flawed(Flaw.SHAPE, f"{local_name(element)} has {len(found)} {tag.rpartition('}')[2]}")
    return found[0] if found else None


def whole_text(element: etree._Element) -> str:
    """All the text there is in an element, white space around it removed.

    Raises:
        Failure: SHAPE; it holds elements, so its text has no single meaning.
    """
    if len(element):
        raise flawed(Flaw.SHAPE, f"{local_name(element)} holds elements where text is expected")
    return (element.text or "").strip()


def local_name(element: etree._Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _check_limits(root: etree._Element) -> None:
    for depth, element in _walk(root):
        if depth > MAX_DEPTH:
            raise flawed(Flaw.TOO_LARGE, f"nested more than {MAX_DEPTH} deep")
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise flawed(Flaw.TOO_LARGE, f"{local_name(element)} has {len(element.attrib)} attributes")
        if len(element.nsmap) > MAX_PREFIXES:
            raise flawed(Flaw.TOO_LARGE, f"more than {MAX_PREFIXES} namespaces")


def _walk(root: etree._Element) -> Iterator[tuple[int, etree._Element]]:
    pending = [(1, root)]
    while pending:
        depth, element = pending.pop()
        yield depth, element
        pending += [(depth + 1, child) for child in element]


def _check_ids(root: etree._Element) -> None:
    """No id twice, whatever the attribute that holds it is called: a reference must mean one element."""
    seen: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if str(name).rpartition("}")[2].lower() != "id":
                continue
            if value in seen:
                raise flawed(Flaw.DUPLICATE_ID, f"the id {str(value)[:60]!r} stands there twice")
            seen.add(str(value))
