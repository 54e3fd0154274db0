"""Routes of applications with ``cors_headers``; that the answers are right, tests/door_settings shows."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from envoy.config.route.v3.route_pb2 import RouteConfiguration
from tests.edge.envoy_harness import edge_settings
from tests.edge.xds import world

from doorward.access.cors import GRANTS
from doorward.applications import Applications
from doorward.edge.xds import build
from doorward.edge.xds.proof import asks, check_routes
from doorward.edge.xds.resources import ROUTES
from doorward.edge.xds.routes import DOOR

CORS = {"allowed_origins": ("https://shop.test",), "allow_all_methods": True}
NOW = int(time.time())
EDGE = edge_settings(Path("/run"))


def state(*, cors: bool):
    opened = {"cors_headers": CORS} if cors else {}
    applications = (world.application(1, "wiki.test", **opened), world.application(2, "wiki.test/admin"))
    return replace(world.snapshot(1), applications=Applications.of(applications))


def routes(*, cors: bool):
    configuration = RouteConfiguration()
    build(state(cors=cors), EDGE, NOW).by_type[ROUTES][DOOR].body.Unpack(configuration)
    (host,) = [host for host in configuration.virtual_hosts if host.name == "wiki.test"]
    return [route for route in host.routes if route.HasField("route")]


def absent(route):
    return {matcher.name for matcher in route.match.headers if matcher.present_match and matcher.invert_match}


def test_every_route_to_the_origin_takes_off_what_the_origin_grants():
    mine = [route for route in routes(cors=True) if route.name == "app-1"]
    assert len(mine) >= 4
    for route in mine:
        assert tuple(route.response_headers_to_remove) == GRANTS
        assert [(one.header.key, one.header.value) for one in route.response_headers_to_add] == [("vary", "Origin")]


def test_a_route_that_asks_nobody_takes_nobody_who_sends_an_origin():
    unasked = [route for route in routes(cors=True) if route.name == "app-1" and not asks(route)]
    assert unasked
    assert all("origin" in absent(route) for route in unasked)
    asking = [route for route in routes(cors=True) if route.name == "app-1" and asks(route)]
    assert not any("origin" in absent(route) for route in asking)


def test_other_applications_routes_are_what_they_were():
    with_it, without = ([route for route in routes(cors=cors) if route.name != "app-1"] for cors in (True, False))
    assert with_it == without
    for route in routes(cors=False):
        assert not route.response_headers_to_remove
        assert "origin" not in absent(route)


def test_g10_143_the_proof_holds():
    assert check_routes(build(state(cors=True), EDGE, NOW)) == ()
