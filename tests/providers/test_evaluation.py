"""Another service is asked over real HTTP; only a proven, fresh answer to this very question is a yes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import pytest
from tests.providers.evaluating import Service, evaluating
from tests.providers.hostile import hostile_server
from tests.providers.scripted import ec_key, public, rsa_key, segment, sign
from tests.sessions.build import organization, session
from tests.tokens.material import NOW, signing_key

from doorward.policy.learned import Evaluation, Word
from doorward.policy.rules_elsewhere import ExternalEvaluationValue
from doorward.providers import evaluation
from doorward.providers.evaluation import Evaluator
from doorward.providers.outbound import outbound_client
from doorward.sessions.question import question_claims
from doorward.tokens.jwks import key_set
from doorward.tokens.jwt import mint_question
from doorward.tokens.keys import KeyRing

NONCE = "nonce-of-this-question"


@pytest.fixture
async def evaluator():
    async with outbound_client() as http:
        asking = Evaluator(http)
        yield asking
        await asking.close()


async def ask(evaluator: Evaluator, service: Service, nonce: str = NONCE, now: int = NOW) -> Evaluation:
    service.now = service.now or NOW
    claims = question_claims(session(), organization(), service.value.evaluate_url, now, nonce)
    return await evaluator.ask(service.value, mint_question(claims, signing_key()), nonce, now)


@pytest.mark.parametrize(("success", "word"), [(True, Word.YES), (False, Word.NO)], ids=["yes", "no"])
async def test_the_service_says_yes_or_no(evaluator, success: bool, word: Word):
    async with evaluating(decide=lambda _: success) as service:
        said = await ask(evaluator, service)
        assert said == Evaluation(word=word, because=f"{service.value.evaluate_url} said {word}")


async def test_what_it_is_asked_is_signed_by_the_published_keys_and_says_who_it_is(evaluator):
    published = key_set(KeyRing((signing_key(),)), NOW)
    async with evaluating(
        trusted=published, decide=lambda claims: claims["identity"]["email"] == "alice@example.com"
    ) as service:
        said = await ask(evaluator, service)
        (asked,) = service.asked
    who = session()
    assert said.word is (Word.YES if who.identity.email == "alice@example.com" else Word.NO)
    assert asked["identity"]["email"] == who.identity.email
    assert asked["identity"]["user_uuid"] == who.user_id
    assert asked["nonce"] == NONCE
    assert (asked["iat"], asked["exp"]) == (NOW, NOW + 60)
    assert asked["aud"] == [service.value.evaluate_url]
    assert asked["type"] == "external_evaluation"


async def test_g5_66_its_keys_are_fetched_once_for_everybody(evaluator):
    async with evaluating() as service:
        said = await asyncio.gather(*(ask(evaluator, service, f"nonce {number}") for number in range(20)))
        assert [one.word for one in said] == [Word.YES] * 20
        assert service.fetched == 1


async def test_new_keys_are_fetched_when_an_answer_needs_them(evaluator):
    async with evaluating() as service:
        assert (await ask(evaluator, service)).word is Word.YES
        service.keys = [public(rsa_key("next"))]
        service.answer = lambda here, claims: sign(here.claims(claims["nonce"]), rsa_key("next"))
        assert (await ask(evaluator, service, now=NOW + 1)).word is Word.FAILED  # too early to ask again
        service.now = NOW + 31
        assert (await ask(evaluator, service, now=NOW + 31)).word is Word.YES
        assert service.fetched == 2


def hs256(content: dict[str, Any], secret: bytes) -> str:
    head = f"{segment({'alg': 'HS256', 'kid': 'service'})}.{segment(content)}"
    return f"{head}.{segment(hmac.new(secret, head.encode(), hashlib.sha256).digest())}"


def good(service: Service, claims: dict[str, Any], **changes: Any) -> dict[str, Any]:
    said = service.claims(**({"nonce": claims["nonce"]} | changes))
    return {name: value for name, value in said.items() if value is not ...}


FORGED = {
    "g5_59 alg none": lambda here, asked: f"{segment({'alg': 'none', 'kid': 'service'})}.{segment(good(here, asked))}.",
    "g5_59 alg none, signed": lambda here, asked: f"{segment({'alg': 'none'})}.{segment(good(here, asked))}.AAAA",
    "g5_60 hs256 with the public key": lambda here, asked: hs256(
        good(here, asked), rsa_key("service").as_pem(private=False)
    ),
    "g5_60 hs256 with the jwk": lambda here, asked: hs256(good(here, asked), json.dumps(here.keys[0]).encode()),
    "g5_64 key in the header": lambda here, asked: sign(
        good(here, asked), rsa_key("evil"), header={"kid": "service", "jwk": public(rsa_key("evil"))}
    ),
    "g5_64 keys elsewhere": lambda here, asked: sign(
        good(here, asked), rsa_key("evil"), header={"kid": "service", "jku": "https://evil.test/keys"}
    ),
    "wrong key": lambda here, asked: sign(good(here, asked), rsa_key("evil"), header={"kid": "service"}),
    "unknown key": lambda here, asked: sign(good(here, asked), rsa_key("evil")),
    "g5_62 rs512 by the same key": lambda here, asked: sign(good(here, asked), rsa_key("service"), "RS512"),
    "es256": lambda here, asked: sign(good(here, asked), ec_key(), "ES256"),
    "other nonce": lambda here, asked: sign(good(here, asked, nonce="another question's"), rsa_key("service")),
    "no nonce": lambda here, asked: sign(good(here, asked, nonce=...), rsa_key("service")),
    "nonce is no text": lambda here, asked: sign(good(here, asked, nonce=7), rsa_key("service")),
    "g5_71 over": lambda here, asked: sign(good(here, asked, exp=NOW), rsa_key("service")),
    "g5_71 no exp": lambda here, asked: sign(good(here, asked, exp=...), rsa_key("service")),
    "exp is text": lambda here, asked: sign(good(here, asked, exp=str(NOW + 60)), rsa_key("service")),
    "exp is true": lambda here, asked: sign(good(here, asked, exp=True), rsa_key("service")),
    "no success": lambda here, asked: sign(good(here, asked, success=...), rsa_key("service")),
    "success is text": lambda here, asked: sign(good(here, asked, success="true"), rsa_key("service")),
    "success is one": lambda here, asked: sign(good(here, asked, success=1), rsa_key("service")),
    "g5_70 our own question": lambda here, asked: mint_question(asked, signing_key()),
    "no token": lambda _here, _asked: None,
    "a list": lambda _here, _asked: [],
    "empty": lambda _here, _asked: "",
    "huge": lambda here, asked: sign(good(here, asked, padding="x" * 20_000), rsa_key("service")),
    "no json inside": lambda _here, _asked: sign(b"yes", rsa_key("service")),
}


@pytest.mark.parametrize("name", FORGED)
async def test_what_is_no_proven_answer_to_this_question_is_no_answer(evaluator, name: str):
    async with evaluating(answer=FORGED[name]) as service:
        said = await ask(evaluator, service)
    assert said.word is Word.FAILED
    assert said.because.startswith(f"{service.value.evaluate_url} gave no usable answer: ")


async def test_a_replayed_answer_is_no_answer(evaluator):
    kept: list[str] = []

    def recorded(here: Service, asked: dict[str, Any]) -> str:
        kept.append(sign(good(here, asked), rsa_key("service")))
        return kept[0]

    async with evaluating(answer=recorded) as service:
        assert (await ask(evaluator, service, "first")).word is Word.YES
        again = await ask(evaluator, service, "second")
        assert again.word is Word.FAILED
        assert again.because.endswith("nonce is not this question's")
        assert (await ask(evaluator, service, "first", NOW + 60)).word is Word.FAILED


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {}, b'{"token": "x"}'),
        (404, {}, b'{"token": "x"}'),
        (201, {}, b'{"token": "x"}'),
        (200, {"content-type": "text/html"}, b"<h1>yes</h1>"),
        (200, {}, b"yes"),
        (200, {}, b'{"success": true}'),
        (200, {}, b'{"token": "a", "token": "b"}'),
        (200, {"content-encoding": "gzip"}, b"{}"),
    ],
    ids=range(8),
)
async def test_an_answer_of_another_kind_is_no_answer(evaluator, status: int, headers: dict[str, str], body: bytes):
    async with evaluating(raw=(status, headers, body)) as service:
        assert (await ask(evaluator, service)).word is Word.FAILED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_g7_116_a_redirect_leads_nowhere_even_to_an_answer(evaluator, status: int):
    async with evaluating() as inside:
        location = {"location": inside.value.evaluate_url}
        async with evaluating(raw=(status, location, b"{}")) as service:
            said = await ask(evaluator, service)
        assert said.word is Word.FAILED
        assert "redirects are not followed" in said.because
        assert inside.asked == []


@pytest.mark.parametrize(
    "path", ["/huge", "/huge-chunks", "/huge-head", "/garbage", "/short", "/nothing", "/zipped", "/redirect-permanent"]
)
async def test_hostile_answers_are_no_answers(evaluator, path: str):
    async with hostile_server() as here, evaluating() as keys:
        value = ExternalEvaluationValue(evaluate_url=here.url(path), keys_url=keys.value.keys_url)
        said = await evaluator.ask(value, "question", NONCE, NOW)
    assert said.word is Word.FAILED


@pytest.mark.parametrize("path", ["/huge", "/redirect", "/error", "/not-json", "/fine"])
async def test_g5_67_without_keys_nothing_is_proven(evaluator, path: str):
    async with hostile_server() as here, evaluating() as service:
        value = ExternalEvaluationValue(evaluate_url=service.value.evaluate_url, keys_url=here.url(path))
        claims = question_claims(session(), organization(), value.evaluate_url, NOW, NONCE)
        assert (await evaluator.ask(value, mint_question(claims, signing_key()), NONCE, NOW)).word is Word.FAILED


@pytest.mark.parametrize("path", ["/silent", "/drip"])
async def test_a_slow_service_does_not_hold_a_login_up_for_long(evaluator, monkeypatch, path: str):
    monkeypatch.setattr(evaluation, "LONGEST", 0.3)
    async with hostile_server() as here:
        value = ExternalEvaluationValue(evaluate_url=here.url(path), keys_url=here.url("/fine"))
        said = await evaluator.ask(value, "question", NONCE, NOW)
    assert said == Evaluation(word=Word.FAILED, because=f"{value.evaluate_url} gave no complete answer within 0.3 s")


async def test_nobody_there_is_no_answer(evaluator):
    async with evaluating() as service:
        pass
    assert (await ask(evaluator, service)).word is Word.FAILED


@pytest.mark.parametrize(
    "address", ["http://evaluate.example.com/ask", "https://user:secret@example.com/", "https://exa mple.com/"]
)
async def test_addresses_that_are_not_safe_are_not_asked(evaluator, address: str):
    async with evaluating() as service:
        for changed in ({"evaluate_url": address}, {"keys_url": address}):
            value = service.value.model_copy(update=changed)
            assert (await evaluator.ask(value, "question", NONCE, NOW)).word is Word.FAILED
        assert service.asked == []


async def test_questions_take_turns(evaluator, monkeypatch):
    monkeypatch.setattr(evaluation, "LONGEST", 0.5)
    free = asyncio.Event()
    async with evaluating(waiting=free) as service:
        waiting = [asyncio.create_task(ask(evaluator, service, f"nonce {n}")) for n in range(evaluation.AT_ONCE + 8)]
        said = await asyncio.gather(*waiting)
        free.set()
    assert {one.word for one in said} == {Word.FAILED}
    assert len(service.asked) <= evaluation.AT_ONCE


async def test_the_keys_of_many_services_do_not_fill_the_memory(evaluator, monkeypatch):
    monkeypatch.setattr(evaluation, "_MOST_KEY_SETS", 2)
    async with evaluating() as a, evaluating() as b, evaluating() as c:
        for service in (a, b, c, a):
            assert (await ask(evaluator, service)).word is Word.YES
        assert (a.fetched, b.fetched, c.fetched) == (2, 1, 1)


def test_a_question_is_good_for_nothing_else():
    claims = question_claims(session(), organization(), "https://a.test/ask", NOW, NONCE)
    with pytest.raises(ValueError, match="a question has the type external_evaluation"):
        mint_question({**claims, "type": "app"}, signing_key())
    with pytest.raises(ValueError, match="too large"):
        mint_question({**claims, "padding": "x" * 2**20}, signing_key())
