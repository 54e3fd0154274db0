from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from tests.store.values import NOW

from doorward.policy.mfa import Authenticator
from doorward.second_factor import MOST_FACTORS, Factor, Proof
from doorward.store import Cipher, Store
from doorward.store.factors import Enrollment

TOTP, KEY = Authenticator.TOTP, Authenticator.SECURITY_KEY
APP = Factor("app-1", "user-1", TOTP, NOW, "JBSWY3DPEHPK3PXP", last_used_at=NOW, last_step=100)
STICK = Factor("key-1", "user-1", KEY, NOW + 1, "00ff", credential_id="credential-1", sign_count=3)


def yes(*_):
    return True


async def keep(store, factor, session="session-1", codes=(), permitted=yes):
    return await store.factors.enroll(factor, session, codes, permitted)


async def test_what_was_set_up_comes_back_and_counts_as_shown(store):
    assert await keep(store, APP, codes=("h1", "h2")) is Enrollment.WITH_CODES
    assert await keep(store, STICK, codes=("h3",)) is Enrollment.KEPT
    assert await store.factors.of("user-1") == (APP, STICK)
    assert await store.factors.of("user-2") == ()
    shown = await store.factors.shown_by("session-1")
    assert sorted(shown.proofs, key=str) == [Proof(KEY, NOW + 1, "key-1"), Proof(TOTP, NOW, "app-1")]
    assert shown.recovered_at is None
    assert (await store.factors.shown_by("session-2")).proofs == ()
    assert await store.factors.codes_left("user-1") == 2


async def test_a_new_app_takes_the_place_of_the_old_one_and_of_what_was_shown_by_it(store):
    await keep(store, APP)
    await keep(store, STICK)
    await keep(store, replace(APP, id="app-2", created_at=NOW + 2), "session-2")
    assert [one.id for one in await store.factors.of("user-1")] == ["key-1", "app-2"]
    assert [one.factor_id for one in (await store.factors.shown_by("session-1")).proofs] == ["key-1"]


async def test_permission_is_asked_with_what_is_there_in_that_moment(store):
    await keep(store, APP)
    seen = []

    def no(factors, proofs):
        seen.append((factors, proofs.proofs))
        return False

    assert await keep(store, STICK, permitted=no) is Enrollment.REFUSED
    assert seen == [((APP,), (Proof(TOTP, NOW, "app-1"),))]
    assert await store.factors.of("user-1") == (APP,)


async def test_g7_110_of_two_first_ones_at_once_one_is_kept(store):
    others = [replace(STICK, id=f"key-{number}", credential_id=f"c-{number}") for number in range(10)]
    became = await asyncio.gather(*(keep(store, one, permitted=lambda mine, _: not mine) for one in others))
    assert became.count(Enrollment.REFUSED) == 9
    assert len(await store.factors.of("user-1")) == 1


async def test_there_is_a_most(store):
    for number in range(MOST_FACTORS):
        await keep(store, replace(STICK, id=f"key-{number}", credential_id=f"c-{number}"))
    assert await keep(store, replace(STICK, id="key-x", credential_id="c-x")) is Enrollment.REFUSED


async def test_g7_111_a_step_is_used_once_by_whoever_comes_first(store):
    await keep(store, APP)
    used = await asyncio.gather(*(store.factors.show_code(APP, 101, f"s-{number}", NOW + 30) for number in range(8)))
    assert used.count(True) == 1
    assert not await store.factors.show_code(APP, 100, "s-9", NOW + 30), "nor one before it"
    assert await store.factors.show_code(APP, 102, "s-9", NOW + 60)
    (app,) = await store.factors.of("user-1")
    assert (app.last_step, app.last_used_at) == (102, NOW + 60)
    assert (await store.factors.shown_by("s-9")).proofs == (Proof(TOTP, NOW + 60, "app-1"),)


async def test_a_later_proof_takes_the_place_of_an_earlier_one(store):
    await keep(store, APP)
    await store.factors.show_code(APP, 101, "session-1", NOW + 30)
    assert (await store.factors.shown_by("session-1")).proofs == (Proof(TOTP, NOW + 30, "app-1"),)


async def test_a_passkey_s_count_goes_up_by_one_request_at_a_time(store):
    await keep(store, STICK)
    used = await asyncio.gather(*(store.factors.show_passkey(STICK, 4, f"s-{number}", NOW) for number in range(4)))
    assert used.count(True) == 1
    (stick,) = await store.factors.of("user-1")
    assert stick.sign_count == 4


async def test_one_that_never_counts_is_used_again_and_again(store):
    silent = replace(STICK, sign_count=0)
    await keep(store, silent)
    assert await store.factors.show_passkey(silent, 0, "s-1", NOW)
    assert await store.factors.show_passkey(silent, 0, "s-2", NOW)


