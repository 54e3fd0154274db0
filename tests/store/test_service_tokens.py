"""Service tokens: found by client id, changed in one transaction, and what they earned ends with them."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import closing
from datetime import timedelta
from sqlite3 import connect

import pytest
from tests.service_tokens.build import CLIENT_ID, NEW_SECRET, SECRET, token
from tests.tokens.material import NOW

from doorward.access.revocation import Revocation, Scope, service_token_target
from doorward.errors import ConfigurationError
from doorward.service_tokens import Authenticated, Declared, secret_hash
from doorward.store import Store

WIKI = "app-wiki"
NEW = secret_hash(NEW_SECRET)
OTHER_ID = "1" * 32 + ".access"


async def made(store, name="ci", **changes):
    created = await store.service_tokens.create(token(name, **changes))
    assert created is not None
    return created


async def earn(store, nonce, by, version=1):
    return await store.service_tokens.record(nonce, WIKI, Authenticated(by, version), NOW, NOW + 600)


async def test_a_token_is_found_by_its_client_id_its_id_and_its_name(store):
    created = await made(store, expires_at=None, duration=None)
    assert await store.service_tokens.find(CLIENT_ID) == created
    assert await store.service_tokens.named("ci") == created
    assert await store.service_tokens.named(created.id) == created
    assert await store.service_tokens.all() == (created,)
    for stranger in (OTHER_ID, "", "ci", CLIENT_ID.upper(), "' OR 1=1 --"):
        assert await store.service_tokens.find(stranger) is None
    assert await store.service_tokens.named("cd") is None


async def test_the_id_is_the_one_that_the_name_has_in_policies(store):
    known = (await store.objects.identify("service_token", ["ci"]))["ci"]
    created = await made(store)
    assert created.id == known.id
    other = await made(store, "later", client_id=OTHER_ID)
    assert (await store.objects.identify("service_token", ["later"]))["later"].id == other.id


async def test_an_id_from_the_file_is_kept(store):
    created = await store.service_tokens.create(token(), keep_id=True)
    assert created is not None
    assert created.id == token().id


async def test_names_and_client_ids_are_given_once(store):
    await made(store)
    assert await store.service_tokens.create(token(client_id=OTHER_ID)) is None
    assert await store.service_tokens.create(token("other")) is None
    both = [store.service_tokens.create(token("twin", client_id=each * 32 + ".access")) for each in "23"]
    assert [each is None for each in await asyncio.gather(*both)].count(True) == 1


async def test_the_secret_is_not_in_the_file(url, file, cipher):
    store = await Store.open(url, cipher)
    await made(store)
    await store.close()
    content = b"".join(each.read_bytes() for each in file.parent.iterdir())
    assert SECRET.encode() not in content
    assert secret_hash(SECRET).encode() in content


async def deleted(store, created, now=NOW):
    """How many app tokens ended by it."""
    target = service_token_target(created)
    return await store.revocations.revoke(Revocation(str(uuid.uuid4()), Scope.SERVICE_TOKEN, target, now))


async def test_every_change_makes_a_new_revision_and_a_look_does_not(store):
    created = await made(store)
    seen = {await store.revision()}
    await store.service_tokens.change(created.id, lambda each: each.switched(enabled=False, now=NOW), NOW)
    seen.add(await store.revision())
    await deleted(store, created)
    seen.add(await store.revision())
    await store.service_tokens.declare([], NOW)
    await store.service_tokens.find(CLIENT_ID)
    assert len(seen | {await store.revision()}) == 3


async def test_a_change_is_what_the_function_says(store):
    created = await made(store)
    changed = await store.service_tokens.change(created.id, lambda each: each.rotated(NEW, NOW + 60, NOW), NOW)
    assert changed is not None
    assert changed.token == created.rotated(NEW, NOW + 60, NOW) == await store.service_tokens.find(CLIENT_ID)
    assert changed.ended == 0
    assert await store.service_tokens.change("nobody", lambda each: each, NOW) is None


async def test_rotations_at_once_are_both_counted(store):
    created = await made(store)
    changes = [
        store.service_tokens.change(created.id, lambda each, n=n: each.rotated(secret_hash(f"{n}"), None, NOW), NOW)
        for n in range(4)
    ]
    await asyncio.gather(*changes)
    found = await store.service_tokens.find(CLIENT_ID)
    assert found.client_secret_version == 5


async def test_an_app_token_is_recorded_and_leads_back_to_what_earned_it(store):
    created = await made(store)
    before = await store.revision()
    assert await earn(store, "n1", created)
    assert await store.service_tokens.earned("n1") == Authenticated(created, 1)
    assert await store.service_tokens.earned("n2") is None
    assert await store.app_tokens.revoked(NOW) == {}
    assert await store.revision() == before, "an app token must not rebuild the snapshot"


async def test_a_users_app_token_was_not_earned_by_a_service_token(store):
    await store.app_tokens.record("of nobody", "", WIKI, NOW, NOW + 600)
    assert await store.service_tokens.earned("of nobody") is None


@pytest.mark.parametrize("end", ["disabled", "rotated", "deleted", "expired"])
async def test_no_app_token_is_recorded_for_what_ended_meanwhile(store, end):
    created = await made(store)
    match end:
        case "disabled":
            await store.service_tokens.change(created.id, lambda each: each.switched(enabled=False, now=NOW), NOW)
        case "rotated":
            await store.service_tokens.change(created.id, lambda each: each.rotated(NEW, None, NOW), NOW)
        case "deleted":
            await deleted(store, created)
        case _:
            await store.service_tokens.change(created.id, lambda each: token(expires_at=NOW, id=created.id), NOW)
    assert not await earn(store, "late", created)
    assert await store.service_tokens.earned("late") is None


async def test_disabling_ends_what_was_earned_and_enabling_does_not_bring_it_back(store):
    created = await made(store)
    other = await made(store, "other", client_id=OTHER_ID)
    assert await earn(store, "n1", created)
    assert await earn(store, "n2", created)
    assert await earn(store, "theirs", other)
    off = await store.service_tokens.change(created.id, lambda each: each.switched(enabled=False, now=NOW), NOW)
    assert off.ended == 2
    assert await store.app_tokens.revoked(NOW) == {WIKI: frozenset({"n1", "n2"})}
    on = await store.service_tokens.change(created.id, lambda each: each.switched(enabled=True, now=NOW), NOW)
    assert on.ended == 0
    assert await store.service_tokens.earned("n1") is None
    assert await store.service_tokens.earned("theirs") is not None


async def test_a_rotation_ends_what_the_old_secret_earned_unless_it_overlaps(store):
    created = await made(store)
    assert await earn(store, "old", created)
    kept = await store.service_tokens.change(created.id, lambda each: each.rotated(NEW, NOW + 60, NOW), NOW)
    assert kept.ended == 0
    assert await earn(store, "new", kept.token, version=2)
    assert await store.service_tokens.earned("old") == Authenticated(kept.token, 1)
    cut = await store.service_tokens.change(created.id, lambda each: each.rotated(secret_hash("x"), None, NOW), NOW)
    assert cut.ended == 2
    assert await store.app_tokens.revoked(NOW) == {WIKI: frozenset({"old", "new"})}


async def test_deleting_ends_all_and_frees_the_name_for_another_token(store):
    created = await made(store)
    assert await earn(store, "n1", created)
    assert await deleted(store, created) == 1
    assert await deleted(store, created) == 0
    assert await store.service_tokens.find(CLIENT_ID) is None
    assert await store.app_tokens.revoked(NOW) == {WIKI: frozenset({"n1"})}
    again = await made(store)
    assert again.id != created.id, "rules that name the old id must not mean the new token"


async def test_what_has_expired_by_itself_is_not_counted(store):
    created = await made(store)
    assert await earn(store, "n1", created)
    assert await deleted(store, created, NOW + 600) == 0


async def test_pruning_takes_spent_app_tokens_of_service_tokens_too(store):
    created = await made(store)
    assert await earn(store, "n1", created)
    await store.prune(NOW + 599)
    assert await store.service_tokens.earned("n1") is not None
    await store.prune(NOW + 700)
    assert await store.service_tokens.earned("n1") is None


def declared(token_id: str, **changes) -> Declared:
    values = {"name": "ci", "duration": timedelta(hours=8760), "enabled": None, "client_id": CLIENT_ID,
              "secret_hash": secret_hash(SECRET)}  # fmt: skip
    return Declared(token_id, **(values | changes))


async def test_what_the_file_declares_is_there_and_goes_with_it(store):
    await store.service_tokens.declare([declared("id-1")], NOW)
    found = await store.service_tokens.find(CLIENT_ID)
    assert (found.id, found.declared) == ("id-1", True)
    assert await earn(store, "n1", found)
    before = await store.revision()
    await store.service_tokens.declare([declared("id-1")], NOW + 30)
    assert await store.revision() == before, "the same file again changes nothing"
    await store.service_tokens.declare([], NOW + 60)
    assert await store.service_tokens.all() == ()
    assert await store.app_tokens.revoked(NOW + 60) == {WIKI: frozenset({"n1"})}


async def test_another_secret_in_the_file_ends_what_the_old_one_earned(store):
    await store.service_tokens.declare([declared("id-1")], NOW)
    assert await earn(store, "n1", await store.service_tokens.find(CLIENT_ID))
    await store.service_tokens.declare([declared("id-1", secret_hash=NEW)], NOW + 1)
    assert await store.app_tokens.revoked(NOW + 1) == {WIKI: frozenset({"n1"})}


async def test_a_clash_with_a_token_of_a_command_is_told_and_changes_nothing(store):
    created = await made(store)
    with pytest.raises(ConfigurationError, match="have the same name"):
        await store.service_tokens.declare([declared("another", client_id=OTHER_ID)], NOW)
    assert await store.service_tokens.all() == (created,)


async def test_lookups_of_each_request_use_an_index(url, file, cipher):
    store = await Store.open(url, cipher)
    await store.close()
    with closing(connect(file)) as connection:
        for where in ("client_id = 'x'", "id = 'x'"):
            plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM service_tokens WHERE {where}").fetchall()
            assert all("SEARCH" in row[3] for row in plan), plan
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM app_tokens WHERE service_token_id = 'x' AND revoked_at IS NULL"
        ).fetchall()
        assert all("SEARCH" in row[3] for row in plan), plan
