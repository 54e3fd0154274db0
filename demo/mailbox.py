"""An SMTP server that keeps what it gets, and a page that shows it. Nothing is ever delivered anywhere."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final

import anyio
from aiosmtpd.controller import Controller
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from demo.pages import HEADERS, page

KEPT: Final = 50
_CODE: Final = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
_LINK: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Mail:
    recipients: tuple[str, ...]
    subject: str
    text: str
    time: str
    """By the clock on the wall."""

    @property
    def code(self) -> str:
        """The six digits; empty when there are none."""
        found = _CODE.search(self.text)
        return found.group(1) if found else ""

    @property
    def link(self) -> str:
        """The first address in it; empty when there is none."""
        found = _LINK.search(self.text)
        return found.group() if found else ""


class Mailbox:
    """The last mails, newest first."""

    def __init__(self) -> None:
        self.mails: deque[Mail] = deque(maxlen=KEPT)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's name
        """Keep one mail; aiosmtpd calls this."""
        message = message_from_bytes(envelope.content, policy=default)
        if not isinstance(message, EmailMessage):
            return "500 not a mail"
        part = message.get_body(preferencelist=("plain",))
        text = part.get_content() if part is not None else ""
        subject = str(message["Subject"] or "")
        self.mails.appendleft(Mail(tuple(envelope.rcpt_tos), subject, text, time.strftime("%H:%M:%S")))
        return "250 kept"

    def application(self) -> Starlette:
        """The inbox page."""

        async def inbox(_request: Request) -> HTMLResponse:
            return HTMLResponse(page("inbox.html", kind="inbox", mails=list(self.mails)), headers=HEADERS)

        return Starlette(routes=[Route("/", inbox)])


@asynccontextmanager
async def smtp(mailbox: Mailbox, port: int) -> AsyncIterator[None]:
    """Listen for mail on loopback while the block runs."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    await anyio.to_thread.run_sync(controller.start)
    try:
        yield
    finally:
        await anyio.to_thread.run_sync(controller.stop)
