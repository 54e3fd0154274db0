"""Reads lists of groups page by page. The thin shell of ``vendors.directories``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import httpx

from doorward.identity import Group
from doorward.providers.failure import Failure, Reason
from doorward.providers.listing import Listing
from doorward.providers.outbound import Answer, Call, fetch
from doorward.providers.web_address import check_web_address, origin

MAX_GROUPS: Final = 5000
MAX_PAGES: Final = 200
PATIENCE: Final = 30.0
"""Seconds for all pages together: the visitor is waiting."""


async def memberships(http: httpx.AsyncClient, listings: Iterable[Listing]) -> tuple[Group, ...]:
    """All groups, each once, in the vendor's order.

    Raises:
        Failure: the groups are not known in full, so nobody is signed in: a rule may keep one of them out.
    """
    found: dict[Group, None] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            for listing in listings:
                await _read(http, listing, found)
    except TimeoutError as error:
        raise Failure(Reason.UNAVAILABLE, f"groups: not all pages within {PATIENCE:g} s") from error
    return tuple(found)


async def _read(http: httpx.AsyncClient, listing: Listing, found: dict[Group, None]) -> None:
    address = listing.url
    for _ in range(MAX_PAGES):
        page = await fetch(http, Call("GET", address, listing.headers), "groups")
        _check(page)
        found.update(dict.fromkeys(listing.read(page.value)))
        if len(found) > MAX_GROUPS:
            raise Failure(Reason.CONFIGURATION, f"groups: more than {MAX_GROUPS}")
        address = listing.following(listing.url, page)
        if not address:
            return
        _same_place(address, listing.url)
    raise Failure(Reason.INVALID_ANSWER, f"groups: more than {MAX_PAGES} pages")


def _check(page: Answer) -> None:
    if page.status in {401, 403}:
        raise Failure(
            Reason.CONFIGURATION, f"groups: status {page.status}; grant our client the permission to read groups"
        )
    if not 200 <= page.status < 300:
        raise Failure(Reason.INVALID_ANSWER, f"groups: status {page.status}")


def _same_place(address: str, first: str) -> None:
    """Raises Failure: a page that points elsewhere would be given the visitor's token."""
    try:
        elsewhere = origin(check_web_address(address)) != origin(first)
    except ValueError:
        elsewhere = True
    if elsewhere:
        raise Failure(Reason.INVALID_ANSWER, "groups: the next page is at another server")
