"""Open streams end with the access they live by, through the real Envoy (docs/attacks.md, 156)."""

from __future__ import annotations

import asyncio
import json
import time
import uuid

import pytest
from tests.door.house import House
from tests.door.running import claims_of
from tests.door.visitor import Visitor
from tests.revocation.house import BRIEF, CALLS, CHAT, FEED, ROBOTS, WIKI
from tests.revocation.streams import SOON, Streams, signed_in

from doorward.access.revocation import Revocation, Scope

HOSTS = (WIKI, FEED, CALLS, CHAT)


async def command(house: House, *arguments: str) -> dict[str, int]:
    """Run it with ``--json``; what it says it revoked."""
    done = await asyncio.to_thread(house.door.run, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)["revoked"]


async def open_all(streams: Streams, visitor: Visitor):
    return (
        await streams.websocket(visitor, WIKI),
        await streams.events(visitor),
        await streams.calls(visitor),
        await streams.websocket(visitor, CHAT),
    )


async def refused(visitor: Visitor, host: str = WIKI) -> bool:
    return (await visitor.get(host)).status_code == 302


@pytest.mark.parametrize("way", ["session", "user"])
async def test_g12_156_every_kind_of_stream_ends_and_the_tokens_are_refused(house, streams, way):
    async with signed_in(house, "alice", *HOSTS) as alice, signed_in(house, "bob", *HOSTS) as bob:
        hers, his = await open_all(streams, alice), await open_all(streams, bob)
        session = claims_of(alice.cookie(WIKI))["identity_nonce"]
        words = ("sessions", "revoke", session) if way == "session" else ("revoke", "user", "Alice@Example.test")
        revoked = await command(house, *words)
        told = time.monotonic()
        assert revoked == {"sessions": 1, "streams": 4}
        for stream in hers:
            assert await stream.end() < told + 1
        assert all([await refused(alice, host) for host in (WIKI, CHAT)])
        await asyncio.sleep(0.5)
        assert [stream.name for stream in his if not stream.open] == []
        assert await his[0].say("still here") == "still here"
        assert (await bob.get(WIKI)).status_code == 200


async def test_g12_156_revoking_an_application_ends_its_streams_alone(house, streams):
    async with signed_in(house, "alice", *HOSTS) as alice, signed_in(house, "bob", WIKI) as bob:
        hers, his = await open_all(streams, alice), await streams.websocket(bob, WIKI)
        assert await command(house, "revoke", "app", WIKI) == {"sessions": 2, "streams": 2}
        await hers[0].end()
        await his.end()
        assert all(stream.open for stream in hers[1:])
        stale = alice.cookie(WIKI)
        answer = await alice.get(WIKI)
        assert answer.status_code == 302, "the old token, and whoever stole it, gets nothing by it"
        assert (await alice.follow(answer)).status_code == 200, "somebody signed in gets a new one without a login"
        assert alice.cookie(WIKI) != stale
        again = await streams.websocket(alice, WIKI)
        await asyncio.sleep(0.6)
        assert again.open


async def test_g12_156_revoking_a_policy_ends_what_it_granted(house, streams):
    async with signed_in(house, "alice", WIKI, CHAT) as alice:
        wiki, chat = await streams.websocket(alice, WIKI), await streams.websocket(alice, CHAT)
        assert await command(house, "revoke", "policy", "From here") == {"sessions": 1, "streams": 1}
        await chat.end()
        assert wiki.open
        assert await refused(alice, CHAT)
        assert not await refused(alice, WIKI)


async def test_g12_156_revoking_a_service_token_ends_its_streams_and_no_other_programs(house, streams):
    first, second = await program(house, "first"), await program(house, "second")
    hers, his = await streams.websocket_with(first, ROBOTS), await streams.websocket_with(second, ROBOTS)
    assert await command(house, "revoke", "token", "first") == {"sessions": 1, "streams": 1}
    await hers.end()
    async with Visitor(house, headers={}) as anybody:
        assert (await anybody.get(ROBOTS, headers=first)).status_code in {401, 403}
        assert (await anybody.get(ROBOTS, headers=second)).status_code == 200
    assert his.open


