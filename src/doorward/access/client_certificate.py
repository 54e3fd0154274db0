"""Who a program is that enters without a user: by its service token, or by its client certificate (access.md 2.3, 3.5)."""

from __future__ import annotations

from doorward.access.request import Request
from doorward.access.service_auth import ServiceCredential
from doorward.access.snapshot import Snapshot
from doorward.client_certificates import ClientCertificate, counts
from doorward.service_tokens import CLIENT_ID


def certificate_of(request: Request, snapshot: Snapshot, now: int) -> ClientCertificate | None:
    """The client certificate that counts for this request, if any."""
    return counts(request.certificate, request.host, snapshot.client_authorities, now)


def common_name(service: ServiceCredential, certificate: ClientCertificate | None) -> str:
    """The ``common_name`` of its app token: the client id of the proven service token, else the certificate's own.

    A certificate that calls itself like a service token is not named: to origins it would be that token.
    """
    if service.proven is not None or certificate is None:
        return service.client_id
    return "" if CLIENT_ID.fullmatch(certificate.common_name) else certificate.common_name


def good_until(service: ServiceCredential, certificate: ClientCertificate | None) -> int | None:
    """Unix seconds from which on what it showed is no longer good; None: that has no end."""
    ends = (
        service.proven.until if service.proven is not None else None,
        certificate.not_after + 1 if certificate is not None else None,
    )
    return min((end for end in ends if end is not None), default=None)
