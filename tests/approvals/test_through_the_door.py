"""A reason, approval by others, and its end, through the real Envoy (access.md 4.5, 4.6)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest
from tests.approvals.house import (
    BOB,
    PAIR,
    POLICY,
    REASONS,
    SAFE,
    SHELF,
    WHY,
    ask,
    decide,
    granted,
    onward,
    send,
    to_the_question,
)
from tests.door.mailbox import text_of
from tests.door.running import claims_of, eventually
from tests.door.visitor import Visitor, unseen_path

pytestmark = pytest.mark.edge
SOON = 5.0


async def command(house, *arguments):
    done = await asyncio.to_thread(house.door.run, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def refused(visitor, host, within=SOON):
    """Wait until the door sends away; how long that took."""
    began = time.monotonic()
    while (await visitor.get(host)).status_code != 302:
        assert time.monotonic() < began + within, f"{host} still lets in"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def mailed(house, address, words):
    """The one mail to this address that says so; mails follow their answer."""

    def found():
        return [one for one in house.mailbox.to(address) if words in text_of(one)]

    await eventually(lambda: bool(found()), 30)
    (mail,) = found()
    return mail


async def grant_at(house, url):
    """What is decided at this address."""
    async with house.store() as store:
        return await store.grants.find(url.rpartition("/")[2])


async def reasoned(house, visitor):
    """The grant that the visitor's token rests on."""
    session = claims_of(visitor.cookie(REASONS))["identity_nonce"]
    async with house.store() as store:
        (grant,) = [one for one in await store.grants.all() if one.session_nonce == session]
    return grant


async def records(house, outcome):
    """The newest record of this outcome; records follow their answer."""
    for _ in range(200):
        async with house.store() as store:
            found = [
                one for one in await store.decisions.recent(50) if (one.kind, one.outcome) == ("approval", outcome)
            ]
        if found:
            return found[:1]
        await asyncio.sleep(0.05)
    raise AssertionError(f"no record says {outcome}")


async def test_a_reason_is_given_once_and_kept(house, alice):
    page = await to_the_question(alice, REASONS)
    assert "Which ticket is it about?" in page.text
    path = unseen_path()
    assert (await alice.get(REASONS, path)).status_code == 302, "nothing but the reason lets in"
    assert not house.reached(path)
    response = await onward(alice, await send(alice, page, {"reason": WHY}))
    assert response.status_code == 200
    assert (await alice.get(REASONS, path)).status_code == 200
    assert house.reached(path)
    (record,) = await records(house, "asked")
    assert record.evidence["purpose_justification_response"] == WHY
    assert claims_of(alice.cookie(REASONS))["exp"] == (await reasoned(house, alice)).ends_at


async def test_two_people_one_asks_and_the_other_lets_in_for_a_time(house, alice, bob):
    url = await ask(alice, SAFE)
    path = unseen_path()
    assert (await alice.get(SAFE, path)).status_code == 302
    mail = await mailed(house, "bob@example.test", url)
    assert "alice@example.test asks for access to safe.localhost" in mail["Subject"]
    assert WHY in mail.get_body(("plain",)).get_content()

    page = await decide(bob, url, duration="30m")
    assert "Access is granted" in page.text
    before = int(time.time())
    assert (await onward(alice, await alice.get(SAFE, path))).status_code == 200
    assert house.reached(path)
    assert before + 1700 < claims_of(alice.cookie(SAFE))["exp"] <= before + 1801, "half an hour, not eight"
    assert (await alice.get(SAFE, unseen_path())).status_code == 200, "and on the fast path"


async def test_a_refusal_lets_nobody_in(house, alice, bob):
    url = await ask(alice, SAFE)
    assert "Access was refused" in (await decide(bob, url, decision="deny")).text
    page = await onward(alice, await alice.get(SAFE))
    assert "Your last request was refused." in page.text
    assert not alice.cookie(SAFE)


async def test_two_groups_both_have_to_agree(house, alice, bob):
    url = await ask(alice, PAIR)
    assert "one more approval is needed" in (await decide(bob, url)).text
    assert "Waiting for approval" in (await onward(alice, await alice.get(PAIR))).text
    async with Visitor(house) as mallory:
        assert "Access is granted" in (await decide(mallory, url, who="mallory")).text
    assert (await onward(alice, await alice.get(PAIR))).status_code == 200


