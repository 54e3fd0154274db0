"""``cors_headers`` on the answers themselves, on the route that asks and on the one that does not (access.md 1.11)."""

from __future__ import annotations

import pytest
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge

ALLOW, CREDENTIALS = "access-control-allow-origin", "access-control-allow-credentials"
PREFLIGHT = {"access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
CHECKS = "doorward_check_seconds_count"


@pytest.fixture
def shop(house):
    return house.url("shop.localhost", "")


def granted(response):
    """Every header that lets somebody read: each once, or the browser refuses the answer."""
    found = {name: response.headers.get_list(name) for name in (ALLOW, CREDENTIALS)}
    return {name: values for name, values in found.items() if values}


def varies(response):
    return "Origin" in [name.strip() for value in response.headers.get_list("vary") for name in value.split(",")]


async def checks(house):
    (line,) = [line for line in (await house.door.metrics()).splitlines() if line.startswith(CHECKS)]
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize("suffix", ["", "/loud"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST"])
async def test_a_page_of_a_named_origin_may_read_the_answer(house, alice, shop, method, suffix):
    path = unseen_path() + suffix
    response = await alice.ask(method, house.url("api.localhost", path), headers={"origin": shop})
    assert response.status_code == 200
    assert house.reached(path)
    assert granted(response) == {ALLOW: [shop], CREDENTIALS: ["true"]}
    assert varies(response)


@pytest.mark.parametrize("suffix", ["", "/loud"])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://anybody.example", "null", "http://shop.localhost", "https://partner.example.evil"],
)
async def test_a_page_of_another_origin_may_not_whatever_the_application_says(house, alice, origin, suffix):
    path = unseen_path() + suffix
    response = await alice.get("api.localhost", path, headers={"origin": origin})
    assert response.status_code == 200
    assert house.reached(path)
    assert granted(response) == {}
    assert varies(response)


async def test_origins_are_compared_without_regard_to_case_and_named_as_they_came(alice):
    response = await alice.get("api.localhost", "/", headers={"origin": "https://partner.example"})
    assert granted(response) == {ALLOW: ["https://partner.example"], CREDENTIALS: ["true"]}


@pytest.mark.parametrize("suffix", ["", "/loud"])
async def test_who_sends_no_origin_is_not_asked_about_and_gets_no_such_header(house, alice, suffix):
    path, before = unseen_path() + suffix, await checks(house)
    response = await alice.get("api.localhost", path)
    assert response.status_code == 200
    assert await checks(house) == before
    assert granted(response) == {}
    assert varies(response)
    assert house.at_origin(path).get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_who_sends_an_origin_is_asked_about_and_arrives_with_the_same_identity(house, alice, shop):
    path, before = unseen_path(), await checks(house)
    assert (await alice.get("api.localhost", path, headers={"origin": shop})).status_code == 200
    assert await checks(house) == before + 1
    sent = house.at_origin(path)
    assert sent.get("cf-access-authenticated-user-email") == "alice@example.test"
    assert sent.get("origin") == shop


async def test_without_the_setting_nothing_changes(house, alice, shop):
    path, before = unseen_path() + "/loud", await checks(house)
    response = await alice.get("plain.localhost", path, headers={"origin": shop})
    assert await checks(house) == before
    assert granted(response) == {ALLOW: ["https://anybody.example"], CREDENTIALS: ["true"]}
    assert response.headers.get_list("vary") == ["Accept-Encoding"]


async def test_what_else_the_application_says_about_reading_stays(alice, shop):
    response = await alice.get("api.localhost", "/loud", headers={"origin": shop})
    assert response.headers["access-control-expose-headers"] == "x-origin"
    assert "Accept-Encoding" in response.headers["vary"]


async def test_every_origin_may_be_let_read_but_never_with_credentials(alice):
    response = await alice.get("everybody.localhost", "/loud", headers={"origin": "https://any.example"})
    assert granted(response) == {ALLOW: ["https://any.example"]}


@pytest.mark.parametrize("host", ["lobby.localhost", "sensor.localhost"])
async def test_who_needs_no_login_may_read_as_well(visitor, shop, host):
    response = await visitor.get(host, "/loud", headers={"origin": shop})
    assert response.status_code == 200
    assert granted(response) == {ALLOW: [shop], CREDENTIALS: ["true"]}
    assert granted(await visitor.get(host, "/loud", headers={"origin": "https://anybody.example"})) == {}


async def test_a_page_may_read_why_it_was_refused_only_where_it_may_read_the_rest(visitor, shop):
    refused = await visitor.get("shut.localhost", headers={"origin": shop})
    assert refused.status_code == 403
    assert granted(refused) == {ALLOW: [shop], CREDENTIALS: ["true"]}
    assert varies(refused)
    assert granted(await visitor.get("shut.localhost", headers={"origin": "http://evil.example"})) == {}


@pytest.mark.parametrize("host", ["api.localhost", "lobby.localhost", "sensor.localhost", "shut.localhost"])
async def test_a_preflight_is_answered_with_200_by_the_door_alone(house, visitor, shop, host):
    path = unseen_path()
    response = await visitor.ask("OPTIONS", house.url(host, path), headers={"origin": shop, **PREFLIGHT})
    assert response.status_code == 200
    assert response.content == b""
    assert not house.reached(path)
    assert granted(response) == {ALLOW: [shop], CREDENTIALS: ["true"]}
    assert response.headers["access-control-allow-methods"] == "GET, PUT"
    assert response.headers["access-control-allow-headers"] == "content-type"
    assert response.headers["access-control-max-age"] == "600"
    assert response.headers.get_list("vary") == [
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    ]


async def test_a_preflight_of_another_origin_is_told_nothing(house, visitor):
    path = unseen_path()
    headers = {"origin": "http://evil.example", **PREFLIGHT}
    response = await visitor.ask("OPTIONS", house.url("api.localhost", path), headers=headers)
    assert response.status_code == 200
    assert not house.reached(path)
    assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_a_preflight_on_the_kept_connection_of_a_visitor_changes_nothing_after_it(house, alice, shop):
    for _ in range(3):
        asked = await alice.ask("OPTIONS", house.url("api.localhost", "/"), headers={"origin": shop, **PREFLIGHT})
        called = await alice.ask("PUT", house.url("api.localhost", "/"), headers={"origin": shop})
        assert [asked.status_code, called.status_code] == [200, 200]


@pytest.mark.parametrize("missing", ["access-control-request-method", "origin"])
async def test_g4_56_what_only_looks_like_a_preflight_needs_a_session(house, visitor, shop, missing):
    path = unseen_path()
    headers = {name: value for name, value in ({"origin": shop} | PREFLIGHT).items() if name != missing}
    response = await visitor.ask("OPTIONS", house.url("api.localhost", path), headers=headers)
    assert response.status_code == 302
    assert not house.reached(path)


@pytest.mark.parametrize("length", [{"content-length": "3"}, {"transfer-encoding": "chunked"}])
async def test_g4_56_a_body_beside_a_preflight_reaches_nobody(house, visitor, shop, length):
    path = unseen_path()
    headers = {"origin": shop, **PREFLIGHT, **length}
    await visitor.ask("OPTIONS", house.url("api.localhost", path), headers=headers, content=b"{} ")
    assert not house.reached(path)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PROPFIND"])
async def test_g4_55_another_method_with_the_headers_of_a_preflight_is_none(house, visitor, shop, method):
    path = unseen_path()
    response = await visitor.ask(method, house.url("api.localhost", path), headers={"origin": shop, **PREFLIGHT})
    assert response.status_code == 302
    assert not house.reached(path)


async def test_g3_47_what_a_page_says_never_becomes_a_header_of_its_own(house, visitor):
    odd = {"origin": "https://a.example, x-admin: 1", "access-control-request-method": "PUT, GET"}
    response = await visitor.ask("OPTIONS", house.url("everybody.localhost", "/"), headers=odd)
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith(("access-control-", "x-admin"))]
