"""Header names the door itself uses or guards, and the one rule for what a client may not send.

Only what could deceive the decision, the identity or the idea of who and where the visitor is gets removed. What a
header means to the application alone (``x-http-method-override``, ``authorization``, ...) is the application's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

PREFIX: Final = "x-doorward-"
"""Everything below this is ours: removed from every client request, and none of it reaches an origin."""
ASSERTION: Final = "x-doorward-assertion"
"""Where the client's ``cf-access-jwt-assertion`` is moved: a credential to check, never proof."""
CLIENT_ADDRESS: Final = "x-doorward-client-address"
"""The visitor's IP address, for the control plane."""
BODY: Final = "x-doorward-body"
"""Content-Length and Transfer-Encoding of the client's request, where some application lets preflights through: a preflight
has no body, and the question itself is asked without it.
"""
SERVICE_TOKEN: Final = "x-doorward-service-token"  # noqa: S105 - a header's name
"""The value of the header that an application takes a service token from, for the control plane."""
CLIENT_CERTIFICATE: Final = "x-doorward-client-certificate"
"""The client certificate of the connection and by whom it was checked, for the control plane; only on connections of a
host that has authorities for it, and only when the certificate is good."""
ROUTE: Final = "x-doorward-route"
"""The application id Envoy's route is for, or :data:`NO_APPLICATION`."""
NO_APPLICATION: Final = "none"
REQUEST_ID: Final = "x-request-id"

JWT_ASSERTION: Final = "cf-access-jwt-assertion"
AUTHENTICATED_EMAIL: Final = "cf-access-authenticated-user-email"
IDENTITY: Final = (JWT_ASSERTION, AUTHENTICATED_EMAIL)
"""What an origin trusts (access.md 3.1). Only the door writes these."""

CERTIFICATE_DER: Final = "cf-client-cert-der-base64"
CERTIFICATE_SHA256: Final = "cf-client-cert-sha256"
FORWARDED_CERTIFICATE: Final = (CERTIFICATE_DER, CERTIFICATE_SHA256)
"""What an origin is shown of a client certificate where ``client_certificate_forwarding`` is on (access.md 3.1)."""

ACCESS_TOKEN: Final = "cf-access-token"  # noqa: S105 - a header's name
CLIENT_ID: Final = "cf-access-client-id"
CLIENT_SECRET: Final = "cf-access-client-secret"  # noqa: S105 - a header's name
METADATA_REQUEST: Final = "cf-access-metadata-request"
CREDENTIALS: Final = (ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, METADATA_REQUEST)
"""What a client may say to the door (access.md 3.3, 8.2) and no origin may hear (3.2)."""

CONSIDERED: Final = (
    "accept",
    "access-control-request-headers",
    "access-control-request-method",
    "content-type",
    "cookie",
    "origin",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "user-agent",
    "x-requested-with",
    REQUEST_ID,
    ASSERTION,
    BODY,
    *CREDENTIALS,
)
"""The client's headers that the control plane sees when it decides."""

_ADDRESSES: Final = (
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
)
_TARGETS: Final = ("x-host", "x-original-host", "x-original-uri", "x-original-url", "x-rewrite-url")
_FORWARDED: Final = "x-forwarded-"
_ENVOY: Final = "x-envoy-"
_ACCESS: Final = "cf-access-"
_CERTIFICATE: Final = "cf-client-cert-"
_CERTIFICATES: Final = ("client-cert", "client-cert-chain")
"""RFC 9440: a proxy that ends TLS has to remove these."""


def stripped_pattern(trusted: Iterable[str] = ()) -> str:
    """RE2 pattern, full match on a lower-case header name, of everything that is removed before anything reads it.

    ``trusted`` are headers a configured balancer in front of us writes (``x-forwarded-for``).
    """
    kept = frozenset(trusted)
    forwarded = _all_but(frozenset(name.removeprefix(_FORWARDED) for name in kept if name.startswith(_FORWARDED)))
    exact = sorted({REQUEST_ID, *_ADDRESSES, *_TARGETS, *_CERTIFICATES} - kept)
    return "|".join(
        (
            PREFIX + _all_but(frozenset({ASSERTION.removeprefix(PREFIX)})),
            _ACCESS + _all_but(frozenset(name.removeprefix(_ACCESS) for name in CREDENTIALS)),
            _FORWARDED + forwarded,
            _ENVOY + ".*",
            _CERTIFICATE + ".*",
            *exact,
        )
    )


def _all_but(names: frozenset[str]) -> str:
    """RE2 pattern, full match, of every string that is not in ``names`` (RE2 has no negative look-ahead)."""
    if not names:
        return ".*"
    heads = sorted({name[0] for name in names if name})
    branches = [f"[^{''.join(_in_class(head) for head in heads)}].*"] if heads else [".+"]
    branches += [head + _all_but(frozenset(name[1:] for name in names if name.startswith(head))) for head in heads]
    return f"(?:{'|'.join(branches)}){'' if '' in names else '?'}"


def _in_class(character: str) -> str:
    return "\\" + character if character in "-]^\\" else character
