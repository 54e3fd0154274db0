"""What a client says about itself, and what an origin or the check says back (group 3, and 48 and 154)."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.attacks.wire import ask
from tests.door.running import claims_of, eventually
from tests.door.visitor import location, unseen_path

pytestmark = pytest.mark.edge

EMAIL = "cf-access-authenticated-user-email"
ASSERTION = "cf-access-jwt-assertion"
WAYS = ["wiki.localhost", "here.localhost", "open.localhost"]
"""Envoy alone decides; the control plane decides; nobody has to prove anything."""


@pytest.fixture
async def cookies(alice):
    """Alice's cookie for each of them."""
    await alice.open("here.localhost")
    return {host: f"CF_Authorization={alice.cookie(host)}" if host != "open.localhost" else "" for host in WAYS}


@pytest.mark.parametrize("host", WAYS)
@pytest.mark.parametrize(
    "name",
    [
        "x_doorward_client_address", "x-doorward_route", "X_Doorward-Assertion", "cf_access_jwt_assertion",
        "Cf_Access-Authenticated_User-Email", "cf-access_authenticated-user-email", "X_Forwarded_For", "x-forwarded_for",
    ],
)  # fmt: skip
async def test_g3_32_34_no_mix_of_dashes_and_underscores_gets_a_forged_name_through(house, cookies, host, name):
    target = unseen_path()
    answer = await ask(house.door.port, host, target, f"{name}: boss@example.test", cookie=cookies[host])
    assert answer.status == 400
    assert not house.reached(target)


@pytest.mark.parametrize("host", WAYS)
async def test_g3_35_however_often_the_identity_is_sent_the_origin_hears_the_doors_alone(house, cookies, host):
    target = unseen_path()
    forged = [f"{EMAIL}: boss@example.test", f"{EMAIL.upper()}: chief@example.test", f"{EMAIL}: a, b"]
    assert (await ask(house.door.port, host, target, *forged, cookie=cookies[host])).status == 200
    expected = [] if host == "open.localhost" else ["alice@example.test"]
    assert house.at_origin(target).all(EMAIL) == expected
    assert len(house.at_origin(target).all(ASSERTION)) == len(expected)


@pytest.mark.parametrize("host", WAYS[:2])
async def test_g3_35_two_assertions_beside_a_good_cookie_are_a_contradiction_or_ignored(house, cookies, host):
    """The origin never gets another token than the one that was verified."""
    target = unseen_path()
    await ask(house.door.port, host, target, f"{ASSERTION}: forged", f"{ASSERTION}: forged.too", cookie=cookies[host])
    for sent in house.all_at_origin(target):
        assert sent.all(ASSERTION) == [cookies[host].partition("=")[2]]


ADDRESSES = [
    "203.0.113.9", "203.0.113.9, 127.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9,203.0.113.9", "a", "", "::ffff:203.0.113.9",
    "[203.0.113.9]:80", "203.0.113.9;x", "unknown, 203.0.113.9",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "x-forwarded-for",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "forwarded",
    ],
)
async def test_g3_36_39_an_address_rule_sees_the_peer_whatever_list_of_addresses_comes_along(house, name):
    """``away`` is open to 203.0.113.0/24 without any login."""
    target, written = unseen_path(), "for={}" if name == "forwarded" else "{}"
    lines = [(f"{name}: {written.format(addresses)}", f"{name}: 203.0.113.9") for addresses in ADDRESSES]
    answers = await asyncio.gather(*(ask(house.door.port, "away.localhost", target, *pair) for pair in lines))
    assert [answer.status for answer in answers] == [403] * len(ADDRESSES)
    assert not house.reached(target)


@pytest.mark.parametrize("host", WAYS)
@pytest.mark.parametrize(
    "name",
    [
        "x-envoy-internal", "x-envoy-original-path", "x-envoy-original-dst-host", "x-envoy-decorator-operation",
        "x-envoy-upstream-alt-stat-name", "x-envoy-max-retries", "x-envoy-retry-on", "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-expected-rq-timeout-ms", "x-envoy-force-trace", "x-envoy-ip-tags", "x-envoy-auth-partial-body",
        "x-envoy-auth-headers-to-remove", "x-envoy-peer-metadata",
    ],
)  # fmt: skip
async def test_g3_42_what_envoy_would_obey_is_taken_off(house, cookies, host, name):
    target = unseen_path()
    assert (await ask(house.door.port, host, target, f"{name}: cookie", cookie=cookies[host])).status == 200
    assert house.at_origin(target).get(name) is None
    assert bool(house.at_origin(target).all(ASSERTION)) == (host != "open.localhost")


@pytest.mark.parametrize("host", WAYS)
@pytest.mark.parametrize(
    "nominated", [ASSERTION, EMAIL, "cookie", "x-doorward-assertion", "x-request-id", "Cf-Access-Jwt-Assertion, cookie"]
)
async def test_g3_38_connection_takes_nothing_of_ours_away(house, cookies, host, nominated):
    target = unseen_path()
    answer = await ask(house.door.port, host, target, f"connection: {nominated}", cookie=cookies[host])
    for sent in house.all_at_origin(target):
        assert bool(sent.all(ASSERTION)) == (host != "open.localhost")
        assert bool(sent.all(EMAIL)) == (host != "open.localhost")
    assert answer.status in {200, 302, 400}


