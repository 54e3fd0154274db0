"""One application by itself: fields that exclude each other (access.md 1.11, 7.7)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from doorward.settings.declared import Declared
from doorward.settings.file.objects import ApplicationPart, CorsPart
from doorward.settings.problems import Report
from doorward.settings.source import Path

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def check_applications(declared: Declared, report: Report) -> None:
    if declared.organization is not None and not declared.organization.deny_unmatched_requests:
        message = "hostnames in ingress that no application covers are open to everybody"
        report.warning(("organization", "deny_unmatched_requests"), message, "remove it unless that is meant")
    if declared.organization is not None:
        for index, zone in enumerate(declared.organization.deny_unmatched_requests_exempted_zone_names):
            message = f"hostnames of {zone} in ingress that no application covers are open to everybody"
            path: Path = ("organization", "deny_unmatched_requests_exempted_zone_names", index)
            report.warning(path, message, "remove it unless that is meant")
    for placed in declared.applications:
        if placed.value.cors_headers is not None:
            _cors((*placed.path, "cors_headers"), placed.value.cors_headers, report)
        _flags(placed.path, placed.value, declared, report)


def _flags(path: Path, application: ApplicationPart, declared: Declared, report: Report) -> None:
    if application.options_preflight_bypass and application.cors_headers is not None:
        message = "the origin cannot answer preflight requests while cors_headers has the door answer them"
        report.error((*path, "options_preflight_bypass"), message, "keep one of the two")
    plain = declared.public is not None and declared.public.scheme == "http"
    if application.same_site_cookie_attribute == "none" and plain:
        message = "browsers refuse SameSite=None without https"
        report.warning((*path, "same_site_cookie_attribute"), message, "remove it while public.scheme is http")


def _cors(path: Path, cors: CorsPart, report: Report) -> None:
    for what in ("methods", "origins"):
        everything, some = getattr(cors, f"allow_all_{what}"), getattr(cors, f"allowed_{what}")
        if bool(everything) == bool(some):
            found = "both are set" if some else "neither is set"
            field = f"allowed_{what}" if some else f"allow_all_{what}"
            message = f"exactly one of allow_all_{what} and allowed_{what} is needed; {found}"
            report.error((*path, field), message, "keep one of the two" if some else f"add allowed_{what}")
    if cors.allow_all_headers and cors.allowed_headers:
        message = "allow_all_headers and allowed_headers exclude each other"
        report.error((*path, "allowed_headers"), message, "keep one of the two")
    if cors.allow_credentials and cors.allow_all_origins:
        message = "with credentials every site in the world could act as the visitor"
        report.error((*path, "allow_credentials"), message, "list the sites in allowed_origins instead")
    for index, origin in enumerate(cors.allowed_origins):
        _origin((*path, "allowed_origins", index), origin, report)
    for index, header in enumerate(cors.allowed_headers):
        if not _TOKEN.fullmatch(header) or header == "*":
            hint = "write it like X-Requested-With, or use allow_all_headers"
            report.error((*path, "allowed_headers", index), f"{header!r} is not a header name", hint)


def _origin(path: Path, origin: str, report: Report) -> None:
    try:
        parts = urlsplit(origin)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    rest = parts.path or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("http", "https") or not host or rest or "*" in origin:
        hint = (
            "use allow_all_origins: true" if origin == "*" else "write it like https://app.example.com, nothing behind"
        )
        report.error(path, f"{origin!r} is not an origin", hint)
