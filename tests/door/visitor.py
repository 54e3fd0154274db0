"""Somebody at a browser: a cookie jar, links and forms, and the trail of answers that led somewhere."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from tests.door.house import TEAM, House
from tests.door.markup import Form, forms_of, links_of
from tests.door.running import browser

BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Test/1.0",
    "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "sec-fetch-mode": "navigate",
    "sec-fetch-site": "none",
    "sec-fetch-dest": "document",
}
_numbers = itertools.count()


def unseen_path() -> str:
    """A path that no other test asks for."""
    return f"/page/{next(_numbers)}"


class Visitor:
    """One browser. ``trail`` holds every answer it got, redirects included."""

    def __init__(
        self,
        house: House,
        *,
        headers: Mapping[str, str] = BROWSER,
        trust: ssl.SSLContext | None = None,
        http2: bool = False,
    ) -> None:
        self.house = house
        self.client = browser(verify=trust or False, http2=http2)
        self.client.headers = httpx.Headers(headers)
        self.trail: list[httpx.Response] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def ask(self, method: str, url: str, **rest: Any) -> httpx.Response:
        """One request, no redirect followed."""
        response = await self.client.request(method, url, **rest)
        self.trail.append(response)
        return response

    async def get(self, host: str, path: str = "/", **rest: Any) -> httpx.Response:
        return await self.ask("GET", self.house.url(host, path), **rest)

    async def head(self, host: str, path: str = "/", **rest: Any) -> httpx.Response:
        return await self.ask("HEAD", self.house.url(host, path), **rest)

    async def team(self, path: str, **rest: Any) -> httpx.Response:
        """``GET`` of an endpoint on the team domain."""
        return await self.get(TEAM, "/cdn-cgi/access" + path, **rest)

    async def follow(self, response: httpx.Response, *, until: str = "") -> httpx.Response:
        """Go where it leads, to the first page, or to the first redirect whose target holds ``until``."""
        for _ in range(20):  # as many as browsers follow
            target = location(response)
            if not target or (until and until in target):
                return response
            response = await self.ask("GET", target)
        raise AssertionError(f"too many redirects: {[str(one.url) for one in self.trail[-20:]]}")

    async def open(self, host: str, path: str = "/", *, until: str = "", **rest: Any) -> httpx.Response:
        """Type an address in: follow every redirect."""
        return await self.follow(await self.get(host, path, **rest), until=until)

    async def submit(
        self, page: httpx.Response, values: Mapping[str, str], *, form: int = 0, until: str = ""
    ) -> httpx.Response:
        """Fill in and send a form of the page."""
        chosen: Form = forms_of(page.text)[form]
        target = urljoin(str(page.url), chosen.action)
        same_site = {"origin": origin_of(str(page.url)), "sec-fetch-site": "same-origin"}
        response = await self.ask(chosen.method, target, data={**chosen.fields, **values}, headers=same_site)
        return await self.follow(response, until=until)

    async def choose_directory(self, page: httpx.Response) -> httpx.Response:
        """From the login page to the provider's form."""
        (link,) = [target for target in links_of(page.text) if "/cdn-cgi/access/start/" in target]
        return await self.follow(await self.ask("GET", urljoin(str(page.url), link)))

    async def sign_in(self, host: str, path: str = "/", *, who: str = "alice", until: str = "") -> httpx.Response:
        """The whole way, by the directory: where it ends."""
        page = await self.open(host, path)
        assert page.status_code == 200, page.text
        form = await self.choose_directory(page) if urlsplit(str(page.url)).hostname == TEAM else page
        return await self.submit(form, {"sub": who}, until=until)

    def cookie(self, host: str, name: str = "CF_Authorization", path: str = "") -> str:
        """The value in the jar; empty when there is none."""
        found = [
            cookie.value
            for cookie in self.client.cookies.jar
            if cookie.name == name and cookie.domain == host and (not path or cookie.path == path)
        ]
        assert len(found) <= 1, f"{name} of {host} is there {len(found)} times"
        return (found[0] or "") if found else ""


def location(response: httpx.Response) -> str:
    """The absolute address a response leads to at once, by a redirect or a refresh; empty for a page."""
    if response.is_redirect:
        return urljoin(str(response.url), response.headers["location"])
    _, _, target = response.headers.get("refresh", "").partition("url=")
    return urljoin(str(response.url), target) if target else ""


def query_of(url: str) -> dict[str, str]:
    """The parameters; one that is there twice fails the test."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values()), found
    return {name: values[0] for name, values in found.items()}


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def set_cookies(response: httpx.Response) -> dict[str, dict[str, str]]:
    """Cookie name to its attributes, lower case; ``value`` among them; attributes without a value are empty."""
    found: dict[str, dict[str, str]] = {}
    for header in response.headers.get_list("set-cookie"):
        pair, *attributes = [part.strip() for part in header.split(";")]
        name, _, value = pair.partition("=")
        assert name not in found, f"{name} is set twice"
        parsed = (attribute.partition("=") for attribute in attributes)
        found[name] = {"value": value} | {key.lower(): text for key, _, text in parsed}
    return found
