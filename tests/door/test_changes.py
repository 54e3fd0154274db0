"""What an operator changes while people are signed in: the file, the keys. This door is not shared."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from tests.door.house import APPLICATIONS, configuration, standing
from tests.door.running import claims_of, eventually
from tests.door.visitor import Visitor, unseen_path

pytestmark = pytest.mark.edge

ALLOWED = "email_domain: {domain: example.test}"
FAST, SLOW = "wiki.localhost", "here.localhost"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    few = {FAST, SLOW, "notes.localhost"}
    kinds = tuple(kind for kind in APPLICATIONS if kind.domain in few)
    with standing(tmp_path_factory.mktemp("changes"), configuration(kinds=kinds)) as house:
        yield house


@pytest.fixture
async def somebody(own):
    async with Visitor(own) as visitor:
        assert (await visitor.sign_in(FAST)).status_code == 200
        assert (await visitor.open(SLOW)).status_code == 200
        yield visitor


async def kids(visitor):
    return [key["kid"] for key in (await visitor.team("/certs")).json()["keys"]]


async def rotate(house, visitor):
    before = await kids(visitor)
    ran = house.door.run("keys", "rotate", "--json")
    assert ran.returncode == 0, ran.stderr
    (current,) = [key["kid"] for key in json.loads(ran.stdout) if key["state"] == "current"]
    deadline = time.monotonic() + 5
    while (await kids(visitor))[0] != current:
        assert time.monotonic() < deadline, "the running door did not notice"
        await asyncio.sleep(0.05)
    return before, current


async def test_a_policy_that_no_longer_allows_holds_at_the_next_request(own, somebody):
    text = own.door.configuration.read_text()
    tokens = {host: somebody.cookie(host) for host in (FAST, SLOW)}
    await own.door.reload(text.replace(ALLOWED, "email_domain: {domain: nowhere.test}"))
    try:
        for host in (FAST, SLOW):
            path = unseen_path()
            response = await somebody.get(host, path)
            assert response.status_code in {302, 403}, host
            assert not own.reached(path)
        assert (await somebody.open(FAST)).status_code == 403
    finally:
        await own.door.reload(text)
    for host, token in tokens.items():
        async with Visitor(own, headers={}) as program:
            response = await program.get(host, headers={"cookie": f"CF_Authorization={token}"})
        assert response.status_code == 200, host


async def test_a_policy_that_still_allows_asks_nobody_to_sign_in_again(own, somebody):
    text = own.door.configuration.read_text()
    await own.door.reload(text.replace(ALLOWED, f"{ALLOWED}}}, {{email: {{email: guest@elsewhere.test}}"))
    try:
        path, old = unseen_path(), somebody.cookie(FAST)
        assert (await somebody.get(FAST, path)).status_code == 200
        assert own.reached(path)
        new = somebody.cookie(FAST)
        assert claims_of(new)["sub"] == claims_of(old)["sub"]
        assert own.at_origin(path).get("cf-access-jwt-assertion") == new
    finally:
        await own.door.reload(text)


async def test_an_application_that_is_added_is_there_without_a_restart(own, somebody):
    text = own.door.configuration.read_text()
    assert (await somebody.get("new.localhost")).status_code == 404
    await own.door.reload(f"{text}  - {{name: New, domain: new.localhost, policies: [Staff]}}\n")
    assert (await somebody.open("new.localhost")).status_code == 200
    await own.door.reload(text)
    assert (await somebody.get("new.localhost")).status_code == 404


async def test_a_path_that_is_opened_to_everybody_and_closed_again(own, somebody):
    text = own.door.configuration.read_text()
    path = f"/open{unseen_path()}"
    async with Visitor(own) as stranger:
        assert (await stranger.get(FAST, path)).status_code == 302
        opened = "  - {name: Open, domain: wiki.localhost/open, policies: [Everybody may look]}\n"
        await own.door.reload(text + opened)
        assert (await stranger.get(FAST, path)).status_code == 200
        assert (await stranger.get(FAST)).status_code == 302
        await own.door.reload(text)
        assert (await stranger.get(FAST, path)).status_code == 302


async def test_a_file_with_mistakes_changes_nothing(own, somebody):
    text = own.door.configuration.read_text()
    before = own.door.log.read_text().count("configuration_refused")
    own.door.configuration.write_text(text.replace("decision: allow", "decision: maybe"))
    own.door.process.send_signal(1)
    await eventually(lambda: own.door.log.read_text().count("configuration_refused") > before)
    own.door.configuration.write_text(text)
    assert (await somebody.get(FAST)).status_code == 200
    async with Visitor(own) as stranger:
        assert (await stranger.get(FAST)).status_code == 302


async def test_rotating_the_keys_signs_nobody_out(own, somebody):
    old = {host: somebody.cookie(host) for host in (FAST, SLOW)}
    before, current = await rotate(own, somebody)
    published = await kids(somebody)
    assert published[0] == current
    assert set(before) <= set(published)
    assert len(published) >= 2

    for host, token in old.items():
        async with Visitor(own, headers={}) as program:
            response = await program.get(host, headers={"cookie": f"CF_Authorization={token}"})
        assert response.status_code == 200, host
    assert (await somebody.team("/get-identity")).status_code == 200

    page = await somebody.open("notes.localhost")
    assert page.status_code == 200
    async with Visitor(own) as newcomer:
        await newcomer.sign_in(FAST)
        assert (await newcomer.get(FAST)).status_code == 200
        newest = newcomer.cookie(FAST)
    assert header_of(newest)["kid"] == current
    assert header_of(old[FAST])["kid"] == before[0]


async def test_a_login_under_way_survives_a_rotation(own):
    async with Visitor(own) as visitor:
        page = await visitor.open(FAST)
        await rotate(own, visitor)
        form = await visitor.choose_directory(page)
        assert (await visitor.submit(form, {"sub": "alice"})).status_code == 200


async def test_keys_are_listed_as_they_are_published(own):
    listed = json.loads(own.door.run("keys", "list", "--json").stdout)
    async with Visitor(own) as visitor:
        published = await kids(visitor)
    assert {key["kid"] for key in listed if key["state"] != "over"} == set(published)
    assert [key["kid"] for key in listed if key["state"] == "current"] == published[:1]


def header_of(token):
    import base64

    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
