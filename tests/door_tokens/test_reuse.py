"""The app token a program earned: given as a cookie and taken again in the classic way, never in the strict one."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.door.running import browser, claims_of
from tests.door.visitor import Visitor, set_cookies, unseen_path
from tests.door_tokens.place import Programs

WAYS = ("cookie", "cf-access-token", "cf-access-jwt-assertion")


def sent(way: str, token: str) -> dict[str, str]:
    return {"cookie": f"CF_Authorization={token}"} if way == "cookie" else {way: token}


async def token_at_origin(programs: Programs, host: str) -> str:
    """What the application was given about the program."""
    path = unseen_path()
    assert (await programs.get(host, path, headers=programs.ci.pair)).status_code == 200
    token = programs.house.at_origin(path).get("cf-access-jwt-assertion")
    assert token
    return token


async def test_classic_success_gives_a_cookie_that_lasts_as_long_as_the_token(classic: Programs) -> None:
    response = await classic.get("any.localhost", headers=classic.ci.pair)
    cookie = set_cookies(response)["CF_Authorization"]
    claims = claims_of(cookie["value"])
    assert claims["common_name"] == classic.ci.client_id
    assert abs(int(cookie["max-age"]) - (claims["exp"] - time.time())) < 5
    assert "httponly" in cookie


async def test_strict_success_gives_no_cookie(strict: Programs) -> None:
    for host in ("any.localhost", "robots.localhost", "bound.localhost"):
        response = await strict.get(host, headers=strict.ci.pair)
        assert response.status_code == 200
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", ["any.localhost", "robots.localhost", "mixed.localhost"])
async def test_classic_the_app_token_is_taken_in_place_of_the_headers(classic: Programs, host: str, way: str) -> None:
    token = await token_at_origin(classic, host)
    path = unseen_path()
    response = await classic.get(host, path, headers=sent(way, token))
    assert response.status_code == 200
    assert classic.house.at_origin(path).get("cf-access-jwt-assertion") == token
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("host", "status"), [("any.localhost", 403), ("robots.localhost", 403), ("mixed.localhost", 302)]
)
async def test_strict_the_app_token_is_not_taken_in_place_of_the_headers(
    strict: Programs, host: str, status: int, way: str
) -> None:
    token = await token_at_origin(strict, host)
    path = unseen_path()
    assert (await strict.get(host, path, headers=sent(way, token))).status_code == status
    assert not strict.house.reached(path)


async def test_classic_a_client_that_keeps_cookies_works_as_it_does_with_the_hosted_service(classic: Programs) -> None:
    async with browser() as client:
        url = classic.house.url("any.localhost", "/")
        first = await client.get(url, headers=classic.ci.pair)
        assert "set-cookie" in first.headers
        for headers in ({}, classic.ci.pair, {}):
            again = await client.get(url, headers=headers)
            assert again.status_code == 200
            assert "set-cookie" not in again.headers


async def test_g6_91_an_app_token_of_one_application_opens_no_other(classic: Programs) -> None:
    token = await token_at_origin(classic, "any.localhost")
    for way in WAYS:
        assert (await classic.get("robots.localhost", headers=sent(way, token))).status_code == 403
        assert (await classic.get("people.localhost", headers=sent(way, token))).status_code == 302


async def test_g5_70_the_app_token_of_a_program_is_nobodys_session(classic: Programs) -> None:
    token = await token_at_origin(classic, "mixed.localhost")
    response = await classic.get("mixed.localhost", "/cdn-cgi/access/get-identity", headers=sent("cookie", token))
    assert response.status_code >= 400
    assert "email" not in response.text


async def test_classic_another_programs_cookie_does_not_change_who_this_one_is(classic: Programs) -> None:
    _, other = classic.fresh()
    cookie = set_cookies(await classic.get("any.localhost", headers=other.pair))["CF_Authorization"]["value"]
    path = unseen_path()
    both = classic.ci.pair | sent("cookie", cookie)
    assert (await classic.get("any.localhost", path, headers=both)).status_code == 200
    token = classic.house.at_origin(path).get("cf-access-jwt-assertion")
    assert claims_of(token or "")["common_name"] == classic.ci.client_id
    assert classic.house.at_origin(path).get("cookie") == f"CF_Authorization={token}"


async def test_classic_a_signed_in_person_and_a_program_share_an_application(
    classic: Programs, visitor: Visitor
) -> None:
    path = unseen_path()
    assert (await visitor.sign_in("mixed.localhost")).status_code == 200
    assert (await visitor.get("mixed.localhost", path)).status_code == 200
    assert classic.house.at_origin(path).get("cf-access-authenticated-user-email") == "alice@example.test"
    path = unseen_path()
    assert (await visitor.get("mixed.localhost", path, headers=classic.ci.pair)).status_code == 200
    seen = classic.house.at_origin(path)
    assert seen.get("cf-access-authenticated-user-email") is None
    assert claims_of(seen.get("cf-access-jwt-assertion") or "")["common_name"] == classic.ci.client_id


async def test_strict_a_signed_in_person_gains_nothing_from_headers(strict: Programs) -> None:
    async with Visitor(strict.house) as visitor:
        assert (await visitor.sign_in("people.localhost")).status_code == 200
        assert (await visitor.get("people.localhost")).status_code == 200
        assert (await visitor.get("people.localhost", headers=strict.ci.pair)).status_code == 403
        wrong = strict.ci.but(client_secret="wrong").pair
        assert (await visitor.get("people.localhost", headers=wrong)).status_code == 401
        assert (await visitor.get("people.localhost")).status_code == 200


async def test_classic_a_binding_cookie_binds_programs_too(classic: Programs) -> None:
    response = await classic.get("bound.localhost", headers=classic.ci.pair)
    assert response.status_code == 200
    cookies = {name: cookie["value"] for name, cookie in set_cookies(response).items()}
    assert set(cookies) == {"CF_Authorization", "CF_Binding"}
    both = "; ".join(f"{name}={value}" for name, value in cookies.items())
    assert (await classic.get("bound.localhost", headers={"cookie": both})).status_code == 200
    alone = sent("cookie", cookies["CF_Authorization"])
    assert (await classic.get("bound.localhost", headers=alone)).status_code == 403


async def test_classic_a_hundred_at_once_get_one_token(classic: Programs) -> None:
    _, credentials = classic.fresh()
    answers = await asyncio.gather(*(classic.get("any.localhost", headers=credentials.pair) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({set_cookies(answer)["CF_Authorization"]["value"] for answer in answers}) == 1
