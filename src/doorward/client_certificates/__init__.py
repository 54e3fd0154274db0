"""Client certificates (access.md 3.5): who vouches for them at which host, and whether one that was shown still counts."""

from doorward.client_certificates.authority import (
    NO_AUTHORITIES,
    ClientAuthorities,
    ClientAuthority,
    HostAuthorities,
)
from doorward.client_certificates.certificate import (
    CertificateFacts,
    ClientCertificate,
    UnreadableCertificateError,
    read_certificate,
)
from doorward.client_certificates.revocation_list import RevocationList, UnreadableListError, read_lists
from doorward.client_certificates.shown import Shown, counts, read_shown

__all__ = [
    "NO_AUTHORITIES",
    "CertificateFacts",
    "ClientAuthorities",
    "ClientAuthority",
    "ClientCertificate",
    "HostAuthorities",
    "RevocationList",
    "Shown",
    "UnreadableCertificateError",
    "UnreadableListError",
    "counts",
    "read_certificate",
    "read_lists",
    "read_shown",
]
