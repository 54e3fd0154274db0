"""A small organization with a real store, a scripted provider, a mail server and browsers, all driven in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from aiosmtpd.smtp import SMTP
from tests.tokens.material import NOW, ring

from doorward.access.record import DecisionRecord
from doorward.access.snapshot import Snapshot
from doorward.applications import Application, Applications
from doorward.identity import Group, Identity
from doorward.login import application as login_application
from doorward.organization import IdentityProvider, Organization, PublicAddress
from doorward.pages import Page, Pages
from doorward.policy.model import AccessGroup, Directory, Policy
from doorward.providers import ProviderError
from doorward.reports import ReportSource
from doorward.services import Services
from doorward.sessions import META_LIFETIME, app_session_cookies, app_session_values
from doorward.signin import LoginAttempt, secret_hash
from doorward.store import Store
from doorward.tokens.claims import MetaClaims
from doorward.tokens.jwt import mint_meta

TEAM = "login.example.com"
WIKI, NOTES, BOARD, VAULT, INSIDE, LAB, EMPTY = "abcdef0"
COMPANY, PARTNER, PIN = "company-idp", "partner-idp", "pin-idp"
HTTPS = PublicAddress(scheme="https", port=443)
HTTP = PublicAddress(scheme="http", port=8080)
BOTH = [pytest.param(HTTPS, id="https"), pytest.param(HTTP, id="http")]
"""For tests of what differs on plain http, which is for development: no Secure, no protected cookie names, a port."""
BROWSER = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
STAFF = {"email_domain": {"domain": "example.com"}}


def aud(letter: str) -> str:
    return letter * 64


def policy(decision: str = "allow", *include: dict[str, Any], **fields: Any) -> Policy:
    values = {
        "id": f"policy-{decision}",
        "name": decision.title(),
        "decision": decision,
        "include": include or (STAFF,),
    }
    return Policy.model_validate(values | fields)


def protected(letter: str, name: str, domain: str, *policies: Policy, **fields: Any) -> Application:
    values = {"id": f"app-{letter}", "aud": aud(letter), "name": name, "domain": domain, "policies": policies}
    return Application.model_validate({"session_duration": "8h"} | values | fields)


def applications() -> tuple[Application, ...]:
    boss = policy("allow", {"email": {"email": "boss@example.com"}})
    return (
        protected(WIKI, "Wiki", "wiki.example.com", policy()),
        protected(NOTES, "Notes", "notes.example.com", policy()),
        protected(BOARD, "Board", "board.example.com", policy(), allowed_idps=(PARTNER,)),
        protected(VAULT, "Vault", "vault.example.com", boss, custom_deny_message="Ask the boss."),
        protected(
            INSIDE, "Inside", "inside.example.com", policy("allow", STAFF, require=[{"ip": {"ip": "192.0.2.0/24"}}])
        ),
        protected(LAB, "Lab", "*.lab.example.com", policy()),
        protected(EMPTY, "Empty", "empty.example.com"),
    )


def providers() -> dict[str, IdentityProvider]:
    return {
        COMPANY: IdentityProvider(id=COMPANY, name="Company", type="oidc"),
        PARTNER: IdentityProvider(id=PARTNER, name="Partner", type="oidc"),
        PIN: IdentityProvider(id=PIN, name="Email code", type="onetimepin"),
    }


def person(email: str = "ada@example.com", idp_id: str = COMPANY, **fields: Any) -> Identity:
    values: dict[str, Any] = {
        "id": f"id-of-{email}", "email": email, "name": email.partition("@")[0].title(), "idp_id": idp_id,
        "idp_type": "oidc", "amr": ("pwd", "mfa"), "custom": {"team": "red"}, "oidc_fields": {"department": "R&D"},
        "groups": (Group(id="g1", name="Staff"), Group(id="g2", name="Eng", email="eng@example.com")),
    }  # fmt: skip
    return Identity.model_validate(values | fields)


class ScriptedProviders:
    """Plays every identity provider: a ``code`` stands for the person or the failure that was put there."""

    def __init__(self) -> None:
        self.people: dict[str, Identity | ProviderError | Exception] = {}
        self.begun: list[tuple[LoginAttempt, str]] = []
        self.down: ProviderError | None = None

    async def authorization_url(
        self, idp: IdentityProvider, attempt: LoginAttempt, redirect_uri: str, now: int, *, prompt: str = ""
    ) -> str:
        if self.down is not None:
            raise self.down
        self.begun.append((attempt, prompt))
        return f"https://idp.test/{idp.id}/authorize?state={attempt.state}"

    async def identity(
        self, idp: IdentityProvider, attempt: LoginAttempt, answer: Mapping[str, str], redirect_uri: str, now: int
    ) -> Identity:
        await asyncio.sleep(0)
        found = self.people[answer["code"]]
        if isinstance(found, Exception):
            raise found
        return found.model_copy(update={"idp_id": idp.id})


class RecordingPages(Pages):
    """The real pages, and the values they were made of."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Page] = []

    def render(self, page: Page, organization: Organization) -> str:
        self.shown.append(page)
        return super().render(page, organization)


