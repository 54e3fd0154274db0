from __future__ import annotations

import base64
import json

import pytest
from tests.login.world import COMPANY, NOTES, PIN, TEAM, WIKI, Browser, parameter, person, policy

from doorward.pages import EnterCode, Notice

WIKI_HOST = "wiki.example.com"
PATH = "/cdn-cgi/access/get-identity"


def with_cookie(world, host, *tokens):
    """A program that sends these tokens and nothing else."""
    program = Browser(world, headers={})
    for number, token in enumerate(tokens):
        program.jar[host, "CF_Authorization", "/" if number == 0 else f"/cdn-cgi{'/access' * (number - 1)}"] = token
    return program


async def signed_in(world, browser):
    await browser.sign_in()
    return browser.cookie(TEAM, "CF_Authorization"), browser.cookie(WIKI_HOST, "CF_Authorization")


async def test_the_identity_is_exactly_the_documented_one(world, browser):
    await browser.sign_in()
    response = await browser.team("/get-identity")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert "no-store" in response.headers["cache-control"]
    assert not [name for name in response.headers if name.startswith("access-control-")]
    identity = response.json()
    assert len(identity.pop("user_uuid")) == 36
    assert identity == {
        "id": "id-of-ada@example.com",
        "name": "Ada",
        "email": "ada@example.com",
        "amr": ["pwd", "mfa"],
        "groups": [{"id": "g1", "name": "Staff"}, {"id": "g2", "name": "Eng", "email": "eng@example.com"}],
        "idp": {"id": COMPANY, "type": "oidc"},
        "geo": {"country": "NL"},
        "account_id": world.organization.id,
        "iat": world.time,
        "ip": "203.0.113.7",
        "auth_status": "NONE",
        "common_name": "",
        "service_token_id": "",
        "service_token_status": False,
        "is_warp": False,
        "is_gateway": False,
        "gateway_account_id": "",
        "device_id": "",
        "devicePosture": {},
        "device_sessions": {},
        "mtls_auth": {
            "cert_issuer_dn": "",
            "cert_issuer_ski": "",
            "cert_presented": False,
            "cert_serial": "",
            "auth_status": "NONE",
        },
        "oidc_fields": {"department": "R&D"},
        "saml_attributes": {},
        "custom": {"team": "red"},
        "version": 2,
    }


async def test_org_and_app_token_work_where_they_may(world, browser):
    org, app = await signed_in(world, browser)
    team, wiki, notes = (world.origin(host) + PATH for host in (TEAM, WIKI_HOST, "notes.example.com"))
    assert (await with_cookie(world, TEAM, org).get(team)).json()["email"] == "ada@example.com"
    assert (await with_cookie(world, TEAM, app).get(team)).json()["email"] == "ada@example.com"
    assert (await with_cookie(world, WIKI_HOST, app).get(wiki)).json()["email"] == "ada@example.com"
    assert (await with_cookie(world, WIKI_HOST, app).ask("HEAD", wiki)).status_code == 200
    assert (await with_cookie(world, "notes.example.com", app).get(notes)).status_code == 401


async def test_g6_91_an_org_token_is_nothing_on_an_applications_host(world, browser):
    org, _ = await signed_in(world, browser)
    assert (await with_cookie(world, WIKI_HOST, org).get(world.origin(WIKI_HOST) + PATH)).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "A" * 9000])
@pytest.mark.parametrize("host", [TEAM, WIKI_HOST])
async def test_without_a_session_it_is_a_401_with_the_reason_in_json(world, token, host):
    program = with_cookie(world, host, token) if token else Browser(world, headers={})
    response = await program.get(world.origin(host) + PATH)
    assert response.status_code == 401
    assert response.json()["err"]


async def test_two_tokens_of_one_session_are_fine_and_of_two_are_not(world, browser):
    org, app = await signed_in(world, browser)
    other = Browser(world)
    world.providers.people["bob"] = person("bob@example.com")
    await other.sign_in(code="bob")
    strange = other.cookie(TEAM, "CF_Authorization")
    team = world.origin(TEAM) + PATH
    assert (await with_cookie(world, TEAM, org, app).get(team)).status_code == 200
    assert (await with_cookie(world, TEAM, org, strange).get(team)).status_code == 401
    assert (await with_cookie(world, TEAM, app, strange).get(team)).status_code == 401


async def test_g6_87_an_ambiguous_cookie_header_is_no_session(world, browser):
    org, _ = await signed_in(world, browser)
    program = Browser(world, headers={})
    for header in (
        f"$Version=1; CF_Authorization={org}",
        f"nameless; CF_Authorization={org}",
        f'a="x; CF_Authorization={org}',
    ):
        response = await program.get(world.origin(TEAM) + PATH, headers={"cookie": header})
        assert response.status_code == 401


async def test_g7_109_revoked_and_expired_sessions_are_gone(world, browser):
    org, app = await signed_in(world, browser)
    team = world.origin(TEAM) + PATH
    world.time += 8 * 3600
    assert (await with_cookie(world, TEAM, app).get(team)).status_code == 401
    assert (await with_cookie(world, TEAM, org).get(team)).status_code == 200
    world.time += 16 * 3600
    assert (await with_cookie(world, TEAM, org).get(team)).status_code == 401


