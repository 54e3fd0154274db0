"""The authorities for client certificates: read from their files, and followed when these change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from doorward.client_certificates import ClientAuthorities, ClientAuthority
from doorward.settings import Settings
from doorward.settings.client_authorities import Contents, authority, read_files
from doorward.settings.file.client_certificates import MtlsCertificatePart

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was last seen in an authority's files, and what was last found good in them."""

    contents: Contents
    good: ClientAuthority | None


class AuthorityFiles:
    """Remembers what the files held. A file that becomes unusable leaves what it held before in force."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def read(self, settings: Settings, now: int) -> ClientAuthorities:
        """What the files say now. ``now`` (Unix seconds) is only for what is told of lists that are too old."""
        found = {part.name: self._one(part, settings) for part in settings.mtls_certificates}
        self._known = found
        authorities = ClientAuthorities.of(
            self._in_force(settings),
            (setting.hostname for setting in settings.mtls_settings if setting.client_certificate_forwarding),
        )
        for host in authorities.hosts.values():
            if host.until is not None and now >= host.until:
                log.error("revocation_list_too_old", host=host.host, consequence="no client certificate counts there")
        return authorities

    def changed(self, settings: Settings) -> bool:
        """True when a file holds something else than :meth:`read` saw."""
        return any(
            part.name not in self._known
            or read_files(part, settings.path.parent).contents != self._known[part.name].contents
            for part in settings.mtls_certificates
        )

    def _one(self, part: MtlsCertificatePart, settings: Settings) -> _Known:
        before = self._known.get(part.name)
        read = read_files(part, settings.path.parent)
        if before is not None and before.contents == read.contents and not read.faults:
            return before
        good, faults = authority(part, read)
        for fault in faults:
            log.error("client_authority_unusable", authority=part.name, file=fault.place, reason=fault.message)
        kept = before.good if before is not None else None
        return _Known(read.contents, good if good is not None else kept)

    def _in_force(self, settings: Settings) -> Iterator[ClientAuthority]:
        for part in settings.mtls_certificates:
            good = self._known[part.name].good
            if good is not None:
                yield ClientAuthority(part.name, part.associated_hostnames, good.certificates, good.lists)
