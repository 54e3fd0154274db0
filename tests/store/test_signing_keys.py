from __future__ import annotations

import asyncio

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import update
from tests.store.values import NOW

from doorward.errors import StoreError
from doorward.store import Cipher, Store
from doorward.store.schema import signing_keys
from doorward.store.signing_keys import generate_signing_key
from doorward.tokens.keys import ADVANCE, OVERLAP, ROTATION

DOMAIN = "login.example.com"


@pytest.fixture(scope="module")
def key():
    return generate_signing_key(NOW, DOMAIN)


def secret(key) -> bytes:
    return key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def test_a_generated_key_is_rsa_2048_with_a_certificate_for_the_team_domain(key):
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    assert key.private_key.key_size == 2048
    assert certificate.subject.rfc4514_string() == f"CN={DOMAIN}"
    assert certificate.public_key() == key.private_key.public_key()
    assert key.active_from == NOW


async def test_a_key_comes_back_as_it_was(store, key):
    before = await store.revision()
    await store.signing_keys.add(key)
    (found,) = (await store.signing_keys.ring()).keys
    assert found == key
    assert secret(found) == secret(key)
    assert await store.revision() > before


async def test_the_private_key_is_encrypted_in_the_file(url, file, cipher, key):
    store = await Store.open(url, cipher)
    await store.signing_keys.add(key)
    prime = key.private_key.private_numbers().p.to_bytes(128, "big")
    written = b"".join(part.read_bytes() for part in file.parent.iterdir())
    assert key.kid.encode() in written
    assert prime not in written
    assert b"PRIVATE KEY" not in written
    await store.close()


async def test_a_retired_or_dropped_key_is_so_at_once(store, key):
    await store.signing_keys.add(key)
    await store.signing_keys.retire(key.kid, NOW + 5)
    assert (await store.signing_keys.ring()).keys[0].retired_at == NOW + 5
    before = await store.revision()
    await store.signing_keys.drop(key.kid)
    assert (await store.signing_keys.ring()).keys == ()
    assert await store.revision() > before


async def test_the_first_start_makes_one_key_that_signs_at_once(store):
    ring = await store.signing_keys.ensure(NOW, DOMAIN)
    assert ring.current(NOW) == ring.keys[0]
    assert len(ring.keys) == 1
    assert [key.kid for key in (await store.signing_keys.ensure(NOW, DOMAIN)).keys] == [ring.keys[0].kid]


async def test_nothing_due_changes_nothing(store):
    await store.signing_keys.ensure(NOW, DOMAIN)
    before = await store.revision()
    await store.signing_keys.ensure(NOW + ROTATION - ADVANCE - 1, DOMAIN)
    assert await store.revision() == before


async def test_g5_80_the_next_key_is_published_before_it_signs_and_the_old_one_goes_after_its_overlap(store):
    first = (await store.signing_keys.ensure(NOW, DOMAIN)).current(NOW)

    early = NOW + ROTATION - ADVANCE
    ring = await store.signing_keys.ensure(early, DOMAIN)
    assert ring.current(early) == first
    assert [key.active_from for key in ring.published(early)] == [NOW, NOW + ROTATION]

    turned = NOW + ROTATION
    ring = await store.signing_keys.ensure(turned, DOMAIN)
    assert ring.current(turned).active_from == turned
    assert first.kid in ring.verifying(turned)

    ring = await store.signing_keys.ensure(turned + OVERLAP, DOMAIN)
    assert [key.kid for key in ring.keys if key.kid == first.kid] == []


async def test_a_door_that_was_off_for_a_year_signs_and_has_a_next_key(store):
    await store.signing_keys.ensure(NOW, DOMAIN)
    later = NOW + 365 * 86_400
    ring = await store.signing_keys.ensure(later, DOMAIN)
    assert ring.current(later).active_from == NOW
    assert [key.active_from for key in ring.keys] == [NOW, later + ADVANCE]


async def test_two_processes_that_start_at_once_agree_on_one_key(url, cipher):
    stores = [await Store.open(url, cipher) for _ in range(2)]
    rings = await asyncio.gather(*(opened.signing_keys.ensure(NOW, DOMAIN) for opened in stores for _ in range(2)))
    kids = {tuple(key.kid for key in ring.keys) for ring in rings}
    assert len(kids) == 1
    assert len(kids.pop()) == 1
    for opened in stores:
        await opened.close()


