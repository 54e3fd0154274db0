"""A visitor's browser at a provider's login forms, without JavaScript: links, forms, cookies, redirects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx


@dataclass
class Form:
    """One HTML form: where it goes and what stands in its fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif tag == "input" and self.found and given.get("name"):
            self.found[-1].fields[given["name"]] = given.get("value", "")


class Browser:
    """Keeps cookies, follows redirects, and stops where ``redirect_uri`` begins: nothing of ours is asked."""

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri = redirect_uri
        self._client = httpx.Client(trust_env=False, timeout=20, transport=_Loopback())
        self._page: httpx.Response | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def open(self, url: str) -> dict[str, str] | None:
        """Go there. The parameters of the callback if that is where it ends; None if there is a page."""
        return self._follow(self._client.get(url))

    def submit(self, values: Mapping[str, str] | None = None, form: int = 0) -> dict[str, str] | None:
        """Fill in and send the form on the page."""
        if self._page is None:
            raise RuntimeError("no page is open")
        parser = _Forms()
        parser.feed(self._page.text)
        chosen = parser.found[form]
        target = urljoin(str(self._page.url), chosen.action)
        data = {**chosen.fields, **(values or {})}
        return self._follow(self._client.request(chosen.method, target, data=data))

    @property
    def text(self) -> str:
        """The page's source."""
        return self._page.text if self._page else ""

    def _follow(self, response: httpx.Response) -> dict[str, str] | None:
        while response.is_redirect:
            target = urljoin(str(response.url), response.headers["location"])
            if target.startswith(self._redirect_uri):
                return dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
            response = self._client.get(target)
        response.raise_for_status()
        self._page = response
        return None


class _Loopback(httpx.HTTPTransport):
    """Names under .localhost are this machine, whatever its resolver knows."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".localhost"):
            local = request.url.copy_with(host="127.0.0.1")
            request = httpx.Request(request.method, local, headers=request.headers, stream=request.stream)
        return super().handle_request(request)
