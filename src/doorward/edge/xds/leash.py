"""The filter that holds open streams on a leash: WebSocket, server-sent events and gRPC, nothing else.

Envoy's ``ext_proc`` opens a call to the control plane (``edge.leash``) when such a request begins, and keeps it for as
long as the request lasts; the control plane ends the request by answering that call. It grants nothing: whoever gets to
it was let in before, and when nobody answers, the stream goes on (``failure_mode_allow``).

The filter is left out of a request's chain unless the first route that Envoy finds, before any token was verified, says
otherwise (``HttpFilter.disabled``), so ordinary requests do not pay for it.
"""

from __future__ import annotations

from typing import Final

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutationRules
from envoy.config.core.v3.base_pb2 import HeaderValue
from envoy.config.core.v3.grpc_service_pb2 import GrpcService
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.extensions.filters.http.ext_proc.v3.ext_proc_pb2 import (
    ExternalProcessor,
    ExtProcOverrides,
    ExtProcPerRoute,
    HeaderForwardingRules,
    MetadataOptions,
)
from envoy.extensions.filters.http.ext_proc.v3.processing_mode_pb2 import ProcessingMode
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.any_pb2 import Any

from doorward.edge import headers
from doorward.edge.xds.clusters import LEASH as LEASH_CLUSTER
from doorward.edge.xds.filters import TOKEN_NAMESPACE
from doorward.edge.xds.wire import duration, exactly, header_absent, packed

LEASH: Final = "envoy.filters.http.ext_proc"
WAY: Final = "x-doorward-way"
"""gRPC metadata of the call: which token the origin got."""
BY_COOKIE: Final = "cookie"
"""The one in the cookie, which Envoy verified; it is in the metadata that goes with the call."""
BY_ANSWER: Final = "answer"
"""The one in the assertion header, which the control plane set; without it the request was let through as nobody's."""
_ANSWER_WITHIN: Final = 1.0
"""Seconds a stream waits for the control plane at its beginning; then it goes on without a leash."""


def leash_filter() -> HttpFilter:
    """The last step before the router."""
    mode = ProcessingMode(
        request_header_mode=ProcessingMode.SEND,
        response_header_mode=ProcessingMode.SKIP,
        request_trailer_mode=ProcessingMode.SKIP,
        response_trailer_mode=ProcessingMode.SEND,  # something is still to come, so the call stays open
    )
    processor = ExternalProcessor(
        grpc_service=GrpcService(envoy_grpc=GrpcService.EnvoyGrpc(cluster_name=LEASH_CLUSTER)),
        failure_mode_allow=True,
        processing_mode=mode,
        message_timeout=duration(_ANSWER_WITHIN),
        mutation_rules=HeaderMutationRules(disallow_all={"value": True}),
        forward_rules=HeaderForwardingRules(allowed_headers=exactly(headers.JWT_ASSERTION)),
        metadata_options=MetadataOptions(
            forwarding_namespaces=MetadataOptions.MetadataNamespaces(untyped=[TOKEN_NAMESPACE])
        ),
        disable_clear_route_cache=True,
    )
    return HttpFilter(name=LEASH, typed_config=packed(processor), disabled=True)


def held(way: str) -> Any:
    """Per-route setting: streams are on the leash, and the control plane is told which token the origin got."""
    return packed(ExtProcPerRoute(overrides=ExtProcOverrides(grpc_initial_metadata=[HeaderValue(key=WAY, value=way)])))


def brief() -> tuple[HeaderMatcher, ...]:
    """What a request shows that is over when it is answered: none of the marks of one that goes on."""
    return (
        header_absent("upgrade"),
        _without("accept", StringMatcher(contains="text/event-stream")),
        _without("content-type", StringMatcher(prefix="application/grpc")),
    )


def _without(name: str, mark: StringMatcher) -> HeaderMatcher:
    """Without the header, or with another value. Matching in lower case only: folding costs every request a copy."""
    return HeaderMatcher(name=name, string_match=mark, invert_match=True, treat_missing_header_as_empty=True)
