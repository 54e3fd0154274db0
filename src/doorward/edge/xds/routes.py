"""Which way a request goes.

Routes for each part of an application, looked at in this order::

    service      it may carry a service token in the     the control plane is asked, and told that header, which
                 header that the application names       the origin does not get (only where one is named)
    unverified   no token was verified, and it is soon   the control plane is asked
                 over (``leash.brief``)
    stream       no token was verified                   the same, and the filter that ends open streams is put into
                                                         the request's chain
    fast         it shows all that ``demands`` demands   straight to the origin, with the identity that was verified
    slow         anything else                           the control plane is asked

Routes are looked up twice: before ``jwt_authn`` ran, when one of the first always matches (which keeps that look-up
cheap), and after it. An application whose policies must see every request has no fast one.
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.core.v3.base_pb2 import DataSource, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import (
    DirectResponseAction,
    HeaderMatcher,
    RedirectAction,
    Route,
    RouteAction,
    RouteMatch,
    VirtualHost,
)
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from doorward.access.decide import fast_path_allowed
from doorward.access.snapshot import Snapshot
from doorward.edge import headers
from doorward.edge.xds import demands
from doorward.edge.xds.clusters import WEB, origin_cluster
from doorward.edge.xds.cross_origin import fitted
from doorward.edge.xds.filters import (
    EXT_AUTHZ,
    JWT_AUTHN,
    PAYLOAD,
    TOKEN_KEY,
    TOKEN_NAMESPACE,
    asked_with,
    unasked,
)
from doorward.edge.xds.hosts import ANY_HOST, Covered, Origins, covered, divided, exact_hosts, uncovered, wildcard_names
from doorward.edge.xds.leash import BY_ANSWER, BY_COOKIE, LEASH, brief, held
from doorward.edge.xds.settings import EdgeSettings
from doorward.edge.xds.wire import duration, header_is, header_is_not, regex, set_header
from doorward.organization import Ingress

DOOR = "door"
"""The route configuration of listeners that lead to applications."""
REDIRECT = "redirect"
"""That of the plain listener beside an https one."""
OURS = "ours"
"""Name of routes to our own pages."""
REFUSED = "refused"
"""Name of routes that answer at once."""
_IDLE = 15 * 60
"""Seconds a stream may be silent in both directions: server-sent events and WebSockets have no other limit."""
_OWN_TIMEOUT = 30
_PAGES = "/cdn-cgi/access"
_RESERVED = "/cdn-cgi"
_RESOURCE = "/.well-known/cloudflare-access-protected-resource"
_ODD = r"(?i)\C*(?://|/\.\.?(?:;|%3b))\C*"
"""What normalisation leaves and servers read in two ways: ``//`` alone, and ``/..%3b/``, to some a dot segment and to
others a name (Envoy resolves ``/..;/`` itself)."""
_ODD_BESIDE_OTHERS = r"(?i)\C*(?://|;|/\.\.?%3b)\C*"
"""Where the path decides which application it is: Java servers take ``;…`` off every segment first, so ``/admin;x`` is
``/admin`` to them. Where one application has the whole host, the origin gets such parameters as they are."""
_CONNECTION_BOUND = r"(?i)(?:ntlm|negotiate)(?:\s\C*)?"
"""Authentication of a connection, not of a request: visitors share connections to an origin."""

_OBJECT = r"(?s)\C*\{\C*"
"""A header value that may hold JSON. Other values of the same header (``Basic …``, ``Bearer …``) are the application's."""
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
"""Envoy passes over anything behind a colon when it looks for the virtual host; origins build links with it."""


def route_configurations(snapshot: Snapshot, edge: EdgeSettings) -> dict[str, RouteConfiguration]:
    """By name; the listeners name the one they use."""
    door = RouteConfiguration(
        name=DOOR,
        virtual_hosts=virtual_hosts(snapshot),
        ignore_port_in_host_matching=True,
        validate_clusters={"value": False},
    )
    if edge.https is not None and edge.http3:
        door.response_headers_to_add.append(set_header("alt-svc", f'h3=":{edge.public.port}"; ma=86400'))
    door.request_headers_to_add.extend(_forwarded(edge))
    both = edge.http is not None and edge.https is not None
    return {DOOR: door} | ({REDIRECT: _redirect(snapshot, edge)} if both else {})


