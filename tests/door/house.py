"""The door that most of these tests share: one process, many applications, each with a setting of its own.

Every application lives on ``<name>.localhost`` and leads to the same recording origin. Staff are the people with an
address at ``example.test``. The address 127.0.0.1 is in the Netherlands, as far as the GeoIP database here knows, and
nobody who asks comes from 203.0.113.0/24.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.counterparties.oidc_provider_mock import oidc_provider_mock
from tests.counterparties.provider import Provider
from tests.door.grpc_echo import echo
from tests.door.mailbox import Mailbox, mailbox
from tests.door.people import PEOPLE
from tests.door.running import Door, start, stop
from tests.door.threaded_origin import threaded_origin
from tests.edge.recording_origin import Recorded, RecordingServer
from tests.test_geo import mmdb

from doorward.settings import load
from doorward.store import Cipher, Store

TEAM = "login.localhost"
STAFF = "policies: [Staff]"

CONFIGURATION = """
organization:
  name: Example Company
  auth_domain: login.localhost
  session_duration: 24h
listen: {LISTEN}
status: {address: 127.0.0.1, port: {status}}
store: sqlite:state/doorward.db
geoip: country.mmdb
log: {format: json, level: debug}
mail: {host: 127.0.0.1, port: {smtp}, security: none, sender: Example Company <door@example.test>}
ingress:
  - {hostname: stream.localhost, service: "http://127.0.0.1:{grpc}", originRequest: {http2Origin: true}}
  - {hostname: "*.localhost", service: "http://127.0.0.1:{origin}"}
identity_providers:
  - name: Directory
    type: oidc
    config:
      issuer: http://127.0.0.1:{directory}
      client_id: doorward
      client_secret: any secret will do
      scopes: [openid, email, profile]
      claims: [groups, department]
  - {name: Email code, type: onetimepin}
groups:
  - name: Staff
    include: [{email_domain: {domain: example.test}}]
policies:
  - {name: Staff, decision: allow, include: [{group: {id: Staff}}]}
  - {name: Everybody may look, decision: bypass, include: [{everyone: {}}]}
  - {name: Programs from elsewhere, decision: non_identity, include: [{ip: {ip: 203.0.113.0/24}}]}
  - {name: Programs from here, decision: non_identity, include: [{ip: {ip: 127.0.0.0/8}}]}
