"""Listeners, the public address, mail and files: what the machine must have for the door to stand."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path as FilePath

from doorward.applications import Pattern
from doorward.organization import PublicAddress
from doorward.settings.checks.certificates import check_certificate
from doorward.settings.declared import Declared
from doorward.settings.file.endpoint import is_local
from doorward.settings.file.serving import ListenPart, TlsPart
from doorward.settings.problems import Report
from doorward.settings.readable import readable
from doorward.settings.source import Path

_DEFAULT_PORTS = {"http": 80, "https": 443}


def public_address(declared: Declared) -> PublicAddress:
    """What browsers see: as written, else what is listened on."""
    listen = declared.listen or ListenPart()
    public = declared.public
    scheme = public.scheme if public and public.scheme else ("https" if listen.https else "http")
    listened = listen.https if scheme == "https" else listen.http
    port = public.port if public and public.port else listened or _DEFAULT_PORTS[scheme]
    return PublicAddress(scheme=scheme, port=port)


def check_serving(declared: Declared, folder: FilePath, report: Report) -> None:
    """``folder`` is where relative paths start."""
    if declared.listen is not None:
        _listen(declared.listen, folder, declared, report)
        listened = declared.listen.http is not None or declared.listen.https is not None
        if listened and ("public" not in declared.present or declared.public is not None):
            _plain_http(declared, report)
    _status(declared, report)
    _mail(declared, report)
    _files(declared, folder, report)


def _listen(listen: ListenPart, folder: FilePath, declared: Declared, report: Report) -> None:
    here: Path = ("listen",)
    if listen.http is None and listen.https is None:
        report.error(here, "nothing is listened on", "add 'https: 443' with tls, or 'http: 8080' for local development")
    if listen.http is not None and listen.http == listen.https:
        report.error((*here, "http"), f"port {listen.http} cannot be both http and https", "give each its own port")
    if listen.https is not None and listen.tls is None:
        hint = "add 'tls: {certificate: …, key: …}', or 'tls: local' for development"
        report.error((*here, "https"), "https needs a certificate", hint)
    if listen.tls is not None and listen.https is None:
        report.error((*here, "tls"), "there is a certificate, and nothing listens on https", "add 'https: 443'")
    if listen.http3 and listen.https is None:
        report.error((*here, "http3"), "HTTP/3 needs https", "add 'https: 443', or remove http3")
    if isinstance(listen.tls, TlsPart):
        check_certificate((*here, "tls"), listen.tls, folder, _host_names(declared), report)


def _plain_http(declared: Declared, report: Report) -> None:
    """Without https a cookie is anybody's who listens on the way, so it takes an explicit word to do that."""
    if public_address(declared).scheme != "http" or (declared.public is not None and declared.public.scheme == "http"):
        return
    foreign = sorted({host for _, host in _host_places(declared) if not is_local(host)})
    if not foreign:
        return
    place = next(path for path, host in _host_places(declared) if host == foreign[0])
    more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
    message = f"{foreign[0]!r}{more} would be served over plain http, where anyone on the way can read and copy logins"
    hint = (
        "add 'https:' and 'tls:' to listen; behind a balancer that speaks https write 'public: {scheme: https}'; "
        "names under .localhost need no https; 'public: {scheme: http}' accepts the risk"
    )
    report.error(place, message, hint)


def _host_places(declared: Declared) -> list[tuple[Path, str]]:
    organization = declared.organization
    places: list[tuple[Path, str]] = (
        [(("organization", "auth_domain"), organization.auth_domain)] if organization else []
    )
    for application in declared.applications:
        for place, text in application.value.places():
            try:
                places.append(((*application.path, *place), Pattern.parse(text).host))
            except ValueError:
                continue  # reported where hosts are checked
    return places


def _host_names(declared: Declared) -> list[str]:
    return list(dict.fromkeys(host for _, host in _host_places(declared)))


def _status(declared: Declared, report: Report) -> None:
    if declared.status is None:
        return
    if not ip_address(declared.status.address).is_loopback:
        message = "metrics and readiness are for this machine only"
        report.error(("status", "address"), message, "write 127.0.0.1 or ::1, or remove it")
    listen = declared.listen
    if listen is not None and declared.status.port in (listen.http, listen.https):
        report.error(("status", "port"), f"port {declared.status.port} is in listen already", "choose another port")


def _mail(declared: Declared, report: Report) -> None:
    mail = declared.mail
    if mail is None:
        return
    if bool(mail.username) != (mail.password is not None):
        there, missing = ("username", "password") if mail.username else ("password", "username")
        hint = f"add '{missing}: …', or remove {there}"
        report.error(("mail", there), f"{there!r} is set and {missing!r} is not", hint)
    if mail.username and mail.security == "none" and not is_local(mail.host):
        hint = "write 'security: starttls' or 'security: tls'"
        report.error(("mail", "security"), "the password would cross the network in clear", hint)


def _files(declared: Declared, folder: FilePath, report: Report) -> None:
    if declared.geoip is not None:
        readable(("geoip",), folder / declared.geoip, "the GeoIP database", report)
    for entry in declared.ingress:
        if pool := entry.value.originRequest.caPool:
            readable((*entry.path, "originRequest", "caPool"), folder / pool, "the certificate bundle", report)
