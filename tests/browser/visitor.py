"""One person's browser: a Chromium context of its own, and an ear for everything it complains about."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route
from tests.browser.place import METRICS, PAYROLL, TEAM, WIKI, Place

OURS = frozenset({TEAM, WIKI, METRICS, PAYROLL})
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")


class Visitor:
    """Opens pages. At the end nothing may have been complained about but the statuses in ``expected``.

    Complaints are what the console says (broken policies of our pages among them), errors of scripts, and requests to
    anywhere but this machine. Pages of the identity provider may complain: they are not ours.
    """

    def __init__(self, browser: Browser, place: Place, **options: Any) -> None:
        self._browser = browser
        self._options = options
        self.place = place
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        self.watched = OURS
        self.context: BrowserContext

    async def __aenter__(self) -> Self:
        self.context = await self._browser.new_context(
            ignore_https_errors=self.place.door.scheme == "https", **self._options
        )
        self.context.set_default_timeout(20_000)
        await self.context.route(re.compile(r".*"), self._only_here)
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.context.close()
        if kind is None:
            assert not self.complaints, self.complaints

    async def page(self) -> Page:
        """A new tab."""
        return await self.context.new_page()

    async def open(self, host: str, path: str = "/") -> Page:
        """A new tab, and an address typed into it."""
        page = await self.page()
        await page.goto(self.place.url(host, path))
        return page

    async def sign_in(self, host: str = WIKI, path: str = "/", who: str = "alice") -> Page:
        """The whole way through the directory, in a new tab."""
        page = await self.open(host, path)
        await by_directory(page, who)
        return page

    async def cookies(self) -> dict[tuple[str, str], Any]:
        """All of them by host and name."""
        return {(cookie["domain"], cookie["name"]): cookie for cookie in await self.context.cookies()}

    async def _only_here(self, route: Route, request: Request) -> None:
        host = urlsplit(request.url).hostname or ""
        if host == "127.0.0.1" or host.endswith(".localhost"):
            await route.continue_()
            return
        if urlsplit(request.frame.url).hostname in self.watched:
            self.complaints.append(f"{request.frame.url} wants {request.url}")
        await route.abort()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"} or message.page is None:
            return
        where = message.location.get("url") or message.page.url
        if urlsplit(where).hostname not in self.watched:
            return
        status = _STATUS.match(message.text)
        if status is None or int(status.group(1)) not in self.expected:
            self.complaints.append(f"{message.type} at {where}: {message.text}")


async def by_directory(page: Page, who: str = "alice") -> None:
    """From the login page through the directory's form."""
    await page.get_by_role("link", name="Directory").click()
    await page.get_by_placeholder("sub").fill(who)
    await page.get_by_role("button", name="Authorize").click()
    await page.wait_for_load_state()


async def ask_for_code(page: Page, email: str) -> None:
    """On the login page: have a code mailed."""
    await page.get_by_label("Your e-mail address").fill(email)
    await page.get_by_role("button", name="Send me a code").click()
    await page.get_by_label("Code", exact=True).wait_for()
    await page.wait_for_load_state()


async def type_code(page: Page, code: str) -> None:
    await page.get_by_label("Code", exact=True).fill(code)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_load_state()


def at(page: Page) -> str:
    """Host and everything after it, without the port."""
    parts = urlsplit(page.url)
    rest = parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    return f"{parts.hostname}{rest}"


async def arrived(page: Page, host: str, target: str = "/", email: str = "alice@example.test") -> None:
    """The application is there, asked for with this target, and knows who came."""
    await page.wait_for_url(re.compile(rf"https?://{re.escape(host)}:\d+/(?!cdn-cgi/).*"))
    seen = [await page.locator(part).inner_text() for part in ("h1", "#email", "#target")]
    assert seen == [host, email, target], seen
