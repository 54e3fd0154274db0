"""Host names that no application covers: closed, but for the zones that are left out of that (access.md 7.8)."""

from __future__ import annotations

import pytest
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge


@pytest.mark.parametrize("host", ["public.localhost", "a.public.localhost", "A.Public.localhost."])
async def test_a_host_in_an_exempted_zone_is_the_origins(house, visitor, host):
    path = unseen_path()
    response = await visitor.ask("GET", f"http://127.0.0.1:{house.door.port}{path}", headers={"host": host})
    assert (response.status_code, response.headers["x-origin"]) == (200, "yes")
    sent = house.at_origin(path)
    assert sent.get("cf-access-jwt-assertion") is None
    assert sent.get("cf-access-authenticated-user-email") is None


@pytest.mark.parametrize(
    "host", ["notpublic.localhost", "public.localhost.evil.localhost", "nobody.localhost", "a.localhost", "[::1]", "-"]
)
async def test_g2_26_any_other_is_closed(house, visitor, host):
    path = unseen_path()
    response = await visitor.ask("GET", f"http://127.0.0.1:{house.door.port}{path}", headers={"host": host})
    assert response.status_code == 404
    assert not house.reached(path)


async def test_an_application_in_an_exempted_zone_is_protected(house, visitor):
    assert (await visitor.get("wiki.public.localhost")).status_code == 302
