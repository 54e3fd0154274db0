"""The delta protocol, message by message."""

from __future__ import annotations

import pytest
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from google.protobuf.any_pb2 import Any

from doorward.edge.xds.resources import CLUSTER, EXTENSION, LISTENER, ORDER, ROUTES, SECRET, Resource, Resources
from doorward.edge.xds.stream import Rejection, Stream


def resources(version: str = "1", **names: dict[str, str]) -> Resources:
    """``clusters={"a": "1"}``: names and versions by type."""
    types = {"clusters": CLUSTER, "listeners": LISTENER, "routes": ROUTES, "secrets": SECRET, "extensions": EXTENSION}
    by_type = {url: {} for url in ORDER}
    for word, entries in names.items():
        by_type[types[word]] = {name: Resource(name, told, Any(value=told.encode())) for name, told in entries.items()}
    return Resources(by_type, version)


def ask(type_url: str, *names: str, **more) -> DeltaDiscoveryRequest:
    return DeltaDiscoveryRequest(type_url=type_url, resource_names_subscribe=names, **more)


def ack(response: DeltaDiscoveryResponse) -> DeltaDiscoveryRequest:
    return DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)


def nack(response: DeltaDiscoveryResponse, message: str = "bad") -> DeltaDiscoveryRequest:
    return DeltaDiscoveryRequest(
        type_url=response.type_url, response_nonce=response.nonce, error_detail={"code": 3, "message": message}
    )


def told(responses: list[DeltaDiscoveryResponse]) -> list[tuple[str, list[str], list[str]]]:
    return [
        (r.type_url.rpartition(".")[2], [x.name for x in r.resources], list(r.removed_resources)) for r in responses
    ]


def connected(state: Resources) -> Stream:
    """A stream on which everything was asked for and acknowledged."""
    stream = Stream()
    stream.receive(ask(CLUSTER, node={"id": "edge-1"}))
    stream.receive(ask(LISTENER))
    for type_url in (ROUTES, SECRET, EXTENSION):
        stream.receive(ask(type_url, *state.by_type[type_url]))
    for response in stream.due(state):
        stream.receive(ack(response))
    return stream


STATE = resources(clusters={"a": "1", "b": "1"}, listeners={"http": "1"}, routes={"door": "1"}, extensions={"jwt": "1"})


def test_nothing_is_sent_before_it_is_asked_for():
    assert Stream().due(STATE) == []


def test_clusters_and_listeners_are_sent_whole_and_others_by_name_in_order():
    stream = Stream()
    stream.receive(ask(LISTENER))
    stream.receive(ask(ROUTES, "door"))
    stream.receive(ask(CLUSTER))
    stream.receive(ask(EXTENSION, "jwt"))
    assert told(stream.due(STATE)) == [
        ("Cluster", ["a", "b"], []),
        ("TypedExtensionConfig", ["jwt"], []),
        ("Listener", ["http"], []),
        ("RouteConfiguration", ["door"], []),
    ]
    assert stream.due(STATE) == []


def test_the_wildcard_can_be_asked_for_by_its_name_and_given_up():
    stream = Stream()
    stream.receive(ask(CLUSTER, "*"))
    assert told(stream.due(STATE)) == [("Cluster", ["a", "b"], [])]
    stream.receive(DeltaDiscoveryRequest(type_url=CLUSTER, resource_names_unsubscribe=["*"]))
    assert stream.due(resources(clusters={"a": "2"})) == []


def test_only_what_changed_is_sent():
    stream = connected(STATE)
    assert stream.holds(STATE)
    new = resources(
        "2", clusters={"a": "2", "b": "1"}, listeners={"http": "1"}, routes={"door": "2"}, extensions={"jwt": "1"}
    )
    assert not stream.holds(new)
    responses = stream.due(new)
    assert told(responses) == [("Cluster", ["a"], []), ("RouteConfiguration", ["door"], [])]
    assert {r.system_version_info for r in responses} == {"2"}
    assert not stream.holds(new)
    for response in responses:
        stream.receive(ack(response))
    assert stream.holds(new)


