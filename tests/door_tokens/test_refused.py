"""What a program without good credentials is answered (access.md 1.2, 3.4), and that nothing reaches the origin."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from tests.door.house import TEAM, aud
from tests.door.visitor import unseen_path
from tests.door_tokens.place import Credentials, Programs

WRONG = {"client_secret": "cfast_" + "x" * 48}


def pairs_of(ci: Credentials, stranger: Credentials) -> dict[str, list[tuple[str, str]]]:
    """Header lists that authenticate nobody."""
    identity, secret = ("cf-access-client-id", ci.client_id), ("cf-access-client-secret", ci.client_secret)
    return {
        "a wrong secret": [identity, ("cf-access-client-secret", WRONG["client_secret"])],
        "a secret that is a word": [identity, ("cf-access-client-secret", "hunter2")],
        "the secret of another token": [identity, ("cf-access-client-secret", stranger.client_secret)],
        "an unknown id": [("cf-access-client-id", "0" * 32 + ".access"), secret],
        "an id that is a name": [("cf-access-client-id", "ci"), secret],
        "the id alone": [identity],
        "the secret alone": [secret],
        "an empty secret": [identity, ("cf-access-client-secret", "")],
        "both empty": [("cf-access-client-id", ""), ("cf-access-client-secret", "")],
        "the id twice": [identity, identity, secret],
        "the secret twice": [identity, secret, secret],
        "two different ids": [identity, ("cf-access-client-id", stranger.client_id), secret],
        "a good secret after a wrong one": [identity, ("cf-access-client-secret", "wrong"), secret],
        "id and secret exchanged": [("cf-access-client-id", ci.client_secret), ("cf-access-client-secret", ci.client_id)],
        "a hash in place of the secret": [identity, ("cf-access-client-secret", "0" * 64)],
    }  # fmt: skip


CASES = list(pairs_of(Credentials("", "", ""), Credentials("", "", "")))


async def refused(programs: Programs, host: str, headers: list[tuple[str, str]], **more: str) -> httpx.Response:
    path = unseen_path()
    response = await programs.get(host, path, headers=[*headers, *more.items()])
    assert not programs.house.reached(path)
    assert "set-cookie" not in response.headers or response.status_code == 302
    return response


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("host", ["robots.localhost", "mixed.localhost", "people.localhost", "any.localhost"])
async def test_g10_149_strict_what_authenticates_nobody_is_401(strict: Programs, host: str, case: str) -> None:
    response = await refused(strict, host, pairs_of(strict.ci, strict.stranger)[case])
    assert response.status_code == 401
    assert "location" not in response.headers
    assert response.headers["cf-access-error"] == "1"
    assert response.headers["cf-access-aud"] == aud(host)
    assert response.headers["www-authenticate"].startswith("Cloudflare-Access ")
    assert "no-store" in response.headers["cache-control"]


@pytest.mark.parametrize("case", CASES)
async def test_g10_149_classic_what_authenticates_nobody_is_as_good_as_nothing(classic: Programs, case: str) -> None:
    headers = pairs_of(classic.ci, classic.stranger)[case]
    for host, status in (("robots.localhost", 403), ("robots401.localhost", 401), ("mixed.localhost", 302)):
        response = await refused(classic, host, headers)
        assert response.status_code == status
        if status == 302:
            assert response.headers["location"].startswith(classic.house.url(TEAM, "/cdn-cgi/access/login/"))


@pytest.mark.parametrize("host", ["people.localhost", "wrongly.localhost", "own.localhost", "elsewhere.localhost"])
async def test_strict_a_good_token_that_no_service_policy_means_is_403(strict: Programs, host: str) -> None:
    credentials = strict.stranger if host == "elsewhere.localhost" else strict.ci
    response = await refused(strict, host, list(credentials.pair.items()))
    assert response.status_code == 403
    assert "location" not in response.headers


async def test_classic_a_good_token_that_no_service_policy_means(classic: Programs) -> None:
    for host, status in (("robots.localhost", 403), ("mixed.localhost", 302), ("people.localhost", 302)):
        assert (await refused(classic, host, list(classic.stranger.pair.items()))).status_code == status


async def test_classic_a_token_named_only_in_an_allow_policy_is_sent_to_the_login(classic: Programs) -> None:
    assert (await refused(classic, "wrongly.localhost", list(classic.ci.pair.items()))).status_code == 302


async def test_who_asks_for_json_is_answered_in_json(strict: Programs) -> None:
    wrong = list(strict.ci.but(**WRONG).pair.items())
    response = await refused(strict, "robots.localhost", wrong, accept="application/json")
    assert response.status_code == 401
    assert response.json()["code"] == 401
    assert len(response.json()["reference"]) == 16
    response = await refused(strict, "people.localhost", list(strict.ci.pair.items()), accept="application/json")
    assert (response.status_code, response.json()["code"]) == (403, 403)


async def test_everybody_else_gets_a_page_that_says_what_to_do_and_not_what_is_wrong(strict: Programs) -> None:
    pages = []
    for case in ("a wrong secret", "an unknown id", "the id alone"):
        response = await refused(strict, "robots.localhost", pairs_of(strict.ci, strict.stranger)[case])
        assert response.headers["content-type"].startswith("text/html")
        assert "CF-Access-Client-Secret" in response.text
        said = re.findall(r"<(?:h1|p)[ >].*?</", response.text)
        pages.append(tuple(sentence for sentence in said if 'class="hint"' not in sentence))
        assert len(pages[-1]) > 3
    assert len(set(pages)) == 1


async def test_401_in_place_of_403_where_that_is_set(either: Programs) -> None:
    assert (await refused(either, "robots401.localhost", [])).status_code == 401
    assert (await refused(either, "robots.localhost", [])).status_code == 403


async def test_strict_a_bad_token_is_401_even_where_everybody_may_look(strict: Programs) -> None:
    wrong = list(strict.ci.but(**WRONG).pair.items())
    assert (await refused(strict, "open.localhost", wrong)).status_code == 401
    assert (await strict.get("open.localhost")).status_code == 200


async def test_classic_a_bad_token_is_nothing_where_everybody_may_look(classic: Programs) -> None:
    path = unseen_path()
    wrong = classic.ci.but(**WRONG).pair
    assert (await classic.get("open.localhost", path, headers=wrong)).status_code == 200
    assert "cf-access-client" not in str(classic.house.at_origin(path).headers)


async def test_people_are_not_concerned(either: Programs) -> None:
    for host in ("mixed.localhost", "people.localhost"):
        assert (await refused(either, host, [])).status_code == 302


async def test_a_websocket_is_refused_like_any_request(either: Programs) -> None:
    upgrade = [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-version", "13"),
               ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")]  # fmt: skip
    response = await refused(either, "robots.localhost", [*upgrade, *either.ci.but(**WRONG).pair.items()])
    assert response.status_code in {401, 403}


async def test_many_wrong_guesses_at_once_open_nothing(strict: Programs) -> None:
    guesses = [strict.ci.but(client_secret=f"cfast_{number:048}").pair for number in range(60)]
    answers = await asyncio.gather(*(strict.get("robots.localhost", headers=guess) for guess in guesses))
    assert {answer.status_code for answer in answers} == {401}
    assert (await strict.get("robots.localhost", headers=strict.ci.pair)).status_code == 200
