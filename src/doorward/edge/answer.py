"""A decision becomes HTTP: what the check filter tells Envoy to send on or send back (access.md 1.1, 1.2, 1.11, 3.1). Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, assert_never
from urllib.parse import quote, urlencode

from doorward.access import rounds
from doorward.access.client_certificate import certificate_of
from doorward.access.credential import find_credential
from doorward.access.decision import (
    Allow,
    AnswerPreflight,
    Bypass,
    Decision,
    Deny,
    LoginRequired,
    Refusal,
)
from doorward.access.deny_page import deny_url
from doorward.access.record import reference_of
from doorward.access.request import Request
from doorward.access.resume import former_user, resumable
from doorward.access.snapshot import Snapshot
from doorward.custom_pages import chosen
from doorward.edge.cross_origin import readable
from doorward.edge.going_round import going_round_page
from doorward.edge.headers import CERTIFICATE_DER, CERTIFICATE_SHA256
from doorward.edge.script_login import script_body, wants_json
from doorward.pages import NOT_CACHED, Denied, Found, Page, Problem, Unauthorized, denied, security_headers
from doorward.sessions import (
    CF_APP_SESSION,
    CF_AUTHORIZATION,
    CF_BINDING,
    META_LIFETIME,
    any_spelling,
    app_cookies,
    app_session_cookies,
    app_session_values,
)
from doorward.signin import secret_hash
from doorward.tokens.claims import MetaClaims, SignedToken
from doorward.tokens.jwt import mint_meta

Header = tuple[str, str]
Render = Callable[[Page], str]

LONGEST_DER: Final = 10 * 1024
"""Characters of a client certificate in base64 that an origin is shown; of a longer one it gets the fingerprint alone."""
LONGEST_RETURN: Final = 2048
"""Characters of path and query that a login redirect carries; they travel twice, and URLs have limits on the way."""
_OURS: Final = re.compile(
    "|".join(map(any_spelling, (CF_AUTHORIZATION, CF_BINDING, CF_APP_SESSION, rounds.CF_ROUNDS))),
    re.IGNORECASE | re.DOTALL,
)
"""Our cookies, in any spelling that some origin may read as theirs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to Envoy: 200 lets the request through with ``headers`` on it, all else is sent to the client."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the answer may need and a pure function cannot make."""

    app_session: str
    """For CF_AppSession, when the browser has none."""
    recorded: bool = True
    """The decision was kept, so that there is something to look up under its reference."""


def answer(decision: Decision, request: Request, snapshot: Snapshot, now: int, fresh: Fresh, render: Render) -> Answer:
    """The answer of :func:`_answer`, readable for the pages that the application's ``cors_headers`` name."""
    plain = _answer(decision, request, snapshot, now, fresh, render)
    return replace(plain, headers=readable(plain.status, plain.headers, decision.application, request))


def _answer(decision: Decision, request: Request, snapshot: Snapshot, now: int, fresh: Fresh, render: Render) -> Answer:
    """One ``match``, one answer for each kind of decision."""
    match decision:
        case Allow():
            return forwarding(_allow(decision, request, snapshot, now), request, snapshot, now)
        case Bypass():
            return forwarding(Answer(200, _forward(request, None)), request, snapshot, now)
        case LoginRequired():
            return _login(decision, request, snapshot, now, fresh, render)
        case Deny(refusal=Refusal.GOING_ROUND):
            return _going_round(decision, request, snapshot, now, render, recorded=fresh.recorded)
        case Deny():
            return _deny(decision, request, snapshot, render, recorded=fresh.recorded)
        case AnswerPreflight():
            return Answer(204, decision.headers)  # not 200: to Envoy that means "send it on to the origin"
        case _:
            assert_never(decision)


def failed(request_id: str, render: Render) -> Answer:
    """The decision itself broke: nothing opens, the visitor learns what to quote."""
    page = Problem(
        status=503,
        title="The door cannot decide right now",
        message="Something went wrong while your request was checked. Nothing was let through.",
        next_step="Try again in a moment. If it stays like this, give the reference below to whoever runs this site.",
        reference=reference_of(request_id) if request_id else "",
    )
    return _page(503, page, render, (("retry-after", "5"),))


def _allow(decision: Allow, request: Request, snapshot: Snapshot, now: int) -> Answer:
    token = decision.token
    if token is None:
        raise ValueError("an allowed request needs a token: the one that was verified or one just minted")
    headers = [("cf-access-jwt-assertion", token), *_forward(request, token)]
    if decision.claims.email:
        headers.append(("cf-access-authenticated-user-email", decision.claims.email))
    if decision.cookie:
        public = snapshot.organization.public
        cookies = app_cookies(decision.application, token, decision.claims, public, request.host, now)
        headers += [("set-cookie", cookie) for cookie in cookies]
    return Answer(200, tuple(headers))


