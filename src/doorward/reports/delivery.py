"""A signed delivery of reports: who signed it, that it is for us and fresh, and what it says. Pure.

::

    {"iss": "fleet", "aud": "https://login.example.com", "type": "report", "iat": 1800000000, "exp": 1800000060,
     "jti": "5f0c…", "reports": [
       {"user": "ann@example.com", "device_posture": {"integration_uid": "disk"}, "passed": true, "until": 1800086400},
       {"user": "bob@example.com", "user_risk_score": "high", "until": 1800086400}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NoReturn, get_args

from joserfc import jws
from joserfc.errors import JoseError

from doorward.errors import DoorwardError
from doorward.identity import canonical_email
from doorward.policy.learned import RiskLevel
from doorward.reports.source import SCORE, ReportSource
from doorward.tokens.encoding import decode, read_object

LONGEST: Final = 49_152
"""Characters of a delivery."""
MOST: Final = 100
"""Reports in one delivery."""
LONGEST_LIFE: Final = 600
"""Seconds from ``iat`` to ``exp``: how long a delivery may be under way, and how long its ``jti`` is remembered."""
SKEW: Final = 60
"""Seconds that ``iat`` may lie ahead."""
LONGEST_HOLD: Final = 31 * 86_400
"""Seconds for which a report may claim to hold."""
_LONGEST_NAME: Final = 256
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,254}@[^@\s\x00-\x1f\x7f]{1,254}")
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_LARGEST_TIME: Final = 2**53
_LEVELS: Final = frozenset(get_args(RiskLevel))


class Why(StrEnum):
    """Why a delivery is refused."""

    UNREADABLE = "unreadable"
    UNPROVEN = "unproven"
    """Not signed by a source that is declared. Which of the two is wrong is not told."""
    NOT_FOR_US = "not_for_us"
    STALE = "stale"
    """Expired, not yet valid, or valid for too long."""
    CLAIMS = "claims"
    NOT_PERMITTED = "not_permitted"
    """The source may not report about that."""
    REPLAYED = "replayed"


class ReportRefusedError(DoorwardError):
    """A delivery that changes nothing. The sentence quotes nothing of it but names of claims."""

    code = "report_refused"

    def __init__(self, why: Why, what: str) -> None:
        super().__init__(f"The report was refused: {what}.")
        self.why = why


@dataclass(frozen=True, slots=True)
class Report:
    """One fact about one person."""

    user: str
    """E-mail address in its canonical form."""
    subject: str
    """``integration_uid``, or ``SCORE``."""
    value: str
    """``passed`` or ``failed``, or a risk level."""
    until: int
    """Unix seconds; from then on it cannot be told."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one source said at one time."""

    source: str
    jti: str
    iat: int
    exp: int
    reports: tuple[Report, ...]


def read_delivery(token: str, sources: Sequence[ReportSource], audience: str, now: int) -> Delivery:
    """The reports of a delivery that one of ``sources`` signed for ``audience``.

    Args:
        token: a compact JWS.
        sources: those declared now.
        audience: our issuer, such as ``https://login.example.com``.
        now: Unix seconds.

    Raises:
        ReportRefusedError: with the reason. Whether it was used before is not known here.
    """
    if len(token) > LONGEST:
        _refuse(Why.UNREADABLE, f"it is longer than {LONGEST} characters")
    claims, source = _proven(token, sources)
    if claims.get("type") != "report" or claims.get("aud") not in (audience, [audience]):
        _refuse(Why.NOT_FOR_US, f"type must be report and aud must be {audience}")
    issued, expires = _time(claims, "iat"), _time(claims, "exp")
    if issued > now + SKEW or now >= expires or not 0 < expires - issued <= LONGEST_LIFE:
        _refuse(Why.STALE, f"iat and exp must enclose the present and be at most {LONGEST_LIFE} seconds apart")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_NAME or not jti.isprintable():
        _refuse(Why.CLAIMS, "jti must be a text that is different each time")
    return Delivery(source.name, jti, issued, expires, _reports(claims.get("reports"), source, now))


def _proven(token: str, sources: Sequence[ReportSource]) -> tuple[Mapping[str, Any], ReportSource]:
    """The claims, once the key of the source that ``iss`` names has verified them."""
    segments = token.split(".")
    if len(segments) != 3:
        _refuse(Why.UNREADABLE, "it has not the three parts of a signed token")
    try:
        header, claims = read_object(decode(segments[0])), read_object(decode(segments[1]))
        decode(segments[2])
    except ValueError as error:
        _refuse(Why.UNREADABLE, f"a part is unreadable ({error})")
    source = next((one for one in sources if one.name == claims.get("iss")), None)
    if source is None or header.get("alg") != source.key.algorithm or not header.keys() <= _HEADER:
        _refuse(Why.UNPROVEN, "none of the declared sources signed it in the way it signs")
    registry = _Registry(algorithms=[source.key.algorithm], strict_check_header=False)
    try:
        jws.deserialize_compact(token, source.key.key, registry=registry)
    except (JoseError, ValueError, TypeError):
        _refuse(Why.UNPROVEN, "none of the declared sources signed it in the way it signs")
    return claims, source


class _Registry(jws.JWSRegistry):
    max_header_length = 2048
    max_payload_length = LONGEST
    max_signature_length = 2048


def _reports(value: Any, source: ReportSource, now: int) -> tuple[Report, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST:
        _refuse(Why.CLAIMS, f"reports must be a list of 1 to {MOST}")
    reports = tuple(_report(item, source, now) for item in value)
    if len({(report.user, report.subject) for report in reports}) != len(reports):
        _refuse(Why.CLAIMS, "two reports are about the same thing")
    return reports


def _report(item: Any, source: ReportSource, now: int) -> Report:
    if not isinstance(item, dict):
        _refuse(Why.CLAIMS, "a report must be an object")
    user, until = item.get("user"), _time(item, "until")
    if not isinstance(user, str) or not _EMAIL.fullmatch(user):
        _refuse(Why.CLAIMS, "user must be an e-mail address")
    if not now < until <= now + LONGEST_HOLD:
        _refuse(Why.CLAIMS, f"until must lie ahead, by at most {LONGEST_HOLD // 86_400} days")
    match item:
        case {"device_posture": {"integration_uid": str(subject)}, "passed": bool(passed)} if subject:
            names, value = {"user", "until", "device_posture", "passed"}, "passed" if passed else "failed"
        case {"user_risk_score": str(level)} if level in _LEVELS:
            names, subject, value = {"user", "until", "user_risk_score"}, SCORE, level
        case _:
            _refuse(Why.CLAIMS, "a report must have device_posture and passed, or user_risk_score")
    if item.keys() != names:
        _refuse(Why.CLAIMS, "a report has members that are not understood")
    if subject not in source.subjects:
        _refuse(Why.NOT_PERMITTED, "its source may not report about that")
    return Report(canonical_email(user), subject, value, until)


def _time(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LARGEST_TIME:
        _refuse(Why.CLAIMS, f"{name} must be a time in whole Unix seconds")
    return value


def _refuse(why: Why, what: str) -> NoReturn:
    raise ReportRefusedError(why, what)
