from __future__ import annotations

from dataclasses import replace

import pytest
from tests.reports.build import DAY, NOW, fleet, siem, sources

from doorward.policy.learned import Learned, Posture, Risk
from doorward.reports import SCORE, Held, learned, next_look

DISK = Held("ann@example.com", "disk", "passed", "fleet", NOW, NOW, NOW + DAY)
HIGH = Held("ann@example.com", SCORE, "high", "siem", NOW, NOW, NOW + DAY)


def test_what_was_reported_holds_until_its_end() -> None:
    passed = Posture(passed=True, because="fleet reported the device posture check disk: passed")
    high = Risk(level="high", because="siem reported the risk score: high")
    assert learned([DISK, HIGH], sources(), NOW + DAY - 1) == Learned(postures={"disk": passed}, risk=high)
    failed = learned([replace(DISK, value="failed")], sources(), NOW).postures["disk"]
    assert failed == Posture(passed=False, because="fleet reported the device posture check disk: failed")


def test_afterwards_it_cannot_be_told() -> None:
    over = learned([DISK, HIGH], sources(), NOW + DAY)
    assert over.postures["disk"] == Posture(
        passed=None, because="the report of fleet about the device posture check disk is over"
    )
    assert over.risk == Risk(level=None, because="the report of siem about the risk score is over")


def test_who_was_never_reported_is_unscored_and_has_no_posture() -> None:
    nobody = learned([], sources(), NOW)
    assert nobody == Learned(risk=Risk(level="unscored", because="no risk score was ever reported"))


def test_without_a_source_for_scores_there_are_none() -> None:
    assert learned([], (fleet(),), NOW).risk is None
    assert learned([HIGH], (fleet(),), NOW).risk is None


def test_what_a_source_may_not_report_any_more_cannot_be_told() -> None:
    because = "the device posture check disk was reported by fleet, which may not report it any more"
    assert learned([DISK], (siem(),), NOW).postures["disk"] == Posture(passed=None, because=because)
    other = replace(siem(), name="other")
    assert learned([replace(HIGH, value="low")], (other,), NOW).risk == Risk(
        level=None, because="the risk score was reported by siem, which may not report it any more"
    )


@pytest.mark.parametrize(
    ("looked_at", "expected"),
    [
        (NOW - 1, NOW),
        (NOW, NOW + 7),
        (NOW + 6, NOW + 7),
        (NOW + 7, NOW + DAY),
        (NOW + DAY - 1, NOW + DAY),
        (NOW + DAY, NOW + DAY + 7),
        (NOW + DAY + 7, None),
    ],
)
def test_it_is_enforced_at_once_and_at_its_end_and_each_time_once_more(looked_at: int, expected: int | None) -> None:
    assert next_look(DISK, looked_at) == expected