async def test_rotating_by_hand_makes_a_new_key_that_signs_at_once_and_keeps_the_old_one_verifying(store):
    old = (await store.signing_keys.ensure(NOW, DOMAIN)).current(NOW)
    ring = await store.signing_keys.rotate(NOW + 100, DOMAIN)
    new = ring.current(NOW + 100)
    assert new.kid != old.kid
    assert new.active_from == NOW + 100
    assert set(ring.verifying(NOW + 100)) == {old.kid, new.kid}
    assert set(ring.verifying(NOW + 100 + OVERLAP)) == {new.kid}


async def test_rotating_by_hand_prefers_the_key_that_was_published_already(store):
    await store.signing_keys.ensure(NOW, DOMAIN)
    early = NOW + ROTATION - ADVANCE
    waiting = (await store.signing_keys.ensure(early, DOMAIN)).published(early)[1]
    ring = await store.signing_keys.rotate(early + 5, DOMAIN)
    assert ring.current(early + 5).kid == waiting.kid
    assert len(ring.keys) == 2


async def test_rotating_in_the_second_of_the_first_start_leaves_one_key_that_signs(store):
    old = (await store.signing_keys.ensure(NOW, DOMAIN)).current(NOW)
    ring = await store.signing_keys.rotate(NOW, DOMAIN)
    assert ring.current(NOW).kid != old.kid
    assert old.kid in ring.verifying(NOW)


async def test_rotating_twice_leaves_the_last_key_signing(store):
    await store.signing_keys.ensure(NOW, DOMAIN)
    second = (await store.signing_keys.rotate(NOW + 10, DOMAIN)).current(NOW + 10)
    third = (await store.signing_keys.rotate(NOW + 20, DOMAIN)).current(NOW + 20)
    assert third.kid != second.kid
    assert (await store.signing_keys.ensure(NOW + 20, DOMAIN)).current(NOW + 20).kid == third.kid


async def test_rotating_an_empty_store_makes_the_first_key(store):
    assert len((await store.signing_keys.rotate(NOW, DOMAIN)).keys) == 1


async def test_after_the_only_key_was_dropped_the_next_start_makes_another(store):
    first = (await store.signing_keys.ensure(NOW, DOMAIN)).current(NOW)
    await store.signing_keys.drop(first.kid)
    assert (await store.signing_keys.ensure(NOW, DOMAIN)).current(NOW).kid != first.kid


async def test_a_new_secret_key_in_front_takes_everything_over_at_the_next_start(url, cipher, secret_key, key):
    opened = await Store.open(url, cipher)
    await opened.signing_keys.add(key)
    await opened.close()

    fresh = Fernet.generate_key().decode()
    await (await Store.open(url, Cipher([fresh, secret_key], "the test"))).close()

    alone = await Store.open(url, Cipher([fresh], "the test"))
    assert (await alone.signing_keys.ring()).keys == (key,)
    await alone.close()


async def test_a_damaged_key_is_a_store_error_that_names_it(store, cipher, key):
    await store.signing_keys.add(key)
    await damage(store, sealed=cipher.seal(b"no key at all"))
    with pytest.raises(StoreError, match=f"The signing key {key.kid[:12]}… in the database is damaged"):
        await store.signing_keys.ring()


async def test_a_key_of_another_kind_is_refused(store, cipher, key):
    await store.signing_keys.add(key)
    other = ed25519.Ed25519PrivateKey.generate()
    await damage(store, sealed=cipher.seal(other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())))
    with pytest.raises(StoreError, match="is not an RSA key"):
        await store.signing_keys.ring()


async def test_keys_that_were_mixed_up_are_refused(store, key):
    await store.signing_keys.add(key)
    await damage(store, kid="0" * 64)
    with pytest.raises(StoreError, match="mixed up"):
        await store.signing_keys.ring()


async def damage(store, **columns: str) -> None:
    await store._database.write(lambda connection: connection.execute(update(signing_keys).values(**columns)).rowcount)
