"""What an application gets, by whichever way a request goes to it (access.md 3.1 to 3.3).

fast    Envoy alone decides: the wiki, with a token in the cookie
slow    the control plane decides: a rule about addresses, or a token in a header
bypass  nobody is asked who it is
"""

from __future__ import annotations

import pytest
from tests.door.house import aud
from tests.door.running import claims_of, eventually
from tests.door.visitor import Visitor, unseen_path

pytestmark = pytest.mark.edge

FAST, SLOW, BYPASS = "wiki.localhost", "here.localhost", "wiki.localhost/public"
WAYS = [FAST, SLOW, BYPASS]
FORGED = {
    "cf-access-authenticated-user-email": "admin@example.test",
    "cf-access-authenticated-user-name": "admin",
    "x-doorward-route": "none",
    "x-doorward-client-address": "203.0.113.9",
    "x-doorward-anything": "1",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-real-ip": "203.0.113.9",
    "cf-connecting-ip": "203.0.113.9",
    "forwarded": "for=203.0.113.9",
    "x-envoy-original-path": "/other",
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-original-url": "/other",
    "x-request-id": "chosen-by-the-client",
}


def place(way):
    host, _, below = way.partition("/")
    return host, (f"/{below}" if below else "") + unseen_path()


@pytest.fixture
async def enter(alice):
    """Alice at each of them: the session for the slow way is there as well."""
    page = await alice.open(SLOW)
    assert page.status_code == 200, page.text
    return alice


@pytest.mark.parametrize("way", [FAST, SLOW])
async def test_who_it_is_and_the_token(house, enter, way):
    host, path = place(way)
    assert (await enter.get(host, path)).status_code == 200
    sent = house.at_origin(path)
    assert sent.get("cf-access-authenticated-user-email") == "alice@example.test"
    assert claims_of(sent.get("cf-access-jwt-assertion"))["aud"] == [aud(host)]


async def test_a_bypassed_request_has_no_identity_whoever_asks(house, enter):
    host, path = place(BYPASS)
    assert (await enter.get(host, path)).status_code == 200
    sent = house.at_origin(path)
    assert sent.get("cf-access-jwt-assertion") is None
    assert sent.get("cf-access-authenticated-user-email") is None


@pytest.mark.parametrize("way", WAYS)
async def test_g3_31_40_42_what_the_client_claims_about_itself_does_not_arrive(house, enter, way):
    host, path = place(way)
    response = await enter.get(host, path, headers=FORGED)
    sent = house.at_origin(path)
    assert response.status_code == 200
    values = [value for _, value in sent.headers]
    for name, value in FORGED.items():
        assert value not in sent.all(name), name
    assert not any(name.startswith("x-doorward-") for name, _ in sent.headers)
    assert "203.0.113.9" not in " ".join(values)
    assert len(sent.all("cf-access-authenticated-user-email")) == (0 if way == BYPASS else 1)


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_the_applications_business_arrives_untouched(house, enter, way):
    host, path = place(way)
    own = {"authorization": "Bearer abc.def", "x-http-method-override": "PUT", "x-custom": "kept", "accept": "a/b"}
    await enter.ask("POST", house.url(host, path + "?q=%2F&r=a+b"), headers=own, content=b"the body")
    sent = house.at_origin(path + "?q=%2F&r=a+b")
    assert sent.method == "POST"
    assert sent.body == b"the body"
    assert {name: sent.get(name) for name in own} == own
    assert sent.get("host") == f"{host}:{house.door.port}"


@pytest.mark.parametrize("way", WAYS)
async def test_cookies_of_the_application_arrive_in_order(house, enter, way):
    host, path = place(way)
    token = enter.cookie(host)
    async with Visitor(house) as other:
        header = f"b=2; theme=dark; CF_Authorization={token}; a=1"
        assert (await other.get(host, path, headers={"cookie": header})).status_code == 200
    cookies = house.at_origin(path).get("cookie").split("; ")
    assert [cookie for cookie in cookies if not cookie.startswith("CF_")] == ["b=2", "theme=dark", "a=1"]
    assert [cookie for cookie in cookies if cookie.startswith("CF_")] == (
        [] if way == BYPASS else [f"CF_Authorization={token}"]
    )


