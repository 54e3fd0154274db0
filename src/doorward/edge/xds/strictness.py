"""Reading finished listeners and filters: the second half of the proof."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.core.v3.protocol_pb2 import HttpProtocolOptions
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz
from envoy.extensions.filters.http.ext_proc.v3.ext_proc_pb2 import ExternalProcessor
from envoy.extensions.filters.http.ext_proc.v3.processing_mode_pb2 import ProcessingMode
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    HttpFilter,
)
from envoy.extensions.http.early_header_mutation.header_mutation.v3.header_mutation_pb2 import HeaderMutation

from doorward.edge import headers
from doorward.edge.xds import certificate_proof
from doorward.edge.xds.clusters import CHECK
from doorward.edge.xds.clusters import LEASH as LEASH_CLUSTER
from doorward.edge.xds.evidence import leads_on
from doorward.edge.xds.filters import EXT_AUTHZ, HEADER_TO_METADATA, JWT_AUTHN, PAYLOAD, ROUTER, TOKEN_NAMESPACE
from doorward.edge.xds.leash import LEASH
from doorward.edge.xds.resources import EXTENSION, LISTENER, SECRET, Resources
from doorward.sessions import CF_AUTHORIZATION

_CHAIN: Final = (HEADER_TO_METADATA, JWT_AUTHN, EXT_AUTHZ, LEASH, ROUTER)
_MUST_GO: Final = (
    *headers.IDENTITY,
    headers.ROUTE,
    headers.CLIENT_ADDRESS,
    headers.REQUEST_ID,
    headers.CLIENT_CERTIFICATE,
    *headers.FORWARDED_CERTIFICATE,
    "client-cert",
    "x-forwarded-client-cert",
    headers.PREFIX + "anything",
    "cf-access-anything",
    "x-envoy-original-path",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-original-url",
    "x-rewrite-url",
)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
_ALWAYS_ASKED: Final = (
    "filter_enabled",
    "filter_enabled_metadata",
    "deny_at_disable",
    "grpc_service",
    "with_request_body",
)

_LEASH: Final = ExternalProcessor(
    grpc_service={"envoy_grpc": {"cluster_name": LEASH_CLUSTER}},
    failure_mode_allow=True,
    processing_mode={
        "request_header_mode": ProcessingMode.SEND,
        "response_header_mode": ProcessingMode.SKIP,
        "request_trailer_mode": ProcessingMode.SKIP,
        "response_trailer_mode": ProcessingMode.SEND,
    },
    message_timeout={"seconds": 1},
    mutation_rules={"disallow_all": {"value": True}},
    forward_rules={"allowed_headers": {"patterns": [{"exact": headers.JWT_ASSERTION}]}},
    metadata_options={"forwarding_namespaces": {"untyped": [TOKEN_NAMESPACE]}},
    disable_clear_route_cache=True,
)


def problems(resources: Resources, configurations: Mapping[str, RouteConfiguration]) -> Iterator[str]:
    """How listeners could lead around the door."""
    for name, resource in resources.by_type[LISTENER].items():
        listener = Listener()
        resource.body.Unpack(listener)
        yield from (f"listener {name}: {problem}" for problem in _listener(listener, configurations))
        secrets = certificate_proof.named_secrets(resources.by_type[SECRET])
        yield from (f"listener {name}: {p}" for p in certificate_proof.chains(listener, configurations, secrets))
    yield from _verification(resources)


def _listener(listener: Listener, configurations: Mapping[str, RouteConfiguration]) -> Iterator[str]:
    if listener.HasField("default_filter_chain") or listener.HasField("api_listener"):
        yield "it has more than one filter chain"
    for chain in listener.filter_chains:
        manager = HttpConnectionManager()
        if len(chain.filters) != 1 or not chain.filters[0].typed_config.Unpack(manager):
            yield "it is not HTTP alone"
            continue
        routes = configurations.get(manager.rds.route_config_name)
        if routes is None:
            yield "its routes are not among the resources"
        elif leads_on(routes):
            yield from _manager(manager)


def _manager(manager: HttpConnectionManager) -> Iterator[str]:
    if tuple(step.name for step in manager.http_filters) != _CHAIN:
        yield "its filters are not the door's"
        return
    if any((step.disabled and step.name != LEASH) or step.is_optional for step in manager.http_filters):
        yield "a filter of the door may be left out"
    yield from _leash(manager.http_filters[_CHAIN.index(LEASH)])
    yield from _question(manager.http_filters[_CHAIN.index(EXT_AUTHZ)])
    yield from _early(manager)
    if not manager.normalize_path.value or not manager.merge_slashes:
        yield "paths are not normalised"
    if manager.path_with_escaped_slashes_action != HttpConnectionManager.REJECT_REQUEST:
        yield "escaped slashes are not refused"
    if manager.common_http_protocol_options.headers_with_underscores_action != HttpProtocolOptions.REJECT_REQUEST:
        yield "underscores in header names are not refused"
    if [upgrade.upgrade_type for upgrade in manager.upgrade_configs] != ["websocket"]:
        yield "it upgrades to something else than WebSocket"
    if manager.http2_protocol_options.allow_connect or manager.http3_protocol_options.allow_extended_connect:
        yield "it takes CONNECT"
    if manager.http_protocol_options.enable_trailers:
        yield "it takes trailers of HTTP/1"
    if manager.forward_client_cert_details != HttpConnectionManager.SANITIZE:
        yield "a client may say which certificate it has"


def _question(step: HttpFilter) -> Iterator[str]:
    question = ExtAuthz()
    if not step.typed_config.Unpack(question):
        yield "ext_authz is configured somewhere else"
    if question.failure_mode_allow or any(question.HasField(name) for name in _ALWAYS_ASKED):
        yield "ext_authz may let a request pass without an answer"
    if question.http_service.server_uri.cluster != CHECK:
        yield "ext_authz does not ask the control plane"
    allowed = {
        pattern.exact for pattern in question.http_service.authorization_response.allowed_upstream_headers.patterns
    }
    if allowed != {*headers.IDENTITY, "cookie"}:
        yield "ext_authz may write other headers than the identity"


def _leash(step: HttpFilter) -> Iterator[str]:
    """It may end a request and nothing else: whatever was set beside this could read or change one, or let one pass."""
    leash = ExternalProcessor()
    if not step.typed_config.Unpack(leash) or leash != _LEASH:
        yield "the leash is not the one that can only end a request"
    if not step.disabled:
        yield "the leash is on every request"


def _early(manager: HttpConnectionManager) -> Iterator[str]:
    if len(manager.early_header_mutation_extensions) != 1:
        yield "client headers are not removed early"
        return
    mutation = HeaderMutation()
    manager.early_header_mutation_extensions[0].typed_config.Unpack(mutation)
    patterns = [step.remove_on_match.key_matcher.safe_regex.regex for step in mutation.mutations]
    removed = re.compile("|".join(pattern for pattern in patterns if pattern) or "(?!)")
    for name in _MUST_GO:
        if not removed.fullmatch(name):
            yield f"a client may send {name}"
    if mutation.mutations[0].remove != headers.ASSERTION:
        yield f"a client may send {headers.ASSERTION}"


def _verification(resources: Resources) -> Iterator[str]:
    resource = resources.by_type[EXTENSION].get(JWT_AUTHN)
    extension, verification = TypedExtensionConfig(), JwtAuthentication()
    if resource is None or not resource.body.Unpack(extension) or not extension.typed_config.Unpack(verification):
        yield "jwt_authn: it is not among the resources"
        return
    if len(verification.providers) != 1:
        yield "jwt_authn: there is not exactly one provider"
    for provider in verification.providers.values():
        if list(provider.from_cookies) != [CF_AUTHORIZATION] or provider.from_headers or provider.from_params:
            yield "jwt_authn: tokens are read from elsewhere than the cookie"
        if not provider.require_expiration or not provider.issuer or provider.clock_skew_seconds != 1:
            yield "jwt_authn: issuer or expiry are not demanded"
        if provider.payload_in_metadata != PAYLOAD or not provider.clear_route_cache or provider.claim_to_headers:
            yield "jwt_authn: claims do not reach the routes by metadata alone"
        if not _public_keys_only(provider.local_jwks.inline_string):
            yield "jwt_authn: the keys are missing or not public"


def _public_keys_only(key_set: str) -> bool:
    keys = json.loads(key_set or "{}").get("keys", [])
    return bool(keys) and all(key.get("kty") == "RSA" and not _PRIVATE & set(key) for key in keys)
