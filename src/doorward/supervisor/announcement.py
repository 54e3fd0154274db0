"""The one line on standard output that says the door is open."""

from __future__ import annotations

import json

from doorward.settings import Settings

_SHOWN = 5


def announcement(settings: Settings) -> str:
    """The team domain, the applications and the status address, as text or (``log.format: json``) as JSON object."""
    team = settings.public.origin(settings.organization.auth_domain)
    applications = _addresses(settings)
    status = f"http://{_authority(settings)}/readyz"
    if settings.log.format == "json":
        return json.dumps({"event": "ready", "team_domain": team, "applications": applications, "status": status})
    shown = ", ".join(applications[:_SHOWN]) or "none yet"
    more = f" and {len(applications) - _SHOWN} more" if len(applications) > _SHOWN else ""
    return f"Doorward is ready. Team domain: {team} · applications: {shown}{more} · status: {status}"


def _addresses(settings: Settings) -> list[str]:
    """The first address of each application."""
    written = [place for application in settings.applications for _where, place in application.places()[:1]]
    return [
        settings.public.origin(host) + slash + path for host, slash, path in (each.partition("/") for each in written)
    ]


def _authority(settings: Settings) -> str:
    address, port = settings.status.address, settings.status.port
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
