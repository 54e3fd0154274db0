"""Taking a service token away: in force within a second, for its secret and for whatever it earned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from tests.door.visitor import set_cookies
from tests.door_tokens.place import Credentials, Programs

LIMIT = 1.0
"""Seconds until it has to be in force; the issue's own number."""


async def status(programs: Programs, credentials: Credentials, host: str = "any.localhost") -> int:
    return (await programs.get(host, headers=credentials.pair)).status_code


async def until(ask: Callable[[], Awaitable[int]], wanted: int, seconds: float) -> float:
    """Ask again and again; after how many seconds the answer was as wanted."""
    began = time.monotonic()
    while (answer := await ask()) != wanted:
        assert time.monotonic() - began < seconds, f"still {answer} after {seconds} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def no(programs: Programs) -> int:
    """What who cannot be authenticated is answered."""
    return 401 if "strict_service_token_auth: true" in programs.house.door.configuration.read_text() else 403


@pytest.mark.parametrize("way", ["disable", "revoke", "rotate"])
async def test_a_token_that_was_taken_away_is_refused_within_a_second(strict: Programs, way: str) -> None:
    name, credentials = strict.fresh()
    assert await status(strict, credentials) == 200
    strict.told(way, name)
    took = await until(lambda: status(strict, credentials), 401, LIMIT)
    assert took < LIMIT


@pytest.mark.parametrize("way", ["disable", "revoke", "rotate"])
async def test_classic_what_it_earned_ends_with_it(classic: Programs, way: str) -> None:
    name, credentials = classic.fresh()
    cookie = set_cookies(await classic.get("any.localhost", headers=credentials.pair))["CF_Authorization"]["value"]

    async def with_cookie() -> int:
        response = await classic.get("any.localhost", headers={"cookie": f"CF_Authorization={cookie}"})
        return response.status_code

    assert await with_cookie() == 200
    told = classic.told(way, name)
    if way == "revoke":
        assert told["revoked"]["sessions"] == 1
    await until(with_cookie, 403, LIMIT)
    if way == "disable":
        classic.told("enable", name)
        await until(lambda: status(classic, credentials), 200, LIMIT)
        assert await with_cookie() == 403, "what was revoked stays revoked; the program shows its secret again"


async def test_a_disabled_token_is_good_again_when_it_is_enabled(either: Programs) -> None:
    name, credentials = either.fresh()
    either.told("disable", name)
    await until(lambda: status(either, credentials), no(either), LIMIT)
    either.told("enable", name)
    await until(lambda: status(either, credentials), 200, LIMIT)


async def test_rotating_with_an_overlap_keeps_both_secrets_for_that_long(either: Programs) -> None:
    name, old = either.fresh()
    rotated = either.told("rotate", name, "--keep-old-for", "4s")
    new = old.but(client_secret=rotated["client_secret"])
    assert rotated["client_id"] == old.client_id
    assert rotated["client_secret_version"] == 2
    await until(lambda: status(either, new), 200, LIMIT)
    assert await status(either, old) == 200
    await until(lambda: status(either, old), no(either), 6)
    assert await status(either, new) == 200


async def test_classic_what_the_old_secret_earned_ends_with_the_overlap(classic: Programs) -> None:
    name, old = classic.fresh()
    classic.told("rotate", name, "--keep-old-for", "3s")
    await asyncio.sleep(LIMIT)
    cookie = set_cookies(await classic.get("any.localhost", headers=old.pair))["CF_Authorization"]
    assert int(cookie["max-age"]) <= 3

    async def with_cookie() -> int:
        header = {"cookie": f"CF_Authorization={cookie['value']}"}
        return (await classic.get("any.localhost", headers=header)).status_code

    assert await with_cookie() == 200
    await until(with_cookie, 403, 5)


async def test_g10_149_a_token_expires_to_the_second(either: Programs) -> None:
    _, credentials = either.fresh("--duration", "3s")
    assert await status(either, credentials) == 200
    await until(lambda: status(either, credentials), no(either), 5)


async def test_an_expired_token_is_good_again_after_a_refresh(strict: Programs) -> None:
    name, credentials = strict.fresh("--duration", "1s")
    await until(lambda: status(strict, credentials), 401, 3)
    strict.told("refresh", name)
    await until(lambda: status(strict, credentials), 200, LIMIT)


async def test_a_token_made_again_under_the_same_name_is_the_one_that_the_name_means(strict: Programs) -> None:
    old = strict.ci
    assert await status(strict, old, "robots.localhost") == 200
    strict.told("revoke", "ci")
    strict.ci = strict.create("ci")
    assert strict.ci.id != old.id
    await until(lambda: status(strict, strict.ci, "robots.localhost"), 200, 2)
    assert await status(strict, old, "robots.localhost") == 401


async def test_policies_that_change_reach_programs_at_their_next_request(strict: Programs) -> None:
    door = strict.house.door
    text = door.configuration.read_text()
    assert await status(strict, strict.stranger) == 200
    narrowed = text.replace("any_valid_service_token: {}", "service_token: {token_id: ci}")
    try:
        await door.reload(narrowed)
        await until(lambda: status(strict, strict.stranger), 403, LIMIT)
        assert await status(strict, strict.ci) == 200
    finally:
        await door.reload(text)
    await until(lambda: status(strict, strict.stranger), 200, LIMIT)
