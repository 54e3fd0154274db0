"""A door for programs: applications that service tokens may enter, and some that they may not.

Every application lives on ``<name>.localhost`` and leads to the same recording origin.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass
from typing import Any

import httpx
from tests.door.house import CONFIGURATION, House, Kind
from tests.door.running import browser

OWN_ID = "88bf3b6d86161464f6509f7219099e57.access"
"""Of the token whose credentials are in the configuration file."""
OWN_SECRET = "d" * 64

SERVICE_TOKENS = """\
service_tokens:
  - {name: ci}
  - {name: stranger}
  - name: declared
    duration: forever
    client_id: 88bf3b6d86161464f6509f7219099e57.access
    client_secret: file:declared.secret
"""
CI = "{name: CI, decision: non_identity, include: [{service_token: {token_id: ci}}]}"
ANY = "{name: Any program, decision: non_identity, include: [{any_valid_service_token: {}}]}"
DECLARED = "{name: Declared, decision: non_identity, include: [{service_token: {token_id: declared}}]}"

KINDS = (
    Kind("robots.localhost", (f"policies: [{CI}]",)),
    Kind("robots401.localhost", (f"policies: [{CI}]", "service_auth_401_redirect: true")),
    Kind("any.localhost", (f"policies: [{ANY}]", "session_duration: 1h")),
    Kind("mixed.localhost", (f"policies: [{CI}, Staff]",)),
    Kind("people.localhost", ("policies: [Staff]",)),
    Kind("wrongly.localhost", ("policies: [{name: CI, decision: allow, include: [{service_token: {token_id: ci}}]}]",)),
    Kind("open.localhost", ("policies: [Everybody may look]",)),
    Kind("one.localhost", (f"policies: [{CI}, Staff]", "read_service_tokens_from_header: Authorization")),
    Kind("own.localhost", (f"policies: [{DECLARED}]", "read_service_tokens_from_header: X-Service-Token")),
    Kind("bound.localhost", (f"policies: [{CI}]", "enable_binding_cookie: true")),
    Kind("elsewhere.localhost", (
        f"policies: [{CI}]", "custom_non_identity_deny_url: https://denied.example/", "custom_deny_url: https://denied.example/",
    )),
)  # fmt: skip


def configuration(*, strict: bool) -> str:
    """The text of doorward.yaml, its ports still to be filled in."""
    said = "session_duration: 24h\n"
    assert CONFIGURATION.count("  " + said) == 1
    text = CONFIGURATION.replace("{LISTEN}", "{address: 127.0.0.1, http: {door}}")
    text = text.replace(said, f"{said}  strict_service_token_auth: {str(strict).lower()}\n")
    applications = "\n".join(kind.to_yaml() for kind in KINDS)
    return text.replace("applications:\n", "") + SERVICE_TOKENS + "applications:\n" + applications + "\n"


@dataclass(frozen=True)
class Credentials:
    """What a program has."""

    id: str
    client_id: str
    client_secret: str

    @property
    def pair(self) -> dict[str, str]:
        return {"CF-Access-Client-Id": self.client_id, "CF-Access-Client-Secret": self.client_secret}

    @property
    def one(self) -> str:
        """Both in one header."""
        return json.dumps({"cf-access-client-id": self.client_id, "cf-access-client-secret": self.client_secret})

    def but(self, **changes: str) -> Credentials:
        return Credentials(
            **({"id": self.id, "client_id": self.client_id, "client_secret": self.client_secret} | changes)
        )


OWN = Credentials("", OWN_ID, OWN_SECRET)


@dataclass
class Programs:
    """The door, the credentials of ``ci`` and of ``stranger`` (valid, and named in no policy)."""

    house: House
    ci: Credentials
    stranger: Credentials

    async def get(self, host: str, path: str = "/", **rest: Any) -> httpx.Response:
        """One request of a program: no cookies are kept."""
        return await self.ask("GET", host, path, **rest)

    async def ask(self, method: str, host: str, path: str = "/", **rest: Any) -> httpx.Response:
        async with browser() as client:
            return await client.request(method, self.house.url(host, path), **rest)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.house.door.run("tokens", *arguments)

    def told(self, *arguments: str) -> Any:
        """The JSON of a command that succeeds."""
        outcome = self.command(*arguments, "--json")
        assert outcome.returncode == 0, outcome.stderr
        return json.loads(outcome.stdout)

    def create(self, name: str, *arguments: str) -> Credentials:
        made = self.told("create", name, *arguments)
        return Credentials(made["id"], made["client_id"], made["client_secret"])

    def fresh(self, *arguments: str) -> tuple[str, Credentials]:
        """A token of a name nobody has."""
        name = f"program {secrets.token_hex(4)}"
        return name, self.create(name, *arguments)


def programs(house: House) -> Programs:
    found = Programs(house, OWN, OWN)
    found.ci, found.stranger = found.create("ci"), found.create("stranger")
    return found
