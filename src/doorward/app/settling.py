"""What is reported about people reaches what they have open: streams end when the access that they live by is lost.

Requests need none of this: an application whose policies ask for reports is asked about every one (``policy.continuous``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from doorward.access.snapshot import Snapshot
from doorward.access.standing import stands
from doorward.policy.learned import Learned
from doorward.policy.questions import asks_for_evaluations, asks_for_reports
from doorward.reports import Held, learned
from doorward.store import Store
from doorward.store.reports import Access

MOST_ROUNDS: Final = 10
"""Of a few hundred people each, at a time; what is left waits for the next time."""

log = structlog.get_logger(__name__)


class Settling:
    """Call :meth:`settle` often: it looks whether anything changed, by a report, by the end of one, or on another node."""

    def __init__(
        self,
        store: Store,
        snapshot: Callable[[], Snapshot],
        refresh: Callable[[], Awaitable[None]],
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._snapshot = snapshot
        self._refresh = refresh
        self._now = now
        self._entitled: tuple[tuple[str, frozenset[str]], ...] | None = None

    async def settle(self) -> None:
        """End the tokens of everybody who lost access by what was reported, or by its end."""
        snapshot, now = self._snapshot(), self._now()
        entitled = tuple((source.name, source.subjects) for source in snapshot.report_sources)
        if self._entitled is not None and entitled != self._entitled:
            await self._store.reports.look_again(now)
        self._entitled = entitled
        for _ in range(MOST_ROUNDS):
            people = await self._store.reports.due(now)
            if not people:
                return
            await self._settle(people, snapshot, now)

    async def _settle(self, people: tuple[str, ...], snapshot: Snapshot, now: int) -> None:
        looked: list[Held] = []
        ended: list[str] = []
        for person in people:
            held = await self._store.reports.about(person)
            known = learned(held, snapshot.report_sources, now)
            accesses = await self._store.reports.accesses(person, now)
            ended += [one.nonce for one in accesses if not await self._stands(one, known, snapshot)]
            looked += held
        await self._store.reports.settle(looked, ended, now)
        if ended:
            log.info("access_ended_by_report", tokens=len(ended))
            await self._refresh()

    async def _stands(self, access: Access, known: Learned, snapshot: Snapshot) -> bool:
        application = snapshot.applications.by_id(access.application_id)
        if application is None or not asks_for_reports(application.policies, snapshot.directory):
            return True  # not a matter of reports
        if asks_for_evaluations(application.policies, snapshot.directory):
            answers = await self._store.evaluations.of(access.session.nonce, since=application.not_before - 1)
            known = known.model_copy(update={"evaluations": answers})
        return stands(application, access.session.identity, known, access.policy_id, snapshot)
