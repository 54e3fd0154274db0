"""Where requests go: one cluster for each distinct origin, and those the control plane answers on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from envoy.config.cluster.v3.circuit_breaker_pb2 import CircuitBreakers
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.address_pb2 import Address, Pipe, SocketAddress
from envoy.config.core.v3.base_pb2 import DataSource, TransportSocket
from envoy.config.core.v3.protocol_pb2 import Http1ProtocolOptions, Http2ProtocolOptions
from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions as CommonOptions
from envoy.config.endpoint.v3.endpoint_components_pb2 import Endpoint, LbEndpoint, LocalityLbEndpoints
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, SubjectAltNameMatcher
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, UpstreamTlsContext
from envoy.extensions.upstreams.http.v3.http_protocol_options_pb2 import HttpProtocolOptions
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from doorward.edge.xds.settings import EdgeSettings
from doorward.edge.xds.trailers import guarded_trailers
from doorward.edge.xds.wire import duration, packed
from doorward.organization import Ingress, OriginRequest

CHECK: Final = "doorward_check"
WEB: Final = "doorward_web"
LEASH: Final = "doorward_leash"
_ORIGIN_PREFIX: Final = "origin_"
_HTTP_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CONNECT_TIMEOUT: Final = timedelta(seconds=10)
_IDLE: Final = 4
"""Seconds an unused connection to an origin is kept. Most application servers hang up after five; whoever hangs up first
must be us, or a request may be lost on a connection that is just being closed."""
_MANY: Final = 100_000
"""Envoy's own limit of 1024 open requests to an origin would refuse the 1025th open WebSocket."""


def origin_cluster(ingress: Ingress) -> str:
    """Name of the cluster for an ingress entry: the same origin settings give the same name."""
    told = f"{ingress.service}\0{ingress.originRequest.model_dump_json()}"
    return _ORIGIN_PREFIX + hashlib.sha256(told.encode()).hexdigest()[:16]


def is_origin(cluster: str) -> bool:
    """True for a cluster that leads to an application, not to ourselves."""
    return cluster.startswith(_ORIGIN_PREFIX)


def clusters(ingress: Iterable[Ingress], edge: EdgeSettings) -> dict[str, Cluster]:
    """Every cluster by name."""
    ours = {
        CHECK: _own(CHECK, edge.check_socket),
        WEB: _own(WEB, edge.web_socket),
        LEASH: _own(LEASH, edge.leash_socket, http2=True),
    }
    return ours | {origin_cluster(entry): _origin_cluster(entry, edge) for entry in ingress}


