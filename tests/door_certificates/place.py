"""A door for devices: applications that client certificates may enter, and some that they may not."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from tests.client_certificates.authority import Authority, Client
from tests.door.house import House, Kind, configuration, standing
from tests.door.running import browser
from tests.door.visitor import BROWSER, Visitor

LISTEN = "{address: 127.0.0.1, https: {door}, tls: local, http3: true}"
ANY = "{name: Devices, decision: non_identity, include: [{certificate: {}}]}"
ROBOT = "{name: Robot, decision: non_identity, include: [{common_name: {common_name: robot-7}}]}"
KINDS = (
    Kind("devices.localhost", (f"policies: [{ANY}]", "session_duration: 1h")),
    Kind("listed.localhost", (f"policies: [{ANY}]",)),
    Kind("robot.localhost", (f"policies: [{ROBOT}]", "service_auth_401_redirect: true")),
    Kind("required.localhost", (
        "policies: [{name: On a device, decision: allow, include: [{group: {id: Staff}}], require: [{certificate: {}}]}]",
    )),
    Kind("mixed.localhost", (f"policies: [{ANY}, Staff]",)),
    Kind("unless.localhost", (
        "policies: [{name: No devices, decision: deny, include: [{certificate: {}}]}, Staff]",
    )),
    Kind("others.localhost", (f"policies: [{ANY}]",)),
    Kind("shown.localhost", ("policies: [Everybody may look]",)),
    Kind("seen.localhost", (f"policies: [{ANY}]",)),
    Kind("bare.localhost", (f"policies: [{ANY}]",)),
    Kind("*.fleet.localhost", (f"policies: [{ANY}]",)),
    Kind("tokens.localhost", (
        "policies: [{name: Both, decision: non_identity, include: [{any_valid_service_token: {}}], require: [{certificate: {}}]}]",
    )),
)  # fmt: skip
FIRST = (
    "devices.localhost", "robot.localhost", "required.localhost", "mixed.localhost", "unless.localhost",
    "shown.localhost", "seen.localhost", "one.fleet.localhost", "tokens.localhost",
)  # fmt: skip
CERTIFICATES = f"""\
service_tokens: [{{name: ci}}]
mtls_certificates:
  - name: Devices
    certificate: devices.pem
    associated_hostnames: [{", ".join(FIRST)}]
  - name: Listed
    certificate: [listed.pem]
    crl: listed.crl
    associated_hostnames: [listed.localhost]
  - name: Others
    certificate: others.pem
    associated_hostnames: [others.localhost]
mtls_settings:
  - {{hostname: shown.localhost, client_certificate_forwarding: true}}
  - {{hostname: seen.localhost, client_certificate_forwarding: true, china_network: false}}
  - {{hostname: devices.localhost, client_certificate_forwarding: false}}
"""
DEVICES, LISTED, OTHERS = (Authority.make(name) for name in ("Devices", "Listed", "Others"))
LOST = LISTED.issue("lost")


def text(listen: str = LISTEN) -> str:
    """Of doorward.yaml, its ports still to be filled in."""
    return configuration(listen, KINDS).replace("applications:\n", CERTIFICATES + "applications:\n", 1)


@contextmanager
def devices_door(folder: Path) -> Iterator[House]:
    files = {f"{name}.pem": one.pem for name, one in (("devices", DEVICES), ("listed", LISTED), ("others", OTHERS))}
    with standing(folder, text(), scheme="https", files=files | {"listed.crl": LISTED.revoking(LOST)}) as house:
        yield house


class Device(Visitor):
    """A browser or a program on a device, with its certificate or without; each request has a connection of its own.

    The client here reuses connections to one address whatever the host, as no browser would after a 421.
    """

    def __init__(self, house: House, client: Client | None = None, *, program: bool = False, reuse: int = 0) -> None:
        super().__init__(house, headers={} if program else BROWSER)
        (authority,) = house.door.folder.rglob("ca.crt")
        tls = ssl.create_default_context(cafile=str(authority))
        if client is not None:
            tls.load_cert_chain(*client.write(house.door.folder))
        self.client = browser(verify=tls, limits=httpx.Limits(max_keepalive_connections=reuse))
        self.client.headers = httpx.Headers({} if program else BROWSER)
