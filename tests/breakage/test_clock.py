"""Time passes while somebody is inside (docs/attacks.md, G5 69 and G10 157)."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.breakage.house import ANONYMOUS, BRIEF, signed_in
from tests.breakage.traffic import Connection
from tests.door.running import claims_of
from tests.door.visitor import Visitor

pytestmark = pytest.mark.edge


async def test_a_token_is_refused_by_envoy_alone_within_two_seconds_of_its_end(house, measured):
    somebody = await signed_in(house, BRIEF)
    claims = claims_of(somebody.token)
    assert claims["exp"] - claims["iat"] == 10, "the shortest there is"
    connection = Connection(house.door.port)
    headers = {**ANONYMOUS, **somebody.headers}
    last_in = first_out = 0.0
    while time.time() < claims["exp"] + 5:
        asked = time.time()
        outcome = await connection.get(BRIEF, "/brief", headers)
        if outcome.status == 200:
            assert not first_out, "once refused, refused for ever"
            last_in = asked
        else:
            assert (outcome.status, outcome.from_origin) == (302, False)
            first_out = first_out or asked
        await asyncio.sleep(0.02)
    connection.close()
    measured(f"last let in {last_in - claims['exp']:+.2f} s, first refused {first_out - claims['exp']:+.2f} s from exp")
    assert first_out >= claims["exp"] - 1, "not before its time either"
    assert last_in < claims["exp"] + 2


async def test_a_visitor_whose_token_ended_comes_back_in_by_the_session_without_signing_in(house):
    async with Visitor(house) as visitor:
        await visitor.sign_in(BRIEF, "/brief/first")
        token = visitor.cookie(BRIEF)
        await asyncio.sleep(max(0.0, claims_of(token)["exp"] + 2.1 - time.time()))
        response = await visitor.open(BRIEF, "/brief/second")
        assert (response.status_code, response.headers.get("x-origin")) == (200, "/brief/second")
        assert visitor.cookie(BRIEF) != token
        assert claims_of(visitor.cookie(BRIEF))["identity_nonce"] == claims_of(token)["identity_nonce"]
