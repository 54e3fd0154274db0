"""The selectors ``certificate`` and ``common_name`` (access.md 3.5, 4.4), in and out."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.policy.build import EVERYONE, directory, group, in_group, policy

from doorward.client_certificates import CertificateFacts
from doorward.policy.continuous import changes_between_requests
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence
from doorward.policy.rules import Rule, rule_json
from doorward.policy.verdict import Outcome

RULE = TypeAdapter(Rule)
ANY = {"certificate": {}}
ROBOT = {"common_name": {"common_name": "robot-7"}}


def shown(common_name="robot-7"):
    return Evidence(client_certificate=CertificateFacts(common_name, "1f", "CN=Devices", ""))


def outcome(rule, evidence, **parts):
    return evaluate([policy("non_identity", rule, **parts)], evidence, directory()).outcome


@pytest.mark.parametrize("rule", [ANY, ROBOT])
def test_the_json_is_that_of_the_api(rule):
    assert rule_json(RULE.validate_python(rule)) == rule


@pytest.mark.parametrize(
    "rule",
    [
        {"certificate": None},
        {"certificate": {"common_name": "x"}},
        {"common_name": {}},
        {"common_name": {"common_name": ""}},
        {"common_name": {"common_name": None}},
        {"common_name": "robot-7"},
        {"common_name": {"common_name": "x", "issuer": "y"}},
    ],
)
def test_anything_else_is_refused(rule):
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


def test_any_certificate_is_enough_for_the_one():
    assert outcome(ANY, shown()) is Outcome.SERVICE_AUTH
    assert outcome(ANY, shown("")) is Outcome.SERVICE_AUTH
    assert outcome(ANY, Evidence()) is Outcome.DENY


@pytest.mark.parametrize("name", ["", "robot-77", "robot", "Robot-7", "robot-7 ", "*"])
def test_the_other_wants_that_very_name(name):
    assert outcome(ROBOT, shown()) is Outcome.SERVICE_AUTH
    assert outcome(ROBOT, shown(name)) is Outcome.DENY
    assert outcome(ROBOT, Evidence()) is Outcome.DENY


@pytest.mark.parametrize("rule", [ANY, ROBOT])
def test_they_can_be_required_and_excluded(rule):
    assert outcome(EVERYONE, shown(), require=[rule]) is Outcome.SERVICE_AUTH
    assert outcome(EVERYONE, Evidence(), require=[rule]) is Outcome.DENY
    assert outcome(EVERYONE, shown(), exclude=[rule]) is Outcome.DENY
    assert outcome(EVERYONE, Evidence(), exclude=[rule]) is Outcome.SERVICE_AUTH


def test_before_any_login_it_is_settled():
    wanted = policy("allow", require=[ANY])
    assert evaluate([wanted], Evidence(), directory()).outcome is Outcome.DENY
    assert evaluate([wanted], shown(), directory()).outcome is Outcome.LOGIN


@pytest.mark.parametrize(
    ("rule", "evidence", "because"),
    [
        (ANY, Evidence(), "no valid client certificate was shown"),
        (ANY, shown(), "a client certificate of CN=Devices was shown"),
        (ROBOT, shown("x"), "the common name is x"),
        (ROBOT, shown(""), "the client certificate has no one common name"),
    ],
)
def test_the_trace_says_what_was_seen(rule, evidence, because):
    verdict = evaluate([policy("non_identity", rule)], evidence, directory())
    assert verdict.trace[0].rules[0].because == because


@pytest.mark.parametrize("rule", [ANY, ROBOT])
def test_people_are_asked_about_again_and_programs_ask_each_time_anyway(rule):
    among = directory(group("devices", rule))
    for asking in (rule, in_group("devices")):
        assert changes_between_requests([policy("allow", asking)], among)
        assert changes_between_requests([policy("allow", require=[asking])], among)
        assert changes_between_requests([policy("deny", asking)], among)
        assert not changes_between_requests([policy("non_identity", asking), policy("bypass", asking)], among)
