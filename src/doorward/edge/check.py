"""Envoy's question about one request, answered: gather, decide, act. ASGI, on a unix socket only Envoy can reach."""

from __future__ import annotations

import secrets
from dataclasses import replace
from time import perf_counter
from typing import Any, Final

import structlog

from doorward.access.client_certificate import certificate_of
from doorward.access.credential import Credential, find_credential
from doorward.access.decide import decide
from doorward.access.decision import Allow, AnswerPreflight, Bypass, Decision, Deny, LoginRequired, Refusal
from doorward.access.record import of_decision
from doorward.access.request import Request
from doorward.access.service_auth import ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.edge.answer import Answer, Fresh, answer, failed
from doorward.edge.asked import UnreadableQuestionError, read, request_id
from doorward.edge.device_app_tokens import DeviceAppTokens
from doorward.edge.learning import learn
from doorward.edge.metrics import Metrics
from doorward.edge.service_app_tokens import Granted, ServiceAppTokens
from doorward.edge.service_tokens import KnownServiceTokens
from doorward.errors import StoreError
from doorward.grants import NO_CLEARANCE, Clearance, asks_for_more
from doorward.journal import request_bound
from doorward.pages import Page
from doorward.second_factor import NO_PROOFS, Proofs, ever_demanded
from doorward.services import Services
from doorward.sessions import Session, new_app_session
from doorward.tokens.jwt import mint_app

_NO_ROUTE: Final = "none"

log = structlog.get_logger(__name__)


class Check:
    """The ASGI application behind Envoy's check filter."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self._services = services
        self._metrics = metrics
        self._known = KnownServiceTokens(services.store)
        self._programs = ServiceAppTokens(services.store)
        self._devices = DeviceAppTokens()

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        """Answer one call. Whatever goes wrong, the answer is a refusal."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is spoken here, not {scope['type']}")
        began = perf_counter()
        asked_by = request_id(scope)
        with request_bound(asked_by):
            try:
                result = await self._answer(scope)
            except StoreError as error:
                log.error("check_failed", reason=str(error))  # noqa: TRY400 - a full disk is no bug
                result = failed(asked_by, self._render(self._services.snapshot()))
            except Exception:
                log.exception("check_failed")
                result = failed(asked_by, self._render(self._services.snapshot()))
        self._metrics.check_seconds.observe(perf_counter() - began)
        await _send(result, send, head=scope["method"] == "HEAD")

    async def _answer(self, scope: dict[str, Any]) -> Answer:
        services = self._services
        snapshot = services.snapshot()
        render = self._render(snapshot)
        try:
            asked = read(scope, services.country)
        except UnreadableQuestionError as error:
            log.warning("check_unreadable", reason=str(error))
            return failed(request_id(scope), render)
        request = asked.request
        application = snapshot.applications.match(request.host, request.path)
        if asked.route != (application.id if application is not None else _NO_ROUTE):
            # Envoy routes by another state than this one (a change is on its way), or the two matchers disagree.
            log.warning("check_route_differs", route=asked.route, host=request.host)
            return failed(request.id, render)

        now = services.now()
        credential = find_credential(request, application, snapshot, now) if application is not None else None
        claims = credential.claims if credential is not None else None
        session = (
            await services.store.sessions.find(claims.identity_nonce) if claims and claims.identity_nonce else None
        )

        service = await self._known.credential(request, application, credential, snapshot, now)

        clearance = await self._clearance(application, session)

        learned = await learn(services.store, request, application, session, snapshot, now)

        nonce = secrets.token_hex(32)
        proofs = await self._proofs(application, session, snapshot)
        decision = decide(
            request, application, credential, session, snapshot, now, nonce, service, clearance, learned, proofs
        )

        signed_now = False
        if isinstance(decision, Allow) and decision.token is None:
            granted = await self._grant(request, decision, session, snapshot, now)
            decision, signed_now = granted.decision, granted.fresh
        recorded = self._record(request, decision, session, service, now, _why_not(credential), signed_now=signed_now)
        fresh = Fresh(app_session=new_app_session(secrets.token_bytes(8)), recorded=recorded)
        return answer(decision, request, snapshot, now, fresh, render)

    async def _clearance(self, application: Application | None, session: Session | None) -> Clearance:
        """What the session asked for; read only where a policy of the application wants a reason or an approval."""
        if application is None or session is None or not asks_for_more(application.policies):
            return NO_CLEARANCE
        return Clearance(
            session.nonce, application.id, await self._services.store.grants.of(session.nonce, application.id)
        )

    async def _proofs(self, application: Application | None, session: Session | None, snapshot: Snapshot) -> Proofs:
        """The second factors that the session has shown; read only where one may be demanded."""
        if application is None or session is None or not ever_demanded(application, snapshot.organization):
            return NO_PROOFS
        return await self._services.store.factors.shown_by(session.nonce)

    async def _grant(
        self, request: Request, decision: Allow, session: Session | None, snapshot: Snapshot, now: int
    ) -> Granted:
        """The decision with the token it asks for, remembered before anybody can use it: what is unknown cannot be revoked.

        Another decision when the session, or the service token, ended while this was decided.
        """
        if decision.service is not None:
            return await self._programs.grant(decision, decision.service, snapshot, now)
        claims, known = decision.claims, True
        certificate = certificate_of(request, snapshot, now) if not claims.sub else None
        if certificate is not None:
            return Granted(*self._devices.grant(decision, certificate.fingerprint, snapshot, now))
        if session is not None and claims.sub:
            known = await self._services.store.app_tokens.record(
                claims.nonce, session.nonce, decision.application.id, claims.iat, claims.exp, claims.policy_id,
                grant_id=decision.grant.id if decision.grant is not None else "",
            )  # fmt: skip
        if not known:
            return Granted(LoginRequired(decision.application, decision.verdict), fresh=False)
        return Granted(replace(decision, token=mint_app(claims, snapshot.keys.current(now))), fresh=True)

    def _record(
        self,
        request: Request,
        decision: Decision,
        session: Session | None,
        service: ServiceCredential,
        now: int,
        detail: str,
        *,
        signed_now: bool,
    ) -> bool:
        """Count the decision, and keep it where it is one about somebody. Whether it was kept."""
        self._metrics.decided(*_counted(decision))
        if not _worth_keeping(decision, service, signed_now=signed_now):
            return False
        whose = None if _of_a_program(decision) else session
        reasons = "; ".join(reason for reason in (_about(service), detail) if reason)
        proven = service.proven is not None
        record = of_decision(request, decision, whose, now, reasons, service.known, proven=proven)
        self._services.audit.record(record)
        return True

    def _render(self, snapshot: Snapshot) -> Any:
        def render(page: Page) -> str:
            return self._services.pages.render(page, snapshot.organization)

        return render