def _forward(request: Request, token: SignedToken | None) -> tuple[Header, ...]:
    """The Cookie header for the origin: no spelling of our cookies but the one verified token (access.md 3.2)."""
    if not request.cookies and token is None and not request.malformed_cookies:
        return ()
    kept = [] if request.malformed_cookies else [f"{name}={value}" for name, value in request.cookies]
    kept = [cookie for cookie in kept if not _OURS.search(cookie)]
    if token is not None:
        kept.append(f"CF_Authorization={token}")
    return (("cookie", "; ".join(kept)),) if kept else (("x-envoy-auth-headers-to-remove", "cookie"),)


def _login(
    decision: LoginRequired, request: Request, snapshot: Snapshot, now: int, fresh: Fresh, render: Render
) -> Answer:
    public = snapshot.organization.public
    application, resumed = decision.application, resumable(request, decision.application, snapshot.organization)
    present = app_session_values(request.cookies, public, request.method, fetch_metadata=request.fetch_metadata)
    value = present[0] if present else fresh.app_session
    meta = MetaClaims(
        aud=decision.application.aud,
        hostname=request.host,
        redirect_url=return_path(request),
        app_session_hash=secret_hash(value),
        iat=now,
        exp=now + META_LIFETIME,
        real_country=request.country or "",
        certificate=certificate_of(request, snapshot, now),
        former_user=former_user(request, application, snapshot, now) if resumed else "",
    )
    query = urlencode(
        {
            "kid": decision.application.aud,
            "meta": mint_meta(meta, snapshot.keys.current(now)),
            "redirect_url": meta.redirect_url,
        },
        quote_via=quote,
        safe="",
    )
    login = f"{snapshot.organization.issuer}/cdn-cgi/access/login/{request.host}"
    # A browser sends its form once more, to where it is kept (``login.resume``); Envoy buffers nothing for that.
    location = f"{public.origin(request.host)}/cdn-cgi/access/resume?{query}" if resumed else f"{login}?{query}"
    cookies = () if present else app_session_cookies(value, public, now)
    cookies += rounds.counted(request, application, public, now)
    headers = (
        ("location", location),
        *(("set-cookie", cookie) for cookie in cookies),
        *_challenge(request, snapshot),
    )
    return _page(307 if resumed else 302, Found(location), render, headers)


def forwarding(passed: Answer, request: Request, snapshot: Snapshot, now: int) -> Answer:
    """With the client certificate for the origin, where it counts and ``client_certificate_forwarding`` says so."""
    here = snapshot.client_authorities.at(request.host)
    certificate = certificate_of(request, snapshot, now)
    if here is None or certificate is None or not here.forwarding:
        return passed
    der = ((CERTIFICATE_DER, certificate.base64),) if len(certificate.base64) <= LONGEST_DER else ()
    return replace(passed, headers=(*passed.headers, *der, (CERTIFICATE_SHA256, certificate.fingerprint)))


def return_path(request: Request) -> str:
    """Where the visitor wanted to go, as path and query; shortened when it would not survive the journey."""
    if len(request.path) > LONGEST_RETURN:
        return "/"
    whole = f"{request.path}?{request.query}" if request.query else request.path
    return whole if len(whole) <= LONGEST_RETURN else request.path


def _challenge(request: Request, snapshot: Snapshot) -> tuple[Header, ...]:
    metadata = snapshot.organization.public.origin(request.host) + "/.well-known/cloudflare-access-protected-resource"
    return (
        ("access-control-allow-credentials", "true"),
        ("www-authenticate", f'Cloudflare-Access resource_metadata="{metadata}{quote(request.path, safe="/%")}"'),
    )


def _deny(decision: Deny, request: Request, snapshot: Snapshot, render: Render, *, recorded: bool) -> Answer:
    reference = reference_of(request.id) if recorded else ""
    match decision.refusal:
        case Refusal.LOGIN_BY_SCRIPT:
            headers = (("access-control-allow-headers", "x-requested-with"), *_challenge(request, snapshot))
            if decision.application is not None and wants_json(request):
                body = script_body(request, decision.application, snapshot, return_path(request), reference)
                return Answer(decision.status, (("content-type", "application/json"), *NOT_CACHED, *headers), body)
            return _page(decision.status, Unauthorized(), render, headers)
        case Refusal.SERVICE_AUTH_ONLY | Refusal.SERVICE_TOKEN | Refusal.SERVICE_TOKEN_NOT_PERMITTED:
            return _to_program(decision, request, snapshot, reference, render)
        case Refusal.POLICY:
            return _refused(decision, request, snapshot, reference, render)
        case Refusal.NO_APPLICATION:
            page = Problem(
                status=decision.status,
                title="There is nothing here",
                message=f"No application is published at {request.host}{request.path}.",
                next_step="Check the address. If it is right, the application still has to be added to the door.",
                reference=reference,
            )
            return _page(decision.status, page, render, _marked(decision))
        case Refusal.PREFLIGHT | Refusal.METHOD:
            page = Problem(
                status=decision.status,
                title="Not allowed",
                message=f"The door does not let {request.method} through here without a session.",
                next_step="Open the application in this browser first, then try again.",
                reference=reference,
            )
            return _page(decision.status, page, render, _marked(decision))
        case Refusal.GOING_ROUND:
            raise ValueError("it has an answer of its own, with the time in it")
        case _:
            assert_never(decision.refusal)


