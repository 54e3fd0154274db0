from __future__ import annotations

from doorward.supervisor.backoff import HEALTHY, Backoff


def test_failures_in_a_row_wait_longer_and_longer_up_to_five_seconds():
    backoff, pauses = Backoff(), []
    for _failure in range(7):
        backoff = backoff.after(lived=0.1)
        pauses.append(backoff.pause)
        backoff = backoff.next()
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_child_that_lived_half_a_minute_starts_over_with_the_short_pause():
    tired = Backoff(pause=5.0)
    assert tired.after(lived=HEALTHY).pause == 0.2
    assert tired.after(lived=HEALTHY - 0.001).pause == 5.0
