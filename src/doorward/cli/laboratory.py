"""What the policy lab decides by: a configuration file, with what the database of its door knows where there is one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from doorward.access.snapshot import Snapshot
from doorward.applications import Applications
from doorward.cli.state import opened
from doorward.lab.question import UnusableQuestion
from doorward.service_tokens import ServiceToken, issue
from doorward.settings import ObjectIdLike, Settings, names, resolve
from doorward.settings.stand_ins import NOBODYS_ACCOUNT, stand_ins
from doorward.store import Store
from doorward.tokens.keys import KeyRing

Known = Mapping[str, Mapping[str, ObjectIdLike]]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the database knows: ids by kind and name, and the service tokens. Empty before the first start."""

    ids: Known
    service_tokens: tuple[ServiceToken, ...]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """One configuration to ask."""

    settings: Settings
    snapshot: Snapshot
    service_tokens: tuple[ServiceToken, ...]

    @property
    def names(self) -> dict[str, str]:
        """Id to name of what rules refer to."""
        directory = self.snapshot.directory
        parts: Iterable[tuple[str, str]] = (
            *((group.id, group.name) for group in directory.groups.values()),
            *((found.id, found.name) for found in directory.lists.values()),
            *((provider.id, provider.name) for provider in self.snapshot.identity_providers.values()),
            *((application.id, application.name) for application in self.snapshot.applications),
            *((token.id, token.name) for token in self.service_tokens),
        )
        return dict(parts)

    def service_token(self, name: str) -> ServiceToken:
        """By name, id or client id.

        Raises:
            UnusableQuestion: there is none.
        """
        for token in self.service_tokens:
            if name in {token.name, token.id, token.client_id}:
                return token
        raise UnusableQuestion(f"there is no service token {name!r}; 'doorward tokens list' shows all of them")

    def provider(self, name: str) -> str:
        """The id of the identity provider with this name or id.

        Raises:
            UnusableQuestion: there is none.
        """
        for provider in self.snapshot.identity_providers.values():
            if name in {provider.name, provider.id}:
                return provider.id
        declared = ", ".join(provider.name for provider in self.snapshot.identity_providers.values()) or "none"
        raise UnusableQuestion(f"there is no identity provider {name!r}; declared are: {declared}")


def laboratory(settings: Settings, memory: Memory | None = None) -> Laboratory:
    """Of a valid configuration. Nothing is written: a name that has no id yet stands for itself."""
    memory = remembered(settings) if memory is None else memory
    resolved = resolve(settings, stand_ins(settings, memory.ids), NOBODYS_ACCOUNT, {})
    snapshot = Snapshot(
        organization=resolved.organization,
        applications=Applications.of(resolved.applications),
        identity_providers=resolved.identity_providers,
        directory=resolved.directory,
        ingress=resolved.ingress,
        keys=KeyRing(()),
    )
    stored = {token.id: token for token in memory.service_tokens}
    declared = [
        issue(part.id, part.name, part.client_id or part.name, "", None, 0).switched(
            enabled=part.enabled is not False, now=0
        )
        for part in resolved.service_tokens
    ]
    tokens = (*stored.values(), *(token for token in declared if token.id not in stored))
    return Laboratory(settings, snapshot, tokens)


def remembered(settings: Settings) -> Memory:
    """What the database of this configuration's door knows; nothing when there is none yet."""
    if not Path(settings.store_url.removeprefix("sqlite:///")).exists():
        return Memory({}, ())
    return asyncio.run(_remembered(settings))


async def _remembered(settings: Settings) -> Memory:
    async with opened(settings, dict(os.environ)) as store:
        return await recall(store, settings)


async def recall(store: Store, settings: Settings) -> Memory:
    """Ids of every kind that the configuration has, and the service tokens."""
    ids = {kind: await store.objects.known(kind) for kind in names(settings)}
    return Memory(ids, tuple(await store.service_tokens.all()))