applications:
"""


@dataclass(frozen=True)
class Kind:
    """One application: where, and the lines of its settings."""

    domain: str
    settings: tuple[str, ...]

    @property
    def aud(self) -> str:
        return aud(self.domain)

    def to_yaml(self) -> str:
        lines = (f"- name: {self.domain!r}", f"  domain: {self.domain!r}", f"  aud: {self.aud}")
        return "\n".join(f"  {line}" for line in (*lines, *(f"  {setting}" for setting in self.settings)))


def aud(domain: str) -> str:
    """The audience tag that the configuration gives to the application of this domain."""
    return hashlib.sha256(domain.encode()).hexdigest()


APPLICATIONS = (
    Kind("wiki.localhost", (STAFF, "session_duration: 8h")),
    Kind("wiki.localhost/public", ("policies: [Everybody may look]",)),
    Kind("notes.localhost", (STAFF,)),
    Kind("payroll.localhost", (
        "custom_deny_message: Payroll is for the people of the payroll team.",
        "policies: [{name: Payroll team only, decision: allow, include: [{email: {email: paula@example.test}}]}]",
    )),
    Kind("elsewhere.localhost", (
        "custom_deny_url: https://denied.example/who?team=a",
        "policies: [{name: Only Paula, decision: allow, include: [{email: {email: paula@example.test}}]}]",
    )),
    Kind("away.localhost", (
        "policies: [{name: From elsewhere, decision: allow, include: [{everyone: {}}], require: [{ip: {ip: 203.0.113.0/24}}]}]",
    )),
    Kind("awayurl.localhost", (
        "custom_non_identity_deny_url: https://denied.example/where",
        "policies: [{name: From elsewhere, decision: allow, include: [{everyone: {}}], require: [{ip: {ip: 203.0.113.0/24}}]}]",
    )),
    Kind("abroad.localhost", (
        "policies: [{name: Germans, decision: allow, include: [{everyone: {}}], require: [{geo: {country_code: DE}}]}]",
    )),
    Kind("dutch.localhost", (
        "policies: [{name: Dutch, decision: allow, include: [{group: {id: Staff}}], require: [{geo: {country_code: NL}}]}]",
    )),
    Kind("here.localhost", (
        "policies: [{name: From here, decision: allow, include: [{group: {id: Staff}}], require: [{ip: {ip: 127.0.0.0/8}}]}]",
    )),
    Kind("blocked.localhost", (
        "policies: [{name: Not Bob, decision: deny, include: [{email: {email: bob@example.test}}]}, Staff]",
    )),
    Kind("closed.localhost", ("policies: []",)),
    Kind("robots.localhost", ("policies: [Programs from elsewhere]",)),
    Kind("*.robots.localhost", ("policies: [Programs from elsewhere]",)),
    Kind("robots401.localhost", ("policies: [Programs from elsewhere]", "service_auth_401_redirect: true")),
    Kind("sensor.localhost", ("policies: [Programs from here]", "session_duration: 1h")),
    Kind("mixed.localhost", ("policies: [Programs from elsewhere, Staff]",)),
    Kind("api.localhost", (
        STAFF,
        "cors_headers:",
        "  allowed_origins: ['http://wiki.localhost:{door}']",
        "  allowed_methods: [GET, POST]",
        "  allowed_headers: [content-type, x-requested-with]",
        "  allow_credentials: true",
        "  max_age: 600",
    )),
    Kind("anyorigin.localhost", (
        STAFF, "cors_headers: {allow_all_origins: true, allow_all_methods: true, allow_all_headers: true}",
    )),
    Kind("options.localhost", (STAFF, "options_preflight_bypass: true")),
    Kind("*.wild.localhost", (STAFF,)),
    Kind("paths.localhost", (STAFF, "path_cookie_attribute: true")),
    Kind("paths.localhost/alpha", (STAFF, "path_cookie_attribute: true")),
    Kind("paths.localhost/beta", (STAFF, "path_cookie_attribute: true")),
    Kind("pin.localhost", (STAFF, "allowed_idps: [Email code]")),
    Kind("straight.localhost", (STAFF, "allowed_idps: [Directory]", "auto_redirect_to_identity: true")),
    Kind("bound.localhost", (STAFF, "enable_binding_cookie: true")),
    Kind("strict.localhost", (STAFF, "same_site_cookie_attribute: strict")),
    Kind("lax.localhost", (STAFF, "same_site_cookie_attribute: lax")),
    Kind("script.localhost", (STAFF, "http_only_cookie_attribute: false")),
    Kind("moment.localhost", (STAFF, "session_duration: 0s")),
    Kind("brief.localhost", (
        "session_duration: 8h",
        "policies: [{name: For half an hour, decision: allow, include: [{group: {id: Staff}}], session_duration: 30m}]",
    )),
    Kind("whole.localhost", (STAFF, "session_duration: null")),
    Kind("stream.localhost", (STAFF,)),
)  # fmt: skip


@dataclass
class House:
    """The door and everything around it."""

    door: Door
    origin: RecordingServer
    mailbox: Mailbox
    provider: Provider

    def url(self, host: str, path: str = "/") -> str:
        return self.door.url(host, path)

    @property
    def issuer(self) -> str:
        return self.door.url(TEAM, "")

    @contextlib.asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The door's own database, from outside."""
        settings = load(self.door.configuration, {})
        store = await Store.open(settings.store_url, Cipher.load(settings.secret_key_file, {}))
        try:
            yield store
        finally:
            await store.close()

    def team(self, path: str) -> str:
        """An endpoint of the team domain."""
        return self.door.url(TEAM, "/cdn-cgi/access" + path)

    def at_origin(self, target: str) -> Recorded:
        """The one request with this target that reached the origin."""
        (found,) = self.all_at_origin(target)
        return found

    def all_at_origin(self, target: str) -> list[Recorded]:
        return [request for request in list(self.origin.requests) if request.target == target]

    def reached(self, target: str) -> bool:
        return bool(self.all_at_origin(target))


def configuration(listen: str = "{address: 127.0.0.1, http: {door}}", kinds: tuple[Kind, ...] = APPLICATIONS) -> str:
    """The text of doorward.yaml, its ports still to be filled in."""
    applications = "\n".join(kind.to_yaml() for kind in kinds)
    return CONFIGURATION.replace("{LISTEN}", listen) + applications + "\n"


@contextlib.contextmanager
def standing(
    folder: Path, text: str, *, scheme: str = "http", files: Mapping[str, bytes] | None = None
) -> Iterator[House]:
    """A house with this configuration, until the block ends. Nothing secret may be in its log then."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "country.mmdb").write_bytes(mmdb(("127.0.0.0/8", {"country": {"iso_code": "NL"}})))
    for name, content in (files or {}).items():
        (folder / name).write_bytes(content)
    with oidc_provider_mock(PEOPLE) as provider, threaded_origin() as origin, mailbox() as mails, echo() as grpc_port:
        directory = int(provider.issuer.rpartition(":")[2])
        ports = {"origin": origin.port, "smtp": mails.port, "directory": directory, "grpc": grpc_port}
        door = start(folder, text, ports, scheme=scheme)
        try:
            door.wait_until_ready()
            yield House(door, origin, mails, provider)
        finally:
            stop(door)
    log = door.log.read_text(errors="replace")
    assert "eyJ" not in log, "a token stands in the log"
    assert "Traceback" not in log, log[-4000:]