@dataclass(frozen=True, slots=True)
class Origin:
    """A ``service`` in parts."""

    scheme: str
    host: str
    """A name or an address without brackets; for ``unix`` the socket's path."""
    port: int = 0

    @classmethod
    def parse(cls, service: str) -> Origin:
        """Read ``http://host:port``, ``https://host:port`` or ``unix:/path.sock``.

        Raises:
            ValueError: it is something else.
        """
        if service.startswith("unix:"):
            return cls("unix", service.removeprefix("unix:"))
        parts = urlsplit(service)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{service!r} is no origin; write http://host:port, https://host:port or unix:/path.sock")
        return cls(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))

    @property
    def numeric(self) -> str | None:
        """The address when no resolver is needed. ``localhost`` names are loopback by RFC 6761, whatever resolvers say."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return "127.0.0.1"
        try:
            return str(ip_address(self.host))
        except ValueError:
            return None


def _own(name: str, socket: str, *, http2: bool = False) -> Cluster:
    """A cluster of the control plane: HTTP/1.1, or gRPC, on a unix socket."""
    cluster = Cluster(
        name=name,
        type=Cluster.STATIC,
        connect_timeout=duration(1),
        load_assignment=_assignment(name, _pipe(socket)),
        circuit_breakers=_breakers(),
    )
    options = _calls() if http2 else _protocol(http2=False)
    cluster.typed_extension_protocol_options[_HTTP_OPTIONS].CopyFrom(packed(options))
    return cluster


def _origin_cluster(ingress: Ingress, edge: EdgeSettings) -> Cluster:
    origin, request, name = Origin.parse(ingress.service), ingress.originRequest, origin_cluster(ingress)
    cluster = Cluster(
        name=name,
        type=Cluster.STATIC if origin.scheme == "unix" or origin.numeric else Cluster.STRICT_DNS,
        connect_timeout=duration(request.connectTimeout or _CONNECT_TIMEOUT),
        load_assignment=_assignment(name, _address(origin)),
        circuit_breakers=_breakers(),
        dns_lookup_family=Cluster.V4_PREFERRED,
        per_connection_buffer_limit_bytes={"value": 64 * 1024},
    )
    cluster.typed_extension_protocol_options[_HTTP_OPTIONS].CopyFrom(packed(_protocol(http2=request.http2Origin)))
    if origin.scheme == "https":
        cluster.transport_socket.CopyFrom(_tls(origin, request, edge.trust))
    return cluster


def _calls() -> HttpProtocolOptions:
    """GRPC calls that stay open; many share a connection, which is not given up while they are silent."""
    h2 = Http2ProtocolOptions(max_concurrent_streams={"value": _MANY})
    return HttpProtocolOptions(explicit_http_config=HttpProtocolOptions.ExplicitHttpConfig(http2_protocol_options=h2))


def _protocol(*, http2: bool) -> HttpProtocolOptions:
    common = CommonOptions(idle_timeout=duration(_IDLE))
    explicit = HttpProtocolOptions.ExplicitHttpConfig
    if not http2:
        http1 = explicit(http_protocol_options=Http1ProtocolOptions())
        return HttpProtocolOptions(explicit_http_config=http1, common_http_protocol_options=common)
    h2 = explicit(http2_protocol_options=Http2ProtocolOptions(allow_connect=True))  # WebSocket over HTTP/2, RFC 8441
    return HttpProtocolOptions(
        explicit_http_config=h2, common_http_protocol_options=common, http_filters=guarded_trailers()
    )


def _tls(origin: Origin, request: OriginRequest, trust: str) -> TransportSocket:
    name = request.originServerName or origin.host
    common = CommonTlsContext(alpn_protocols=["h2"] if request.http2Origin else ["http/1.1"])
    if not request.noTLSVerify:
        common.validation_context.CopyFrom(_validation(name, request.caPool or trust))
    context = UpstreamTlsContext(common_tls_context=common, sni="" if _is_address(name) else name)
    return TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))


def _validation(name: str, authorities: str) -> CertificateValidationContext:
    kind = SubjectAltNameMatcher.IP_ADDRESS if _is_address(name) else SubjectAltNameMatcher.DNS
    return CertificateValidationContext(
        trusted_ca=DataSource(filename=authorities),
        match_typed_subject_alt_names=[SubjectAltNameMatcher(san_type=kind, matcher=StringMatcher(exact=name))],
    )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _breakers() -> CircuitBreakers:
    thresholds = CircuitBreakers.Thresholds(
        max_connections={"value": _MANY}, max_pending_requests={"value": _MANY}, max_requests={"value": _MANY}
    )
    return CircuitBreakers(thresholds=[thresholds])


def _address(origin: Origin) -> Address:
    if origin.scheme == "unix":
        return _pipe(origin.host)
    return Address(socket_address=SocketAddress(address=origin.numeric or origin.host, port_value=origin.port))


def _pipe(path: str) -> Address:
    return Address(pipe=Pipe(path=path))


def _assignment(name: str, address: Address) -> ClusterLoadAssignment:
    endpoint = LbEndpoint(endpoint=Endpoint(address=address))
    return ClusterLoadAssignment(cluster_name=name, endpoints=[LocalityLbEndpoints(lb_endpoints=[endpoint])])
