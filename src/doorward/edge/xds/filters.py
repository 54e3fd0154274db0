"""The filters of the door, in their order: token to metadata, verification, the control plane's question, routing.

Why each setting is as it is stands in ARCHITECTURE.md; what is here decides nothing by itself. The routes do.
"""

from __future__ import annotations

from typing import Final

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutation as Mutation
from envoy.config.core.v3.base_pb2 import DataSource, HeaderValue
from envoy.config.core.v3.config_source_pb2 import (
    AggregatedConfigSource,
    ApiVersion,
    ConfigSource,
    ExtensionConfigSource,
)
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.core.v3.http_uri_pb2 import HttpUri
from envoy.config.route.v3.route_components_pb2 import RouteMatch
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import (
    AuthorizationRequest,
    AuthorizationResponse,
    CheckSettings,
    ExtAuthz,
    ExtAuthzPerRoute,
    HttpService,
)
from envoy.extensions.filters.http.header_to_metadata.v3.header_to_metadata_pb2 import Config as HeaderToMetadata
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import (
    JwtAuthentication,
    JwtCacheConfig,
    JwtProvider,
    JwtRequirement,
    JwtRequirementOrList,
    RequirementRule,
)
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter
from envoy.extensions.http.early_header_mutation.header_mutation.v3.header_mutation_pb2 import (
    HeaderMutation as EarlyHeaderMutation,
)
from envoy.type.matcher.v3.string_pb2 import ListStringMatcher, StringMatcher
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty

from doorward.access.snapshot import Snapshot
from doorward.edge import headers
from doorward.edge.xds.clusters import CHECK
from doorward.edge.xds.wire import duration, exactly, extension, packed, regex, set_header
from doorward.sessions import CF_AUTHORIZATION
from doorward.tokens import jwks
from doorward.tokens.jwt import MAX_TOKEN

JWT_AUTHN: Final = "envoy.filters.http.jwt_authn"
EXT_AUTHZ: Final = "envoy.filters.http.ext_authz"
HEADER_TO_METADATA: Final = "envoy.filters.http.header_to_metadata"
ROUTER: Final = "envoy.filters.http.router"
EARLY: Final = "envoy.http.early_header_mutation.header_mutation"
PAYLOAD: Final = "payload"
"""Key of the verified claims in the metadata of :data:`JWT_AUTHN`."""
TOKEN_NAMESPACE: Final = "doorward"  # noqa: S105 - a metadata name
TOKEN_KEY: Final = "token"  # noqa: S105 - a metadata name
CHECK_PREFIX: Final = "/check"
_CHECK_TIMEOUT: Final = 5
"""Seconds; the visitor gets a 503 then."""
_CACHED_TOKENS: Final = 4096
"""Verified tokens each worker remembers."""
_PROVIDER: Final = "door"


def http_filters(leash: HttpFilter) -> list[HttpFilter]:
    """The chain of every listener that leads to an application. ``leash`` comes when everything is decided."""
    return [
        HttpFilter(name=HEADER_TO_METADATA, typed_config=packed(_cookie_token())),
        HttpFilter(name=JWT_AUTHN, config_discovery=_from_ads(JwtAuthentication())),
        HttpFilter(name=EXT_AUTHZ, typed_config=packed(_question())),
        leash,
        HttpFilter(name=ROUTER, typed_config=packed(router())),
    ]


def router() -> Router:
    return Router(suppress_envoy_headers=True, dynamic_stats={"value": False})


def verification(snapshot: Snapshot, now: int) -> TypedExtensionConfig:
    """``jwt_authn`` as a resource of its own (ECDS): new keys arrive without a listener being drained.

    It refuses nothing. It says in metadata which claims were verified: signature, issuer, ``exp``, ``nbf``.
    """
    provider = JwtProvider(
        issuer=snapshot.organization.issuer,
        local_jwks=DataSource(inline_string=jwks.envoy_jwks(snapshot.keys, now)),
        from_cookies=[CF_AUTHORIZATION],
        forward=True,
        require_expiration=True,
        clock_skew_seconds=1,  # 0 would mean Envoy's default, a minute
        payload_in_metadata=PAYLOAD,
        clear_route_cache=True,
        jwt_cache_config=JwtCacheConfig(jwt_cache_size=_CACHED_TOKENS, jwt_max_token_size=MAX_TOKEN),
    )
    either = JwtRequirementOrList(
        requirements=[JwtRequirement(provider_name=_PROVIDER), JwtRequirement(allow_missing_or_failed=Empty())]
    )
    rule = RequirementRule(match=RouteMatch(prefix="/"), requires=JwtRequirement(requires_any=either))
    return extension(JWT_AUTHN, JwtAuthentication(providers={_PROVIDER: provider}, rules=[rule]))


