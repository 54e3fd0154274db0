"""Whole logins: the door's redirect, the login page, the provider and back, the token, the application."""

from __future__ import annotations

import asyncio
import html
import re
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import uvloop

from benchmarks.visitor import Answer, Visitor

TOKEN_COOKIE: Final = "CF_Authorization"
_START_LINK: Final = re.compile(rb'href="([^"]*/cdn-cgi/access/start/[^"]*)"')
_MOST_STEPS: Final = 12


class LoginFailedError(Exception):
    """A step of the chain answered something unexpected."""


@dataclass(frozen=True, slots=True)
class Logins:
    """What one round of logins came to."""

    count: int
    seconds: float
    requests: int
    """All requests of the visitors, those to the provider included."""


async def log_in(visitor: Visitor, url: str) -> int:
    """Open ``url`` and do what a browser and its owner do until the application answers. Requests it took.

    Raises:
        LoginFailedError: with the step that went wrong.
    """
    visitor.forget()
    steps = 0
    while steps < _MOST_STEPS:
        answer = await visitor.get(url)
        steps += 1
        if answer.status == 302:
            url = urljoin(url, answer.header("location"))
        elif (link := _START_LINK.search(answer.body)) is not None:
            url = urljoin(url, html.unescape(link[1].decode()))
        elif answer.status == 200:
            return steps
        else:
            raise LoginFailedError(_told(url, answer))
    raise LoginFailedError(f"{_MOST_STEPS} steps and still not there; the last was {url}")


async def token(url: str) -> str:
    """The application token of a fresh login."""
    visitor = Visitor()
    try:
        await log_in(visitor, url)
        return visitor.cookie(urlsplit(url).netloc, TOKEN_COOKIE)
    finally:
        visitor.close()


def storm(url: str, visitors: int, seconds: float) -> Logins:
    """``visitors`` at once, each logging in again and again as somebody new."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_storm(url, visitors, seconds))


async def _storm(url: str, visitors: int, seconds: float) -> Logins:
    began = time.monotonic()
    counts = await asyncio.gather(*(_again_and_again(url, began + seconds) for _ in range(visitors)))
    lasted = time.monotonic() - began
    return Logins(sum(count for count, _ in counts), lasted, sum(requests for _, requests in counts))


async def _again_and_again(url: str, until: float) -> tuple[int, int]:
    visitor, count, requests = Visitor(), 0, 0
    try:
        while time.monotonic() < until:
            requests += await log_in(visitor, url)
            count += 1
    finally:
        visitor.close()
    return count, requests


def _told(url: str, answer: Answer) -> str:
    text = re.sub(rb"<[^>]*>|\s+", b" ", answer.body).decode(errors="replace")
    return f"{url.partition('?')[0]} answered {answer.status}: {' '.join(text.split())[:300]}"
