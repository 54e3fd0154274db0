"""The second factor at a decision: what is demanded there, held against what the session has shown (access.md 4.7)."""

from __future__ import annotations

from doorward.applications import Application
from doorward.organization import Organization
from doorward.policy.verdict import Verdict
from doorward.second_factor import Proofs, Shown, demanded, reported, show
from doorward.sessions import Session


def factor_shown(
    verdict: Verdict, application: Application, session: Session, organization: Organization, proofs: Proofs, now: int
) -> Shown:
    """The verdict about ``session`` after the second factor was looked at. Proofs of other sessions count nothing."""
    demand = demanded(verdict.policy, application, organization)
    own = proofs.only(session.nonce).proofs
    return show(verdict, demand, (*own, *reported(session.identity, session.created_at)), now)
