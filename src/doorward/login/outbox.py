"""Mail that goes out while the answer is already on its way: whether one was sent does not show in the time it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import Counter

MOST: Final = 256
"""Mails under way at once; more are dropped, because a mail server that hangs must not fill the memory."""
PATIENCE: Final = 5.0
"""Seconds that mails under way get when the process ends."""

HEAD_START: Final = 0.05
"""Seconds an answer is ahead of its mail, so that writing the mail does not show in the time the answer takes."""

MAILS: Final = Counter("doorward_pin_mails", "One-time PIN mails by what became of them", ["outcome"], registry=None)
"""The process adds it to its own registry."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MailKind:
    """Where a kind of mail is counted, and the log's words for what can go wrong."""

    counter: Counter
    dropped: str
    failed: str


PIN_MAIL: Final = MailKind(MAILS, "pin_mail_dropped", "pin_mail_failed")


class Outbox:
    """Runs deliveries in the background. A failure is logged and counted; the visitor's page is the same either way."""

    def __init__(self) -> None:
        self._deliveries: set[asyncio.Task[None]] = set()

    def post(
        self,
        delivery: Coroutine[Any, Any, None],
        request_id: str,
        kind: MailKind = PIN_MAIL,
    ) -> None:
        """Take a delivery and return at once."""
        if len(self._deliveries) >= MOST:
            delivery.close()
            kind.counter.labels("dropped").inc()
            log.error(kind.dropped, request_id=request_id, waiting=len(self._deliveries))
            return
        task = asyncio.create_task(_deliver(delivery, request_id, kind))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def close(self) -> None:
        """Wait a moment for what is under way, then give it up."""
        if not self._deliveries:
            return
        _, late = await asyncio.wait(tuple(self._deliveries), timeout=PATIENCE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _deliver(delivery: Coroutine[Any, Any, None], request_id: str, kind: MailKind) -> None:
    try:
        await asyncio.sleep(HEAD_START)
        await delivery
    except Exception:
        kind.counter.labels("failed").inc()
        log.exception(kind.failed, request_id=request_id)
    else:
        kind.counter.labels("sent").inc()