@pytest.mark.parametrize("name", ["cf-access-token", "cf-access-jwt-assertion"])
@pytest.mark.parametrize("host", [FAST, SLOW])
async def test_a_genuine_token_in_a_header_is_a_credential(house, enter, name, host):
    path, token = unseen_path(), enter.cookie(host)
    async with Visitor(house, headers={}) as program:
        assert (await program.get(host, path, headers={name: token})).status_code == 200
    sent = house.at_origin(path)
    assert sent.get("cf-access-jwt-assertion") == token
    assert sent.get("cf-access-token") is None
    assert sent.get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_a_bearer_token_is_no_credential(house, enter):
    async with Visitor(house, headers={}) as program:
        header = {"authorization": f"Bearer {enter.cookie(FAST)}"}
        assert (await program.get(FAST, headers=header)).status_code == 302


@pytest.mark.parametrize("host", ["sensor.localhost", FAST, SLOW])
async def test_service_credentials_do_not_reach_the_origin(house, enter, host):
    path = unseen_path()
    secret = "not-for-origins"
    await enter.get(host, path, headers={"cf-access-client-id": "0.access", "cf-access-client-secret": secret})
    assert not any(secret.encode() in one.head for one in house.all_at_origin(path))


@pytest.mark.parametrize("host", [FAST, SLOW])
async def test_g5_78_two_cookies_with_valid_tokens_count_as_none(house, enter, host):
    """What is verified is what is forwarded; here nobody could say which one is meant."""
    async with Visitor(house) as other:
        await other.sign_in(host, who="bob")
        both = f"CF_Authorization={enter.cookie(host)}; CF_Authorization={other.cookie(host)}"
    path = unseen_path()
    async with Visitor(house) as third:
        assert (await third.get(host, path, headers={"cookie": both})).status_code == 302
    assert not house.reached(path)


async def test_g5_78_a_valid_header_beside_anothers_cookie_counts_as_nothing(house, enter):
    path = unseen_path()
    async with Visitor(house) as bob:
        await bob.sign_in(FAST, who="bob")
        response = await bob.get(FAST, path, headers={"cf-access-token": enter.cookie(FAST)})
    assert response.status_code == 302
    assert not house.reached(path)


async def test_a_stale_cookie_beside_the_valid_one_is_not_forwarded(house, enter):
    path, token = unseen_path(), enter.cookie(FAST)
    stale = token[:-8] + "AAAAAAAA"
    async with Visitor(house) as other:
        header = f"CF_Authorization={stale}; CF_Authorization={token}"
        assert (await other.get(FAST, path, headers={"cookie": header})).status_code == 200
    sent = house.at_origin(path)
    assert stale not in sent.head.decode()
    assert sent.get("cf-access-jwt-assertion") == token
    assert sent.get("cf-access-authenticated-user-email") == "alice@example.test"


@pytest.mark.parametrize("spelling", ["CF.Authorization", "cf_authorization", "CF%5FAuthorization", "CF Authorization"])
@pytest.mark.parametrize("host", [FAST, SLOW])
async def test_g5_78_a_cookie_that_some_would_read_as_the_token_is_not_forwarded(house, enter, spelling, host):
    path, token = unseen_path(), enter.cookie(host)
    async with Visitor(house) as other:
        header = f"{spelling}=forged; CF_Authorization={token}"
        response = await other.get(host, path, headers={"cookie": header})
    if response.status_code == 200:
        assert b"forged" not in house.at_origin(path).head
    else:
        assert response.status_code == 302
        assert not house.reached(path)


@pytest.mark.parametrize("way", WAYS)
async def test_the_request_id_is_the_doors_and_reaches_the_origin(house, enter, way):
    host, path = place(way)
    await enter.get(host, path, headers={"x-request-id": "mine"})
    assert len(house.at_origin(path).get("x-request-id")) == 36


async def test_the_request_id_of_a_recorded_decision_is_in_the_log(house, visitor):
    path = unseen_path()
    await visitor.get("sensor.localhost", path)
    wanted = f'"request_id": "{house.at_origin(path).get("x-request-id")}"'
    await eventually(lambda: wanted in house.door.log.read_text())


async def test_the_visitors_address_is_what_envoy_saw(house, enter):
    """Nobody in front is trusted here, so a header about the address is nobody's word."""
    for header in ("x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip"):
        response = await enter.get("away.localhost", headers={header: "203.0.113.9"})
        assert response.status_code == 403


async def test_responses_of_the_origin_come_back_as_they_are(enter):
    response = await enter.get(FAST, "/whatever")
    assert response.headers["x-origin"] == "/whatever"
    assert response.text == "hello from the origin"
    assert "set-cookie" not in response.headers
    assert "cf-access-jwt-assertion" not in response.headers
