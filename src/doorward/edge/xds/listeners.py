"""What is listened on, and how strictly messages are read before a filter sees them."""

from __future__ import annotations

from typing import Final

from envoy.config.core.v3.address_pb2 import Address, CidrRange, SocketAddress
from envoy.config.core.v3.base_pb2 import TransportSocket
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.core.v3.protocol_pb2 import (
    Http1ProtocolOptions,
    Http2ProtocolOptions,
    Http3ProtocolOptions,
    HttpProtocolOptions,
)
from envoy.config.listener.v3.listener_components_pb2 import Filter, FilterChain
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.listener.v3.quic_config_pb2 import QuicProtocolOptions
from envoy.config.listener.v3.udp_listener_config_pb2 import UdpListenerConfig
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
    Rds,
)
from envoy.extensions.http.original_ip_detection.custom_header.v3.custom_header_pb2 import CustomHeaderConfig
from envoy.extensions.transport_sockets.quic.v3.quic_transport_pb2 import QuicDownstreamTransport
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.protobuf.message import Message

from doorward.edge.xds.filters import ROUTER, early_mutations, http_filters, router
from doorward.edge.xds.leash import leash_filter
from doorward.edge.xds.replies import local_replies
from doorward.edge.xds.routes import DOOR, REDIRECT
from doorward.edge.xds.secrets import downstream_tls
from doorward.edge.xds.settings import EdgeSettings
from doorward.edge.xds.wire import duration, extension, packed

_NOBODY: Final = CidrRange(address_prefix="255.255.255.255", prefix_len={"value": 32})
"""No visitor is internal. An empty list would mean Envoy's own idea of internal addresses."""
CONNECTION_MANAGER: Final = "envoy.filters.network.http_connection_manager"
_BUFFER: Final = 64 * 1024
"""Bytes a connection may have in flight before it is told to wait."""
_HEADERS_KB: Final = 60
_CONNECTION_IDLE: Final = 5 * 60
_STREAM_IDLE: Final = 15 * 60
_DELAYED_CLOSE: Final = 0.3
"""Seconds for the last bytes of an HTTP/1 connection that we end; a WebSocket that is cut stays open that long."""
_HEADERS_TIMEOUT: Final = 15
_MOST_HEADERS: Final = 100


def listeners(edge: EdgeSettings, *, tell_bodies: bool = False) -> dict[str, Listener]:
    """By name: ``http``, ``https``, ``http3``. ``tell_bodies``: see ``filters.early_mutations``."""
    found = {}
    if edge.http is not None:
        http = _plain_redirect() if edge.https is not None else door(edge, tell_bodies=tell_bodies)
        found["http"] = _tcp("http", edge, edge.http, http)
    if edge.https is not None:
        tls = TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(downstream_tls("h2", "http/1.1")))
        found["https"] = _tcp("https", edge, edge.https, door(edge, tell_bodies=tell_bodies), tls)
        if edge.http3:
            found["http3"] = _quic(edge, edge.https, door(edge, tell_bodies=tell_bodies))
    return found


def door(edge: EdgeSettings, *, tell_bodies: bool = False) -> HttpConnectionManager:
    """The connection manager of every listener that leads to applications."""
    manager = _strict(DOOR)
    manager.http_filters.extend(http_filters(leash_filter()))
    manager.early_header_mutation_extensions.append(early_mutations(trusted_headers(edge), tell_bodies=tell_bodies))
    manager.local_reply_config.CopyFrom(local_replies())
    websocket = manager.upgrade_configs.add()
    websocket.upgrade_type = "websocket"
    if edge.client_address_header:
        manager.use_remote_address.value = False
        manager.original_ip_detection_extensions.append(_address_header(edge.client_address_header))
    else:
        manager.use_remote_address.value = True
        manager.xff_num_trusted_hops = edge.trusted_hops
    return manager


def trusted_headers(edge: EdgeSettings) -> tuple[str, ...]:
    """Client headers that a balancer in front writes and that are therefore kept."""
    if edge.client_address_header:
        return (edge.client_address_header.lower(),)
    return ("x-forwarded-for",) if edge.trusted_hops else ()


