"""A scripted OpenID provider: keys, tokens as we like them, and an HTTP transport that plays the server."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from doorward.organization import IdentityProvider
from doorward.providers.oidc.config import OidcConfig
from doorward.signin import LoginAttempt

ISSUER = "https://idp.test"
CLIENT = "our-client"
SECRET = "our secret: %+&"
NOW = 1_800_000_000
REDIRECT = "https://login.example.test/cdn-cgi/access/callback"
NONCE = "nonce-of-this-attempt"
VERIFIER = "v" * 43
CONFIG: dict[str, Any] = {
    "auth_url": f"{ISSUER}/authorize",
    "token_url": f"{ISSUER}/token",
    "certs_url": f"{ISSUER}/keys",
    "client_id": CLIENT,
    "client_secret": SECRET,
}
DISCOVERY: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def provider(**changes: Any) -> IdentityProvider:
    return IdentityProvider(id="idp-1", name="Example <Login>", type="oidc", config={**CONFIG, **changes})


def config(**changes: Any) -> OidcConfig:
    return OidcConfig.model_validate({**CONFIG, **changes})


def attempt(**changes: Any) -> LoginAttempt:
    values = {
        "state": "state-of-this-attempt",
        "idp_id": "idp-1",
        "destination": None,
        "browser_hash": "0" * 64,
        "nonce": NONCE,
        "code_verifier": VERIFIER,
        "created_at": NOW,
        "expires_at": NOW + 3600,
    }
    return LoginAttempt(**{**values, **changes})


def rsa_key(name: str = "one") -> RSAKey:
    """A private key; the same one for the same name."""
    return _rsa_key(name)


def ec_key(curve: str = "P-256") -> ECKey:
    """A private key; the same one for the same curve, whose name it has."""
    return _ec_key(curve)


@cache
def _rsa_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name})


@cache
def _ec_key(curve: str) -> ECKey:
    return ECKey.generate_key(curve, {"kid": curve})


def public(key: RSAKey | ECKey, **members: Any) -> dict[str, Any]:
    """The key as it stands in a key set; a member of value None is left out."""
    entry = {**key.as_dict(private=False), "use": "sig", **members}
    return {name: value for name, value in entry.items() if value is not None}


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims; a claim of value ``...`` is left out."""
    good = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "user-1",
        "iat": NOW,
        "exp": NOW + 300,
        "nonce": NONCE,
        "email": "alice@example.test",
        "groups": ["staff"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def sign(
    content: dict[str, Any] | bytes, key: Any = None, alg: str = "RS256", header: dict[str, Any] | None = None
) -> str:
    """A compact JWS over ``content``; header members of value None are left out."""
    key = key or rsa_key()
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    members = {"alg": alg, "kid": key.kid, **(header or {})}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact({k: v for k, v in members.items() if v is not None}, payload, key, registry=registry)


def segment(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def half_hash(text: str, name: str = "sha256") -> str:
    digest = hashlib.new(name, text.encode()).digest()
    return segment(digest[: len(digest) // 2])


Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


@dataclass
class Script:
    """Plays the provider: path to answer. Keeps what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def play(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.get(request.url.path, httpx.Response(404, json={"error": "not_found"}))
        played = answer(request) if callable(answer) else answer
        return httpx.Response(played.status_code, headers=played.headers, stream=httpx.ByteStream(played.content))

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.play)

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]

    def form(self, path: str = "/token") -> dict[str, str]:
        """The form that was last posted to ``path``."""
        request = [request for request in self.asked if request.url.path == path][-1]
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def script(token: str | None = None, **answers: Answer) -> Script:
    """A provider that issues ``token`` (a good one if None). ``answers`` replace: token, keys, userinfo, discovery."""
    paths = {
        "/token": httpx.Response(
            200, json={"access_token": "at", "token_type": "Bearer", "id_token": token or sign(claims())}
        ),
        "/keys": httpx.Response(200, json={"keys": [public(rsa_key())]}),
        "/.well-known/openid-configuration": httpx.Response(200, json=DISCOVERY),
    }
    names = {"discovery": "/.well-known/openid-configuration"}
    paths |= {names.get(name, f"/{name}"): answer for name, answer in answers.items()}
    return Script(paths)
