"""From what somebody typed, or wrote into a file of cases, to a question for the laboratory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, get_args

from doorward.cli.laboratory import Laboratory
from doorward.geo import Countries
from doorward.identity import canonical_email
from doorward.lab.question import Question, UnusableQuestion, Visitor, read_target
from doorward.policy.learned import Learned, Posture, RiskLevel

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_RISKS: Final = get_args(RiskLevel)
_COUNTRY: Final = re.compile(r"[A-Z][A-Z0-9]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in words."""

    url: str
    method: str = "GET"
    email: str = ""
    groups: Sequence[str] = ()
    idp: str = ""
    auth_methods: Sequence[str] = ()
    claims: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    ip: str = ""
    country: str = ""
    service_token: str = ""
    postures: Mapping[str, str] = field(default_factory=dict)
    """Device posture check to ``passed`` or ``failed``."""
    risk: str = ""
    """The reported risk score."""


def question_of(asked: Asked, lab: Laboratory) -> Question:
    """Names become what they name.

    Raises:
        UnusableQuestion: something is not what it should be, or a name belongs to nothing.
    """
    address = _address(asked.ip)
    return Question(
        target=read_target(asked.url),
        method=asked.method.upper(),
        ip=address,
        country=_country(asked.country, address, lab),
        visitor=_visitor(asked, lab),
        service_token=lab.service_token(asked.service_token) if asked.service_token else None,
        learned=_learned(asked),
    )


def read_postures(texts: Sequence[str]) -> dict[str, str]:
    """``check=passed`` or ``check=failed`` each."""
    return {check: state for check, _, state in (text.rpartition("=") for text in texts)}


def read_claims(texts: Sequence[str]) -> dict[str, str | list[str]]:
    """``name=value`` pairs; a name that comes twice has both values."""
    claims: dict[str, str | list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UnusableQuestion(f"{text!r} is not a claim; write it like department=Sales")
        before = claims.get(name)
        claims[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return claims


def read_moment(text: str) -> int:
    """Unix seconds, from an RFC 3339 moment or seconds themselves; without a zone it is UTC."""
    if text.isascii() and text.isdigit():
        return int(text[:12])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnusableQuestion(f"{text!r} is not a time; write it like 2026-12-24T18:00:00Z") from error
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())


def _visitor(asked: Asked, lab: Laboratory) -> Visitor | None:
    about_a_person = {
        "group": asked.groups, "identity provider": asked.idp, "authentication method": asked.auth_methods,
        "claim": asked.claims, "device posture": asked.postures, "risk score": asked.risk,
    }  # fmt: skip
    if not asked.email:
        if said := [what for what, value in about_a_person.items() if value]:
            raise UnusableQuestion(
                f"a request with a {said[0]} is one of a person; say who: an e-mail address is missing"
            )
        return None
    if not _EMAIL.fullmatch(asked.email):
        raise UnusableQuestion(f"{asked.email!r} is not an e-mail address; write it like ann@example.com")
    claims = {name: value if isinstance(value, str) else tuple(value) for name, value in asked.claims.items()}
    provider = lab.provider(asked.idp) if asked.idp else None
    return Visitor(canonical_email(asked.email), provider, tuple(asked.groups), tuple(asked.auth_methods), claims)


def _learned(asked: Asked) -> Learned:
    for check, state in asked.postures.items():
        if state not in {"passed", "failed"}:
            raise UnusableQuestion(
                f"{check}={state} is not the state of a check; write {check}=passed or {check}=failed"
            )
    if asked.risk not in {"", *_RISKS}:
        raise UnusableQuestion(f"{asked.risk!r} is not a risk score; write one of {', '.join(_RISKS)}")
    postures = {
        check: Posture(passed=state == "passed", because=f"the check {check} is supposed to have {state}")
        for check, state in asked.postures.items()
    }
    risk = {"level": asked.risk, "because": f"the risk is supposed to be {asked.risk}"} if asked.risk else None
    return Learned.model_validate({"postures": postures, "risk": risk})


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if not text:
        return None
    try:
        address = ip_address(text)
    except ValueError as error:
        raise UnusableQuestion(f"{text!r} is not an IP address; write it like 192.0.2.7") from error
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _country(text: str, address: IPv4Address | IPv6Address | None, lab: Laboratory) -> str | None:
    """As it was said, else what the door's own database of countries knows about the address."""
    if not text:
        return Countries(lab.settings.geoip).country(address) if lab.settings.geoip is not None else None
    code = text.upper()
    if not _COUNTRY.fullmatch(code):
        raise UnusableQuestion(f"{text!r} is not a country code; write two letters (ISO 3166-1 alpha-2), like NL")
    return code