def _strict(routes: str) -> HttpConnectionManager:
    """How messages are read. Anything that two readers might read differently is refused here."""
    return HttpConnectionManager(
        stat_prefix=routes,
        rds=Rds(route_config_name=routes, config_source=_ads()),
        common_http_protocol_options=HttpProtocolOptions(
            idle_timeout=duration(_CONNECTION_IDLE),
            headers_with_underscores_action=HttpProtocolOptions.REJECT_REQUEST,
            max_headers_count={"value": _MOST_HEADERS},
        ),
        http_protocol_options=Http1ProtocolOptions(),
        http2_protocol_options=_http2(),
        max_request_headers_kb={"value": _HEADERS_KB},
        request_headers_timeout=duration(_HEADERS_TIMEOUT),
        stream_idle_timeout=duration(_STREAM_IDLE),
        delayed_close_timeout=duration(_DELAYED_CLOSE),
        normalize_path={"value": True},
        merge_slashes=True,
        path_with_escaped_slashes_action=HttpConnectionManager.REJECT_REQUEST,
        strip_trailing_host_dot=True,
        internal_address_config=HttpConnectionManager.InternalAddressConfig(cidr_ranges=[_NOBODY]),
        generate_request_id={"value": True},
        server_header_transformation=HttpConnectionManager.PASS_THROUGH,
    )


def _plain_redirect() -> HttpConnectionManager:
    manager = _strict(REDIRECT)
    manager.use_remote_address.value = True
    manager.http_filters.append(HttpFilter(name=ROUTER, typed_config=packed(router())))
    return manager


def _http2() -> Http2ProtocolOptions:
    """Bounded on all sides; Envoy's own flood limits (frames, resets, continuations) are in force besides."""
    return Http2ProtocolOptions(
        max_concurrent_streams={"value": 100},
        initial_stream_window_size={"value": 64 * 1024},
        initial_connection_window_size={"value": 1024 * 1024},
    )


def _address_header(name: str) -> TypedExtensionConfig:
    detection = CustomHeaderConfig(
        header_name=name, allow_extension_to_set_address_as_trusted=False, reject_with_status=HttpStatus(code=403)
    )
    return extension("envoy.http.original_ip_detection.custom_header", detection)


def _tcp(
    name: str, edge: EdgeSettings, port: int, manager: HttpConnectionManager, tls: TransportSocket | None = None
) -> Listener:
    chain = FilterChain(filters=[_network_filter(manager)], transport_socket=tls)
    return Listener(
        name=name,
        address=_address(edge.address, port),
        filter_chains=[chain],
        per_connection_buffer_limit_bytes={"value": _BUFFER},
    )


def _quic(edge: EdgeSettings, port: int, manager: HttpConnectionManager) -> Listener:
    manager.codec_type = HttpConnectionManager.HTTP3
    manager.http3_protocol_options.CopyFrom(Http3ProtocolOptions())
    transport = QuicDownstreamTransport(downstream_tls_context=downstream_tls("h3"), enable_early_data={"value": False})
    socket = TransportSocket(name="envoy.transport_sockets.quic", typed_config=packed(transport))
    return Listener(
        name="http3",
        address=_address(edge.address, port, SocketAddress.UDP),
        filter_chains=[FilterChain(filters=[_network_filter(manager)], transport_socket=socket)],
        udp_listener_config=UdpListenerConfig(quic_options=QuicProtocolOptions()),
        enable_reuse_port={"value": True},
    )


def _network_filter(manager: Message) -> Filter:
    return Filter(name=CONNECTION_MANAGER, typed_config=packed(manager))


def _address(host: str, port: int, protocol: SocketAddress.Protocol = SocketAddress.TCP) -> Address:
    return Address(socket_address=SocketAddress(address=host, port_value=port, protocol=protocol))


def _ads() -> ConfigSource:
    return ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
