"""The decision about one request (access.md 1.2, 4.2). One function, no I/O; every way to an ``Allow`` is in here.

In order: the method; an application at all; bypass and service policies and the visitor's identity, weighed by
``policy.evaluate``; and for who may not enter yet, what kind of answer helps: a login, a 401 or a 403.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from doorward.access import rounds
from doorward.access.client_certificate import certificate_of, common_name, good_until
from doorward.access.cors import preflight_headers
from doorward.access.credential import Credential
from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision, Deny, LoginRequired, Refusal
from doorward.access.factor_shown import factor_shown
from doorward.access.request import Request
from doorward.access.service_auth import NO_SERVICE, ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.client_certificates import ClientCertificate
from doorward.grants import NO_CLEARANCE, Clearance, Weighed, weigh
from doorward.identity import Identity
from doorward.policy.continuous import changes_between_requests
from doorward.policy.evaluate import evaluate
from doorward.policy.learned import NOTHING_LEARNED, Learned
from doorward.policy.model import Evidence
from doorward.policy.verdict import Outcome, Verdict
from doorward.second_factor import NO_PROOFS, Proofs
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
    clearance: Clearance = NO_CLEARANCE,
    learned: Learned = NOTHING_LEARNED,
    proofs: Proofs = NO_PROOFS,
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
        clearance: what ``session`` asked for at ``application``; only looked at where a policy wants a reason or approval.
        learned: reports about whose session this is, what other services said, and another application's token.
        proofs: the second factors that ``session`` has shown; only looked at where one is demanded.
    """
    if request.method in _REFUSED_METHODS:
        return Deny(application, Refusal.METHOD, 405, None)
    if application is None:
        return _unprotected(request, snapshot)
    if request.preflight and application.options_preflight_bypass:
        return Bypass(application, None)
    if request.preflight and application.cors_headers is not None:
        return AnswerPreflight(application, preflight_headers(application.cors_headers, request))
    credential = credential or Credential()
    if service.presented and snapshot.organization.strict_service_token_auth:
        return _strictly(request, application, service, snapshot, now, nonce)
    session = _proven(credential, session, snapshot, application, now)
    identity = session.identity if session is not None else None
    certificate = certificate_of(request, snapshot, now)
    evidence = _evidence(request, identity, service, certificate).model_copy(update={"learned": learned})
    verdict = evaluate(application.policies, evidence, snapshot.directory)
    clearance = clearance.only(session.nonce, application.id) if session is not None else NO_CLEARANCE
    weighed = weigh(verdict, clearance, snapshot.directory, now)
    if session is not None:
        shown = factor_shown(weighed.verdict, application, session, snapshot.organization, proofs, now)
        weighed = replace(weighed, verdict=shown.verdict, factor_until=shown.until)
    verdict = weighed.verdict
    if verdict.outcome is Outcome.BYPASS:
        return Bypass(application, verdict)
    match verdict.outcome:
        case Outcome.SERVICE_AUTH:
            return _service_auth(application, credential, service, certificate, verdict, snapshot, now, nonce)
        case Outcome.ALLOW if session is not None:
            return _allow(application, credential, session, weighed, snapshot, now, nonce)
        case _:
            refused = _not_yet(request, application, verdict, evidence, service)
            return rounds.ended(refused, request, snapshot.organization.public, now)


def fast_path_allowed(application: Application, snapshot: Snapshot) -> bool:
    """May Envoy alone let in whoever has a valid token of this application?

    Only if evaluating again would say the same: nothing that is asked can change between two requests, and somebody
    about whom nothing is known is asked to log in, so that neither a bypass, nor a service policy, nor a block
    stands before the identity. A binding cookie is compared here, not in Envoy.
    """
    if application.enable_binding_cookie or changes_between_requests(application.policies, snapshot.directory):
        return False
    return evaluate(application.policies, Evidence(), snapshot.directory).outcome is Outcome.LOGIN


def _unprotected(request: Request, snapshot: Snapshot) -> Decision:
    if snapshot.organization.denies_unmatched(request.host):
        return Deny(None, Refusal.NO_APPLICATION, 404, None)
    return Bypass(None, None)