async def test_g7_109_a_revoked_app_token_is_nothing(world, browser):
    _, app = await signed_in(world, browser)
    identity = (await browser.team("/get-identity")).json()
    (session,) = await world.store.sessions.live_of(identity["user_uuid"], world.time)
    (token,) = await world.store.app_tokens.by_session(session.nonce)
    await world.store.app_tokens.revoke(token.nonce, world.time)
    await world.refresh()
    assert (await with_cookie(world, WIKI_HOST, app).get(world.origin(WIKI_HOST) + PATH)).status_code == 401


async def test_a_token_from_before_a_change_of_rules_counts_while_the_rules_still_allow(world, browser):
    _, app = await signed_in(world, browser)
    program, url = with_cookie(world, WIKI_HOST, app), world.origin(WIKI_HOST) + PATH
    world.change(WIKI, not_before=world.time + 1)
    assert (await program.get(url)).status_code == 200
    world.change(WIKI, policies=(policy("allow", {"email": {"email": "boss@example.com"}}),))
    assert (await program.get(url)).status_code == 401


class TestRefresh:
    async def test_the_provider_is_asked_again_and_what_it_says_now_counts(self, world, browser):
        _, app = await signed_in(world, browser)
        world.providers.people["ada"] = person(groups=(), name="Ada Lovelace")
        response = await browser.team("/refresh-identity")
        assert response.status_code == 302
        attempt, prompt = world.providers.begun[-1]
        assert (attempt.destination, attempt.idp_id, prompt) == (None, COMPANY, "login")
        response = await browser.get(browser.back(response))
        assert response.headers["location"] == world.origin(TEAM) + "/cdn-cgi/access/refresh-identity?success=true"
        response = await browser.get(response.headers["location"])
        assert response.status_code == 200
        assert isinstance(world.shown, Notice)
        assert "ada@example.com" in world.shown.message
        identity = (await browser.team("/get-identity")).json()
        assert (identity["groups"], identity["name"]) == ([], "Ada Lovelace")
        stale = with_cookie(world, WIKI_HOST, app)
        assert (await stale.get(world.origin(WIKI_HOST) + PATH)).status_code == 401
        assert (await browser.get(world.door(browser, NOTES, "notes.example.com"))).status_code == 302

    async def test_head_begins_nothing(self, world, browser):
        await signed_in(world, browser)
        begun = len(world.providers.begun)
        assert (await browser.ask("HEAD", world.origin(TEAM) + "/cdn-cgi/access/refresh-identity")).status_code == 302
        assert len(world.providers.begun) == begun

    async def test_without_a_session_there_is_nothing_to_refresh(self, world, browser):
        response = await browser.team("/refresh-identity")
        assert response.status_code == 401
        assert world.providers.begun == []

    async def test_after_a_one_time_pin_another_code_is_sent(self, world, browser, mailbox):
        await browser.get(world.door(browser, WIKI, WIKI_HOST))
        form = dict(world.shown.pin_form.hidden) | {"email": "ada@example.com"}
        await browser.post(world.origin(TEAM) + world.shown.pin_form.action, form)
        _, _, link = await mailbox.next()
        await browser.get(link)
        callback = world.origin(TEAM) + "/cdn-cgi/access/callback"
        await browser.post(callback, {"nonce": world.shown.nonce, "code": world.shown.code})
        first = browser.cookie(TEAM, "CF_Authorization")
        assert first

        response = await browser.team("/refresh-identity")
        await browser.get(response.headers["location"])
        assert isinstance(world.shown, EnterCode)
        recipient, code, _ = await mailbox.next()
        assert recipient == "ada@example.com"
        nonce = parameter(response.headers["location"], "nonce")
        response = await browser.post(callback, {"nonce": nonce, "code": code})
        assert response.headers["location"].endswith("/refresh-identity?success=true")
        assert browser.cookie(TEAM, "CF_Authorization") not in {"", first}
        assert (await browser.team("/get-identity")).json()["idp"]["id"] == PIN

    async def test_a_removed_provider_cannot_refresh(self, world, browser):
        await signed_in(world, browser)
        del world.identity_providers[COMPANY]
        assert (await browser.team("/refresh-identity")).status_code == 401


async def test_what_has_no_room_in_the_token_is_named(world, browser):
    world.providers.people["ada"] = person(custom={"small": "x", "large": "y" * 2000, "after": "z"})
    await browser.sign_in()
    document = (await browser.get(world.origin(WIKI_HOST) + PATH)).json()
    assert document["custom_left_out"] == ["large", "after"]
    assert list(document["custom"]) == ["small", "large", "after"]
    token = browser.cookie(WIKI_HOST, "CF_Authorization")
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["custom"] == {"small": "x"}
    (login,) = [record for record in world.records if record.kind == "login"]
    assert login.detail == "no room in the token for: large, after"


async def test_the_room_in_the_token_is_the_operators_choice(world, browser):
    world.organization = world.organization.model_copy(update={"custom_max_size": 2048})
    world.providers.people["ada"] = person(custom={"large": "y" * 2000, "after": "z"})
    await browser.sign_in()
    document = (await browser.get(world.origin(WIKI_HOST) + PATH)).json()
    assert "custom_left_out" not in document
