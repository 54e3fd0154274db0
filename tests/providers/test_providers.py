"""The whole exchange with a scripted provider."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs
from tests.providers.hostile import hostile_server
from tests.providers.scripted import (
    CLIENT,
    DISCOVERY,
    ISSUER,
    NOW,
    REDIRECT,
    SECRET,
    VERIFIER,
    Script,
    attempt,
    claims,
    half_hash,
    provider,
    public,
    rsa_key,
    script,
    sign,
)

from doorward.organization import IdentityProvider
from doorward.providers import ProviderError, Providers, Reason, outbound_client

ANSWER = {"state": "state-of-this-attempt", "code": "the-code"}
DISCOVERING = {"auth_url": None, "token_url": None, "certs_url": None, "issuer": ISSUER}


@pytest.fixture
async def open_providers():
    opened = []

    def build(played: Script) -> Providers:
        opened.append(Providers(outbound_client(played.transport())))
        return opened[-1]

    yield build
    for providers in opened:
        await providers.close()


async def refusal(providers, idp=None, answer=ANSWER, now=NOW, **changes):
    with pytest.raises(ProviderError) as refused:
        await providers.identity(idp or provider(), attempt(**changes), answer, REDIRECT, now)
    return refused.value


async def test_a_login_asks_for_tokens_and_keys_and_gives_the_identity(open_providers):
    played = script()
    who = await open_providers(played).identity(provider(), attempt(), ANSWER, REDIRECT, NOW)
    assert (who.id, who.email, who.groups[0].name) == ("user-1", "alice@example.test", "staff")
    assert played.paths() == ["/token", "/keys"]
    assert played.form() == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": REDIRECT,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "code_verifier": VERIFIER,
    }


async def test_without_discovery_nothing_is_asked_to_send_the_browser_away(open_providers):
    played = script()
    url = await open_providers(played).authorization_url(provider(), attempt(), REDIRECT, NOW, prompt="login")
    assert url.startswith(f"{ISSUER}/authorize?")
    assert "prompt=login" in url
    assert played.asked == []


async def test_discovery_and_keys_are_fetched_once_for_many_logins(open_providers):
    played = script()
    providers, idp = open_providers(played), provider(**DISCOVERING)
    for _ in range(3):
        await providers.authorization_url(idp, attempt(), REDIRECT, NOW)
        await providers.identity(idp, attempt(), ANSWER, REDIRECT, NOW)
    assert sorted(played.paths()) == ["/.well-known/openid-configuration", "/keys", "/token", "/token", "/token"]


async def test_a_changed_provider_object_is_learned_anew(open_providers):
    played = script()
    providers = open_providers(played)
    await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW)
    await providers.identity(provider(client_secret="new"), attempt(), ANSWER, REDIRECT, NOW)
    assert played.form()["client_secret"] == "new"
    assert played.paths().count("/keys") == 2


async def test_userinfo_completes_what_the_id_token_leaves_out(open_providers):
    told = httpx.Response(200, json={"sub": "user-1", "email": "alice@example.test", "groups": ["staff"], "dept": "x"})
    played = script(sign(claims(email=..., groups=...)), userinfo=told)
    idp = provider(userinfo_url=f"{ISSUER}/userinfo", claims=["dept"])
    who = await open_providers(played).identity(idp, attempt(), ANSWER, REDIRECT, NOW)
    assert (who.email, who.groups[0].id, who.custom) == ("alice@example.test", "staff", {"dept": "x"})
    assert played.asked[-1].headers["authorization"] == "Bearer at"


async def test_userinfo_is_left_alone_when_nothing_is_missing(open_providers):
    played = script()
    await open_providers(played).identity(provider(userinfo_url=f"{ISSUER}/userinfo"), attempt(), ANSWER, REDIRECT, NOW)
    assert "/userinfo" not in played.paths()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (httpx.Response(200, json={"sub": "user-2", "email": "bob@example.test"}), Reason.INVALID_ANSWER),
        (httpx.Response(200, json={"email": "bob@example.test"}), Reason.INVALID_ANSWER),
        (httpx.Response(401, json={"error": "invalid_token"}), Reason.INVALID_ANSWER),
        (httpx.Response(503), Reason.UNAVAILABLE),
    ],
)
async def test_g7_101_a_userinfo_that_fails_or_is_about_somebody_else_ends_the_login(open_providers, told, reason):
    played = script(sign(claims(groups=...)), userinfo=told)
    error = await refusal(open_providers(played), provider(userinfo_url=f"{ISSUER}/userinfo"))
    assert error.reason is reason


async def test_g7_101_hashes_of_code_and_access_token_are_checked_against_this_exchange(open_providers):
    good = script(sign(claims(at_hash=half_hash("at"), c_hash=half_hash("the-code"))))
    assert await open_providers(good).identity(provider(), attempt(), ANSWER, REDIRECT, NOW)
    for wrong in ({"at_hash": half_hash("another")}, {"c_hash": half_hash("another")}):
        error = await refusal(open_providers(script(sign(claims(**wrong)))))
        assert error.reason is Reason.INVALID_ANSWER


async def test_g7_98_an_attempt_of_another_provider_is_refused_before_anything_is_asked(open_providers):
    played = script()
    error = await refusal(open_providers(played), idp_id="idp-2")
    assert error.reason is Reason.INVALID_ANSWER
    assert played.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "the-code"},
        {**ANSWER, "state": "another"},
        {**ANSWER, "iss": "https://evil.test"},
        {"state": "state-of-this-attempt"},
        {"state": "state-of-this-attempt", "error": "access_denied", "code": "the-code"},
    ],
)
async def test_g7_97_and_98_a_foreign_callback_never_reaches_the_token_endpoint(open_providers, answer):
    played = script()
    await refusal(open_providers(played), answer=answer)
    assert played.asked == []


async def test_g7_101_a_replayed_id_token_of_another_attempt_is_refused(open_providers):
    error = await refusal(open_providers(script()), nonce="nonce-of-another-attempt")
    assert error.reason is Reason.INVALID_ANSWER
    assert "nonce" in error.detail


async def test_what_the_provider_says_is_passed_on(open_providers):
    answer = {"state": "state-of-this-attempt", "error": "access_denied", "error_description": "<b>Not you</b>"}
    error = await refusal(open_providers(script()), answer=answer)
    assert error.reason is Reason.REFUSED
    assert "Example <Login> did not sign you in (it said: <b>Not you</b>)" in str(error)


@pytest.mark.parametrize(
    "answers",
    [
        {"/token": httpx.Response(401, json={"error": "invalid_client", "error_description": f"{SECRET} the-code"})},
        {"/token": httpx.Response(200, json={"id_token": "a.b.c", "access_token": "at-hush"})},
        {"/token": httpx.Response(200, json={"id_token": sign(claims(nonce="x")), "access_token": "at-hush"})},
        {"/token": httpx.Response(500, text=f"{SECRET} the-code")},
        {"/keys": httpx.Response(500)},
    ],
)
async def test_no_secret_is_in_any_error(open_providers, answers):
    error = await refusal(open_providers(Script({**script().answers, **answers})))
    for secret in (SECRET, "the-code", VERIFIER, "state-of-this-attempt", "nonce-of-this", "hush"):
        assert secret not in f"{error} {error.detail}"


async def test_a_refused_client_is_a_matter_of_configuration(open_providers):
    played = script()
    played.answers["/token"] = httpx.Response(401, json={"error": "invalid_client"})
    error = await refusal(open_providers(played))
    assert error.reason is Reason.CONFIGURATION
    assert "tell your administrator" in str(error)


async def test_g5_66_a_flood_of_unknown_keys_fetches_the_key_set_once_per_interval(open_providers):
    played = script(sign(claims(), rsa_key("attacker")))
    providers = open_providers(played)
    for second in range(0, 60, 2):
        errors = await asyncio.gather(*(refusal(providers, now=NOW + second) for _ in range(10)))
        assert {error.reason for error in errors} == {Reason.INVALID_ANSWER}
    # The first use, and one renewal half a minute later.
    assert played.paths().count("/keys") == 2
    played.answers["/token"] = script().answers["/token"]
    assert await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW + 60)


async def test_g5_66_a_new_key_of_the_provider_is_found(open_providers):
    played = script()
    providers = open_providers(played)
    await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW)
    played.answers["/token"] = script(sign(claims(), rsa_key("new"))).answers["/token"]
    played.answers["/keys"] = httpx.Response(200, json={"keys": [public(rsa_key("new"))]})
    assert await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW + 30)
    played.answers["/token"] = script().answers["/token"]
    assert (await refusal(providers, now=NOW + 31)).reason is Reason.INVALID_ANSWER


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://evil.test/keys"}),
        httpx.Response(404, json={}),
        httpx.Response(200, text="<html></html>", headers={"content-type": "text/html"}),
        httpx.Response(200, content=b'{"keys": [' + b" " * 1_100_000 + b"]}"),
        httpx.Response(200, json={"keys": []}),
        httpx.Response(200, json={"keys": [public(rsa_key("evil")), public(rsa_key(), kid="evil")]}),
        httpx.Response(200, json={"keys": [rsa_key("evil").as_dict(private=True)]}),
    ],
    ids=["500", "redirect", "404", "html", "large", "empty", "duplicate kid", "private key"],
)
async def test_g5_67_a_broken_key_set_is_refused_and_the_old_keys_are_kept(open_providers, broken):
    played = script()
    providers = open_providers(played)
    await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW)
    played.answers["/keys"] = broken
    good = played.answers["/token"]
    played.answers["/token"] = script(sign(claims(), rsa_key("evil"))).answers["/token"]
    assert (await refusal(providers, now=NOW + 40)).reason in {Reason.INVALID_ANSWER, Reason.UNAVAILABLE}
    played.answers["/token"] = good
    assert await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW + 41)
    # A provider met for the first time in that state signs nobody in.
    assert (await refusal(open_providers(played))).reason in {Reason.INVALID_ANSWER, Reason.UNAVAILABLE}


async def test_g5_64_a_key_that_comes_with_the_token_is_not_fetched(open_providers):
    token = sign(claims(), rsa_key("evil"), header={"jku": "https://evil.test/keys", "kid": "evil"})
    played = script(token)
    assert (await refusal(open_providers(played))).reason is Reason.INVALID_ANSWER
    assert {request.url.host for request in played.asked} == {"idp.test"}
    assert played.paths() == ["/token"]


async def test_discovery_that_fails_is_told_and_tried_again_a_little_later(open_providers):
    played = script(discovery=httpx.Response(503))
    providers, idp = open_providers(played), provider(**DISCOVERING)
    for _ in range(5):
        with pytest.raises(ProviderError) as refused:
            await providers.authorization_url(idp, attempt(), REDIRECT, NOW)
        assert refused.value.reason is Reason.UNAVAILABLE
    assert len(played.asked) == 1
    played.answers["/.well-known/openid-configuration"] = httpx.Response(200, json=DISCOVERY)
    assert await providers.authorization_url(idp, attempt(), REDIRECT, NOW + 5)


async def test_discovery_that_is_not_there_is_a_matter_of_configuration(open_providers):
    played = script(discovery=httpx.Response(404, json={}))
    with pytest.raises(ProviderError) as refused:
        await open_providers(played).authorization_url(provider(**DISCOVERING), attempt(), REDIRECT, NOW)
    assert refused.value.reason is Reason.CONFIGURATION


async def test_g7_103_two_hundred_logins_at_once_each_get_their_own_identity(open_providers):
    def issue(request: httpx.Request) -> httpx.Response:
        who = request.content.decode().partition("code=code-")[2].partition("&")[0]
        token = sign(claims(sub=f"user-{who}", email=f"{who}@example.test", nonce=f"nonce-{who}"))
        return httpx.Response(200, json={"access_token": who, "id_token": token})

    providers = open_providers(Script({**script().answers, "/token": issue}))

    async def login(who: int):
        begun = attempt(state=f"state-{who}", nonce=f"nonce-{who}")
        answer = {"state": f"state-{who}", "code": f"code-{who}"}
        return await providers.identity(provider(), begun, answer, REDIRECT, NOW)

    people = await asyncio.gather(*(login(who) for who in range(200)))
    assert [person.email for person in people] == [f"{who}@example.test" for who in range(200)]


async def test_g7_107_groups_that_are_not_usable_are_noted_in_the_log(open_providers):
    providers = open_providers(script(sign(claims(groups="admins"))))
    with capture_logs() as logged:
        who = await providers.identity(provider(), attempt(), ANSWER, REDIRECT, NOW)
    assert who.groups == ()
    assert logged[0]["identity_provider"] == "Example <Login>"
    assert logged[0]["note"] == "groups: str instead of a list; none are used"


async def test_what_is_remembered_of_providers_is_bounded(open_providers):
    played = script(discovery=httpx.Response(200, json=DISCOVERY))
    providers, idp = open_providers(played), provider(**DISCOVERING)
    for number in range(300):
        named = idp.model_copy(update={"id": f"idp-{number}"})
        await providers.authorization_url(named, attempt(idp_id=named.id), REDIRECT, NOW)
    assert len(played.asked) == 300
    last, first = idp.model_copy(update={"id": "idp-299"}), idp.model_copy(update={"id": "idp-0"})
    await providers.authorization_url(last, attempt(), REDIRECT, NOW)
    assert len(played.asked) == 300
    await providers.authorization_url(first, attempt(), REDIRECT, NOW)
    assert len(played.asked) == 301


async def test_a_one_time_pin_has_no_page_to_send_the_browser_to(open_providers):
    pin = IdentityProvider(id="idp-1", name="Email code", type="onetimepin")
    with pytest.raises(ProviderError) as refused:
        await open_providers(script()).authorization_url(pin, attempt(), REDIRECT, NOW)
    assert refused.value.reason is Reason.CONFIGURATION


async def test_a_broken_configuration_is_told_without_its_values(open_providers):
    error = await refusal(open_providers(script()), provider(client_id="", client_secret=["hush"]))
    assert error.reason is Reason.CONFIGURATION
    assert error.detail == "config is not valid: client_id, client_secret"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/error", Reason.UNAVAILABLE),
        ("/redirect", Reason.INVALID_ANSWER),
        ("/huge", Reason.INVALID_ANSWER),
        ("/html", Reason.INVALID_ANSWER),
    ],
)
async def test_g5_67_a_hostile_token_endpoint_signs_nobody_in(path, reason):
    async with hostile_server() as hostile:
        providers = Providers(outbound_client())
        error = await refusal(providers, provider(token_url=hostile.url(path)))
        assert error.reason is reason
        assert str(error).startswith("Example <Login> ")
        await providers.close()
