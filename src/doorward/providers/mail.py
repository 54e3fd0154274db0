"""Hands mail to an SMTP server (RFC 5321), encrypted as configured: never less."""

from __future__ import annotations

import asyncio
import socket
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any, Final, Literal, Protocol

import aiosmtplib
from pydantic import SecretStr

from doorward.errors import MailError
from doorward.providers.pin_mail import mailbox, pin_message
from doorward.providers.web_address import is_loopback

__all__ = ["TIMEOUT", "MailServer", "pin_message", "send"]

TIMEOUT: Final = 10.0
"""Seconds for the whole hand-over."""


class MailServer(Protocol):
    """Where mail goes. ``settings`` has the concrete type."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> SecretStr | None: ...
    @property
    def security(self) -> Literal["none", "starttls", "tls"]:
        """``starttls`` gives up if the server cannot; it never goes on in the clear."""

    @property
    def sender(self) -> str:
        """``login@example.com`` or ``Example <login@example.com>``."""


async def reach(server: MailServer) -> None:
    """Connect, encrypt and sign in as :func:`send` does, and hand nothing over.

    Raises:
        MailError: it is not possible; the sentence says why and what the operator can do.
    """
    _not_in_the_clear(server)
    try:
        async with asyncio.timeout(TIMEOUT), aiosmtplib.SMTP(**_manner(server)):
            pass
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:  # TimeoutError is an OSError
        raise MailError(_sentence(server, error)) from error


async def send(server: MailServer, message: EmailMessage) -> None:
    """Give ``message`` to ``server``. Sets From, Date and Message-ID. Certificates are checked.

    Raises:
        MailError: not handed over; the sentence says why and what the operator can do. It names no recipient.
    """
    _not_in_the_clear(server)
    _complete(message, server.sender)
    try:
        async with asyncio.timeout(TIMEOUT):
            await aiosmtplib.send(message, **_manner(server))
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:  # TimeoutError is an OSError
        raise MailError(_sentence(server, error)) from error


def _not_in_the_clear(server: MailServer) -> None:
    if server.username and server.security == "none" and not is_loopback(server.host):
        raise MailError(
            f"The mail server {server.host} wants a password and mail.security is none: it would be sent in the clear. "
            "Set mail.security to starttls or tls."
        )


def _manner(server: MailServer) -> dict[str, Any]:
    """How to speak to the server: arguments of the library."""
    return {
        "hostname": "127.0.0.1" if server.host.endswith(".localhost") else server.host,
        "port": server.port,
        "username": server.username or None,
        "password": server.password.get_secret_value() if server.username and server.password else None,
        "use_tls": server.security == "tls",
        "start_tls": server.security == "starttls",
        "local_hostname": socket.gethostname() or "localhost",  # the default asks the resolver and blocks
        "timeout": TIMEOUT,
    }


def _complete(message: EmailMessage, sender: str) -> None:
    name, address = parseaddr(sender)
    try:
        message["From"] = mailbox(name, address if sender.isprintable() else "")
    except ValueError as error:
        raise MailError(
            f"mail.sender {sender!r} is not an address. Write login@example.com or Example <login@example.com>."
        ) from error
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])


def _sentence(server: MailServer, error: Exception) -> str:
    place = f"The mail server {server.host}:{server.port}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"{place} does not accept mail.username and mail.password (status {error.code}). Correct them."
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPSenderRefused):
        kind = "recipient" if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else "sender"
        return f"{place} refused the {kind}. Check mail.sender and what this server may relay."
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{place} refused the mail with status {error.code}. Its own log says why."
    return (
        f"{place} cannot be reached, broke off, or cannot encrypt as mail.security {server.security} demands "
        f"({type(error).__name__}). Check mail.host, mail.port and mail.security, and that the server is up."
    )
