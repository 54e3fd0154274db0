"""One door for all tests here that do not change it; tests that do have one of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import Cookie

import pytest
from tests.door.house import House, configuration, standing
from tests.door.visitor import Visitor

from doorward.tokens.keys import SigningKey


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with standing(tmp_path_factory.mktemp("house"), configuration()) as house:
        yield house


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """A browser that has been nowhere."""
    async with Visitor(house) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def alices_cookies(house: House) -> tuple[Cookie, ...]:
    """What Alice's browser holds after she signed in at the wiki and opened two more applications."""

    async def sign_in() -> tuple[Cookie, ...]:
        async with Visitor(house) as visitor:
            pages = [await visitor.sign_in("wiki.localhost")]
            pages += [await visitor.open(host) for host in ("notes.localhost", "here.localhost")]
            assert [page.status_code for page in pages] == [200] * 3
            return tuple(visitor.client.cookies.jar)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, sign_in()).result()


@pytest.fixture
async def alice(house: House, alices_cookies: tuple[Cookie, ...]) -> AsyncIterator[Visitor]:
    """A copy of Alice's browser, signed in at wiki, notes and here. Others hold copies: do not sign out in it.

    A session may sign in to one application so many times an hour; what many tests need is opened here, once.
    """
    async with Visitor(house) as visitor:
        for cookie in alices_cookies:
            visitor.client.cookies.jar.set_cookie(cookie)
        yield visitor


@pytest.fixture
async def signing_key(house: House) -> SigningKey:
    """The key that the door signs with at present."""
    async with house.store() as store:
        return (await store.signing_keys.ring()).current(int(time.time()))
