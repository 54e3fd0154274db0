"""The decision about one request (access.md 1.2, 4.2). One function, no I/O; every way to an ``Allow`` is in here.

In order: the method; an application at all; bypass and service policies and the visitor's identity, weighed by
``policy.evaluate``; and for who may not enter yet, what kind of answer helps: a login, a 401 or a 403.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from doorward.access.cors import preflight_headers
from doorward.access.credential import Credential
from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision, Deny, LoginRequired, Refusal
from doorward.access.request import Request
from doorward.access.service_auth import NO_SERVICE, ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.identity import Identity
from doorward.policy.continuous import changes_between_requests
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence
from doorward.policy.verdict import Outcome, Verdict
from doorward.sessions import Session, app_claims, service_claims
from doorward.tokens.claims import AppClaims

_REFUSED_METHODS: Final = frozenset({"TRACE", "CONNECT"})


def decide(
    request: Request,
    application: Application | None,
    credential: Credential | None,
    session: Session | None,
    snapshot: Snapshot,
    now: int,
    nonce: str,
    service: ServiceCredential = NO_SERVICE,
) -> Decision:
    """May this request go to the origin, and as whom?

    Args:
        request: what the client sent.
        application: the one that covers the request; None: none does.
        credential: what :func:`find_credential` found for exactly this application; None: nothing was looked for.
        session: the one that ``credential`` names, as the store knows it now; None: there is none.
        snapshot: the state to decide by.
        now: Unix seconds.
        nonce: 64 fresh random hex characters, for a token that may have to be minted (see ``sessions.app_claims``).
        service: what the request proves of a service token.
    """
    if request.method in _REFUSED_METHODS:
        return Deny(application, Refusal.METHOD, 405, None)
    if application is None:
        return _unprotected(snapshot)
    if request.preflight and application.options_preflight_bypass:
        return Bypass(application, None)
    credential = credential or Credential()
    if service.presented and snapshot.organization.strict_service_token_auth:
        return _strictly(request, application, service, snapshot, now, nonce)
    session = _proven(credential, session, snapshot, application, now)
    identity = session.identity if session is not None else None
    verdict = evaluate(application.policies, _evidence(request, identity, service), snapshot.directory)
    if verdict.outcome is Outcome.BYPASS:
        return Bypass(application, verdict)
    if request.preflight and application.cors_headers is not None:
        return AnswerPreflight(application, preflight_headers(application.cors_headers, request))
    match verdict.outcome:
        case Outcome.SERVICE_AUTH:
            return _service_auth(application, credential, service, verdict, snapshot, now, nonce)
        case Outcome.ALLOW if session is not None:
            return _allow(application, credential, session, verdict, snapshot, now, nonce)
        case _:
            return _not_yet(request, application, verdict)


def fast_path_allowed(application: Application, snapshot: Snapshot) -> bool:
    """May Envoy alone let in whoever has a valid token of this application?

    Only if evaluating again would say the same: nothing that is asked can change between two requests, and somebody
    about whom nothing is known is asked to log in, so that neither a bypass, nor a service policy, nor a block
    stands before the identity. A binding cookie is compared here, not in Envoy.
    """
    if application.enable_binding_cookie or changes_between_requests(application.policies, snapshot.directory):
        return False
    return evaluate(application.policies, Evidence(), snapshot.directory).outcome is Outcome.LOGIN


def _unprotected(snapshot: Snapshot) -> Decision:
    if snapshot.organization.deny_unmatched_requests:
        return Deny(None, Refusal.NO_APPLICATION, 404, None)
    return Bypass(None, None)


def _strictly(
    request: Request, application: Application, service: ServiceCredential, snapshot: Snapshot, now: int, nonce: str
) -> Decision:
    """By the service token headers alone (access.md 3.4): no session, no allow policy, no login, no cookie."""
    if service.proven is None:
        return Deny(application, Refusal.SERVICE_TOKEN, 401, None)
    policies = [policy for policy in application.policies if policy.decision in {"non_identity", "bypass"}]
    verdict = evaluate(policies, _evidence(request, None, service), snapshot.directory)
    match verdict.outcome:
        case Outcome.BYPASS:
            return Bypass(application, verdict)
        case Outcome.SERVICE_AUTH:
            allowed = _service_auth(application, Credential(), service, verdict, snapshot, now, nonce)
            return replace(allowed, cookie=False)
        case _:
            return Deny(application, Refusal.SERVICE_TOKEN_NOT_PERMITTED, 403, verdict)


def _evidence(request: Request, identity: Identity | None, service: ServiceCredential) -> Evidence:
    token = service.proven.token.id if service.proven is not None else None
    return Evidence(identity=identity, ip=request.ip, country=request.country, service_token=token)


def _proven(
    credential: Credential, session: Session | None, snapshot: Snapshot, application: Application, now: int
) -> Session | None:
    """The session, if it lives and is the one of the verified token for this application; else None."""
    claims = credential.claims
    if session is None or claims is None or not _usable(claims, snapshot, application):
        return None
    same = (claims.identity_nonce, claims.sub) == (session.nonce, session.user_id)
    offered = _offered(session.identity.idp_id, application, snapshot)
    return session if claims.sub and same and offered and session.live(now) else None


def _offered(idp_id: str, application: Application, snapshot: Snapshot) -> bool:
    """The provider that vouched is still configured, and one that the application takes."""
    return idp_id in snapshot.identity_providers and (
        not application.allowed_idps or idp_id in application.allowed_idps
    )


def _usable(claims: AppClaims, snapshot: Snapshot, application: Application) -> bool:
    """Of this application and not revoked. ``find_credential`` saw to both; a decision does not rest on that."""
    return claims.aud == application.aud and not snapshot.revokes(application.id, claims)


def _allow(
    application: Application,
    credential: Credential,
    session: Session,
    verdict: Verdict,
    snapshot: Snapshot,
    now: int,
    nonce: str,
) -> Allow:
    """With the very token that was verified, or a new one if the rules changed since it was issued."""
    claims = credential.claims
    if claims is not None and claims.iat >= application.not_before:
        return Allow(application, claims, credential.token, verdict)
    fresh = app_claims(session, application, verdict.policy, snapshot.organization, now, nonce)
    return Allow(application, fresh, None, verdict, cookie=True)


def _service_auth(
    application: Application,
    credential: Credential,
    service: ServiceCredential,
    verdict: Verdict,
    snapshot: Snapshot,
    now: int,
    nonce: str,
) -> Allow:
    """In without a user, whoever it is: these policies come before any identity (access.md 4.2).

    A token that came along goes on to the origin only if it says the same about who this is as the request itself.
    """
    claims, proven = credential.claims, service.proven
    same = claims is not None and not claims.sub and claims.common_name == service.client_id
    if claims is not None and same and _usable(claims, snapshot, application) and claims.iat >= application.not_before:
        return Allow(application, claims, credential.token, verdict, service=proven)
    fresh = service_claims(
        application, verdict.policy, snapshot.organization, now, nonce,
        common_name=service.client_id, until=proven.until if proven is not None else None,
    )  # fmt: skip
    return Allow(application, fresh, None, verdict, cookie=True, service=proven)


def _not_yet(request: Request, application: Application, verdict: Verdict) -> Decision:
    """Nobody enters here; which answer helps the client?"""
    if request.preflight:
        return Deny(application, Refusal.PREFLIGHT, 403, verdict)
    if verdict.outcome is Outcome.LOGIN:
        if request.requested_with.lower() == "xmlhttprequest":
            return Deny(application, Refusal.LOGIN_BY_SCRIPT, 401, verdict)
        return LoginRequired(application, verdict)
    if verdict.service_auth_only:
        status = 401 if application.service_auth_401_redirect else 403
        return Deny(application, Refusal.SERVICE_AUTH_ONLY, status, verdict)
    return Deny(application, Refusal.POLICY, 403, verdict)
