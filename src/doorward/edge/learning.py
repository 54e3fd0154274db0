"""What the policies of an application ask about besides the request itself, gathered for one check: no more than that."""

from __future__ import annotations

from doorward.access.linked import find_linked
from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.policy.learned import NOTHING_LEARNED, Learned
from doorward.policy.questions import asks_for_evaluations, asks_for_reports
from doorward.reports import learned
from doorward.sessions import Session
from doorward.store import Store


async def learn(
    store: Store,
    request: Request,
    application: Application | None,
    session: Session | None,
    snapshot: Snapshot,
    now: int,
) -> Learned:
    """Reports about whose session this is, what other services said at the login, and another application's token.

    Other services are not asked here: what they were not asked at the login, since the application's rules last
    changed, is left open, and leads there.
    """
    if application is None:
        return NOTHING_LEARNED
    found = NOTHING_LEARNED
    if session is not None and asks_for_reports(application.policies, snapshot.directory):
        found = learned(await store.reports.about(session.identity.email), snapshot.report_sources, now)
    if session is not None and asks_for_evaluations(application.policies, snapshot.directory):
        # A second earlier: tokens of the second in which rules change are from before, answers about the person are not.
        answers = await store.evaluations.of(session.nonce, since=application.not_before - 1)
        found = found.model_copy(update={"evaluations": answers})
    linked = find_linked(request, application, snapshot, now)
    if linked is not None:
        whose = await store.sessions.find(linked.claims.identity_nonce)
        if linked.good(whose, snapshot, now):
            found = found.model_copy(update={"linked": linked.issued_for.id})
    return found
