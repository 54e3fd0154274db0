"""A door whose applications show, one by one, the settings that a visitor can see.

Its origin answers paths with ``loud`` in them as an application would that lets everybody read everything.
"""

from __future__ import annotations

from pathlib import Path

from tests.door.house import STAFF, Kind, configuration
from tests.edge.recording_origin import Recorded, Reply

CORS = (
    "cors_headers:",
    "  allowed_origins: ['http://shop.localhost:{door}', 'https://Partner.example']",
    "  allowed_methods: [GET, PUT]",
    "  allowed_headers: [content-type]",
    "  allow_credentials: true",
    "  max_age: 600",
)
PAULA = "policies: [{name: Only Paula, decision: allow, include: [{email: {email: paula@example.test}}]}]"
AWAY = "policies: [{name: From elsewhere, decision: allow, include: [{everyone: {}}], require: [{ip: {ip: 203.0.113.0/24}}]}]"
KINDS = (
    Kind("shop.localhost", (STAFF,)),
    Kind("api.localhost", (STAFF, *CORS)),
    Kind("everybody.localhost", (
        STAFF, "cors_headers: {allow_all_origins: true, allow_all_methods: true, allow_all_headers: true}",
    )),
    Kind("lobby.localhost", ("policies: [Everybody may look]", *CORS)),
    Kind("sensor.localhost", ("policies: [Programs from here]", *CORS)),
    Kind("shut.localhost", ("policies: [Programs from elsewhere]", *CORS)),
    Kind("plain.localhost", (STAFF,)),
    Kind("round.localhost", (STAFF,)),
    Kind("wiki.public.localhost", (STAFF,)),
    Kind("bound.localhost", (STAFF, "enable_binding_cookie: true")),
    Kind("again.localhost", (STAFF,)),
    Kind("mixed401.localhost", ("policies: [Programs from elsewhere, Staff]", "service_auth_401_redirect: true")),
    Kind("mixed.localhost", ("policies: [Programs from elsewhere, Staff]",)),
    Kind("open.localhost", ("policies: [Everybody may look]",)),
    Kind("paula.localhost", (PAULA, "custom_deny_url: http://open.localhost:{door}/sorry?a=b")),
    Kind("paula2.localhost", (PAULA, "custom_deny_url: http://paula.localhost:{door}/sorry")),
    Kind("paula3.localhost", (PAULA, "custom_deny_url: http://paula3.localhost:{door}/sorry")),
    Kind("away.localhost", (AWAY, "custom_non_identity_deny_url: http://plain.localhost:{door}/sorry")),
    Kind("own.localhost", (PAULA, "custom_deny_message: Ask <Paula> & nobody else.", "custom_pages: [Our refusal]")),
    Kind("elsewhere.localhost", (PAULA, "custom_pages: [Our refusal]", "custom_deny_url: https://denied.example/")),
    Kind("away2.localhost", (AWAY, "custom_non_identity_deny_url: http://open.localhost:{door}/sorry")),
)  # fmt: skip


CONFIGURATION = (
    configuration(kinds=KINDS).replace(
        "  auth_domain: login.localhost\n",
        "  auth_domain: login.localhost\n  custom_pages: {forbidden: Not from there}\n"
        "  deny_unmatched_requests_exempted_zone_names: [public.localhost]\n",
    )
    + """
custom_pages:
  - {name: Our refusal, type: identity_denied, file: refusal.html}
  - {name: Not from there, type: forbidden, custom_html: "<!doctype html><h1>{{ application_name }} is not for there</h1><p>{{ reference }}"}
"""
)
FILES = {"refusal.html": (Path(__file__).parent / "refusal.html").read_bytes()}


def answer(request: Recorded) -> Reply:
    """What the origin says."""
    headers = [("x-origin", "yes"), ("content-type", "text/plain")]
    if "loud" in request.target:
        headers += [
            ("access-control-allow-origin", "https://anybody.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "x-origin"),
            ("vary", "Accept-Encoding"),
        ]
    return Reply(headers=headers)
