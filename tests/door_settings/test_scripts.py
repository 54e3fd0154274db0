"""What scripts are told when nobody is signed in (access.md 1.2, 3.4)."""

from __future__ import annotations

import pytest
from tests.door.house import TEAM, aud
from tests.door.visitor import Visitor, query_of, unseen_path

pytestmark = pytest.mark.edge

FETCH = {"accept": "*/*", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty"}
XHR = {"accept": "application/json", "x-requested-with": "XMLHttpRequest"}


@pytest.fixture
async def program(house):
    """A client that says nothing about itself."""
    async with Visitor(house, headers={"accept": "*/*"}) as program:
        yield program


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers", [FETCH, XHR, FETCH | {"sec-fetch-mode": "same-origin"}, FETCH | {"accept": "text/plain"}]
)
async def test_a_script_gets_401_in_json_with_the_address_of_the_login(house, program, headers, method):
    path = unseen_path()
    response = await program.ask(method, house.url("plain.localhost", path), headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/json"
    assert response.headers["www-authenticate"].startswith("Cloudflare-Access resource_metadata=")
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-allow-headers"] == "x-requested-with"
    assert "no-store" in response.headers["cache-control"]
    body = response.json()
    assert (body["code"], body["error"], len(body["reference"])) == (401, "login_required", 16)
    assert body["login_url"].startswith(house.url(TEAM, "/cdn-cgi/access/login/plain.localhost?"))
    assert query_of(body["login_url"]) == {"kid": aud("plain.localhost"), "redirect_url": path}
    assert not house.reached(path)


async def test_the_login_comes_back_to_the_page_whose_script_asked(house, visitor):
    page = house.url("plain.localhost", "/list?open=3")
    headers = {**FETCH, "referer": page}
    told = (await visitor.get("plain.localhost", "/api/items", headers=headers)).json()["login_url"]
    assert query_of(told)["redirect_url"] == "/list?open=3"
    form = await visitor.choose_directory(await visitor.follow(await visitor.ask("GET", told)))
    end = await visitor.submit(form, {"sub": "alice"})
    assert (end.status_code, str(end.url)) == (200, page)


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example/list", "http://plain.localhost.evil.example/list", "//plain.localhost/x", "http://[", "x",
     "http://shop.localhost/list", ""],
)  # fmt: skip
async def test_g7_94_it_never_comes_back_to_a_page_elsewhere(visitor, referer):
    told = (await visitor.get("plain.localhost", "/api", headers={**FETCH, "referer": referer})).json()["login_url"]
    assert query_of(told)["redirect_url"] == "/api"


async def test_nothing_that_proves_anything_is_told_to_a_script(visitor):
    response = await visitor.get("plain.localhost", "/", headers=FETCH)
    assert set(query_of(response.json()["login_url"])) == {"kid", "redirect_url"}
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [{}, {"accept": "application/json"}, {"sec-fetch-mode": "cors"}, FETCH | {"sec-fetch-mode": "no-cors"},
     FETCH | {"sec-fetch-dest": "image"}, FETCH | {"sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate"}],
)  # fmt: skip
async def test_everybody_else_is_redirected_as_ever(program, headers):
    response = await program.get("plain.localhost", headers=headers)
    assert response.status_code == 302
    assert "/cdn-cgi/access/login/" in response.headers["location"]


async def test_the_documented_short_page_is_for_who_does_not_ask_for_json(program):
    response = await program.get("plain.localhost", headers={"x-requested-with": "XMLHttpRequest"})
    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/html")
    assert "401 Unauthorized" in response.text


async def test_a_script_of_somebody_who_is_signed_in_is_let_through(house, alice):
    path = unseen_path()
    assert (await alice.get("plain.localhost", path, headers=FETCH)).status_code == 200
    assert house.reached(path)


async def test_a_page_of_another_origin_may_read_where_to_sign_in_if_it_may_read_the_rest(house, visitor):
    shop = house.url("shop.localhost", "")
    response = await visitor.get("api.localhost", "/", headers={**FETCH, "origin": shop})
    assert response.status_code == 401
    assert response.headers.get_list("access-control-allow-origin") == [shop]
    assert response.headers.get_list("access-control-allow-credentials") == ["true"]
    other = await visitor.get("api.localhost", "/", headers={**FETCH, "origin": "https://evil.example"})
    assert other.status_code == 401
    assert "access-control-allow-origin" not in other.headers
