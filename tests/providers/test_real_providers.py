"""Logins at two real OpenID providers, each in a process of its own, through their own login forms."""

from __future__ import annotations

import base64
import time

import pytest
from tests.counterparties.browser import Browser
from tests.counterparties.oidc_provider import oidc_provider, why_not
from tests.counterparties.oidc_provider_mock import oidc_provider_mock

from doorward.organization import IdentityProvider
from doorward.providers import ProviderError, Providers, Reason, outbound_client
from doorward.signin import LoginAttempt

REDIRECT = "http://login.localhost:8080/cdn-cgi/access/callback"
ACCOUNTS = {
    "alice": {"email": "alice@example.test", "name": "Alice Example", "groups": ["staff", "admins"]},
    "unverified": {"email": "mallory@example.test", "email_verified": False},
    "twofold": {"email": "a@evil.test@example.test"},
}
needs_node = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


@pytest.fixture(scope="module")
def op():
    with oidc_provider([REDIRECT], accounts=ACCOUNTS, host="directory.localhost") as running:
        yield running


@pytest.fixture(scope="module")
def mock_op():
    with oidc_provider_mock(ACCOUNTS) as running:
        yield running


@pytest.fixture
async def providers():
    opened = Providers(outbound_client())
    yield opened
    await opened.close()


def idp(config, **more):
    return IdentityProvider(id="idp-1", name="Demo directory", type="oidc", config={**config, **more})


def attempt(number=0, **changes):
    now = int(time.time())
    values = {
        "state": f"state-{number}",
        "idp_id": "idp-1",
        "destination": None,
        "browser_hash": "0" * 64,
        "nonce": f"nonce-{number}",
        "code_verifier": base64.urlsafe_b64encode(f"verifier {number:024}".encode())
        .decode()
        .rstrip("=")
        .ljust(43, "v"),
        "created_at": now,
        "expires_at": now + 3600,
    }
    return LoginAttempt(**{**values, **changes})


async def sign_in(providers, configured, *steps, begun=None):
    """Send the browser away, fill in the provider's forms, and come back."""
    begun = begun or attempt()
    now = int(time.time())
    url = await providers.authorization_url(configured, begun, REDIRECT, now)
    with Browser(REDIRECT) as browser:
        answer = browser.open(url)
        for step in steps:
            assert answer is None, answer
            answer = browser.submit(step)
    assert answer is not None
    return await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))


def login_and_consent(login):
    return {"login": login, "password": "anything"}, {}


SCOPES = {"scopes": ["openid", "email", "profile", "groups"]}


@needs_node
@pytest.mark.parametrize("form", ["addresses", "discovery"])
async def test_alice_signs_in_at_oidc_provider(providers, op, form):
    configured = idp(getattr(op, form), **SCOPES, claims=["groups", "name"])
    who = await sign_in(providers, configured, *login_and_consent("alice"))
    assert (who.id, who.email, who.name) == ("alice", "alice@example.test", "Alice Example")
    assert [group.name for group in who.groups] == ["staff", "admins"]
    assert dict(who.custom) == {"groups": ["staff", "admins"], "name": "Alice Example"}
    assert who.oidc_fields["email_verified"] is True


@needs_node
async def test_an_account_that_is_not_listed_signs_in_at_oidc_provider(providers, op):
    who = await sign_in(providers, idp(op.discovery, **SCOPES), *login_and_consent("bob"))
    assert (who.id, who.email, who.groups) == ("bob", "bob@example.test", ())


@needs_node
async def test_claims_that_are_at_the_userinfo_endpoint_only_are_fetched(providers):
    with oidc_provider([REDIRECT], accounts=ACCOUNTS, claims_at_userinfo_only=True) as op:
        who = await sign_in(providers, idp(op.discovery, **SCOPES), *login_and_consent("alice"))
        assert (who.email, [group.id for group in who.groups]) == ("alice@example.test", ["staff", "admins"])
        # The three addresses alone do not say where userinfo is.
        with pytest.raises(ProviderError) as refused:
            await sign_in(providers, idp(op.addresses, **SCOPES), *login_and_consent("alice"))
        assert refused.value.reason is Reason.NO_EMAIL
        told = idp(op.addresses, **SCOPES, userinfo_url=op.userinfo_url)
        assert (await sign_in(providers, told, *login_and_consent("alice"))).email == "alice@example.test"


@needs_node
async def test_a_provider_that_wants_the_secret_in_the_header_gets_it_there(providers):
    with oidc_provider([REDIRECT], auth_method="client_secret_basic") as op:
        configured = idp(op.addresses, token_endpoint_auth_method="client_secret_basic")
        assert (await sign_in(providers, configured, *login_and_consent("alice"))).id == "alice"


@needs_node
async def test_g7_102_oidc_provider_refuses_a_login_without_pkce_and_one_with_another_verifier(providers, op):
    with pytest.raises(ProviderError) as refused:
        await sign_in(providers, idp(op.addresses, pkce_enabled=False))
    assert refused.value.reason is Reason.CONFIGURATION
    begun, configured = attempt(), idp(op.addresses)
    url = await providers.authorization_url(configured, begun, REDIRECT, int(time.time()))
    with Browser(REDIRECT) as browser:
        browser.open(url)
        browser.submit({"login": "alice", "password": "x"})
        answer = browser.submit()
    other = attempt(code_verifier="w" * 43)
    with pytest.raises(ProviderError) as refused:
        await providers.identity(configured, other, answer, REDIRECT, int(time.time()))
    assert refused.value.reason is Reason.REFUSED


