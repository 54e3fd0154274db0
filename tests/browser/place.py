"""The door that the browser stands before: three applications, two or three ways to sign in, real mail."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.counterparties.oidc_provider import oidc_provider, why_not
from tests.counterparties.oidc_provider_mock import oidc_provider_mock
from tests.door.mailbox import Mailbox, mailbox
from tests.door.people import PEOPLE
from tests.door.running import Door, free_ports, start, stop
from tests.door.threaded_origin import threaded_origin
from tests.edge.recording_origin import Recorded, RecordingServer, Reply

TEAM = "login.localhost"
WIKI = "wiki.localhost"
METRICS = "metrics.localhost"
PAYROLL = "payroll.localhost"

HTTP = "{address: 127.0.0.1, http: {door}}"
HTTPS = "{address: 127.0.0.1, https: {door}, tls: local}"

CERTIFIED = """
  - name: Certified
    type: oidc
    config:
      issuer: http://127.0.0.1:{certified}
      client_id: doorward
      client_secret: "a secret with spaces, : and % in it"
      scopes: [openid, email, profile, groups]
"""

CONFIGURATION = """
organization:
  name: Example Company
  auth_domain: login.localhost
listen: {LISTEN}
status: {address: 127.0.0.1, port: {status}}
store: sqlite:state/doorward.db
log: {format: json, level: debug}
mail: {host: 127.0.0.1, port: {smtp}, security: none, sender: Example Company <door@example.test>}
ingress:
  - {hostname: "*.localhost", service: "http://127.0.0.1:{origin}"}
identity_providers:
  - name: Directory
    type: oidc
    config:
      issuer: http://127.0.0.1:{directory}
      client_id: doorward
      client_secret: any secret will do
      scopes: [openid, email, profile]
{CERTIFIED}
  - {name: Email code, type: onetimepin}
applications:
  - name: Wiki
    domain: wiki.localhost
    policies: [{name: Staff, decision: allow, include: [{email_domain: {domain: example.test}}]}]
  - name: Metrics
    domain: metrics.localhost
    policies: [{name: Staff, decision: allow, include: [{email_domain: {domain: example.test}}]}]
  - name: Payroll
    domain: payroll.localhost
    custom_deny_message: Payroll is for the people of the payroll team.
    policies: [{name: Payroll team only, decision: allow, include: [{email: {email: paula@example.test}}]}]
"""


@dataclass
class Place:
    """The door and what stands around it."""

    door: Door
    origin: RecordingServer
    mailbox: Mailbox

    def url(self, host: str, path: str = "/") -> str:
        return self.door.url(host, path)

    def team(self, path: str) -> str:
        """An endpoint of the team domain."""
        return self.door.url(TEAM, "/cdn-cgi/access" + path)


def page_of_origin(request: Recorded) -> Reply:
    """What every application answers: its host, who came, and which address they asked for."""
    host = (request.get("host") or "").partition(":")[0]
    email = request.get("cf-access-authenticated-user-email") or ""
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{host}</title><link rel="icon" href="data:,">'
        f'<h1>{host}</h1><p id="email">{email}</p><p id="target">{request.target.replace("&", "&amp;")}</p></html>'
    )
    return Reply(headers=[("content-type", "text/html; charset=utf-8")], body=body.encode())


@contextlib.contextmanager
def standing(folder: Path, *, secure: bool = False) -> Iterator[Place]:
    """All of it until the block ends. npm's provider is among the ways to sign in where node is installed."""
    with contextlib.ExitStack() as stack:
        door_port, certified_port = free_ports(2)
        scheme = "https" if secure else "http"
        directory = stack.enter_context(oidc_provider_mock(PEOPLE))
        if why_not() is None:
            callback = f"{scheme}://{TEAM}:{door_port}/cdn-cgi/access/callback"
            stack.enter_context(oidc_provider([callback], accounts=PEOPLE, port=certified_port))
        origin = stack.enter_context(threaded_origin())
        origin.reply = page_of_origin
        mails = stack.enter_context(mailbox())
        ports = {"directory": int(directory.issuer.rpartition(":")[2]), "origin": origin.port, "smtp": mails.port}
        text = CONFIGURATION.replace("{LISTEN}", (HTTPS if secure else HTTP).replace("{door}", str(door_port)))
        text = text.replace(
            "{CERTIFIED}", CERTIFIED.replace("{certified}", str(certified_port)) if not why_not() else ""
        )
        door = start(folder, text, ports, scheme=scheme)
        door.port = door_port
        stack.callback(stop, door)
        door.wait_until_ready()
        yield Place(door, origin, mails)
