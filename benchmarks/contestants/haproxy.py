"""HAProxy: as a plain proxy, and checking the door's own tokens with ``jwt_verify``."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.contestants.contestant import Contestant, World, ask, prove
from benchmarks.contestants.door import TEAM, Door
from benchmarks.contestants.nginx import BODY, SEEN
from benchmarks.logins import TOKEN_COOKIE
from benchmarks.packages import need
from benchmarks.processes import Running, free_port, listens

_BASE: Final = """
global
    nbthread 1
    maxconn 8192
defaults
    mode http
    timeout connect 10s
    timeout client 300s
    timeout server 300s
    timeout http-keep-alive 300s
    http-reuse always
frontend application
    bind 127.0.0.1:{port}
    default_backend origin
{rules}
backend origin
    server origin 127.0.0.1:{origin}
"""
_SIGNATURE: Final = """
    http-request set-var(txn.token) req.cook({cookie})
    http-request deny unless {{ var(txn.token),jwt_header_query('$.alg') -m str RS256 }}
    http-request deny unless {{ var(txn.token),jwt_verify("RS256","{key}") 1 }}
    http-request set-var(txn.now) date()
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
    http-request deny if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request deny unless {{ var(txn.token),jwt_payload_query('$.aud[0]') -m str {aud} }}
"""
_REST: Final = """
    http-request deny unless {{ var(txn.token),jwt_payload_query('$.iss') -m str {issuer} }}
    http-request deny unless {{ var(txn.token),jwt_payload_query('$.type') -m str app }}
    http-request set-header cf-access-jwt-assertion %[var(txn.token)]
    http-request set-header cf-access-authenticated-user-email %[var(txn.token),jwt_payload_query('$.email')]
"""


def bare(world: World) -> Contestant:
    """Forwards everything."""
    port, running = _start(world, "haproxy-bare", "")
    contestant = Contestant(
        "haproxy", "HAProxy, proxy only", "forwards, checks nothing", port, {"HAProxy": running.pid}
    )
    return prove(contestant, 200, body=BODY)


def jwt_verify(world: World, door: Door) -> Contestant:
    """The least that can be called a check."""
    port, running = _start(world, "haproxy-jwt", _rules(world, door, _SIGNATURE))
    contestant = Contestant(
        "haproxy-jwt",
        "HAProxy jwt_verify",
        "checks algorithm, signature, exp and aud[0] of the same token in the cookie; the origin gets no identity headers",
        port,
        {"HAProxy": running.pid},
        headers=_cookie(door),
    )
    return prove(contestant, 200, without=403, body=BODY)


def same_job(world: World, door: Door) -> Contestant:
    """As near to the door's work as its configuration language comes."""
    port, running = _start(world, "haproxy-same-job", _rules(world, door, _SIGNATURE + _REST))
    contestant = Contestant(
        "haproxy-job",
        "HAProxy jwt_verify, headers set",
        "the same, and iss and type; token and e-mail as headers to the origin. No key set, no revocation, no login",
        port,
        {"HAProxy": running.pid},
        headers=_cookie(door),
    )
    status, seen = ask(port, SEEN, contestant.sent)
    if status != 200 or not seen.startswith(f"{door.token} "):
        raise RuntimeError(f"HAProxy did not give the token to the origin: {status} {seen[:200]}")
    return prove(contestant, 200, without=403, body=BODY)


def _start(world: World, name: str, rules: str) -> tuple[int, Running]:
    program, port = need("haproxy"), free_port()
    file = world.stage.folder / f"{name}.cfg"
    file.write_text(_BASE.format(port=port, origin=world.origin, rules=rules), encoding="ascii")
    running = world.stage.start(name, [program, "-db", "-q", "-f", file])
    running.wait(lambda: listens(port))
    return port, running


def _rules(world: World, door: Door, rules: str) -> str:
    return rules.format(
        cookie=TOKEN_COOKIE, key=_public_key(world, door), aud=_claims(door.token)["aud"][0], issuer=door.issuer
    )


def _public_key(world: World, door: Door) -> Path:
    """The door's current signing key, as HAProxy reads it: PEM, without the certificate around it."""
    status, pem = ask(door.port, "/cdn-cgi/access/public-cert", (("Host", f"{TEAM}:{door.port}"),))
    if status != 200:
        raise RuntimeError(f"the door gave no certificate: {status}")
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    file = world.stage.folder / "door.pem"
    file.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


def _cookie(door: Door) -> tuple[tuple[str, str], ...]:
    return (("Cookie", f"{TOKEN_COOKIE}={door.token}"),)


def _claims(token: str) -> dict[str, list[str]]:
    """What the token says, unverified: we have it from the door itself."""
    part = token.split(".")[1]
    claims: dict[str, list[str]] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
