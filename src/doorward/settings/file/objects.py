"""Organization, groups, lists, policies and applications in the file (access.md 4.3, 7.2, 7.8)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from doorward.durations import Duration, format_duration
from doorward.organization import LoginDesign
from doorward.policy.model import Action
from doorward.policy.rules import EmailAddress, Network, Rule
from doorward.resumption import LONGEST_BODY
from doorward.settings.file.approval import ApprovalGroupPart, Prompt
from doorward.settings.file.base import (
    AudienceTag,
    Colour,
    HostName,
    Line,
    MaybeEmpty,
    Name,
    ObjectId,
    OptionalWebAddress,
    Part,
    Picture,
)
from doorward.settings.file.custom_pages import OrganizationPagesPart
from doorward.settings.file.mfa import MfaPart, OrganizationMfaPart

LONGEST_SESSION: Final = timedelta(hours=730)
"""One month as the API counts it (access.md 5.1, 10)."""
_TAKEN_HEADERS: Final = frozenset(
    {"accept", "connection", "content-length", "content-type", "cookie", "expect", "forwarded", "host", "keep-alive",
     "origin", "proxy-connection", "referer", "te", "trailer", "transfer-encoding", "true-client-ip", "upgrade",
     "user-agent", "via", "x-client-ip", "x-cluster-client-ip", "x-host", "x-original-host", "x-original-uri",
     "x-original-url", "x-real-ip", "x-request-id", "x-requested-with", "x-rewrite-url"}
)  # fmt: skip
_TAKEN_PREFIXES: Final = ("access-control-", "cf-", "sec-", "x-doorward-", "x-envoy-", "x-forwarded-")
"""Headers that the door or HTTP itself reads, or that are removed before anybody does."""
SHORTEST_ORGANIZATION_SESSION: Final = timedelta(minutes=15)
_LATER: Final = "this version does not have it; remove it"


def _session(duration: timedelta) -> timedelta:
    if duration > LONGEST_SESSION:
        raise ValueError(f"{format_duration(duration)} is longer than one month; write at most 730h")
    return duration


def _organization_session(duration: timedelta) -> timedelta:
    if duration < SHORTEST_ORGANIZATION_SESSION:
        raise ValueError(f"{format_duration(duration)} is too short for the organization; write at least 15m")
    return _session(duration)


def _service_token_header(text: str) -> str:
    name = text.strip().lower()
    if name and not re.fullmatch(r"[a-z0-9-]{1,100}", name):
        raise ValueError(f"{text!r} is not the name of a header; write it like Authorization or X-Service-Token")
    if name in _TAKEN_HEADERS or name.startswith(_TAKEN_PREFIXES):
        raise ValueError(f"the header {text!r} has another meaning; use Authorization, or one of your own")
    return name


SessionDuration = Annotated[Duration, AfterValidator(_session)]
ServiceTokenHeader = Annotated[str, AfterValidator(_service_token_header)]
Rules = Annotated[tuple[Rule, ...], MaybeEmpty]
Names = Annotated[tuple[Name, ...], MaybeEmpty]


class LoginDesignPart(Part):
    """``login_design``."""

    background_color: Colour = ""
    text_color: Colour = ""
    header_text: Line = ""
    footer_text: Line = ""
    logo_path: Picture = ""

    def design(self) -> LoginDesign:
        return LoginDesign(**self.model_dump())


class OrganizationPart(Part):
    """``organization``."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("allow_authenticate_via_warp",
         "is_ui_read_only", "mfa_piv_key_requirements",
         "service_token_inactivity", "ui_read_only_toggle_reason",
         "user_seat_expiration_inactive_time", "warp_auth_non_browser_401", "warp_auth_session_duration"),
        _LATER,
    )  # fmt: skip

    name: Name
    auth_domain: HostName
    session_duration: Annotated[Duration, AfterValidator(_organization_session)] = timedelta(hours=24)
    auto_redirect_to_identity: bool = False
    deny_unmatched_requests: bool = True
    deny_unmatched_requests_exempted_zone_names: Annotated[tuple[HostName, ...], MaybeEmpty] = ()
    strict_service_token_auth: bool = True
    resume_posts: bool = True
    resume_posts_max_size: Annotated[int, Field(ge=1024, le=LONGEST_BODY)] = 65_536
    custom_max_size: Annotated[int, Field(ge=0, le=2048)] = 1024
    mfa_config: OrganizationMfaPart | None = None
    mfa_required_for_all_apps: bool = False
    login_design: LoginDesignPart = LoginDesignPart()
    custom_pages: OrganizationPagesPart = OrganizationPagesPart()