def unasked() -> Any:
    """Per-route setting: the control plane is not asked. The generic ``FilterConfig.disabled`` has no effect here."""
    return packed(ExtAuthzPerRoute(disabled=True))


def early_mutations(trusted: tuple[str, ...], *, tell_bodies: bool = False) -> TypedExtensionConfig:
    """What is taken off every request before anything looks at it.

    ``trusted``: headers a balancer in front writes. ``tell_bodies``: note whether a body comes along, while
    Transfer-Encoding is still there to be seen.
    """
    moved = set_header(headers.ASSERTION, f"%REQ({headers.JWT_ASSERTION})%")
    pattern = headers.stripped_pattern(trusted)
    mutations = [
        Mutation(remove=headers.ASSERTION),
        Mutation(append=moved),
        Mutation(remove_on_match=Mutation.RemoveOnMatch(key_matcher=regex(pattern))),
    ]
    if tell_bodies:
        body = set_header(headers.BODY, "%REQ(content-length)%,%REQ(transfer-encoding)%")
        mutations.append(Mutation(append=body))
    return extension(EARLY, EarlyHeaderMutation(mutations=mutations))


def _cookie_token() -> HeaderToMetadata:
    """The cookie's token where header formatters can reach it: there is no formatter for cookies."""
    value = HeaderToMetadata.KeyValuePair(
        metadata_namespace=TOKEN_NAMESPACE, key=TOKEN_KEY, type=HeaderToMetadata.STRING
    )
    return HeaderToMetadata(request_rules=[HeaderToMetadata.Rule(cookie=CF_AUTHORIZATION, on_header_present=value)])


def asked_with(header: str) -> Any:
    """Per-route setting: the control plane is also told the value of ``header``, which may hold a service token."""
    return packed(asked_telling(HeaderValue(key=headers.SERVICE_TOKEN, value=f"%REQ({header})%")))


def asked_telling(*told: HeaderValue) -> ExtAuthzPerRoute:
    """Per-route setting: the control plane is also told these headers."""
    return ExtAuthzPerRoute(check_settings=CheckSettings(http_service=_control_plane(*told)))


def _control_plane(*more: HeaderValue) -> HttpService:
    """``METHOD /check<path>`` on the control plane's socket, and what its answers may do."""
    request = AuthorizationRequest(
        headers_to_add=[
            HeaderValue(key=headers.CLIENT_ADDRESS, value="%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            HeaderValue(key=headers.ROUTE, value="%ROUTE_NAME%"),
            *more,
        ]
    )
    told_to_client = [StringMatcher(exact=name) for name in ("cf-access-metadata", "set-cookie", "vary")]
    told_to_client.append(StringMatcher(prefix="access-control-"))  # never the token: pages could read it there
    response = AuthorizationResponse(
        allowed_upstream_headers=exactly(*headers.IDENTITY, "cookie"),
        allowed_client_headers_on_success=ListStringMatcher(patterns=told_to_client),
    )
    return HttpService(
        server_uri=HttpUri(uri="http://check", cluster=CHECK, timeout=duration(_CHECK_TIMEOUT)),
        path_prefix=CHECK_PREFIX,
        authorization_request=request,
        authorization_response=response,
    )


def _question() -> ExtAuthz:
    """ext_authz over HTTP."""
    return ExtAuthz(
        http_service=_control_plane(),
        allowed_headers=exactly(*headers.CONSIDERED),
        disallowed_headers=exactly("authorization"),  # the application's; Envoy would show it without being told to
        failure_mode_allow=False,
        status_on_error=HttpStatus(code=503),
        validate_mutations=True,
    )


def _from_ads(filter_config: JwtAuthentication) -> ExtensionConfigSource:
    source = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
    return ExtensionConfigSource(config_source=source, type_urls=[packed(filter_config).type_url])
