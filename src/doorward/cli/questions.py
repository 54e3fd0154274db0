"""The questions of ``doorward init``: from options where given, from the terminal where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import TypeAdapter, ValidationError

from doorward.applications import Pattern
from doorward.cli.answers import Answers, MailSecurity, Oidc, SmtpServer, default_name
from doorward.policy.rules import EmailAddress, EmailDomainName
from doorward.settings.file.base import HostName
from doorward.settings.file.endpoint import Endpoint, is_local
from doorward.settings.file.ingress import IngressPart

Secrets = Mapping[str, str]
"""File name to secret."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options; empty where not given."""

    auth_domain: str
    domain: str
    name: str
    origin: str
    allow: str
    oidc_issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    mail_host: str
    mail_port: int | None
    mail_security: MailSecurity | None
    mail_sender: str
    mail_username: str
    mail_password: str = field(repr=False)
    certificate: str
    key: str


def answers_from(given: Given, path: Path, *, ask: bool) -> tuple[Answers, Secrets]:
    """Complete answers, and the secrets that go into files beside ``path``.

    Raises:
        typer.BadParameter: an option has no usable value, or is missing and there is no terminal to ask.
    """
    _together(given)
    if not ask:
        _complete(given)
    auth_domain = _answer("--auth-domain", given.auth_domain, "Where shall people sign in (hostname)?", _host)
    domain = _answer("--domain", given.domain, "Which hostname has your first application?", _pattern)
    if Pattern.parse(domain).host == auth_domain:
        raise typer.BadParameter(
            "it is where people sign in; an application needs a hostname of its own", param_hint="--domain"
        )
    origin = _answer("--origin", given.origin, "Where is it really (like http://127.0.0.1:3000)?", _origin)
    allow = _answer("--allow", given.allow, "Who may enter (your e-mail address, or its domain)?", _who)
    issuer, mail_host = given.oidc_issuer, given.mail_host
    if not issuer and not mail_host:
        if typer.confirm("Do people have an OpenID provider (say no for codes by e-mail)?", default=False, err=True):
            issuer = _prompt("The provider's issuer address?", "--oidc-issuer", _endpoint)
        else:
            mail_host = _prompt("Which mail server sends the codes (hostname)?", "--mail-host", _host_or_address)
    secrets: dict[str, str] = {}
    return Answers(
        auth_domain=auth_domain,
        domain=domain,
        name=given.name or default_name(domain),
        origin=origin,
        allow=allow,
        oidc=_oidc(given, issuer, path, secrets, ask=ask) if issuer else None,
        mail=_mail(given, mail_host, auth_domain, path, secrets) if mail_host else None,
        tls=(str(Path(given.certificate).absolute()), str(Path(given.key).absolute())) if given.certificate else None,
    ), secrets


def _together(given: Given) -> None:
    """Options that mean nothing without another."""
    needs = (
        ("--client-id", given.client_id, "--oidc-issuer", given.oidc_issuer),
        ("--mail-port", given.mail_port, "--mail-host", given.mail_host),
        ("--mail-security", given.mail_security, "--mail-host", given.mail_host),
        ("--mail-sender", given.mail_sender, "--mail-host", given.mail_host),
        ("--mail-username", given.mail_username, "--mail-host", given.mail_host),
        ("--mail-username", given.mail_username, "--mail-password", given.mail_password),
        ("--certificate", given.certificate, "--key", given.key),
        ("--key", given.key, "--certificate", given.certificate),
    )
    for option, value, other, companion in needs:
        if value and not companion:
            raise typer.BadParameter(f"it needs {other} too", param_hint=option)


def _complete(given: Given) -> None:
    required: Final = {
        "--auth-domain": given.auth_domain,
        "--domain": given.domain,
        "--origin": given.origin,
        "--allow": given.allow,
        "--oidc-issuer or --mail-host": given.oidc_issuer or given.mail_host,
    }
    missing = [option for option, value in required.items() if not value]
    if given.oidc_issuer and not given.client_id:
        missing.append("--client-id")
    if missing:
        raise typer.BadParameter(
            f"nothing can be asked without a terminal; add {', '.join(missing)}", param_hint="init"
        )


def _oidc(given: Given, issuer: str, path: Path, secrets: dict[str, str], *, ask: bool) -> Oidc:
    issuer = _checked("--oidc-issuer", issuer, _endpoint)
    client_id = given.client_id or _prompt("The client id registered there?", "--client-id", _line)
    secret = given.client_secret
    if ask and not given.client_secret and not given.client_id:
        secret = typer.prompt(
            "Its secret (empty if it has none)?", default="", hide_input=True, show_default=False, err=True
        )
    return Oidc(issuer, client_id, _kept(secret, f"{path.stem}.client-secret", secrets))


def _mail(given: Given, host: str, auth_domain: str, path: Path, secrets: dict[str, str]) -> SmtpServer:
    host = _checked("--mail-host", host, _host_or_address)
    security: MailSecurity = given.mail_security or ("none" if is_local(host) else "starttls")
    sender = given.mail_sender or f"login@{auth_domain.partition('.')[2] or auth_domain}"
    password = _kept(given.mail_password if given.mail_username else "", f"{path.stem}.mail-password", secrets)
    sender = _checked("--mail-sender", sender, _email)
    return SmtpServer(host, given.mail_port, security, sender, given.mail_username, password)


def _kept(secret: str, file: str, secrets: dict[str, str]) -> str | None:
    if not secret:
        return None
    secrets[file] = secret
    return file


def _answer(option: str, value: str, question: str, check: Callable[[str], str]) -> str:
    return _checked(option, value, check) if value else _prompt(question, option, check)


def _checked(option: str, value: str, check: Callable[[str], str]) -> str:
    try:
        return check(value.strip())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _prompt(question: str, option: str, check: Callable[[str], str]) -> str:
    """Ask until the answer is usable. The option is named, so that the next time it can be given."""

    def usable(text: str) -> str:
        try:
            return check(text.strip())
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return str(typer.prompt(f"{question} [{option}]", value_proc=usable, err=True))


def _by(annotation: Any) -> Callable[[str], str]:
    adapter: TypeAdapter[str] = TypeAdapter(annotation)

    def check(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise ValueError(str(error.errors()[0].get("ctx", {}).get("error", error.errors()[0]["msg"]))) from error

    return check


_host: Final = _by(HostName)
_endpoint: Final = _by(Endpoint)
_email: Final = _by(EmailAddress)
_email_domain: Final = _by(EmailDomainName)


def _pattern(text: str) -> str:
    return str(Pattern.parse(text))


def _origin(text: str) -> str:
    try:
        return IngressPart(service=text).service
    except ValidationError as error:
        raise ValueError(str(error.errors()[0].get("ctx", {}).get("error", "it is not an address"))) from error


def _who(text: str) -> str:
    return _email(text) if "@" in text.removeprefix("@") else _email_domain(text)


def _host_or_address(text: str) -> str:
    return text if is_local(text) else _host(text)


def _line(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("it is empty, or not on one line")
    return text
