"""One login at an application with several host names, through a real Envoy (access.md 1.3, 7.6)."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from tests.door.house import TEAM, aud
from tests.door.running import claims_of
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge

HOSTS = ("one.localhost", "two.localhost", "three.localhost")


def way(visitor, begin=0):
    parts = [urlsplit(str(one.url)) for one in visitor.trail[begin:]]
    return [(part.hostname, part.path.removeprefix("/cdn-cgi/access")) for part in parts]


async def test_one_login_opens_every_host_name(house, visitor):
    path = unseen_path()
    page = await visitor.sign_in(HOSTS[0], path)
    assert page.status_code == 200
    assert house.reached(path)
    tokens = [claims_of(visitor.cookie(host)) for host in HOSTS]
    assert {token["identity_nonce"] for token in tokens} == {tokens[0]["identity_nonce"]}
    assert all(token["aud"] == [aud("one.localhost")] for token in tokens)
    for host in HOSTS[1:]:
        target = unseen_path()
        assert (await visitor.get(host, target)).status_code == 200
        assert house.reached(target)


async def test_the_way_of_a_walk(visitor):
    await visitor.sign_in(HOSTS[0], "/page")
    walked = way(visitor)
    begin = walked.index((HOSTS[0], "/authorized"))
    assert walked[begin:] == [
        (HOSTS[0], "/authorized"),
        (HOSTS[1], "/walk"), (TEAM, f"/walk/{HOSTS[1]}"), (HOSTS[1], "/authorized"),
        (HOSTS[2], "/walk"), (TEAM, f"/walk/{HOSTS[2]}"), (HOSTS[2], "/authorized"),
        (HOSTS[0], "/page"),
    ]  # fmt: skip
    assert not visitor.cookie("x.more.localhost")


async def test_signing_out_ends_the_tokens_of_every_host_name(house, visitor):
    await visitor.sign_in(HOSTS[0])
    kept = {host: visitor.cookie(host) for host in HOSTS}
    assert (await visitor.get(HOSTS[1], "/cdn-cgi/access/logout")).status_code == 200
    for host in HOSTS:
        cookie = {"cookie": f"CF_Authorization={kept[host]}"}
        async with asyncio.timeout(20):
            response = await visitor.get(host, unseen_path(), headers=cookie)
            while response.status_code == 200:
                await asyncio.sleep(0.05)
                response = await visitor.get(host, unseen_path(), headers=cookie)
        assert response.status_code == 302, host
        assert TEAM in response.headers["location"]


async def test_lazily_each_gets_its_cookie_at_its_first_visit(house, visitor):
    await visitor.sign_in("uno.localhost")
    assert visitor.cookie("uno.localhost")
    assert not visitor.cookie("due.localhost")
    before, path = len(visitor.trail), unseen_path()
    assert (await visitor.open("due.localhost", path)).status_code == 200
    assert house.reached(path)
    assert way(visitor, before)[1:3] == [(TEAM, "/login/due.localhost"), ("due.localhost", "/authorized")]


async def test_a_wildcard_host_is_walked_from(visitor):
    await visitor.sign_in("x.more.localhost")
    assert all(visitor.cookie(host) for host in (*HOSTS, "x.more.localhost"))


async def test_an_exact_host_of_another_application_goes_before_the_wildcard(house, visitor):
    """Both directions: the token of one is worth nothing at the other (access.md 7.6)."""
    await visitor.sign_in("x.more.localhost")
    wildcard = visitor.cookie("x.more.localhost")
    assert claims_of(wildcard)["aud"] == [aud("one.localhost")]
    response = await visitor.get("exact.more.localhost", "/", headers={"cookie": f"CF_Authorization={wildcard}"})
    assert response.status_code == 302
    await visitor.open("exact.more.localhost")
    exact = visitor.cookie("exact.more.localhost")
    assert claims_of(exact)["aud"] == [aud("exact.more.localhost")]
    response = await visitor.get("y.more.localhost", "/", headers={"cookie": f"CF_Authorization={exact}"})
    assert response.status_code == 302


async def test_path_cookies_stand_beside_each_other(house, visitor):
    await visitor.sign_in("parts.localhost", "/b/page")
    assert visitor.cookie("parts.localhost", path="/b")
    assert visitor.cookie("side.localhost", path="/")
    assert (await visitor.open("parts.localhost", "/a/page")).status_code == 200
    tokens = {path: claims_of(visitor.cookie("parts.localhost", path=path))["aud"] for path in ("/a", "/b")}
    assert tokens == {"/a": [aud("parts.localhost/a")], "/b": [aud("parts.localhost/b")]}
    for path in ("/a/next", "/b/next"):
        assert (await visitor.get("parts.localhost", path)).status_code == 200
    swapped = {"cookie": f"CF_Authorization={visitor.cookie('parts.localhost', path='/a')}"}
    assert (await visitor.get("parts.localhost", "/b/next", headers=swapped)).status_code == 302
