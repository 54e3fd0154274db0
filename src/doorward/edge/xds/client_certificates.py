"""Client certificates at the TLS listener (access.md 3.5): a filter chain and a route configuration for each host.

Everything here rewrites finished messages. What is asked of a client is decided by the server name with which its
connection begins, so each host with authorities gets a filter chain of its own, and with it a route configuration
that knows no other host: on a connection made for one host, requests for another are answered 421, and so are
requests for such a host on any other connection. A browser that had reused the connection asks again on a new one.

A bad certificate does not end the handshake, it counts for nothing: the visitor gets the door's own answer instead of
a broken connection. On these connections there are two kinds of routes::

    asking       the client's chain was verified     the control plane is told the certificate
                 anything else                       it is not, and what it does not hear of does not count
    unasked      no verified certificate             a verified one always asks: connections outlast certificates

Sessions are never resumed here, because a resumed one is not verified again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from envoy.config.core.v3.base_pb2 import DataSource, HeaderValue, TransportSocket
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.listener.v3.listener_components_pb2 import FilterChain, FilterChainMatch, ListenerFilter
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, Route, RouteMatch, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthzPerRoute
from envoy.extensions.filters.listener.tls_inspector.v3.tls_inspector_pb2 import TlsInspector
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig, Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from doorward.client_certificates import ClientAuthorities, HostAuthorities
from doorward.edge import headers
from doorward.edge.xds.clusters import is_origin
from doorward.edge.xds.filters import EXT_AUTHZ, asked_telling, unasked
from doorward.edge.xds.routes import DOOR, REFUSED
from doorward.edge.xds.wire import packed

HTTPS: Final = "https"
"""The listener that this is about. HTTP/3 has no client certificates in Envoy, and plain HTTP has none at all."""
CERTIFICATE: Final = "%DOWNSTREAM_PEER_CERT%"
"""The client's own certificate, PEM, percent-encoded."""
_PREFIX: Final = "certificates"
_TLS_INSPECTOR: Final = "envoy.filters.listener.tls_inspector"
_MISDIRECTED: Final = "This connection was made for another host name.\n"


def configuration_name(host: HostAuthorities) -> str:
    """Of the host's route configuration and of its authorities as a secret.

    It changes with the authorities. So connections that were checked by others keep another name, and Envoy keeps them
    for as long as it drains them: see :func:`retired`.
    """
    return f"{_PREFIX} {host.host} {host.version}"


def retired(name: str) -> RouteConfiguration | None:
    """What stands for a route configuration of this module that is no longer published; None: it is none of them.

    Connections that were checked by other authorities still use it. Without this they would go on with the last they
    heard of, and with what was revoked then: a name that is taken away is only forgotten, not closed.
    """
    return RouteConfiguration(name=name, virtual_hosts=[_elsewhere()]) if name.startswith(f"{_PREFIX} ") else None


def told(host: HostAuthorities) -> str:
    """What the control plane is told of a verified certificate; ``client_certificates.read_shown`` reads it."""
    return f"{host.version} {CERTIFICATE}"


def secrets(authorities: ClientAuthorities) -> dict[str, Secret]:
    """Whom certificates are checked by, as resources of their own: a list that is only newer closes no connection."""
    return {configuration_name(host): _secret(host) for host in authorities.hosts.values()}


def _secret(host: HostAuthorities) -> Secret:
    context = CertificateValidationContext(
        trusted_ca=DataSource(inline_bytes=host.certificates),
        trust_chain_verification=CertificateValidationContext.ACCEPT_UNTRUSTED,
    )
    if host.lists:
        context.crl.inline_bytes = b"".join(one.pem for one in host.lists)
    return Secret(name=configuration_name(host), validation_context=context)


def listening(listeners: Mapping[str, Listener], authorities: ClientAuthorities) -> dict[str, Listener]:
    """The listeners, the one of https with a filter chain more for each host with authorities."""
    if HTTPS not in listeners or not authorities.hosts:
        return dict(listeners)
    listener = Listener()
    listener.CopyFrom(listeners[HTTPS])
    listener.listener_filters.append(ListenerFilter(name=_TLS_INSPECTOR, typed_config=packed(TlsInspector())))
    for host in authorities.hosts.values():
        listener.filter_chains.append(_chain(listeners[HTTPS].filter_chains[0], host))
    return {**listeners, HTTPS: listener}


