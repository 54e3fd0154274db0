"""What the door would do with a made-up request: its own functions, asked with made-up facts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from doorward.access.credential import Credential
from doorward.access.decide import decide
from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision, Deny, LoginRequired
from doorward.access.request import Request
from doorward.access.service_auth import NO_SERVICE, ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.applications import Application, Pattern
from doorward.identity import Group, Identity
from doorward.lab.question import Question, UnusableQuestion, Visitor
from doorward.organization import IdentityProvider
from doorward.policy.model import Policy
from doorward.policy.verdict import Verdict
from doorward.service_tokens import Authenticated, ServiceToken
from doorward.sessions import Session, app_claims
from doorward.tokens.claims import SignedToken

_OWN: Final = "/cdn-cgi"
_BEFORE_LOGIN: Final = frozenset({"bypass", "non_identity"})
_NONCE: Final = "0" * 64
"""No token is made of what is decided here, so that it need not be random."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A made-up request and what came of it."""

    request: Request
    pattern: Pattern | None
    """By which the application was found."""
    application: Application | None
    provider: IdentityProvider | None
    """Where the visitor is supposed to have signed in."""
    session: Session | None
    service_token: ServiceToken | None
    decision: Decision
    now: int

    @property
    def verdict(self) -> Verdict | None:
        """Of the policies; None where none was asked."""
        return None if isinstance(self.decision, AnswerPreflight) else self.decision.verdict

    @property
    def policy(self) -> Policy | None:
        """The one that decided."""
        return self.verdict.policy if self.verdict is not None else None

    @property
    def outcome(self) -> str:
        return outcome_of(self.decision)

    @property
    def status(self) -> int:
        """What the client gets; 0: the origin's answer."""
        match self.decision:
            case Deny(status=status):
                return status
            case LoginRequired():
                return 302
            case AnswerPreflight():
                return 204
            case _:
                return 0

    @property
    def unreached(self) -> tuple[Policy, ...]:
        """The policies that were not looked at, in the order they would have been."""
        if self.application is None:
            return ()
        seen = {trace.policy_id for trace in self.verdict.trace} if self.verdict is not None else set()
        ordered = sorted(self.application.policies, key=lambda policy: policy.decision not in _BEFORE_LOGIN)
        return tuple(policy for policy in ordered if policy.id not in seen)


def outcome_of(decision: Decision) -> str:
    """``allow``, ``service_auth``, ``bypass``, ``login``, ``deny`` or ``preflight``; ``open`` without an application."""
    match decision:
        case Allow():
            return "allow" if decision.claims.sub else "service_auth"
        case Bypass():
            return "bypass" if decision.application is not None else "open"
        case LoginRequired():
            return "login"
        case Deny():
            return "deny"
        case _:
            return "preflight"


def rehearse(question: Question, snapshot: Snapshot, now: int) -> Rehearsal:
    """Decide a made-up request by the given state.

    Raises:
        UnusableQuestion: the request would not reach the policies, or the visitor could not have signed in.
    """
    target = question.target
    if target.host == snapshot.organization.auth_domain:
        raise UnusableQuestion(f"{target.host} is where people sign in; policies are about the applications' addresses")
    if target.path == _OWN or target.path.startswith(_OWN + "/"):
        raise UnusableQuestion(f"paths under {_OWN} are the door's own; no policy is about {target.path}")
    place = snapshot.applications.place(target.host, target.path)
    pattern, application = place if place is not None else (None, None)
    request = Request(
        id=_NONCE[:16], method=question.method, host=target.host, path=target.path, query=target.query,
        ip=question.ip, country=question.country,
    )  # fmt: skip
    provider = session = credential = None
    if question.visitor is not None:
        provider = _provider(question.visitor, application, snapshot)
        session = session_of(identity_of(question.visitor, provider), now)
        credential = credential_of(session, application, snapshot, now)
    service = service_of(question.service_token, now)
    decision = decide(
        request, application, credential, session, snapshot, now, _NONCE, service, learned=question.learned
    )
    return Rehearsal(
        request, pattern, application, provider, session, question.service_token, decision, now
    )  # fmt: skip


def identity_of(visitor: Visitor, provider: IdentityProvider) -> Identity:
    """The visitor as this provider would describe them."""
    groups = tuple(Group(id=name, name=name, email=name if "@" in name else None) for name in visitor.groups)
    claims = {name: list(value) if isinstance(value, tuple) else value for name, value in visitor.claims.items()}
    if visitor.groups:
        claims.setdefault("groups", list(visitor.groups))
    kind = "saml_attributes" if provider.type == "saml" else "oidc_fields"
    return Identity.model_validate(
        {
            "id": visitor.email,
            "email": visitor.email,
            "idp_id": provider.id,
            "idp_type": provider.type,
            "amr": visitor.auth_methods,
            "groups": groups,
            kind: claims,
        }
    )


def session_of(identity: Identity, now: int) -> Session:
    """A session that began just now."""
    user = hashlib.sha256(identity.email.encode()).hexdigest()[:32]
    return Session(nonce="rehearsal", user_id=user, identity=identity, created_at=now, expires_at=now + 1)


def credential_of(session: Session, application: Application | None, snapshot: Snapshot, now: int) -> Credential:
    """A token of this session for this application, as if its signature had been verified."""
    if application is None:
        return Credential()
    issued = max(now, application.not_before)
    claims = app_claims(session, application, None, snapshot.organization, issued, _NONCE)
    return Credential(claims, SignedToken(""))


def service_of(token: ServiceToken | None, now: int) -> ServiceCredential:
    """What somebody proves who shows this token's credentials at this time."""
    if token is None:
        return NO_SERVICE
    rejection = token.rejection(now)
    if rejection is not None:
        return ServiceCredential(presented=True, rejection=rejection, known=token)
    return ServiceCredential(
        presented=True, proven=Authenticated(token, token.client_secret_version), known=token
    )  # fmt: skip


def _provider(visitor: Visitor, application: Application | None, snapshot: Snapshot) -> IdentityProvider:
    providers = snapshot.identity_providers
    if visitor.idp_id is not None:
        if (found := providers.get(visitor.idp_id)) is None:
            raise UnusableQuestion(f"there is no identity provider {visitor.idp_id!r} to have signed in with")
        return found
    allowed = application.allowed_idps if application is not None else ()
    offered = [provider for provider in providers.values() if not allowed or provider.id in allowed]
    if not offered:
        raise UnusableQuestion(f"{visitor.email} cannot have signed in: there is no identity provider")
    return offered[0]
