"""Many who change something at once are served by few loads of the snapshot."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from doorward.app.state import State


class Counting(State):
    """A state whose loads only take a moment and are counted."""

    def __init__(self, store: Any) -> None:
        settings = SimpleNamespace(state_dir=Path("nowhere"), store_url="")
        anything = cast("Any", None)
        super().__init__(cast("Any", settings), store, anything, anything, anything, lambda: 0)
        self.revisions = store
        self.loads = 0

    async def _load(self) -> None:
        self.loads += 1
        seen = self.revisions.value
        await asyncio.sleep(0.01)
        self._revision = seen


class Revisions:
    def __init__(self) -> None:
        self.value = 1

    async def revision(self) -> int:
        await asyncio.sleep(0)
        return self.value


async def test_a_hundred_sign_outs_at_once_do_not_load_a_hundred_times():
    store = Revisions()
    state = Counting(store)

    async def sign_out() -> None:
        store.value += 1
        mine = store.value
        await state.refresh_if_changed()
        assert state._revision >= mine, "whoever waited is told only when it is in force"

    await asyncio.gather(*(sign_out() for _ in range(100)))
    assert 1 <= state.loads <= 3


async def test_what_has_not_changed_is_not_loaded_again():
    state = Counting(Revisions())
    await state.refresh_if_changed()
    await state.refresh_if_changed()
    assert state.loads == 1


async def test_what_changed_while_it_was_loaded_is_loaded_again():
    store = Revisions()
    state = Counting(store)
    first = asyncio.create_task(state.refresh_if_changed())
    while not state.loads:  # noqa: ASYNC110 - the other task has no event to wait for
        await asyncio.sleep(0)
    store.value += 1
    await asyncio.gather(first, state.refresh_if_changed())
    assert (state.loads, state._revision) == (2, 2)
