"""Is this address behind the door? ``/.well-known/cloudflare-access-protected-resource[/path]`` (access.md 1.8)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from doorward.login.address import ApplicationHost
from doorward.login.answers import application_url, json_answer
from doorward.login.problems import not_found
from doorward.login.visit import Visit

WELL_KNOWN: Final = "/.well-known/cloudflare-access-protected-resource"


def protected_resource(visit: Visit, path: str) -> Response:
    """200 with the team domain that lets people in when an application covers the path, else 404."""
    host = visit.asked.host
    resource = "/" + path
    covered = isinstance(visit.asked, ApplicationHost) and visit.snapshot.applications.match(host, resource)
    if not covered:
        raise not_found()
    organization = visit.organization
    document = {
        "resource": application_url(organization, host, quote(resource, safe="/%:@!$&'()*+,;=~-._")),
        "protected": True,
        "team_domain": organization.public.authority(organization.auth_domain),
        "authorization_servers": [organization.issuer],
        "authentication_methods": [
            {"name": "cloudflared", "description": "Run `cloudflared access login` with the resource's URL."}
        ],
    }
    return json_answer(document)