@needs_node
async def test_a_code_is_good_once(providers, op):
    begun, configured = attempt(), idp(op.addresses)
    with Browser(REDIRECT) as browser:
        browser.open(await providers.authorization_url(configured, begun, REDIRECT, int(time.time())))
        browser.submit({"login": "alice", "password": "x"})
        answer = browser.submit()
    assert await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))
    with pytest.raises(ProviderError) as refused:
        await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))
    assert refused.value.reason is Reason.REFUSED


@needs_node
async def test_a_wrong_client_secret_is_a_matter_of_configuration(providers, op):
    with pytest.raises(ProviderError) as refused:
        await sign_in(providers, idp(op.discovery, client_secret="wrong"), *login_and_consent("alice"))
    assert refused.value.reason is Reason.CONFIGURATION


@needs_node
@pytest.mark.parametrize(("login", "reason"), [("unverified", Reason.EMAIL_NOT_VERIFIED), ("twofold", Reason.NO_EMAIL)])
async def test_g7_105_an_account_with_an_address_that_proves_nothing_is_refused(providers, op, login, reason):
    with pytest.raises(ProviderError) as refused:
        await sign_in(providers, idp(op.discovery, **SCOPES), *login_and_consent(login))
    assert refused.value.reason is reason


@needs_node
async def test_a_visitor_who_cancels_is_told_so(providers, op):
    begun, configured = attempt(), idp(op.discovery)
    with Browser(REDIRECT) as browser:
        browser.open(await providers.authorization_url(configured, begun, REDIRECT, int(time.time())))
        abort = browser.text.partition('href="')[2].partition('"')[0]
        answer = browser.open(abort)
    assert answer["error"] == "access_denied"
    with pytest.raises(ProviderError) as refused:
        await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))
    assert refused.value.reason is Reason.REFUSED
    assert "Demo directory did not sign you in (it said: " in str(refused.value)


@needs_node
async def test_g7_98_oidc_provider_names_itself_in_the_callback_and_nobody_else_may(providers, op):
    begun, configured = attempt(), idp(op.discovery)
    with Browser(REDIRECT) as browser:
        browser.open(await providers.authorization_url(configured, begun, REDIRECT, int(time.time())))
        browser.submit({"login": "alice", "password": "x"})
        answer = browser.submit()
    assert answer["iss"] == op.issuer
    without = {name: value for name, value in answer.items() if name != "iss"}
    for foreign in (without, {**answer, "iss": "https://evil.test"}):
        with pytest.raises(ProviderError) as refused:
            await providers.identity(configured, begun, foreign, REDIRECT, int(time.time()))
        assert refused.value.reason is Reason.INVALID_ANSWER
    assert await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))


@pytest.mark.parametrize("form", ["addresses", "discovery"])
async def test_alice_signs_in_at_oidc_provider_mock(providers, mock_op, form):
    who = await sign_in(providers, idp(getattr(mock_op, form), claims=["groups"]), {"sub": "alice"})
    assert (who.id, who.email, who.name) == ("alice", "alice@example.test", "Alice Example")
    assert [group.id for group in who.groups] == ["staff", "admins"]


async def test_g7_97_an_answer_without_state_is_nobodys_even_if_it_only_says_no(providers, mock_op):
    # This provider leaves the state out when its visitor denies, against RFC 6749, 4.1.2.1.
    begun, configured = attempt(), idp(mock_op.addresses)
    with Browser(REDIRECT) as browser:
        browser.open(await providers.authorization_url(configured, begun, REDIRECT, int(time.time())))
        answer = browser.submit({"action": "deny"})
    assert answer["error"] == "access_denied"
    with pytest.raises(ProviderError) as refused:
        await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))
    assert refused.value.reason is Reason.INVALID_ANSWER


async def test_g7_101_another_attempts_nonce_is_refused_at_oidc_provider_mock(providers, mock_op):
    begun, configured = attempt(), idp(mock_op.addresses)
    with Browser(REDIRECT) as browser:
        browser.open(await providers.authorization_url(configured, begun, REDIRECT, int(time.time())))
        answer = browser.submit({"sub": "alice"})
    with pytest.raises(ProviderError, match="cannot be trusted"):
        await providers.identity(configured, attempt(nonce="another"), answer, REDIRECT, int(time.time()))


async def test_g7_99_ten_logins_begun_at_once_all_end_signed_in(providers, mock_op):
    configured = idp(mock_op.discovery)
    begun = [attempt(number) for number in range(10)]
    urls = [await providers.authorization_url(configured, one, REDIRECT, int(time.time())) for one in begun]
    with Browser(REDIRECT) as browser:
        answers = []
        for number, url in enumerate(urls):
            browser.open(url)
            answers.append(browser.submit({"sub": f"user-{number}@example.test"}))
    for number in reversed(range(10)):
        who = await providers.identity(configured, begun[number], answers[number], REDIRECT, int(time.time()))
        assert who.email == f"user-{number}@example.test"


async def test_a_provider_that_went_away_is_unavailable(providers):
    with oidc_provider_mock() as gone:
        configured = idp(gone.discovery)
        begun = attempt()
        with Browser(REDIRECT) as browser:
            browser.open(await providers.authorization_url(configured, begun, REDIRECT, int(time.time())))
            answer = browser.submit({"sub": "alice@example.test"})
    with pytest.raises(ProviderError) as refused:
        await providers.identity(configured, begun, answer, REDIRECT, int(time.time()))
    assert refused.value.reason is Reason.UNAVAILABLE
    with pytest.raises(ProviderError) as refused:
        await providers.authorization_url(idp(gone.discovery, prompt="login"), begun, REDIRECT, int(time.time()))
    assert refused.value.reason is Reason.UNAVAILABLE
