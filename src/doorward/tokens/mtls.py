"""``mtls_auth``: what a login redirect says of the client certificate at the application's host (access.md 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorward.client_certificates import CertificateFacts

LONGEST: Final = 256
"""Characters of each member: the whole travels in an address."""
_COUNTED: Final = "SUCCESS"


def write_mtls(certificate: CertificateFacts | None) -> dict[str, Any]:
    """All members, as observed; empty ones where no certificate counted."""
    if certificate is None:
        return {
            "cert_issuer_dn": "", "cert_serial": "", "cert_issuer_ski": "", "cert_presented": False, "common_name": "",
            "auth_status": "NONE",
        }  # fmt: skip
    return {
        "cert_issuer_dn": certificate.issuer[:LONGEST],
        "cert_serial": certificate.serial[:LONGEST],
        "cert_issuer_ski": certificate.issuer_key_id[:LONGEST],
        "cert_presented": True,
        "common_name": certificate.common_name,
        "auth_status": _COUNTED,
    }


def read_mtls(payload: Mapping[str, Any]) -> CertificateFacts | None:
    """The certificate that counted. Raises ``ValueError`` when it is not as :func:`write_mtls` writes it."""
    members = payload.get("mtls_auth", write_mtls(None))
    if not isinstance(members, dict):
        raise ValueError("mtls_auth is not an object")  # noqa: TRY004 - whoever reads tokens expects ValueError only
    if members.get("auth_status") != _COUNTED:
        return None
    found = [members.get(name) for name in ("common_name", "cert_serial", "cert_issuer_dn", "cert_issuer_ski")]
    texts = [value for value in found if isinstance(value, str) and len(value) <= LONGEST and value.isprintable()]
    if len(texts) != len(found) or members.get("cert_presented") is not True:
        raise ValueError("mtls_auth does not say which certificate")
    return CertificateFacts(*texts)
