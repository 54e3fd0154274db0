"""Whom a change concerns, both ways."""

from __future__ import annotations

import pytest
from scim2_models import Group, User

from doorward.organization import Scim
from doorward.provisioning.consequences import concerned_by_group, concerned_by_user

ENDS = Scim(enabled=True)
KEEPS = Scim(enabled=True, user_deprovision=False)
REAUTH = Scim(enabled=True, user_deprovision=False, identity_update_behavior="reauth")


def user(name="alice@example.test", **more):
    return User(user_name=name, **more)


def group(*members, name="Staff"):
    return Group(display_name=name, members=[Group.Members(value=one) for one in members])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (user(), None),
        (user(active=True), user(active=False)),
        (user(), user(active=False)),
        (user(), user("other@example.test")),
        (None, user(active=False)),
        (user(active=False), None),
        (user(active=False), user(active=False)),
        (user("before@example.test", active=False), user(" alice@example.test ", active=False)),
    ],
)
def test_whoever_is_gone_or_switched_off_or_renamed_is_out(before, after):
    assert "alice@example.test" in concerned_by_user(before, after, ENDS)
    assert concerned_by_user(before, after, KEEPS) == frozenset()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, user()),
        (user(active=False), user(active=True)),
        (user(), user(active=True)),
        (user(), user(display_name="Alice")),
    ],
)
def test_whoever_had_nothing_or_stays_is_left_alone(before, after):
    assert concerned_by_user(before, after, ENDS) == frozenset()


def test_with_reauth_every_change_of_a_user_asks_for_a_login():
    assert concerned_by_user(user(), user(display_name="Alice"), REAUTH) == {"alice@example.test"}
    assert concerned_by_user(user(), user(), REAUTH) == frozenset()
    assert concerned_by_user(None, user(), REAUTH) == frozenset()


@pytest.mark.parametrize(
    ("before", "after", "whom"),
    [
        (group("a", "b"), group("b", "c"), {"a", "c"}),
        (group("a"), None, {"a"}),
        (None, group("a"), {"a"}),
        (group("a"), group("a"), set()),
        (group("a"), group("b", name="Other"), {"a", "b"}),
        (Group(display_name="Empty"), group("a", name="Empty"), {"a"}),
    ],
)
def test_with_reauth_a_group_concerns_those_whose_membership_changes(before, after, whom):
    assert concerned_by_group(before, after, REAUTH) == whom
    assert concerned_by_group(before, after, ENDS) == frozenset()
