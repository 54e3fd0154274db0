"""A real SMTP server that keeps what it gets."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from tests.door.running import eventually, free_ports


@dataclass
class Mailbox:
    """``mails`` in the order they came."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]

    async def code_for(self, address: str, number: int = 1) -> str:
        """The six digits of the ``number``-th mail to this address."""
        await eventually(lambda: len(self.to(address)) >= number)
        found = re.search(r"\b\d{6}\b", text_of(self.to(address)[number - 1]))
        assert found is not None
        return found.group()


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    (port,) = free_ports(1)
    kept = Mailbox(port)
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
