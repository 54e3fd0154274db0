from __future__ import annotations

import sys

import pytest

from doorward.errors import StoreError
from doorward.store import Store
from doorward.store.pooled import Pooled


class Unreachable:
    def begin(self):
        raise ConnectionRefusedError(111, "Connection refused")


async def test_a_server_that_cannot_be_reached_is_a_store_error():
    with pytest.raises(StoreError, match=r"cannot be reached: .*refused.* Is it running"):
        await Pooled(Unreachable()).read(lambda _: None)


async def test_a_missing_driver_is_named_with_the_command_that_installs_it(cipher, monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreError, match="The driver asyncpg is not installed; run: pip install asyncpg"):
        await Store.open("postgresql://ann:hunter2@db.internal/doorward", cipher)
