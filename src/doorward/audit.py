"""Where decisions go: a line in the log at once, and the record itself to the store, by a queue that nobody waits for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Final

from structlog.typing import FilteringBoundLogger

from doorward.access.record import DecisionRecord
from doorward.errors import StoreError

CAPACITY: Final = 10_000
"""Records that may wait."""
BATCH: Final = 256
"""Records written at once."""
PATIENCE: Final = 1.0
"""Seconds between tries while writing fails."""

_LOGGED: Final = (
    "reference",
    "kind",
    "outcome",
    "refusal",
    "status",
    "method",
    "host",
    "path",
    "ip",
    "country",
    "user_email",
    "user_id",
    "application_id",
    "application_name",
    "policy_id",
    "idp_id",
    "detail",
)

Write = Callable[[Sequence[DecisionRecord]], Awaitable[None]]


class Audit:
    """A bounded queue with one writer behind it.

    A decision never waits for its record and never fails because of it: when the store cannot keep up, the oldest
    records that wait are given up, counted in ``lost`` and reported. Each was logged before.
    """

    def __init__(
        self,
        write: Write,
        log: FilteringBoundLogger,
        *,
        observe: Callable[[DecisionRecord], None] = lambda _: None,
        capacity: int = CAPACITY,
        patience: float = PATIENCE,
    ) -> None:
        """``observe`` sees each record at once, for counting."""
        self._write = write
        self._log = log
        self._observe = observe
        self._waiting: deque[DecisionRecord] = deque()
        self._capacity = capacity
        self._patience = patience
        self._arrived = asyncio.Event()
        self._closing = False
        self._writer: asyncio.Task[None] | None = None
        self._reported = 0
        self.lost = 0
        """Records given up since the start."""

    def start(self) -> None:
        """Begin writing; what was recorded before goes first. Needs the running event loop."""
        self._writer = asyncio.create_task(self._run(), name="audit")

    def record(self, record: DecisionRecord) -> None:
        """Log a decision and queue it for the store. Returns at once, always."""
        self._observe(record)
        self._log.info("decision", **{name: value for name in _LOGGED if (value := getattr(record, name))})
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(record)
        self._arrived.set()

    async def close(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109  # the caller's patience, not a cancellation
        """Write what waits, for so many seconds at most, and stop."""
        self._closing = True
        self._arrived.set()
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=timeout)
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        self.lost += len(self._waiting)
        self._waiting.clear()
        self._report_loss()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._write_batch()
            self._report_loss()

    async def _write_batch(self) -> None:
        """One batch. It counts as waiting until it is written, so the bound holds meanwhile.

        While the store is out of order the batch is tried again; one that can never be written is given up.
        """
        batch = list(islice(self._waiting, BATCH))
        try:
            await self._write(batch)
        except StoreError as error:
            self._log.error("decisions are not stored yet", reason=str(error), waiting=len(self._waiting))
            await asyncio.sleep(self._patience)
        except Exception:  # noqa: BLE001  # a record that cannot be written must not stop the ones behind it
            self._log.exception("decisions could not be stored")
            self._forget(batch)
            self.lost += len(batch)
        else:
            self._forget(batch)

    def _forget(self, batch: Sequence[DecisionRecord]) -> None:
        """Take what was written off the queue; some of it may have been pushed out while it was being written."""
        written = {id(record) for record in batch}
        pushed_out = len(batch)
        while self._waiting and id(self._waiting[0]) in written:
            self._waiting.popleft()
            pushed_out -= 1
        self.lost -= pushed_out

    def _report_loss(self) -> None:
        if self.lost > self._reported:
            self._log.error("decisions were lost: the store did not keep up", lost=self.lost - self._reported)
            self._reported = self.lost