def virtual_hosts(snapshot: Snapshot) -> list[VirtualHost]:
    """The team domain, each host name that is spelled out, and one for all others."""
    team, origins = snapshot.organization.auth_domain, Origins.of(snapshot.ingress)
    return [
        VirtualHost(name=team, domains=[team], routes=[*_refusals(), _own("/", whole=True)]),
        *(
            VirtualHost(
                name=host,
                domains=[host],
                routes=[*_preamble(divided(snapshot, host)), *_host_routes(snapshot, origins, host)],
            )
            for host in (*exact_hosts(snapshot), ANY_HOST)
        ),
    ]


def _host_routes(snapshot: Snapshot, origins: Origins, host: str) -> Iterator[Route]:
    for piece in covered(snapshot, origins, host):
        yield from (fitted(route, piece.application) for route in _application_routes(piece, snapshot))
    for part in uncovered(snapshot, origins, host):
        yield _slow(headers.NO_APPLICATION, _match("", part.conditions), part.ingress)


def _application_routes(piece: Covered, snapshot: Snapshot) -> Iterator[Route]:
    application, ingress = piece.application, piece.part.ingress
    conditions = piece.host + piece.part.conditions
    path = piece.pattern.path
    if ingress is not None and (named := application.read_service_tokens_from_header):
        carried = header_is(named, regex(_OBJECT))
        match = _match(path, (*conditions, carried, *brief()), (), piece)
        yield _service(application.id, match, ingress, named)
        yield _on_leash(_service(application.id, _match(path, (*conditions, carried), (), piece), ingress, named))
    revoked = snapshot.revoked.get(application.id, frozenset())
    if ingress is not None and len(revoked) <= demands.MOST_REVOKED and fast_path_allowed(application, snapshot):
        everything = demands.claims(application, revoked)
        nobody = (demands.unverified(),)
        yield _slow(application.id, _match(path, conditions + brief(), nobody, piece), ingress)
        yield _on_leash(_slow(application.id, _match(path, conditions, nobody, piece), ingress))
        for shown in (demands.alone(), demands.unmixed()):
            yield _fast(application.id, _match(path, conditions + shown, everything, piece), ingress)
        yield _slow(application.id, _match(path, conditions, (), piece), ingress)
    elif ingress is not None:
        yield _slow(application.id, _match(path, conditions + brief(), (), piece), ingress)
        yield _on_leash(_slow(application.id, _match(path, conditions, (), piece), ingress))
    else:
        yield _slow(application.id, _match(path, conditions, (), piece), None)


def _on_leash(route: Route) -> Route:
    route.typed_per_filter_config[LEASH].CopyFrom(held(BY_ANSWER))
    return route


def _match(
    path: str,
    conditions: tuple[HeaderMatcher, ...],
    metadata: tuple[MetadataMatcher, ...] = (),
    piece: Covered | None = None,
) -> RouteMatch:
    match = RouteMatch(headers=conditions, dynamic_metadata=metadata)
    if not path:
        match.prefix = "/"
    elif piece is not None and not piece.pattern.plain_path and piece.pattern.path_regex is not None:
        match.safe_regex.CopyFrom(RegexMatcher(regex=piece.pattern.path_regex))
    else:
        match.path_separated_prefix = path
    return match


def _slow(name: str, match: RouteMatch, ingress: Ingress | None) -> Route:
    """The control plane is asked. What it does not set for the origin, the origin does not get."""
    if ingress is None:
        return Route(
            name=name,
            match=match,
            direct_response=_answer(502, "Nobody serves this address: no ingress entry matches it."),
        )
    removed = (headers.ASSERTION, headers.BODY, *headers.CREDENTIALS)
    return Route(name=name, match=match, route=_to_origin(ingress), request_headers_to_remove=removed)


def _service(name: str, match: RouteMatch, ingress: Ingress, header: str) -> Route:
    """The control plane is asked, and told the header that may hold a service token; the origin does not get that."""
    route = _slow(name, match, ingress)
    route.request_headers_to_remove.append(header)
    route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(asked_with(header))
    return route


def _fast(name: str, match: RouteMatch, ingress: Ingress) -> Route:
    route = Route(
        name=name,
        match=match,
        route=_to_origin(ingress),
        request_headers_to_remove=[headers.BODY],
        request_headers_to_add=[
            set_header(headers.JWT_ASSERTION, f"%DYNAMIC_METADATA({TOKEN_NAMESPACE}:{TOKEN_KEY})%"),
            set_header(headers.AUTHENTICATED_EMAIL, f"%DYNAMIC_METADATA({JWT_AUTHN}:{PAYLOAD}:email)%"),
        ],
    )
    route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked())
    route.typed_per_filter_config[LEASH].CopyFrom(
        held(BY_COOKIE)
    )  # in force where a stream's route put it into the chain
    return route


