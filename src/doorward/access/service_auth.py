"""Which service token a request proves, if any (access.md 3.3, 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorward.access.credential import Credential
from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.service_tokens import (
    Authenticated,
    Presented,
    Rejection,
    ServiceToken,
    authenticate,
    read_presented,
)


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """What came of the service token in a request. At most one of ``proven`` and ``rejection``; neither: there is none."""

    presented: bool = False
    """Headers with a client id or a client secret were sent, whatever they hold."""
    proven: Authenticated | None = None
    rejection: Rejection | None = None
    known: ServiceToken | None = None
    """The token that the client id names, proven or not: whom a record is about."""

    @property
    def client_id(self) -> str:
        """The ``common_name`` of app tokens for this program; empty when none is proven."""
        return self.proven.token.client_id if self.proven is not None else ""


NO_SERVICE: Final = ServiceCredential()


def presented(request: Request) -> Presented | Rejection | None:
    """The credentials in the request's headers; see :func:`doorward.service_tokens.read_presented`."""
    return read_presented(request.client_id, request.client_secret, request.service_header)


def by_headers(shown: Presented | Rejection, found: ServiceToken | None, now: int) -> ServiceCredential:
    """Judge what the headers show. ``found`` is the token that the client id names, as the store knows it now."""
    if isinstance(shown, Rejection):
        return ServiceCredential(presented=True, rejection=shown)
    judged = authenticate(found, shown.client_secret, now)
    if isinstance(judged, Rejection):
        return ServiceCredential(presented=True, rejection=judged, known=found)
    return ServiceCredential(presented=True, proven=judged, known=found)


def replayed(credential: Credential, application: Application, snapshot: Snapshot) -> str:
    """The ``nonce`` of an app token that a service token may have earned, to be looked up; empty: nothing to look up.

    With strict authentication nobody is given such a token, so whoever shows one has it from an application's side: it
    does not count (access.md 3.4). Neither does one from before the application's rules changed or its tokens were
    revoked: there is no login that could answer for it, the program has to show its credentials again.
    """
    claims = credential.claims
    if claims is None or claims.sub or not claims.common_name:
        return ""
    if snapshot.organization.strict_service_token_auth or claims.iat < application.not_before:
        return ""
    return claims.nonce


def by_app_token(credential: Credential, earned_by: Authenticated | None, now: int) -> ServiceCredential:
    """Judge an app token that is shown in place of the headers: as good as the service token that earned it is now.

    ``earned_by``: what the store says earned it, as that token is now.
    """
    claims = credential.claims
    if claims is None or earned_by is None or claims.common_name != earned_by.token.client_id:
        return NO_SERVICE
    if not earned_by.token.accepts(earned_by.version, now):
        rejection = earned_by.token.rejection(now) or Rejection.SECRET
        return ServiceCredential(rejection=rejection, known=earned_by.token)
    return ServiceCredential(proven=earned_by, known=earned_by.token)
