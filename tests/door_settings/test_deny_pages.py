"""``custom_deny_url`` and ``custom_non_identity_deny_url``, at the login and at the door; and no circles of them."""

from __future__ import annotations

import pytest
from tests.door.visitor import query_of, unseen_path

pytestmark = pytest.mark.edge


async def test_a_deny_page_behind_the_door_that_lets_the_visitor_in_is_where_it_ends(house, visitor):
    path = unseen_path()
    end = await visitor.sign_in("paula.localhost", path)
    assert end.status_code == 200
    assert str(end.url).startswith(house.url("open.localhost", "/sorry?a=b&original_url="))
    assert query_of(str(end.url)) == {"a": "b", "original_url": house.url("paula.localhost", path)}
    assert not house.reached(path)


@pytest.mark.parametrize("host", ["paula2.localhost", "paula3.localhost"])
async def test_a_deny_page_that_would_refuse_the_visitor_too_is_not_gone_to(visitor, host):
    end = await visitor.sign_in(host)
    assert end.status_code == 403
    assert "That account does not have access." in end.text


async def test_at_the_door_a_page_that_asks_for_a_login_is_not_gone_to(house, visitor):
    """Who is refused for where they are would sign in there, and be no further."""
    response = await visitor.get("away.localhost")
    assert response.status_code == 403
    assert "location" not in response.headers


async def test_at_the_door_a_page_that_is_open_is_where_it_ends(house, visitor):
    path = unseen_path()
    response = await visitor.get("away2.localhost", path)
    assert response.status_code == 302
    assert response.headers["cf-access-error"] == "1"
    assert query_of(response.headers["location"]) == {"original_url": house.url("away2.localhost", path)}
    assert (await visitor.follow(response)).status_code == 200


@pytest.mark.parametrize(("host", "status"), [("mixed.localhost", 302), ("mixed401.localhost", 302)])
async def test_people_are_sent_to_the_login_beside_service_policies(visitor, host, status):
    assert (await visitor.get(host)).status_code == status
