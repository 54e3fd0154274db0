"""Who a provider says someone is, in our words. The vocabulary at the bottom of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

_KELVIN = "\u212a"
METHODS: Final = "amr"
"""The claim with the authentication methods; in ``Identity.incomplete``: they are not known."""
ANY_OTHER: Final = "*"
"""In ``Identity.incomplete``: claims and attributes of any name may be missing."""


def canonical_email(address: str) -> str:
    """The form in which two addresses are compared: lower case, and no letter outside ASCII becomes one inside.

    ``str.lower`` alone turns the Kelvin sign into the letter k, and so a stranger into ``mark@example.com``.
    """
    return _KELVIN.join(part.lower() for part in address.split(_KELVIN))


class Group(BaseModel):
    """One group at the identity provider; ``email`` is known for some directories only (access.md 1.6)."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    email: str | None = None


class Identity(BaseModel):
    """What was proven about a person at the last login. A snapshot: a later login replaces it whole (access.md 5.1)."""

    model_config = ConfigDict(frozen=True)

    id: str
    """The person's identifier at the provider (OIDC ``sub``, SAML NameID)."""
    email: str
    """As the provider reported it, validated: exactly one ``@``, no white space or control characters."""
    name: str = ""
    idp_id: str
    """The id of the identity provider object in our configuration."""
    idp_type: str
    """``oidc``, ``onetimepin``, ...: the provider object's type."""
    amr: tuple[str, ...] = ()
    """RFC 8176 authentication method references."""
    groups: tuple[Group, ...] = ()
    groups_complete: bool = True
    """False: there may be more groups than these, so nobody is known to be outside one."""
    incomplete: tuple[str, ...] = ()
    """Claims and attributes of which values, or all of them, were left out; ``ANY_OTHER``: all that are not there."""
    custom: Mapping[str, Any] = Field(default_factory=dict)
    """The attributes the operator selected for the token (access.md 2.6), JSON values, in configured order."""
    oidc_fields: Mapping[str, Any] = Field(default_factory=dict)
    """Claims that ``oidc`` rules may look at: name to value or list of values."""
    saml_attributes: Mapping[str, Any] = Field(default_factory=dict)

    def knows(self, name: str, facts: Mapping[str, Any]) -> bool:
        """True if ``facts``, one of the two above, has all that the provider said under this name."""
        return name not in self.incomplete and (name in facts or ANY_OTHER not in self.incomplete)
