"""Whether an access holds by itself, so that an open stream may go on whatever its request looked like."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.world import EVERYONE, OFFICE, STAFF, application, policy, snapshot
from tests.sessions.build import identity

from doorward.access.standing import stands
from doorward.applications import Application
from doorward.policy.learned import Evaluation, Learned, Posture, Risk, Word

DISK = {"device_posture": {"integration_uid": "disk"}}
LOW = {"user_risk_score": {"user_risk_score": ["low"]}}
ASKED = {"external_evaluation": {"evaluate_url": "https://a.test/ask", "keys_url": "https://a.test/keys"}}


def known(passed: bool | None = True, level: Any = "low", word: Word | None = None) -> Learned:
    answers = (
        {} if word is None else {("https://a.test/ask", "https://a.test/keys"): Evaluation(word=word, because="x")}
    )
    return Learned(
        postures={"disk": Posture(passed=passed, because="x")}, risk=Risk(level=level, because="x"), evaluations=answers
    )


def holds(app: Application, learned: Learned, policy_id: str | None = "allow-policy") -> bool:
    return stands(app, identity(), learned, policy_id, snapshot(app))


@pytest.mark.parametrize(
    ("learned", "expected"),
    [
        (known(), True),
        (known(passed=False), False),
        (known(passed=None), False),
        (known(level="medium"), False),
        (known(level=None), False),
        (Learned(), False),
    ],
    ids=["still good", "failed", "over", "risk", "risk over", "nothing known"],
)
def test_it_holds_while_what_is_reported_lets_in(learned: Learned, expected: bool) -> None:
    assert holds(application(policy("allow", STAFF, require=[DISK, LOW])), learned) is expected


def test_another_policy_will_not_do() -> None:
    both = application(policy("allow", STAFF, require=[LOW], id="first"), policy("allow", STAFF, id="second"))
    assert holds(both, known(), "first")
    assert not holds(both, known(), "second")
    assert holds(both, known(level="high"), "second")
    assert not holds(both, known(level="high"), "first")
    assert not holds(both, known(), None)


def test_an_access_that_depends_on_where_the_request_came_from_does_not_hold_by_itself() -> None:
    assert not holds(application(policy("allow", STAFF, require=[DISK, OFFICE])), known())
    assert not holds(application(policy("deny", OFFICE, id="deny"), policy("allow", STAFF, require=[DISK])), known())
    assert not holds(
        application(policy("allow", STAFF, require=[DISK], exclude=[{"geo": {"country_code": "NL"}}])), known()
    )


@pytest.mark.parametrize(
    "rule", [{"any_valid_service_token": {}}, {"linked_app_token": {"app_uid": "x"}}, {"certificate": {}}], ids=str
)
def test_nor_one_where_it_matters_what_the_request_showed(rule) -> None:
    assert not holds(application(policy("allow", STAFF, require=[DISK], exclude=[rule])), known())
    assert not holds(application(policy("deny", rule, id="deny"), policy("allow", STAFF, require=[DISK])), known())


def test_policies_without_a_user_do_not_stand_for_one() -> None:
    assert not holds(
        application(policy("bypass", EVERYONE), policy("allow", STAFF, require=[DISK])), known(passed=False)
    )
    assert holds(application(policy("bypass", OFFICE), policy("allow", STAFF, require=[DISK])), known())


@pytest.mark.parametrize(
    ("word", "expected"), [(Word.YES, True), (Word.NO, False), (Word.FAILED, False), (None, False)]
)
def test_what_another_service_said_counts_and_it_is_not_asked_again(word, expected: bool) -> None:
    assert holds(application(policy("allow", STAFF, require=[DISK, ASKED])), known(word=word)) is expected