def _strictly(
    request: Request, application: Application, service: ServiceCredential, snapshot: Snapshot, now: int, nonce: str
) -> Decision:
    """By the service token headers alone (access.md 3.4): no session, no allow policy, no login, no cookie."""
    if service.proven is None:
        return Deny(application, Refusal.SERVICE_TOKEN, 401, None)
    policies = [policy for policy in application.policies if policy.decision in {"non_identity", "bypass"}]
    certificate = certificate_of(request, snapshot, now)
    verdict = evaluate(policies, _evidence(request, None, service, certificate), snapshot.directory)
    match verdict.outcome:
        case Outcome.BYPASS:
            return Bypass(application, verdict)
        case Outcome.SERVICE_AUTH:
            allowed = _service_auth(application, Credential(), service, certificate, verdict, snapshot, now, nonce)
            return replace(allowed, cookie=False)
        case _:
            return Deny(application, Refusal.SERVICE_TOKEN_NOT_PERMITTED, 403, verdict)


def _evidence(
    request: Request, identity: Identity | None, service: ServiceCredential, certificate: ClientCertificate | None
) -> Evidence:
    token = service.proven.token.id if service.proven is not None else None
    return Evidence(
        identity=identity,
        ip=request.ip,
        country=request.country,
        service_token=token,
        client_certificate=certificate,
    )


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
    weighed: Weighed,
    snapshot: Snapshot,
    now: int,
    nonce: str,
) -> Allow:
    """With the very token that was verified, or a new one if the rules changed since it was issued."""
    claims, verdict, grant = credential.claims, weighed.verdict, weighed.grant
    if claims is not None and claims.iat >= application.not_before and _rests(claims, weighed):
        return Allow(application, claims, credential.token, verdict, grant=grant)
    until = weighed.until
    fresh = app_claims(session, application, verdict.policy, snapshot.organization, now, nonce, until=until)
    return Allow(application, fresh, None, verdict, cookie=True, grant=grant)


def _rests(claims: AppClaims, weighed: Weighed) -> bool:
    """Whether a token ends with what was granted for a time, and is found by who revokes it."""
    policy, until = weighed.verdict.policy, weighed.until
    return until is None or (claims.exp <= until and policy is not None and claims.policy_id == policy.id)


def _service_auth(
    application: Application,
    credential: Credential,
    service: ServiceCredential,
    certificate: ClientCertificate | None,
    verdict: Verdict,
    snapshot: Snapshot,
    now: int,
    nonce: str,
) -> Allow:
    """In without a user, whoever it is: these policies come before any identity (access.md 4.2).

    A token that came along goes on to the origin only if it says the same about who this is as the request itself.
    """
    claims, proven, name = credential.claims, service.proven, common_name(service, certificate)
    same = claims is not None and not claims.sub and claims.common_name == name
    if claims is not None and same and _usable(claims, snapshot, application) and claims.iat >= application.not_before:
        return Allow(application, claims, credential.token, verdict, service=proven)
    fresh = service_claims(
        application, verdict.policy, snapshot.organization, now, nonce,
        common_name=name, until=good_until(service, certificate),
    )  # fmt: skip
    return Allow(application, fresh, None, verdict, cookie=True, service=proven)


def _not_yet(
    request: Request, application: Application, verdict: Verdict, evidence: Evidence, service: ServiceCredential
) -> Decision:
    """Nobody enters here; which answer helps the client?"""
    if request.preflight:
        return Deny(application, Refusal.PREFLIGHT, 403, verdict)
    if verdict.outcome is Outcome.LOGIN:
        if service.presented and application.service_auth_401_redirect and _for_programs(application):
            unproven = service.proven is None
            refusal = Refusal.SERVICE_TOKEN if unproven else Refusal.SERVICE_TOKEN_NOT_PERMITTED
            return Deny(application, refusal, 401, verdict)
        if request.by_script:
            return Deny(application, Refusal.LOGIN_BY_SCRIPT, 401, verdict)
        return LoginRequired(application, verdict)
    if verdict.service_auth_only:
        status = 401 if application.service_auth_401_redirect else 403
        return Deny(application, Refusal.SERVICE_AUTH_ONLY, status, verdict)
    return Deny(application, Refusal.POLICY, 403, verdict, evidence)


def _for_programs(application: Application) -> bool:
    return any(policy.decision == "non_identity" for policy in application.policies)
