"""G10 143: the proof passes on what the builders make and fails on every way of breaking it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, Route, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthz, ExtAuthzPerRoute
from envoy.extensions.filters.http.ext_proc.v3.ext_proc_pb2 import ExternalProcessor, ExtProcOverrides, ExtProcPerRoute
from envoy.extensions.filters.http.ext_proc.v3.processing_mode_pb2 import ProcessingMode
from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import JwtAuthentication
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.http.early_header_mutation.header_mutation.v3.header_mutation_pb2 import HeaderMutation
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.message import Message
from tests.edge.xds import world

from doorward.edge.xds import EdgeSettings, UnsafeConfiguration, build, check_routes
from doorward.edge.xds.filters import EXT_AUTHZ, JWT_AUTHN, unasked
from doorward.edge.xds.leash import BY_COOKIE, LEASH, held
from doorward.edge.xds.resources import EXTENSION, LISTENER, ROUTES, Resources
from doorward.edge.xds.settings import TlsPair
from doorward.organization import PublicAddress

EDGE = EdgeSettings(
    public=PublicAddress(scheme="https", port=443), check_socket="/c", web_socket="/w", leash_socket="/l", http=80,
    https=443, tls=TlsPair(b"c", b"k"), http3=True,
)  # fmt: skip
GOOD = build(world.snapshot(1), EDGE, 1_790_000_000)


@contextmanager
def changed(resources: Resources, type_url: str, name: str, message: Message) -> Iterator[Resources]:
    """The resources with one message that may be changed inside the block."""
    resources.by_type[type_url][name].body.Unpack(message)
    by_type = {key: dict(value) for key, value in resources.by_type.items()}
    result = Resources(by_type, "changed")
    yield result
    body = type(resources.by_type[type_url][name].body)()
    body.Pack(message)
    by_type[type_url][name] = replace(by_type[type_url][name], body=body)


def problems_when(change: Callable[[RouteConfiguration], None]) -> str:
    routes = RouteConfiguration()
    with changed(GOOD, ROUTES, "door", routes) as resources:
        change(routes)
    return " | ".join(check_routes(resources))


def wiki(routes: RouteConfiguration) -> VirtualHost:
    return next(host for host in routes.virtual_hosts if host.name == "wiki.test")


def fast(routes: RouteConfiguration) -> Route:
    return next(route for route in wiki(routes).routes if len(route.match.dynamic_metadata) > 1)


def slow(routes: RouteConfiguration) -> Route:
    return wiki(routes).routes[-2]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"deny_unmatched_requests": False},
        {"ingress": ()},
        {"applications": ()},
        {"revoked": {"app-1": frozenset({"ab" * 32})}},
    ],
)
def test_g10_143_what_the_builders_make_is_safe(more):
    assert check_routes(build(world.snapshot(1, **more), EDGE, 1_790_000_000)) == ()


@pytest.mark.parametrize(
    "edge",
    [
        replace(EDGE, https=None, tls=None),
        replace(EDGE, http=None),
        replace(EDGE, http3=False),
        replace(EDGE, trusted_hops=2),
        replace(EDGE, client_address_header="X-Real-IP"),
        replace(EDGE, client_address_header="x-forwarded-client-ip"),
    ],
)
def test_g10_143_whatever_the_edge_settings(edge):
    assert check_routes(build(world.snapshot(1), edge, 1_790_000_000)) == ()


@pytest.mark.parametrize("claim", ["aud", "type", "iat", "email", "nonce"])
def test_a_fast_route_that_does_not_demand_a_claim_is_found(claim):
    def change(routes):
        route = fast(routes)
        kept = [matcher for matcher in route.match.dynamic_metadata if matcher.path[1].key != claim]
        del route.match.dynamic_metadata[:]
        route.match.dynamic_metadata.extend(kept)

    assert "does not demand" in problems_when(change)


@pytest.mark.parametrize("header", ["cookie", "x-doorward-assertion", "cf-access-token", "cf-access-client-id", "cf-access-client-secret", "cf-access-metadata-request"])  # fmt: skip
def test_a_fast_route_that_takes_mixed_credentials_is_found(header):
    def change(routes):
        route = fast(routes)
        kept = [matcher for matcher in route.match.headers if matcher.name != header]
        del route.match.headers[:]
        route.match.headers.extend(kept)

    assert "it takes requests with" in problems_when(change)


def test_claims_that_are_matched_in_other_metadata_are_found():
    def change(routes):
        for matcher in fast(routes).match.dynamic_metadata:
            matcher.filter = "envoy.filters.http.header_to_metadata"

    assert "audience" in problems_when(change)


def test_claims_that_are_matched_the_wrong_way_round_are_found():
    def change(routes):
        for matcher in fast(routes).match.dynamic_metadata:
            matcher.invert = True

    assert "be absent" in problems_when(change)


def test_a_slow_route_that_asks_nobody_is_found():
    def change(routes):
        slow(routes).typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked())

    assert "does not demand one audience tag" in problems_when(change)


def test_a_setting_for_ext_authz_that_asks_somebody_else_or_less_is_found():
    def nobody(routes):
        slow(routes).typed_per_filter_config[EXT_AUTHZ].Pack(ExtAuthzPerRoute(check_settings={}))

    def with_body(routes):
        settings = {"with_request_body": {"max_request_bytes": 1, "allow_partial_message": True}}
        slow(routes).typed_per_filter_config[EXT_AUTHZ].Pack(ExtAuthzPerRoute(check_settings=settings))

    assert "does not go to the control plane" in problems_when(nobody)
    assert "more than which header" in problems_when(with_body)


def test_a_changed_filter_is_found():
    def change(routes):
        slow(routes).typed_per_filter_config[JWT_AUTHN].Pack(JwtAuthentication())

    assert "changes the filters" in problems_when(change)


def test_credentials_that_would_reach_the_origin_are_found():
    def change(routes):
        slow(routes).request_headers_to_remove.remove("cf-access-client-secret")

    assert "cf-access-client-secret would reach the origin" in problems_when(change)


def test_an_identity_that_is_written_on_an_asked_route_is_found():
    def change(routes):
        slow(routes).request_headers_to_add.extend(fast(routes).request_headers_to_add)

    assert "writes cf-access-jwt-assertion" in problems_when(change)


def test_an_identity_that_is_written_for_a_whole_host_or_for_all_is_found():
    for where in (wiki, lambda routes: routes):
        assert "writes cf-access" in problems_when(
            lambda routes, where=where: where(routes).request_headers_to_add.extend(fast(routes).request_headers_to_add)
        )


def test_an_identity_that_is_added_beside_the_client_s_is_found():
    def change(routes):
        fast(routes).request_headers_to_add[0].append_action = 0

    assert "exactly the verified identity" in problems_when(change)


def test_a_fast_route_without_a_slow_one_behind_it_is_found():
    def change(routes):
        route = fast(routes)
        for other in wiki(routes).routes:
            if other.name == route.name and len(other.match.dynamic_metadata) == 0:
                other.name = "renamed"

    assert "no route asks the control plane" in problems_when(change)


def test_a_host_whose_last_route_leaves_something_over_is_found():
    assert "all that is left" in problems_when(lambda routes: routes.virtual_hosts[-1].routes.pop())
    assert "all that is left" in problems_when(lambda routes: wiki(routes).ClearField("routes"))


def test_reserved_paths_that_reach_an_origin_are_found():
    def change(routes):
        host = wiki(routes)
        kept = [route for route in host.routes if route.match.path_separated_prefix != "/cdn-cgi"]
        del host.routes[:]
        host.routes.extend(kept)

    assert "/cdn-cgi could reach an origin" in problems_when(change)


def test_a_way_to_an_unknown_cluster_or_to_the_check_is_found():
    def to(cluster):
        def change(routes):
            slow(routes).route.cluster = cluster

        return change

    assert "neither an origin nor our own" in problems_when(to("doorward_check"))
    assert "no cluster" in problems_when(to("origin_unknown"))
    assert "no cluster" in problems_when(to(""))


def test_a_mirrored_request_is_found():
    def change(routes):
        slow(routes).route.request_mirror_policies.add().cluster = "elsewhere"

    assert "mirrored" in problems_when(change)
    assert "mirrored" in problems_when(lambda routes: wiki(routes).request_mirror_policies.add())
    assert "mirrored" in problems_when(lambda routes: routes.request_mirror_policies.add())


def test_an_unasked_answer_of_success_is_found():
    def change(routes):
        wiki(routes).routes[0].direct_response.status = 200

    assert "answers with success" in problems_when(change)


def test_an_unusual_action_or_match_is_found():
    def strange(routes):
        slow(routes).ClearField("route")
        slow(routes).non_forwarding_action.SetInParent()

    def connect(routes):
        slow(routes).match.connect_matcher.SetInParent()

    assert "action is non_forwarding_action" in problems_when(strange)
    assert "something else than the path" in problems_when(connect)


def test_host_wide_changes_are_found():
    assert "whole host" in problems_when(lambda r: wiki(r).typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked()))
    assert "all routes" in problems_when(lambda r: r.typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked()))
    assert "whole host" in problems_when(lambda r: wiki(r).matcher.SetInParent())
    assert "somewhere else" in problems_when(lambda r: r.vhds.SetInParent())


def test_ports_and_unknown_names_must_be_covered():
    def no_catch_all(routes):
        del routes.virtual_hosts[-1]

    def ports(routes):
        routes.ignore_port_in_host_matching = False

    assert "unknown names" in problems_when(no_catch_all)
    assert "port" in problems_when(ports)


def listener_problems(change: Callable[[HttpConnectionManager], None]) -> str:
    listener, manager = Listener(), HttpConnectionManager()
    with changed(GOOD, LISTENER, "https", listener) as resources:
        packed = listener.filter_chains[0].filters[0].typed_config
        packed.Unpack(manager)
        change(manager)
        packed.Pack(manager)
    return " | ".join(check_routes(resources))


def set_value(path: str, value: object) -> Callable[[HttpConnectionManager], None]:
    def change(manager):
        *parents, last = path.split(".")
        target = manager
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, last, value)

    return change


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("normalize_path.value", False, "normalised"),
        ("merge_slashes", False, "normalised"),
        ("path_with_escaped_slashes_action", 1, "escaped slashes"),
        ("common_http_protocol_options.headers_with_underscores_action", 0, "underscores"),
        ("http2_protocol_options.allow_connect", True, "CONNECT"),
        ("http3_protocol_options.allow_extended_connect", True, "CONNECT"),
        ("http_protocol_options.enable_trailers", True, "trailers"),
        ("rds.route_config_name", "other", "not among the resources"),
    ],
)
def test_a_laxer_listener_is_found(path, value, found):
    assert found in listener_problems(set_value(path, value))


@pytest.mark.parametrize("number", range(5))
def test_a_missing_or_optional_filter_is_found(number):
    assert "not the door's" in listener_problems(lambda manager: manager.http_filters.pop(number))

    def optional(manager):
        manager.http_filters[number].is_optional = True

    assert "left out" in listener_problems(optional)


def test_another_upgrade_is_found():
    def change(manager):
        manager.upgrade_configs.add().upgrade_type = "CONNECT"

    assert "WebSocket" in listener_problems(change)


def test_early_mutations_that_are_missing_or_weaker_are_found():
    assert "not removed early" in listener_problems(lambda m: m.ClearField("early_header_mutation_extensions"))

    def weaker(position, pattern=None):
        def change(manager):
            mutation = HeaderMutation()
            packed = manager.early_header_mutation_extensions[0].typed_config
            packed.Unpack(mutation)
            if pattern is None:
                del mutation.mutations[position]
            else:
                mutation.mutations[position].remove_on_match.key_matcher.safe_regex.regex = pattern
            packed.Pack(mutation)

        return change

    assert "a client may send x-doorward-assertion" in listener_problems(weaker(0))
    assert "a client may send cf-access-jwt-assertion" in listener_problems(weaker(2))
    assert "a client may send x-original-url" in listener_problems(weaker(2, "(cf-access|x-doorward|x-envoy)-.*"))


def question_problems(change: Callable[[ExtAuthz], None]) -> str:
    def whole(manager):
        question = ExtAuthz()
        manager.http_filters[2].typed_config.Unpack(question)
        change(question)
        manager.http_filters[2].typed_config.Pack(question)

    return listener_problems(whole)


def test_a_question_that_fails_open_is_found():
    def open_on_failure(question):
        question.failure_mode_allow = True

    def sometimes(question):
        question.filter_enabled.default_value.numerator = 1

    def elsewhere(question):
        question.http_service.server_uri.cluster = "origin_1"

    def more_headers(question):
        question.http_service.authorization_response.allowed_upstream_headers.patterns.add().prefix = "x-"

    assert "without an answer" in question_problems(open_on_failure)
    assert "without an answer" in question_problems(sometimes)
    assert "does not ask the control plane" in question_problems(elsewhere)
    assert "other headers" in question_problems(more_headers)
    assert "ext_authz is configured" in listener_problems(lambda m: m.http_filters[2].ClearField("typed_config"))


def leash_problems(change: Callable[[ExternalProcessor], None]) -> str:
    def whole(manager):
        leash = ExternalProcessor()
        manager.http_filters[3].typed_config.Unpack(leash)
        change(leash)
        manager.http_filters[3].typed_config.Pack(leash)

    return listener_problems(whole)


@pytest.mark.parametrize(
    "change",
    [
        lambda leash: leash.mutation_rules.disallow_all.__setattr__("value", False),
        lambda leash: leash.processing_mode.__setattr__("request_body_mode", ProcessingMode.STREAMED),
        lambda leash: leash.__setattr__("allow_mode_override", True),
        lambda leash: leash.__setattr__("disable_clear_route_cache", False),
        lambda leash: leash.grpc_service.envoy_grpc.__setattr__("cluster_name", "origin_1"),
        lambda leash: leash.forward_rules.Clear(),
        lambda leash: leash.metadata_options.receiving_namespaces.untyped.append(JWT_AUTHN),
        lambda leash: leash.request_attributes.append("request.headers"),
    ],
)
def test_a_leash_that_may_do_more_than_end_a_request_is_found(change):
    assert "only end a request" in leash_problems(change)


def test_a_leash_on_every_request_or_on_another_token_is_found():
    def always(manager):
        manager.http_filters[3].disabled = False

    def left_out(manager):
        manager.http_filters[2].disabled = True

    def by_the_cookie(routes):
        slow(routes).typed_per_filter_config[LEASH].CopyFrom(held(BY_COOKIE))

    def failing_otherwise(routes):
        overrides = ExtProcOverrides(failure_mode_allow={"value": False})
        slow(routes).typed_per_filter_config[LEASH].Pack(ExtProcPerRoute(overrides=overrides))

    assert "on every request" in listener_problems(always)
    assert "left out" in listener_problems(left_out)
    assert "more than which token" in problems_when(by_the_cookie)
    assert "more than which token" in problems_when(failing_otherwise)


def verification_problems(change: Callable[[JwtAuthentication], None]) -> str:
    extension, verification = TypedExtensionConfig(), JwtAuthentication()
    with changed(GOOD, EXTENSION, JWT_AUTHN, extension) as resources:
        extension.typed_config.Unpack(verification)
        change(verification)
        extension.typed_config.Pack(verification)
    return " | ".join(check_routes(resources))


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("issuer", "", "issuer or expiry"),
        ("require_expiration", False, "issuer or expiry"),
        ("clock_skew_seconds", 0, "issuer or expiry"),
        ("payload_in_metadata", "", "metadata alone"),
        ("clear_route_cache", False, "metadata alone"),
    ],
)
def test_a_laxer_verification_is_found(field, value, found):
    assert found in verification_problems(lambda v: setattr(v.providers["door"], field, value))


def test_other_sources_of_tokens_or_keys_are_found():
    assert "elsewhere" in verification_problems(lambda v: v.providers["door"].from_params.append("token"))
    assert "elsewhere" in verification_problems(lambda v: v.providers["door"].from_headers.add())
    assert "elsewhere" in verification_problems(lambda v: v.providers["door"].from_cookies.append("other"))
    assert "one provider" in verification_problems(lambda v: v.providers["second"].SetInParent())
    assert "keys are missing" in verification_problems(lambda v: v.providers["door"].ClearField("local_jwks"))
    private = '{"keys": [{"kty": "RSA", "n": "x", "e": "AQAB", "d": "y"}]}'
    secret = '{"keys": [{"kty": "oct", "k": "x"}]}'
    for keys in (private, secret, '{"keys": []}'):
        assert "not public" in verification_problems(lambda v, keys=keys: setattr(v.providers["door"].local_jwks, "inline_string", keys))  # fmt: skip


def test_a_missing_verification_is_found():
    by_type = dict(GOOD.by_type) | {EXTENSION: {}}
    assert "jwt_authn: it is not among the resources" in check_routes(Resources(by_type, "x"))


def test_a_listener_that_is_not_http_alone_is_found():
    listener = Listener()
    with changed(GOOD, LISTENER, "https", listener) as resources:
        listener.filter_chains[0].filters.add().name = "tcp_proxy"
    assert any("not HTTP alone" in problem for problem in check_routes(resources))
    listener = Listener()
    with changed(GOOD, LISTENER, "https", listener) as resources:
        listener.default_filter_chain.SetInParent()
    assert any("more than one filter chain" in problem for problem in check_routes(resources))


def test_the_error_names_every_problem():
    error = UnsafeConfiguration(("one", "two"))
    assert error.problems == ("one", "two")
    assert "one; two" in str(error)
    assert error.code == "unsafe_configuration"


def the_only_cookie(routes: RouteConfiguration) -> list[HeaderMatcher]:
    """The two conditions on the cookie of the route for requests that have no other."""
    return [matcher for matcher in fast(routes).match.headers if matcher.name == "cookie"]


@pytest.mark.parametrize(
    "loosened",
    [
        lambda begins, _rest: begins.string_match.CopyFrom(StringMatcher(prefix="CF_Auth")),
        lambda begins, _rest: begins.string_match.CopyFrom(StringMatcher(contains="CF_Authorization=")),
        lambda _begins, rest: rest.string_match.CopyFrom(StringMatcher(contains="; ")),
        lambda _begins, rest: rest.ClearField("invert_match"),
    ],
)
def test_g10_143_the_only_cookie_is_proven_to_be_the_only_one(loosened):
    def change(routes: RouteConfiguration) -> None:
        loosened(*the_only_cookie(routes))

    assert "two cookies that may be the token" in problems_when(change)
