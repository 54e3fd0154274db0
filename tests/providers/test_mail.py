"""Mail handed to a real SMTP server (aiosmtpd) on loopback."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from tests.providers.test_pin_mail import organization

from doorward.errors import MailError
from doorward.providers import mail


@dataclass(frozen=True)
class Server:
    port: int
    host: str = "127.0.0.1"
    username: str = ""
    password: SecretStr | None = None
    security: str = "none"
    sender: str = "Example login <login@example.test>"


@dataclass
class Mailbox:
    """Keeps what arrives; ``refuse`` is what it says to a recipient."""

    refuse: str = ""
    arrived: list = field(default_factory=list)
    encrypted: list = field(default_factory=list)
    logins: list = field(default_factory=list)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd names it
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd names it
        self.arrived.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, login):
        self.logins.append(login)
        return AuthResult(success=login.password == b"right", handled=False)


@asynccontextmanager
async def smtp(mailbox, *, tls=None, from_the_start=False, **options):
    def protocol():
        return SMTP(mailbox, hostname="mail.test", tls_context=None if from_the_start else tls, **options)

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=tls if from_the_start else None
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    """OpenSSL reads this variable itself: how an operator trusts a mail server of their own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def message(email="alice@example.test"):
    return mail.pin_message(organization(), email, "123456", "https://login.example.test/", "Wiki")


async def test_a_mail_arrives_complete():
    mailbox = Mailbox()
    async with smtp(mailbox) as port:
        await mail.send(Server(port), message())
    envelope = mailbox.arrived[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("login@example.test", ["alice@example.test"])
    assert b"From: Example login <login@example.test>\r\n" in envelope.content
    assert b"To: alice@example.test\r\n" in envelope.content
    assert b"\r\nDate: " in envelope.content
    assert b"@example.test>\r\n" in envelope.content.partition(b"Message-ID: ")[2]
    assert envelope.content.count(b"123456") == 2


async def test_a_host_under_localhost_needs_no_resolver():
    mailbox = Mailbox()
    async with smtp(mailbox) as port:
        await mail.send(Server(port, host="mail.localhost", sender="login@example.test"), message())
    assert len(mailbox.arrived) == 1


async def test_starttls_encrypts(tls, trusted):
    mailbox = Mailbox()
    async with smtp(mailbox, tls=tls, require_starttls=True) as port:
        await mail.send(Server(port, security="starttls"), message())
    assert mailbox.encrypted == [True]


async def test_tls_encrypts_from_the_first_byte(tls, trusted):
    mailbox = Mailbox()
    async with smtp(mailbox, tls=tls, from_the_start=True) as port:
        await mail.send(Server(port, security="tls"), message())
    assert len(mailbox.arrived) == 1


@pytest.mark.filterwarnings("ignore:.*SSL.*")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(tls, security):
    mailbox = Mailbox()
    async with smtp(mailbox, tls=tls, from_the_start=security == "tls") as port:
        with pytest.raises(MailError, match=r"mail\.security"):
            await mail.send(Server(port, security=security), message())
    assert mailbox.arrived == []


async def test_starttls_never_goes_on_in_the_clear():
    mailbox = Mailbox()
    async with smtp(mailbox) as port:
        with pytest.raises(MailError, match="cannot encrypt"):
            await mail.send(Server(port, security="starttls"), message())
    assert mailbox.arrived == []


async def test_a_password_is_sent_when_there_is_one(tls, trusted):
    mailbox = Mailbox()
    async with smtp(mailbox, tls=tls, authenticator=mailbox.authenticate, auth_required=True) as port:
        server = Server(port, username="us", password=SecretStr("right"), security="starttls")
        await mail.send(server, message())
    assert len(mailbox.arrived) == 1


async def test_a_wrong_password_is_told_without_saying_it(tls, trusted):
    mailbox = Mailbox()
    async with smtp(mailbox, tls=tls, authenticator=mailbox.authenticate, auth_required=True) as port:
        with pytest.raises(MailError, match=r"mail\.username and mail\.password") as refused:
            await mail.send(Server(port, username="us", password=SecretStr("wrong"), security="starttls"), message())
    assert mailbox.logins
    assert "wrong" not in str(refused.value)
    assert mailbox.arrived == []


async def test_a_password_is_never_sent_in_the_clear_to_another_machine():
    server = Server(25, host="mail.example.test", username="us", password=SecretStr("hush"))
    with pytest.raises(MailError, match="in the clear"):
        await mail.send(server, message())


@pytest.mark.parametrize("answer", ["550 No such user", "450 Greylisted, try later", "421 Closing"])
async def test_a_server_that_refuses_is_told_without_the_recipient(answer):
    async with smtp(Mailbox(refuse=answer)) as port:
        with pytest.raises(MailError, match=r"The mail server 127\.0\.0\.1:") as refused:
            await mail.send(Server(port), message())
    assert "alice" not in str(refused.value)


async def test_a_server_that_is_down_is_told():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(MailError, match=r"cannot be reached.*mail\.host"):
            await mail.send(Server(reserved.getsockname()[1]), message())


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"554 go away\r\n", b"220 hi\r\n"])
async def test_what_is_no_mail_server_is_told(says, monkeypatch):
    monkeypatch.setattr(mail, "TIMEOUT", 1.0)
    writers = []

    async def speak(_, writer):
        writers.append(writer)
        writer.write(says)
        await writer.drain()
        if says != b"220 hi\r\n":  # that one greets and then says nothing more
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    with pytest.raises(MailError, match="The mail server"):
        await mail.send(Server(server.sockets[0].getsockname()[1]), message())
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c", "x\r\nBcc: evil@example.test"])
async def test_a_sender_that_is_no_address_is_told(sender):
    with pytest.raises(MailError, match=r"mail\.sender"):
        await mail.send(Server(25, sender=sender), message())
