"""What is known of service tokens: asked of the store once for each snapshot, and never longer believed."""

from __future__ import annotations

import asyncio

import pytest
from tests.access.world import application, credential, policy, request, snapshot
from tests.service_tokens.build import CLIENT_ID, SECRET, token
from tests.tokens.material import NOW, app_claims, service_claims

from doorward.access.credential import Credential
from doorward.access.service_auth import NO_SERVICE
from doorward.edge import service_tokens
from doorward.edge.service_tokens import KnownServiceTokens
from doorward.service_tokens import Authenticated, Rejection, ServiceToken

WIKI = application(policy("non_identity", {"any_valid_service_token": {}}))
PAIR = {"client_id": CLIENT_ID, "client_secret": SECRET}
EARNED = credential(service_claims(common_name=CLIENT_ID))


class Kept:
    """Stands in for the store, and counts."""

    def __init__(self, *tokens: ServiceToken) -> None:
        self.service_tokens = self
        self.tokens = {each.client_id: each for each in tokens}
        self.looked = 0
        self.slow = asyncio.Event()
        self.slow.set()

    async def find(self, client_id: str) -> ServiceToken | None:
        self.looked += 1
        found = self.tokens.get(client_id)
        await self.slow.wait()
        return found

    async def earned(self, nonce: str) -> Authenticated | None:
        self.looked += 1
        found = self.tokens.get(CLIENT_ID)
        return Authenticated(found, 1) if found is not None else None


@pytest.fixture
def kept() -> Kept:
    return Kept(token())


@pytest.fixture
def known(kept: Kept) -> KnownServiceTokens:
    return KnownServiceTokens(kept)  # type: ignore[arg-type]


async def test_the_store_is_asked_once_for_each_snapshot(kept: Kept, known: KnownServiceTokens) -> None:
    for state in (snapshot(WIKI), snapshot(WIKI)):
        for _ in range(3):
            found = await known.credential(request(**PAIR), WIKI, Credential(), state, NOW)
            assert found.proven == Authenticated(token(), 1)
    assert kept.looked == 2


async def test_secrets_are_compared_each_time(known: KnownServiceTokens) -> None:
    state = snapshot(WIKI)
    for secret, proven in ((SECRET, True), ("wrong", False), (SECRET, True), (SECRET[:-1], False)):
        asked = request(client_id=CLIENT_ID, client_secret=secret)
        found = await known.credential(asked, WIKI, Credential(), state, NOW)
        assert (found.proven is not None) is proven


async def test_time_is_looked_at_each_time(known: KnownServiceTokens) -> None:
    state, end = snapshot(WIKI), token().expires_at
    assert end is not None
    assert (await known.credential(request(**PAIR), WIKI, Credential(), state, end - 1)).proven is not None
    assert (await known.credential(request(**PAIR), WIKI, Credential(), state, end)).rejection is Rejection.EXPIRED


async def test_a_new_snapshot_brings_what_the_store_says_now(kept: Kept, known: KnownServiceTokens) -> None:
    assert (await known.credential(request(**PAIR), WIKI, Credential(), snapshot(WIKI), NOW)).proven
    kept.tokens[CLIENT_ID] = token(enabled=False)
    found = await known.credential(request(**PAIR), WIKI, Credential(), snapshot(WIKI), NOW)
    assert found.rejection is Rejection.DISABLED


async def test_an_old_answer_that_comes_late_is_not_believed_in_the_next_snapshot(
    kept: Kept, known: KnownServiceTokens
) -> None:
    kept.slow.clear()
    late = asyncio.ensure_future(known.credential(request(**PAIR), WIKI, Credential(), snapshot(WIKI), NOW))
    await asyncio.sleep(0)
    kept.tokens[CLIENT_ID] = token(enabled=False)
    newer = snapshot(WIKI)
    kept.slow.set()
    assert (await known.credential(request(**PAIR), WIKI, Credential(), newer, NOW)).rejection is Rejection.DISABLED
    await late
    assert (await known.credential(request(**PAIR), WIKI, Credential(), newer, NOW)).rejection is Rejection.DISABLED


async def test_strangers_fill_nothing(kept: Kept, known: KnownServiceTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_tokens, "MOST", 2)
    state = snapshot(WIKI)
    for number in range(5):
        asked = request(client_id=f"{number}" * 32 + ".access", client_secret=SECRET)
        found = await known.credential(asked, WIKI, Credential(), state, NOW)
        assert found.rejection is Rejection.UNKNOWN
    assert len(known._by_client) == 0
    for number in range(5):
        kept.tokens[f"{number}" * 32 + ".access"] = token(f"{number}", client_id=f"{number}" * 32 + ".access")
        asked = request(client_id=f"{number}" * 32 + ".access", client_secret=SECRET)
        assert (await known.credential(asked, WIKI, Credential(), state, NOW)).proven is not None
    assert len(known._by_client) == 2


@pytest.mark.parametrize("fields", [{"client_id": CLIENT_ID}, {"client_secret": SECRET}, {"service_header": "{"}])
async def test_the_store_is_not_asked_about_what_is_no_pair(kept: Kept, known: KnownServiceTokens, fields) -> None:
    found = await known.credential(request(**fields), WIKI, Credential(), snapshot(WIKI), NOW)
    assert (found.presented, found.rejection, kept.looked) == (True, Rejection.MALFORMED, 0)


async def test_where_nothing_is_shown_nothing_is_asked(kept: Kept, known: KnownServiceTokens) -> None:
    classic = snapshot(WIKI, strict_service_token_auth=False)
    for given in (Credential(), credential(app_claims())):
        assert await known.credential(request(), WIKI, given, classic, NOW) == NO_SERVICE
    assert await known.credential(request(**PAIR), None, None, classic, NOW) == NO_SERVICE
    assert await known.credential(request(), WIKI, EARNED, snapshot(WIKI), NOW) == NO_SERVICE
    assert kept.looked == 0


async def test_classic_an_app_token_is_traced_to_what_earned_it_once_for_each_snapshot(
    kept: Kept, known: KnownServiceTokens
) -> None:
    for state in (snapshot(WIKI, strict_service_token_auth=False), snapshot(WIKI, strict_service_token_auth=False)):
        for _ in range(3):
            found = await known.credential(request(), WIKI, EARNED, state, NOW)
            assert found.proven == Authenticated(token(), 1)
    assert kept.looked == 2
    kept.tokens.clear()
    gone = snapshot(WIKI, strict_service_token_auth=False)
    assert await known.credential(request(), WIKI, EARNED, gone, NOW) == NO_SERVICE


async def test_the_headers_go_before_an_app_token(known: KnownServiceTokens) -> None:
    state = snapshot(WIKI, strict_service_token_auth=False)
    asked = request(client_id=CLIENT_ID, client_secret="wrong")
    found = await known.credential(asked, WIKI, EARNED, state, NOW)
    assert (found.proven, found.rejection) == (None, Rejection.SECRET)