class Mailbox:
    """An SMTP server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.refuse = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # the name aiosmtpd calls
        if self.refuse:
            return "554 no"
        self.mails.put_nowait((envelope.rcpt_tos[0], envelope.content.decode()))
        return "250 OK"

    async def next(self) -> tuple[str, str, str]:
        """Recipient, code and link of the next mail."""
        recipient, text = await asyncio.wait_for(self.mails.get(), 30)
        text = text.replace("=\r\n", "").replace("=3D", "=")
        code = re.search(r"^\s+(\d{6})\s*$", text, re.MULTILINE)
        link = re.search(r"https?://\S+/callback\?\S+", text)
        assert code is not None
        assert link is not None
        return recipient, code.group(1), link.group()


@dataclass
class World:
    store: Store
    organization: Organization
    applications: tuple[Application, ...] = field(default_factory=applications)
    identity_providers: dict[str, IdentityProvider] = field(default_factory=providers)
    groups: dict[str, AccessGroup] = field(default_factory=dict)
    revoked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    report_sources: tuple[ReportSource, ...] = ()
    time: int = NOW
    ip: str = "203.0.113.7"
    refreshed: int = 0

    def __post_init__(self) -> None:
        self.providers = ScriptedProviders()
        self.pages = RecordingPages()
        self.mailbox = Mailbox()
        self.records: list[DecisionRecord] = []
        self.mail: Any = None
        self._tokens = iter(range(10**9))
        self.services = Services(
            settings=SimpleNamespace(mail=None),  # type: ignore[arg-type]
            store=self.store,
            audit=SimpleNamespace(record=self.records.append),  # type: ignore[arg-type]
            pages=self.pages,
            providers=self.providers,  # type: ignore[arg-type]
            snapshot=self.snapshot,
            refresh=self.refresh,
            now=lambda: self.time,
            token=self.token,
            country=lambda ip: "NL" if ip is not None else None,
        )
        self.application = login_application(self.services)

    def token(self) -> str:
        return secret_hash(f"token {next(self._tokens)}")[:43]

    def snapshot(self) -> Snapshot:
        return Snapshot(
            organization=self.organization,
            applications=Applications.of(self.applications),
            identity_providers=self.identity_providers,
            directory=Directory(groups=self.groups),
            ingress=(),
            keys=ring(),
            revoked=self.revoked,
            report_sources=self.report_sources,
        )

    async def refresh(self) -> None:
        self.refreshed += 1
        self.revoked = await self.store.app_tokens.revoked(self.time)

    async def open_mail(self) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self.mailbox, hostname="mail.test", enable_SMTPUTF8=False), "127.0.0.1", 0
        )
        self.services.settings.mail = SimpleNamespace(  # type: ignore[misc]
            host="127.0.0.1", port=server.sockets[0].getsockname()[1], username="", password=None, security="none",
            sender="login@example.com",
        )  # fmt: skip
        return server

    def change(self, letter: str, **fields: Any) -> None:
        """Change an application."""
        self.applications = tuple(
            Application.model_validate(one.model_dump(exclude_unset=True) | fields) if one.aud == aud(letter) else one
            for one in self.applications
        )

    @property
    def shown(self) -> Any:
        """The page that was rendered last."""
        return self.pages.shown[-1]

    def origin(self, host: str) -> str:
        return self.organization.public.origin(host)

    def meta(self, letter: str, host: str, path: str = "/", app_session: str = "0" * 16, **changes: Any) -> str:
        values: dict[str, Any] = {
            "aud": aud(letter), "hostname": host, "redirect_url": path, "app_session_hash": secret_hash(app_session),
            "iat": self.time, "exp": self.time + META_LIFETIME, "real_country": "NL",
        }  # fmt: skip
        return mint_meta(MetaClaims(**(values | changes)), ring().current(self.time))

    def door(self, browser: Browser, letter: str, host: str, path: str = "/", **meta: Any) -> str:
        """What the door does for somebody without a session: the login link, and CF_AppSession in the browser."""
        public = self.organization.public
        present = app_session_values(browser.cookies_of(host, "/"), public, "GET", fetch_metadata=True)
        value = present[0] if present else self.token()[:16]
        if not present:
            for cookie in app_session_cookies(value, public, self.time):
                browser.keep(host, cookie)
        query = httpx.QueryParams(kid=aud(letter), meta=self.meta(letter, host, path, value, **meta), redirect_url=path)
        return f"{self.origin(TEAM)}/cdn-cgi/access/login/{host}?{query}"


class Browser:
    """One cookie jar that keeps to the rules that matter here, and no redirects but those that are asked for."""

    def __init__(self, world: World, headers: Mapping[str, str] | None = None) -> None:
        self.world = world
        self.headers = dict(BROWSER if headers is None else headers)
        self.jar: dict[tuple[str, str, str], str] = {}
        self.set_cookies: list[str] = []

    def keep(self, host: str, set_cookie: str) -> None:
        pair, *attributes = [part.strip() for part in set_cookie.split(";")]
        name, _, value = pair.partition("=")
        values = {key.lower(): text for key, _, text in (attribute.partition("=") for attribute in attributes)}
        path = values.get("path", "/")
        if name.startswith("__Host-"):
            assert path == "/"
            assert "secure" in values
            assert "domain" not in values
        self.set_cookies.append(set_cookie)
        if values.get("max-age") == "0":
            self.jar.pop((host, name, path), None)
        else:
            self.jar[host, name, path] = value

    def cookies_of(self, host: str, path: str) -> tuple[tuple[str, str], ...]:
        def below(prefix: str) -> bool:
            return path == prefix or path.startswith(prefix if prefix.endswith("/") else prefix + "/")

        return tuple((name, value) for (at, name, where), value in self.jar.items() if at == host and below(where))

    def cookie(self, host: str, name: str) -> str:
        return next((value for (at, one, _), value in self.jar.items() if (at, one) == (host, name)), "")

    async def ask(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        parts = urlsplit(url)
        host = parts.hostname or ""
        sent = self.headers | {"x-doorward-client-address": self.world.ip, "x-request-id": "0123456789abcdef" * 2}
        if form is not None:
            sent |= {"origin": self.world.origin(TEAM)}
            if "sec-fetch-site" in sent:
                sent["sec-fetch-site"] = "same-origin"
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies_of(host, parts.path))
        if cookies:
            sent["cookie"] = cookies
        sent |= headers or {}
        transport = httpx.ASGITransport(self.world.application)
        async with httpx.AsyncClient(transport=transport, follow_redirects=False) as client:
            response = await client.request(method, url, data=form, content=body, headers=sent)
        for cookie in response.headers.get_list("set-cookie"):
            self.keep(host, cookie)
        return response

    async def get(self, url: str, **rest: Any) -> httpx.Response:
        return await self.ask("GET", url, **rest)

    async def post(self, url: str, form: Mapping[str, str], **rest: Any) -> httpx.Response:
        return await self.ask("POST", url, form=form, **rest)

    async def team(self, path: str, **rest: Any) -> httpx.Response:
        return await self.get(self.world.origin(TEAM) + "/cdn-cgi/access" + path, **rest)

    async def choose(self, method: int = 0) -> str:
        """Press a button of the chooser that was shown last; where the provider is told to come back to."""
        response = await self.get(self.world.origin(TEAM) + self.world.shown.methods[method].url)
        assert response.status_code == 302, response.text
        return self.back(response)

    def back(self, response: httpx.Response, code: str = "ada") -> str:
        """The callback after signing in at the provider that ``response`` leads to."""
        state = parameter(response.headers["location"], "state")
        return f"{self.world.origin(TEAM)}/cdn-cgi/access/callback?{httpx.QueryParams(code=code, state=state)}"

    async def sign_in(
        self, letter: str = WIKI, host: str = "wiki.example.com", path: str = "/", code: str = "ada"
    ) -> httpx.Response:
        """The whole login by the company's provider, up to and with ``/authorized``."""
        await self.get(self.world.door(self, letter, host, path))
        response = await self.get(self.world.origin(TEAM) + self.world.shown.methods[0].url)
        response = await self.get(self.back(response, code))
        assert response.status_code == 302, response.text
        assert response.headers["location"].startswith(self.world.origin(host)), response.headers["location"]
        return await self.get(response.headers["location"])


def parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]