def test_a_cluster_is_taken_away_only_after_the_routes_were_acknowledged():
    stream = connected(STATE)
    new = resources("2", clusters={"a": "1"}, listeners={"http": "1"}, routes={"door": "2"}, extensions={"jwt": "1"})
    (routes,) = stream.due(new)
    assert told([routes]) == [("RouteConfiguration", ["door"], [])]
    assert stream.due(new) == []
    stream.receive(ack(routes))
    (removal,) = stream.due(new)
    assert told([removal]) == [("Cluster", [], ["b"])]
    assert not stream.holds(new)
    stream.receive(ack(removal))
    assert stream.holds(new)


def test_a_cluster_stays_when_the_routes_were_refused():
    stream = connected(STATE)
    new = resources("2", clusters={"a": "1"}, listeners={"http": "1"}, routes={"door": "2"}, extensions={"jwt": "1"})
    (routes,) = stream.due(new)
    assert stream.receive(nack(routes, "no such thing")) == Rejection("edge-1", ROUTES, ("door",), "no such thing")
    assert stream.due(new) == []
    assert not stream.holds(new)


def test_what_was_refused_is_not_sent_again_until_it_changes():
    stream = connected(STATE)
    bad = resources(
        "2", clusters={"a": "1", "b": "1"}, listeners={"http": "2"}, routes={"door": "1"}, extensions={"jwt": "1"}
    )
    (response,) = stream.due(bad)
    rejection = stream.receive(nack(response))
    assert rejection is not None
    assert stream.due(bad) == []
    assert not stream.settled()
    good = resources(
        "3", clusters={"a": "1", "b": "1"}, listeners={"http": "3"}, routes={"door": "1"}, extensions={"jwt": "1"}
    )
    (response,) = stream.due(good)
    stream.receive(ack(response))
    assert stream.holds(good)


def test_going_back_to_the_configuration_before_a_refused_one_is_sent():
    stream = connected(STATE)
    bad = resources(
        "2", clusters={"a": "1", "b": "1"}, listeners={"http": "2"}, routes={"door": "1"}, extensions={"jwt": "1"}
    )
    (response,) = stream.due(bad)
    stream.receive(nack(response))
    (response,) = stream.due(STATE)
    assert told([response]) == [("Listener", ["http"], [])]
    stream.receive(ack(response))
    assert stream.holds(STATE)


def test_a_reconnecting_envoy_that_has_everything_is_sent_nothing():
    stream = Stream()
    stream.receive(ask(CLUSTER, initial_resource_versions={"a": "1", "b": "1"}))
    stream.receive(ask(LISTENER, initial_resource_versions={"http": "1"}))
    stream.receive(ask(EXTENSION, "jwt", initial_resource_versions={"jwt": "1"}))
    assert not stream.holds(STATE)
    stream.receive(ask(ROUTES, "door", initial_resource_versions={"door": "1"}))
    assert stream.due(STATE) == []
    assert stream.holds(STATE)


def test_a_reconnecting_envoy_is_told_what_changed_and_what_is_gone_meanwhile():
    stream = Stream()
    stream.receive(ask(CLUSTER, initial_resource_versions={"a": "0", "old": "1", "b": "1"}))
    assert told(stream.due(STATE)) == [("Cluster", ["a"], [])]
    stream.receive(ask(LISTENER, initial_resource_versions={"https": "1", "http": "1"}))
    stream.receive(ask(EXTENSION, "jwt", initial_resource_versions={"jwt": "1"}))
    stream.receive(ask(ROUTES, "door", initial_resource_versions={"door": "1"}))
    (listeners,) = stream.due(STATE)
    assert told([listeners]) == [("Listener", [], ["https"])]
    stream.receive(ack(listeners))
    stream.receive(DeltaDiscoveryRequest(type_url=CLUSTER, response_nonce="1"))
    assert told(stream.due(STATE)) == [("Cluster", [], ["old"])]


