"""What was reported, or said by another service, decides about each request of a person with a good token."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.world import EVERYONE, FRESH, STAFF, application, credential, policy, request, snapshot
from tests.service_tokens.build import CLIENT_ID, SECRET, token
from tests.sessions.build import session
from tests.tokens.material import NOW

from doorward.access.decide import decide
from doorward.access.decision import Allow, Decision, Deny, LoginRequired, Refusal
from doorward.access.service_auth import by_headers
from doorward.applications import Application
from doorward.policy.learned import Evaluation, Learned, Posture, Risk, Word
from doorward.service_tokens import Presented

CHECKED = application(policy("allow", STAFF, require=[{"device_posture": {"integration_uid": "disk"}}]))
RISKY = application(policy("deny", {"user_risk_score": {"user_risk_score": ["high"]}}), policy("allow", STAFF))
SERVICE = ("https://a.test/ask", "https://a.test/keys")
ASKED = application(
    policy("allow", STAFF, require=[{"external_evaluation": {"evaluate_url": SERVICE[0], "keys_url": SERVICE[1]}}])
)


def posture(passed: bool | None) -> Learned:
    return Learned(postures={"disk": Posture(passed=passed, because="fleet reported it")})


def risk(level: Any) -> Learned:
    return Learned(risk=Risk(level=level, because="siem reported it"))


def said(word: Word) -> Learned:
    return Learned(evaluations={SERVICE: Evaluation(word=word, because="a.test said so")})


def decided(app: Application, learned: Learned, **fields: Any) -> Decision:
    state = snapshot(app)
    return decide(request(**fields), app, credential(), session(), state, NOW, FRESH, learned=learned)


@pytest.mark.parametrize(
    ("app", "learned"),
    [(CHECKED, posture(passed=True)), (RISKY, risk("low")), (RISKY, risk("unscored")), (ASKED, said(Word.YES))],
)
def test_who_is_still_fine_goes_on(app: Application, learned: Learned) -> None:
    assert isinstance(decided(app, learned), Allow)


@pytest.mark.parametrize(
    ("app", "learned", "because"),
    [
        (CHECKED, posture(passed=False), "fleet reported it"),
        (CHECKED, posture(passed=None), "fleet reported it, so this counts as not matching"),
        (CHECKED, Learned(), "nobody has reported the device posture check disk, so this counts as not matching"),
        (RISKY, risk("high"), "siem reported it"),
        (RISKY, risk(None), "siem reported it, so this counts as matching"),
        (RISKY, Learned(), "nobody reports risk scores, so this counts as matching"),
        (ASKED, said(Word.NO), "a.test said so"),
        (ASKED, said(Word.FAILED), "a.test said so, so this counts as not matching"),
    ],
)
def test_who_is_not_is_refused_at_the_next_request_with_the_reason(app, learned: Learned, because: str) -> None:
    refused = decided(app, learned)
    assert isinstance(refused, Deny)
    assert (refused.refusal, refused.status) == (Refusal.POLICY, 403)
    assert refused.verdict is not None
    assert because in [rule.because for each in refused.verdict.trace for rule in each.rules]


def test_what_was_not_asked_yet_leads_to_a_login_which_asks() -> None:
    asked = decided(ASKED, Learned())
    assert isinstance(asked, LoginRequired)
    script = decided(ASKED, Learned(), requested_with="XMLHttpRequest")
    assert isinstance(script, Deny)
    assert script.refusal is Refusal.LOGIN_BY_SCRIPT


def test_what_is_learned_counts_for_nobody_without_a_session() -> None:
    everything = Learned(
        postures=posture(passed=True).postures, risk=risk("low").risk, evaluations=said(Word.YES).evaluations
    )
    for app in (CHECKED, ASKED):
        decision = decide(request(), app, None, None, snapshot(app), NOW, FRESH, learned=everything)
        assert isinstance(decision, LoginRequired)
    open_to_programs = application(policy("non_identity", {"device_posture": {"integration_uid": "disk"}}))
    decision = decide(
        request(), open_to_programs, None, None, snapshot(open_to_programs), NOW, FRESH, learned=everything
    )
    assert isinstance(decision, Deny)


def test_strict_service_tokens_are_judged_without_any_of_it() -> None:
    app = application(policy("non_identity", {"linked_app_token": {"app_uid": "caller"}}), policy("allow", EVERYONE))
    shown = by_headers(Presented(CLIENT_ID, SECRET), token(), NOW)
    decision = decide(request(), app, None, None, snapshot(app), NOW, FRESH, shown, learned=Learned(linked="caller"))
    assert isinstance(decision, Deny)
    assert decision.refusal is Refusal.SERVICE_TOKEN_NOT_PERMITTED
