"""Vendors with OAuth 2.0 and a profile, each played in its own shape by a server on this machine."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.providers.scripted import NOW, REDIRECT, VERIFIER, attempt
from tests.providers.vendors.local import ACCESS_TOKEN, page

from doorward.identity import Group
from doorward.organization import IdentityProvider
from doorward.providers import ProviderError, Reason

TOKEN = {"access_token": ACCESS_TOKEN, "token_type": "bearer", "scope": "read:org,user:email"}
OCTOCAT = {"id": 583231, "login": "octocat", "name": "Mona", "email": "shown-to-the-world@example.test"}
EMAILS = [
    {"email": "other@example.test", "primary": False, "verified": True, "visibility": None},
    {"email": "mona@example.test", "primary": True, "verified": True, "visibility": "private"},
]


def github(local, emails=EMAILS, organizations=(), teams=()):
    local.on("/login/oauth/access_token", TOKEN)
    local.on("/user", OCTOCAT)
    local.on("/user/emails", emails)
    local.on("/user/orgs", list(organizations))
    local.on("/user/teams", list(teams))


async def test_github_says_the_primary_address_and_not_the_one_on_show(local, sign_in):
    github(local)
    identity = await sign_in("github")
    assert (identity.id, identity.email, identity.name) == ("583231", "mona@example.test", "Mona")
    assert local.forms[0]["code_verifier"] == VERIFIER
    assert local.authorizations("/user/emails") == {f"Bearer {ACCESS_TOKEN}"}


@pytest.mark.parametrize(
    ("emails", "reason"),
    [
        ([{**EMAILS[1], "verified": False}], Reason.EMAIL_NOT_VERIFIED),
        ([{**EMAILS[1], "verified": "true"}], Reason.EMAIL_NOT_VERIFIED),
        ([EMAILS[0]], Reason.NO_EMAIL),
        ([], Reason.NO_EMAIL),
        ([EMAILS[1], EMAILS[1]], Reason.NO_EMAIL),
        ([{**EMAILS[1], "email": None}], Reason.NO_EMAIL),
        ([{**EMAILS[1], "email": "a@b@c.test"}], Reason.NO_EMAIL),
        ({"message": "Not Found"}, Reason.INVALID_ANSWER),
        (["mona@example.test"], Reason.INVALID_ANSWER),
    ],
)
async def test_github_without_a_verified_primary_address_lets_nobody_in(local, sign_in, emails, reason):
    github(local, emails=emails)
    with pytest.raises(ProviderError) as refused:
        await sign_in("github")
    assert refused.value.reason is reason


async def test_github_organizations_and_teams_are_groups_page_by_page(local, sign_in):
    github(local)
    organizations = [{"id": n, "login": f"org-{n}"} for n in range(101)]
    pages = {"": page(organizations[:100], f"{local.url}/user/orgs?page=2"), "2": page(organizations[100:])}
    local.pages("/user/orgs", pages, "page")
    team = {"id": 7, "name": "org-1/Owners", "slug": "the-others", "organization": {"id": 9, "login": "acme"}}
    local.on("/user/teams", [team])
    identity = await sign_in("github")
    assert len(identity.groups) == 102
    assert identity.groups[100] == Group(id="100", name="org-100")
    assert identity.groups[-1] == Group(id="7", name="acme/the-others"), "a title is chosen by whoever makes a team"


@pytest.mark.parametrize(
    "team",
    [
        {"id": 7, "slug": "x"},
        {"id": 7, "slug": "x", "organization": {}},
        {"id": 7, "organization": {"login": "acme"}},
        {"slug": "x", "organization": {"login": "acme"}},
        "x",
    ],
)
async def test_a_team_that_cannot_be_read_ends_the_login(local, sign_in, team):
    github(local, teams=[team])
    with pytest.raises(ProviderError) as refused:
        await sign_in("github")
    assert refused.value.reason is Reason.INVALID_ANSWER


async def test_github_reports_errors_with_status_200(local, sign_in):
    local.on("/login/oauth/access_token", {"error": "bad_verification_code", "error_description": "expired"})
    with pytest.raises(ProviderError) as refused:
        await sign_in("github")
    assert refused.value.reason is Reason.REFUSED


async def test_facebook_signs_in_by_its_graph(local, sign_in):
    local.on("/oauth/access_token", {"access_token": ACCESS_TOKEN, "token_type": "bearer", "expires_in": 5183944})
    local.on("/me", {"id": "10158", "name": "Mona", "email": "mona@example.test"})
    identity = await sign_in("facebook")
    assert (identity.id, identity.email, identity.groups) == ("10158", "mona@example.test", ())
    assert next(query for path, query, _ in local.asked if path == "/me") == "fields=id,name,email"


async def test_facebook_without_a_confirmed_address_lets_nobody_in(local, sign_in):
    local.on("/oauth/access_token", {"access_token": ACCESS_TOKEN})
    local.on("/me", {"id": "10158", "name": "Mona"})
    with pytest.raises(ProviderError) as refused:
        await sign_in("facebook")
    assert refused.value.reason is Reason.NO_EMAIL


async def test_facebook_reports_an_object_as_error(local, sign_in):
    local.on("/oauth/access_token", {"error": {"message": "Invalid verification code", "type": "OAuthException"}}, 400)
    with pytest.raises(ProviderError) as refused:
        await sign_in("facebook")
    assert refused.value.reason is Reason.REFUSED


async def test_linkedin_signs_in_with_a_verified_address_alone(local, sign_in):
    local.on("/oauth/v2/accessToken", TOKEN)
    profile = {"sub": "782bbtaQ", "name": "Mona", "email": "mona@example.test", "email_verified": True}
    local.on("/v2/userinfo", profile)
    assert (await sign_in("linkedin")).id == "782bbtaQ"
    assert "code_verifier" not in local.forms[0]
    for said in (False, "false", None):
        local.on("/v2/userinfo", {**profile, "email_verified": said})
        with pytest.raises(ProviderError) as refused:
            await sign_in("linkedin")
        assert refused.value.reason is Reason.EMAIL_NOT_VERIFIED


async def test_yandex_has_a_scheme_of_its_own(local, sign_in):
    local.on("/token", TOKEN)
    local.on("/info", {"id": "1000034426", "default_email": "mona@yandex.test", "real_name": "Mona\nLisa"})
    identity = await sign_in("yandex")
    assert (identity.email, identity.name) == ("mona@yandex.test", "Mona Lisa")
    assert local.authorizations("/info") == {f"OAuth {ACCESS_TOKEN}"}


@pytest.mark.parametrize("profile", [{}, {"id": ""}, {"id": True}, {"id": "a\nb"}, ["x"]])
async def test_a_profile_of_nobody_is_refused(local, sign_in, profile):
    local.on("/token", TOKEN)
    local.on("/info", {**profile, "default_email": "mona@yandex.test"} if isinstance(profile, dict) else profile)
    with pytest.raises(ProviderError) as refused:
        await sign_in("yandex")
    assert refused.value.reason is Reason.INVALID_ANSWER


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": "a b"}, {"access_token": 7}])
async def test_no_access_token_no_entry(local, sign_in, answer):
    local.on("/token", answer)
    with pytest.raises(ProviderError) as refused:
        await sign_in("yandex")
    assert refused.value.reason is Reason.INVALID_ANSWER
    assert not local.authorizations("/info")


async def test_a_refused_profile_is_no_identity(local, sign_in):
    local.on("/token", TOKEN)
    local.on("/info", {"id": "1", "default_email": "mona@yandex.test"}, 401)
    with pytest.raises(ProviderError) as refused:
        await sign_in("yandex")
    assert refused.value.reason is Reason.INVALID_ANSWER


async def test_another_attempts_answer_is_refused_before_anything_is_asked(local, providers):
    config = {"client_id": "client", "client_secret": "s", "base_url": local.url, "api_url": local.url}
    idp = IdentityProvider(id="idp-1", name="Example", type="github", config=config)
    with pytest.raises(ProviderError):
        await providers.identity(idp, attempt(), {"code": "c", "state": "another"}, REDIRECT, NOW)
    assert local.asked == []


async def test_the_browser_goes_to_the_vendors_own_address(providers):
    idp = IdentityProvider(id="idp-1", name="G", type="github", config={"client_id": "client", "client_secret": "s"})
    url = urlsplit(await providers.authorization_url(idp, attempt(), REDIRECT, NOW))
    sent = parse_qs(url.query)
    assert (url.netloc, url.path) == ("github.com", "/login/oauth/authorize")
    assert sent["scope"] == ["read:user user:email read:org"]
    assert sent["state"] == [attempt().state]
    assert "nonce" not in sent
    assert "client_secret" not in sent
