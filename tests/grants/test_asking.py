from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.grants.build import APP, HOUR, NOW, SESSION, policy

from doorward.grants import LONGEST_REASON, SHORTEST_REASON, WAITING, State, ask, read_reason

REASONED = {"approval_required": False, "approval_groups": ()}


def asked(**fields):
    return ask(
        grant_id="b" * 32, session_nonce=SESSION, user_id="user-ann", email="Ann@Example.com", application_id=APP,
        policy=policy(**fields), reason="why", seconds=8 * HOUR, now=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("why", "why"),
        ("  two\r\n lines\tand tabs ", "two lines and tabs"),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("abc\u202edef\u2066ghi", "abc def ghi"),
        ("grün 火", "grün 火"),
        ("x" * LONGEST_REASON, "x" * LONGEST_REASON),
    ],
)
def test_a_reason_is_read_as_one_line(typed, read):
    assert read_reason(typed) == read


@pytest.mark.parametrize("typed", ["", "   ", "no", "\x00\x00\x00\x00", "x" * (LONGEST_REASON + 1)])
def test_a_reason_too_short_or_too_long_is_none(typed):
    assert read_reason(typed) is None


@given(st.text())
def test_whatever_is_read_can_be_shown(typed):
    found = read_reason(typed)
    assert found is None or (found.isprintable() and SHORTEST_REASON <= len(found) <= LONGEST_REASON)


def test_a_request_for_approval_waits():
    grant = asked()
    assert grant.state(NOW) is State.PENDING
    assert grant.needs_approval
    assert grant.lapses_at == NOW + WAITING
    assert grant.email == "ann@example.com"
    assert (grant.granted_at, grant.ends_at) == (None, None)


def test_where_a_reason_is_enough_it_is_in_force_for_the_application_s_session():
    grant = asked(**REASONED)
    assert grant.state(NOW) is State.IN_FORCE
    assert not grant.needs_approval
    assert grant.ends_at == NOW + 8 * HOUR
