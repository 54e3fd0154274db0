"""A door whose policies ask elsewhere: reports, another service, another application, and groups at the provider."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import OctKey
from tests.door.house import CONFIGURATION, House, Kind, standing
from tests.door.running import browser
from tests.providers.evaluating import Service, evaluating
from tests.revocation.endless_origin import endless

SECRET = "0123456789abcdef" * 4
CHECKED, RISKY, FEED, ASKED = (f"{name}.localhost" for name in ("checked", "risky", "feed", "asked"))
CALLER, CALLED, AZURE, OTHER, GITHUB = (f"{name}.localhost" for name in ("caller", "called", "azure", "other", "hub"))
_numbers = itertools.count()

ANOTHER = """\
  - name: Another directory
    type: oidc
    config: {issuer: "http://127.0.0.1:{directory}", client_id: doorward, client_secret: any secret will do}
"""
SOURCES = """\
report_sources:
  - {name: fleet, device_posture: [disk], user_risk_score: true, secret: file:fleet.secret}
"""


def kinds(service: Service) -> tuple[Kind, ...]:
    staff = "include: [{group: {id: Staff}}]"
    disk = "{device_posture: {integration_uid: disk}}"
    urls = f"evaluate_url: '{service.value.evaluate_url}', keys_url: '{service.value.keys_url}'"
    return (
        Kind(CHECKED, (f"policies: [{{name: Checked devices, decision: allow, {staff}, require: [{disk}]}}]",)),
        Kind(FEED, (f"policies: [{{name: Feed, decision: allow, {staff}, require: [{disk}]}}]",)),
        Kind(RISKY, (
            "policies: [{name: Not the risky, decision: deny, include: [{user_risk_score: {user_risk_score: [high]}}]}, Staff]",
        )),
        Kind(ASKED, (f"policies: [{{name: Known there, decision: allow, {staff}, require: [{{external_evaluation: {{{urls}}}}}]}}]",)),
        Kind(CALLER, ("policies: [Staff]",)),
        Kind(CALLED, (
            f"policies: [{{name: Called, decision: non_identity, include: [{{linked_app_token: {{app_uid: {CALLER}}}}}]}}]",
        )),
        Kind(AZURE, ("policies: [{name: A, decision: allow, include: [{azureAD: {id: engineering, identity_provider_id: Directory}}]}]",)),
        Kind(OTHER, ("policies: [{name: O, decision: allow, include: [{okta: {name: engineering, identity_provider_id: Another directory}}]}]",)),
        Kind(GITHUB, ("policies: [{name: G, decision: allow, include: [{github-organization: {name: Staff, identity_provider_id: Directory}}]}]",)),
    )  # fmt: skip


@contextmanager
def elsewhere(folder: Path) -> Iterator[tuple[House, Service]]:
    with _serving() as service, endless() as port:
        text = CONFIGURATION.replace("{LISTEN}", "{address: 127.0.0.1, http: {door}}")
        text = text.replace(
            "  - {hostname: stream",
            f'  - {{hostname: {FEED}, service: "http://127.0.0.1:{port}"}}\n  - {{hostname: stream',
            1,
        )
        text = text.replace("  - {name: Email code", f"{ANOTHER}  - {{name: Email code", 1)
        applications = "\n".join(f"{kind.to_yaml()}\n    allowed_idps: [Directory]" for kind in kinds(service))
        text = text.replace("applications:\n", "") + SOURCES + "applications:\n" + applications + "\n"
        with standing(folder, text, files={"fleet.secret": SECRET.encode()}) as house:
            yield house, service


@contextmanager
def _serving() -> Iterator[Service]:
    """The service in a thread of its own: it outlives the event loops of single tests."""
    ready, done = threading.Event(), threading.Event()
    kept: list[Service] = []

    async def serve() -> None:
        async with evaluating() as service:
            kept.append(service)
            ready.set()
            while not done.is_set():
                service.now = int(time.time())
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    try:
        yield kept[0]
    finally:
        done.set()
        thread.join(30)


def delivery(house: House, *reports: dict[str, Any], **changes: Any) -> str:
    """Signed by the fleet."""
    now = int(time.time())
    claims = {
        "iss": "fleet", "aud": house.issuer, "type": "report", "iat": now, "exp": now + 60,
        "jti": f"{now}-{next(_numbers)}", "reports": list(reports), **changes,
    }  # fmt: skip
    return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims).encode(), OctKey.import_key(SECRET.encode()))


async def deliver(house: House, *reports: dict[str, Any], **changes: Any) -> Any:
    """Send it; the answer."""
    async with browser() as client:
        return await client.post(house.team("/reports"), json={"token": delivery(house, *reports, **changes)})


def posture(who: str, *, passed: bool) -> dict[str, Any]:
    until = int(time.time()) + 600
    return {
        "user": f"{who}@example.test",
        "device_posture": {"integration_uid": "disk"},
        "passed": passed,
        "until": until,
    }


def score(who: str, level: str) -> dict[str, Any]:
    return {"user": f"{who}@example.test", "user_risk_score": level, "until": int(time.time()) + 600}
