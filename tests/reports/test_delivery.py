"""Deliveries of reports: good ones are read, and each way of being bad has its own reason."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey
from tests.reports.build import (
    DAY,
    NOW,
    SECRET,
    TEAM,
    claims,
    fleet_key,
    posture,
    rsa_key,
    score,
    sign,
    sign_score,
    sources,
)

from doorward.reports import LONGEST, SCORE, Report, ReportRefusedError, ReportSource, Why, public_key, read_delivery


def refused(token: str, known: tuple[ReportSource, ...] | None = None, now: int = NOW) -> Why:
    with pytest.raises(ReportRefusedError) as error:
        read_delivery(token, sources() if known is None else known, TEAM, now)
    assert not token or token not in str(error.value)
    return error.value.why


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_good_delivery_is_read() -> None:
    token = sign(claims(posture("Ann@Example.com", passed=False), posture("bob@example.com")))
    delivery = read_delivery(token, sources(), TEAM, NOW)
    assert (delivery.source, delivery.jti, delivery.iat, delivery.exp) == ("fleet", "1", NOW, NOW + 60)
    assert delivery.reports == (
        Report("ann@example.com", "disk", "failed", NOW + DAY),
        Report("bob@example.com", "disk", "passed", NOW + DAY),
    )


@pytest.mark.parametrize("level", ["low", "medium", "high", "unscored"])
def test_a_score_is_signed_by_a_shared_secret_or_a_key(level: str) -> None:
    content = claims(score(level), iss="siem", aud=[TEAM])
    expected = (Report("ann@example.com", SCORE, level, NOW + DAY),)
    assert read_delivery(sign_score(content), sources(), TEAM, NOW).reports == expected
    by_key = ReportSource("siem", frozenset({SCORE}), public_key(rsa_key().as_dict(private=False)))
    signed = sign(content, rsa_key(), "RS256", kid="x", typ="JWT")
    assert read_delivery(signed, (by_key,), TEAM, NOW).reports == expected


@pytest.mark.parametrize(
    "token",
    ["", "a.b", "a.b.c.d", "...", "e30.e30.!", f"{segment([])}.{segment({})}.AA", f"{segment({})}.{segment(b'x')}.AA", "x" * (LONGEST + 1)],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_token_is_unreadable(token: str) -> None:
    assert refused(token) is Why.UNREADABLE


def test_g5_59_a_delivery_without_signature_is_refused() -> None:
    for alg in ("none", "None", "NONE", ""):
        token = f"{segment({'alg': alg})}.{segment(claims())}."
        assert refused(token) in {Why.UNPROVEN, Why.UNREADABLE}
        assert refused(token + "AA") is Why.UNPROVEN


def test_g5_60_hs256_with_the_public_key_is_refused() -> None:
    for written in (fleet_key().as_pem(private=False), json.dumps(fleet_key().as_dict(private=False)).encode()):
        header, body = segment({"alg": "HS256"}), segment(claims())
        mac = hmac.new(written, f"{header}.{body}".encode(), hashlib.sha256).digest()
        assert refused(f"{header}.{body}.{segment(mac)}") is Why.UNPROVEN


def test_a_source_cannot_speak_for_another_one() -> None:
    assert refused(sign(claims(score(), iss="siem"))) is Why.UNPROVEN
    assert refused(sign_score(claims(iss="fleet"))) is Why.UNPROVEN
    assert refused(sign(claims(score()))) is Why.NOT_PERMITTED
    assert refused(sign_score(claims(posture(), iss="siem"))) is Why.NOT_PERMITTED
    other = posture(device_posture={"integration_uid": "screen-lock"})
    assert refused(sign(claims(other))) is Why.NOT_PERMITTED


def test_strangers_and_wrong_keys_prove_nothing() -> None:
    stranger = ECKey.generate_key("P-256")
    assert refused(sign(claims(), stranger)) is Why.UNPROVEN
    assert refused(sign(claims(), stranger, jwk=stranger.as_dict(private=False))) is Why.UNPROVEN
    assert refused(sign(claims(iss="nobody"))) is Why.UNPROVEN
    assert refused(sign(claims(iss=...))) is Why.UNPROVEN
    assert refused(sign(claims(iss=["fleet"]))) is Why.UNPROVEN
    assert refused(sign(claims()), known=()) is Why.UNPROVEN
    assert refused(sign(claims(score(), iss="siem"), OctKey.import_key(b"x" * 32), "HS256")) is Why.UNPROVEN


def test_a_changed_delivery_proves_nothing() -> None:
    header, _, signature = sign(claims()).split(".")
    assert refused(f"{header}.{segment(claims(posture(passed=False)))}.{signature}") is Why.UNPROVEN


def test_g5_63_g5_64_headers_that_demand_something_are_refused() -> None:
    for extra in ({"jku": "https://evil.test/keys"}, {"x5u": "https://evil.test"}, {"cty": "JWT"}):
        assert refused(sign(claims(), **extra)) is Why.UNPROVEN
    _, body, signature = sign(claims()).split(".")
    assert refused(f"{segment({'alg': 'ES256', 'crit': ['b64'], 'b64': False})}.{body}.{signature}") is Why.UNPROVEN


@pytest.mark.parametrize(
    "changes",
    [{"type": ...}, {"type": "app"}, {"aud": ...}, {"aud": "https://other.example.com"}, {"aud": []},
     {"aud": [TEAM, "https://other.example.com"]}, {"aud": TEAM + "/"}],
    ids=str,
)  # fmt: skip
def test_g5_68_g5_70_a_delivery_for_somebody_else_is_refused(changes: dict[str, Any]) -> None:
    assert refused(sign(claims(**changes))) is Why.NOT_FOR_US


def test_a_delivery_lives_for_minutes() -> None:
    assert refused(sign(claims()), now=NOW + 60) is Why.STALE
    assert refused(sign(claims()), now=NOW - 61) is Why.STALE
    assert read_delivery(sign(claims()), sources(), TEAM, NOW - 60).iat == NOW
    assert refused(sign(claims(exp=NOW + 601))) is Why.STALE
    assert read_delivery(sign(claims(exp=NOW + 600)), sources(), TEAM, NOW).exp == NOW + 600
    assert refused(sign(claims(iat=NOW + 30, exp=NOW + 30)), now=NOW) is Why.STALE


BAD_TIMES = [..., None, True, "1800000000", NOW + 0.5, 0, -1, 2**53, [NOW]]


@pytest.mark.parametrize("value", BAD_TIMES, ids=str)
def test_g5_71_times_are_whole_seconds(value: Any) -> None:
    assert refused(sign(claims(iat=value))) is Why.CLAIMS
    assert refused(sign(claims(exp=value))) is Why.CLAIMS
    assert refused(sign(claims(posture(until=value)))) is Why.CLAIMS


@pytest.mark.parametrize("jti", [..., "", 7, None, "x" * 257, "a\nb"], ids=str)
def test_a_delivery_has_a_name_of_its_own(jti: Any) -> None:
    assert refused(sign(claims(jti=jti))) is Why.CLAIMS


@pytest.mark.parametrize(
    "reports",
    [
        ...,
        None,
        {},
        [],
        [posture(f"{number}@example.com") for number in range(101)],
        ["x"],
        [posture(), posture()],
        [posture("Ann@example.com"), posture("ann@example.com")],
        [posture(user="ann")],
        [posture(user=7)],
        [posture(user="a@b@c")],
        [posture(user="a b@c")],
        [posture(user="x" * 255 + "@c")],
        [posture(until=NOW)],
        [posture(until=NOW + 31 * DAY + 1)],
        [posture(passed="yes")],
        [posture(passed=1)],
        [posture(passed=...)],
        [posture(device_posture=...)],
        [posture(device_posture="disk")],
        [posture(device_posture={"integration_uid": ""})],
        [posture(device_posture={"integration_uid": 7})],
        [posture(user_risk_score="low")],
        [posture(note="x")],
        [score("severe")],
        [score("")],
        [score(7)],  # type: ignore[arg-type]
        [{"user": "ann@example.com", "until": NOW + DAY}],
    ],
    ids=range(28),
)
def test_reports_that_are_not_understood_are_refused_all_together(reports: Any) -> None:
    if isinstance(reports, list) and reports and reports != [posture(), posture()]:
        reports = [posture("bob@example.com"), *reports] if len(reports) < 100 else reports
    assert refused(sign(claims(reports=reports))) is Why.CLAIMS


def test_the_longest_hold_is_a_month() -> None:
    token = sign(claims(posture(until=NOW + 31 * DAY)))
    assert read_delivery(token, sources(), TEAM, NOW).reports[0].until == NOW + 31 * DAY


def test_a_hundred_reports_fit_into_one_delivery() -> None:
    token = sign(claims(*(posture(f"{number}@example.com") for number in range(100))))
    assert len(read_delivery(token, sources(), TEAM, NOW).reports) == 100


def test_a_shared_secret_signs_for_its_own_source_only() -> None:
    other = ReportSource("other", frozenset({SCORE}), sources()[1].key)
    signed = sign(claims(score(), iss="siem"), OctKey.import_key(SECRET.encode()), "HS256")
    assert read_delivery(signed, (other, *sources()), TEAM, NOW).source == "siem"
