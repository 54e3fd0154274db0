"""A provider is tried out against a server on this machine: every step, good and bad."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from tests.connection import ended
from tests.providers.scripted import NOW, REDIRECT
from tests.providers.vendors.local import vendor

from doorward.organization import IdentityProvider
from doorward.providers import outbound_client
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.outbound import Reply
from doorward.providers.trial import Outcome, algorithms, certificate_step, client_step, trial

TENANT = "3f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10"
CODE_REFUSED = {"error": "invalid_grant"}


@pytest.fixture
async def local():
    async with vendor() as running:
        running.speaks_openid("", email="alice@example.test")
        running.on("/token", CODE_REFUSED, 400)
        yield running


async def steps(idp_type, config, server=None):
    idp = IdentityProvider(id="idp-1", name="Example", type=idp_type, config=config)
    async with outbound_client() as http:
        tried = await trial(http, idp, REDIRECT, NOW, server)
    return [(step.name, step.outcome) for step in tried], tried


def oidc(local, **changes):
    return {"issuer": local.url, "client_id": "client", "client_secret": "s"} | changes


async def test_a_provider_that_knows_us_is_good_all_along(local):
    found, _ = await steps("oidc", oidc(local))
    assert found == [
        ("discovery document", Outcome.GOOD),
        ("signatures", Outcome.UNCLEAR),
        ("key set", Outcome.GOOD),
        ("client", Outcome.GOOD),
    ]
    assert local.forms[-1]["redirect_uri"] == REDIRECT


async def test_the_first_step_that_fails_is_named_with_what_to_do(local):
    local.on("/.well-known/openid-configuration", {"issuer": "https://other.test"})
    found, tried = await steps("oidc", oidc(local))
    assert found == [("configuration", Outcome.BAD)]
    assert "other.test" in tried[0].found
    local.on("/.well-known/openid-configuration", {}, 404)
    found, tried = await steps("oidc", oidc(local))
    assert found == [("discovery document", Outcome.BAD)]
    assert "openid-configuration" in tried[0].advice
    found, _ = await steps("oidc", oidc(local, issuer="http://127.0.0.1:1"))
    assert found == [("discovery document", Outcome.BAD)]


async def test_keys_that_cannot_be_used_are_a_failure(local):
    local.on("/keys", {"keys": []})
    assert (await steps("oidc", oidc(local)))[0][-1] == ("key set", Outcome.BAD)
    local.on("/keys", {}, 403)
    assert (await steps("oidc", oidc(local)))[0][-1] == ("key set", Outcome.BAD)


async def test_a_wrong_secret_is_told_apart_from_a_wrong_code(local):
    local.on("/token", {"error": "invalid_client"}, 401)
    found, tried = await steps("oidc", oidc(local))
    assert found[-1] == ("client", Outcome.BAD)
    assert "client_secret" in tried[-1].advice


async def test_without_discovery_the_written_addresses_are_tried(local):
    written = {"auth_url": f"{local.url}/a", "token_url": f"{local.url}/token", "certs_url": f"{local.url}/keys"}
    found, _ = await steps("oidc", {"client_id": "client", "client_secret": "s", **written})
    assert found == [("key set", Outcome.GOOD), ("client", Outcome.GOOD)]


async def test_a_vendor_of_openid_and_one_of_oauth(local):
    local.speaks_openid(f"/{TENANT}/v2.0", email="a@example.test")
    local.on("/token", CODE_REFUSED, 400)
    config = {"client_id": "client", "client_secret": "s", "base_url": local.url}
    found, _ = await steps("azureAD", {**config, "directory_id": TENANT})
    assert found[-1] == ("client", Outcome.GOOD)
    local.on("/login/oauth/access_token", {"error": "incorrect_client_credentials"})
    assert (await steps("github", config))[0] == [("client", Outcome.BAD)]
    local.on("/login/oauth/access_token", {"error": "bad_verification_code"})
    assert (await steps("github", config))[0] == [("client", Outcome.GOOD)]


@pytest.mark.parametrize(
    ("idp_type", "config"), [("azureAD", {"directory_id": "common"}), ("oidc", {}), ("github", {}), ("saml", {})]
)
async def test_a_broken_configuration_is_one_step(local, idp_type, config):
    given = {"client_id": "client", "client_secret": "s", **config} if config else {}
    found, _ = await steps(idp_type, given)
    assert found == [("configuration", Outcome.BAD)]
    assert local.asked == []


@pytest.mark.parametrize(
    ("status", "document", "outcome"),
    [
        (400, {"error": "invalid_grant"}, Outcome.GOOD),
        (401, {"error": "invalid_client"}, Outcome.BAD),
        (400, {"error": "redirect_uri_mismatch"}, Outcome.BAD),
        (400, {"error": {"code": 100}}, Outcome.GOOD),
        (400, {"error": {"code": 101}}, Outcome.BAD),
        (400, {"error": "invalid_request"}, Outcome.UNCLEAR),
        (200, {"access_token": "for a code that does not exist"}, Outcome.UNCLEAR),
        (404, {}, Outcome.UNCLEAR),
    ],
)
def test_what_the_complaint_says_about_the_client(status, document, outcome):
    assert client_step(Reply(status, document), REDIRECT).outcome is outcome


def test_a_provider_that_signs_otherwise_fails():
    config = OidcConfig(issuer="https://idp.test", client_id="c", client_secret="s")
    assert algorithms({"id_token_signing_alg_values_supported": ["HS256", "RS256"]}, config).outcome is Outcome.GOOD
    assert algorithms({"id_token_signing_alg_values_supported": ["HS256"]}, config).outcome is Outcome.BAD
    assert algorithms({}, config).outcome is Outcome.UNCLEAR


def test_a_certificate_that_is_over_or_nearly_is_remarked_upon():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    year = timedelta(days=365)
    assert certificate_step(1, now - year, now + year, now).outcome is Outcome.GOOD
    assert certificate_step(1, now - year, now + timedelta(days=29), now).outcome is Outcome.UNCLEAR
    assert certificate_step(1, now - year, now, now).outcome is Outcome.UNCLEAR
    assert certificate_step(1, now + year, now + 2 * year, now).outcome is Outcome.UNCLEAR


@pytest.mark.parametrize(("days", "outcome"), [(365, Outcome.GOOD), (-1, Outcome.BAD)])
async def test_a_saml_provider_needs_one_certificate_that_counts(local, days, outcome):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.test")])
    now = datetime.fromtimestamp(NOW, UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    built = built.not_valid_before(now - timedelta(days=30)).not_valid_after(now + timedelta(days=days))
    pem = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    local.on("/sso", {"answers": True})
    found, _ = await steps(
        "saml", {"issuer_url": "idp", "sso_target_url": f"{local.url}/sso", "idp_public_certs": [pem]}
    )
    assert found[-1] == ("sign-in address", Outcome.GOOD)
    assert (("certificates", Outcome.BAD) in found) == (outcome is Outcome.BAD)


async def test_codes_by_mail_need_a_server():
    found, _ = await steps("onetimepin", {})
    assert found == [("mail server", Outcome.BAD)]


async def test_a_mail_server_is_reached_and_gets_nothing():
    greeted = []

    async def speak(reader, writer):
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            greeted.append(line.split()[0].upper())
            writer.write(b"221 bye\r\n" if greeted[-1] == b"QUIT" else b"250 ok\r\n")
            if greeted[-1] == b"QUIT":
                break
        await ended(writer)

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found, tried = await steps("onetimepin", {}, Server(port))
    assert found == [("mail server", Outcome.GOOD)], tried
    assert greeted == [b"QUIT"]
    found, _ = await steps("onetimepin", {}, Server(port))
    assert found == [("mail server", Outcome.BAD)]


@dataclass(frozen=True)
class Server:
    port: int
    host: str = "127.0.0.1"
    username: str = ""
    password: SecretStr | None = None
    security: str = "none"
    sender: str = "login@example.test"
