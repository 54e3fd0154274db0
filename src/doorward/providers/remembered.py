"""A fetched value that is kept: one fetch at a time, not too often, and the old value while a new one cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from doorward.providers.failure import Failure

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    fresh: int
    """A value younger than this is used without asking again."""
    after_failure: int
    """How long a failed fetch is answered from memory (a provider that is down is not hammered)."""
    between: int
    """Two fetches that somebody asked for with :meth:`Remembered.renew` are at least this far apart."""


class Remembered(Generic[T]):
    """One remote document. All callers of one moment share one fetch."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], pace: Pace) -> None:
        self._fetch = fetch
        self._pace = pace
        self._value: T | None = None
        self._failure: Failure | None = None
        self._fetched_at = 0
        self._failed_at = 0
        self._flight: asyncio.Task[T] | None = None

    async def get(self, now: int) -> T:
        """The value; fetched when there is none or it is old. An old one is better than none.

        Raises:
            Failure: there is no value and it cannot be fetched (or could not, a moment ago).
        """
        if self._value is not None and _within(now, self._fetched_at, self._pace.fresh):
            return self._value
        if self._failure is not None and _within(now, self._failed_at, self._pace.after_failure):
            return self._old_or(self._failure)
        try:
            return await self._once(now)
        except Failure as failure:
            return self._old_or(failure)

    async def renew(self, now: int, than: T) -> T | None:
        """A value other than ``than``, which did not serve; None if there is no newer one and it is too early to ask.

        Raises:
            Failure: it was fetched and that failed. The old value stays.
        """
        if self._value is not None and self._value is not than:
            return self._value
        if self._flight is None and _within(now, max(self._fetched_at, self._failed_at), self._pace.between):
            return None
        return await self._once(now)

    def _old_or(self, failure: Failure) -> T:
        if self._value is None:
            raise Failure(failure.reason, failure.detail, failure.said) from failure
        return self._value

    async def _once(self, now: int) -> T:
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly(now))
            self._flight.add_done_callback(_retrieved)
        return await asyncio.shield(self._flight)  # one visitor who goes away does not end the fetch of the others

    async def _fly(self, now: int) -> T:
        try:
            self._value = await self._fetch()
        except Failure as failure:
            self._failure, self._failed_at = failure, now
            raise
        finally:
            self._flight = None
        self._failure, self._fetched_at = None, now
        return self._value

    async def close(self) -> None:
        """Ends a fetch under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])


def _retrieved(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()  # asyncio would complain about a failure that every waiter had left


def _within(now: int, then: int, seconds: int) -> bool:
    return 0 <= now - then < seconds  # a clock set back must not freeze the value
