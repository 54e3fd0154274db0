"""A door to attack: its applications are arranged so that a mistake would show at the recording origin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.door.house import STAFF, House, Kind, configuration, standing
from tests.door.visitor import Visitor

LOOK = "policies: [Everybody may look]"
KINDS = (
    Kind("wiki.localhost", (STAFF, "session_duration: 8h")),
    Kind("notes.localhost", (STAFF,)),
    Kind("here.localhost", (
        "policies: [{name: From here, decision: allow, include: [{group: {id: Staff}}], require: [{ip: {ip: 127.0.0.0/8}}]}]",
    )),
    Kind("away.localhost", (
        "policies: [{name: From elsewhere, decision: bypass, include: [{ip: {ip: 203.0.113.0/24}}]}]",
    )),
    Kind("open.localhost", (LOOK,)),
    Kind("open.localhost/admin", (STAFF,)),
    Kind("open.localhost/v1/all:export", (STAFF,)),
    Kind("closed.localhost", (STAFF,)),
    Kind("closed.localhost/public", (LOOK,)),
    Kind("options.localhost", (STAFF, "options_preflight_bypass: true")),
    Kind("moment.localhost", (STAFF, "session_duration: 0s")),
    Kind("pin.localhost", (STAFF, "allowed_idps: [Email code]")),
    Kind("bound.localhost", (STAFF, "enable_binding_cookie: true")),
    Kind("*.wild.localhost", (STAFF,)),
    Kind("team.localhost", (
        "policies: [{name: Engineers, decision: allow, include: [{oidc: {claim_name: groups, claim_value: engineering, identity_provider_id: Directory}}]}]",
    )),
)  # fmt: skip


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One door for all modules here that do not change it."""
    with standing(tmp_path_factory.mktemp("attacked"), configuration(kinds=KINDS)) as house:
        yield house


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    async with Visitor(house) as visitor:
        yield visitor


@pytest.fixture
async def alice(house: House) -> AsyncIterator[Visitor]:
    """Signed in at the wiki, in a session of her own."""
    async with Visitor(house) as visitor:
        response = await visitor.sign_in("wiki.localhost")
        assert response.status_code == 200, response.text
        yield visitor
