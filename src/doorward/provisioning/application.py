"""The SCIM endpoint of an identity provider: ``/populations/<id>/scim/v2`` on the team domain."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    Filter,
    Group,
    Patch,
    Resource,
    ResourceType,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from doorward.access import revocation
from doorward.organization import IdentityProvider, Scim
from doorward.provisioning.consequences import concerned_by_group, concerned_by_user
from doorward.provisioning.storage import DirectoryStorage, names_of
from doorward.services import Services

LONGEST_BODY: Final = 1024 * 1024
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
_REFUSED: Final = {401: "The bearer token is missing or wrong.", 400: "The query is not ASCII; percent-encode it."}
_READ: Final = frozenset({b"accept", b"content-length", b"content-type", b"host", b"if-match", b"if-none-match"})
"""Headers that mean anything here."""
MOST_RESULTS: Final = 200
log = structlog.get_logger(__name__)


def described() -> ScimProvider:
    """What is served: users with the enterprise extension, and groups."""
    return ScimProvider(
        models=[User, EnterpriseUser, Group],
        resource_types=[ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)],
        config=ServiceProviderConfig(
            patch=Patch(supported=True),
            bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
            filter=Filter(supported=True, max_results=MOST_RESULTS),
            change_password=ChangePassword(supported=False),
            sort=Sort(supported=True),
            etag=ETag(supported=True),
            authentication_schemes=[
                AuthenticationScheme(
                    type=AuthenticationScheme.Type.oauthbearertoken,
                    name="OAuth Bearer Token",
                    description="The secret of the provider's scim_config as a bearer token",
                )
            ],
        ),
    )


class _Service(ScimService):
    def max_body_size(self, request: ScimRequest) -> int | None:
        known = super().max_body_size(request)
        return LONGEST_BODY if known is None else min(known, LONGEST_BODY)


class Provisioning:
    """One for the process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._provider = described()
        self._service = _Service(self._provider)

    async def answer(self, idp: IdentityProvider, issuer: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for ``idp``, which has SCIM switched on. ``issuer``: origin of the team domain.

        Whoever has not the secret gets 401 before anything of the request is read.
        """
        scim = idp.scim_config
        if scim is None or not scim.enabled:
            raise ValueError("SCIM is not switched on for this provider")
        status = 401 if not has_secret(scope["headers"], scim) else 200 if scope["query_string"].isascii() else 400
        if status in _REFUSED:
            body = {"schemas": [_ERROR], "status": str(status), "detail": _REFUSED[status]}
            await JSONResponse(body, status, media_type="application/scim+json")(scope, receive, send)
            return
        storage = DirectoryStorage(
            self._services.store.directory, idp.id, self._provider, self._services.now, self._consequences(idp.id, scim)
        )
        base = f"{issuer}/populations/{idp.id}/scim"
        application = _Application(storage, self._provider, self._service, base)
        asked = dict(scope) | {"headers": [(n, v) for n, v in scope["headers"] if n in _READ and v.isascii()]}
        await application(asked, receive, send)  # type: ignore[arg-type]  # Starlette's names for ASGI's

    def _consequences(self, idp_id: str, scim: Scim) -> Callable[[Any, Any], Any]:
        async def changed(before: Resource[Any] | None, after: Resource[Any] | None) -> None:
            if isinstance(before, Group) or isinstance(after, Group):
                ids = concerned_by_group(_as(Group, before), _as(Group, after), scim)
                names = await names_of(self._services.store.directory, idp_id, ids)
            else:
                names = concerned_by_user(_as(User, before), _as(User, after), scim)
            await self._end(idp_id, names)

        return changed

    async def _end(self, idp_id: str, names: frozenset[str]) -> None:
        """End every session that these people have by this provider, open streams included."""
        ended, now = 0, self._services.now()
        for name in sorted(names):
            user_id = await self._services.store.users.find(name)
            ongoing = await self._services.store.revocations.ongoing(now, user_id) if user_id is not None else ()
            for session in (one.session for one in ongoing if one.session.identity.idp_id == idp_id):
                act = revocation.Revocation(str(uuid.uuid4()), revocation.Scope.SESSION, session.nonce, now)
                ended += await self._services.store.revocations.revoke(act)
        if ended:
            log.info("provisioning_ended_sessions", sessions=ended)
            await self._services.refresh()


class _Application(ASGIApplication):
    """scim2-server's, under the provider's own address. Who asks was checked before (:func:`has_secret`)."""

    def __init__(self, storage: DirectoryStorage, provider: ScimProvider, service: ScimService, base: str) -> None:
        super().__init__(storage, provider, service)
        self._base = base

    def get_base_url(self, scope: Any) -> str:  # type: ignore[override]  # static there
        del scope
        return f"{self._base}/v2"

    def get_path(self, scope: Any) -> str:  # type: ignore[override]  # static there
        return "/" + str(scope["path_params"]["rest"])


def has_secret(headers: Iterable[tuple[bytes, bytes]], scim: Scim) -> bool:
    """Whether there is one Authorization header, with the secret as bearer token; compared in constant time."""
    given = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = (given[0] if len(given) == 1 else b"").partition(b" ")
    shown = hashlib.sha256(token).hexdigest()
    return hmac.compare_digest(shown, scim.secret_hash) and scheme.lower() == b"bearer"


def _as(model: Any, resource: Resource[Any] | None) -> Any:
    return resource if isinstance(resource, model) else None
