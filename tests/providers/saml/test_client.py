"""One configured provider: keys and memory from outside, and what they decide."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.providers.saml.idp import NOW, OURS, REQUEST, Answer, assertion_signed, at, encoded, encrypt, provider, sign
from tests.tokens.material import private_key

from doorward.organization import IdentityProvider
from doorward.providers import ProviderError, Providers, Reason
from doorward.saml_keys import SamlKeys
from doorward.signin import Destination, LoginAttempt
from doorward.tokens.keys import issue

CONFIG = {
    "issuer_url": "https://idp.example/entity",
    "sso_target_url": "https://idp.example/sso",
    "idp_public_certs": (provider().pem,),
    "attributes": ("department",),
}
ATTEMPT = LoginAttempt(
    state="state",
    idp_id="idp-1",
    destination=Destination(aud="a" * 64, hostname="wiki.example.com", redirect_url="/", app_session_hash=""),
    browser_hash="",
    nonce=REQUEST.removeprefix("_"),
    code_verifier="",
    created_at=NOW - 30,
    expires_at=NOW + 3600,
)
KEY = issue(private_key("current"), "Doorward SAML", NOW)


class Memory:
    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()
        self.until = 0

    async def keys(self, now):
        return SamlKeys((KEY,), (KEY,))

    async def first_use(self, idp_id, assertion_id, expires_at, now):
        self.until = expires_at
        first = (idp_id, assertion_id) not in self.seen
        self.seen.add((idp_id, assertion_id))
        return first


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
async def providers(memory):
    closed = SimpleNamespace(aclose=_nothing)
    providers = Providers(closed, memory)
    yield providers
    await providers.close()


async def _nothing():
    pass


def idp(**config):
    return IdentityProvider(id="idp-1", name="Company", type="saml", config=CONFIG | config)


async def ask(providers, xml, attempt=ATTEMPT, **config):
    return await providers.identity(idp(**config), attempt, {"SAMLResponse": encoded(xml)}, OURS, NOW)


async def test_somebody_comes_back(providers, memory):
    found = await ask(providers, assertion_signed())
    assert (found.email, found.idp_type, found.custom) == ("ada@example.com", "saml", {"department": "R&D"})
    assert memory.until == NOW + 300 + 120


async def test_g8_123_the_second_time_an_assertion_is_refused(providers):
    await ask(providers, assertion_signed())
    with pytest.raises(ProviderError) as caught:
        await ask(providers, assertion_signed())
    assert caught.value.detail.startswith("saml replay:")
    assert caught.value.reason is Reason.INVALID_ANSWER


async def test_what_was_refused_is_not_used_up(providers):
    with pytest.raises(ProviderError):
        await ask(providers, assertion_signed(), replace(ATTEMPT, nonce="another"))
    assert (await ask(providers, assertion_signed())).email


async def test_notes_are_logged_and_nobody_is_turned_away_for_them(providers):
    more = '<saml:AttributeStatement><saml:Attribute Name=""/></saml:AttributeStatement>'
    assert (await ask(providers, assertion_signed(more=more))).email == "ada@example.com"


async def test_encrypted_assertions_are_opened_with_our_key(providers):
    answer = Answer()
    xml = answer.response(encrypt(sign(answer.assertion()), key=KEY.private_key))
    assert (await ask(providers, xml, enable_encryption=True)).email == "ada@example.com"
    with pytest.raises(ProviderError, match="not set up to work together") as caught:
        await ask(providers, xml)
    assert caught.value.detail.startswith("saml not_expected_encrypted:")


@pytest.mark.parametrize(
    ("attempt", "config"), [(replace(ATTEMPT, destination=None), {}), (ATTEMPT, {"force_authn": True})]
)
async def test_a_fresh_sign_in_is_asked_for_and_looked_for(providers, attempt, config):
    url = await providers.authorization_url(idp(**config, request_binding="redirect"), attempt, OURS, NOW)
    plain = await providers.authorization_url(idp(), ATTEMPT, OURS, NOW)
    assert len(url) > len(plain)
    old = f'<saml:AuthnStatement AuthnInstant="{at(-3600)}"/>'
    with pytest.raises(ProviderError) as caught:
        await ask(providers, assertion_signed(sign_in=old), attempt, **config)
    assert caught.value.detail.startswith("saml stale:")


async def test_a_request_by_form_goes_by_a_page_of_ours(providers):
    posted = idp(request_binding="post", sign_request=True)
    url = await providers.authorization_url(posted, ATTEMPT, OURS, NOW)
    assert url == "https://login.example.com/cdn-cgi/access/saml-request?state=state"
    form = await providers.saml_form(posted, ATTEMPT, OURS, NOW)
    assert (form.url, dict(form.fields)["RelayState"]) == ("https://idp.example/sso", "state")


async def test_signed_requests_are_signed_with_our_key(providers):
    url = await providers.authorization_url(idp(sign_request=True), ATTEMPT, OURS, NOW)
    assert "&SigAlg=http" in url
    assert "&Signature=" in url


@pytest.mark.parametrize(
    ("config", "signs", "encrypts"),
    [(None, False, False), ({"sign_request": True}, True, False), ({"enable_encryption": True}, False, True)],
)
async def test_metadata_is_for_everybody_or_for_one_provider(providers, config, signs, encrypts):
    text = await providers.saml_metadata(OURS, NOW, idp(**config) if config is not None else None)
    assert ('AuthnRequestsSigned="true"' in text, 'use="encryption"' in text) == (signs, encrypts)


async def test_other_providers_speak_no_saml(providers):
    other = IdentityProvider(
        id="x", name="Directory", type="oidc", config={"issuer": "https://idp.example", "client_id": "x"}
    )
    for asked in (providers.saml_form(other, ATTEMPT, OURS, NOW), providers.saml_metadata(OURS, NOW, other)):
        with pytest.raises(ProviderError) as caught:
            await asked
        assert caught.value.reason is Reason.CONFIGURATION


async def test_without_a_memory_there_is_no_saml():
    providers = Providers(SimpleNamespace(aclose=_nothing))
    with pytest.raises(ProviderError) as caught:
        await ask(providers, assertion_signed())
    assert caught.value.reason is Reason.CONFIGURATION
    with pytest.raises(ProviderError):
        await providers.saml_metadata(OURS, NOW)
    await providers.close()


async def test_a_configuration_that_does_not_fit_signs_nobody_in(providers):
    broken = IdentityProvider(id="idp-1", name="Company", type="saml", config={"issuer_url": "x"})
    with pytest.raises(ProviderError) as caught:
        await providers.identity(broken, ATTEMPT, {}, OURS, NOW)
    assert caught.value.reason is Reason.CONFIGURATION
