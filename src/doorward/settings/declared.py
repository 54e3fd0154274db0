"""Everything the file declares, part by part. A part that is wrong is left out, so that the others are still checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import Field

from doorward.settings.file.base import Line
from doorward.settings.file.client_certificates import MtlsCertificatePart, MtlsSettingPart
from doorward.settings.file.custom_pages import CustomPagePart
from doorward.settings.file.ingress import IngressPart
from doorward.settings.file.objects import ApplicationPart, GroupPart, ListPart, OrganizationPart, PolicyPart
from doorward.settings.file.providers import AnyProviderPart, ProviderPart
from doorward.settings.file.report_sources import ReportSourcePart
from doorward.settings.file.service_tokens import ServiceTokenPart
from doorward.settings.file.serving import ClientAddressPart, ListenPart, LogPart, MailPart, PublicPart, StatusPart
from doorward.settings.problems import Report
from doorward.settings.references import Written
from doorward.settings.source import Path
from doorward.settings.validation import Kind, rest_of, unknown_field, validate

T = TypeVar("T")
PathText = Annotated[Line, Field(min_length=1)]

SECTIONS: Final[Mapping[str, Kind[Any]]] = {
    "organization": Kind.of(OrganizationPart),
    "listen": Kind.of(ListenPart),
    "public": Kind.of(PublicPart),
    "client_address": Kind.of(ClientAddressPart),
    "status": Kind.of(StatusPart),
    "store": Kind.of(PathText),
    "state_dir": Kind.of(PathText),
    "secret_key_file": Kind.of(PathText),
    "geoip": Kind.of(PathText),
    "mail": Kind.of(MailPart),
    "log": Kind.of(LogPart),
}
LISTS: Final[Mapping[str, Kind[Any]]] = {
    "ingress": Kind.of(IngressPart),
    "service_tokens": Kind.of(ServiceTokenPart),
    "mtls_certificates": Kind.of(MtlsCertificatePart),
    "mtls_settings": Kind.of(MtlsSettingPart),
    "report_sources": Kind.of(ReportSourcePart),
    "custom_pages": Kind.of(CustomPagePart),
    "identity_providers": Kind.of(ProviderPart),
    "lists": Kind.of(ListPart),
    "groups": Kind.of(GroupPart),
    "policies": Kind.of(PolicyPart),
    "applications": Kind.of(ApplicationPart),
}
UNSUPPORTED: Final = {
    "originRequest": "write it in each entry of ingress",
    "warp-routing": "the door needs no tunnel; remove it",
    "tunnel": "the door needs no tunnel; remove it",
    "credentials-file": "the door needs no tunnel; remove it",
}
_DIVISIBLE: Final = frozenset({"applications", "groups", "mtls_certificates", "policies"})
"""Sections whose entries make sense without some of their fields."""
REQUIRED: Final = {
    "organization": "add 'organization:' with name and auth_domain",
    "listen": "add 'listen:' with https and tls, or http for local development",
}


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A part with its place in the file."""

    path: Path
    value: T
    whole: bool = True
    """False: some fields could not be read and are left out; the file is refused anyway."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The valid parts, and for references the names of all."""

    organization: OrganizationPart | None
    listen: ListenPart | None
    public: PublicPart | None
    client_address: ClientAddressPart | None
    status: StatusPart | None
    store: str | None
    state_dir: str | None
    secret_key_file: str | None
    geoip: str | None
    mail: MailPart | None
    log: LogPart | None
    ingress: tuple[Placed[IngressPart], ...]
    service_tokens: tuple[Placed[ServiceTokenPart], ...]
    mtls_certificates: tuple[Placed[MtlsCertificatePart], ...]
    mtls_settings: tuple[Placed[MtlsSettingPart], ...]
    report_sources: tuple[Placed[ReportSourcePart], ...]
    custom_pages: tuple[Placed[CustomPagePart], ...]
    identity_providers: tuple[Placed[AnyProviderPart], ...]
    lists: tuple[Placed[ListPart], ...]
    groups: tuple[Placed[GroupPart], ...]
    policies: tuple[Placed[PolicyPart], ...]
    applications: tuple[Placed[ApplicationPart], ...]
    loose: tuple[Placed[PolicyPart | str], ...]
    """The readable policies of applications that have unreadable ones too, as written in ``policies``."""
    references: Mapping[str, frozenset[str]]
    """Section to the names and ids that other parts may use for its members, those of broken members included.
    Without the sections that cannot be read at all."""
    counts: Mapping[str, int]
    """Section to the number of its entries in the file."""
    present: frozenset[str]
    """The keys that the file has and that are not empty."""

    def complete(self, section: str) -> bool:
        """True when nothing in the section was left out for being wrong."""
        parts = getattr(self, section)
        return len(parts) == self.counts[section] and all(placed.whole for placed in parts)


