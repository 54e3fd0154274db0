from __future__ import annotations

import shutil

import pytest
from cryptography.fernet import Fernet
from tests.login.world import HTTPS, TEAM, Browser, World, person
from tests.tokens.material import ACCOUNT

from doorward.organization import Organization
from doorward.store import Cipher, Store

SECRET = Fernet.generate_key().decode()


@pytest.fixture
def public(request):
    """Https, as in earnest; ``parametrize("public", BOTH, indirect=True)`` for what differs on plain http."""
    return getattr(request, "param", HTTPS)


@pytest.fixture(scope="session")
def fresh_store(tmp_path_factory):
    """Where a store was made once, to be copied: migrations take longer than most of these tests."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
async def store(fresh_store, tmp_path):
    if not any(fresh_store.iterdir()):
        await (await Store.open(f"sqlite:///{fresh_store}/doorward.db", Cipher([SECRET], "the test"))).close()
    shutil.copytree(fresh_store, tmp_path / "store")
    store = await Store.open(f"sqlite:///{tmp_path}/store/doorward.db", Cipher([SECRET], "the test"))
    yield store
    await store.close()


@pytest.fixture
async def world(public, store):
    values = {"id": ACCOUNT, "name": "Example", "auth_domain": TEAM, "session_duration": "24h", "public": public}
    world = World(store, Organization.model_validate(values))
    world.providers.people["ada"] = person()
    yield world
    await world.application.close()


@pytest.fixture
async def mailbox(world):
    server = await world.open_mail()
    yield world.mailbox
    server.close()
    await server.wait_closed()


@pytest.fixture
def browser(world):
    return Browser(world)
