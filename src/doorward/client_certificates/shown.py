"""What Envoy says about the certificate of a connection, and whether that certificate counts for a request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from doorward.client_certificates.authority import ClientAuthorities
from doorward.client_certificates.certificate import ClientCertificate, UnreadableCertificateError, read_certificate

LONGEST: Final = 32_768
"""Characters of what Envoy says. A certificate of more is taken for none."""
_SAID: Final = re.compile(r"(?P<version>[0-9a-f]{16}) (?P<pem>-----BEGIN[!-~]+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate whose chain Envoy verified when the connection began."""

    checked_by: str
    """``version`` of the authorities that it was verified against."""
    certificate: ClientCertificate = field(repr=False)


@lru_cache(maxsize=1024)
def read_shown(said: str) -> Shown | None:
    """``<version> <PEM, percent-encoded>``, as ``edge.xds.client_certificates`` has Envoy write it.

    None when it is anything else: then no certificate counts.
    """
    found = _SAID.fullmatch(said) if len(said) <= LONGEST else None
    if found is None:
        return None
    try:
        return Shown(found["version"], read_certificate(unquote_to_bytes(found["pem"])))
    except UnreadableCertificateError:
        return None


def counts(shown: Shown | None, host: str, authorities: ClientAuthorities, now: int) -> ClientCertificate | None:
    """The certificate, if it proves something to ``host`` now.

    Envoy verified it when the connection began, and connections last: so what ends by time, by a revocation list or
    by another choice of authorities ends here, at the next request.
    """
    here = authorities.at(host)
    if shown is None or here is None or shown.checked_by != here.version:
        return None
    certificate, until = shown.certificate, here.until
    if not certificate.not_before <= now <= certificate.not_after or (until is not None and now >= until):
        return None
    return None if here.revokes(certificate) else certificate
