"""Identity providers of one vendor in the file (access.md 6.2): each type has its own fields.

``base_url`` and ``api_url`` are ours: a national cloud, a server of one's own, or a stand-in for tests.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from doorward.settings.file.base import Line, MaybeEmpty, Name, ObjectId, Part, Secret, host_name
from doorward.settings.file.endpoint import Endpoint
from doorward.settings.file.scim import ScimPart

_FOLLOWS: Final = {"redirect_url": "it follows from organization.auth_domain; remove it"}
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+")


def _base(text: str) -> str:
    if "?" in text:
        raise ValueError(f"{text!r} has a query; leave out everything from the '?'")
    return text.rstrip("/")


def _segment(text: str) -> str:
    if not _SEGMENT.fullmatch(text):
        raise ValueError(f"{text!r} cannot be part of an address; copy it from the vendor's page")
    return text


def _tenant(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError(
            f"{text!r} is not a tenant id: with a name like 'common' anybody with a tenant of their own could sign in as "
            "anyone; write the UUID that Entra shows as Directory (tenant) ID"
        )
    return text.lower()


def _account_host(text: str) -> str:
    return host_name(text.removeprefix("https://").rstrip("/"))


Base = Annotated[Endpoint, AfterValidator(_base)]
Segment = Annotated[str, AfterValidator(_segment), Field(max_length=200)]
AccountHost = Annotated[str, AfterValidator(_account_host)]


class VendorConfig(Part):
    """What every vendor needs."""

    UNSUPPORTED: ClassVar[dict[str, str]] = _FOLLOWS

    client_id: Annotated[Line, Field(min_length=1, max_length=1000)]
    client_secret: Secret
    base_url: Base | None = None
    api_url: Base | None = None

    def values(self) -> dict[str, Any]:
        """The object's ``config``: what is set, secrets in clear."""
        shown = self.model_dump(exclude_none=True)
        return {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in shown.items()}


class ClaimsConfig(VendorConfig):
    """Vendors that speak OpenID Connect."""

    claims: Annotated[tuple[Annotated[Line, Field(min_length=1, max_length=200)], ...], MaybeEmpty] = ()
    email_claim_name: Annotated[Line, Field(max_length=200)] = ""


class GoogleConfig(ClaimsConfig):
    pkce_enabled: bool = True


class WorkspaceConfig(GoogleConfig):
    apps_domain: Annotated[str, AfterValidator(host_name)]
    support_groups: bool = False


class AzureConfig(ClaimsConfig):
    UNSUPPORTED: ClassVar[dict[str, str]] = {
        **_FOLLOWS,
        "conditional_access_enabled": "add the optional claim 'acrs' to the registration in Entra; auth_context reads it",
    }

    directory_id: Annotated[str, AfterValidator(_tenant)]
    support_groups: bool = False
    pkce_enabled: bool = True
    prompt: Literal["", "login", "select_account", "none"] = ""


class OktaConfig(ClaimsConfig):
    okta_account: AccountHost
    authorization_server_id: Segment | None = None
    api_token: Secret | None = None
    pkce_enabled: bool = True


class OneloginConfig(ClaimsConfig):
    onelogin_account: AccountHost


class PingConfig(ClaimsConfig):
    ping_env_id: Segment


class CentrifyConfig(ClaimsConfig):
    centrify_account: AccountHost
    centrify_app_id: Segment


class VendorPart(Part):
    """Base of one type each."""

    name: Name
    id: ObjectId | None = None
    scim_config: ScimPart | None = None


class PlainPart(VendorPart):
    type: Literal["facebook", "github", "linkedin", "yandex"]
    config: VendorConfig


class GooglePart(VendorPart):
    type: Literal["google"]
    config: GoogleConfig


class WorkspacePart(VendorPart):
    type: Literal["google-apps"]
    config: WorkspaceConfig


class AzurePart(VendorPart):
    type: Literal["azureAD"]
    config: AzureConfig


class OktaPart(VendorPart):
    type: Literal["okta"]
    config: OktaConfig


class OneloginPart(VendorPart):
    type: Literal["onelogin"]
    config: OneloginConfig


class PingPart(VendorPart):
    type: Literal["pingone"]
    config: PingConfig


class CentrifyPart(VendorPart):
    type: Literal["centrify"]
    config: CentrifyConfig


OfVendor = PlainPart | GooglePart | WorkspacePart | AzurePart | OktaPart | OneloginPart | PingPart | CentrifyPart
