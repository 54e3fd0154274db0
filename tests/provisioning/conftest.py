"""A store and a storage over it."""

from __future__ import annotations

import pytest

from doorward.provisioning.application import described
from doorward.provisioning.storage import DirectoryStorage
from doorward.store import Cipher, Store

NOW = 1_800_000_000


async def nothing(_before, _after):
    """No consequences."""


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open(f"sqlite:///{tmp_path / 'doorward.db'}", Cipher.load(tmp_path / "key", {}))
    yield opened
    await opened.close()


def storage_of(store, idp_id="idp-1"):
    return DirectoryStorage(store.directory, idp_id, described(), lambda: NOW, nothing)
