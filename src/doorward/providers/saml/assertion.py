"""For whom an assertion is, when it holds and what it answers (SAML core 2; profiles 4.1.4.3). Pure.

Everything here is read from elements that a signature was verified over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from doorward.identity import ANY_OTHER
from doorward.providers.failure import Failure
from doorward.providers.saml.document import children, local_name, only_child, whole_text
from doorward.providers.saml.flaw import Flaw, flawed
from doorward.providers.saml.names import BEARER, assertion

SKEW: Final = 120
"""Seconds by which the provider's clock and ours may differ."""
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,12})?(?:Z|\+00:00)", re.ASCII)
_LONGEST_TEXT: Final = 1024
_MOST_ATTRIBUTES: Final = 200
_KNOWN_CONDITIONS: Final = frozenset(map(assertion, ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")))


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer to one request of ours has to say. Times are Unix seconds."""

    issuer: str
    """The provider's entity id."""
    audience: str
    """Our entity id."""
    recipient: str
    """The address it was sent to."""
    request_id: str
    requested_at: int
    fresh: bool
    """The visitor was to be asked again, however well the provider knows them."""
    now: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute with its values, those that are text."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a provider says about somebody, proven and for us."""

    id: str
    name_id: str
    name_id_format: str
    attributes: Mapping[str, Attribute]
    """By name, in the provider's order; several of one name are one with all their values."""
    contexts: tuple[str, ...]
    """How they signed in: ``AuthnContextClassRef``."""
    expires_at: int
    """Until when it could be presented again."""
    notes: tuple[str, ...]
    incomplete: frozenset[str] = frozenset()
    """Attributes of which a value was left out; ``ANY_OTHER``: an attribute was, and its name cannot be told."""


def read_assertion(root: etree._Element, expected: Expected) -> Assertion:
    """Check a proven assertion.

    Raises:
        Failure: VERSION, ISSUER, STALE, SUBJECT, RECIPIENT, IN_RESPONSE_TO, EXPIRED, NOT_YET_VALID, AUDIENCE, CONDITION,
            NO_SIGN_IN, TIME, SHAPE.
    """
    identifier = root.get("ID", "")
    if root.get("Version") != "2.0" or not identifier:
        raise flawed(Flaw.VERSION, "the assertion is not of version 2.0, or has no id")
    check_issuer(root, expected.issuer, required=True)
    check_issued(root, expected)
    name_id, name_id_format, expires_at = _subject(root, expected)
    _conditions(root, expected)
    contexts = _sign_in(root, expected)
    attributes, notes, incomplete = _attributes(root)
    return Assertion(identifier, name_id, name_id_format, attributes, contexts, expires_at, notes, incomplete)


def check_issuer(element: etree._Element, issuer: str, *, required: bool) -> None:
    """``saml:Issuer`` is the configured provider."""
    found = only_child(element, assertion("Issuer"))
    if found is None:
        if required:
            raise flawed(Flaw.ISSUER, f"the {local_name(element)} names no issuer")
        return
    if whole_text(found) != issuer:
        raise flawed(Flaw.ISSUER, f"the {local_name(element)} is by {whole_text(found)[:200]!r}, not by {issuer!r}")


def check_issued(element: etree._Element, expected: Expected) -> None:
    """``IssueInstant`` lies between the request and now."""
    issued = instant(element, "IssueInstant")
    if issued is None:
        raise flawed(Flaw.TIME, f"the {local_name(element)} does not say when it was issued")
    if issued > expected.now + SKEW:
        raise flawed(Flaw.NOT_YET_VALID, f"issued {issued - expected.now} s in the future; check both clocks")
    if issued < expected.requested_at - SKEW:
        raise flawed(Flaw.STALE, f"issued {expected.requested_at - issued} s before the request; check both clocks")


def instant(element: etree._Element, name: str) -> int | None:
    """A time in Unix seconds (xs:dateTime in UTC, core 1.3.3); None: there is none."""
    text = element.get(name)
    if text is None:
        return None
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise _no_time(name, text)
    try:
        return int(datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise _no_time(name, text) from error


def _no_time(name: str, text: str) -> Failure:
    return flawed(Flaw.TIME, f"{name} is {text[:60]!r}, which is not a time in UTC")


def _subject(root: etree._Element, expected: Expected) -> tuple[str, str, int]:
    subject = only_child(root, assertion("Subject"))
    name = only_child(subject, assertion("NameID")) if subject is not None else None
    if subject is None or name is None:
        raise flawed(Flaw.SUBJECT, "the assertion names nobody (no NameID)")
    text = whole_text(name)
    if not 0 < len(text) <= _LONGEST_TEXT or not text.isprintable():
        raise flawed(Flaw.SUBJECT, "the NameID is empty, too long or not printable")
    confirmations = [one for one in children(subject, assertion("SubjectConfirmation")) if one.get("Method") == BEARER]
    if not confirmations:
        raise flawed(Flaw.SUBJECT, "no bearer confirmation")
    if len(confirmations) > 1:
        raise flawed(Flaw.SUBJECT, "several bearer confirmations")
    return text, name.get("Format", ""), _confirmed(confirmations[0], expected)


def _confirmed(confirmation: etree._Element, expected: Expected) -> int:
    """Until when the confirmation holds."""
    data = only_child(confirmation, assertion("SubjectConfirmationData"))
    if data is None:
        raise flawed(Flaw.SUBJECT, "a bearer confirmation without data")
    if data.get("Recipient") != expected.recipient:
        found = data.get("Recipient", "")
        raise flawed(Flaw.RECIPIENT, f"the assertion is for {found[:200]!r}, not for {expected.recipient!r}")
    if data.get("InResponseTo") is None:
        raise flawed(Flaw.UNSOLICITED, "the assertion answers no request")
    if data.get("InResponseTo") != expected.request_id:
        raise flawed(Flaw.IN_RESPONSE_TO, "the assertion answers another request")
    until = instant(data, "NotOnOrAfter")
    if until is None:
        raise flawed(Flaw.SUBJECT, "the confirmation does not say until when it holds")
    _within(data, expected)
    return until + SKEW


def _conditions(root: etree._Element, expected: Expected) -> None:
    conditions = only_child(root, assertion("Conditions"))
    if conditions is None:
        raise flawed(Flaw.AUDIENCE, "the assertion does not say for whom it is (no Conditions)")
    unknown = [child for child in conditions if child.tag not in _KNOWN_CONDITIONS]
    if unknown:
        raise flawed(Flaw.CONDITION, f"the condition {local_name(unknown[0])[:60]} is not known here")
    _within(conditions, expected)
    restrictions = children(conditions, assertion("AudienceRestriction"))
    if not restrictions:
        raise flawed(Flaw.AUDIENCE, "the assertion does not say for whom it is (no AudienceRestriction)")
    for restriction in restrictions:
        audiences = [whole_text(one) for one in children(restriction, assertion("Audience"))]
        if expected.audience not in audiences:
            named = ", ".join(audiences)[:200]
            raise flawed(Flaw.AUDIENCE, f"the assertion is for {named!r}, not for {expected.audience!r}")


def _within(element: etree._Element, expected: Expected) -> None:
    begin, end = instant(element, "NotBefore"), instant(element, "NotOnOrAfter")
    if begin is not None and expected.now < begin - SKEW:
        raise flawed(
            Flaw.NOT_YET_VALID, f"valid in {begin - expected.now} s ({local_name(element)}); check both clocks"
        )
    if end is not None and expected.now >= end + SKEW:
        raise flawed(Flaw.EXPIRED, f"expired {expected.now - end} s ago ({local_name(element)})")


def _sign_in(root: etree._Element, expected: Expected) -> tuple[str, ...]:
    statements = children(root, assertion("AuthnStatement"))
    if not statements:
        raise flawed(Flaw.NO_SIGN_IN, "the assertion says nothing about a sign-in (no AuthnStatement)")
    contexts: list[str] = []
    for statement in statements:
        at, until = instant(statement, "AuthnInstant"), instant(statement, "SessionNotOnOrAfter")
        if until is not None and expected.now >= until + SKEW:
            raise flawed(Flaw.EXPIRED, "the session at the provider is over")
        if expected.fresh and (at is None or at < expected.requested_at - SKEW):
            raise flawed(Flaw.STALE, "a fresh sign-in was asked for, and the provider speaks of an older one")
        for context in children(statement, assertion("AuthnContext")):
            named = only_child(context, assertion("AuthnContextClassRef"))
            contexts += [whole_text(named)[:_LONGEST_TEXT]] if named is not None else []
    return tuple(dict.fromkeys(context for context in contexts if context))


def _attributes(root: etree._Element) -> tuple[dict[str, Attribute], tuple[str, ...], frozenset[str]]:
    found: dict[str, list[str]] = {}
    notes: dict[str, None] = {}
    incomplete: set[str] = set()
    encrypted = False
    for statement in children(root, assertion("AttributeStatement")):
        if children(statement, assertion("EncryptedAttribute")):
            notes["an attribute is encrypted by itself; it is not used"] = None
            encrypted = True
        for attribute in children(statement, assertion("Attribute")):
            name = attribute.get("Name", "").strip()
            if not 0 < len(name) <= _LONGEST_TEXT or not name.isprintable():
                notes["an attribute has no usable name; it is not used"] = None
                incomplete.add(ANY_OTHER)
                continue
            values = found.setdefault(name, [])
            for value in children(attribute, assertion("AttributeValue")):
                if len(value) or len(value.text or "") > _LONGEST_TEXT:
                    notes[f"attribute {name[:100]}: a value is not plain text or too long; it is not used"] = None
                    incomplete.add(name)
                else:
                    values.append((value.text or "").strip())
    if len(found) > _MOST_ATTRIBUTES:
        raise flawed(Flaw.TOO_LARGE, f"more than {_MOST_ATTRIBUTES} attributes")
    if encrypted:  # it could be more of any of them
        incomplete |= {ANY_OTHER, *found}
    attributes = {name: Attribute(name, tuple(values)) for name, values in found.items()}
    return attributes, tuple(notes)[:20], frozenset(incomplete)
