"""``/cdn-cgi/access/get-identity`` (access.md 1.6), with either token, on both domains."""

from __future__ import annotations

import re

import pytest
from tests.door.house import TEAM
from tests.door.running import claims_of
from tests.door.visitor import Visitor

pytestmark = pytest.mark.edge

PATH = "/cdn-cgi/access/get-identity"


async def ask(house, host, token):
    """As programs do: nothing but the cookie."""
    async with Visitor(house, headers={}) as program:
        return await program.get(host, PATH, headers={"cookie": f"CF_Authorization={token}"})


async def test_the_document(house, alice):
    token = alice.cookie("wiki.localhost")
    document = (await ask(house, TEAM, token)).json()
    claims = claims_of(token)
    assert document["id"] == "alice"
    assert document["name"] == "Alice Archer"
    assert document["email"] == "alice@example.test"
    assert [set(group) >= {"id", "name"} for group in document["groups"]] == [True, True]
    assert [group["name"] for group in document["groups"]] == ["staff", "engineering"]
    assert document["idp"]["type"] == "oidc"
    assert re.fullmatch("[0-9a-f-]{36}", document["idp"]["id"])
    assert document["geo"] == {"country": "NL"}
    assert document["user_uuid"] == claims["sub"]
    assert re.fullmatch("[0-9a-f]{32}", document["account_id"])
    assert abs(document["iat"] - claims["iat"]) < 60
    assert document["ip"] == "127.0.0.1"
    assert document["custom"]["department"] == "Engineering"
    assert document["oidc_fields"]["department"] == "Engineering"
    assert document["version"] == 2


async def test_members_that_clients_read_are_always_there(house, alice):
    document = (await ask(house, TEAM, alice.cookie("wiki.localhost"))).json()
    assert document["auth_status"] == "NONE"
    assert document["common_name"] == ""
    assert document["service_token_id"] == ""
    assert document["service_token_status"] is False
    assert document["is_warp"] is False
    assert document["is_gateway"] is False
    assert document["devicePosture"] == {}
    assert document["device_sessions"] == {}
    assert document["saml_attributes"] == {}
    assert set(document["mtls_auth"]) == {
        "cert_issuer_dn",
        "cert_issuer_ski",
        "cert_presented",
        "cert_serial",
        "auth_status",
    }
    assert isinstance(document["amr"], list)


async def test_every_token_of_a_session_gets_the_same_answer(house, alice):
    answers = [
        await ask(house, TEAM, alice.cookie(TEAM)),
        await ask(house, TEAM, alice.cookie("wiki.localhost")),
        await ask(house, TEAM, alice.cookie("notes.localhost")),
        await ask(house, "wiki.localhost", alice.cookie("wiki.localhost")),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert all("no-store" in answer.headers["cache-control"] for answer in answers)


@pytest.mark.parametrize("host", [TEAM, "wiki.localhost"])
async def test_nobody_is_401(visitor, host):
    response = await visitor.get(host, PATH)
    assert response.status_code == 401
    assert "err" in response.json()


async def test_an_application_host_takes_only_its_own_tokens(house, alice):
    for token in (alice.cookie("notes.localhost"), alice.cookie(TEAM)):
        assert (await ask(house, "wiki.localhost", token)).status_code == 401


@pytest.mark.parametrize("change", ["truncated", "signature", "nothing"])
async def test_what_is_no_token_is_401(house, alice, change):
    token = alice.cookie("wiki.localhost")
    head, payload, signature = token.split(".")
    changed = {
        "truncated": f"{head}.{payload}",
        "signature": f"{head}.{payload}.{signature[:-8]}AAAAAAAA",
        "nothing": "",
    }[change]
    assert (await ask(house, TEAM, changed)).status_code == 401


async def test_refreshing_asks_the_provider_again_and_ends_at_success(house, visitor):
    await visitor.sign_in("wiki.localhost")
    before = claims_of(visitor.cookie(TEAM))
    form = await visitor.follow(await visitor.team("/refresh-identity"))
    assert str(form.url).startswith(house.provider.auth_url)
    assert "prompt=login" in str(form.url)
    end = await visitor.submit(form, {"sub": "alice"})
    assert (end.status_code, str(end.url)) == (200, house.team("/refresh-identity?success=true"))
    after = claims_of(visitor.cookie(TEAM))
    assert after["identity_nonce"] != before["identity_nonce"]
    assert after["sub"] == before["sub"]
