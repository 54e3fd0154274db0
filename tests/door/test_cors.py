"""Calls from pages of other origins (access.md 1.11)."""

from __future__ import annotations

import pytest
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge

PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


async def preflight(house, visitor, host, origin, **more):
    path = unseen_path()
    headers = {"origin": origin, **PREFLIGHT, **more}
    response = await visitor.ask("OPTIONS", house.url(host, path), headers=headers)
    return response, house.reached(path)


async def test_the_door_answers_a_preflight_itself(house, visitor):
    origin = house.url("wiki.localhost", "")
    response, reached = await preflight(house, visitor, "api.localhost", origin)
    assert response.status_code == 200
    assert not reached
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-methods"] == "GET, POST"
    assert response.headers["access-control-allow-headers"] == "content-type, x-requested-with"
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-max-age"] == "600"
    assert response.headers["vary"] == VARY


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://wiki.localhost.evil.example"])
async def test_another_origin_is_told_nothing(house, visitor, origin):
    response, reached = await preflight(house, visitor, "api.localhost", origin)
    assert response.status_code == 200
    assert not reached
    assert not any(name.startswith("access-control-") for name in response.headers)


async def test_every_origin_may_be_let_in_but_never_with_credentials(house, visitor):
    response, reached = await preflight(house, visitor, "anyorigin.localhost", "https://any.example")
    assert not reached
    assert response.headers["access-control-allow-origin"] == "https://any.example"
    assert response.headers["access-control-allow-methods"] == "POST"
    assert response.headers["access-control-allow-headers"] == "content-type"
    assert "access-control-allow-credentials" not in response.headers


async def test_the_request_itself_still_needs_a_session(house, visitor):
    path = unseen_path()
    response = await visitor.get("api.localhost", path, headers={"origin": house.url("wiki.localhost", "")})
    assert response.status_code == 302
    assert not house.reached(path)


async def test_options_preflight_bypass_leaves_the_answer_to_the_origin(house, visitor):
    response, reached = await preflight(house, visitor, "options.localhost", "http://any.example")
    assert response.status_code == 200
    assert reached
    assert "x-origin" in response.headers


async def test_a_preflight_that_goes_to_the_origin_carries_no_identity(house, visitor):
    path = unseen_path()
    headers = {"origin": "http://any.example", **PREFLIGHT, "cf-access-authenticated-user-email": "a@example.test"}
    await visitor.ask("OPTIONS", house.url("options.localhost", path), headers=headers)
    sent = house.at_origin(path)
    assert sent.get("cf-access-authenticated-user-email") is None
    assert sent.get("cf-access-jwt-assertion") is None


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_g4_55_the_bypass_is_for_preflights_only(house, visitor, method):
    path = unseen_path()
    response = await visitor.ask(method, house.url("options.localhost", path), headers={"origin": "http://any.example"})
    assert response.status_code == 302
    assert not house.reached(path)


@pytest.mark.parametrize("body", [b"{}", b"x" * 10_000])
async def test_g4_56_a_preflight_with_a_body_is_none(house, visitor, body):
    path = unseen_path()
    headers = {"origin": "http://any.example", **PREFLIGHT}
    response = await visitor.ask("OPTIONS", house.url("options.localhost", path), headers=headers, content=body)
    assert response.status_code == 302
    assert not house.reached(path)
