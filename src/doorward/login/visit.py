"""One request as the login endpoints see it: read once, at the boundary, and not changed after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from starlette.requests import ClientDisconnect, Request

from doorward.access.address import client_address
from doorward.access.record import reference_of
from doorward.access.snapshot import Snapshot
from doorward.client_certificates import CertificateFacts
from doorward.identity import Identity
from doorward.login.address import CLIENT_ADDRESS, Asked
from doorward.login.arrival import Arrival
from doorward.login.parameters import LONGEST_ANSWER, LONGEST_FORM, ParameterError, Parameters, read_parameters
from doorward.organization import Organization
from doorward.policy.model import Evidence
from doorward.services import Services
from doorward.sessions import parse_cookies
from doorward.signin import Destination

_CALLBACK: Final = "/cdn-cgi/access/callback"
_FORM: Final = "application/x-www-form-urlencoded"
_ESCAPES: Final = 0.1
"""The part of a large form that may be percent signs: each takes time, and base64 has one in twenty bytes at most."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything here came from the client except ``ip``, ``country``, ``id``, ``now`` and ``snapshot``."""

    id: str
    """The request id, as in the log and at origins."""
    asked: Asked
    method: str
    path: str
    query: Parameters = field(repr=False)
    form: Parameters = field(repr=False)
    """Empty unless a form was posted."""
    cookies: tuple[tuple[str, str], ...] = field(repr=False)
    """Every cookie in order, duplicates kept; none when the header was ambiguous."""
    fetch_metadata: bool
    """A ``Sec-Fetch-*`` header came along: this is a browser."""
    fetch_site: str
    """The ``Sec-Fetch-Site`` header: ``same-origin``, ``cross-site``, ...; empty when there was none."""
    origin: str
    """The Origin header; empty when there was none."""
    user_agent: str
    ip: IPv4Address | IPv6Address | None
    country: str | None
    now: int
    """Unix seconds."""
    snapshot: Snapshot = field(repr=False)
    certificate: CertificateFacts | None = None
    """The client certificate that counted at the application's host, as the door said when it sent the visitor here."""

    @property
    def reference(self) -> str:
        """What a page shows and an operator looks up."""
        return reference_of(self.id)

    @property
    def organization(self) -> Organization:
        return self.snapshot.organization

    @property
    def head(self) -> bool:
        return self.method == "HEAD"

    def evidence(self, identity: Identity | None = None) -> Evidence:
        """What policies are evaluated on."""
        return Evidence(identity=identity, ip=self.ip, country=self.country, client_certificate=self.certificate)

    def to(self, destination: Destination | None) -> Visit:
        """The same visit, on its way there: with the client certificate that counted there."""
        return replace(self, certificate=destination.certificate if destination is not None else None)

    def own_form(self) -> bool:
        """Whether a posted form stood on one of our own pages, as far as browsers say; scripts say nothing and may."""
        if self.fetch_site:
            return self.fetch_site == "same-origin"
        return self.origin in {"", self.organization.issuer}


async def read_visit(request: Request, arrival: Arrival, services: Services, *, form: bool = True) -> Visit:
    """Gather a request. ``form``: read a posted one; otherwise the body is left where it is.

    Raises:
        ParameterError: its query or form has no single meaning, or the form is too large or of another kind.
    """
    cookies, malformed = parse_cookies(request.headers.getlist("cookie"))
    address = client_address(request.headers.get(CLIENT_ADDRESS, ""))
    return Visit(
        id=arrival.request_id,
        asked=arrival.asked,
        method=request.method,
        path=request.scope["path"],
        query=read_parameters(request.scope["query_string"].decode("latin-1")),
        form=await _form(request) if form else Parameters({}),
        cookies=() if malformed else tuple(cookies),
        fetch_metadata=any(name.startswith("sec-fetch-") for name in request.headers),
        fetch_site=request.headers.get("sec-fetch-site", ""),
        origin=request.headers.get("origin", ""),
        user_agent=request.headers.get("user-agent", ""),
        ip=address,
        country=services.country(address),
        now=services.now(),
        snapshot=arrival.snapshot,
    )


async def _form(request: Request) -> Parameters:
    if request.method != "POST":
        return Parameters({})
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {_FORM, ""}:
        raise ParameterError("The form was sent in a way that is not understood here.")
    limit = LONGEST_ANSWER if request.scope["path"] == _CALLBACK else LONGEST_FORM
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise ParameterError("The form is too large.")
        if len(body) > LONGEST_FORM and body.count(b"%") > len(body) * _ESCAPES:
            raise ParameterError("The form is too large for how it is written.")
        return read_parameters(body.decode("ascii"))
    except (UnicodeDecodeError, ClientDisconnect) as error:
        raise ParameterError("The form did not arrive whole.") from error
