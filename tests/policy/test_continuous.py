from __future__ import annotations

from typing import Any

import pytest
from tests.policy.build import ANSWERLESS, EVERYONE, OFFICE, directory, email, group, in_group, policy

from doorward.policy.continuous import changes_between_requests, looks_at_what_is_shown
from doorward.policy.model import Directory

GEO = {"geo": {"country_code": "FR"}}
PLACES = {"ip_list": {"id": "gone"}}


@pytest.mark.parametrize("rule", [OFFICE, GEO, PLACES], ids=str)
def test_address_and_country_change_between_requests_wherever_they_stand(rule) -> None:
    for each in (policy("allow", rule), policy("allow", exclude=[rule]), policy("deny", require=[rule])):
        assert changes_between_requests([policy("allow"), each], Directory())


@pytest.mark.parametrize("rule", [{"any_valid_service_token": {}}, {"service_token": {"token_id": "7"}}], ids=str)
def test_a_service_token_changes_between_requests_where_people_are_meant(rule) -> None:
    for decision in ("allow", "deny"):
        for each in (policy(decision, rule), policy(decision, exclude=[rule]), policy(decision, require=[rule])):
            assert changes_between_requests([policy("allow"), each], Directory())
        hidden = directory(group("a", in_group("b")), group("b", rule))
        assert changes_between_requests([policy(decision, in_group("a"))], hidden)
    for decision in ("non_identity", "bypass"):
        assert not changes_between_requests([policy(decision, rule), policy("allow")], Directory())


REPORTED = [{"device_posture": {"integration_uid": "x"}}, {"user_risk_score": {"user_risk_score": ["low"]}}]
LINKED: dict[str, Any] = {"linked_app_token": {"app_uid": "x"}}
ASKED: dict[str, Any] = {"external_evaluation": {"evaluate_url": "https://a.test/ask", "keys_url": "https://a.test/k"}}


@pytest.mark.parametrize("rule", [*REPORTED, LINKED], ids=str)
def test_what_is_reported_or_linked_changes_between_requests_where_people_are_meant(rule) -> None:
    for decision in ("allow", "deny"):
        for each in (policy(decision, rule), policy(decision, exclude=[rule]), policy(decision, require=[rule])):
            assert changes_between_requests([policy("allow"), each], Directory())
        assert changes_between_requests([policy(decision, in_group("a"))], directory(group("a", rule)))
    for decision in ("non_identity", "bypass"):
        assert not changes_between_requests([policy(decision, rule), policy("allow")], Directory())


def test_what_another_service_said_at_the_login_does_not_change() -> None:
    assert not changes_between_requests([policy("allow", ASKED, exclude=[ASKED], require=[ASKED])], Directory())


@pytest.mark.parametrize("rule", [EVERYONE, email("a@b.c"), ANSWERLESS, in_group("gone")], ids=str)
def test_what_a_login_settles_does_not_change(rule) -> None:
    assert not changes_between_requests([policy("allow", rule, exclude=[rule], require=[rule])], Directory())


def test_it_is_known_where_it_matters_what_a_request_shows() -> None:
    shown = [{"any_valid_service_token": {}}, {"service_token": {"token_id": "7"}}, {"certificate": {}}, LINKED]
    for rule in shown:
        assert looks_at_what_is_shown([policy("allow", exclude=[rule])], Directory())
        assert looks_at_what_is_shown([policy("deny", in_group("a"))], directory(group("a", rule)))
    for rule in (EVERYONE, OFFICE, GEO, *REPORTED, ASKED):
        assert not looks_at_what_is_shown([policy("allow", rule)], Directory())


def test_no_policies_do_not_change() -> None:
    assert not changes_between_requests([], Directory())


def test_groups_are_followed_at_any_depth_and_round_circles() -> None:
    allow = [policy("allow", in_group("a"))]
    assert changes_between_requests(allow, directory(group("a", EVERYONE, require=[in_group("b")]), group("b", GEO)))
    circle = (group("a", in_group("b")), group("b", in_group("a")))
    assert not changes_between_requests(allow, directory(*circle, group("other", OFFICE)))
    assert changes_between_requests(allow, directory(circle[0], group("b", in_group("a"), exclude=[OFFICE])))
