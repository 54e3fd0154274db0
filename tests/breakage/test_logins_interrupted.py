"""``kill -9`` of the control plane, again and again, while fifty people sign in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import httpx
import pytest
from tests.breakage.house import FAST, database, is_intact
from tests.door.running import claims_of, eventually
from tests.door.visitor import Visitor

pytestmark = [pytest.mark.edge, pytest.mark.timeout(240)]
PEOPLE = 50


async def test_whoever_was_interrupted_signs_in_again_and_the_database_is_intact(house, measured):
    door = house.door
    async with contextlib.AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(Visitor(house)) for _ in range(PEOPLE)]
        signing_in = asyncio.gather(*(_try(visitor, f"/first/{n}") for n, visitor in enumerate(visitors)))
        await eventually(lambda: any(visitor.cookie(FAST) for visitor in visitors), 60)
        for pause in (0.0, 1.5):
            await asyncio.sleep(pause)
            await eventually(lambda: "control" in door.children(), 30)
            os.kill(door.children()["control"], signal.SIGKILL)
            assert is_intact(door)
        ended = await signing_in
        await door.ready()
        assert is_intact(door)
        measured(f"{ended.count('in')} of {PEOPLE} got in at once, {ended.count('interrupted')} were interrupted")
        assert "interrupted" in ended, "nobody was; this test shows nothing"
        assert set(ended) <= {"in", "interrupted"}, ended

        again = await _in_turns([_enter(visitor, f"/again/{n}") for n, visitor in enumerate(visitors)])
        assert [response.status_code for response in again] == [200] * PEOPLE
        tokens = {visitor.cookie(FAST) for visitor in visitors}
        assert len(tokens) == PEOPLE
        assert {claims_of(token)["email"] for token in tokens} == {"alice@example.test"}
        assert len({claims_of(token)["sub"] for token in tokens}) == 1, "one person, whatever was interrupted"
    assert is_intact(door)
    assert database(door).stat().st_size > 0


async def _try(visitor: Visitor, path: str) -> str:
    """How a login ended: ``in``, ``interrupted`` by a page that says so or by silence, or what else it was."""
    try:
        response = await visitor.sign_in(FAST, path)
    except (httpx.HTTPError, AssertionError, ValueError, IndexError):
        # Some page on the way was not the expected one. Look at what came last.
        if not visitor.trail:
            return "interrupted"
        response = visitor.trail[-1]
    if response.status_code == 200:
        return "in" if response.headers.get("x-origin") == path and visitor.cookie(FAST) else "interrupted"
    return "interrupted" if response.status_code in {302, 400, 500, 503} else f"{response.status_code}"


async def _enter(visitor: Visitor, path: str) -> httpx.Response:
    """Into the application, signing in if that is asked for."""
    response = await visitor.open(FAST, path)
    return response if response.headers.get("x-origin") == path else await visitor.sign_in(FAST, path)


async def _in_turns(logins: list) -> list:
    """Ten at a time: the identity provider here is a small one."""
    turn = asyncio.Semaphore(10)

    async def one(login):
        async with turn:
            return await login

    return await asyncio.gather(*map(one, logins))
