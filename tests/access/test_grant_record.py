from __future__ import annotations

from ipaddress import ip_address

import pytest
from tests.access.world import STAFF, application, policy
from tests.grants.build import approval, grant, granted
from tests.sessions.build import session
from tests.tokens.material import NOW

from doorward.access.grant_record import grant_evidence, of_grant, of_revoked_grant
from doorward.access.record import Visit

POLICY = policy("allow", STAFF, purpose_justification_required=True, purpose_justification_prompt="Which ticket?")
VISIT = Visit("0123456789abcdef0123", "POST", "login.example.com", "/x?secret=1", ip_address("192.0.2.7"), "NL")


@pytest.mark.parametrize(
    ("outcome", "given", "said"),
    [
        ("asked", grant(), "ann@example.com asked; the reason: the printer is on fire"),
        ("approved", grant(approvals=(approval(seconds=900),)), "{} agreed that ann@example.com enters, for 15m; the"),
        ("granted", granted(), "which was the last approval that was needed, for 1h; the reason"),
        ("refused", grant(approvals=(approval(approved=False, seconds=0),)), "{} refused ann@example.com; the reason"),
    ],
)
def test_every_step_is_told_in_a_sentence(outcome, given, said):
    app = application(POLICY)
    record = of_grant(VISIT, outcome, given, app, POLICY, session(), NOW)
    assert said.format(session().identity.email) in record.detail
    assert (record.kind, record.outcome, record.at) == ("approval", outcome, NOW)
    assert (record.user_email, record.user_id) == (session().identity.email, session().user_id)
    assert (record.application_id, record.application_name, record.policy_id) == ("app-1", app.name, "policy-1")
    assert (record.method, record.host, record.path) == ("POST", "login.example.com", "/x")
    assert (record.ip, record.country) == ("192.0.2.7", "NL")
    assert record.reference == "0123456789abcdef"


def test_what_is_gone_is_left_out():
    record = of_grant(Visit("id", "POST", "h", "/"), "asked", grant(), None, None, session(), NOW)
    assert (record.application_name, record.ip, record.country) == ("", "", "")
    assert record.evidence["purpose_justification_prompt"] == ""


def test_what_an_operator_takes_back_is_told_too():
    record = of_revoked_grant(granted(), application(POLICY), POLICY, NOW)
    assert record.detail.startswith("an operator took back what was granted to ann@example.com; the reason")
    assert (record.outcome, record.user_email, record.user_id) == ("revoked", "ann@example.com", "user-ann")
    assert record.reference == "a" * 16
    assert of_revoked_grant(granted(), None, None, NOW).application_name == ""


def test_the_evidence_has_the_hosted_log_s_names():
    assert grant_evidence(granted(), POLICY) == {
        "grant": "a" * 32,
        "purpose_justification_prompt": "Which ticket?",
        "purpose_justification_response": "the printer is on fire",
        "temporary_access_approvers": ["boss@example.com"],
        "temporary_access_duration": 3600,
    }
    assert grant_evidence(grant(), None)["temporary_access_duration"] == 0
