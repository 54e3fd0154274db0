"""Reading finished messages: that no client certificate counts where it was not asked for, or without being verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from envoy.config.listener.v3.listener_components_pb2 import FilterChain, FilterChainMatch
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route, RouteMatch, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthzPerRoute
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.transport_sockets.quic.v3.quic_transport_pb2 import QuicDownstreamTransport
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from doorward.edge import headers
from doorward.edge.xds.clusters import is_origin
from doorward.edge.xds.filters import EXT_AUTHZ
from doorward.edge.xds.resources import Resource

_VERIFIED: Final = RouteMatch.TlsContextMatchOptions(presented={"value": True}, validated={"value": True})
_NONE: Final = RouteMatch.TlsContextMatchOptions(validated={"value": False})
_CERTIFICATE: Final = "%DOWNSTREAM_PEER_CERT%"


def named_secrets(resources: Mapping[str, Resource]) -> dict[str, Secret]:
    """The secrets among the resources, by name."""
    found: dict[str, Secret] = {}
    for name, resource in resources.items():
        found[name] = Secret()
        resource.body.Unpack(found[name])
    return found


def chains(
    listener: Listener, configurations: Mapping[str, RouteConfiguration], secrets: Mapping[str, Secret]
) -> Iterator[str]:
    """How a certificate for one host could count for another, by which filter chain a connection meets."""
    if listener.HasField("default_filter_chain") or not listener.filter_chains:
        yield "it has more than one filter chain for everybody, or none"
        return
    everybody, *others = listener.filter_chains
    if everybody.HasField("filter_chain_match"):
        yield "it has more than one filter chain, and none for everybody"
    if _validated_by(everybody):
        yield "everybody is asked for a certificate"
    hosts = [name for chain in others for name in chain.filter_chain_match.server_names]
    if len(set(hosts)) != len(hosts):
        yield "two filter chains are for one host"
    shared = configurations.get(_routes_of(everybody), RouteConfiguration())
    for chain in others:
        yield from (f"filter chain {_name(chain)}: {problem}" for problem in _chain(chain, configurations, secrets))
    for name in hosts:
        if any(_leads_on(host) for host in _chosen(shared, name)):
            yield f"{name} can be reached without being asked for a certificate"


def _chain(
    chain: FilterChain, configurations: Mapping[str, RouteConfiguration], secrets: Mapping[str, Secret]
) -> Iterator[str]:
    if chain.filter_chain_match != FilterChainMatch(server_names=[_name(chain)]) or "*" in _name(chain):
        yield "it is not for exactly one host name"
    context, validated_by = _context(chain), _validated_by(chain)
    if not context.disable_stateless_session_resumption or not context.disable_stateful_session_resumption:
        yield "sessions are resumed without verifying the certificate again"
    secret = secrets.get(validated_by)
    if secret is None or not secret.validation_context.trusted_ca.inline_bytes:
        yield "nobody is named who vouches for certificates"
    routes = configurations.get(_routes_of(chain))
    if routes is None:
        return  # said by whoever looks at the connection manager
    for host in routes.virtual_hosts:
        if _leads_on(host) and list(host.domains) != [_name(chain)]:
            yield f"it leads to {', '.join(host.domains)} as well"
        if any(route.match.tls_context != _NONE for route in _unasked(host)):
            yield "a request with a certificate passes unasked"


def told_otherwise(told: str | None, route: Route) -> Iterator[str]:
    """What is wrong with how a route tells the control plane the certificate; ``told`` is the header's value."""
    if told is None:
        return
    version, _, certificate = told.partition(" ")
    if certificate != _CERTIFICATE or len(version) != 16:
        yield "it tells something else for the client's certificate"
    if route.match.tls_context != _VERIFIED:
        yield "it tells a certificate that was not verified"


def forwarded(told: str | None) -> set[str]:
    """Headers that the answer to a route's question may write besides the identity."""
    return set(headers.FORWARDED_CERTIFICATE) if told is not None else set()


def _name(chain: FilterChain) -> str:
    names = chain.filter_chain_match.server_names
    return str(names[0]) if names else ""


def _context(chain: FilterChain) -> DownstreamTlsContext:
    """The chain's TLS, over TCP or QUIC; an empty one where it has none."""
    context, quic = DownstreamTlsContext(), QuicDownstreamTransport()
    packed = chain.transport_socket.typed_config
    if packed.Unpack(quic):
        return quic.downstream_tls_context
    packed.Unpack(context)
    return context


def _validated_by(chain: FilterChain) -> str:
    """Name of the secret that says who vouches for certificates; empty where none is asked for."""
    common = _context(chain).common_tls_context
    if common.WhichOneof("validation_context_type") not in {None, "validation_context_sds_secret_config"}:
        return "somebody else"
    return str(common.validation_context_sds_secret_config.name)


def _routes_of(chain: FilterChain) -> str:
    manager = HttpConnectionManager()
    if chain.filters:
        chain.filters[0].typed_config.Unpack(manager)
    return str(manager.rds.route_config_name)


def _chosen(routes: RouteConfiguration, name: str) -> list[VirtualHost]:
    """The virtual hosts that a name may meet: the one that spells it out, else whichever has a wildcard."""
    spelt = [host for host in routes.virtual_hosts if name in host.domains]
    return spelt or [host for host in routes.virtual_hosts if any("*" in domain for domain in host.domains)]


def _leads_on(host: VirtualHost) -> bool:
    return any(route.HasField("route") for route in host.routes)


def _unasked(host: VirtualHost) -> Iterator[Route]:
    """Routes to an origin before which nobody is asked."""
    for route in host.routes:
        setting = ExtAuthzPerRoute()
        if EXT_AUTHZ in route.typed_per_filter_config:
            route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting)
        if is_origin(route.route.cluster) and setting.disabled:
            yield route