def _to_origin(ingress: Ingress) -> RouteAction:
    action = RouteAction(cluster=origin_cluster(ingress), timeout=duration(0), idle_timeout=duration(_IDLE))
    if ingress.originRequest.httpHostHeader:
        action.host_rewrite_literal = ingress.originRequest.httpHostHeader
    return action


def _preamble(beside_others: bool) -> Iterator[Route]:
    """What comes before every application."""
    yield from _refusals(_ODD_BESIDE_OTHERS if beside_others else _ODD)
    bound = header_is("authorization", regex(_CONNECTION_BOUND))
    yield _refuse(RouteMatch(prefix="/", headers=[bound]), 403, "NTLM and Negotiate cannot pass a shared connection.")
    yield _own(_PAGES)
    yield _own(_RESOURCE)
    yield _refuse(RouteMatch(path_separated_prefix=_RESERVED), 404, "There is nothing here.")


def _refusals(odd: str = _ODD) -> Iterator[Route]:
    odd_host = header_is_not(":authority", regex(_HOST))
    yield _refuse(RouteMatch(prefix="/", headers=[odd_host]), 400, "The Host header is not a host name.")
    trace = header_is(":method", StringMatcher(exact="TRACE"))
    yield _refuse(RouteMatch(prefix="/", headers=[trace]), 405, "TRACE is not allowed.")
    yield _refuse(RouteMatch(safe_regex=RegexMatcher(regex=odd)), 400, "The path can be read in two ways.")


def _refuse(match: RouteMatch, status: int, sentence: str) -> Route:
    route = Route(name=REFUSED, match=match, direct_response=_answer(status, sentence))
    route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked())
    return route


def _own(path: str, *, whole: bool = False) -> Route:
    """Our own pages: the control plane answers, nobody is asked before."""
    route = Route(
        name=OURS,
        match=RouteMatch(prefix=path) if whole else RouteMatch(path_separated_prefix=path),
        route=RouteAction(
            cluster=WEB,
            timeout=duration(_OWN_TIMEOUT),
            # The timeout begins with the end of the request, which somebody may keep back.
            max_stream_duration=RouteAction.MaxStreamDuration(max_stream_duration=duration(_OWN_TIMEOUT)),
        ),
        request_headers_to_add=[set_header(headers.CLIENT_ADDRESS, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")],
    )
    route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked())
    return route


def _answer(status: int, sentence: str) -> DirectResponseAction:
    return DirectResponseAction(status=status, body=DataSource(inline_string=sentence + "\n"))


def _forwarded(edge: EdgeSettings) -> Iterator[HeaderValueOption]:
    """``x-forwarded-proto`` and ``-for`` where Envoy would not write what is true."""
    listened = "https" if edge.https is not None else "http"
    if edge.public.scheme != listened:
        yield set_header("x-forwarded-proto", edge.public.scheme)
    if edge.client_address_header:
        yield set_header("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")


def _redirect(snapshot: Snapshot, edge: EdgeSettings) -> RouteConfiguration:
    """Our own hosts to https on the public port, and no other: a cache in front could hand the answer to everybody.

    Nothing is forwarded and no cookie is set here.
    """
    action = RedirectAction(https_redirect=True, response_code=RedirectAction.PERMANENT_REDIRECT)
    action.port_redirect = edge.public.port

    def away(*conditions: HeaderMatcher) -> Route:
        return Route(name=REDIRECT, match=RouteMatch(prefix="/", headers=conditions), redirect=action)

    ours = [snapshot.organization.auth_domain, *exact_hosts(snapshot)]
    wildcards = [away(*names) for names in wildcard_names(snapshot)]
    nothing = _refuse(RouteMatch(prefix="/"), 404, "There is nothing here.")
    hosts = [
        VirtualHost(name=REDIRECT, domains=ours, routes=[*_refusals(), away()]),
        VirtualHost(name=ANY_HOST, domains=[ANY_HOST], routes=[*_refusals(), *wildcards, nothing]),
    ]
    return RouteConfiguration(name=REDIRECT, virtual_hosts=hosts, ignore_port_in_host_matching=True)
