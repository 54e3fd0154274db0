"""The settings as the rest of the program sees them: frozen, complete, and with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from doorward.custom_pages import CustomPage
from doorward.organization import PublicAddress
from doorward.settings.file.client_certificates import MtlsCertificatePart, MtlsSettingPart
from doorward.settings.file.ingress import IngressPart
from doorward.settings.file.objects import ApplicationPart, GroupPart, ListPart, OrganizationPart, PolicyPart
from doorward.settings.file.providers import AnyProviderPart
from doorward.settings.file.report_sources import ReportSourcePart
from doorward.settings.file.service_tokens import ServiceTokenPart
from doorward.settings.problems import Problem


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files, absolute. Read again by whoever serves them when they change."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class LocalTls:
    """``tls: local``: a local certificate authority for development makes the certificate."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where Envoy listens. At least one of ``http`` and ``https`` is a port; ``https`` comes with ``tls``."""

    address: str
    http: int | None
    https: int | None
    workers: int | None
    """Envoy worker threads; None: as many as cores."""
    tls: TlsFiles | LocalTls | None
    http3: bool


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """The header that is believed about the client's address; None: only the connection itself is."""

    header: str | None = None
    """Lower case."""
    trusted_hops: int = 0
    """Proxies in front that each append to the header."""


@dataclass(frozen=True, slots=True)
class StatusListen:
    """The loopback listener of ``/livez``, ``/readyz`` and ``/metrics``."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Mail:
    """The SMTP server."""

    host: str
    port: int
    username: str
    password: SecretStr | None
    security: Literal["none", "starttls", "tls"]
    sender: str


@dataclass(frozen=True, slots=True)
class Log:
    format: Literal["json", "text"]
    level: Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Settings:
    """A valid configuration file. Declared objects still refer to each other by name; ``resolve`` gives them ids."""

    path: Path
    """The file, absolute."""
    state_dir: Path
    """Folder of everything that is kept outside the database: the secret key, the local certificate authority."""
    store_url: str
    """``sqlite:////absolute/path``: SQLAlchemy's form, the path always absolute."""
    secret_key_file: Path
    listen: Listen
    public: PublicAddress
    client_address: ClientAddress
    status: StatusListen
    geoip: Path | None
    """MMDB file with countries."""
    mail: Mail | None
    log: Log
    organization: OrganizationPart
    identity_providers: tuple[AnyProviderPart, ...]
    service_tokens: tuple[ServiceTokenPart, ...]
    groups: tuple[GroupPart, ...]
    lists: tuple[ListPart, ...]
    policies: tuple[PolicyPart, ...]
    """Reusable policies, which applications name."""
    applications: tuple[ApplicationPart, ...]
    ingress: tuple[IngressPart, ...]
    """Without the catch-all."""
    report_sources: tuple[ReportSourcePart, ...] = ()
    mtls_certificates: tuple[MtlsCertificatePart, ...] = ()
    mtls_settings: tuple[MtlsSettingPart, ...] = ()
    custom_pages: Mapping[str, CustomPage] = field(default_factory=dict)
    """By name and by id; read when the file was."""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    """What is allowed and most likely not meant."""
