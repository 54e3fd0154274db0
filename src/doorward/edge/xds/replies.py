"""The pages that Envoy shows by itself: when the control plane cannot be asked, and when the application is away.

They are part of the listener and depend on nothing, so that no change of a setting replaces a listener because of them;
and they bring their own style, because the one of the other pages comes from the control plane.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from envoy.config.accesslog.v3.accesslog_pb2 import (
    AccessLogFilter,
    AndFilter,
    ExtensionFilter,
    HeaderFilter,
    ResponseFlagFilter,
)
from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.substitution_format_string_pb2 import SubstitutionFormatString
from envoy.extensions.access_loggers.filters.cel.v3.cel_pb2 import ExpressionFilter
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    LocalReplyConfig,
    ResponseMapper,
)
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from doorward.edge.xds.wire import header_is_not, packed, set_header
from doorward.pages import security_headers

_CEL: Final = "envoy.access_loggers.extension_filters.cel"
_UNDECIDED: Final = 'response.code_details == "ext_authz_error" || (xds.route_name == "ours" && response.code >= 500)'
_PREFLIGHT: Final = 'response.code_details == "ext_authz_denied" && response.code == 204 && request.method == "OPTIONS"'
_AWAY: Final = ("UF", "UH", "UC", "UR", "UT", "UO", "UPE", "LR", "DF")
"""Response flags: whatever can go wrong between us and an origin before it has begun to answer."""
_REFERENCE: Final = "%REQ(X-REQUEST-ID):18%"
"""The 16 digits of a reference, and the two hyphens between them."""
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.5rem;line-height:1.25}"
    ".hint{opacity:.75}"
)
_DOCUMENT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{message}</p>
<p>{next_step}</p>
<dl class="reference"><dt>Reference</dt><dd><code>{reference}</code></dd></dl>
</main>
<p class="hint">Protected by Doorward</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Plain words; no markup."""

    title: str
    message: str
    next_step: str


_NOBODY_DECIDES: Final = _Trouble(
    title="The door cannot decide right now",
    message="What checks who may enter does not answer. Nothing was let through; whoever is inside already stays inside.",
    next_step="Try again in a few seconds. If it stays like this, tell whoever runs this site.",
)
_NOBODY_HOME: Final = _Trouble(
    title="The application does not answer",
    message="The door let your request through, but the application behind it cannot be reached or broke off.",
    next_step="Try again in a moment. If it stays like this, give the reference below to whoever runs the application.",
)


def local_replies() -> LocalReplyConfig:
    """Pages in place of Envoy's own words, which are for those who develop it, or of nothing at all."""
    undecided = ExtensionFilter(name=_CEL, typed_config=packed(ExpressionFilter(expression=_UNDECIDED)))
    away = ResponseFlagFilter(flags=_AWAY)
    return LocalReplyConfig(
        mappers=[
            _preflight(),
            _page(AccessLogFilter(extension_filter=undecided), _NOBODY_DECIDES),
            _page(AccessLogFilter(response_flag_filter=away), _NOBODY_HOME),
        ]
    )


def _preflight() -> ResponseMapper:
    """A preflight that the control plane answers gets 200 (access.md 1.11). To ``ext_authz`` 200 means that the request
    goes on, so the control plane says 204, which it says to nothing else; only a refusal's status is read here.
    """
    answered = ExtensionFilter(name=_CEL, typed_config=packed(ExpressionFilter(expression=_PREFLIGHT)))
    return ResponseMapper(filter=AccessLogFilter(extension_filter=answered), status_code={"value": 200})


def _page(when: AccessLogFilter, trouble: _Trouble) -> ResponseMapper:
    """A gRPC client gets Envoy's short sentence in ``grpc-message``; a page there would help nobody."""
    by_people = header_is_not("content-type", StringMatcher(prefix="application/grpc"))
    by_people.treat_missing_header_as_empty = True
    return ResponseMapper(
        filter=AccessLogFilter(
            and_filter=AndFilter(filters=[when, AccessLogFilter(header_filter=HeaderFilter(header=by_people))])
        ),
        body_format_override=SubstitutionFormatString(
            text_format_source=DataSource(inline_string=_html(trouble)), content_type="text/html; charset=utf-8"
        ),
        headers_to_add=[set_header(name, value) for name, value in _headers()],
    )


def _html(trouble: _Trouble) -> str:
    """As a format string: a per cent sign that stands for itself is doubled."""
    page = _DOCUMENT.format(
        title=trouble.title,
        style=_STYLE,
        message=trouble.message,
        next_step=trouble.next_step,
        reference="\0",
    )
    return page.replace("%", "%%").replace("\0", _REFERENCE)


def _headers() -> tuple[tuple[str, str], ...]:
    digest = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    ours = {
        name: value.replace("style-src 'self'", f"style-src 'sha256-{digest}'") for name, value in security_headers()
    }
    return (*ours.items(), ("cache-control", "no-store"), ("retry-after", "5"))
