"""What a visitor sees when nobody of ours can make a page: Envoy's own, which must be fit for people too."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import signal

import pytest
from tests.breakage.house import ANONYMOUS, FAST, text
from tests.breakage.pages import shows_nothing_inside
from tests.door.house import standing
from tests.door.running import browser
from tests.door.visitor import Visitor
from tests.edge.recording_origin import Reply

pytestmark = pytest.mark.edge

REFERENCE = re.compile(r'<dl class="reference">.*?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4})\b', re.DOTALL)


def is_page_of_the_edge(response, words: str) -> None:
    assert response.status_code == 503
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert words in response.text
    assert REFERENCE.search(response.text), response.text
    assert "upstream" not in response.text
    assert "%" not in response.text, "a piece of a format string"
    shows_nothing_inside(response.text)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["retry-after"] == "5"
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]


@pytest.fixture(scope="module")
def half_house(tmp_path_factory):
    """A door with one application that is not there."""
    away = 'ingress:\n  - {hostname: notes.localhost, service: "http://127.0.0.1:9"}\n'
    with standing(tmp_path_factory.mktemp("half"), text().replace("ingress:\n", away)) as house:
        yield house


async def test_an_application_that_is_away_is_said_to_be_away(half_house):
    async with Visitor(half_house) as visitor:
        response = await visitor.sign_in("notes.localhost", "/away")
        is_page_of_the_edge(response, "The application does not answer")
        scripted = await visitor.get("notes.localhost", "/away", headers={"content-type": "application/json"})
        is_page_of_the_edge(scripted, "The application does not answer")


async def test_a_grpc_client_of_an_application_that_is_away_gets_no_page(half_house):
    async with Visitor(half_house) as visitor:
        await visitor.sign_in("notes.localhost", "/away")
        grpc = {"content-type": "application/grpc", "te": "trailers"}
        response = await visitor.ask("POST", half_house.url("notes.localhost", "/a.Service/Call"), headers=grpc)
        assert response.headers["grpc-status"] == "14"
        assert "html" not in response.headers["grpc-message"].lower()
        assert not response.text


async def test_a_control_plane_that_is_away_is_said_to_be_away(house):
    control = house.door.children()["control"]
    os.kill(control, signal.SIGSTOP)
    try:
        async with browser() as client:
            client.headers.update(ANONYMOUS)
            is_page_of_the_edge(await client.get(house.url(FAST, "/undecided")), "The door cannot decide right now")
            head = await client.head(house.url(FAST, "/undecided"))
            assert (head.status_code, head.text) == (503, "")
            os.kill(control, signal.SIGKILL)
            login = await client.get(house.team("/login/wiki.localhost"))
            is_page_of_the_edge(login, "The door cannot decide right now")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(control, signal.SIGKILL)
    assert not house.reached("/undecided")


async def test_what_the_origin_itself_says_is_left_as_it_is(house):
    """Its own 503 is not ours."""
    greeting = house.origin.reply
    house.origin.reply = lambda _: Reply(
        503, [("content-type", "text/plain"), ("x-origin", "busy")], b"busy, says the origin"
    )
    try:
        async with browser() as client:
            response = await client.get(house.url("open.localhost", "/busy"), headers=ANONYMOUS)
    finally:
        house.origin.reply = greeting
    assert (response.status_code, response.text) == (503, "busy, says the origin")