def _going_round(
    decision: Deny, request: Request, snapshot: Snapshot, now: int, render: Render, *, recorded: bool
) -> Answer:
    application, public = decision.application, snapshot.organization.public
    if application is None:
        raise ValueError("only an application sends anybody to a login")
    reason = rounds.why(find_credential(request, application, snapshot, now), request)
    again = public.origin(request.host) + return_path(request)
    page = going_round_page(reason, public.scheme, again, reference_of(request.id) if recorded else "")
    headers = (*_marked(decision), ("set-cookie", rounds.forgotten(application, public)))
    return _page(decision.status, page, render, headers)


def _marked(decision: Deny) -> tuple[Header, ...]:
    """Tell our refusals from the origin's own (access.md 1.2, ``Cf-Access-Error``)."""
    application = decision.application
    named = (("cf-access-aud", application.aud), ("cf-access-domain", application.domain)) if application else ()
    return (("cf-access-error", "1"), *named)


def _to_program(decision: Deny, request: Request, snapshot: Snapshot, reference: str, render: Render) -> Answer:
    """A refusal that no login can help; in JSON for who asks for JSON. It does not say what exactly is wrong."""
    title, message, next_step = _TO_PROGRAMS[decision.refusal]
    marked = _marked(decision) + (_challenge(request, snapshot) if decision.status == 401 else ())
    if "application/json" in request.accept.lower():
        body = {"code": decision.status, "message": message} | ({"reference": reference} if reference else {})
        headers = (("content-type", "application/json"), *NOT_CACHED, *marked)
        return Answer(decision.status, headers, json.dumps(body).encode())
    page = Problem(status=decision.status, title=title, message=message, next_step=next_step, reference=reference)
    return _page(decision.status, page, render, marked)


_TO_PROGRAMS: Final = {
    Refusal.SERVICE_AUTH_ONLY: (
        "Service credentials needed",
        "This application is for programs: it takes service credentials, and none that it accepts was sent.",
        "Send CF-Access-Client-Id and CF-Access-Client-Secret of a service token, or show a client certificate, that may enter.",
    ),
    Refusal.SERVICE_TOKEN: (
        "Service token not accepted",
        "The service token in this request cannot be authenticated.",
        "Send CF-Access-Client-Id and CF-Access-Client-Secret once each, of a token that is enabled and has not expired.",
    ),
    Refusal.SERVICE_TOKEN_NOT_PERMITTED: (
        "Service token not permitted",
        "The service token in this request is valid, and no policy of this application lets it in.",
        "Ask whoever runs this application for a policy with the action Service Auth that names this token.",
    ),
}


def _refused(decision: Deny, request: Request, snapshot: Snapshot, reference: str, render: Render) -> Answer:
    application = decision.application
    if application is None:
        raise ValueError("policies are those of an application")
    by_identity = decision.verdict is not None and decision.verdict.identity_decided
    location = ""
    if decision.verdict is not None and decision.evidence is not None:
        back = snapshot.organization.public.origin(request.host) + return_path(request)
        location = deny_url(application, decision.verdict, decision.evidence, snapshot, back)
    if location:
        return _page(302, Found(location), render, (("location", location), *_marked(decision)))
    ours = Denied(
        application_name=application.name,
        message=application.custom_deny_message,
        email="",
        reference=reference,
        try_again_url="",
        sign_out_url=f"{snapshot.organization.issuer}/cdn-cgi/access/logout" if by_identity else "",
    )
    own = chosen(application.custom_pages, snapshot.organization.custom_pages, by_identity=by_identity)
    page, headers = denied(own, ours)
    return _page(decision.status, page, render, (*_marked(decision), *headers))


def _page(status: int, page: Page, render: Render, headers: tuple[Header, ...]) -> Answer:
    fixed = (("content-type", "text/html; charset=utf-8"), *NOT_CACHED, *security_headers(()))
    mine = {name for name, _ in headers}
    return Answer(status, (*(pair for pair in fixed if pair[0] not in mine), *headers), render(page).encode())