def _counted(decision: Decision) -> tuple[str, str]:
    """Labels for the metric: what was decided, and the reason's code where it was a refusal."""
    match decision:
        case Deny():
            return "deny", decision.refusal.value
        case _:
            return {Allow: "allow", Bypass: "bypass", LoginRequired: "login", AnswerPreflight: "preflight"}[
                type(decision)
            ], ""


def _worth_keeping(decision: Decision, service: ServiceCredential, *, signed_now: bool) -> bool:
    refused = service.rejection is not None
    match decision:
        case Bypass() | AnswerPreflight():
            return False  # a bypass is never recorded (access.md 9.3)
        case LoginRequired():
            return refused and service.known is not None  # otherwise it decided nothing about anybody yet
        case Allow():
            return signed_now  # afterwards, what made this token was recorded
        case Deny(refusal=Refusal.SERVICE_TOKEN):
            return service.known is not None  # strangers do not fill the records (access.md 3.4)
        case _:
            return True


def _of_a_program(decision: Decision) -> bool:
    """It was decided without a user, whoever else the request could have been about."""
    match decision:
        case Allow():
            return not decision.claims.sub
        case Deny():
            return decision.refusal in {Refusal.SERVICE_TOKEN, Refusal.SERVICE_TOKEN_NOT_PERMITTED}
        case _:
            return False


def _about(service: ServiceCredential) -> str:
    """Which service token the request is about, for the operator; never the secret."""
    if service.known is None:
        return f"service token: {service.rejection.value}" if service.rejection is not None else ""
    state = service.rejection.value if service.rejection is not None else "proven"
    return f"service token {service.known.name!r}: {state}"


def _why_not(credential: Credential | None) -> str:
    """Why credentials that were sent did not count, for the operator."""
    if credential is None:
        return ""
    return "; ".join(f"{source}: {reason}" for source, reason in credential.refused)


def _written(name: str, value: str) -> bytes:
    """Cookies go on byte for byte as they came (``asked`` reads Latin-1); whatever is ours is UTF-8."""
    return value.encode("latin-1" if name == "cookie" else "utf-8")


async def _send(result: Answer, send: Any, *, head: bool) -> None:
    headers = [(name.encode("latin-1"), _written(name, value)) for name, value in result.headers]
    headers.append((b"content-length", str(len(result.body)).encode()))
    await send({"type": "http.response.start", "status": result.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else result.body})
