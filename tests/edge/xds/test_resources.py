"""What the builders make of a snapshot, without an Envoy."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.transport_sockets.quic.v3.quic_transport_pb2 import QuicDownstreamTransport
from tests.edge.xds import world

from doorward.edge.xds import EdgeSettings, TlsPair, build
from doorward.edge.xds.clusters import Origin, clusters, origin_cluster
from doorward.edge.xds.demands import twice
from doorward.edge.xds.leash import LEASH, brief
from doorward.edge.xds.origins import parts
from doorward.edge.xds.resources import CLUSTER, LISTENER, ORDER, ROUTES, SECRET
from doorward.organization import Ingress, OriginRequest, PublicAddress

EDGE = EdgeSettings(
    public=PublicAddress(scheme="http", port=80), check_socket="/c", web_socket="/w", leash_socket="/l", http=80
)
NOW = 1_790_000_000


def routes_of(host: str, **more) -> list[Route]:
    configuration = RouteConfiguration()
    build(world.snapshot(1, **more), EDGE, NOW).by_type[ROUTES]["door"].body.Unpack(configuration)
    return list(next(h for h in configuration.virtual_hosts if h.name == host).routes)


def test_the_same_state_has_the_same_version_and_another_has_another():
    one = build(world.snapshot(1), EDGE, NOW)
    assert build(world.snapshot(1), EDGE, NOW + 1).version == one.version
    assert build(world.snapshot(2), EDGE, NOW).version != one.version
    revoked = build(world.snapshot(1, revoked={"app-1": frozenset({"ab" * 32})}), EDGE, NOW)
    changed = [t for t in ORDER if revoked.by_type[t] != one.by_type[t]]
    assert changed == [ROUTES]


def test_the_order_in_which_things_are_revoked_makes_no_difference():
    many = [f"{n:064x}" for n in range(100)]
    one = build(world.snapshot(1, revoked={"app-1": frozenset(many)}), EDGE, NOW)
    other = build(world.snapshot(1, revoked={"app-1": frozenset(reversed(many))}), EDGE, NOW)
    assert one.version == other.version


def test_a_key_never_shows_in_a_representation():
    edge = replace(EDGE, https=443, tls=TlsPair(b"certificate", b"very private"))
    assert "very private" not in repr(edge)
    resources = build(world.snapshot(1), edge, NOW)
    assert "very private" not in repr(resources)
    assert b"very private" in resources.by_type[SECRET]["certificate"].body.value


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"http": None}, "at least one"),
        ({"https": 443}, "certificate"),
        ({"client_address_header": "x-real-ip", "trusted_hops": 1}, "either"),
    ],
)
def test_edge_settings_that_contradict_themselves_are_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(EDGE, **changes)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, {"http"}),
        ({"https": 443, "tls": TlsPair(b"c", b"k")}, {"http", "https"}),
        ({"http": None, "https": 443, "tls": TlsPair(b"c", b"k"), "http3": True}, {"https", "http3"}),
        ({"http3": True}, {"http"}),
    ],
)
def test_listeners_are_what_the_settings_ask_for(changes, names):
    assert set(build(world.snapshot(1), replace(EDGE, **changes), NOW).by_type[LISTENER]) == names


def test_g2_29_early_data_is_not_taken_over_http3():
    edge = replace(EDGE, https=443, tls=TlsPair(b"c", b"k"), http3=True)
    listener, transport = Listener(), QuicDownstreamTransport()
    build(world.snapshot(1), edge, NOW).by_type[LISTENER]["http3"].body.Unpack(listener)
    listener.filter_chains[0].transport_socket.typed_config.Unpack(transport)
    assert transport.HasField("enable_early_data")
    assert not transport.enable_early_data.value


@pytest.mark.parametrize(
    ("service", "scheme", "host", "port", "numeric"),
    [
        ("http://10.0.0.1:8080", "http", "10.0.0.1", 8080, "10.0.0.1"),
        ("http://wiki.internal", "http", "wiki.internal", 80, None),
        ("https://wiki.internal", "https", "wiki.internal", 443, None),
        ("https://[2001:db8::1]:8443/", "https", "2001:db8::1", 8443, "2001:db8::1"),
        ("http://localhost:1", "http", "localhost", 1, "127.0.0.1"),
        ("http://a.b.localhost:1", "http", "a.b.localhost", 1, "127.0.0.1"),
        ("http://notlocalhost:1", "http", "notlocalhost", 1, None),
        ("unix:/run/app.sock", "unix", "/run/app.sock", 0, None),
    ],
)
def test_services_are_read(service, scheme, host, port, numeric):
    origin = Origin.parse(service)
    assert (origin.scheme, origin.host, origin.port) == (scheme, host, port)
    if scheme != "unix":
        assert origin.numeric == numeric


@pytest.mark.parametrize("service", ["", "wiki", "ftp://wiki", "http://", "//wiki", "http_status:404"])
def test_a_service_that_is_no_origin_is_refused(service):
    with pytest.raises(ValueError, match="is no origin"):
        Origin.parse(service)


def cluster_of(service: str, **settings) -> Cluster:
    entry = Ingress(hostname="a.test", service=service, originRequest=OriginRequest(**settings))
    return clusters((entry,), EDGE)[origin_cluster(entry)]


def test_only_real_names_are_left_to_the_resolver():
    assert cluster_of("http://app.localhost:1").type == Cluster.STATIC
    assert cluster_of("http://10.0.0.1").type == Cluster.STATIC
    assert cluster_of("unix:/run/app.sock").type == Cluster.STATIC
    assert cluster_of("http://wiki.internal").type == Cluster.STRICT_DNS


def test_tls_is_used_for_https_only_and_verified_unless_told_otherwise():
    assert not cluster_of("http://a.internal").HasField("transport_socket")
    assert b"/etc/ssl/certs" in cluster_of("https://a.internal").transport_socket.typed_config.value
    assert b"/my/ca" in cluster_of("https://a.internal", caPool="/my/ca").transport_socket.typed_config.value
    unverified = cluster_of("https://a.internal", noTLSVerify=True).transport_socket.typed_config.value
    assert b"/etc/ssl/certs" not in unverified


def test_entries_with_the_same_origin_share_a_cluster_and_others_do_not():
    one = Ingress(hostname="a.test", service="http://10.0.0.1")
    assert origin_cluster(one) == origin_cluster(Ingress(hostname="b.test", path="/x", service="http://10.0.0.1"))
    assert origin_cluster(one) != origin_cluster(Ingress(hostname="a.test", service="http://10.0.0.2"))
    verified = OriginRequest(noTLSVerify=True)
    assert origin_cluster(one) != origin_cluster(one.model_copy(update={"originRequest": verified}))


def entry(path: str, host: str = "a.test") -> Ingress:
    return Ingress(hostname=host, path=path, service=f"http://10.0.0.1:{len(path) + 1}")


@pytest.mark.parametrize(
    ("pattern", "paths", "expected"),
    [
        ("", [""], [("", 0)]),
        ("", ["/a", ""], [("/a", 1), ("", 0)]),
        ("", ["/a"], [("/a", 1), (None, 0)]),
        ("", [], [(None, 0)]),
        ("/a", ["/a", ""], [("/a", 0)]),
        ("/a/b", ["/a/", ""], [("/a/", 0)]),
        ("/a", ["/ab", ""], [("", 0)]),
        ("/ab", ["/a", ""], [("", 0)]),
        ("/a", ["/a/b", ""], [("/a/b", 1), ("", 0)]),
        ("/a", ["/b", "/c"], [(None, 0)]),
        ("/a*", ["/ab", ""], [("/ab", 1), ("", 0)]),
        ("/a*/b", ["/a", ""], [("/a", 1), ("", 0)]),
        ("/a/*", ["/a", ""], [("/a", 0)]),
        ("/a/b*", ["/a", ""], [("/a", 0)]),
        ("/a*", ["/b", ""], [("", 0)]),
        ("*", ["/b", ""], [("/b", 1), ("", 0)]),
    ],
)
def test_a_pattern_is_parted_by_the_entries_that_serve_it(pattern, paths, expected):
    found = [
        (part.ingress.path if part.ingress else None, len(part.conditions))
        for part in parts(pattern, map(entry, paths))
    ]
    assert found == expected


def test_where_any_host_may_ask_the_entry_s_host_is_a_condition():
    found = list(parts("", [entry("", "*.a.test"), entry("/x", "*"), entry("", "*")], any_host=True))
    assert [len(part.conditions) for part in found] == [1, 1, 0]


def test_every_first_way_to_an_origin_has_its_streams_on_the_leash():
    for host in ("wiki.test", "strict.test", "open.test", "*"):
        routes = [route for route in routes_of(host) if route.name.startswith("app-") and route.HasField("route")]
        first = [r for r in routes if not r.match.dynamic_metadata or r.match.dynamic_metadata[0].invert]
        for route, following in pairwise(first):
            if is_brief(route):
                assert LEASH not in route.typed_per_filter_config
                assert LEASH in following.typed_per_filter_config
                assert (following.name, list(following.match.headers)) == (route.name, list(route.match.headers)[:-3])
        assert {route.name for route in first if is_brief(route)} == {route.name for route in routes}


def is_brief(route):
    return list(route.match.headers)[-3:] == list(brief())


def ordinary(host):
    """The routes of requests that do not go on for long."""
    return [r for r in routes_of(host) if LEASH not in r.typed_per_filter_config or len(r.match.dynamic_metadata) > 1]


def test_four_routes_for_a_part_with_a_fast_path_and_one_for_any_other():
    names = [(route.name, len(route.match.dynamic_metadata)) for route in ordinary("wiki.test")]
    assert names[7:] == [("app-10", 0), ("app-2", 1), ("app-2", 5), ("app-2", 5), ("app-2", 0), ("app-1", 1), ("app-1", 5), ("app-1", 5), ("app-1", 0), ("none", 0)]  # fmt: skip
    assert [route.name for route in ordinary("strict.test")][7:] == ["app-6", "none"]
    assert [route.name for route in routes_of("lost.test")][7:] == ["app-7", "none"]


def test_with_more_revoked_tokens_than_envoy_is_told_of_it_decides_nothing_there_by_itself():
    many = frozenset(f"{number:064x}" for number in range(100_001))
    found = [
        (route.name, len(route.match.dynamic_metadata)) for route in routes_of("wiki.test", revoked={"app-1": many})
    ]
    assert found[-2:] == [("app-1", 0), ("none", 0)]
    assert ("app-1", 5) not in found
    assert ("app-2", 5) in found


def test_unmatched_requests_lead_to_an_origin_only_where_the_organization_says_so():
    closed = routes_of("*")[-1]
    assert closed.direct_response.status == 502
    opened = routes_of("*", deny_unmatched_requests=False)
    assert opened[-2].route.cluster.startswith("origin_")
    assert opened[-2].name == "none"
    assert "cf-access-token" in opened[-2].request_headers_to_remove
    assert opened[-1].direct_response.status == 502
    exact = routes_of("wiki.test", deny_unmatched_requests=False)[-1]
    assert exact.route.cluster.startswith("origin_")


def test_a_host_of_an_ingress_entry_under_a_wildcard_application_has_its_own_routes():
    special = Ingress(hostname="special.wild.test", service="http://10.0.0.9")
    found = routes_of(
        "special.wild.test", ingress=(special, Ingress(hostname="*.wild.test", service="http://10.0.0.1"))
    )
    assert {route.name for route in found if route.HasField("route") and route.name != "ours"} == {"app-4"}
    assert {r.route.cluster for r in found if r.name == "app-4"} == {origin_cluster(special)}


def test_every_control_plane_cluster_is_a_unix_socket():
    resources = build(world.snapshot(1), EDGE, NOW)
    for name, path in (("doorward_check", "/c"), ("doorward_web", "/w")):
        cluster = Cluster()
        resources.by_type[CLUSTER][name].body.Unpack(cluster)
        assert cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.pipe.path == path


@pytest.mark.parametrize("name", ["CF_Authorization", "cf.authorization", "CF%5FAuthorization", "%43%46_%61uthorization", "CF Authorization"])  # fmt: skip
def test_every_spelling_of_the_cookie_is_a_mention(name):
    import re

    pattern = re.compile(twice("CF_Authorization").replace(r"\C", "."))
    assert pattern.fullmatch(f"CF_Authorization=a; {name}=b")
    assert pattern.fullmatch(f"{name}=b; x; CF_Authorization=a")
    assert not pattern.fullmatch(f"{name}=b; other=c")
    assert not pattern.fullmatch("CF_Authorization=a; CF_AppSession=b; CF_Author=c")
