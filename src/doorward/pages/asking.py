"""The pages of access for a time as values (access.md 4.5, 4.6): a reason is asked for, approval is awaited and given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskReason:
    """Asks why, and posts it as ``reason`` with ``proof``."""

    application_name: str
    email: str
    """Who is signed in."""
    prompt: str
    """The operator's question; empty for ours."""
    action: str
    proof: str
    needs_approval: bool
    """Others decide; else a reason is enough."""
    longest: int
    """Characters."""
    reason: str = ""
    """What to fill in already."""
    note: str = ""
    """What became of an earlier request."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody asked and others have not agreed yet. The page is loaded again by itself."""

    application_name: str
    email: str
    reason: str
    missing: int
    """Approvals."""
    approval_url: str
    """Where approvers decide: to be passed on."""
    again_url: str
    """This page."""


@dataclass(frozen=True, slots=True)
class Approve:
    """An approver decides: posts ``decision`` (``approve`` or ``deny``), ``duration`` and ``proof``.

    Mail scanners fetch links; they do not press buttons, and have no ``proof``.
    """

    application_name: str
    hostname: str
    email: str
    """Who asks."""
    name: str
    reason: str
    asked_at: str
    place: str
    """Address and country from which the one who asks signed in; may be empty."""
    approver: str
    """Who is signed in and decides."""
    approved_by: tuple[str, ...]
    missing: int
    """Approvals, this one included."""
    durations: tuple[tuple[str, str, bool], ...]
    """Value, words, and whether it is chosen already."""
    action: str
    proof: str
    switch_url: str
    """Signs out, so that somebody else can sign in here."""
