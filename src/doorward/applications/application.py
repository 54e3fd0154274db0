"""One protected application, in the API's field names (access.md 7.2)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from doorward.applications.pattern import Pattern
from doorward.custom_pages import CustomPage
from doorward.durations import Duration
from doorward.policy.mfa import MfaConfig
from doorward.policy.model import Policy


def _covers(domain: str) -> str:
    Pattern.parse(domain)
    return domain


Domain = Annotated[str, AfterValidator(_covers)]
"""``host`` or ``host/path``, as it was written; may hold wildcards (access.md 7.6)."""


class CorsHeaders(BaseModel):
    """``cors_headers`` of an application (access.md 1.11)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_all_headers: bool = False
    allow_all_methods: bool = False
    allow_all_origins: bool = False
    allow_credentials: bool = False
    allowed_headers: tuple[str, ...] = ()
    allowed_methods: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    max_age: Annotated[int, Field(ge=-1, le=86400)] | None = None


class Application(BaseModel):
    """A self-hosted application, in the API's field names, with its policies expanded in order of precedence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """UUID, kept for as long as the application exists."""
    aud: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The audience tag: 64 lower-case hex characters."""
    name: str
    type: Literal["self_hosted"] = "self_hosted"
    domain: Domain
    """The one shown first."""
    self_hosted_domains: tuple[Domain, ...] = ()
    """All that the application covers. ``domain`` is covered whether it is repeated here or not."""
    policies: tuple[Policy, ...] = ()
    session_duration: Duration | None = None
    """None: as long as the organization's session. The configuration fills in 24h (access.md 5.1)."""
    allowed_idps: tuple[str, ...] = ()
    """Identity provider ids; empty means all."""
    auto_redirect_to_identity: bool = False
    app_launcher_visible: bool = True
    logo_url: str = ""
    custom_deny_message: str = ""
    custom_deny_url: str = ""
    custom_non_identity_deny_url: str = ""
    custom_pages: tuple[CustomPage, ...] = ()
    """At most one of each type."""
    enable_binding_cookie: bool = False
    http_only_cookie_attribute: bool = True
    same_site_cookie_attribute: Literal["", "none", "lax", "strict"] = ""
    path_cookie_attribute: bool = False
    options_preflight_bypass: bool = False
    service_auth_401_redirect: bool = False
    read_service_tokens_from_header: str = ""
    """Lower-case name of one header that may carry client id and secret as JSON (access.md 3.3); empty: none."""
    allow_iframe: bool = False
    eager_redirect_cookie_setting: bool = True
    """A login at one of the host names gives the others their cookie too (access.md 7.6)."""
    resume_posts: bool = True
    """Forms are kept for the time of a login, where the organization keeps them (ours; docs/sessions.md)."""
    cors_headers: CorsHeaders | None = None
    mfa_config: MfaConfig | None = None
    """The second factor that is demanded here (access.md 4.7); None: as the organization says."""
    not_before: int = 0
    """Unix seconds. Tokens issued before this are not accepted without evaluating the policies again: the time the
    application's rules last changed, or its tokens were last revoked."""

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """What the application covers, each once, ``domain`` first."""
        return tuple(dict.fromkeys(map(Pattern.parse, (self.domain, *self.self_hosted_domains))))
