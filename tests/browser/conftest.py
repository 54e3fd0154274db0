"""One Chromium and one door for all tests here. Every test has a browser context, that is, cookies, of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.browser.place import Place, standing
from tests.browser.visitor import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Without a Chromium these tests fail; ``scripts/test`` leaves them out and says so."""
    found = os.environ.get("DOORWARD_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(
            "there is no Chromium: run scripts/test, which installs one or says what it leaves out", pytrace=False
        )
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    # Its own sandbox needs a user other than root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with standing(tmp_path_factory.mktemp("place")) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(chromium: Browser, place: Place) -> AsyncIterator[Visitor]:
    """Somebody who has never been here, at a desk."""
    async with Visitor(chromium, place) as visitor:
        yield visitor
