"""The organization (access.md 7.8), its public address, its identity providers and its origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from doorward.custom_pages import CustomPage
from doorward.durations import Duration
from doorward.policy.mfa import OrganizationMfaConfig
from doorward.tokens.custom import BUDGET

VendorType = Literal[
    "azureAD", "centrify", "facebook", "github", "google", "google-apps", "linkedin", "okta", "onelogin", "pingone",
    "yandex",
]  # fmt: skip
"""Types of the Access API that stand for one vendor (access.md 6.2)."""
ProviderType = Literal["oidc", "saml", "onetimepin"] | VendorType
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
    deny_unmatched_requests_exempted_zone_names: tuple[str, ...] = ()
    """Domains that are left out of that: their names, and all below them, are open where no application covers them."""
    strict_service_token_auth: bool = True
    """A request with service token headers is judged by those alone (access.md 3.4). Forced on for organizations that
    the hosted service made since October 2026; false is the classic way."""
    resume_posts: bool = True
    """A form that was sent while nobody was signed in is kept for the time of the login (ours; docs/sessions.md)."""
    resume_posts_max_size: int = 65_536
    """Bytes of such a form; larger ones are not kept."""
    custom_max_size: int = BUDGET
    """Bytes of JSON that a provider's claims and attributes may take in a token (access.md 2.6)."""
    mfa_config: OrganizationMfaConfig | None = None
    """Second factors: what holds where applications and policies leave it open (access.md 4.7)."""
    mfa_required_for_all_apps: bool = False
    """A second factor is demanded wherever an application or policy does not say otherwise."""
    login_design: LoginDesign = LoginDesign()
    custom_pages: tuple[CustomPage, ...] = ()
    """For every application that has none of its own; at most one of each type."""
    public: PublicAddress

    def denies_unmatched(self, host: str) -> bool:
        """Whether a request to this host name is refused where no application covers it. A name that is none is."""
        exempted = any(
            host == zone or host.endswith("." + zone) for zone in self.deny_unmatched_requests_exempted_zone_names
        )
        return not host or (self.deny_unmatched_requests and not exempted)

    @property
    def issuer(self) -> str:
        """``iss`` of every token: the team domain's origin, no trailing slash (access.md 2.2)."""
        return self.public.origin(self.auth_domain)


class Scim(_Model):
    """``scim_config`` of an identity provider (access.md 6.5)."""

    enabled: bool = False
    user_deprovision: bool = True
    """End every session of somebody who is deleted or no longer active."""
    identity_update_behavior: Literal["reauth", "no_action"] = "no_action"
    """What a change of somebody's groups or attributes means for their sessions."""
    secret_hash: str = Field(default="", repr=False)
    """SHA-256 of the bearer secret, 64 hex."""


class IdentityProvider(_Model):
    """An identity provider object (access.md 6.1). ``config`` was validated for its type by ``providers``."""

    id: str
    name: str
    type: ProviderType
    config: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    scim_config: Scim | None = None


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
