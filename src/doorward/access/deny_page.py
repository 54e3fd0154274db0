"""The operator's own page for who is refused (access.md 1.3, 7.2), for the check and for the login alike. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urlsplit

from doorward.access.address import host_name
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence
from doorward.policy.verdict import Outcome, Verdict

_OPEN: Final = frozenset({Outcome.ALLOW, Outcome.BYPASS})


def deny_url(
    application: Application, verdict: Verdict, evidence: Evidence, snapshot: Snapshot, original_url: str
) -> str:
    """``custom_deny_url`` or ``custom_non_identity_deny_url`` with ``original_url`` added; empty for our own page.

    Also empty when that page lies behind the door and would not let this visitor in: two such pages that lead to each
    other would send them round for ever.

    Args:
        application: that was refused.
        verdict: of its policies.
        evidence: what they were asked about.
        snapshot: the state it was decided by.
        original_url: where the visitor wanted to go.
    """
    chosen = application.custom_deny_url if verdict.identity_decided else application.custom_non_identity_deny_url
    parts = urlsplit(chosen)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    behind = snapshot.applications.match(host_name(parts.hostname) or "", parts.path or "/")
    there = evidence.model_copy(update={"client_certificate": None})  # it counts at the host it was shown to, not there
    if behind is not None and evaluate(behind.policies, there, snapshot.directory).outcome not in _OPEN:
        return ""
    added = urlencode({"original_url": original_url})
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added).geturl()
