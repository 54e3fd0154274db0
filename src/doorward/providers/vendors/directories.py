"""Groups that stand in a vendor's directory and not in the token: where, and how to read a page of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from doorward.identity import Group
from doorward.providers.failure import Failure, Reason
from doorward.providers.listing import Listing
from doorward.providers.outbound import Answer
from doorward.providers.vendors.config import VendorConfig

_LONGEST: Final = 1024
_QUERY_VALUE_QUOTE: Final = "\\'"


Listings = Callable[[VendorConfig, str, Mapping[str, Any]], tuple[Listing, ...]]
"""Configuration, access token, verified claims or profile → the lists to read; none: the token's groups are all."""


def azure_groups(config: VendorConfig, token: str, _: Mapping[str, Any]) -> tuple[Listing, ...]:
    """Nested memberships too, by object id. The token's own claim stops at 200 groups and has no names."""
    if not config.support_groups:
        return ()
    query = urlencode({"$select": "id,displayName,mail", "$top": "999"}, safe="$,")
    url = f"{config.api_url or 'https://graph.microsoft.com'}/v1.0/me/transitiveMemberOf/microsoft.graph.group?{query}"
    return (Listing(url, _bearer(token), _azure_page, _odata_next),)


def google_groups(config: VendorConfig, token: str, claims: Mapping[str, Any]) -> tuple[Listing, ...]:
    """Nested memberships too, with the groups' addresses (Cloud Identity)."""
    if not config.support_groups:
        return ()
    address = str(claims.get("email", ""))
    if not address or any(sign in address for sign in _QUERY_VALUE_QUOTE):
        raise Failure(Reason.INVALID_ANSWER, "groups: the e-mail address cannot be asked about")
    query = f"member_key_id == '{address}' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels"
    url = f"{config.api_url or 'https://cloudidentity.googleapis.com'}/v1/groups/-/memberships:searchTransitiveGroups"
    return (
        Listing(f"{url}?{urlencode({'query': query, 'pageSize': '500'})}", _bearer(token), _google_page, _page_token),
    )


def okta_groups(config: VendorConfig, _: str, claims: Mapping[str, Any]) -> tuple[Listing, ...]:
    """With an API token: all of them. Without: what the claim says, which Okta cuts at 100."""
    if config.api_token is None:
        return ()
    base = config.api_url or config.base_url or "https://" + config.okta_account.removeprefix("https://").rstrip("/")
    url = f"{base}/api/v1/users/{quote(str(claims['sub']), safe='')}/groups"
    token = config.api_token.get_secret_value()
    return (Listing(url, (("authorization", f"SSWS {token}"),), _okta_page, _link_next),)


def github_groups(config: VendorConfig, token: str, _: Mapping[str, Any]) -> tuple[Listing, ...]:
    """Organizations by their name, and teams as ``organization/team`` by the name in the team's address.

    A team's title is not used: whoever may create teams could choose one that is another team's name.
    """
    api = config.api_url or "https://api.github.com"
    return (
        Listing(f"{api}/user/orgs?per_page=100", _bearer(token), _github_organizations, _link_next),
        Listing(f"{api}/user/teams?per_page=100", _bearer(token), _github_teams, _link_next),
    )


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def _azure_page(page: Any) -> tuple[Group, ...]:
    return tuple(_group(item, "id", "displayName", "mail") for item in _items(page, "value"))


def _google_page(page: Any) -> tuple[Group, ...]:
    def group(item: Any) -> Group:
        key = item.get("groupKey") if isinstance(item, dict) else None
        return _group(
            {**item, "address": key.get("id")} if isinstance(key, dict) else item, "group", "displayName", "address"
        )

    return tuple(group(item) for item in _items(page, "memberships"))


def _okta_page(page: Any) -> tuple[Group, ...]:
    def group(item: Any) -> Group:
        profile = item.get("profile") if isinstance(item, dict) else None
        return _group({"id": item.get("id"), **profile} if isinstance(profile, dict) else item, "id", "name")

    return tuple(group(item) for item in _list(page))


def _github_organizations(page: Any) -> tuple[Group, ...]:
    return tuple(_group(item, "id", "login") for item in _list(page))


def _github_teams(page: Any) -> tuple[Group, ...]:
    def group(item: Any) -> Group:
        organization = item.get("organization") if isinstance(item, dict) else None
        if not isinstance(organization, dict):
            raise _unreadable()
        place = f"{organization.get('login') or ''}/{item.get('slug') or ''}"
        if place.startswith("/") or place.endswith("/"):
            raise _unreadable()
        return _group({"id": item.get("id"), "name": place}, "id", "name")

    return tuple(group(item) for item in _list(page))


def _odata_next(_: str, page: Answer) -> str:
    return str(page.value.get("@odata.nextLink") or "")


def _page_token(first: str, page: Answer) -> str:
    token = page.value.get("nextPageToken")
    return f"{first}&{urlencode({'pageToken': token})}" if token else ""


def _link_next(_: str, page: Answer) -> str:
    return page.following


def _items(page: Any, member: str) -> list[Any]:
    """An empty Google result has no list at all."""
    return _list(page.get(member, []) if isinstance(page, dict) else None)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _unreadable()
    return value


def _group(item: Any, identifier: str, name: str, address: str = "") -> Group:
    """Raises Failure if it has no id. A missing name is the id: a rule by name then does not match."""
    if not isinstance(item, dict):
        raise _unreadable()
    number = item.get(identifier)
    key = str(number) if isinstance(number, int) and not isinstance(number, bool) else number
    title, mail = item.get(name) or key, item.get(address) if address else None
    if not _is_text(key) or not _is_text(title) or not (mail is None or _is_text(mail)):
        raise _unreadable()
    return Group(id=str(key), name=str(title), email=mail)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()


def _unreadable() -> Failure:
    return Failure(Reason.INVALID_ANSWER, "groups: an entry of the vendor's directory cannot be read")