async def test_a_recovery_code_is_used_once_by_its_owner(store):
    await keep(store, APP, codes=("h1", "h2"))
    assert not await store.factors.recover("user-2", "h1", "s-1", NOW)
    used = await asyncio.gather(*(store.factors.recover("user-1", "h1", "s-1", NOW + 5) for _ in range(4)))
    assert used.count(True) == 1
    assert not await store.factors.recover("user-1", "h9", "s-2", NOW)
    assert (await store.factors.shown_by("s-1")).recovered_at == NOW + 5
    assert (await store.factors.shown_by("s-1")).proofs == ()
    assert await store.factors.codes_left("user-1") == 1


async def test_when_no_code_is_left_the_next_ones_are_in_force(store):
    await keep(store, APP, codes=("h1",))
    await store.factors.recover("user-1", "h1", "s-1", NOW)
    assert await keep(store, STICK, codes=("h2",)) is Enrollment.WITH_CODES
    assert not await store.factors.recover("user-1", "h1", "s-1", NOW)
    assert await store.factors.recover("user-1", "h2", "s-1", NOW)


async def test_removal_takes_the_proofs_along_and_with_the_last_one_the_codes(store):
    await keep(store, APP, codes=("h1",))
    await keep(store, STICK)
    assert await store.factors.remove("user-2", "app-1") == 0
    assert await store.factors.remove("user-1", "nothing") == 0
    assert await store.factors.remove("user-1", "app-1") == 1
    assert [one.factor_id for one in (await store.factors.shown_by("session-1")).proofs] == ["key-1"]
    assert await store.factors.codes_left("user-1") == 1
    assert await store.factors.remove("user-1") == 1
    assert await store.factors.codes_left("user-1") == 0
    assert (await store.factors.shown_by("session-1")).proofs == ()


async def test_removal_is_of_one_and_of_nobody_else(store):
    await keep(store, APP)
    await keep(store, replace(STICK, user_id="user-2"))
    assert await store.factors.remove("user-1") == 1
    assert len(await store.factors.of("user-2")) == 1


async def test_what_is_offered_stays_the_same_until_it_is_taken_or_over(store):
    assert await store.factors.offer("s", "new totp", b"one", NOW, 60) == b"one"
    assert await store.factors.offer("s", "new totp", b"two", NOW + 59, 60) == b"one"
    assert await store.factors.offer("s", "passkey", b"three", NOW, 60) == b"three"
    assert await store.factors.offered("s", "new totp", NOW + 59) == b"one"
    assert await store.factors.offered("t", "new totp", NOW) is None
    assert await store.factors.offered("s", "new totp", NOW + 60) is None
    assert await store.factors.offer("s", "new totp", b"two", NOW + 60, 60) == b"two"
    assert await store.factors.take("s", "new totp", NOW + 60) == b"two"
    assert await store.factors.take("s", "new totp", NOW + 60) is None
    assert await store.factors.take("s", "passkey", NOW + 60) is None, "its time is over"


async def test_g7_110_an_offer_is_taken_once(store):
    await store.factors.offer("s", "passkey", b"challenge", NOW, 60)
    taken = await asyncio.gather(*(store.factors.take("s", "passkey", NOW) for _ in range(8)))
    assert taken.count(b"challenge") == 1


async def test_what_is_over_is_dropped_and_the_rest_stays(store):
    await keep(store, APP)
    await store.factors.offer("s", "passkey", b"x", NOW, 60)
    await store.prune(NOW + 59)
    assert await store.factors.offered("s", "passkey", NOW + 59) == b"x"
    await store.prune(NOW + 720 * 3600)
    assert len((await store.factors.shown_by("session-1")).proofs) == 1, "it may count for 30 days"
    await store.prune(NOW + 31 * 86_400)
    assert (await store.factors.shown_by("session-1")).proofs == ()
    assert await store.factors.of("user-1") == (APP,)


@pytest.mark.parametrize("wanted", ["JBSWY3DPEHPK3PXP", "OFFERED-SECRET"])
async def test_secrets_are_encrypted_and_follow_a_new_key(url, file, wanted):
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    store = await Store.open(url, Cipher([first], "the test"))
    await keep(store, APP)
    await store.factors.offer("s", "new totp", b"OFFERED-SECRET", NOW, 60)
    await store.close()
    stored = b"".join(part.read_bytes() for part in file.parent.glob("doorward.db*"))
    assert b"user-1" in stored
    assert wanted.encode() not in stored
    await (await Store.open(url, Cipher([second, first], "the test"))).close()
    store = await Store.open(url, Cipher([second], "the test"))
    assert (await store.factors.of("user-1"))[0].secret == APP.secret
    await store.close()


async def test_one_credential_is_one_person_s(store):
    await keep(store, STICK)
    with pytest.raises(Exception, match=r"(?i)database|unique"):
        await keep(store, replace(STICK, id="key-2", user_id="user-2"))
    assert await store.factors.of("user-2") == ()