class GroupPart(Part):
    """One of ``groups``."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {"is_default": _LATER}

    name: Name
    id: ObjectId | None = None
    include: Annotated[Rules, Field(min_length=1)]
    exclude: Rules = ()
    require: Rules = ()


class ListPart(Part):
    """One of ``lists``: what ``email_list`` and ``ip_list`` rules name."""

    name: Name
    id: ObjectId | None = None
    emails: Annotated[tuple[EmailAddress, ...], MaybeEmpty] = ()
    networks: Annotated[tuple[Network, ...], MaybeEmpty] = ()


class PolicyPart(Part):
    """One of ``policies``, or written out in an application."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("connection_rules", "isolation_required"),
        _LATER,
    ) | {"precedence": "policies are tried in the order they are listed; remove it"}  # fmt: skip

    name: Name
    id: ObjectId | None = None
    decision: Action
    include: Annotated[Rules, Field(min_length=1)]
    exclude: Rules = ()
    require: Rules = ()
    session_duration: SessionDuration | None = None
    purpose_justification_required: bool = False
    purpose_justification_prompt: Prompt = ""
    approval_required: bool = False
    approval_groups: Annotated[tuple[ApprovalGroupPart, ...], MaybeEmpty] = ()
    mfa_config: MfaPart | None = None


class DestinationPart(Part):
    """One of ``destinations``; only public hostnames here."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("cidr", "hostname", "l4_protocol", "mcp_server_id", "port_range", "vnet_id", "worker_id"), _LATER
    )

    type: Literal["public"] = "public"
    uri: Line


Method = Literal["GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]


class CorsPart(Part):
    """``cors_headers`` (access.md 1.11)."""

    allow_all_headers: bool = False
    allow_all_methods: bool = False
    allow_all_origins: bool = False
    allow_credentials: bool = False
    allowed_headers: Annotated[tuple[Line, ...], MaybeEmpty] = ()
    allowed_methods: Annotated[tuple[Method, ...], MaybeEmpty] = ()
    allowed_origins: Annotated[tuple[Line, ...], MaybeEmpty] = ()
    max_age: Annotated[int, Field(ge=-1, le=86400)] | None = None


def _policy_form(value: Any) -> str:
    return "<name>" if isinstance(value, str) else "<policy>"


PolicyReference = Annotated[
    Annotated[Name, Tag("<name>")] | Annotated[PolicyPart, Tag("<policy>")], Discriminator(_policy_form)
]
"""The name of one of ``policies``, or a policy written out."""


class ApplicationPart(Part):
    """One of ``applications``."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("allow_authenticate_via_warp", "app_launcher_logo_url", "created_at",
         "oauth_configuration", "saas_app", "scim_config", "skip_interstitial", "tags", "target_criteria", "updated_at",
         "use_clientless_isolation_app_launcher_url"),
        _LATER,
    )  # fmt: skip

    name: Name
    id: ObjectId | None = None
    aud: AudienceTag | None = None
    type: Literal["self_hosted"] = "self_hosted"
    domain: Line = ""
    self_hosted_domains: Annotated[tuple[Line, ...], MaybeEmpty] = ()
    destinations: Annotated[tuple[DestinationPart, ...], MaybeEmpty] = ()
    policies: Annotated[tuple[PolicyReference, ...], MaybeEmpty] = ()
    session_duration: SessionDuration | None = timedelta(hours=24)
    """``null``: as long as the organization's session."""
    allowed_idps: Names = ()
    auto_redirect_to_identity: bool = False
    app_launcher_visible: bool = True
    logo_url: Picture = ""
    custom_deny_message: Line = ""
    custom_deny_url: OptionalWebAddress = ""
    custom_non_identity_deny_url: OptionalWebAddress = ""
    custom_pages: Names = ()
    enable_binding_cookie: bool = False
    http_only_cookie_attribute: bool = True
    same_site_cookie_attribute: Literal["", "none", "lax", "strict"] = ""
    path_cookie_attribute: bool = False
    options_preflight_bypass: bool = False
    service_auth_401_redirect: bool = False
    read_service_tokens_from_header: ServiceTokenHeader = ""
    allow_iframe: bool = False
    eager_redirect_cookie_setting: bool = True
    resume_posts: bool = True
    cors_headers: CorsPart | None = None
    mfa_config: MfaPart | None = None

    def places(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Every ``host/path`` as written with its place inside the application, the first one first."""
        written: list[tuple[tuple[str | int, ...], str]] = [(("domain",), self.domain)] if self.domain else []
        written += [(("self_hosted_domains", index), text) for index, text in enumerate(self.self_hosted_domains)]
        written += [(("destinations", index, "uri"), part.uri) for index, part in enumerate(self.destinations)]
        return tuple(written)
