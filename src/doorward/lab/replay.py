"""Recorded decisions decided again by another state: the door's own functions, asked with the facts on record."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from doorward.access.decide import decide
from doorward.access.decision import Decision, Refusal
from doorward.access.record import DecisionRecord
from doorward.access.request import Request
from doorward.access.service_auth import NO_SERVICE, ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.applications import Application, Pattern
from doorward.grants import asks_for_more
from doorward.identity import Identity
from doorward.lab.question import Target
from doorward.lab.rehearsal import credential_of, service_of, session_of
from doorward.policy.groups import rules_within
from doorward.policy.rules import (
    AnyValidServiceToken,
    AuthMethod,
    Email,
    EmailDomain,
    EmailList,
    Everyone,
    Geo,
    GroupRule,
    Ip,
    IpList,
    LoginMethod,
    Oidc,
    Rule,
    Saml,
    ServiceTokenRule,
    Unanswered,
    selector_name,
)
from doorward.policy.rules_elsewhere import AuthContext, AzureGroup, GithubOrganization, OktaGroup, WorkspaceGroup
from doorward.second_factor import ever_demanded
from doorward.service_tokens import Rejection, issue

_BY_CLAIMS: Final = (Oidc, Saml, AuthContext)
_BY_GROUPS: Final = (AzureGroup, OktaGroup, WorkspaceGroup, GithubOrganization)
_ON_RECORD: Final = (
    Everyone, Email, EmailList, EmailDomain, Ip, IpList, Geo, LoginMethod, AuthMethod, GroupRule, ServiceTokenRule,
    AnyValidServiceToken, Unanswered, *_BY_CLAIMS, *_BY_GROUPS,
)  # fmt: skip
"""What they ask for is in a record, or has no answer in any case."""
_NONCE: Final = "0" * 64


class CannotReplay(Exception):  # noqa: N818 - becomes a number beside its reason; never leaves the package
    """The record does not hold what the policies ask for. ``str()`` is the reason."""


def replayable(record: DecisionRecord) -> bool:
    """Whether a record is one of a decision by policies at all: not of a sign-out, a failed login or a preflight."""
    return record.kind in {"request", "login"} and record.outcome in {"allow", "bypass", "login", "deny"} and (
        record.refusal != Refusal.PREFLIGHT.value
    )  # fmt: skip


def target_of(record: DecisionRecord, snapshot: Snapshot) -> Target:
    """What was asked for. A login is on record at the team domain; it was for some address of its application.

    Raises:
        CannotReplay: the application is not in this state, or has no address that can be named.
    """
    if record.kind == "request":
        return Target(record.host, record.path, "")
    application = _application(record, snapshot)
    for pattern in application.patterns:
        target = _example(pattern)
        if snapshot.applications.match(target.host, target.path) is application:
            return target
    raise CannotReplay("a login to an application whose addresses all belong to others")


def replayed(record: DecisionRecord, target: Target, snapshot: Snapshot) -> Decision:
    """The decision that this state makes about what is on record.

    Raises:
        CannotReplay: the record does not hold what the policies ask for.
    """
    application = snapshot.applications.match(target.host, target.path)
    service = _service(record)
    if application is not None:
        _check(record, application, snapshot)
    request = Request(
        id=record.reference, method=record.method if record.kind == "request" else "GET", host=target.host,
        path=target.path, query="", ip=_address(record.ip), country=record.country or None,
    )  # fmt: skip
    identity = _identity(record)
    session = session_of(identity, record.at) if identity is not None else None
    credential = credential_of(session, application, snapshot, record.at) if session is not None else None
    return decide(request, application, credential, session, snapshot, record.at, _NONCE, service)


def _application(record: DecisionRecord, snapshot: Snapshot) -> Application:
    found = snapshot.applications.by_id(record.application_id) or next(
        (one for one in snapshot.applications if one.name == record.application_name), None
    )
    if found is None:
        raise CannotReplay("a login to an application that is not in the old configuration")
    return found


def _example(pattern: Pattern) -> Target:
    """An address that the pattern covers."""
    return Target(pattern.host.replace("*", "x"), pattern.path.replace("*", "x") or "/", "")


def _check(record: DecisionRecord, application: Application, snapshot: Snapshot) -> None:
    if asks_for_more(application.policies):
        raise CannotReplay("the policies want a reason or an approval")
    if ever_demanded(application, snapshot.organization):
        raise CannotReplay("the policies want a second factor")
    for reason in _missing(record, tuple(rules_within(application.policies, snapshot.directory))):
        raise CannotReplay(reason)


def _missing(record: DecisionRecord, rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        if not isinstance(rule, _ON_RECORD):
            yield f"the policies ask for {selector_name(rule)}, which is not on record"
    identity = record.evidence.get("identity")
    if identity is None:
        return
    if identity.get("claims") is None and any(isinstance(rule, _BY_CLAIMS) for rule in rules):
        yield "the policies ask for claims, and none are on record"
    if identity.get("groups_total") != len(identity.get("groups", ())) and any(
        isinstance(rule, _BY_GROUPS) for rule in rules
    ):
        yield "the policies ask for groups, and not all are on record"


def _identity(record: DecisionRecord) -> Identity | None:
    kept: dict[str, Any] | None = record.evidence.get("identity")
    if kept is None:
        if record.user_email:
            raise CannotReplay("the record does not say who was signed in")
        return None
    claims = kept.get("claims") or {}
    return Identity.model_validate(
        {name: kept[name] for name in ("id", "email", "name", "idp_id", "idp_type", "amr", "groups")}
        | {"groups_complete": kept.get("groups_complete", True)}
        | claims
    )


def _service(record: DecisionRecord) -> ServiceCredential:
    kept = record.evidence.get("service_token")
    refused = record.refusal == Refusal.SERVICE_TOKEN.value
    if kept is None:
        return ServiceCredential(presented=True, rejection=Rejection.UNKNOWN) if refused else NO_SERVICE
    proven = kept.get("proven")
    if proven is None:  # as records were before that was written down
        proven = False if refused else True if record.refusal == Refusal.SERVICE_TOKEN_NOT_PERMITTED.value else None
    if proven is None:
        raise CannotReplay("the record does not say whether the service token was valid")
    token = issue(kept["id"], kept["name"], kept["client_id"], "", None, record.at)
    if not proven:
        return ServiceCredential(presented=True, rejection=Rejection.SECRET, known=token)
    return service_of(token, record.at)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return ip_address(text) if text else None
