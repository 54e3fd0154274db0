from __future__ import annotations

import asyncio
import re
import uuid

from tests.store.values import NOW

from doorward.store import Store


async def test_a_name_keeps_its_id_and_audience_for_good(store):
    first = await store.objects.identify("application", ["Wiki", "Chat"])
    again = await store.objects.identify("application", ["Chat", "New", "Wiki"])
    assert again["Wiki"] == first["Wiki"]
    assert again["Chat"] == first["Chat"]
    assert uuid.UUID(first["Wiki"].id).version == 4
    assert re.fullmatch(r"[0-9a-f]{64}", first["Wiki"].aud)
    assert len({found.id for found in again.values()}) == len({found.aud for found in again.values()}) == 3


async def test_kinds_are_separate_and_only_applications_have_an_audience(store):
    application = (await store.objects.identify("application", ["Staff"]))["Staff"]
    group = (await store.objects.identify("group", ["Staff"]))["Staff"]
    assert group.id != application.id
    assert group.aud is None


async def test_a_name_said_twice_is_one_object(store):
    assert len(await store.objects.identify("group", ["Staff", "Staff"])) == 1
    assert await store.objects.identify("group", []) == {}


async def test_only_a_new_name_moves_the_revision(store):
    before = await store.revision()
    await store.objects.identify("group", ["Staff"])
    created = await store.revision()
    await store.objects.identify("group", ["Staff"])
    assert before < created == await store.revision()


async def test_two_processes_give_one_name_one_id(url, cipher):
    stores = [await Store.open(url, cipher) for _ in range(2)]
    names = [f"app {number}" for number in range(50)]
    one, two = await asyncio.gather(*(opened.objects.identify("application", names) for opened in stores))
    assert one == two
    for opened in stores:
        await opened.close()


async def test_rules_that_never_changed_have_no_mark(store):
    assert await store.objects.not_before("wiki", "fingerprint", NOW) == 0
    before = await store.revision()
    assert await store.objects.not_before("wiki", "fingerprint", NOW + 50) == 0
    assert await store.revision() == before


async def test_changed_rules_are_marked_with_the_time_they_were_seen(store):
    await store.objects.not_before("wiki", "old", NOW)
    before = await store.revision()
    assert await store.objects.not_before("wiki", "new", NOW + 50) == NOW + 50
    assert await store.objects.not_before("wiki", "new", NOW + 99) == NOW + 50
    assert await store.revision() > before
    assert await store.objects.not_before("chat", "old", NOW + 99) == 0


async def test_going_back_to_older_rules_is_a_change_too(store):
    await store.objects.not_before("wiki", "old", NOW)
    await store.objects.not_before("wiki", "new", NOW + 50)
    assert await store.objects.not_before("wiki", "old", NOW + 70) == NOW + 70


async def test_a_clock_set_back_does_not_move_the_mark_back(store):
    await store.objects.not_before("wiki", "old", NOW)
    await store.objects.not_before("wiki", "new", NOW + 50)
    assert await store.objects.not_before("wiki", "newer", NOW - 1000) == NOW + 50


async def test_revoking_an_applications_tokens_moves_its_mark_and_keeps_its_fingerprint(store):
    await store.objects.not_before("wiki", "same", NOW)
    before = await store.revision()
    await store.objects.revoke_tokens("wiki", NOW + 50)
    assert await store.objects.not_before("wiki", "same", NOW + 99) == NOW + 50
    assert await store.revision() > before


async def test_the_account_id_is_made_once(url, cipher):
    stores = [await Store.open(url, cipher) for _ in range(2)]
    one, two = await asyncio.gather(*(opened.organization.account_id() for opened in stores))
    assert one == two
    assert re.fullmatch(r"[0-9a-f]{32}", one)
    for opened in stores:
        await opened.close()


async def test_looking_at_what_has_an_id_gives_nothing_one(store):
    made = await store.objects.identify("group", ["Staff"])
    revision = await store.revision()
    assert await store.objects.known("group") == made
    assert await store.objects.known("application") == {}
    assert await store.revision() == revision
