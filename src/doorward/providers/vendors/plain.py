"""Vendors with OAuth 2.0 and a profile: where they are asked and how their answers are read. A table; nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorward.providers.email_address import is_identity_email
from doorward.providers.failure import Failure, Reason
from doorward.providers.one_line import one_line
from doorward.providers.vendors.config import VendorConfig
from doorward.providers.vendors.directories import Listings, github_groups

_LONGEST_NAME: Final = 256


@dataclass(frozen=True, slots=True)
class Person:
    """Who a profile is about."""

    id: str
    email: str
    name: str


def _no_groups(*_: object) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class PlainVendor:
    """One row. Paths are below ``base`` (sign-in) and ``api`` (profile)."""

    base: str
    authorization: str
    token: str
    api: str
    profile: str
    scopes: tuple[str, ...]
    read: Callable[[Mapping[str, Any], Any], Person]
    """Profile and the list of addresses (None where the vendor has none) → the person. Raises Failure."""
    emails: str = ""
    """Path of the list of addresses."""
    scheme: str = "Bearer"
    pkce: bool = True
    token_at_api: bool = False
    listings: Listings = _no_groups
    fields: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()

    def authorization_url(self, config: VendorConfig) -> str:
        return (config.base_url or self.base) + self.authorization

    def token_url(self, config: VendorConfig) -> str:
        return (self._api(config) if self.token_at_api else config.base_url or self.base) + self.token

    def profile_url(self, config: VendorConfig) -> str:
        return self._api(config) + self.profile

    def emails_url(self, config: VendorConfig) -> str:
        """Empty where the vendor has no such list."""
        return self._api(config) + self.emails if self.emails else ""

    def _api(self, config: VendorConfig) -> str:
        return config.api_url or self.api


def _github(profile: Mapping[str, Any], emails: Any) -> Person:
    """The primary address, if GitHub has verified it. The one in the public profile is what the person likes to show."""
    if not isinstance(emails, list) or not all(isinstance(item, dict) for item in emails):
        raise Failure(Reason.INVALID_ANSWER, "emails: not a list of addresses")
    primary = [item for item in emails if item.get("primary") is True]
    if len(primary) != 1:
        raise Failure(Reason.NO_EMAIL, "emails: there is not exactly one primary address")
    if primary[0].get("verified") is not True:
        raise Failure(Reason.EMAIL_NOT_VERIFIED, "emails: the primary address is not verified")
    name = profile.get("name") or profile.get("login")
    return _person(profile.get("id"), primary[0].get("email"), name)


def _facebook(profile: Mapping[str, Any], _: Any) -> Person:
    """Facebook leaves ``email`` out while it is not confirmed."""
    return _person(profile.get("id"), profile.get("email"), profile.get("name"))


def _linkedin(profile: Mapping[str, Any], _: Any) -> Person:
    if profile.get("email") is not None and str(profile.get("email_verified")).lower() != "true":
        raise Failure(Reason.EMAIL_NOT_VERIFIED, "profile: email_verified is not true")
    return _person(profile.get("sub"), profile.get("email"), profile.get("name"))


def _yandex(profile: Mapping[str, Any], _: Any) -> Person:
    name = profile.get("real_name") or profile.get("display_name")
    return _person(profile.get("id"), profile.get("default_email"), name)


def _person(identifier: Any, email: Any, name: Any) -> Person:
    key = str(identifier) if isinstance(identifier, int) and not isinstance(identifier, bool) else identifier
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_NAME or not key.isprintable():
        raise Failure(Reason.INVALID_ANSWER, "profile: it does not say who it is about")
    if not is_identity_email(email):
        raise Failure(Reason.NO_EMAIL, "profile: no unambiguous e-mail address")
    shown = name if isinstance(name, str) else ""
    return Person(key, str(email), one_line(shown, _LONGEST_NAME))


PLAIN: Final[Mapping[str, PlainVendor]] = {
    "facebook": PlainVendor(
        base="https://www.facebook.com",
        authorization="/dialog/oauth",
        token="/oauth/access_token",  # noqa: S106 - a path
        token_at_api=True,
        api="https://graph.facebook.com",
        profile="/me?fields=id,name,email",
        scopes=("email",),
        read=_facebook,
    ),
    "github": PlainVendor(
        base="https://github.com",
        authorization="/login/oauth/authorize",
        token="/login/oauth/access_token",  # noqa: S106 - a path
        api="https://api.github.com",
        profile="/user",
        emails="/user/emails",
        scopes=("read:user", "user:email", "read:org"),
        read=_github,
        listings=github_groups,
    ),
    "linkedin": PlainVendor(
        base="https://www.linkedin.com",
        authorization="/oauth/v2/authorization",
        token="/oauth/v2/accessToken",  # noqa: S106 - a path
        api="https://api.linkedin.com",
        profile="/v2/userinfo",
        scopes=("openid", "profile", "email"),
        read=_linkedin,
        pkce=False,  # its PKCE is a flow of its own, for native applications
    ),
    "yandex": PlainVendor(
        base="https://oauth.yandex.com",
        authorization="/authorize",
        token="/token",  # noqa: S106 - a path
        api="https://login.yandex.ru",
        profile="/info?format=json",
        scopes=("login:email", "login:info"),
        scheme="OAuth",
        read=_yandex,
    ),
}
