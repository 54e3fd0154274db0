"""What visitors send does not get into the log in a way that hurts (docs/attacks.md, G10 154)."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from tests.breakage.house import ANONYMOUS, FAST, SLOW, log_since, mark, signed_in, text
from tests.breakage.raw import request, send
from tests.door.house import TEAM, standing
from tests.door.running import browser
from tests.door.visitor import Visitor

pytestmark = pytest.mark.edge

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
FORGED = '{"level": "error", "event": "forged"}'
SAID = (
    b'"}\\n{"level": "error", "event": "forged"}',
    b"\xc2\x9b31mred",
    b"\xe2\x80\xa8new line \xe2\x80\xae reversed",
    b"%0a" + FORGED.encode().replace(b" ", b"%20"),
    b"\t\t" + FORGED.encode(),
    b"${jndi:ldap://x/a} %s %n {0}",
    b"\xff\xfe not UTF-8",
)


async def misbehave(house, token: str) -> None:
    """Say all that in every header that might be logged, at places that are."""
    port = house.door.port
    for host in ("closed.localhost", FAST, TEAM, "nobody.localhost"):
        authority = f"{host}:{port}".encode()
        for said in SAID:
            lines = [
                name + b": " + said
                for name in (b"user-agent", b"referer", b"origin", b"accept", b"x-request-id", b"x-forwarded-for")
            ]
            target = b"/logged?q=" + re.sub(rb"[^!-~]", b"", said)
            for path in (
                target,
                b"/cdn-cgi/access/callback?state=" + token.encode(),
                b"/cdn-cgi/access/login/x?meta=" + token.encode(),
            ):
                await send(port, request(authority, path, *lines, b"cf-access-token: " + token.encode()))
                await send(port, request(authority, path, *lines, b"cf-access-jwt-assertion: " + token.encode() + b"x"))


def is_clean(said: str, *secrets: str) -> None:
    assert not CONTROL.search(said), CONTROL.search(said)
    assert "eyJ" not in said, "a token"
    for secret in secrets:
        assert secret not in said
    for line in said.splitlines():
        assert "forged" not in line[:60], line


async def test_g10_154_no_token_no_control_character_and_no_forged_line_as_json(house):
    somebody, at = await signed_in(house), mark(house.door)
    await misbehave(house, somebody.token)
    async with Visitor(house) as visitor:
        await visitor.sign_in(FAST, "/logged?token=" + somebody.token)
    await asyncio.sleep(0.5)
    said = log_since(house.door, at)
    is_clean(said, somebody.token, "any secret will do", "CF_Authorization=")
    for line in said.splitlines():
        assert json.loads(line)["event"] != "forged", line
    assert '"closed.localhost"' in said, "it did log what happened"


@pytest.fixture(scope="module")
def talking_house(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("talking"), text().replace("format: json", "format: text")) as house:
        yield house


async def test_g10_154_the_same_as_text(talking_house):
    house = talking_house
    somebody, at = await signed_in(house), mark(house.door)
    await misbehave(house, somebody.token)
    await asyncio.sleep(0.5)
    said = log_since(house.door, at)
    is_clean(said, somebody.token, "any secret will do", "CF_Authorization=")
    assert all(re.match(r"(control|envoy|doorward) +\| ", line) for line in said.splitlines()), said
    assert "closed.localhost" in said


async def test_the_id_in_the_log_is_the_one_the_origin_gets_and_no_visitor_chooses_it(house):
    somebody, at = await signed_in(house, SLOW), mark(house.door)
    chosen = "11111111-2222-4333-8444-555555555555"
    async with browser() as client:
        await client.get(house.url(SLOW, "/with-id"), headers={**somebody.headers, "x-request-id": chosen})
        refused = await client.get(
            house.url("closed.localhost", "/with-id"), headers={**ANONYMOUS, "x-request-id": chosen}
        )
    seen = house.at_origin("/with-id").get("x-request-id")
    assert seen
    assert seen != chosen
    (decision,) = [
        line
        for line in map(json.loads, log_since(house.door, at).splitlines())
        if line.get("host") == "closed.localhost"
    ]
    assert decision["request_id"] != chosen
    assert decision["reference"] in refused.text
    assert decision["reference"] == decision["request_id"].replace("-", "")[:16]
