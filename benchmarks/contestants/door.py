"""Doorward as ``doorward serve`` runs it, one Envoy worker, one application, two identity providers to choose from."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import logins
from benchmarks.contestants.contestant import Contestant, World, ask, prove
from benchmarks.contestants.nginx import BODY, SEEN
from benchmarks.machine import Memory, cpu_seconds, memory, tree
from benchmarks.processes import Running, free_port
from benchmarks.provider import CLIENT_ID, CLIENT_SECRET, DOMAIN

APPLICATION: Final = "app.localhost"
TEAM: Final = "login.localhost"
_SETTLE: Final = 2.0
"""Seconds between ready and the look at memory."""


@dataclass(frozen=True, slots=True)
class Door:
    """A running door and what was seen while it started."""

    port: int
    parts: dict[str, int]
    """Process ids: supervisor, control plane, Envoy."""
    token: str
    """Application token of a real login."""
    ready_seconds: float
    """From the command to 200 at ``/readyz``."""
    control_cpu_at_ready: float
    """CPU seconds of the control plane until then."""
    at_rest: dict[str, Memory]
    """By part, before the first request."""

    @property
    def url(self) -> str:
        return f"http://{APPLICATION}:{self.port}/"

    @property
    def issuer(self) -> str:
        return f"http://{TEAM}:{self.port}"

    def memory(self) -> dict[str, Memory]:
        """By part, now."""
        return {name: memory(pid) for name, pid in self.parts.items()}


def open_door(world: World) -> Door:
    """Start it and sign somebody in."""
    folder, port, status = world.stage.folder / "door", free_port(), free_port()
    folder.mkdir()
    file = folder / "doorward.yaml"
    file.write_text(configuration(world, port, status), encoding="utf-8")
    began = time.monotonic()
    running = world.stage.start("doorward", [sys.executable, "-m", "doorward", "serve", "--config", file])
    running.wait(lambda: _ready(status))
    ready = time.monotonic() - began
    parts = _parts(running)
    used = cpu_seconds([parts["control plane"]])
    time.sleep(_SETTLE)
    at_rest = {name: memory(pid) for name, pid in parts.items()}
    token = asyncio.run(logins.token(f"http://{APPLICATION}:{port}/"))
    return Door(port, parts, token, ready, used, at_rest)


def signed_in(door: Door) -> Contestant:
    """A request of somebody who is signed in."""
    contestant = Contestant(
        "door",
        "Doorward, valid token",
        "checks signature, issuer, expiry, audience, type, age and revocation of the token in the cookie; refuses what is "
        "ambiguous; gives token and e-mail to the origin",
        door.port,
        door.parts,
        f"{APPLICATION}:{door.port}",
        (("Cookie", f"{logins.TOKEN_COOKIE}={door.token}"),),
    )
    status, seen = ask(door.port, SEEN, contestant.sent)
    if status != 200 or seen.partition(" ")[0] != door.token or not seen.endswith(f"@{DOMAIN}"):
        raise RuntimeError(f"the origin did not get the token and the e-mail address: {status} {seen[:200]}")
    return prove(contestant, 200, without=302, body=BODY)


def anonymous(door: Door) -> Contestant:
    """A request of somebody who is not: the way to the login page."""
    contestant = Contestant(
        "login",
        "Doorward, redirect to login",
        "no token: the control plane decides and answers with a 302 that carries a signed proof",
        door.port,
        door.parts,
        f"{APPLICATION}:{door.port}",
    )
    return prove(contestant, 302)


def configuration(world: World, port: int, status: int) -> str:
    """The file ``doorward.yaml``."""
    providers = "".join(
        f"""
  - name: {name}
    type: oidc
    config: {{issuer: "http://127.0.0.1:{world.provider}", client_id: {CLIENT_ID}, client_secret: {CLIENT_SECRET}}}"""
        for name in ("Staff directory", "Partner directory")
    )
    return f"""
organization: {{name: Benchmark, auth_domain: {TEAM}, session_duration: 24h}}
listen: {{address: 127.0.0.1, http: {port}, workers: 1}}
public: {{scheme: http, port: {port}}}
status: {{address: 127.0.0.1, port: {status}}}
store: sqlite:doorward.db
ingress:
  - {{hostname: {APPLICATION}, service: "http://127.0.0.1:{world.origin}"}}
identity_providers:{providers}
applications:
  - name: Application
    type: self_hosted
    domain: {APPLICATION}
    policies:
      - {{name: Staff, decision: allow, include: [{{email_domain: {{domain: {DOMAIN}}}}}]}}
"""


def _ready(status: int) -> bool:
    try:
        return ask(status, "/readyz")[0] == 200
    except OSError:
        return False


def _parts(running: Running) -> dict[str, int]:
    found = {"supervisor": running.pid}
    for pid in tree(running.pid)[1:]:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        found["control plane" if b"control" in words else "Envoy"] = pid
    if found.keys() != {"supervisor", "control plane", "Envoy"}:
        raise RuntimeError(f"expected a supervisor with two children, found {found}")
    return found
