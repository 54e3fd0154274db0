"""What goes into the tokens of a session (access.md 2.2 to 2.4)."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from doorward.applications import Application
from doorward.organization import Organization
from doorward.policy.model import Policy
from doorward.sessions.lifetime import Session, app_session_lifetime
from doorward.tokens.claims import AppClaims, OrgClaims
from doorward.tokens.custom import capped

_IDENTITY_BUDGET: Final = 1536
"""Bytes of JSON: with it an org token stays below the 4,096 bytes that browsers keep of a cookie."""


def app_claims(
    session: Session,
    application: Application,
    policy: Policy | None,
    organization: Organization,
    now: int,
    nonce: str,
    *,
    until: int | None = None,
) -> AppClaims:
    """Claims of a new application token, for ``/authorized`` and for replacing one that is too old.

    The token lives as long as policy, application or organization say, beginning now. It may outlive the session it
    came from: access.md 5.1 gives the app token its own duration, and revoking the session names its tokens one by one.

    Args:
        session: whose identity it is; must be live.
        application: for which the token is.
        policy: the one that allowed.
        organization: the issuer.
        now: Unix seconds.
        nonce: 64 fresh random hex characters. With a binding cookie they become its secret and the ``nonce`` claim is
            their hash, so that nobody who has only the token can make the cookie.
        until: when what was granted for a time ends; the token lives no longer than that. None: nothing limits it.
    """
    own, binding = _bound(application, nonce)
    exp = now + _seconds(application, policy, organization)
    return AppClaims(
        iss=organization.issuer,
        aud=application.aud,
        sub=session.user_id,
        iat=now,
        exp=exp if until is None else min(exp, until),
        nonce=own,
        email=session.identity.email,
        identity_nonce=session.nonce,
        country=session.country,
        policy_id=policy.id if policy is not None else "",
        custom=capped(session.identity.custom, organization.custom_max_size)[0],
        binding=binding,
    )


def service_claims(
    application: Application,
    policy: Policy | None,
    organization: Organization,
    now: int,
    nonce: str,
    *,
    common_name: str = "",
    until: int | None = None,
) -> AppClaims:
    """Claims of a token without a user, for who enters by a non_identity policy (access.md 2.3). See :func:`app_claims`.

    ``until``: when the service token that earns it ends; it lives no longer than that.
    """
    own, binding = _bound(application, nonce)
    exp = now + _seconds(application, policy, organization)
    return AppClaims(
        iss=organization.issuer,
        aud=application.aud,
        sub="",
        iat=now,
        exp=exp if until is None else min(exp, until),
        nonce=own,
        policy_id=policy.id if policy is not None else "",
        common_name=common_name,
        binding=binding,
    )


def org_claims(session: Session, organization: Organization, now: int) -> OrgClaims:
    """Claims of the token on the team domain (access.md 2.4). The identity in it is shortened to what a cookie holds."""
    identity = session.identity
    described: dict[str, Any] = {
        "id": identity.id, "email": identity.email, "user_uuid": session.user_id, "account_id": organization.id,
        "idp": {"id": identity.idp_id, "type": identity.idp_type}, "geo": {"country": session.country},
        "iat": session.created_at, "ip": session.ip, "auth_status": "NONE", "common_name": "",
        "service_token_id": "", "service_token_status": False, "is_warp": False, "is_gateway": False, "version": 2,
        "name": identity.name, "amr": list(identity.amr), "oidc_fields": capped(identity.oidc_fields)[0],
    }  # fmt: skip
    return OrgClaims(
        iss=organization.issuer,
        sub=session.user_id,
        email=identity.email,
        account_id=organization.id,
        iat=now,
        exp=session.expires_at,
        identity_nonce=session.nonce,
        identity=capped(described, _IDENTITY_BUDGET)[0],
    )


def bound_nonce(binding: str) -> str:
    """The ``nonce`` claim that belongs to the value of a CF_Binding cookie."""
    return hashlib.sha256(binding.encode()).hexdigest()


def _bound(application: Application, nonce: str) -> tuple[str, str]:
    return (bound_nonce(nonce), nonce) if application.enable_binding_cookie else (nonce, "")


def _seconds(application: Application, policy: Policy | None, organization: Organization) -> int:
    return int(app_session_lifetime(application, policy, organization).total_seconds())
