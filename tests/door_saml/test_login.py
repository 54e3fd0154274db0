"""Logins through the door with two real SAML providers."""

from __future__ import annotations

import base64
import re

import pytest
from tests.door.running import claims_of
from tests.door.visitor import Visitor, query_of, unseen_path
from tests.door_saml.place import answer, deliver, identifier, sign_in, to_form

WAYS = ["p-both", "p-assertion", "p-response", "p-encrypted", "s-both", "s-assertion", "s-response", "s-encrypted"]


def reference_of(page) -> str:
    (found,) = re.findall(r"<code>([0-9a-f]{16})</code>", page.text)
    return found


async def recorded(saml, page) -> str:
    """What an operator reads about this page."""
    explained = saml.house.door.run("explain", reference_of(page))
    return explained.stdout


@pytest.mark.parametrize("name", [*WAYS, "p-signed", "p-posted", "s-rollover"])
async def test_somebody_signs_in_and_arrives(saml, visitor, name):
    path = unseen_path()
    page = await sign_in(visitor, name, path)
    assert (page.status_code, page.text) == (200, "hello from the origin"), page.text
    request = saml.house.at_origin(path)
    assert dict(request.headers)["cf-access-authenticated-user-email"] == "ada@example.test"
    claims = claims_of(visitor.cookie(f"{name}.localhost"))
    assert claims["email"] == "ada@example.test"
    if name in WAYS:
        assert list(claims["custom"].items()) == [("department", "R&D"), ("groups", ["staff", "engineering"])]
    else:
        assert claims["custom"] == {}


async def test_get_identity_says_what_the_provider_said(saml, visitor):
    await sign_in(visitor, "s-both")
    identity = (await visitor.get("s-both.localhost", "/cdn-cgi/access/get-identity")).json()
    assert identity["saml_attributes"]["department"] == "R&D"
    assert identity["groups"] == [{"id": "staff", "name": "staff"}, {"id": "engineering", "name": "engineering"}]
    assert identity["custom"] == {"department": "R&D", "groups": ["staff", "engineering"]}
    assert identity["idp"] == {"id": identifier("s-both"), "type": "saml"}


@pytest.mark.parametrize(("who", "status"), [("ada", 200), ("eve", 403)])
async def test_a_rule_about_an_attribute_decides(saml, visitor, who, status):
    page = await visitor.open("research.localhost")
    response = await deliver(visitor, *await answer(visitor, page, who))
    assert (await visitor.follow(response)).status_code == status


async def test_who_is_not_staff_is_denied(saml, visitor):
    assert (await sign_in(visitor, "p-both", who="eve")).status_code == 403


async def test_the_answer_is_kept_and_the_browser_comes_back_by_itself(saml, visitor):
    action, fields = await answer(visitor, await to_form(visitor, "s-both"))
    assert action == saml.house.team("/callback")
    response = await deliver(visitor, action, fields)
    assert response.status_code == 303
    assert "set-cookie" not in response.headers
    assert query_of(response.headers["location"]) == {"state": fields["RelayState"]}
    assert (await visitor.follow(response)).text == "hello from the origin"


async def test_g7_97_an_answer_brought_into_another_browser_signs_nobody_in(saml, visitor):
    """Login CSRF: the attacker's own answer, posted by the victim's browser."""
    action, fields = await answer(visitor, await to_form(visitor, "s-both"))
    async with Visitor(saml.house) as victim:
        page = await victim.follow(await deliver(victim, action, fields))
        assert page.status_code == 400
        assert "Invalid session" in page.text
        assert not victim.cookie("login.localhost")


async def test_g8_123_an_answer_works_once(saml, visitor):
    action, fields = await answer(visitor, await to_form(visitor, "s-both"))
    response = await deliver(visitor, action, fields)
    assert (await visitor.follow(response)).status_code == 200
    assert (await visitor.follow(await deliver(visitor, action, fields))).status_code == 400
    assert (
        await visitor.get("login.localhost", "/cdn-cgi/access/callback", params=query_of(response.headers["location"]))
    ).status_code == 400


async def test_g8_123_an_answer_to_one_login_is_refused_in_another(saml, visitor):
    _, old = await answer(visitor, await to_form(visitor, "s-both"))
    async with Visitor(saml.house) as second:
        action, fresh = await answer(second, await to_form(second, "s-both"))
        page = await second.follow(await deliver(second, action, {**fresh, "SAMLResponse": old["SAMLResponse"]}))
        assert page.status_code == 502
        assert "saml in_response_to" in await recorded(saml, page)


async def test_g8_118_a_changed_answer_is_refused_and_the_record_says_why(saml, visitor):
    action, fields = await answer(visitor, await to_form(visitor, "s-assertion"))
    forged = base64.b64decode(fields["SAMLResponse"]).replace(b"ada@example.test", b"boss@example.test")
    page = await visitor.follow(
        await deliver(visitor, action, {**fields, "SAMLResponse": base64.b64encode(forged).decode()})
    )
    assert page.status_code == 502
    assert "saml signature" in await recorded(saml, page)
    assert not visitor.cookie("login.localhost")


