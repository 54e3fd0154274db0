"""The listeners' certificate as a resource of its own (SDS): a new file reaches open listeners without closing any."""

from __future__ import annotations

from typing import Final

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import TlsCertificate, TlsParameters
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import SdsSecretConfig, Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, DownstreamTlsContext

from doorward.edge.xds.settings import EdgeSettings

CERTIFICATE: Final = "certificate"


def secrets(edge: EdgeSettings) -> dict[str, Secret]:
    """By name; empty without TLS."""
    if edge.tls is None:
        return {}
    certificate = TlsCertificate(
        certificate_chain=DataSource(inline_bytes=edge.tls.certificate),
        private_key=DataSource(inline_bytes=edge.tls.key),
    )
    return {CERTIFICATE: Secret(name=CERTIFICATE, tls_certificate=certificate)}


def downstream_tls(*protocols: str) -> DownstreamTlsContext:
    """TLS 1.2 or newer with the certificate from ADS; ``protocols`` for ALPN, best first."""
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
    common = CommonTlsContext(
        alpn_protocols=protocols,
        tls_params=TlsParameters(tls_minimum_protocol_version=TlsParameters.TLSv1_2),
        tls_certificate_sds_secret_configs=[SdsSecretConfig(name=CERTIFICATE, sds_config=source)],
    )
    return DownstreamTlsContext(common_tls_context=common)
