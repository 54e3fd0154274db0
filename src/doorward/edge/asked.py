"""Reading Envoy's question: an ext_authz HTTP call becomes an :class:`access.Request`, once, here."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from doorward.access.address import client_address, host_name
from doorward.access.request import Request
from doorward.client_certificates import read_shown
from doorward.edge import headers
from doorward.sessions import parse_cookies

PREFIX: Final = b"/check"
"""What Envoy puts before the client's path (``path_prefix`` of the ext_authz filter)."""

NO_NAME: Final = ""
"""The host of a request whose Host header names none: no application covers it, and it is never let through."""

_NO_BODY: Final = re.compile(r"(?:(?:0|-)?,-?)?")
"""What Envoy writes for no Content-Length, or one of zero, and no Transfer-Encoding; or nothing where nobody needs it."""

_REQUEST_ID: Final = headers.REQUEST_ID.encode()
Country = Callable[[IPv4Address | IPv6Address | None], str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of Envoy's."""

    request: Request
    route: str
    """Id of the application whose route Envoy chose; ``none`` for hosts and paths that nobody protects."""


class UnreadableQuestionError(Exception):
    """The call is not one that our own Envoy makes; nothing may be granted on it."""


def read(scope: Mapping[str, Any], country: Country) -> Asked:
    """Parse the ASGI scope of an ext_authz call.

    Raises:
        UnreadableQuestionError: the prefix, the host, the client's address or the route is missing or malformed.
    """
    path = bytes(scope.get("raw_path") or b"")
    if not path.startswith(PREFIX + b"/"):
        raise UnreadableQuestionError("the path does not begin with the prefix of the check filter")
    fields = _fields(scope["headers"])
    address = client_address(_only(fields, headers.CLIENT_ADDRESS))
    if address is None:
        raise UnreadableQuestionError(f"{headers.CLIENT_ADDRESS} is not an IP address")
    cookies, malformed = parse_cookies(fields["cookie"])
    try:
        return Asked(
            request=Request(
                id=_only(fields, "x-request-id"),
                method=str(scope["method"]),
                host=host_name(_only(fields, "host")) or NO_NAME,
                path=path[len(PREFIX) :].decode("ascii"),
                query=bytes(scope.get("query_string") or b"").decode("ascii"),
                ip=address,
                country=country(address),
                cookies=cookies,
                malformed_cookies=malformed,
                access_token=_joined(fields, "cf-access-token"),
                assertion=_joined(fields, headers.ASSERTION),
                client_id=_joined(fields, headers.CLIENT_ID) if headers.CLIENT_ID in fields else None,
                client_secret=_joined(fields, headers.CLIENT_SECRET) if headers.CLIENT_SECRET in fields else None,
                service_header=_joined(fields, headers.SERVICE_TOKEN),
                certificate=read_shown(_joined(fields, headers.CLIENT_CERTIFICATE)),
                requested_with=_joined(fields, "x-requested-with"),
                accept=_joined(fields, "accept"),
                origin=_joined(fields, "origin"),
                preflight_method=_joined(fields, "access-control-request-method"),
                preflight_headers=_joined(fields, "access-control-request-headers"),
                user_agent=_joined(fields, "user-agent"),
                has_body=not _NO_BODY.fullmatch(_joined(fields, headers.BODY)),
                fetch_dest=_joined(fields, "sec-fetch-dest"),
                referer=_joined(fields, "referer"),
                content_type=_joined(fields, "content-type"),
                fetch_site=_joined(fields, "sec-fetch-site"),
                fetch_mode=_joined(fields, "sec-fetch-mode"),
                fetch_metadata=any(name.startswith("sec-fetch-") for name in fields),
            ),
            route=_only(fields, headers.ROUTE),
        )
    except UnicodeDecodeError as error:
        raise UnreadableQuestionError("the path or query is not ASCII") from error


def request_id(scope: Mapping[str, Any]) -> str:
    """The id of the request that is asked about, as far as there is one; empty otherwise."""
    ids = [value for name, value in scope["headers"] if name.lower() == _REQUEST_ID]
    return ids[0].decode("latin-1") if len(ids) == 1 else ""


def _fields(raw: Sequence[tuple[bytes, bytes]]) -> defaultdict[str, list[str]]:
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in raw:
        fields[name.decode("latin-1").lower()].append(value.decode("latin-1"))
    return fields


def _only(fields: Mapping[str, list[str]], name: str) -> str:
    values = fields.get(name, [])
    if len(values) != 1 or not values[0]:
        raise UnreadableQuestionError(f"{name} was sent {len(values)} times; Envoy sends it once")
    return values[0]


def _joined(fields: Mapping[str, list[str]], name: str) -> str:
    """As RFC 9110 section 5.2 joins repeated fields. A credential sent twice becomes one that verifies as nothing."""
    return ", ".join(fields.get(name, []))
