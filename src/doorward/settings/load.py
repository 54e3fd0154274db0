"""The file and the environment in, :class:`Settings` out, or every mistake at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from doorward.settings.checks.applications import check_applications
from doorward.settings.checks.approvals import check_approvals
from doorward.settings.checks.client_certificates import check_client_certificates
from doorward.settings.checks.elsewhere import check_elsewhere
from doorward.settings.checks.hosts import check_hosts
from doorward.settings.checks.login import check_providers, check_sign_in
from doorward.settings.checks.names import check_group_cycles, check_names, check_references
from doorward.settings.checks.rules import check_rules
from doorward.settings.checks.second_factors import check_second_factors
from doorward.settings.checks.serving import check_serving, public_address
from doorward.settings.custom_pages import read_custom_pages
from doorward.settings.declared import Declared, declare
from doorward.settings.file.serving import LogPart, MailPart, StatusPart, TlsPart
from doorward.settings.places import Places, places
from doorward.settings.problems import InvalidConfiguration, Report
from doorward.settings.references import Expansion
from doorward.settings.source import Source, Unreadable, parse, read
from doorward.settings.values import ClientAddress, Listen, LocalTls, Log, Mail, Settings, StatusListen, TlsFiles

WORKERS: Final = "DOORWARD_WORKERS"
"""Environment variable that goes before ``listen.workers``; ``serve --workers`` sets it for both children."""
_MAIL_PORTS: Final = {"none": 25, "starttls": 587, "tls": 465}


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the configuration file. Reads other files only where it names them.

    Raises:
        InvalidConfiguration: with all problems, each with file, line, path of the field, what is wrong and what would
            be right.
    """
    return load_with_source(path, environ)[0]


def load_with_source(path: Path, environ: Mapping[str, str]) -> tuple[Settings, Source]:
    """The same, with the place of every field, for whoever has more to say about the file."""
    path = Path(path).absolute()
    with _uncollected():
        source = _source(path)
        return _settings(source, environ), source


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which walks the growing tree again and again: half the time of a large file."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _source(path: Path) -> Source:
    source = Source(path)
    try:
        text = read(path)
        source.lines = tuple(text.splitlines())
        return parse(path, text)
    except Unreadable as error:
        source.positions[()] = error.position
        report = Report(source)
        report.error((), error.message, error.hint)
        raise InvalidConfiguration(path, report.in_order()) from error


def _settings(source: Source, environ: Mapping[str, str]) -> Settings:
    report, folder = Report(source), source.file.parent
    for fault_path, position, message, hint in source.faults:
        report.error_at(position, fault_path, message, hint)
    expansion = Expansion(report, environ, folder)
    declared = declare(expansion.value(source.data), expansion.written, report)
    found = places(declared, folder, report)
    for check in (check_names, check_references, check_group_cycles, check_rules, check_elsewhere):
        check(declared, report)
    for check in (check_providers, check_sign_in, check_applications, check_hosts):
        check(declared, report)
    check_approvals(declared, report)
    check_second_factors(declared, report)
    check_client_certificates(declared, folder, report)
    check_serving(declared, folder, report)
    pages = read_custom_pages(declared, folder, report)
    workers = _workers(environ, declared, report)
    if report.failed:
        raise InvalidConfiguration(source.file, report.in_order())
    return replace(_complete(source.file, declared, found, workers, report), custom_pages=pages)


def _complete(file: Path, declared: Declared, found: Places, workers: int | None, report: Report) -> Settings:
    assert declared.organization is not None  # noqa: S101 - its absence is an error and was reported
    assert declared.listen is not None  # noqa: S101 - likewise
    header = declared.client_address
    status = declared.status or StatusPart()
    log = declared.log or LogPart()
    return Settings(
        path=file,
        state_dir=found.state_dir,
        store_url=found.store_url,
        secret_key_file=found.secret_key_file,
        listen=_listen(declared, file.parent, workers),
        public=public_address(declared),
        client_address=ClientAddress(header.header, header.trusted_hops) if header else ClientAddress(),
        status=StatusListen(status.address, status.port),
        geoip=file.parent / declared.geoip if declared.geoip else None,
        mail=_mail(declared.mail),
        log=Log(log.format, log.level),
        organization=declared.organization,
        identity_providers=tuple(placed.value for placed in declared.identity_providers),
        service_tokens=tuple(placed.value for placed in declared.service_tokens),
        report_sources=tuple(placed.value for placed in declared.report_sources),
        mtls_certificates=tuple(placed.value for placed in declared.mtls_certificates),
        mtls_settings=tuple(placed.value for placed in declared.mtls_settings),
        groups=tuple(placed.value for placed in declared.groups),
        lists=tuple(placed.value for placed in declared.lists),
        policies=tuple(placed.value for placed in declared.policies),
        applications=tuple(placed.value for placed in declared.applications),
        ingress=tuple(placed.value for placed in declared.ingress if not placed.value.catch_all),
        warnings=report.in_order(),
    )


def _listen(declared: Declared, folder: Path, workers: int | None) -> Listen:
    assert declared.listen is not None  # noqa: S101 - see above
    part = declared.listen
    tls: TlsFiles | LocalTls | None = None
    if isinstance(part.tls, TlsPart):
        tls = TlsFiles(folder / part.tls.certificate, folder / part.tls.key)
    elif part.tls == "local":
        tls = LocalTls()
    return Listen(part.address, part.http, part.https, workers, tls, part.http3)


def _workers(environ: Mapping[str, str], declared: Declared, report: Report) -> int | None:
    if not (text := environ.get(WORKERS, "")):
        return declared.listen.workers if declared.listen else None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= 1024:
        hint = "write a number from 1 to 1024, or unset it"
        report.error(("listen", "workers"), f"the environment variable {WORKERS} is not a number of threads", hint)
        return None
    return int(text[:5])


def _mail(part: MailPart | None) -> Mail | None:
    if part is None:
        return None
    port = part.port or _MAIL_PORTS[part.security]
    return Mail(part.host, port, part.username, part.password, part.security, part.sender)