def declare(data: Any, written: Written, report: Report) -> Declared:
    """Validate each part on its own and report what is wrong with it."""
    if not isinstance(data, dict):
        hint = "begin with 'organization:'; 'doorward init' writes a file to start from"
        report.error((), "the file is empty" if data is None else "the file is not a mapping of fields", hint)
        data = {}
    else:
        _top(data, report)
    parts: dict[str, Any] = {
        **{name: _section(name, kind, data.get(name), written, report) for name, kind in SECTIONS.items()},
        **{name: _list(name, kind, data.get(name), written, report) for name, kind in LISTS.items()},
    }
    references = {name: _references(data.get(name)) for name in LISTS if (name,) not in report.broken}
    counts = {name: len(data[name]) if isinstance(data.get(name), list) else 0 for name in LISTS}
    present = frozenset(name for name, value in data.items() if value is not None)
    return Declared(**parts, loose=_loose(data, report), references=references, counts=counts, present=present)


def _top(data: dict[str, Any], report: Report) -> None:
    known = [*SECTIONS, *LISTS]
    for name in data:
        if name not in known:
            report.error((name,), *unknown_field(name, known, UNSUPPORTED))
    for name, hint in REQUIRED.items():
        if data.get(name) is None:
            report.error((name,), f"{name!r} is missing", hint)


def _section(name: str, kind: Kind[Any], value: Any, written: Written, report: Report) -> Any:
    if value is None:
        return None
    part = validate(kind, value, (name,), written, report)
    return rest_of(kind, value, (name,), report) if part is None and name == "organization" else part


def _list(name: str, kind: Kind[Any], value: Any, written: Written, report: Report) -> tuple[Placed[Any], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        report.error((name,), f"{name!r} needs a list", f"begin each of its entries with '- ' under '{name}:'")
        report.broken.add((name,))
        return ()
    placed = (_entry(kind, item, (name, index), written, report) for index, item in enumerate(value))
    return tuple(part for part in placed if part is not None)


def _entry(kind: Kind[Any], value: Any, path: Path, written: Written, report: Report) -> Placed[Any] | None:
    if (part := validate(kind, value, path, written, report)) is not None:
        return Placed(path, part)
    rest = rest_of(kind, value, path, report) if path[0] in _DIVISIBLE else None
    return None if rest is None else Placed(path, rest, whole=False)


def _loose(data: dict[str, Any], report: Report) -> tuple[Placed[PolicyPart | str], ...]:
    found: list[Placed[PolicyPart | str]] = []
    for index in range(len(data["applications"]) if isinstance(data.get("applications"), list) else 0):
        path: Path = ("applications", index, "policies")
        if path not in report.broken or not isinstance(policies := data["applications"][index]["policies"], list):
            continue
        for place, policy in enumerate(policies):
            if (*path, place) not in report.broken:
                part = policy if isinstance(policy, str) else LISTS["policies"].adapter.validate_python(policy)
                found.append(Placed((*path, place), part))
    return tuple(found)


def _references(value: Any) -> frozenset[str]:
    items = [item for item in value or () if isinstance(item, dict)]
    return frozenset(item[key].strip() for item in items for key in ("name", "id") if isinstance(item.get(key), str))
