"""The proof that no generated configuration opens the door: run before each publish, on exactly what would be sent.

It reads the finished protobuf messages and shares nothing with the builders but names, so that a mistake there shows
here. It knows two ways to an origin: the control plane was asked, or the request showed every claim of an app token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from envoy.config.core.v3.base_pb2 import HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import Route, RouteMatch, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthzPerRoute

from doorward.edge import headers
from doorward.edge.xds import evidence, strictness
from doorward.edge.xds.clusters import WEB, is_origin
from doorward.edge.xds.filters import EXT_AUTHZ
from doorward.edge.xds.leash import LEASH
from doorward.edge.xds.resources import CLUSTER, ROUTES, Resources
from doorward.errors import DoorwardError

_UNASKED: Final = "route without the door: "
_CREDENTIALS: Final = frozenset({headers.ASSERTION, *headers.CREDENTIALS})
_ORDINARY_PATHS: Final = ("prefix", "path_separated_prefix", "safe_regex")


class UnsafeConfiguration(DoorwardError):  # noqa: N818 - what is the case, as elsewhere in the tree of errors
    """A generated configuration was not published. That is a defect of Doorward, not of the operator's file."""

    code = "unsafe_configuration"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(
            "The new Envoy configuration could let requests around the door and was not published; the one before stays "
            f"in force. Please report this: {'; '.join(problems)}"
        )
        self.problems = problems


def check_routes(resources: Resources) -> tuple[str, ...]:
    """Every way in which these resources could open the door, as sentences; empty when there is none."""
    configurations = {name: _routes(resources, name) for name in resources.by_type[ROUTES]}
    problems = list(strictness.problems(resources, configurations))
    for name, configuration in configurations.items():
        problems += [f"{name}: {problem}" for problem in _configuration_problems(configuration, resources)]
    return tuple(problems)


def _routes(resources: Resources, name: str) -> RouteConfiguration:
    configuration = RouteConfiguration()
    resources.by_type[ROUTES][name].body.Unpack(configuration)
    return configuration


def _configuration_problems(configuration: RouteConfiguration, resources: Resources) -> Iterator[str]:
    if configuration.HasField("vhds") or configuration.cluster_specifier_plugins or configuration.vhost_header:
        yield "virtual hosts or clusters come from somewhere else"
    if configuration.typed_per_filter_config or configuration.request_mirror_policies:
        yield "filters are changed, or requests mirrored, for all routes at once"
    yield from _identity_written(configuration.request_headers_to_add, "the configuration")
    if not configuration.ignore_port_in_host_matching and evidence.leads_on(configuration):
        yield "a port in the Host header would lead to other routes"
    if sum("*" in host.domains for host in configuration.virtual_hosts) != 1:
        yield "there is not exactly one virtual host for unknown names"
    for host in configuration.virtual_hosts:
        yield from (f"virtual host {host.name}: {problem}" for problem in _host_problems(host, resources))


def _host_problems(host: VirtualHost, resources: Resources) -> Iterator[str]:
    if host.typed_per_filter_config or host.HasField("matcher") or host.request_mirror_policies:
        yield "filters are changed, or requests mirrored, for the whole host"
    yield from _identity_written(host.request_headers_to_add, "the host")
    last = host.routes[-1] if host.routes else Route()
    if evidence.narrowed(last.match) or last.match.prefix != "/":
        yield "its last route does not take all that is left"
    reserved = False
    for number, route in enumerate(host.routes):
        reserved = reserved or _closes_reserved_paths(route)
        if is_origin(route.route.cluster) and not reserved:
            yield f"route {number}: /cdn-cgi could reach an origin"
        after = host.routes[number + 1 :]
        yield from (f"route {number} ({route.name}): {p}" for p in _route_problems(route, after, resources))


def _route_problems(route: Route, after: list[Route], resources: Resources) -> Iterator[str]:
    yield from _asking_problems(route)
    if route.match.WhichOneof("path_specifier") not in _ORDINARY_PATHS:
        yield "it matches by something else than the path"
    match route.WhichOneof("action"):
        case "redirect":
            return
        case "direct_response":
            if not asks(route) and route.direct_response.status < 400:
                yield _UNASKED + "it answers with success"
        case "route":
            yield from _forwarding_problems(route, after, resources)
        case other:
            yield f"its action is {other}"


def _forwarding_problems(route: Route, after: list[Route], resources: Resources) -> Iterator[str]:
    cluster = route.route.cluster
    if cluster not in resources.by_type[CLUSTER] or route.route.request_mirror_policies:
        yield "it leads to no cluster, to several, or is mirrored"
    if cluster == WEB:
        yield from _identity_written(route.request_headers_to_add, "the route")
    elif not is_origin(cluster):
        yield f"it leads to {cluster}, which is neither an origin nor our own pages"
    elif asks(route):
        yield from _identity_written(route.request_headers_to_add, "the route")
        if missing := _CREDENTIALS - set(route.request_headers_to_remove):
            yield f"{', '.join(sorted(missing))} would reach the origin"
    else:
        yield from (_UNASKED + problem for problem in evidence.lacking(route))
        if not any(asks(later) and _takes_over(later, route) for later in after):
            yield "no route asks the control plane about requests it does not take"


def asks(route: Route) -> bool:
    """True when the control plane is asked before the route's action."""
    setting = ExtAuthzPerRoute()
    if EXT_AUTHZ not in route.typed_per_filter_config:
        return True
    return not (route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting) and setting.disabled)


def _asking_problems(route: Route) -> Iterator[str]:
    settings: Mapping[str, object] = route.typed_per_filter_config
    if others := set(settings) - {EXT_AUTHZ, LEASH}:
        yield f"it changes the filters {', '.join(sorted(others))}"
    if LEASH in settings:
        yield from evidence.held_otherwise(route, asked=asks(route))
    if EXT_AUTHZ in settings and asks(route):
        yield from evidence.asked_otherwise(route)


def _takes_over(later: Route, route: Route) -> bool:
    """``later`` matches the same path under no further condition than which host or part it is."""
    same_path = RouteMatch()
    same_path.CopyFrom(later.match)
    del same_path.headers[:]
    wanted = RouteMatch()
    wanted.CopyFrom(route.match)
    del wanted.headers[:], wanted.dynamic_metadata[:]
    wanted.ClearField("tls_context")
    known = [matcher.SerializeToString(deterministic=True) for matcher in route.match.headers]
    conditions = [matcher.SerializeToString(deterministic=True) for matcher in later.match.headers]
    return later.name == route.name and same_path == wanted and set(conditions) <= set(known)


def _closes_reserved_paths(route: Route) -> bool:
    return (
        route.match.path_separated_prefix == "/cdn-cgi"
        and not evidence.narrowed(route.match)
        and route.WhichOneof("action") == "direct_response"
    )


def _identity_written(options: list[HeaderValueOption], where: str) -> Iterator[str]:
    for option in options:
        if option.header.key.lower() in {*headers.IDENTITY, *_CREDENTIALS}:
            yield f"{where} writes {option.header.key}"
