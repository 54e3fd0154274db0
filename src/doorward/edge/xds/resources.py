"""Everything Envoy is told, as one value with a version made of its contents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message

from doorward.access.snapshot import Snapshot
from doorward.edge.xds import client_certificates
from doorward.edge.xds.clusters import clusters
from doorward.edge.xds.filters import JWT_AUTHN, verification
from doorward.edge.xds.listeners import listeners
from doorward.edge.xds.routes import route_configurations
from doorward.edge.xds.secrets import secrets
from doorward.edge.xds.settings import EdgeSettings
from doorward.edge.xds.wire import packed

_TYPE: Final = "type.googleapis.com/"
CLUSTER: Final = _TYPE + Cluster.DESCRIPTOR.full_name
SECRET: Final = _TYPE + Secret.DESCRIPTOR.full_name
EXTENSION: Final = _TYPE + TypedExtensionConfig.DESCRIPTOR.full_name
LISTENER: Final = _TYPE + Listener.DESCRIPTOR.full_name
ROUTES: Final = _TYPE + RouteConfiguration.DESCRIPTOR.full_name
ORDER: Final = (CLUSTER, SECRET, EXTENSION, LISTENER, ROUTES)
"""In which order types are sent: what is referred to before what refers to it."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as it goes over the wire."""

    name: str
    version: str
    """Hex of a hash of the content: the same content has the same version in every process."""
    body: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resources:
    """Type URL → name → resource."""

    by_type: Mapping[str, Mapping[str, Resource]]
    version: str
    """Hex of a hash over all of it."""

    @classmethod
    def of(cls, messages: Mapping[str, Mapping[str, Message]]) -> Resources:
        """From messages by type URL and name."""
        by_type = {
            type_url: {name: _resource(name, messages[type_url][name]) for name in sorted(messages.get(type_url, {}))}
            for type_url in ORDER
        }
        told = "".join(f"{type_url}\0{r.name}\0{r.version}\0" for type_url in ORDER for r in by_type[type_url].values())
        return cls(by_type, _digest(told.encode()))


def build(snapshot: Snapshot, edge: EdgeSettings, now: int) -> Resources:
    """Envoy's whole configuration for this snapshot. Pure; ``now`` (Unix seconds) chooses the signing keys in force.

    Raises:
        LookupError: there is no signing key.
        ValueError: an ingress entry names no origin.
    """
    tell_bodies = any(application.options_preflight_bypass for application in snapshot.applications)
    authorities, https = snapshot.client_authorities, edge.https is not None
    certified = client_certificates.secrets(authorities) if https else {}
    return Resources.of(
        {
            CLUSTER: clusters(snapshot.ingress, edge),
            SECRET: secrets(edge) | certified,
            EXTENSION: {JWT_AUTHN: verification(snapshot, now)},
            LISTENER: client_certificates.listening(listeners(edge, tell_bodies=tell_bodies), authorities),
            ROUTES: client_certificates.divided(route_configurations(snapshot, edge), authorities, https=https),
        }
    )


def retired(type_url: str, name: str) -> Resource | None:
    """What Envoy is told of a name that it still uses and that is not published; None: that it does not exist."""
    configuration = client_certificates.retired(name) if type_url == ROUTES else None
    return _resource(name, configuration) if configuration is not None else None


def _resource(name: str, message: Message) -> Resource:
    body = packed(message)
    return Resource(name, _digest(body.value), body)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