def _chain(common: FilterChain, host: HostAuthorities) -> FilterChain:
    chain = FilterChain()
    chain.CopyFrom(common)
    chain.filter_chain_match.CopyFrom(FilterChainMatch(server_names=[host.host]))
    manager = HttpConnectionManager()
    chain.filters[0].typed_config.Unpack(manager)
    manager.rds.route_config_name = configuration_name(host)
    chain.filters[0].typed_config.CopyFrom(packed(manager))
    chain.transport_socket.CopyFrom(_asking(common.transport_socket, host))
    return chain


def _asking(common: TransportSocket, host: HostAuthorities) -> TransportSocket:
    """The same TLS, that asks for a certificate and does without one."""
    context = DownstreamTlsContext()
    common.typed_config.Unpack(context)
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
    context.common_tls_context.validation_context_sds_secret_config.CopyFrom(
        SdsSecretConfig(name=configuration_name(host), sds_config=source)
    )
    context.require_client_certificate.value = False
    context.disable_stateless_session_resumption = True
    context.disable_stateful_session_resumption = True
    return TransportSocket(name=common.name, typed_config=packed(context))


def divided(
    configurations: Mapping[str, RouteConfiguration], authorities: ClientAuthorities, *, https: bool
) -> dict[str, RouteConfiguration]:
    """The route configurations, with one more for each host with authorities, and without those hosts in the common one.

    ``https``: there is a TLS listener. Without one nobody can show a certificate, and everything stays together.
    """
    if not https or not authorities.hosts:
        return dict(configurations)
    together = RouteConfiguration()
    together.CopyFrom(configurations[DOOR])
    alone: dict[str, RouteConfiguration] = {}
    for virtual_host in together.virtual_hosts:
        host = authorities.at(virtual_host.name)
        if host is not None:
            alone[configuration_name(host)] = _alone(configurations[DOOR], virtual_host, host)
            del virtual_host.routes[:]
            virtual_host.routes.append(_misdirected())
    return {**configurations, DOOR: together, **alone}


def _alone(common: RouteConfiguration, virtual_host: VirtualHost, host: HostAuthorities) -> RouteConfiguration:
    configuration = RouteConfiguration()
    configuration.CopyFrom(common)
    configuration.name = configuration_name(host)
    del configuration.virtual_hosts[:]
    # HTTP/3 cannot ask for a certificate, so it is not offered here.
    offered = [option for option in configuration.response_headers_to_add if option.header.key != "alt-svc"]
    del configuration.response_headers_to_add[:]
    configuration.response_headers_to_add.extend(offered)
    own = VirtualHost()
    own.CopyFrom(virtual_host)
    del own.routes[:]
    own.routes.extend(route for common_route in virtual_host.routes for route in _routes(common_route, host))
    configuration.virtual_hosts.extend([own, _elsewhere()])
    return configuration


def _routes(common: Route, host: HostAuthorities) -> Iterator[Route]:
    """What stands for a route of the common configuration."""
    if not is_origin(common.route.cluster):
        yield common
        return
    setting = ExtAuthzPerRoute()
    common.typed_per_filter_config[EXT_AUTHZ].Unpack(setting) if EXT_AUTHZ in common.typed_per_filter_config else None
    route = Route()
    route.CopyFrom(common)
    if setting.disabled:
        route.match.tls_context.validated.value = False
        yield route
        return
    route.match.tls_context.CopyFrom(
        RouteMatch.TlsContextMatchOptions(presented={"value": True}, validated={"value": True})
    )
    route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(packed(_telling(setting, host)))
    yield route
    yield common


def _telling(setting: ExtAuthzPerRoute, host: HostAuthorities) -> ExtAuthzPerRoute:
    """The route's own way of asking, with the certificate."""
    already = setting.check_settings.http_service.authorization_request.headers_to_add
    kept = [option for option in already if option.key == headers.SERVICE_TOKEN]
    telling = asked_telling(*kept, HeaderValue(key=headers.CLIENT_CERTIFICATE, value=told(host)))
    if host.forwarding:
        allowed = telling.check_settings.http_service.authorization_response.allowed_upstream_headers
        for name in headers.FORWARDED_CERTIFICATE:
            allowed.patterns.add(exact=name)
    return telling


def _elsewhere() -> VirtualHost:
    return VirtualHost(name="*", domains=["*"], routes=[_misdirected()])


def _misdirected() -> Route:
    """RFC 9110 section 15.5.20."""
    answer = DirectResponseAction(status=421, body=DataSource(inline_string=_MISDIRECTED))
    route = Route(name=REFUSED, match=RouteMatch(prefix="/"), direct_response=answer)
    route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked())
    return route
