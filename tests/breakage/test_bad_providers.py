"""An identity provider that answers nonsense, or not at all: a clear page, and nobody signed in."""

from __future__ import annotations

import base64
import json

import pytest
from tests.breakage.house import SCRIPTED, log_since, mark
from tests.breakage.pages import is_clear
from tests.door.visitor import Visitor, query_of
from tests.edge.recording_origin import Reply

pytestmark = pytest.mark.edge

HTML = [("content-type", "text/html")]
JSON = [("content-type", "application/json")]


def part(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


UNSIGNED = f"{part({'alg': 'none'})}.{part({'sub': 'alice', 'email': 'alice@example.test'})}."

ANSWERS = {
    "an error page": Reply(500, HTML, b"<h1>Internal Server Error</h1>"),
    "a page where JSON is due": Reply(200, HTML, b"<h1>Welcome</h1>"),
    "a list": Reply(200, JSON, b"[]"),
    "null": Reply(200, JSON, b"null"),
    "no token": Reply(200, JSON, b"{}"),
    "a number as token": Reply(200, JSON, b'{"id_token": 1}'),
    "no JWT": Reply(200, JSON, b'{"id_token": "not a token"}'),
    "an unsigned token": Reply(200, JSON, json.dumps({"id_token": UNSIGNED}).encode()),
    "a huge token": Reply(200, JSON, b'{"id_token": "' + b"A" * 3_000_000 + b'"}'),
    "not UTF-8": Reply(200, JSON, b'{"id_token": "\xff\xfe"}'),
    "deeply nested": Reply(200, JSON, b"[" * 200_000),
    "huge numbers": Reply(200, JSON, b'{"expires_in": ' + b"9" * 5_000 + b', "id_token": "a.b.c"}'),
    "a redirect": Reply(302, [("location", "http://127.0.0.1:1/")], b""),
    "an OAuth error": Reply(400, JSON, b'{"error": "invalid_grant", "error_description": "<script>alert(1)</script>"}'),
    "an error that is no text": Reply(400, JSON, b'{"error": {"a": [1]}}'),
    "nothing": Reply(raw=b""),
    "no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
    "half an answer": Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"),
    "lying compression": Reply(200, [*JSON, ("content-encoding", "gzip")], b"{}"),
}  # fmt: skip


@pytest.fixture
def provider_says(house):
    """Tell the scripted provider's token endpoint what to answer."""
    greeting = house.origin.reply

    def says(answer, keys=None):
        def reply(request):
            if request.target.startswith("/provider/token"):
                return answer
            if request.target.startswith("/provider/keys"):
                return keys or Reply(200, JSON, b'{"keys": []}')
            return greeting(request)

        house.origin.reply = reply

    yield says
    house.origin.reply = greeting


async def begun(visitor: Visitor) -> str:
    """Sign in as far as the provider; the ``state`` it got."""
    response = await visitor.open(SCRIPTED, until="/provider/authorize")
    return query_of(response.headers["location"])["state"]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_token_endpoint_that_answers_nonsense_ends_in_a_clear_page(house, provider_says, answer):
    provider_says(answer)
    at = mark(house.door)
    async with Visitor(house) as visitor:
        state = await begun(visitor)
        response = await visitor.team("/callback", params={"code": "a-code-to-keep-secret", "state": state})
        is_clear(response, 400, 403, 500, 502, 503)
        assert response.status_code != 500, "that would be our mistake"
        assert "<script>" not in response.text
        assert not visitor.cookie(SCRIPTED)
        assert not [cookie for cookie in visitor.client.cookies.jar if cookie.name == "CF_Authorization"]
    said = log_since(house.door, at)
    assert "Traceback" not in said
    assert "a-code-to-keep-secret" not in said


@pytest.mark.parametrize(
    "keys",
    [Reply(500, HTML, b"no"), Reply(200, JSON, b"[]"), Reply(200, JSON, b'{"keys": 1}'), Reply(200, JSON, b'{"keys": [1, {}, {"kty": "RSA"}]}'),
     Reply(raw=b""), Reply(200, JSON, b'{"keys": [' + b'{"kty":"oct","k":"YQ"},' * 20_000 + b"{}]}")],
    ids=["an error page", "a list", "a number", "keys that are none", "nothing", "a great many"],
)  # fmt: skip
async def test_a_key_set_that_is_none_ends_in_a_clear_page(house, provider_says, keys):
    token = f"{part({'alg': 'RS256', 'kid': 'k'})}.{part({'sub': 'alice'})}.{part('signature')}"
    provider_says(Reply(200, JSON, json.dumps({"id_token": token, "access_token": "secret"}).encode()), keys)
    at = mark(house.door)
    async with Visitor(house) as visitor:
        state = await begun(visitor)
        response = await visitor.team("/callback", params={"code": "code", "state": state})
        is_clear(response, 400, 403, 502, 503)
    assert "Traceback" not in log_since(house.door, at)


async def test_a_provider_that_never_answers_does_not_hold_the_visitor_for_ever(house, provider_says, measured):
    provider_says(Reply(200, JSON, b"{}", delay=40))
    at = mark(house.door)
    async with Visitor(house) as visitor:
        visitor.client.timeout = 35
        state = await begun(visitor)
        response = await visitor.team("/callback", params={"code": "code", "state": state})
        is_clear(response, 502, 503)
        measured(f"a page after {response.elapsed.total_seconds():.1f} s")
    assert "Traceback" not in log_since(house.door, at)


ERRORS = {
    "denied": ({"error": "access_denied", "error_description": "She said <b>no</b>"}, 403),
    "unavailable": ({"error": "temporarily_unavailable"}, 503),
    "unknown": ({"error": "x" * 2000}, 502),
    "with control characters": ({"error": "a\r\nb\x00c", "error_description": "\x1b[31mred"}, 502),
    "no code at all": ({}, 400),
    "empty code": ({"code": ""}, 400),
    "two answers at once": ({"code": "code", "error": "access_denied"}, 403),
}


@pytest.mark.parametrize(("answer", "status"), ERRORS.values(), ids=ERRORS.keys())
async def test_a_provider_that_says_no_is_a_clear_page(house, answer, status):
    at = mark(house.door)
    async with Visitor(house) as visitor:
        state = await begun(visitor)
        response = await visitor.team("/callback", params={**answer, "state": state})
        is_clear(response, status, 400, 403, 502)
        assert "<b>no</b>" not in response.text
        assert "\x1b" not in response.text
    said = log_since(house.door, at)
    assert "Traceback" not in said
    assert "\x1b" not in said
