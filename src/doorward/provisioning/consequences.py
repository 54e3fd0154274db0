"""Whom a change in a provider's directory concerns. Pure."""

from __future__ import annotations

from typing import Any

from scim2_models import Group, User

from doorward.organization import Scim


def user_name(user: User[Any] | None) -> str:
    """Without white space around it; empty for none."""
    return str(user.user_name or "").strip() if user is not None else ""


def is_active(user: User[Any] | None) -> bool:
    """A user is active unless it is said that they are not."""
    return user is not None and user.active is not False


def concerned_by_user(before: User[Any] | None, after: User[Any] | None, scim: Scim) -> frozenset[str]:
    """User names whose sessions end when a user changes from ``before`` to ``after`` (None: is not there)."""
    ended: set[str] = set()
    name = user_name(before)
    if scim.user_deprovision:
        if not is_active(after):  # again and again, however often it is told: nobody who is off has a session
            ended |= {name, user_name(after)}
        elif user_name(after) != name:
            ended.add(name)
    if scim.identity_update_behavior == "reauth" and before is not None and _said(before) != _said(after):
        ended.add(name)
    return frozenset(ended - {""})


def concerned_by_group(before: Group | None, after: Group | None, scim: Scim) -> frozenset[str]:
    """Ids of users who have to sign in again when a group changes: whose membership is another, or its name."""
    if scim.identity_update_behavior != "reauth":
        return frozenset()
    was, now = member_ids(before), member_ids(after)
    if before is not None and after is not None and before.display_name != after.display_name:
        return was | now
    return was ^ now


def member_ids(group: Group | None) -> frozenset[str]:
    """Ids of the group's members."""
    members = (group.members or []) if group is not None else []
    return frozenset(str(member.value) for member in members if member.value)


def _said(user: User[Any] | None) -> object:
    return user.model_dump(exclude={"meta"}) if user is not None else None
