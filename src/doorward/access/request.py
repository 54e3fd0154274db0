"""A request as the decision sees it: parsed once at the boundary, from Envoy or from a forward-auth caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from doorward.client_certificates import Shown


@dataclass(frozen=True, slots=True)
class Request:
    """What the edge says about one request. Everything here came from the client except ``ip``, ``country``, ``id``
    and ``certificate``.
    """

    id: str
    """The request id; also in logs, at the origin, and the base of a denial's reference."""
    method: str
    host: str
    """Lower case, no port, no trailing dot."""
    path: str
    """Canonical, as the origin will get it, without query."""
    query: str
    """Without the question mark; may be empty."""
    ip: IPv4Address | IPv6Address | None
    country: str | None = None
    cookies: tuple[tuple[str, str], ...] = ()
    """Every cookie in order, duplicates kept."""
    access_token: str = field(default="", repr=False)
    """``cf-access-token`` header as sent."""
    assertion: str = field(default="", repr=False)
    """``cf-access-jwt-assertion`` header as sent by the client: a credential, never proof."""
    client_id: str | None = None
    """``cf-access-client-id`` as sent; None: not sent. Values of one sent twice are joined by commas."""
    client_secret: str | None = field(default=None, repr=False)
    """``cf-access-client-secret``, likewise."""
    service_header: str = field(default="", repr=False)
    """The header that the application names for both at once, when it holds something like JSON; else empty."""
    certificate: Shown | None = field(default=None, repr=False)
    """The client certificate of the connection, where Envoy verified one for this host; whether it still counts,
    ``client_certificates.counts`` says."""
    requested_with: str = ""
    """``x-requested-with``."""
    accept: str = ""
    origin: str = ""
    preflight_method: str = ""
    """``access-control-request-method``; non-empty on a real CORS preflight."""
    preflight_headers: str = ""
    user_agent: str = ""
    fetch_metadata: bool = False
    """Some ``sec-fetch-*`` header was sent: every browser does so on https, programs do not."""
    fetch_dest: str = ""
    """``sec-fetch-dest``."""
    referer: str = field(default="", repr=False)
    has_body: bool = False
    """A body comes along; a CORS preflight never has one."""
    content_type: str = ""
    fetch_site: str = ""
    """``sec-fetch-site``."""
    fetch_mode: str = ""
    """``sec-fetch-mode``."""
    malformed_cookies: bool = False
    """The Cookie header had nameless, quoted-legacy or otherwise ambiguous parts; credentials in it do not count."""

    def cookie_values(self, name: str) -> tuple[str, ...]:
        """Every value of the cookie with exactly this name."""
        return tuple(value for key, value in self.cookies if key == name)

    @property
    def by_script(self) -> bool:
        """A page's script asks and reads the answer itself: by an XHR that says so, or by ``fetch`` in a browser.

        Browsers let a script follow no redirect to the login, which is of another origin, nor see where it leads. They
        do follow one for what a script asks without reading it (``no-cors``), and for everything a page embeds.
        """
        fetched = self.fetch_dest == "empty" and self.fetch_mode in {"cors", "same-origin"}
        return fetched or self.requested_with.lower() == "xmlhttprequest"

    @property
    def preflight(self) -> bool:
        """A real CORS preflight (Fetch standard, "CORS-preflight fetch"); other OPTIONS requests are ordinary ones."""
        return self.method == "OPTIONS" and bool(self.origin and self.preflight_method) and not self.has_body
