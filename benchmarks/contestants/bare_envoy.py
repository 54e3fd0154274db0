"""Envoy without the door: the very listener, connection manager, route action and cluster that Doorward generates for its
own Envoy, taken from the same builders, minus the door's filters, header mutations and routes.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route, RouteMatch, VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from benchmarks.contestants.contestant import Contestant, World, prove
from benchmarks.contestants.nginx import BODY
from benchmarks.processes import free_port, listens
from doorward.access.snapshot import Snapshot
from doorward.applications import Applications
from doorward.edge import envoy
from doorward.edge.xds import EdgeSettings
from doorward.edge.xds.clusters import clusters, origin_cluster
from doorward.edge.xds.listeners import listeners
from doorward.edge.xds.routes import route_configurations
from doorward.organization import Ingress, Organization, PublicAddress
from doorward.policy.model import Directory
from doorward.tokens.keys import KeyRing

_HOST: Final = "app.localhost"


def bare(world: World) -> Contestant:
    """Forwards everything, with the HTTP settings of the door."""
    port, folder = free_port(), world.stage.folder / "envoy"
    folder.mkdir()
    file = folder / "envoy.json"
    file.write_text(json.dumps(bootstrap(folder, port, world.origin)), encoding="utf-8")
    running = world.stage.start("envoy-bare", envoy.command(envoy.binary(), file, workers=1))
    running.wait(lambda: listens(port))
    contestant = Contestant(
        "envoy",
        "Envoy bare, settings of the door",
        "forwards, checks nothing; the same listener, HTTP settings and cluster as the door's Envoy",
        port,
        {"Envoy": running.pid},
    )
    return prove(contestant, 200, body=BODY)


def bootstrap(folder: Path, port: int, origin: int) -> dict[str, Any]:
    """A static configuration, equal to the door's by construction: its bootstrap, listener and cluster."""
    public = PublicAddress(scheme="http", port=port)
    nobody: dict[str, Any] = {one.name: f"{folder}/{one.name}" for one in fields(EdgeSettings) if "socket" in one.name}
    edge = EdgeSettings(public=public, http=port, **nobody)  # the control plane's sockets: nothing here leads to them
    ingress = Ingress(hostname=_HOST, service=f"http://127.0.0.1:{origin}")
    cluster = clusters([ingress], edge)[origin_cluster(ingress)]
    listener = _without_the_door(listeners(edge)["http"], _route(ingress, edge))
    document: dict[str, Any] = json.loads(envoy.bootstrap(folder))
    del document["dynamic_resources"]
    document["static_resources"] = {"listeners": [_plain(listener)], "clusters": [_plain(cluster)]}
    return document


def _without_the_door(listener: Listener, route: Route) -> Listener:
    network_filter = listener.filter_chains[0].filters[0]
    manager = HttpConnectionManager()
    network_filter.typed_config.Unpack(manager)
    del manager.http_filters[:-1]  # the last one is the router
    del manager.early_header_mutation_extensions[:]
    everything = VirtualHost(name="everything", domains=["*"], routes=[route])
    manager.route_config.CopyFrom(RouteConfiguration(name="everything", virtual_hosts=[everything]))
    network_filter.typed_config.Pack(manager)
    return listener


def _route(ingress: Ingress, edge: EdgeSettings) -> Route:
    """To the origin, with the action that the door's routes have: its timeouts, its cluster."""
    organization = Organization(
        id="0" * 32,
        name="Benchmark",
        auth_domain="login.localhost",
        session_duration="24h",
        public=edge.public,
        deny_unmatched_requests=False,
    )
    snapshot = Snapshot(organization, Applications.of(()), {}, Directory(), (ingress,), KeyRing(()))
    hosts = route_configurations(snapshot, edge)["door"].virtual_hosts
    action = next(host for host in hosts if _HOST in host.domains).routes[-1].route
    return Route(match=RouteMatch(prefix="/"), route=action)


def _plain(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return plain