async def program(house: House, name: str) -> dict[str, str]:
    """The header pair of a new service token that the running door has heard of."""
    made = await asyncio.to_thread(house.door.run, "tokens", "create", name, "--json")
    token = json.loads(made.stdout)
    pair = {"cf-access-client-id": token["client_id"], "cf-access-client-secret": token["client_secret"]}
    async with Visitor(house, headers={}) as visitor, asyncio.timeout(20):
        while (await visitor.get(ROBOTS, headers=pair)).status_code != 200:  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.1)
    return pair


async def test_g12_156_revoking_everything_ends_everything(house, streams):
    async with signed_in(house, "alice", *HOSTS) as alice, signed_in(house, "bob", WIKI) as bob:
        all_of_them = (*await open_all(streams, alice), await streams.websocket(bob, WIKI))
        revoked = await command(house, "revoke", "all")
        assert revoked["streams"] == 5
        assert revoked["sessions"] >= 2
        for stream in all_of_them:
            await stream.end()
        assert await refused(alice)
        assert await refused(bob)
        page = await alice.open(WIKI)
        assert "Directory" in page.text, "the org session has ended too: it takes a login"
        assert (await bob.sign_in(WIKI, who="bob")).status_code == 200


async def test_g7_79_a_token_that_envoy_has_cached_is_refused_within_a_second(house, streams):
    async with signed_in(house, "alice", WIKI) as alice:
        for _ in range(5):
            assert (await alice.get(WIKI)).status_code == 200
        socket = await streams.websocket(alice, WIKI)
        session = claims_of(alice.cookie(WIKI))["identity_nonce"]
        async with house.store() as store:
            began = time.monotonic()
            revocation = Revocation(str(uuid.uuid4()), Scope.SESSION, session, int(time.time()))
            assert await store.revocations.revoke(revocation) == 1
            while not await refused(alice):
                assert time.monotonic() < began + SOON
            no_longer = time.monotonic() - began
            assert await socket.end() - began < SOON
            assert await store.revocations.streams(revocation.id) == 1
        assert no_longer < SOON


async def test_a_stream_ends_when_its_token_expires(house, streams):
    async with signed_in(house, "alice", BRIEF, WIKI) as alice:
        lasting = await streams.websocket(alice, WIKI)
        brief = await streams.websocket(alice, BRIEF)
        left = claims_of(alice.cookie(BRIEF))["exp"] - time.time()
        began = time.monotonic()
        assert left - 0.5 < await brief.end(within=left + SOON) - began < left + SOON
        assert lasting.open


async def test_signing_out_ends_open_streams(house, streams):
    async with signed_in(house, "alice", WIKI, FEED) as alice:
        hers = await streams.websocket(alice, WIKI), await streams.events(alice)
        assert (await alice.team("/logout")).status_code == 200
        for stream in hers:
            await stream.end()


async def test_a_stream_that_nobody_needs_a_session_for_is_left_alone(house, streams):
    async with signed_in(house, "alice", WIKI) as alice:
        async with Visitor(house) as stranger:
            free = await streams.websocket(stranger, "open.localhost")
        await command(house, "revoke", "all")
        await asyncio.sleep(0.6)
        assert await free.say("hello?") == "hello?"
        assert await refused(alice)


async def test_the_number_of_streams_is_in_the_metrics(house, streams):
    async def held() -> float:
        (line,) = [one for one in (await house.door.metrics()).splitlines() if one.startswith("doorward_streams ")]
        return float(line.split()[1])

    async with signed_in(house, "alice", WIKI) as alice:
        before = await held()
        await streams.websocket(alice, WIKI)
        for _ in range(5):
            await alice.get(WIKI)
        assert await held() == before + 1, "ordinary requests are not on the leash"
