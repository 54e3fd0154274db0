"""A good configuration file, and how the tests change and read it."""

from __future__ import annotations

from pathlib import Path

from doorward.settings import InvalidConfiguration, Settings, Severity, load

GOOD = """\
organization:
  name: Example
  auth_domain: login.example.com
  session_duration: 24h
listen:
  address: 0.0.0.0
  https: 443
  tls: local
mail:
  host: smtp.example.com
  sender: login@example.com
ingress:
  - hostname: wiki.example.com
    service: http://10.0.0.12:8080
  - hostname: build.example.com
    service: https://10.0.0.13
  - service: http_status:404
identity_providers:
  - name: Company
    type: oidc
    config:
      issuer: https://idp.example.com
      client_id: doorward
      client_secret: ${CLIENT_SECRET}
  - name: Code
    type: onetimepin
lists:
  - name: Partners
    emails: [Ann@Partner.example]
  - name: Office
    networks: [192.0.2.0/24]
groups:
  - name: Staff
    include:
      - email_domain: {domain: example.com}
policies:
  - name: Partners may
    decision: allow
    include:
      - email_list: {id: Partners}
applications:
  - name: Wiki
    domain: wiki.example.com
    session_duration: 8h
    policies:
      - Partners may
      - name: Staff only
        decision: allow
        include:
          - group: {id: Staff}
        require:
          - login_method: {id: Company}
  - name: Build
    domain: build.example.com
    allowed_idps: [Company]
    policies:
      - name: Office
        decision: bypass
        include:
          - ip_list: {id: Office}
      - name: Everybody with an account
        decision: allow
        include:
          - everyone: {}
"""
ENVIRON = {"CLIENT_SECRET": "correct-horse-battery"}


def write(folder: Path, text: str = GOOD) -> Path:
    file = folder / "doorward.yaml"
    file.write_text(text, "utf-8")
    return file


def settings_of(folder: Path, text: str = GOOD, environ: dict[str, str] | None = None) -> Settings:
    return load(write(folder, text), ENVIRON if environ is None else environ)


def refusal_of(folder: Path, text: str, environ: dict[str, str] | None = None) -> InvalidConfiguration:
    """What ``load`` raises for a text that it has to refuse."""
    try:
        settings_of(folder, text, environ)
    except InvalidConfiguration as error:
        return error
    raise AssertionError("the file was accepted")


def errors_of(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[tuple[str, int]]:
    """Path and line of every error, in order."""
    problems = refusal_of(folder, text, environ).problems
    return [(problem.path, problem.line) for problem in problems if problem.severity is Severity.ERROR]


def changed(old: str, new: str, text: str = GOOD) -> str:
    """The text with one piece replaced, which must be in it once."""
    assert text.count(old) == 1, f"{old!r} is in the text {text.count(old)} times"
    return text.replace(old, new)
