"""G10 143, 148: the proof passes on what is built for client certificates and fails on every way of breaking it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthzPerRoute
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext
from tests.client_certificates.authority import Authority
from tests.edge.xds import world
from tests.edge.xds.test_proof import EDGE, changed

from doorward.client_certificates import ClientAuthorities, ClientAuthority, read_lists
from doorward.edge import headers
from doorward.edge.xds import build, check_routes
from doorward.edge.xds.client_certificates import configuration_name
from doorward.edge.xds.clusters import is_origin
from doorward.edge.xds.filters import EXT_AUTHZ, asked_with, unasked
from doorward.edge.xds.resources import LISTENER, ROUTES, SECRET, Resources
from doorward.edge.xds.wire import packed

DEVICES = Authority.make("Devices")
LISTS = read_lists(DEVICES.revoking(), [DEVICES.certificate])
AUTHORITIES = ClientAuthorities.of(
    [
        ClientAuthority("a", ("wiki.test", "head.test"), DEVICES.pem),
        ClientAuthority("b", ("a.wild.test",), DEVICES.pem, LISTS),
    ],
    ["wiki.test"],
)
APPLICATIONS = (
    *world.APPLICATIONS,
    world.application(30, "head.test", read_service_tokens_from_header="authorization"),
)
HEAD = (*world.snapshot(1).ingress, world.snapshot(1).ingress[0].model_copy(update={"hostname": "head.test"}))
STATE = replace(world.snapshot(1, applications=APPLICATIONS, ingress=HEAD), client_authorities=AUTHORITIES)
GOOD = build(STATE, EDGE, 1_790_000_000)
WIKI = configuration_name(AUTHORITIES.at("wiki.test"))
HEADED = configuration_name(AUTHORITIES.at("head.test"))


@pytest.mark.parametrize(
    "edge",
    [EDGE, replace(EDGE, http=None), replace(EDGE, http3=False), replace(EDGE, https=None, tls=None)],
)
def test_g10_143_what_is_built_is_safe(edge):
    assert check_routes(build(STATE, edge, 1_790_000_000)) == ()


def test_without_tls_nothing_is_divided():
    plain = build(STATE, replace(EDGE, https=None, tls=None), 1_790_000_000)
    assert set(plain.by_type[ROUTES]) == {"door"}
    assert plain.by_type[SECRET] == {}


def test_without_authorities_everything_is_as_before():
    assert build(world.snapshot(1), EDGE, 1_790_000_000).by_type[LISTENER].keys() == GOOD.by_type[LISTENER].keys()
    assert set(build(world.snapshot(1), EDGE, 1_790_000_000).by_type[ROUTES]) == {"door", "redirect"}


def test_each_host_has_a_configuration_of_its_own_that_knows_no_other():
    routes = RouteConfiguration()
    GOOD.by_type[ROUTES][WIKI].body.Unpack(routes)
    assert [list(host.domains) for host in routes.virtual_hosts] == [["wiki.test"], ["*"]]
    assert [route.direct_response.status for route in routes.virtual_hosts[1].routes] == [421]
    GOOD.by_type[ROUTES]["door"].body.Unpack(routes)
    (shared,) = [host for host in routes.virtual_hosts if host.name == "wiki.test"]
    assert [route.direct_response.status for route in shared.routes] == [421]


def test_an_asking_route_is_there_twice_and_an_unasked_one_once():
    routes = RouteConfiguration()
    GOOD.by_type[ROUTES][HEADED].body.Unpack(routes)
    kinds = [kind(route) for route in routes.virtual_hosts[0].routes if is_origin(route.route.cluster)]
    assert kinds[:4] == ["told+token", "token", "told+token", "token"]
    assert kinds.count("told") == kinds.count("asked") == 3
    assert kinds.count("unasked without") == 2
    assert kinds[-1] == "asked"


def kind(route):
    setting = ExtAuthzPerRoute()
    route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting) if EXT_AUTHZ in route.typed_per_filter_config else None
    if setting.disabled:
        return "unasked without" if route.match.tls_context.HasField("validated") else "unasked"
    said = {one.key for one in setting.check_settings.http_service.authorization_request.headers_to_add}
    parts = ["told"] * (headers.CLIENT_CERTIFICATE in said) + ["token"] * (headers.SERVICE_TOKEN in said)
    return "+".join(parts) or "asked"


def problems_when(change, name=WIKI):
    routes = RouteConfiguration()
    with changed(GOOD, ROUTES, name, routes) as resources:
        change(routes)
    return " | ".join(check_routes(resources))


def first(routes, wanted):
    return next(r for r in routes.virtual_hosts[0].routes if is_origin(r.route.cluster) and kind(r) == wanted)


@pytest.mark.parametrize(
    "loosen",
    [
        lambda match: match.ClearField("tls_context"),
        lambda match: match.tls_context.ClearField("validated"),
        lambda match: match.tls_context.ClearField("presented"),
        lambda match: setattr(match.tls_context.validated, "value", False),
    ],
)
def test_a_certificate_that_is_told_without_being_verified_is_found(loosen):
    assert "was not verified" in problems_when(lambda routes: loosen(first(routes, "told").match))


@pytest.mark.parametrize(
    "value",
    ["%DOWNSTREAM_PEER_CERT%", "%REQ(x-cert)%", "0123456789abcdef %REQ(x-cert)%", "0123 %DOWNSTREAM_PEER_CERT%", ""],
)
def test_something_else_that_is_told_for_a_certificate_is_found(value):
    def change(routes):
        route, setting = first(routes, "told"), ExtAuthzPerRoute()
        route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting)
        for option in setting.check_settings.http_service.authorization_request.headers_to_add:
            if option.key == headers.CLIENT_CERTIFICATE:
                option.value = value
        route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(packed(setting))

    assert "something else" in problems_when(change)


def test_a_header_that_the_answer_may_not_write_is_found():
    def change(routes):
        route, setting = first(routes, "told"), ExtAuthzPerRoute()
        route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting)
        setting.check_settings.http_service.authorization_response.allowed_upstream_headers.patterns.add(
            exact="x-admin"
        )
        route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(packed(setting))

    assert "other headers than the identity" in problems_when(change)


def test_a_route_without_certificate_may_not_write_one_for_the_origin():
    def change(routes):
        setting = ExtAuthzPerRoute()
        asked_with("x-token").Unpack(setting)
        setting.check_settings.http_service.authorization_response.allowed_upstream_headers.patterns.add(
            exact=headers.CERTIFICATE_DER
        )
        route = first(routes, "asked")
        route.request_headers_to_remove.append("x-token")
        route.typed_per_filter_config[EXT_AUTHZ].CopyFrom(packed(setting))

    assert "other headers than the identity" in problems_when(change)


def test_a_service_token_beside_a_certificate_still_has_to_be_removed():
    def change(routes):
        route = first(routes, "told+token")
        kept = [name for name in route.request_headers_to_remove if name != "authorization"]
        del route.request_headers_to_remove[:]
        route.request_headers_to_remove.extend(kept)

    assert "service token would reach" in problems_when(change, HEADED)


@pytest.mark.parametrize(
    "loosen",
    [
        lambda match: match.ClearField("tls_context"),
        lambda match: setattr(match.tls_context.validated, "value", True),
        lambda match: setattr(match.tls_context.presented, "value", True),
    ],
)
def test_a_request_with_a_certificate_that_passes_unasked_is_found(loosen):
    assert "passes unasked" in problems_when(lambda routes: loosen(first(routes, "unasked without").match))


def test_another_host_in_the_configuration_of_one_is_found():
    def change(routes):
        routes.virtual_hosts[0].domains.append("open.test")

    assert "leads to wiki.test, open.test as well" in problems_when(change)

    def everywhere(routes):
        routes.virtual_hosts[1].routes[0].CopyFrom(first(routes, "asked"))

    assert "leads to * as well" in problems_when(everywhere)


def test_a_host_that_is_reached_without_being_asked_is_found():
    def change(routes):
        own = RouteConfiguration()
        GOOD.by_type[ROUTES][WIKI].body.Unpack(own)
        for host in routes.virtual_hosts:
            if host.name == "wiki.test":
                host.routes[0].CopyFrom(first(own, "asked"))

    assert "wiki.test can be reached without being asked" in problems_when(change, "door")

    def forgotten(routes):
        kept = [host for host in routes.virtual_hosts if host.name != "wiki.test"]
        del routes.virtual_hosts[:]
        routes.virtual_hosts.extend(kept)

    assert "wiki.test can be reached without being asked" in problems_when(forgotten, "door")


def listening(change):
    listener = Listener()
    with changed(GOOD, LISTENER, "https", listener) as resources:
        change(listener)
    return " | ".join(check_routes(resources))


def tls(chain, change):
    context = DownstreamTlsContext()
    chain.transport_socket.typed_config.Unpack(context)
    change(context)
    chain.transport_socket.typed_config.CopyFrom(packed(context))


def theirs(listener):
    return next(
        chain for chain in listener.filter_chains if list(chain.filter_chain_match.server_names) == ["wiki.test"]
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda one: one.filter_chains[0].filter_chain_match.server_names.append("x.test"), "none for everybody"),
        (lambda one: theirs(one).filter_chain_match.server_names.append("open.test"), "not for exactly one host name"),
        (lambda one: theirs(one).ClearField("filter_chain_match"), "not for exactly one host name"),
        (lambda one: theirs(one).filter_chain_match.application_protocols.append("h2"), "not for exactly one host name"),
        (lambda one: theirs(one).filter_chain_match.server_names.__setitem__(0, "*.test"), "not for exactly one host name"),
        (lambda one: one.filter_chains.append(theirs(one)), "two filter chains are for one host"),
        (lambda one: one.default_filter_chain.SetInParent(), "for everybody, or none"),
        (lambda one: one.ClearField("filter_chains"), "for everybody, or none"),
        (lambda one: one.filter_chains[0].transport_socket.CopyFrom(theirs(one).transport_socket), "everybody is asked"),
        (lambda one: theirs(one).transport_socket.CopyFrom(one.filter_chains[0].transport_socket), "nobody is named who vouches"),
        (lambda one: theirs(one).filters[0].typed_config.CopyFrom(one.filter_chains[0].filters[0].typed_config), "as well"),
        (lambda one: theirs(one).ClearField("filters"), "not HTTP alone"),
        (lambda one: tls(theirs(one), lambda c: setattr(c, "disable_stateless_session_resumption", False)), "resumed"),
        (lambda one: tls(theirs(one), lambda c: setattr(c, "disable_stateful_session_resumption", False)), "resumed"),
        (lambda one: tls(theirs(one), lambda c: c.common_tls_context.validation_context.SetInParent()), "vouches"),
    ],
)  # fmt: skip
def test_g2_22_a_listener_that_mixes_hosts_or_does_not_verify_is_found(change, problem):
    assert problem in listening(change)


def test_a_listener_that_passes_on_what_clients_say_of_their_certificate_is_found():
    def change(listener):
        manager = HttpConnectionManager()
        theirs(listener).filters[0].typed_config.Unpack(manager)
        manager.forward_client_cert_details = HttpConnectionManager.ALWAYS_FORWARD_ONLY
        theirs(listener).filters[0].typed_config.CopyFrom(packed(manager))

    assert "a client may say which certificate it has" in listening(change)


def test_an_authority_that_is_none_is_found():
    secret = Secret()
    with changed(GOOD, SECRET, WIKI, secret) as resources:
        secret.validation_context.ClearField("trusted_ca")
    assert any("nobody is named who vouches" in problem for problem in check_routes(resources))


def test_a_configuration_that_is_not_there_is_found():
    by_type = {key: dict(value) for key, value in GOOD.by_type.items()}
    del by_type[ROUTES][WIKI]
    assert any("not among the resources" in problem for problem in check_routes(Resources(by_type, "x")))


def test_a_told_route_that_asks_nobody_is_found():
    def change(routes):
        first(routes, "asked").typed_per_filter_config[EXT_AUTHZ].CopyFrom(unasked())

    assert "route without the door" in problems_when(change)
