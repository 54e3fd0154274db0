"""Where scim2-server reads and writes: the directory of one identity provider."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, Union, cast

from scim2_models import (
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    ScimProvider,
    SearchRequest,
    UniquenessException,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import AsyncScimStorage, SearchPage
from scim2_server.utils import parametrize

from doorward.identity import canonical_email
from doorward.store.directory import USER, Directory, Entry, Written

Changed = Callable[[Resource[Any] | None, Resource[Any] | None], Awaitable[None]]
"""Called after a change with what was there before and what is there now."""
_CONTENT: Final = {"id", "meta"}


class DirectoryStorage(AsyncScimStorage):
    """See :class:`scim2_server.storage.ScimStorage` for the rules."""

    def __init__(
        self, directory: Directory, idp_id: str, provider: ScimProvider, now: Callable[[], int], changed: Changed
    ) -> None:
        self._directory = directory
        self._idp_id = idp_id
        self._provider = provider
        self._now = now
        self._changed = changed

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,  # noqa: ARG002 - all of it is at hand anyway
    ) -> Resource[Any]:
        return self._resource(await self._entry(resource_type, resource_id))

    async def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ARG002 - cursors are not announced
    ) -> SearchPage:
        found = [one for kind in resource_types for one in await self._candidates(kind, search_request.filter)]
        wanted = search_request.filter
        if wanted is not None and not wanted.models and found:
            models = tuple(dict.fromkeys(type(one) for one in found))
            wanted = parametrize(ScimFilter, Union[models])(str(wanted))  # noqa: UP007 - made at run time
        matching = _sorted([one for one in found if wanted is None or wanted.match(one)], search_request)
        start = search_request.start_index_0 or 0
        end = None if search_request.count is None else start + search_request.count
        return SearchPage(len(matching), matching[start:end])

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        now, made = self._now(), resource.model_copy(deep=True)
        made.id = uuid.uuid4().hex
        entry = self._entry_of(resource_type, made, version=1, created_at=now, now=now)
        _raise(await self._directory.add(entry), resource_type, made.id)
        await self._told(None, entry)
        return self._resource(entry)

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        before = await self._entry(resource_type, str(resource.id))
        if expected_version is not None and expected_version != _version(before):
            raise PreconditionFailedException
        entry = self._entry_of(
            resource_type, resource, version=before.version + 1, created_at=before.created_at, now=self._now()
        )
        # Always on the version that was read, so that what the change means is judged on what it replaced.
        written = await self._directory.replace(entry, before.version)
        if written is Written.CHANGED and expected_version is None:
            return await self.update(resource_type, resource)
        _raise(written, resource_type, entry.id)
        await self._told(before, entry)
        return self._resource(entry)

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        before = await self._entry(resource_type, resource_id)
        if expected_version is not None and expected_version != _version(before):
            raise PreconditionFailedException
        written = await self._directory.remove(self._idp_id, before.kind, before.id, before.version)
        if written is Written.CHANGED and expected_version is None:
            await self.delete(resource_type, resource_id)
            return
        _raise(written, resource_type, resource_id)
        await self._told(before, None)

    async def _told(self, before: Entry | None, after: Entry | None) -> None:
        then = None if before is None else self._resource(before)
        await self._changed(then, None if after is None else self._resource(after))

    async def _entry(self, resource_type: ResourceType, resource_id: str) -> Entry:
        entry = await self._directory.find(self._idp_id, str(resource_type.name), resource_id)
        if entry is None:
            raise NotFoundException(detail=f"{resource_type.name} {resource_id!r} not found")
        return entry

    async def _candidates(self, resource_type: ResourceType, wanted: ScimFilter[Any] | None) -> list[Resource[Any]]:
        kind, name = str(resource_type.name), _by_name(wanted)
        if kind == USER and name is not None:
            entries = await self._directory.named(self._idp_id, kind, canonical_email(name.strip()))
        else:
            entries = await self._directory.all(self._idp_id, kind)
        return [self._resource(entry) for entry in entries]

    def _resource(self, entry: Entry) -> Resource[Any]:
        model = cast("type[Resource[Any]]", self._provider.model_for(entry.kind))
        resource = model.model_validate_json(entry.document)
        resource.id = entry.id
        resource.meta = Meta(
            resource_type=entry.kind,
            created=datetime.fromtimestamp(entry.created_at, UTC),
            last_modified=datetime.fromtimestamp(entry.modified_at, UTC),
            version=_version(entry),
        )
        return resource

    def _entry_of(
        self, resource_type: ResourceType, resource: Resource[Any], *, version: int, created_at: int, now: int
    ) -> Entry:
        name = getattr(resource, "user_name", None) if resource_type.name == USER else None
        return Entry(
            idp_id=self._idp_id,
            kind=str(resource_type.name),
            id=str(resource.id),
            unique_name=canonical_email(str(name).strip()) if name else None,
            active=getattr(resource, "active", None) is not False,
            version=version,
            created_at=created_at,
            modified_at=now,
            document=resource.model_copy(deep=True).model_dump_json(exclude=_CONTENT),
        )


async def names_of(directory: Directory, idp_id: str, ids: frozenset[str]) -> frozenset[str]:
    """User names of these users."""
    found = [await directory.find(idp_id, USER, one) for one in sorted(ids)]
    return frozenset(entry.unique_name for entry in found if entry is not None and entry.unique_name)


def _sorted(found: list[Resource[Any]], search_request: SearchRequest[Any]) -> list[Resource[Any]]:
    """In the order that was asked for; those without the value last (RFC 7644, 3.4.2.3)."""
    if search_request.sort_by is None:
        return found

    def key(one: Resource[Any]) -> tuple[bool, Any, str]:
        value = search_request.sort_value(one)
        return value is None, "" if value is None else value, str(one.id)

    return sorted(found, key=key, reverse=search_request.sort_order == SearchRequest.SortOrder.descending)


def _version(entry: Entry) -> str:
    return f'W/"{entry.version}"'


def _by_name(wanted: ScimFilter[Any] | None) -> str | None:
    """The user name that a filter asks for, if that is all it asks."""
    node = wanted.ast if wanted is not None else None
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or not isinstance(node.value, str):
        return None
    return node.value if str(node.attr_path).lower() == "username" else None


def _raise(written: Written, resource_type: ResourceType, resource_id: str | None) -> None:
    match written:
        case Written.GONE:
            raise NotFoundException(detail=f"{resource_type.name} {resource_id!r} not found")
        case Written.CHANGED:
            raise PreconditionFailedException
        case Written.TAKEN:
            raise UniquenessException(detail="userName is taken by another user")
        case Written.DONE:
            return
