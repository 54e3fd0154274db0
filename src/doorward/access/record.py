"""Decisions and logins as values to be kept: what the log, ``doorward explain`` and a denied page's reference name.

Nothing secret goes in: no query (codes and states travel there), no cookie, no token.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, Literal, Self, assert_never

from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision, Deny, LoginRequired
from doorward.access.recorded_claims import recorded_claims
from doorward.access.request import Request
from doorward.applications import Application
from doorward.client_certificates import Shown
from doorward.identity import Identity
from doorward.policy.verdict import Verdict
from doorward.resumption import recorded_path
from doorward.service_tokens import ServiceToken
from doorward.sessions import Session

Kind = Literal["request", "login", "logout", "approval", "factor"]
GrantOutcome = Literal["asked", "approved", "refused", "granted", "revoked"]
LoginOutcome = Literal["allow", "deny", "error"]
FactorOutcome = Literal["shown", "wrong", "enrolled", "recovered", "removed"]

LONGEST_TEXT: Final = 1024
"""Characters kept of what a stranger may choose the length of (path, detail)."""
MOST_GROUPS: Final = 100
"""Groups named in the evidence; a person may be in thousands. The rules that matched are in the trace anyway."""

_UUID_START: Final = re.compile(r"[0-9a-f]{16}")


def reference_of(request_id: str) -> str:
    """The 16 hex characters that a visitor is shown: the beginning of the request's UUID, or of a hash of other ids."""
    found = _UUID_START.match(request_id.replace("-", "").lower())
    return found.group() if found else hashlib.sha256(request_id.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision, self-contained: it can be explained after the rules, or the application, are gone."""

    reference: str
    """16 hex characters, see :func:`reference_of`."""
    at: int
    """Unix seconds."""
    kind: Kind
    method: str = ""
    host: str = ""
    path: str = ""
    """Without the query."""
    ip: str = ""
    country: str = ""
    user_email: str = ""
    user_id: str = ""
    """UUID; ``sub``."""
    application_id: str = ""
    application_name: str = ""
    outcome: str = ""
    """``allow``, ``bypass``, ``login``, ``deny``, ``preflight``; of logins also ``error``; of logouts ``logout``;
    of approvals see ``GrantOutcome``, of second factors ``FactorOutcome``."""
    refusal: str = ""
    """Why not, as a code: :class:`doorward.access.decision.Refusal`, or a login's own."""
    status: int = 0
    """What the door answered; 0: the origin answered."""
    idp_id: str = ""
    policy_id: str = ""
    """The policy that decided."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """JSON: what the rules looked at: ``ip``, ``country`` and ``identity`` (see :func:`evidence_of`); of requests with a
    known client id also ``service_token`` with its id, name and client id, whether it was proven or not; on connections
    with a verified client certificate ``client_certificate`` with its common name, fingerprint, serial and issuer."""
    trace: tuple[Mapping[str, Any], ...] = ()
    """JSON: one :class:`doorward.policy.verdict.PolicyTrace` for each policy looked at, in order."""
    detail: str = ""
    """A sentence for the operator."""

    def __post_init__(self) -> None:
        for name in ("method", "host", "path", "detail"):
            object.__setattr__(self, name, getattr(self, name)[:LONGEST_TEXT])
        object.__setattr__(self, "trace", tuple(self.trace))


@dataclass(frozen=True, slots=True)
class Visit:
    """The HTTP request a record is about, whoever parsed it."""

    id: str
    """The request id."""
    method: str
    host: str
    path: str
    """Without the query."""
    ip: IPv4Address | IPv6Address | None = None
    country: str | None = None

    @classmethod
    def of(cls, request: Request) -> Self:
        """The part of a request that is kept."""
        return cls(request.id, request.method, request.host, request.path, request.ip, request.country)


def of_decision(
    request: Request,
    decision: Decision,
    session: Session | None,
    now: int,
    detail: str = "",
    service_token: ServiceToken | None = None,
    *,
    proven: bool | None = None,
) -> DecisionRecord:
    """What ``decide`` answered to a request.

    Args:
        request: the request.
        decision: the answer.
        session: whose session the request's credential belongs to, if any.
        now: Unix seconds.
        detail: a sentence for the operator, such as why a credential did not count.
        service_token: the one that the request's client id names, proven or not; the detail says which.
        proven: whether it was; None: not known.
    """
    outcome, refusal, status = _answer(decision)
    verdict = None if isinstance(decision, AnswerPreflight) else decision.verdict
    identity = session.identity if session is not None else None
    return DecisionRecord(
        kind="request",
        outcome=outcome,
        refusal=refusal,
        status=status,
        detail=detail,
        **_visit(Visit.of(request), now),
        **_person(identity, session.user_id if session is not None else "", decision),
        **_application(decision.application),
        **_reasons(Visit.of(request), identity, verdict, service_token, request.certificate, proven=proven),
    )


def of_login(
    visit: Visit,
    outcome: LoginOutcome,
    now: int,
    *,
    identity: Identity | None = None,
    user_id: str = "",
    application: Application | None = None,
    verdict: Verdict | None = None,
    idp_id: str = "",
    refusal: str = "",
    status: int = 302,
    detail: str = "",
) -> DecisionRecord:
    """What came of a login on the team domain: allowed, denied by policy, or failed (``error``).

    Args:
        visit: the request that ended it (the provider's callback, or the login page with a live session).
        outcome: ``allow``, ``deny`` or ``error``.
        now: Unix seconds.
        identity: who the provider says it is; None when it did not get that far.
        user_id: UUID of that person.
        application: where the login leads; None when it began on the team domain.
        verdict: what the application's policies said.
        idp_id: the identity provider, when no identity says so.
        refusal: a code, when it was not allowed.
        status: what the door answered.
        detail: a sentence for the operator; never a token, a code or a secret.
    """
    return DecisionRecord(
        kind="login",
        outcome=outcome,
        refusal=refusal,
        status=status,
        detail=detail,
        **_visit(visit, now),
        **_application(application),
        **_reasons(visit, identity, verdict),
        user_email=identity.email if identity is not None else "",
        user_id=user_id,
        idp_id=identity.idp_id if identity is not None else idp_id,
    )


def of_logout(visit: Visit, session: Session | None, now: int) -> DecisionRecord:
    """Somebody signed out; ``session`` is the one that ended, None when there was none."""
    return DecisionRecord(
        kind="logout",
        outcome="logout",
        status=200,
        user_email=session.identity.email if session is not None else "",
        user_id=session.user_id if session is not None else "",
        idp_id=session.identity.idp_id if session is not None else "",
        **_visit(visit, now),
    )


def evidence_of(ip: IPv4Address | IPv6Address | None, country: str | None, identity: Identity | None) -> dict[str, Any]:
    """What the rules looked at, as JSON, bounded in size."""
    evidence: dict[str, Any] = {"ip": str(ip) if ip is not None else None, "country": country, "identity": None}
    if identity is not None:
        evidence["identity"] = {
            "id": identity.id,
            "email": identity.email,
            "name": identity.name,
            "idp_id": identity.idp_id,
            "idp_type": identity.idp_type,
            "amr": list(identity.amr),
            "groups": [group.model_dump(mode="json") for group in identity.groups[:MOST_GROUPS]],
            "groups_total": len(identity.groups),
            "groups_complete": identity.groups_complete,
            "claims": recorded_claims(identity),
        }
    return evidence


def _answer(decision: Decision) -> tuple[str, str, int]:
    """Outcome, refusal and status; 0 where the origin answers."""
    match decision:
        case Allow():
            return "allow", "", 0
        case Bypass():
            return "bypass", "", 0
        case LoginRequired():
            return "login", "", 302
        case Deny(refusal=refusal, status=status):
            return "deny", refusal.value, status
        case AnswerPreflight():
            return "preflight", "", 204
        case _:  # pragma: no cover
            assert_never(decision)


def _visit(visit: Visit, now: int) -> dict[str, Any]:
    return {
        "reference": reference_of(visit.id),
        "at": now,
        "method": visit.method,
        "host": visit.host,
        "path": recorded_path(visit.path.partition("?")[0]),
        "ip": str(visit.ip) if visit.ip is not None else "",
        "country": visit.country or "",
    }


def _person(identity: Identity | None, user_id: str, decision: Decision) -> dict[str, Any]:
    """From the session; without one, from the verified token of an Allow."""
    if identity is not None:
        return {"user_email": identity.email, "user_id": user_id, "idp_id": identity.idp_id}
    if isinstance(decision, Allow):
        return {"user_email": decision.claims.email, "user_id": decision.claims.sub}
    return {}


def _application(application: Application | None) -> dict[str, Any]:
    return {} if application is None else {"application_id": application.id, "application_name": application.name}


def _reasons(
    visit: Visit,
    identity: Identity | None,
    verdict: Verdict | None,
    service_token: ServiceToken | None = None,
    shown: Shown | None = None,
    *,
    proven: bool | None = None,
) -> dict[str, Any]:
    evidence = evidence_of(visit.ip, visit.country, identity)
    if service_token is not None:
        told = {"id": service_token.id, "name": service_token.name, "client_id": service_token.client_id}
        evidence["service_token"] = told if proven is None else told | {"proven": proven}
    if shown is not None:
        evidence["client_certificate"] = {
            name: getattr(shown.certificate, name) for name in ("common_name", "fingerprint", "serial", "issuer")
        }
    reasons: dict[str, Any] = {"evidence": evidence}
    if verdict is not None:
        reasons["trace"] = tuple(policy.model_dump(mode="json") for policy in verdict.trace)
        reasons["policy_id"] = verdict.policy.id if verdict.policy is not None else ""
    return reasons
