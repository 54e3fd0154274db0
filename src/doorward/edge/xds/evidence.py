"""Reading finished routes: which claims one demands before it lets a request pass unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, Route, RouteMatch
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import CheckSettings, ExtAuthzPerRoute
from envoy.extensions.filters.http.ext_proc.v3.ext_proc_pb2 import ExtProcOverrides, ExtProcPerRoute
from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher

from doorward.edge import headers
from doorward.edge.xds import certificate_proof
from doorward.edge.xds.clusters import CHECK
from doorward.edge.xds.filters import CHECK_PREFIX, EXT_AUTHZ, JWT_AUTHN, PAYLOAD, TOKEN_KEY, TOKEN_NAMESPACE
from doorward.edge.xds.leash import BY_ANSWER, BY_COOKIE, LEASH, WAY
from doorward.sessions import CF_AUTHORIZATION

_TAG: Final = re.compile(r"[0-9a-f]{64}")
_REQUEST_HEADER: Final = re.compile(r"%REQ\((?P<name>[a-z0-9-]+)\)%")
_TOLD: Final = {headers.CLIENT_ADDRESS, headers.ROUTE}
_ABSENT: Final = (headers.ASSERTION, *headers.CREDENTIALS)
_WRITTEN: Final = {
    headers.JWT_ASSERTION: f"%DYNAMIC_METADATA({TOKEN_NAMESPACE}:{TOKEN_KEY})%",
    headers.AUTHENTICATED_EMAIL: f"%DYNAMIC_METADATA({JWT_AUTHN}:{PAYLOAD}:email)%",
}


def lacking(route: Route) -> Iterator[str]:
    """What a route that asks nobody ought to demand and does not."""
    claims = {_claim(matcher): matcher for matcher in route.match.dynamic_metadata if not matcher.invert}
    if not _is_tag(claims.get("aud")):
        yield "it does not demand one audience tag"
    if "type" not in claims or claims["type"].value.string_match.exact != "app":
        yield "it does not demand the type app"
    if "iat" not in claims or claims["iat"].value.WhichOneof("match_pattern") != "double_match":
        yield "it does not demand an age"
    if "email" not in claims or not claims["email"].value.string_match.safe_regex.regex:
        yield "it does not demand a clean e-mail address"
    if "nonce" not in claims or not claims["nonce"].value.present_match:
        yield "it does not demand a nonce"
    if any(matcher.invert and _claim(matcher) != "nonce" for matcher in route.match.dynamic_metadata):
        yield "it demands that a claim be absent"
    yield from _mixed(route.match.headers)
    yield from _written(route.request_headers_to_add)


def asked_otherwise(route: Route) -> Iterator[str]:
    """What is wrong with a route's own way of asking. It may tell the control plane one more header, which it must remove,
    and a client's certificate, which must have been verified.
    """
    setting = ExtAuthzPerRoute()
    route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting)
    service = setting.check_settings.http_service
    if setting != ExtAuthzPerRoute(check_settings=CheckSettings(http_service=service)):
        yield "its setting for ext_authz is more than which header is told"
    if service.server_uri.cluster != CHECK or service.path_prefix != CHECK_PREFIX:
        yield "its question does not go to the control plane"
    told = {option.key: option.value for option in service.authorization_request.headers_to_add}
    certificate = told.pop(headers.CLIENT_CERTIFICATE, None)
    yield from certificate_proof.told_otherwise(certificate, route)
    written = {pattern.exact for pattern in service.authorization_response.allowed_upstream_headers.patterns}
    if written - certificate_proof.forwarded(certificate) != {*headers.IDENTITY, "cookie"}:
        yield "its question may write other headers than the identity"
    header = told.pop(headers.SERVICE_TOKEN, "" if certificate is None else None)
    named = _REQUEST_HEADER.fullmatch(header) if header is not None else None
    if header is not None and (named is None or named["name"] not in route.request_headers_to_remove):
        yield "the header with a service token would reach the origin"
    if told.keys() != _TOLD:
        yield "the control plane would not know whom it is asked about"


def held_otherwise(route: Route, *, asked: bool) -> Iterator[str]:
    """What is wrong with a route's setting of the leash. It says which token the origin got, and nothing else."""
    setting = ExtProcPerRoute()
    route.typed_per_filter_config[LEASH].Unpack(setting)
    told = HeaderValue(key=WAY, value=BY_ANSWER if asked else BY_COOKIE)
    if setting != ExtProcPerRoute(overrides=ExtProcOverrides(grpc_initial_metadata=[told])):
        yield "its setting of the leash is more than which token the origin got"


def narrowed(match: RouteMatch) -> bool:
    """True when a route looks at more than the path."""
    return any(field.name not in {"prefix", "path_separated_prefix", "safe_regex"} for field, _ in match.ListFields())


def leads_on(configuration: RouteConfiguration) -> bool:
    """True when some route forwards requests."""
    return any(route.HasField("route") for host in configuration.virtual_hosts for route in host.routes)


def _claim(matcher: MetadataMatcher) -> str:
    """Name of the verified claim that is looked at; empty for anything else."""
    path = [segment.key for segment in matcher.path]
    return path[1] if matcher.filter == JWT_AUTHN and len(path) == 2 and path[0] == PAYLOAD else ""


def _is_tag(matcher: MetadataMatcher | None) -> bool:
    return matcher is not None and bool(_TAG.fullmatch(matcher.value.list_match.one_of.string_match.exact))


def _mixed(matchers: Sequence[HeaderMatcher]) -> Iterator[str]:
    absent = {matcher.name for matcher in matchers if matcher.present_match and matcher.invert_match}
    for name in _ABSENT:
        if name not in absent:
            yield f"it takes requests with {name}"
    cookies = [matcher for matcher in matchers if matcher.name == "cookie"]
    searched = any(m.invert_match and m.string_match.safe_regex.regex for m in cookies)
    begins = any(not m.invert_match and m.string_match.prefix == f"{CF_AUTHORIZATION}=" for m in cookies)
    alone = begins and any(m.invert_match and m.string_match.contains == ";" for m in cookies)
    if not (searched or alone):
        yield "it takes requests with two cookies that may be the token"


def _written(options: Sequence[HeaderValueOption]) -> Iterator[str]:
    overwrite = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    written = {option.header.key: option.header.value for option in options if option.append_action == overwrite}
    if written != _WRITTEN or len(options) != len(_WRITTEN):
        yield "it does not write exactly the verified identity"
