"""What one Envoy knows, as told over one delta ADS stream. Pure: requests in, responses out.

The protocol is Envoy's incremental xDS. Envoy keeps the last good resource by itself; we always offer the newest, once,
and note what it refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.discovery.v3.discovery_pb2 import Resource as SentResource

from doorward.edge.xds.resources import CLUSTER, LISTENER, ORDER, Resource, Resources, retired

_WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Envoy refused resources of one type (a NACK); its last good ones stay in force."""

    node: str
    type_url: str
    names: tuple[str, ...]
    message: str
    """Envoy's words."""


@dataclass(slots=True)
class Subscription:
    """One type on one stream."""

    everything: bool = False
    names: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    """Name → version last sent, or held from an earlier stream; an empty version: told that it does not exist."""
    awaited: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Nonce → names, of responses that are neither acknowledged nor refused."""
    refused: set[str] = field(default_factory=set)
    """Names whose told version Envoy refused."""

    def wanted(self, available: dict[str, Resource]) -> set[str]:
        return self.names | (set(available) if self.everything else set())


@dataclass(slots=True, eq=False)
class Stream:
    """State of one connection."""

    node: str = ""
    types: dict[str, Subscription] = field(default_factory=dict)
    _nonce: int = 0

    def receive(self, request: DeltaDiscoveryRequest) -> Rejection | None:
        """Take in a subscription, an ACK or a NACK."""
        if request.node.id:
            self.node = request.node.id
        first = request.type_url not in self.types
        subscription = self.types.setdefault(request.type_url, Subscription())
        if first:
            subscription.told.update(request.initial_resource_versions)
            subscription.everything = request.type_url in {CLUSTER, LISTENER} and not request.resource_names_subscribe
        _subscribe(subscription, request, first=first)
        return self._answered(subscription, request)

    def due(self, resources: Resources) -> list[DeltaDiscoveryResponse]:
        """What to send now, in order. A cluster is taken away only when no route Envoy has leads there any more."""
        responses = [r for type_url in ORDER if (r := self._news(type_url, resources, removals=type_url != CLUSTER))]
        if not responses and self.holds(resources) and (removal := self._news(CLUSTER, resources, removals=True)):
            responses.append(removal)
        return responses

    def settled(self) -> bool:
        """Everything sent was acknowledged."""
        return not any(s.awaited or s.refused for s in self.types.values())

    def holds(self, resources: Resources) -> bool:
        """Envoy has all of these resources, acknowledged, and asked for each of them."""
        return self.settled() and all(self._holds(type_url, resources) for type_url in ORDER)

    def _holds(self, type_url: str, resources: Resources) -> bool:
        available = resources.by_type[type_url]
        told = self.types.get(type_url, Subscription()).told
        return all(told.get(name) == resource.version for name, resource in available.items())

    def _answered(self, subscription: Subscription, request: DeltaDiscoveryRequest) -> Rejection | None:
        names = subscription.awaited.pop(request.response_nonce, ())
        if not request.error_detail.code and not request.error_detail.message:
            return None
        subscription.refused.update(names)
        return Rejection(self.node, request.type_url, names, request.error_detail.message)

    def _news(self, type_url: str, resources: Resources, *, removals: bool) -> DeltaDiscoveryResponse | None:
        subscription = self.types.get(type_url)
        if subscription is None:
            return None
        available = _available(type_url, subscription, resources)
        wanted = subscription.wanted(available)
        changed = [
            available[n] for n in sorted(wanted & set(available)) if subscription.told.get(n) != available[n].version
        ]
        gone = sorted(_gone(subscription, wanted, available)) if removals else []
        if not changed and not gone:
            return None
        self._nonce += 1
        _tell(subscription, changed, gone, str(self._nonce))
        return DeltaDiscoveryResponse(
            system_version_info=resources.version,
            type_url=type_url,
            resources=[SentResource(name=r.name, version=r.version, resource=r.body) for r in changed],
            removed_resources=gone,
            nonce=str(self._nonce),
        )


def _subscribe(subscription: Subscription, request: DeltaDiscoveryRequest, *, first: bool) -> None:
    for name in request.resource_names_subscribe:
        if name == _WILDCARD:
            subscription.everything = True
            continue
        subscription.names.add(name)
        if not first:
            subscription.told.pop(name, None)  # a new subscriber behind the same stream needs to hear it, even again
    for name in request.resource_names_unsubscribe:
        if name == _WILDCARD:
            subscription.everything = False
        subscription.names.discard(name)
        subscription.told.pop(name, None)


def _available(type_url: str, subscription: Subscription, resources: Resources) -> dict[str, Resource]:
    """What is published, and what stands for names that Envoy still uses but that are published no more.

    The latter are nobody's to wait for (:meth:`Stream.holds`): Envoy gives them up with the last connection.
    """
    published = dict(resources.by_type[type_url])
    kept = (retired(type_url, name) for name in subscription.names - published.keys())
    return published | {one.name: one for one in kept if one is not None}


def _gone(subscription: Subscription, wanted: set[str], available: dict[str, Resource]) -> Iterator[str]:
    """Names Envoy holds, or waits for, that do not exist."""
    for name in wanted | set(subscription.told):
        if name not in available and subscription.told.get(name) != "":
            yield name


def _tell(subscription: Subscription, changed: list[Resource], gone: list[str], nonce: str) -> None:
    subscription.told.update({resource.name: resource.version for resource in changed})
    for name in gone:
        if name in subscription.names:
            subscription.told[name] = ""
        else:
            subscription.told.pop(name, None)
    named = (*(resource.name for resource in changed), *gone)
    subscription.awaited[nonce] = named
    subscription.refused.difference_update(named)
