"""What ``doorward init`` has to know, and the file that follows from it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from doorward.applications import Pattern
from doorward.settings.file.endpoint import is_local

MailSecurity = Literal["none", "starttls", "tls"]
_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 @./_-]*|[A-Za-z0-9@./:_-]*)[A-Za-z0-9]")
"""A colon is harmless where no space is near."""
_YAML_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


@dataclass(frozen=True, slots=True)
class Oidc:
    issuer: str
    client_id: str
    secret_file: str | None
    """Name of the file beside the configuration that holds the client secret; None: a public client."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int | None
    security: MailSecurity
    sender: str
    username: str
    password_file: str | None


@dataclass(frozen=True, slots=True)
class Answers:
    auth_domain: str
    domain: str
    """The application's ``host`` or ``host/path``."""
    name: str
    origin: str
    allow: str
    """An e-mail address, or a domain without ``@``."""
    oidc: Oidc | None
    mail: SmtpServer | None
    tls: tuple[str, str] | None
    """Certificate and key file; None: a local certificate authority, or plain http for local names."""

    @property
    def local(self) -> bool:
        """Every name stays on this machine, so plain http will do."""
        return is_local(self.auth_domain) and is_local(Pattern.parse(self.domain).host)


def quoted(text: str) -> str:
    """A YAML scalar: plain where that is safe, else in JSON's quotes, which YAML reads too."""
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def configuration(answers: Answers) -> str:
    """The text of ``doorward.yaml``."""
    parts = [_HEAD, _organization(answers), _listen(answers), _STATE, _ingress(answers), _providers(answers)]
    if answers.mail is not None:
        parts.append(_mail(answers.mail))
    parts.append(_application(answers))
    return "\n".join("\n".join(line.rstrip() for line in part.strip("\n").splitlines()) + "\n" for part in parts)


_HEAD: Final = """
# Doorward's configuration. 'doorward check' reports every mistake in it; 'doorward serve' runs it.
# ${NAME} takes a value from the environment; secrets may also be 'file:path', relative to this file.
"""

_STATE: Final = """
# The database with sessions and signing keys, and beside it the key that encrypts them: back up both.
# Relative paths start at this file; an absolute one is written sqlite:///var/lib/doorward/doorward.db
store: sqlite:doorward-state/doorward.db
"""


def _organization(answers: Answers) -> str:
    labels = answers.auth_domain.split(".")
    name = "My organization" if answers.local or len(labels) == 1 else labels[-2].capitalize()
    return f"""
organization:
  name: {quoted(name)}
  # Where people sign in. Needs a DNS record that leads here; no application may have it.
  auth_domain: {quoted(answers.auth_domain)}
  session_duration: 24h        # how long a login lasts, 15m to 730h
"""


def _listen(answers: Answers) -> str:
    if answers.local:
        return """
# Plain http is for names under .localhost only. For everything else: https with a certificate.
listen:
  address: 127.0.0.1
  http: 8080
"""
    if answers.tls is not None:
        certificate, key = answers.tls
        return f"""
listen:
  address: 0.0.0.0
  https: 443
  http: 80                     # sends visitors to https
  tls:                         # read again when the files change
    certificate: {quoted(certificate)}
    key: {quoted(key)}
"""
    return """
listen:
  address: 0.0.0.0
  https: 443
  http: 80                     # sends visitors to https
  # A certificate authority of this machine, for trying out: browsers will warn. Then put your own here:
  # tls: {certificate: /etc/doorward/tls.crt, key: /etc/doorward/tls.key}
  tls: local
# With a balancer in front that speaks https and forwards http to this machine:
# listen: {address: 0.0.0.0, http: 8080}
# public: {scheme: https, port: 443}
# client_address: {header: x-forwarded-for, trusted_hops: 1}
"""


def _ingress(answers: Answers) -> str:
    host = Pattern.parse(answers.domain).host
    return f"""
# Where requests go once they are let in. First match wins; a hostname may begin with '*.'.
ingress:
  - hostname: {_host(host)}
    service: {quoted(answers.origin)}
"""


def _host(host: str) -> str:
    """An application's wildcard as ingress knows it: a leading ``*.`` for any number of labels."""
    if "*" not in host:
        return quoted(host)
    return quoted("*." + host.rpartition("*")[2].partition(".")[2])


def _providers(answers: Answers) -> str:
    lines = ["# How people prove who they are. At an OpenID provider, register this redirect address:"]
    scheme, port = ("http", ":8080") if answers.local else ("https", "")
    lines.append(f"#   {scheme}://{answers.auth_domain}{port}/cdn-cgi/access/callback")
    lines.append("identity_providers:")
    if (oidc := answers.oidc) is not None:
        lines += ["  - name: Company login", "    type: oidc", "    config:"]
        lines += [f"      issuer: {quoted(oidc.issuer)}      # the rest is discovered"]
        lines += [f"      client_id: {quoted(oidc.client_id)}"]
        if oidc.secret_file is not None:
            lines.append(f"      client_secret: {quoted('file:' + oidc.secret_file)}")
        lines.append("      # scopes: [openid, email, profile, groups]")
        lines.append("      # claims: [groups]     # passed on to applications")
    if answers.mail is not None:
        lines += ["  - name: E-mail code        # a one-time PIN by mail", "    type: onetimepin"]
    return "\n".join(lines)


def _mail(mail: SmtpServer) -> str:
    lines = ["# The mail server that one-time PINs leave through.", "mail:", f"  host: {quoted(mail.host)}"]
    if mail.port is not None:
        lines.append(f"  port: {mail.port}")
    lines.append(f"  security: {mail.security:<16}# starttls, tls or none")
    lines.append(f"  sender: {quoted(mail.sender)}")
    if mail.username and mail.password_file is not None:
        lines.append(f"  username: {quoted(mail.username)}")
        lines.append(f"  password: {quoted('file:' + mail.password_file)}")
    return "\n".join(lines)


def _application(answers: Answers) -> str:
    kind, field = ("email", "email") if "@" in answers.allow else ("email_domain", "domain")
    return f"""
# Sets of people, by name; policies refer to them.
groups:
  - name: Staff
    include:
      - {kind}: {{{field}: {quoted(answers.allow)}}}

# What is protected. Without a policy that lets somebody in, nobody gets in.
applications:
  - name: {quoted(answers.name)}
    domain: {quoted(answers.domain)}
    session_duration: 24h
    policies:
      - name: Staff only
        decision: allow        # or deny, bypass, non_identity
        include:
          - group: {{id: Staff}}
        # require:
        #   - auth_method: {{auth_method: mfa}}
"""


def default_name(domain: str) -> str:
    """An application's name from its host: ``wiki.example.com`` is Wiki."""
    labels: Iterable[str] = (label.strip("*-") for label in domain.partition("/")[0].split("."))
    return next((label for label in labels if label), "application").capitalize()