async def test_nobody_lets_themselves_in(house, alice, bob):
    url = await ask(bob, SAFE, who="bob")
    page = await bob.ask("GET", url)
    assert page.status_code == 403
    assert "own request" in page.text
    assert (await bob.get(SAFE)).status_code == 302
    assert (await grant_at(house, url)).approvals == ()


@pytest.mark.parametrize("host", [SAFE, SHELF])
async def test_g12_156_what_is_taken_back_ends_within_a_second_open_streams_included(house, streams, alice, bob, host):
    grant = await grant_at(house, await granted(alice, bob, host))
    stream = await streams.websocket(alice, host)
    stolen = alice.cookie(host)
    revoked = await command(house, "grants", "revoke", grant.id)
    told = time.monotonic()
    assert revoked == {"revoked": {"sessions": 1, "streams": 1}}
    assert await stream.end() < told + 1
    answer = await alice.get(host)
    assert answer.status_code == 302
    async with Visitor(house) as thief:
        assert (await thief.get(host, headers={"cookie": f"CF_Authorization={stolen}"})).status_code == 302
        assert (await thief.get(host, headers={"cf-access-token": stolen})).status_code == 302
    page = await onward(alice, answer)
    assert "taken back" in page.text, "still signed in, and asked again"
    listed = await command(house, "grants", "list", "--all")
    assert next(one for one in listed if one["id"] == grant.id)["state"] == "revoked"


@pytest.mark.parametrize("host", [SAFE, SHELF])
async def test_g12_156_when_the_time_is_over_access_and_streams_end(house, streams, alice, bob, host):
    url = await ask(alice, host)
    await decide(bob, url)
    grant = await grant_at(house, url)
    now = int(time.time())
    async with house.store() as store:
        await store.grants.answer(grant.id, lambda one: replace(one, granted_at=now - 3597, ends_at=now + 4))
    assert (await onward(alice, await alice.get(host))).status_code == 200
    token = claims_of(alice.cookie(host))
    assert token["exp"] == now + 4
    stolen = alice.cookie(host)
    stream = await streams.websocket(alice, host)
    await stream.end(within=4 + SOON)
    assert time.time() >= now + 4
    async with Visitor(house) as thief:
        thief.client.headers["cookie"] = f"CF_Authorization={stolen}"
        await refused(thief, host)  # Envoy grants other clocks a second
    page = await onward(alice, await alice.get(host))
    assert "The time for which you had access is over." in page.text


async def test_a_session_that_ends_takes_the_grant_along(house, alice, bob):
    await granted(alice, bob)
    session = claims_of(alice.cookie(SAFE))["identity_nonce"]
    await command(house, "sessions", "revoke", session)
    await refused(alice, SAFE)
    page = await to_the_question(alice, SAFE)
    assert "Ask for access" in page.text


async def test_an_approval_counts_in_the_session_that_asked_and_in_no_other(house, alice, bob):
    await granted(alice, bob)
    async with Visitor(house) as elsewhere:
        page = await to_the_question(elsewhere, SAFE)
        assert "Ask for access" in page.text
        assert (await elsewhere.get(SAFE)).status_code == 302


async def test_an_approver_who_is_none_any_more_has_approved_nothing(house, alice, bob):
    await granted(alice, bob)
    text = house.door.configuration.read_text()
    changed = text.replace(POLICY % ("With approval", BOB), POLICY % ("With approval", BOB.replace("bob", "carol")))
    assert changed != text
    await house.door.reload(changed)
    try:
        await refused(alice, SAFE)
        assert "Ask for access" in (await onward(alice, await alice.get(SAFE))).text
    finally:
        await house.door.reload(text)


async def test_the_decision_explains_itself(house, alice, bob):
    await granted(alice, bob, SHELF)
    (record,) = await records(house, "granted")
    done = await asyncio.to_thread(house.door.run, "explain", record.reference)
    assert "approved" in done.stdout
    assert "bob@example.test agreed that alice@example.test enters" in done.stdout
    async with house.store() as store:
        allowed = next(
            one
            for one in await store.decisions.recent(50)
            if one.outcome == "allow" and one.kind == "login" and one.trace
        )
    done = await asyncio.to_thread(house.door.run, "explain", allowed.reference)
    assert "approved by bob@example.test, until" in done.stdout
