"""A small world to decide in: one application, a snapshot around it, and what a visitor may bring."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from tests.sessions.build import application as build_application
from tests.sessions.build import organization, session
from tests.tokens.material import NOW, app_claims, ring, signing_key

from doorward.access.credential import Credential, find_credential
from doorward.access.decide import decide
from doorward.access.decision import Decision
from doorward.access.request import Request
from doorward.access.snapshot import Snapshot
from doorward.applications import Application, Applications
from doorward.organization import IdentityProvider
from doorward.policy.model import Directory, Policy
from doorward.sessions import Session
from doorward.tokens.claims import AppClaims, SignedToken
from doorward.tokens.jwt import mint_app

FRESH = "9" * 64
"""The random value a decision is given for a token it may have to mint."""
INSIDE, OUTSIDE = "192.0.2.7", "203.0.113.7"
OFFICE = {"ip": {"ip": "192.0.2.0/24"}}
STAFF = {"email_domain": {"domain": "example.com"}}
EVERYONE: dict[str, Any] = {"everyone": {}}


def policy(decision: str, *include: dict[str, Any], **fields: Any) -> Policy:
    values = {"id": f"{decision}-policy", "name": decision, "decision": decision, "include": include or (EVERYONE,)}
    return Policy.model_validate(values | fields)


STAFF_ONLY = policy("allow", STAFF)


def application(*policies: Policy, **fields: Any) -> Application:
    return build_application(policies=policies, **fields)


def snapshot(
    *applications: Application,
    revoked: dict[str, frozenset[str]] | None = None,
    providers: tuple[str, ...] = ("idp-1",),
    **fields: Any,
) -> Snapshot:
    return Snapshot(
        organization=organization(**fields),
        applications=Applications.of(applications),
        identity_providers={name: IdentityProvider(id=name, name=name, type="oidc") for name in providers},
        directory=Directory(),
        ingress=(),
        keys=ring(),
        revoked=revoked or {},
    )


def request(**fields: Any) -> Request:
    values: dict[str, Any] = {
        "id": "0123456789abcdef", "method": "GET", "host": "wiki.example.com", "path": "/", "query": "",
        "ip": ip_address(OUTSIDE),
    }  # fmt: skip
    return Request(**(values | fields))


def with_cookies(*tokens: str, **fields: Any) -> Request:
    return request(cookies=tuple(("CF_Authorization", token) for token in tokens), **fields)


def token(**changes: Any) -> SignedToken:
    return mint_app(app_claims(**changes), signing_key())


def credential(claims: AppClaims | None = None) -> Credential:
    claims = claims or app_claims()
    return Credential(claims, mint_app(claims, signing_key()))


def decided(
    app: Application | None,
    asked: Request | None = None,
    *,
    credential: Credential | None = None,
    session: Session | None = None,
    state: Snapshot | None = None,
    now: int = NOW,
) -> Decision:
    state = state or snapshot(*([app] if app else []))
    return decide(asked or request(), app, credential, session, state, now, FRESH)


def visited(app: Application, asked: Request, *, state: Snapshot | None = None, now: int = NOW) -> Decision:
    """The whole way of a request whose session, if it names the usual one, is in the store."""
    state = state or snapshot(app)
    found = find_credential(asked, app, state, now)
    known = session()
    stored = known if found.claims is not None and found.claims.identity_nonce == known.nonce else None
    return decide(asked, app, found, stored, state, now, FRESH)
