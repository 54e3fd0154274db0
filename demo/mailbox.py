"""An SMTP server that keeps what it gets, and a page that shows it. Nothing is ever delivered anywhere."""

from __future__ import annotations

import html
import re
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

from demo.style import page

KEPT: Final = 50


@dataclass(frozen=True, slots=True)
class Mail:
    recipients: tuple[str, ...]
    subject: str
    text: str


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
        self.mails.appendleft(Mail(tuple(envelope.rcpt_tos), str(message["Subject"] or ""), text))
        return "250 kept"

    def application(self) -> Starlette:
        """The inbox page."""

        async def inbox(_request: Request) -> HTMLResponse:
            cards = "".join(_card(mail) for mail in self.mails) or (
                "<p class=muted>No mail yet. Choose “Email code” at the door and give an address at example.test.</p>"
            )
            return HTMLResponse(page("Inbox", f"<h1>Inbox</h1>{cards}", refresh=3))

        return Starlette(routes=[Route("/", inbox)])


def _card(mail: Mail) -> str:
    body = re.sub(r"\b(\d{6})\b", r"<strong class=code>\1</strong>", html.escape(mail.text))
    body = re.sub(r"(https?://[^\s<]+)", r'<a href="\1">\1</a>', body)
    return (
        f"<article><header><b>{html.escape(mail.subject)}</b><span class=muted>"
        f"{html.escape(', '.join(mail.recipients))}</span></header><pre>{body}</pre></article>"
    )


@asynccontextmanager
async def smtp(mailbox: Mailbox, port: int) -> AsyncIterator[None]:
    """Listen for mail on loopback while the block runs."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    await anyio.to_thread.run_sync(controller.start)
    try:
        yield
    finally:
        await anyio.to_thread.run_sync(controller.stop)
