from __future__ import annotations

from typing import Any

import pytest
from tests.policy.build import EVERYONE, OFFICE, directory, email, evidence, group, in_group, person, policy

from doorward.policy.evaluate import evaluate
from doorward.policy.learned import Evaluation, Learned, Word
from doorward.policy.model import Directory, Policy
from doorward.policy.questions import (
    asks_for_evaluations,
    asks_for_reports,
    linked_applications,
    open_questions,
)
from doorward.policy.verdict import Outcome

ANN = email("ann@example.com")
BOB = email("bob@example.com")
POSTURE = {"device_posture": {"integration_uid": "disk"}}
RISK = {"user_risk_score": {"user_risk_score": ["low"]}}
LINKED = {"linked_app_token": {"app_uid": "wiki"}}


def service(name: str) -> dict[str, Any]:
    return {
        "external_evaluation": {"evaluate_url": f"https://{name}.test/ask", "keys_url": f"https://{name}.test/keys"}
    }


def asked(*policies: Policy, among: Directory | None = None, identity: Any = None, **answers: Word) -> list[str]:
    """The services that wait to be asked, by name."""
    known = evidence(identity or person(), ip="198.51.100.7").model_copy(
        update={
            "learned": Learned(
                evaluations={
                    (f"https://{name}.test/ask", f"https://{name}.test/keys"): Evaluation(word=word, because="asked")
                    for name, word in answers.items()
                }
            )
        }
    )
    verdict = evaluate(policies, known, among or directory())
    questions = open_questions(verdict)
    assert bool(questions) == (verdict.outcome is Outcome.LOGIN)
    return [question.evaluate_url.removeprefix("https://").removesuffix(".test/ask") for question in questions]


def test_a_service_is_asked_when_everything_else_lets_in() -> None:
    assert asked(policy("allow", service("a"))) == ["a"]
    assert asked(policy("allow", ANN, require=[service("a")])) == ["a"]
    assert asked(policy("allow", BOB, service("a"))) == ["a"]
    assert asked(policy("allow", ANN, exclude=[service("a")])) == ["a"]
    assert asked(policy("deny", service("a")), policy("allow", ANN)) == ["a"]


def test_no_service_is_asked_where_another_rule_settles_it() -> None:
    assert asked(policy("allow", BOB, require=[service("a")])) == []
    assert asked(policy("allow", ANN, require=[OFFICE, service("a")])) == []
    assert asked(policy("allow", ANN, service("a"))) == []
    assert asked(policy("allow", service("a"), ANN)) == []
    assert asked(policy("allow", ANN), policy("allow", service("a"))) == []
    assert asked(policy("deny", ANN), policy("allow", service("a"))) == []
    assert asked(policy("deny", service("a"))) == []
    assert asked(policy("deny", service("a")), policy("allow", BOB)) == []


def test_of_a_part_that_matches_already_nothing_is_asked() -> None:
    assert asked(policy("allow", service("a"), ANN, require=[service("b")])) == ["b"]


def test_nothing_is_asked_for_policies_that_look_at_no_identity() -> None:
    assert asked(policy("bypass", service("a")), policy("non_identity", service("b")), policy("allow", ANN)) == []
    assert asked(policy("bypass", service("a")), policy("allow", ANN, require=[service("c")])) == ["c"]


def test_nobody_is_asked_about_nobody() -> None:
    verdict = evaluate([policy("deny", ANN)], evidence(), directory())
    assert open_questions(verdict) == ()


def test_each_is_asked_once_and_groups_are_followed() -> None:
    groups = directory(
        group("a", service("a"), require=[in_group("b")]), group("b", EVERYONE, exclude=[service("b"), service("a")])
    )
    assert asked(policy("allow", in_group("a"), require=[service("a")]), among=groups) == ["a", "b"]


def test_answers_lead_on_to_further_questions() -> None:
    policies = (policy("deny", service("a")), policy("allow", ANN, require=[service("b")]))
    assert asked(*policies) == ["a", "b"]
    assert asked(*policies, a=Word.YES) == []
    assert asked(*policies, a=Word.NO) == ["b"]
    assert asked(*policies, a=Word.FAILED) == []
    assert asked(*policies, a=Word.NO, b=Word.NO) == []


@pytest.mark.parametrize("rule", [POSTURE, RISK], ids=str)
def test_reports_are_gathered_only_where_a_rule_asks_for_them(rule) -> None:
    hidden = directory(group("a", in_group("b")), group("b", rule))
    assert asks_for_reports([policy("allow", require=[rule])], directory())
    assert asks_for_reports([policy("allow", in_group("a"))], hidden)
    assert not asks_for_reports([policy("allow", ANN, LINKED, service("a"))], hidden)
    assert not asks_for_reports([], hidden)


def test_answers_are_gathered_only_where_a_rule_asks_for_them() -> None:
    assert asks_for_evaluations([policy("allow", exclude=[service("a")])], directory())
    assert asks_for_evaluations([policy("allow", in_group("a"))], directory(group("a", service("a"))))
    assert not asks_for_evaluations([policy("allow", ANN, POSTURE)], directory(group("a", service("a"))))


def test_the_applications_whose_tokens_are_taken_are_known() -> None:
    notes = {"linked_app_token": {"app_uid": "notes"}}
    groups = directory(group("a", notes))
    assert linked_applications([policy("non_identity", LINKED, in_group("a"))], groups) == {"wiki", "notes"}
    assert linked_applications([policy("allow", ANN)], groups) == frozenset()
