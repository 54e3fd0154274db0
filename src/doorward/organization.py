"""The organization (access.md 7.8), its public address, its identity providers and its origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from doorward.durations import Duration

_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LoginDesign(_Model):
    """``login_design``: how the pages of the team domain look."""

    background_color: str = ""
    text_color: str = ""
    header_text: str = ""
    footer_text: str = ""
    logo_path: str = ""


class PublicAddress(_Model):
    """Scheme and port that browsers see; independent of what is listened on (a balancer may stand in front)."""

    scheme: Literal["http", "https"]
    port: Annotated[int, Field(ge=1, le=65535)]

    def origin(self, host: str) -> str:
        """``https://host`` or ``http://host:8080``: the port appears only when it is not the scheme's default."""
        return f"{self.scheme}://{self.authority(host)}"

    def authority(self, host: str) -> str:
        """``host`` or ``host:8080``, as in a Host header."""
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Organization(_Model):
    """The account's settings."""

    id: str
    """32 hex characters: ``account_id`` in tokens and identities."""
    name: str
    auth_domain: str
    """Host name of the team domain, lower case, without scheme and port."""
    session_duration: Duration
    """Life of the org (global) session; default 24 h."""
    auto_redirect_to_identity: bool = False
    deny_unmatched_requests: bool = True
    """Unlike the hosted service the default is true: a hostname without an application is closed."""
    strict_service_token_auth: bool = True
    """A request with service token headers is judged by those alone (access.md 3.4). Forced on for organizations that
    the hosted service made since October 2026; false is the classic way."""
    login_design: LoginDesign = LoginDesign()
    public: PublicAddress

    @property
    def issuer(self) -> str:
        """``iss`` of every token: the team domain's origin, no trailing slash (access.md 2.2)."""
        return self.public.origin(self.auth_domain)


class IdentityProvider(_Model):
    """An identity provider object (access.md 6.1). ``config`` was validated for its type by ``providers``."""

    id: str
    name: str
    type: Literal["oidc", "onetimepin"]
    config: Mapping[str, Any] = Field(default_factory=dict, repr=False)


class OriginRequest(_Model):
    """Per-origin settings, in cloudflared's spelling."""

    http2Origin: bool = False  # noqa: N815  (cloudflared's spelling)
    noTLSVerify: bool = False  # noqa: N815  (cloudflared's spelling)
    originServerName: str = ""  # noqa: N815  (cloudflared's spelling)
    caPool: str = ""  # noqa: N815  (cloudflared's spelling)
    httpHostHeader: str = ""  # noqa: N815  (cloudflared's spelling)
    connectTimeout: Duration | None = None  # noqa: N815  (cloudflared's spelling)


class Ingress(_Model):
    """hostname → origin, the shape cloudflared users know. First match wins."""

    hostname: str
    """May start with ``*.``; lower case."""
    path: str = ""
    """Optional path prefix (whole segments)."""
    service: str
    """``http://host:port``, ``https://host:port`` or ``unix:/path.sock``."""
    originRequest: OriginRequest = OriginRequest()  # noqa: N815  (cloudflared's spelling)