def test_a_name_that_does_not_exist_is_said_to_be_missing_once_and_sent_when_it_comes():
    stream = Stream()
    stream.receive(ask(ROUTES, "door", "missing"))
    (response,) = stream.due(STATE)
    assert told([response]) == [("RouteConfiguration", ["door"], ["missing"])]
    stream.receive(ack(response))
    assert stream.due(STATE) == []
    new = resources("2", routes={"door": "1", "missing": "1"})
    assert told(stream.due(new)) == [("RouteConfiguration", ["missing"], [])]


OLD = "certificates wiki.test 0123456789abcdef"
CERTIFIED = resources(clusters={"a": "1", "b": "1"}, secrets={OLD: "1"}, routes={"door": "1", OLD: "1"})
OTHERS = resources("2", clusters={"a": "1"}, routes={"door": "1"})


def sends_everybody_away(response: DeltaDiscoveryResponse) -> bool:
    configuration = RouteConfiguration()
    (sent,) = response.resources
    sent.resource.Unpack(configuration)
    ((host,), (route,)) = configuration.virtual_hosts, configuration.virtual_hosts[0].routes
    return (
        sent.name == configuration.name == OLD
        and (list(host.domains), route.match.prefix, route.direct_response.status) == (["*"], "/", 421)
        and not response.removed_resources
    )


def test_g10_148_routes_of_other_authorities_lead_nowhere_for_as_long_as_they_are_used():
    """Taken away, Envoy would go on with the last it heard of them, and with what was revoked then."""
    stream = connected(CERTIFIED)
    secret, routes = stream.due(OTHERS)
    assert told([secret]) == [("Secret", [], [OLD])]
    assert sends_everybody_away(routes)
    assert not stream.holds(OTHERS)
    for response in (secret, routes):
        stream.receive(ack(response))
    assert stream.holds(OTHERS)
    (removal,) = stream.due(OTHERS)
    assert told([removal]) == [("Cluster", [], ["b"])]
    stream.receive(ack(removal))
    assert stream.due(OTHERS) == []


def test_g10_148_they_come_back_with_their_authorities():
    stream = connected(CERTIFIED)
    for response in stream.due(OTHERS):
        stream.receive(ack(response))
    assert ("RouteConfiguration", [OLD], []) in told(stream.due(CERTIFIED))


def test_nobody_hears_of_them_who_gave_them_up():
    stream = connected(CERTIFIED)
    stream.receive(DeltaDiscoveryRequest(type_url=ROUTES, resource_names_unsubscribe=[OLD]))
    assert "RouteConfiguration" not in [name for name, *_ in told(stream.due(OTHERS))]


@pytest.mark.parametrize(("version", "sent"), [("1", True), ("", True), (None, True), ("the same", False)])
def test_g10_148_a_reconnecting_envoy_that_still_uses_them_is_told_unless_it_knows(version, sent):
    first = Stream()
    first.receive(ask(ROUTES, OLD))
    (response,) = first.due(OTHERS)
    assert sends_everybody_away(response)
    known = {} if version is None else {OLD: response.resources[0].version if version == "the same" else version}
    again = Stream()
    again.receive(ask(ROUTES, OLD, initial_resource_versions=known))
    assert [sends_everybody_away(one) for one in again.due(OTHERS)] == [True] * sent


def test_asking_again_is_answered_again_and_giving_up_stops_it():
    stream = connected(STATE)
    stream.receive(ask(ROUTES, "door"))
    assert told(stream.due(STATE)) == [("RouteConfiguration", ["door"], [])]
    stream.receive(DeltaDiscoveryRequest(type_url=ROUTES, resource_names_unsubscribe=["door"]))
    assert stream.due(resources("2", clusters={"a": "1", "b": "1"}, listeners={"http": "1"}, routes={"door": "9"}, extensions={"jwt": "1"})) == []  # fmt: skip


def test_an_answer_to_a_response_nobody_sent_changes_nothing():
    stream = connected(STATE)
    assert stream.receive(DeltaDiscoveryRequest(type_url=ROUTES, response_nonce="999")) is None
    assert stream.holds(STATE)
