"""An OpenID provider for the benchmark: everybody who comes is signed in at once, as the next of many people.

It keeps nothing. A code carries what the token has to say, so any request can be answered at any time. Run as
``python -m benchmarks.provider PORT``; a process of its own, because signing takes time that is not the door's.
"""

from __future__ import annotations

import base64
import itertools
import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID: Final = "benchmark"
CLIENT_SECRET: Final = "not-a-secret"
DOMAIN: Final = "example.test"
_PEOPLE: Final = 1000


class Provider:
    """The ASGI application."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._key = RSAKey.generate_key(2048, {"kid": "benchmark", "use": "sig", "alg": "RS256"})
        self._people = itertools.cycle(range(_PEOPLE))

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        match scope["path"]:
            case "/.well-known/openid-configuration":
                status, headers, body = _document(self._discovery())
            case "/keys":
                status, headers, body = _document(dict(KeySet([self._key]).as_dict(private=False)))
            case "/authorize":
                status, headers, body = self._authorize(scope["query_string"].decode())
            case "/token":
                status, headers, body = self._token(await _body(receive))
            case _:
                status, headers, body = 404, [], b""
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self._issuer,
            "authorization_endpoint": f"{self._issuer}/authorize",
            "token_endpoint": f"{self._issuer}/token",
            "jwks_uri": f"{self._issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def _authorize(self, query: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        known = {"nonce": asked.get("nonce", ""), "person": next(self._people), "client": asked["client_id"]}
        code = base64.urlsafe_b64encode(json.dumps(known).encode()).decode()
        location = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return 302, [(b"location", location.encode())], b""

    def _token(self, form: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        code = parse_qs(form)["code"][0]
        known, now = json.loads(base64.urlsafe_b64decode(code)), int(time.time())
        person = f"person-{known['person']:04}"
        claims = {
            "iss": self._issuer,
            "sub": person,
            "aud": known["client"],
            "iat": now,
            "exp": now + 3600,
            "email": f"{person}@{DOMAIN}",
            "email_verified": True,
            "name": person.replace("-", " ").title(),
        } | ({"nonce": known["nonce"]} if known["nonce"] else {})
        token = jwt.encode({"alg": "RS256", "kid": "benchmark"}, claims, self._key)
        return _document({"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": token})


def _document(content: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return 200, [(b"content-type", b"application/json")], json.dumps(content).encode()


async def _body(receive: Any) -> str:
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body", False)
    return body.decode()


def main() -> None:
    """Serve on the loopback port that is named."""
    port = int(sys.argv[1])
    uvicorn.run(
        Provider(f"http://127.0.0.1:{port}"),
        host="127.0.0.1",
        port=port,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=3600,
    )


if __name__ == "__main__":
    main()
