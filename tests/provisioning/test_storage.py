"""The storage keeps the rules of scim2-server, and each provider has a directory of its own."""

from __future__ import annotations

import pytest
from scim2_models import Group, NotFoundException, SearchRequest, User
from scim2_server.testing import AsyncScimStorageContract
from scim2_server.utils import load_default_provider
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from tests.provisioning.conftest import NOW, nothing, storage_of

from doorward.provisioning.application import described
from doorward.provisioning.storage import DirectoryStorage
from doorward.store.directory import Directory
from doorward.store.schema import metadata


class Plain:
    """A database without threads: the suite runs each call in an event loop of its own."""

    def __init__(self):
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(self.engine)

    async def read(self, operation):
        with self.engine.begin() as connection:
            return operation(connection)

    write = read


class TestTheContract(AsyncScimStorageContract):
    """scim2-server's own suite."""

    @pytest.fixture
    def async_storage(self):
        database = Plain()
        yield DirectoryStorage(Directory(database), "idp-1", load_default_provider(), lambda: NOW, nothing)
        database.engine.dispose()


def kinds():
    return {str(kind.name): kind for kind in described().resource_types}


async def test_another_providers_directory_cannot_be_seen_or_changed(store):
    user = kinds()["User"]
    made = await storage_of(store, "idp-1").create(user, User(user_name="alice@example.test"))
    other = storage_of(store, "idp-2")
    for attempt in (other.get(user, made.id), other.update(user, made), other.delete(user, made.id)):
        with pytest.raises(NotFoundException):
            await attempt
    assert (await other.search([user], SearchRequest())).total == 0
    assert (await other.create(user, User(user_name="alice@example.test"))).id != made.id


async def test_looking_a_user_up_by_name_does_not_depend_on_case(store):
    user = kinds()["User"]
    storage = storage_of(store)
    made = await storage.create(user, User(user_name="Alice@Example.test"))
    await storage.create(user, User(user_name="bob@example.test"))
    for query in ('userName eq "ALICE@example.TEST"', 'userName sw "alice"', 'username EQ "alice@example.test"'):
        found = await storage.search([user], SearchRequest[User](filter=query))
        assert [one.id for one in found.resources] == [made.id]
    assert (await storage.search([user], SearchRequest[User](filter='userName eq "carol@example.test"'))).total == 0


async def test_a_group_keeps_its_members(store):
    group = kinds()["Group"]
    storage = storage_of(store)
    made = await storage.create(group, Group(display_name="Staff", members=[Group.Members(value="u1")]))
    again = await storage.get(group, made.id)
    assert [member.value for member in again.members] == ["u1"]


async def test_whoever_is_switched_off_or_deleted_stays_so_until_created_again(store):
    user, storage, name = kinds()["User"], storage_of(store), "alice@example.test"

    async def off():
        return await store.directory.switched_off("idp-1", name)

    made = await storage.create(user, User(user_name=" Alice@example.test ", active=False))
    assert await off()
    made.active = True
    made = await storage.update(user, made)
    assert not await off()
    await storage.delete(user, made.id)
    assert await off()
    assert not await store.directory.switched_off("idp-2", name)
    assert (await storage.search([user], SearchRequest())).total == 0
    again = await storage.create(user, User(user_name=name))
    assert not await off()
    await storage.delete(user, again.id)
    await storage.delete(user, (await storage.create(user, User(user_name=name))).id)
    assert await off()
