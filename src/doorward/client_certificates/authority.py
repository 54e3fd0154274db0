"""Who may vouch for client certificates: authorities, and what holds at each host."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from doorward.client_certificates.certificate import ClientCertificate
from doorward.client_certificates.revocation_list import RevocationList


@dataclass(frozen=True, slots=True)
class ClientAuthority:
    """One of ``mtls_certificates``."""

    name: str
    hostnames: tuple[str, ...]
    """Where its certificates count: lower case, no wildcards."""
    certificates: bytes = field(repr=False)
    """PEM of the root, and perhaps of intermediates."""
    lists: tuple[RevocationList, ...] = ()
    """What it has revoked. None at all: nothing is looked up."""


@dataclass(frozen=True, slots=True)
class HostAuthorities:
    """All that concerns client certificates at one host."""

    host: str
    names: tuple[str, ...]
    """Of the authorities."""
    certificates: bytes = field(repr=False)
    """PEM of all of them."""
    lists: tuple[RevocationList, ...] = ()
    forwarding: bool = False
    """``client_certificate_forwarding``: the origin is shown the certificate."""
    version: str = field(init=False)
    """16 hex characters: what an older connection was checked by. What it showed counts no more when this changed.

    It changes with the authorities' certificates and with which of them have a list. With several lists it changes with
    what is revoked, too: one may name an authority in the middle of a chain, and afterwards only the client's own
    certificate is known. With one list there is none in the middle: every certificate of a chain has to be looked up in
    a list of its issuer, so all of them come from this one. There :meth:`revokes` is enough, and nobody has to
    connect again.
    """

    def __post_init__(self) -> None:
        """Once, and not at each request: lists are long."""
        object.__setattr__(self, "version", _version(self.certificates, self.lists))

    @property
    def revoked(self) -> str:
        """Hex digest over all that is revoked here; empty where nothing is."""
        entries = sorted((one.issuer, number) for one in self.lists for number in one.revoked)
        return hashlib.sha256(repr(entries).encode()).hexdigest() if entries else ""

    @property
    def until(self) -> int | None:
        """Unix seconds from which on one of the lists is too old, and nothing counts; None: never."""
        return min((one.next_update for one in self.lists if one.next_update is not None), default=None)

    def revokes(self, certificate: ClientCertificate) -> bool:
        """True for a client's own certificate that one of the lists names."""
        return any(one.issuer == certificate.issuer and certificate.number in one.revoked for one in self.lists)


@dataclass(frozen=True, slots=True)
class ClientAuthorities:
    """By host. A host that is not in here asks nobody for a certificate, and none counts there."""

    hosts: Mapping[str, HostAuthorities] = field(default_factory=dict)

    @classmethod
    def of(cls, authorities: Iterable[ClientAuthority], forwarding: Iterable[str] = ()) -> ClientAuthorities:
        """``forwarding``: hosts whose origin is shown the certificate."""
        forwarded, by_host = frozenset(forwarding), dict[str, list[ClientAuthority]]()
        for authority in authorities:
            for host in authority.hostnames:
                by_host.setdefault(host, []).append(authority)
        hosts = {host: _together(host, found, host in forwarded) for host, found in sorted(by_host.items())}
        return cls(hosts)

    def at(self, host: str) -> HostAuthorities | None:
        """What holds at ``host``; None: certificates mean nothing there."""
        return self.hosts.get(host)


def _version(certificates: bytes, lists: tuple[RevocationList, ...]) -> str:
    looked_up = sorted((one.issuer, sorted(one.revoked) if len(lists) > 1 else []) for one in lists)
    content = certificates + (repr(looked_up).encode() if lists else b"")
    return hashlib.sha256(content).hexdigest()[:16]


def _together(host: str, authorities: list[ClientAuthority], forwarding: bool) -> HostAuthorities:
    ordered = sorted(authorities, key=lambda authority: authority.name)
    return HostAuthorities(
        host=host,
        names=tuple(authority.name for authority in ordered),
        certificates=b"\n".join(authority.certificates.strip() for authority in ordered) + b"\n",
        lists=tuple(one for authority in ordered for one in authority.lists),
        forwarding=forwarding,
    )


NO_AUTHORITIES: Final = ClientAuthorities()
