"""Another service has a say at the login: asked over real HTTP, with a token that the published keys verify."""

from __future__ import annotations

import time

import pytest
from tests.door.running import browser
from tests.door.visitor import unseen_path
from tests.door_elsewhere.place import ASKED
from tests.providers.scripted import rsa_key, sign

pytestmark = pytest.mark.edge


async def test_it_is_asked_once_by_a_token_that_the_published_keys_verify(house, service, visitor):
    async with browser() as client:
        service.trusted = (await client.get(house.team("/certs"))).json()
    service.decide = lambda claims: claims["identity"]["email"] == "alice@example.test"
    assert (await visitor.sign_in(ASKED, path := unseen_path(), who="alice")).status_code == 200
    assert house.reached(path)
    (asked,) = service.asked
    assert asked["iss"] == house.issuer
    assert asked["identity"]["groups"][0]["name"] == "staff"
    assert (await visitor.open(ASKED, unseen_path())).status_code == 200
    assert len(service.asked) == 1, "not at every request"


async def test_whom_it_does_not_know_is_refused_and_asked_about_at_each_try(house, service, visitor):
    service.decide = lambda _claims: False
    assert (await visitor.sign_in(ASKED, who="bob")).status_code == 403
    assert (await visitor.open(ASKED)).status_code == 403
    assert len(service.asked) == 2
    service.decide = lambda _claims: True
    assert (await visitor.open(ASKED, unseen_path())).status_code == 200


async def test_it_is_not_asked_about_whom_another_rule_keeps_out(service, visitor):
    assert (await visitor.sign_in(ASKED, who="mallory")).status_code == 403
    assert service.asked == []


async def test_an_answer_that_cannot_be_trusted_lets_nobody_in_and_says_why(house, service, visitor):
    service.answer = lambda here, claims: sign(here.claims(claims["nonce"]), rsa_key("evil"), header={"kid": "service"})
    page = await visitor.sign_in(ASKED, who="alice")
    assert page.status_code == 403
    async with house.store() as store:
        deadline = time.monotonic() + 20
        while not (
            found := [
                one for one in await store.decisions.recent(20) if "cannot" in str(one) or "no key" in str(one.trace)
            ]
        ):
            assert time.monotonic() < deadline
    assert "gave no usable answer: answer: no key of the provider's key set verifies it" in str(found[0].trace)


async def test_a_service_that_is_away_lets_nobody_in(service, visitor):
    service.raw = (503, {}, b"")
    assert (await visitor.sign_in(ASKED, who="alice")).status_code == 403
