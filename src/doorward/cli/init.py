"""``doorward init``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from doorward.cli.answers import Answers, configuration
from doorward.cli.options import DEFAULT_CONFIG
from doorward.cli.questions import Given, Secrets, answers_from
from doorward.cli.speech import print_problem, printable, remark, result
from doorward.errors import ConfigurationError
from doorward.settings import InvalidConfiguration, load

command = typer.Typer(add_completion=False)

_EXAMPLES = """Examples:

doorward init

doorward init --auth-domain login.localhost --domain wiki.localhost --origin http://127.0.0.1:3000
--allow me@example.com --mail-host 127.0.0.1 --mail-port 1025

doorward init /etc/doorward/doorward.yaml --auth-domain login.example.com --domain wiki.example.com
--origin http://10.0.0.12:8080 --allow example.com --oidc-issuer https://idp.example.com --client-id doorward"""


@command.command(epilog=_EXAMPLES)
def init(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file to write.")] = DEFAULT_CONFIG,
    *,
    auth_domain: Annotated[str, typer.Option(metavar="HOST", help="Where people sign in.")] = "",
    domain: Annotated[str, typer.Option(metavar="HOST", help="The first application's hostname.")] = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="Its name; by default from the hostname.")] = "",
    origin: Annotated[str, typer.Option(metavar="URL", help="Where it really is.")] = "",
    allow: Annotated[str, typer.Option(metavar="EMAIL|DOMAIN", help="Who may enter.")] = "",
    oidc_issuer: Annotated[str, typer.Option(metavar="URL", help="OpenID provider to sign in with.")] = "",
    client_id: Annotated[str, typer.Option(metavar="TEXT", help="The client registered there.")] = "",
    client_secret: Annotated[
        str,
        typer.Option(metavar="TEXT", envvar="DOORWARD_CLIENT_SECRET", help="Its secret; goes into a file of its own."),
    ] = "",
    mail_host: Annotated[str, typer.Option(metavar="HOST", help="Mail server for one-time PINs.")] = "",
    mail_port: Annotated[int | None, typer.Option(metavar="PORT", min=1, max=65535)] = None,
    mail_security: Annotated[
        Literal["none", "starttls", "tls"] | None, typer.Option(help="By default starttls.")
    ] = None,
    mail_sender: Annotated[str, typer.Option(metavar="EMAIL", help="By default login@ and the domain.")] = "",
    mail_username: Annotated[str, typer.Option(metavar="TEXT")] = "",
    mail_password: Annotated[
        str, typer.Option(metavar="TEXT", envvar="DOORWARD_MAIL_PASSWORD", help="Goes into a file of its own.")
    ] = "",
    certificate: Annotated[str, typer.Option(metavar="FILE", help="PEM certificate for https.")] = "",
    key: Annotated[str, typer.Option(metavar="FILE", help="Its private key.")] = "",
) -> None:
    """Write a commented configuration file that works, and say what to do next.

    Asks only for what is missing: where people sign in, one application and where it really is, who may enter, and how
    they prove who they are. Every question is also an option; without a terminal nothing is asked. Never overwrites.
    """
    if path.exists() or path.is_symlink():
        raise ConfigurationError(f"{path} exists already and was left as it is; name another file, or edit it")
    given = Given(
        auth_domain=auth_domain, domain=domain, name=name, origin=origin, allow=allow, oidc_issuer=oidc_issuer,
        client_id=client_id, client_secret=client_secret, mail_host=mail_host, mail_port=mail_port,
        mail_security=mail_security, mail_sender=mail_sender, mail_username=mail_username,
        mail_password=mail_password, certificate=certificate, key=key,
    )  # fmt: skip
    answers, secrets = answers_from(given, path, ask=at_terminal())
    _write_all(path, answers, secrets)
    _next_steps(path, answers)


def at_terminal() -> bool:
    """True when somebody can be asked."""
    return sys.stdin.isatty()


def _write_all(path: Path, answers: Answers, secrets: Secrets) -> None:
    """Every file or none: what does not pass the check is taken away again."""
    written: list[Path] = []
    try:
        for name, secret in secrets.items():
            _write(path.with_name(name), secret + "\n", 0o600)
            written.append(path.with_name(name))
        _write(path, configuration(answers), 0o644)
        written.append(path)
        console = remark()
        for problem in load(path, os.environ).warnings:
            print_problem(problem, console)
    except (OSError, InvalidConfiguration) as error:
        for file in written:
            file.unlink()
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise ConfigurationError(f"{error.filename} cannot be written: {reason}; nothing was changed") from error
        raise


def _write(file: Path, text: str, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _next_steps(path: Path, answers: Answers) -> None:
    option = "" if path == DEFAULT_CONFIG else f" --config {path}"
    scheme, port = ("http", ":8080") if answers.local else ("https", "")
    steps = [f"Wrote {path}.", "", "Next:"]
    if not answers.local:
        names = f"{answers.auth_domain} and {answers.domain.partition('/')[0]}"
        steps.append(f"  • point the DNS names {names} to this machine")
    if answers.oidc is not None:
        callback = f"{scheme}://{answers.auth_domain}{port}/cdn-cgi/access/callback"
        steps.append(f"  • register the redirect address {callback} at {answers.oidc.issuer}")
    if not answers.local and answers.tls is None:
        steps.append("  • put your certificate into listen.tls; until then browsers will warn")
    steps.append(f"  • doorward check{option}")
    steps.append(f"  • doorward serve{option}")
    if "*" not in answers.domain:
        steps.append(f"  • open {scheme}://{answers.domain.partition('/')[0]}{port}/")
    console = result()
    for step in steps:
        console.print(Text(printable(step)))
