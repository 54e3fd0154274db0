"""A token of another application, shown on a person's behalf (``linked_app_token``, access.md 4.4).

An application that calls another one passes on the token it was given, in ``Cf-Access-Token``. What it is worth is for
the policies to say; here is found out whether it is good at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.policy.questions import linked_applications
from doorward.sessions import Session
from doorward.tokens.claims import AppClaims
from doorward.tokens.jwt import TokenRefused, verify_app_any


@dataclass(frozen=True, slots=True)
class Linked:
    """A verified token of another application. Whether its session lives is not known yet."""

    issued_for: Application
    claims: AppClaims

    def good(self, session: Session | None, snapshot: Snapshot, now: int) -> bool:
        """Whether the person's login still holds; ``session``: the one that the claims name, as the store knows it."""
        if session is None or not session.live(now):
            return False
        idp, allowed = session.identity.idp_id, self.issued_for.allowed_idps
        offered = idp in snapshot.identity_providers and (not allowed or idp in allowed)
        return offered and (session.nonce, session.user_id) == (self.claims.identity_nonce, self.claims.sub)


def find_linked(request: Request, application: Application, snapshot: Snapshot, now: int) -> Linked | None:
    """The token that counts for the policies of ``application``, if there is one: of a person, for an application that
    they name, not revoked, and from after that one's rules last changed.

    Tokens that are tied to one browser by a binding cookie count in that browser only, so never here.
    """
    wanted = linked_applications(application.policies, snapshot.directory) if request.access_token else frozenset()
    if not wanted:
        return None
    try:
        claims = verify_app_any(request.access_token, snapshot.keys, issuer=snapshot.organization.issuer, now=now)
    except TokenRefused:
        return None
    other = snapshot.application(claims.aud)
    if other is None or other.id not in wanted or other.enable_binding_cookie or not claims.sub:
        return None
    if claims.iat < other.not_before or snapshot.revokes(other.id, claims):
        return None
    return Linked(other, claims)
