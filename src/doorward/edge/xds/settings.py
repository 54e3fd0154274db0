"""What the operator decides about the edge, apart from the snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field

from doorward.organization import PublicAddress


@dataclass(frozen=True, slots=True)
class TlsPair:
    """A certificate chain and its private key, PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """Frozen input of the builders. Sockets are absolute paths of unix sockets."""

    public: PublicAddress
    check_socket: str
    """Where the control plane answers ext_authz."""
    web_socket: str
    """Where the control plane answers ``/cdn-cgi/access``."""
    leash_socket: str
    """Where the control plane holds open streams."""
    address: str = "127.0.0.1"
    http: int | None = None
    """Port of the plain listener: redirects only when ``https`` is set as well."""
    https: int | None = None
    tls: TlsPair | None = None
    """Needed with ``https``."""
    http3: bool = False
    """Offer HTTP/3 beside ``https``."""
    client_address_header: str | None = None
    """A header that a balancer in front writes the visitor's address to; requests without it are refused."""
    trusted_hops: int = 0
    """How many balancers in front append to ``x-forwarded-for``; 0 trusts nobody."""
    trust: str = "/etc/ssl/certs/ca-certificates.crt"
    """PEM file of the authorities that https origins are checked against unless they name their own."""

    def __post_init__(self) -> None:
        if self.http is None and self.https is None:
            raise ValueError("neither http nor https has a port; give at least one")
        if self.https is not None and self.tls is None:
            raise ValueError("https needs a certificate and a key")
        if self.client_address_header and self.trusted_hops:
            raise ValueError("client_address: choose either a header or trusted_hops, not both")