@pytest.mark.parametrize("name", ["x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix", "x-original-url", "x-rewrite-url", "x-host"])  # fmt: skip
async def test_g3_40_the_login_redirect_is_made_of_what_is_configured(house, name):
    answer = await ask(house.door.port, "wiki.localhost", "/x", f"{name}: https://evil.example/admin")
    assert answer.status == 302
    (target,) = answer.all("location")
    assert target.startswith(f"{house.issuer}/cdn-cgi/access/login/wiki.localhost?")
    assert "evil" not in target
    assert "evil" not in answer.all("www-authenticate")[0]


@pytest.mark.parametrize(
    "target",
    ["/%22%0d%0aX-A:b", "/a%22,realm=%22b", "/x%0d%0aset-cookie:%20a=b", "/?a=%0d%0ax:y", "/%e2%80%a8x", '/\u00e9"b'],
)
async def test_g3_47_no_path_breaks_out_of_a_header_of_the_answer(house, target):
    answer = await ask(house.door.port, "wiki.localhost", target)
    assert answer.status in {302, 400}
    assert not {"x-a", "x"} & {name for name, _ in answer.headers}
    assert all(value.startswith("CF_AppSession") for value in answer.all("set-cookie"))
    for value in answer.all("www-authenticate"):
        assert value.count('"') == 2
        assert value.endswith('"')


@pytest.mark.parametrize("name", ["CF_Authorization", "CF_AppSession", "CF_Binding", "__Host-CF_AppSession"])
async def test_g3_48_a_cookie_of_ours_that_an_origin_sets_opens_nothing_and_gains_nothing(house, visitor, name):
    """It is the origin's own host. What it plants there is a credential like any other: checked, and refused."""
    response = await visitor.get("open.localhost", unseen_path(), headers={"cookie": f"{name}=planted"})
    assert response.status_code == 200
    target = unseen_path()
    answer = await ask(house.door.port, "wiki.localhost", target, cookie=f"{name}=planted")
    assert answer.status == 302
    assert not house.reached(target)
    assert "planted" not in answer.all("location")[0]


async def test_g3_48_an_origins_planted_app_session_is_not_taken_up(house):
    """Only what has our form is used again: 16 hexadecimal digits."""
    answer = await ask(house.door.port, "wiki.localhost", "/", cookie="CF_AppSession=../../x")
    assert any(value.startswith("CF_AppSession=") and "../" not in value for value in answer.all("set-cookie"))


async def test_g3_46_what_opens_the_door_is_not_in_the_answer_nor_in_the_log(house, alice):
    target = unseen_path()
    secrets = ["cf-access-client-secret: s3cr3t-of-r2d2", "cf-access-token: t0k3n-of-r2d2"]
    opened = await ask(house.door.port, "open.localhost", target, *secrets)
    assert b"r2d2" not in opened.raw
    assert not any(b"r2d2" in sent.head for sent in house.all_at_origin(target))
    refused = await ask(house.door.port, "away.localhost", target, *secrets)
    assert b"r2d2" not in refused.raw
    await alice.get("wiki.localhost", "/?code=s3cr3t-in-a-query")
    log = house.door.log.read_text(errors="replace")
    assert "r2d2" not in log
    assert "s3cr3t-in-a-query" not in log
    assert alice.cookie("wiki.localhost").rpartition(".")[2] not in log


@pytest.mark.parametrize(
    "agent",
    ['x" , "event": "forged', "a\tb", "\x1b[31mred", '{"event":"forged"}', "%0d%0aforged", "\u00ff\u00fe", "x" * 5000],
)
async def test_g10_154_a_visitor_writes_no_line_of_the_log(house, agent):
    target = unseen_path()
    answer = await ask(house.door.port, "away.localhost", target, f"user-agent: {agent}", f"origin: {agent}")
    if "\x1b" in agent:
        assert answer.status == 400  # Envoy takes no control characters
        return
    assert answer.status == 403
    await eventually(lambda: f'"path": "{target}"' in house.door.log.read_text(errors="replace"))
    since_ready = house.door.log.read_text(errors="replace").partition('"event": "ready"')[2].splitlines()[1:]
    for line in since_ready:
        assert line.isascii()
        assert json.loads(line).get("event") != "forged"


async def test_g7_95_the_token_is_in_no_address_of_a_login(house, visitor):
    """Neither the app token nor the org token is ever a parameter: addresses stand in histories and logs."""
    await visitor.sign_in("wiki.localhost")
    tokens = {visitor.cookie("wiki.localhost"), visitor.cookie("login.localhost")}
    assert len(tokens) == 2
    for answer in visitor.trail:
        for token in tokens:
            assert token not in str(answer.url)
            assert token not in location(answer)
    assert claims_of(visitor.cookie("wiki.localhost"))["type"] == "app"