@pytest.mark.parametrize(
    ("name", "flaw"), [("s-foreign", "saml signature"), ("s-closed", "saml not_expected_encrypted")]
)
async def test_g8_124_what_the_configuration_does_not_trust_is_refused(saml, visitor, name, flaw):
    page = await sign_in(visitor, name)
    assert page.status_code == 502
    assert flaw in await recorded(saml, page)


async def test_a_provider_that_says_no_is_quoted(saml, visitor):
    page = await sign_in(visitor, "p-refuse")
    assert page.status_code == 403
    assert "not today" in page.text
    assert "saml status" in await recorded(saml, page)


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5000])
async def test_g8_122_an_answer_that_nobody_asked_for_is_not_looked_at(saml, visitor, state):
    _, fields = await answer(visitor, await to_form(visitor, "s-both"))
    page = await deliver(visitor, saml.house.team("/callback"), {**fields, "RelayState": state})
    assert page.status_code == 400
    assert "This login is over" in page.text


@pytest.mark.parametrize(
    ("relay_state", "leads"),
    [
        ("http://s-both.localhost/page?a=1", "/page?a=1"),
        ("https://s-both.localhost/cdn-cgi/access/logout", "/"),
        ("http://evil.example/", None),
        ("//s-both.localhost/", None),
        ("http://s-both.localhost@evil.example/", None),
        ("javascript:alert(1)", None),
    ],
)
async def test_g7_94_a_provider_may_link_to_our_applications_and_nowhere_else(saml, visitor, relay_state, leads):
    """What providers call IdP-initiated: the answer is not looked at, the login begins at the application."""
    fields = {"SAMLResponse": "AAAA", "RelayState": relay_state}
    response = await deliver(visitor, saml.house.team("/callback"), fields)
    if leads is None:
        assert response.status_code == 400
    else:
        assert response.status_code == 303
        assert response.headers["location"] == saml.house.url("s-both.localhost", leads)


async def test_there_is_no_form_for_a_login_that_is_not_known(saml, visitor):
    page = await visitor.get("login.localhost", "/cdn-cgi/access/saml-request", params={"state": "unknown"})
    assert page.status_code == 400


async def test_an_answer_in_saml_to_a_login_at_an_openid_provider_is_refused(saml, visitor):
    page = await visitor.open("openid.localhost", until="/oauth2/authorize")
    state = query_of(page.headers["location"])["state"]
    response = await deliver(visitor, saml.house.team("/callback"), {"SAMLResponse": "AAAA", "RelayState": state})
    assert response.status_code == 400
    assert "not available" in response.text


async def test_refreshing_an_identity_asks_for_a_fresh_sign_in(saml, visitor):
    await sign_in(visitor, "p-both")
    page = await visitor.open("login.localhost", "/cdn-cgi/access/refresh-identity")
    assert 'name="user"' in page.text
    done = await visitor.follow(await deliver(visitor, *await answer(visitor, page)))
    assert "Your identity is up to date" in done.text


async def test_the_page_with_the_form_is_for_the_browser_that_began(saml, visitor):
    page = await visitor.open("p-posted.localhost")
    assert page.status_code == 200
    assert "Go on to p-posted" in page.text
    assert "form-action 'self' https: http:" in page.headers["content-security-policy"]
    async with Visitor(saml.house) as other:
        foreign = await other.ask("GET", str(page.url))
        assert foreign.status_code == 400


@pytest.mark.parametrize(
    ("name", "signs", "encrypts"), [("", False, False), ("p-signed", True, False), ("p-encrypted", False, True)]
)
async def test_metadata(saml, name, signs, encrypts):
    text = saml.metadata(name)
    assert f'entityID="{saml.house.team("/callback")}"' in text
    assert ('AuthnRequestsSigned="true"' in text) is signs
    assert ('use="encryption"' in text) is encrypts


@pytest.mark.parametrize("path", ["/nothing/saml-metadata", "/%2e%2e/saml-metadata"])
async def test_there_is_no_metadata_for_what_is_no_saml_provider(saml, visitor, path):
    assert (await visitor.team(path)).status_code == 404


async def test_g8_127_large_answers_are_counted_and_an_enormous_one_is_not_taken(saml, visitor):
    _, fields = await answer(visitor, await to_form(visitor, "s-both"))
    action = saml.house.team("/callback")
    large = {**fields, "SAMLResponse": "A" * 70_000}
    statuses = [(await deliver(visitor, action, large)).status_code for _ in range(61)]
    assert statuses == [303] * 60 + [429]
    assert (await deliver(visitor, action, {**fields, "SAMLResponse": "A" * 1_700_000})).status_code == 400
    assert (await deliver(visitor, action, fields)).status_code == 303
