"""One door for all tests here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import Cookie

import pytest
from tests.door.house import House, standing
from tests.door.visitor import Visitor
from tests.door_settings.place import CONFIGURATION, FILES, answer

OPENED = ("api.localhost", "everybody.localhost", "plain.localhost")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with standing(tmp_path_factory.mktemp("settings"), CONFIGURATION, files=FILES) as house:
        house.origin.reply = answer
        yield house


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """A browser that has been nowhere."""
    async with Visitor(house) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def alices_cookies(house: House) -> tuple[Cookie, ...]:
    async def sign_in() -> tuple[Cookie, ...]:
        async with Visitor(house) as visitor:
            pages = [await visitor.sign_in("shop.localhost"), *[await visitor.open(host) for host in OPENED]]
            assert [page.status_code for page in pages] == [200] * len(pages)
            return tuple(visitor.client.cookies.jar)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, sign_in()).result()


@pytest.fixture
async def alice(house: House, alices_cookies: tuple[Cookie, ...]) -> AsyncIterator[Visitor]:
    """A copy of the browser of somebody who is signed in at shop, api, everybody and plain."""
    async with Visitor(house) as visitor:
        for cookie in alices_cookies:
            visitor.client.cookies.jar.set_cookie(cookie)
        yield visitor
