"""Routes of an application with ``cors_headers`` (access.md 1.11). Every other application's stay as they are.

Who may read an answer depends on the Origin header, and the one thing that knows the rule is ``access.cors``. Envoy's own
CORS filter would be a second reader of it, in another language of patterns, in the chain of every request. So whoever
sends an Origin is asked about, and the answer to that question carries the headers; who sends none (a visitor who opens
a page) takes the fast route as ever. What the origin says about reading is taken off on every route: one place decides,
and a route that could be forgotten would grant nothing.
"""

from __future__ import annotations

from typing import Final

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthzPerRoute

from doorward.access.cors import GRANTS
from doorward.applications import Application
from doorward.edge.xds.filters import EXT_AUTHZ
from doorward.edge.xds.wire import header_absent

_VARY: Final = HeaderValueOption(
    header=HeaderValue(key="vary", value="Origin"), append_action=HeaderValueOption.APPEND_IF_EXISTS_OR_ADD
)


def fitted(route: Route, application: Application) -> Route:
    """The same route, so that answers can be read by the pages that ``cors_headers`` names and by no other."""
    if application.cors_headers is None or not route.HasField("route"):
        return route
    route.response_headers_to_remove.extend(GRANTS)
    route.response_headers_to_add.append(_VARY)
    if _unasked(route):
        route.match.headers.append(header_absent("origin"))
    return route


def _unasked(route: Route) -> bool:
    if EXT_AUTHZ not in route.typed_per_filter_config:
        return False
    setting = ExtAuthzPerRoute()
    route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting)
    return bool(setting.disabled)
