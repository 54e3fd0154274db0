"""The organization that the edge tests are about, and tokens good and bad."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from doorward.access.snapshot import Snapshot
from doorward.applications import Application, Applications
from doorward.organization import Ingress, Organization, OriginRequest, PublicAddress
from doorward.policy.model import Directory, Policy
from doorward.tokens.keys import KeyRing, SigningKey, issue

TEAM = "team.test"
EMAIL = "ann@example.com"
NONCE = "ab" * 32
ALLOW = Policy.model_validate(
    {"id": "p1", "name": "staff", "decision": "allow", "include": [{"email": {"email": EMAIL}}]}
)
EVERYONE = Policy.model_validate({"id": "p2", "name": "open", "decision": "bypass", "include": [{"everyone": {}}]})
OFFICE = Policy.model_validate(
    {"id": "p3", "name": "office", "decision": "allow", "include": [{"ip": {"ip": "192.0.2.0/24"}}]}
)


def aud(number: int) -> str:
    return f"{number:064x}"


def application(number: int, *domains: str, policies: tuple[Policy, ...] = (ALLOW,), **more: Any) -> Application:
    return Application(
        id=f"app-{number}", aud=aud(number), name=f"Application {number}", domain=domains[0],
        self_hosted_domains=domains, policies=policies, **more,
    )  # fmt: skip


WIKI, ADMIN, OPEN, WILD, EXACT, STRICT, LOST, SPLIT, H2, PUBLIC = range(1, 11)

APPLICATIONS = (
    application(WIKI, "wiki.test"),
    application(ADMIN, "wiki.test/admin"),
    application(PUBLIC, "wiki.test/public", policies=(EVERYONE,)),
    application(OPEN, "open.test", policies=(EVERYONE,)),
    application(WILD, "*.wild.test"),
    application(EXACT, "admin.wild.test/admin"),
    application(STRICT, "strict.test", policies=(OFFICE,)),
    application(LOST, "lost.test"),
    application(SPLIT, "split.test", "split.test/a*/z"),
    application(H2, "h2.test"),
)


@cache
def private_key(name: str = "ours") -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def signing_key(name: str = "ours", active_from: int = 0) -> SigningKey:
    return issue(private_key(name), TEAM, active_from)


def organization(**more: Any) -> Organization:
    values = {"session_duration": "24h", "public": PublicAddress(scheme="http", port=8080)} | more
    return Organization(id="0" * 32, name="Test", auth_domain=TEAM, **values)


ISSUER = organization().issuer


def snapshot(
    origin: int,
    *,
    h2_origin: int = 9,
    applications: tuple[Application, ...] = APPLICATIONS,
    revoked: Mapping[str, frozenset[str]] | None = None,
    ingress: tuple[Ingress, ...] | None = None,
    keys: tuple[SigningKey, ...] | None = None,
    **more: Any,
) -> Snapshot:
    """``origin`` and ``h2_origin`` are loopback ports."""
    service = f"http://127.0.0.1:{origin}"
    hosts = ("wiki.test", "open.test", "*.wild.test", "strict.test")
    default = (
        *(Ingress(hostname=host, service=service) for host in hosts),
        Ingress(
            hostname="split.test", path="/b", service=service, originRequest=OriginRequest(httpHostHeader="b.internal")
        ),
        Ingress(hostname="split.test", service=service),
        Ingress(
            hostname="h2.test", service=f"http://localhost:{h2_origin}", originRequest=OriginRequest(http2Origin=True)
        ),
    )
    return Snapshot(
        organization=organization(**more),
        applications=Applications.of(applications),
        identity_providers={},
        directory=Directory(),
        ingress=default if ingress is None else ingress,
        keys=KeyRing(keys or (signing_key(),)),
        revoked=revoked or {},
    )


def claims(number: int, now: int, **changes: Any) -> dict[str, Any]:
    """The payload of a good token; a change to None takes the claim out."""
    payload = {
        "type": "app", "aud": [aud(number)], "iss": ISSUER, "iat": now - 10, "nbf": now - 10, "exp": now + 3600,
        "sub": "6b6e2f7e-0000-4000-8000-000000000001", "email": EMAIL, "identity_nonce": "A" * 16, "country": "",
        "custom": {}, "nonce": NONCE,
    } | changes  # fmt: skip
    return {name: value for name, value in payload.items() if value is not None}


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(payload: Mapping[str, Any], *, key: str = "ours", **header: Any) -> str:
    """A token signed with RS256 whatever its header says."""
    head = {"alg": "RS256", "kid": signing_key("ours").kid, "typ": "JWT"} | header
    parts = ".".join(encode(json.dumps(part).encode()) for part in (head, dict(payload)))
    signature = private_key(key).sign(parts.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{parts}.{encode(signature)}"
