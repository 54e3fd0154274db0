"""Vendors that speak OpenID Connect, each played in its own shape by a server on this machine."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.providers.scripted import NOW, REDIRECT, attempt
from tests.providers.vendors.local import ACCESS_TOKEN, page

from doorward.identity import Group
from doorward.organization import IdentityProvider
from doorward.providers import ProviderError, Reason

TENANT = "3f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10"
OTHER_TENANT = "00000000-1a7b-4a3e-9c55-0d2f5b8a1e10"
GRAPH = "/v1.0/me/transitiveMemberOf/microsoft.graph.group"
CLOUD_IDENTITY = "/v1/groups/-/memberships:searchTransitiveGroups"


def groups(count, start=0):
    return [{"id": f"object-{n}", "displayName": f"Team {n}", "mail": None} for n in range(start, start + count)]


@pytest.mark.parametrize(
    ("idp_type", "issuer", "config"),
    [
        ("azureAD", f"/{TENANT}/v2.0", {"directory_id": TENANT}),
        ("centrify", "/our-app/", {"centrify_account": "abc.my.centrify.com", "centrify_app_id": "our-app"}),
        ("google", "", {}),
        ("okta", "", {"okta_account": "example.okta.com"}),
        ("okta", "/oauth2/aus1", {"okta_account": "example.okta.com", "authorization_server_id": "aus1"}),
        ("onelogin", "/oidc/2", {"onelogin_account": "example"}),
        ("pingone", "/env-1/as", {"ping_env_id": "env-1"}),
    ],
)
async def test_each_type_signs_in_with_its_own_addresses_and_claims(local, sign_in, idp_type, issuer, config):
    local.speaks_openid(issuer, email="alice@example.test", name="Alice", groups=["Staff"], amr=["mfa"], dept="R&D")
    identity = await sign_in(idp_type, claims=["dept"], **config)
    assert (identity.email, identity.name, identity.idp_type) == ("alice@example.test", "Alice", idp_type)
    assert identity.groups == (Group(id="Staff", name="Staff"),)
    assert identity.amr == ("mfa",)
    assert dict(identity.custom) == {"dept": "R&D"}
    assert local.forms[0]["client_secret"] == "our secret"


@pytest.mark.parametrize("idp_type", ["azureAD", "google"])
async def test_another_issuer_is_refused(local, sign_in, idp_type):
    local.speaks_openid(
        f"/{TENANT}/v2.0" if idp_type == "azureAD" else "", email="a@example.test", iss="https://evil.test"
    )
    with pytest.raises(ProviderError) as refused:
        await sign_in(idp_type, **({"directory_id": TENANT} if idp_type == "azureAD" else {}))
    assert refused.value.reason is Reason.INVALID_ANSWER


async def test_entra_groups_come_from_the_directory_page_by_page(local, sign_in):
    """Overage: the token names another place instead of the groups (access.md 6.3)."""
    elsewhere = {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://graph.windows.net/x"}},
    }
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test", tid=TENANT, **elsewhere)
    first = {"value": groups(999), "@odata.nextLink": f"{local.url}{GRAPH}?$skiptoken=two"}
    local.pages(GRAPH, {"": page(first), "two": page({"value": groups(3, 999)})}, "$skiptoken")
    identity = await sign_in("azureAD", directory_id=TENANT, support_groups=True)
    assert len(identity.groups) == 1002
    assert identity.groups[-1] == Group(id="object-1001", name="Team 1001")
    assert local.authorizations(GRAPH) == {f"Bearer {ACCESS_TOKEN}"}


async def test_five_thousand_groups_work_and_one_more_is_refused(local, sign_in):
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test")
    local.on(GRAPH, {"value": groups(5000)})
    assert len((await sign_in("azureAD", directory_id=TENANT, support_groups=True)).groups) == 5000
    local.on(GRAPH, {"value": groups(5001)})
    with pytest.raises(ProviderError) as refused:
        await sign_in("azureAD", directory_id=TENANT, support_groups=True)
    assert refused.value.reason is Reason.CONFIGURATION


async def test_without_support_groups_the_directory_is_not_asked(local, sign_in):
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test", groups=["object-1"])
    assert [group.id for group in (await sign_in("azureAD", directory_id=TENANT)).groups] == ["object-1"]
    assert not local.authorizations(GRAPH)


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "mail@example.test", "upn": "upn@example.test"}, "mail@example.test"),
        ({"upn": "upn@example.test", "preferred_username": "name@example.test"}, "upn@example.test"),
        ({"preferred_username": "name@example.test"}, "name@example.test"),
        ({"email": "victim@other.test", "xms_edov": False, "upn": "upn@example.test"}, "upn@example.test"),
        ({"email": "victim@other.test", "xms_edov": "0", "upn": "upn@example.test"}, "upn@example.test"),
        ({"email": "mail@example.test", "xms_edov": True, "upn": "upn@example.test"}, "mail@example.test"),
    ],
)
async def test_entra_looks_for_the_address_in_order_and_not_where_anybody_could_write_it(local, sign_in, claims, email):
    local.speaks_openid(f"/{TENANT}/v2.0", **claims)
    assert (await sign_in("azureAD", directory_id=TENANT)).email == email


async def test_another_tenants_token_is_refused(local, sign_in):
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test", tid=OTHER_TENANT)
    with pytest.raises(ProviderError) as refused:
        await sign_in("azureAD", directory_id=TENANT)
    assert refused.value.reason is Reason.INVALID_ANSWER


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", "example.onmicrosoft.com", ""])
async def test_no_tenant_means_nobody_gets_in(local, sign_in, tenant):
    local.speaks_openid(f"/{tenant}/v2.0", email="alice@example.test")
    with pytest.raises(ProviderError) as refused:
        await sign_in("azureAD", directory_id=tenant)
    assert refused.value.reason is Reason.CONFIGURATION


async def test_workspace_lets_in_its_own_domain_alone(local, sign_in):
    local.speaks_openid("", email="alice@example.test", email_verified=True, hd="Example.test")
    assert (await sign_in("google-apps", apps_domain="example.test")).email == "alice@example.test"
    for other in ("evil.test", None, ["example.test"]):
        local.speaks_openid("", email="alice@example.test", email_verified=True, hd=other)
        with pytest.raises(ProviderError) as refused:
            await sign_in("google-apps", apps_domain="example.test")
        assert refused.value.reason is Reason.REFUSED


async def test_workspace_groups_have_addresses(local, sign_in):
    local.speaks_openid("", email="alice@example.test", hd="example.test")
    member = {"group": "groups/01", "displayName": "Staff", "groupKey": {"id": "staff@example.test"}}
    second = {**member, "group": "groups/02", "groupKey": {"id": "ops@example.test"}}
    pages = {"": page({"memberships": [member], "nextPageToken": "two"}), "two": page({"memberships": [second]})}
    local.pages(CLOUD_IDENTITY, pages, "pageToken")
    identity = await sign_in("google-apps", apps_domain="example.test", support_groups=True)
    assert [group.email for group in identity.groups] == ["staff@example.test", "ops@example.test"]
    query = next(query for path, query, _ in local.asked if path == CLOUD_IDENTITY)
    assert "member_key_id == 'alice@example.test'" in parse_qs(query)["query"][0]


async def test_whoever_is_in_no_group_gets_a_result_without_a_list(local, sign_in):
    local.speaks_openid("", email="alice@example.test", hd="example.test")
    local.on(CLOUD_IDENTITY, {})
    assert (await sign_in("google-apps", apps_domain="example.test", support_groups=True)).groups == ()


async def test_an_address_cannot_change_the_question_for_groups(local, sign_in):
    local.speaks_openid("", email="o'hara'||'@example.test", hd="example.test")
    local.on(CLOUD_IDENTITY, {})
    with pytest.raises(ProviderError):
        await sign_in("google-apps", apps_domain="example.test", support_groups=True)
    assert not local.authorizations(CLOUD_IDENTITY)


async def test_okta_groups_beyond_the_claim_come_with_the_api_token(local, sign_in):
    local.speaks_openid("", email="alice@example.test", groups=["only-the-first-hundred"])
    path = "/api/v1/users/00u-1/groups"
    entries = [{"id": f"00g{n}", "profile": {"name": f"Group {n}", "description": None}} for n in range(150)]
    pages = {"": page(entries[:100], f"{local.url}{path}?after=100"), "100": page(entries[100:])}
    local.pages(path, pages, "after")
    identity = await sign_in("okta", okta_account="example.okta.com", api_token="api-token")
    assert [group.name for group in identity.groups] == [f"Group {n}" for n in range(150)]
    assert local.authorizations(path) == {"SSWS api-token"}


@pytest.mark.parametrize(
    "elsewhere",
    ["http://127.0.0.1:1/next", "https://evil.test/next", "http://evil.test/", "//evil.test/x", "file:///etc"],
)
async def test_a_next_page_at_another_server_is_not_fetched(local, sign_in, elsewhere):
    """It would be given the visitor's token."""
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test")
    local.on(GRAPH, {"value": groups(1), "@odata.nextLink": elsewhere})
    with pytest.raises(ProviderError) as refused:
        await sign_in("azureAD", directory_id=TENANT, support_groups=True)
    assert refused.value.reason is Reason.INVALID_ANSWER
    assert "another server" in refused.value.detail


async def test_pages_without_end_are_given_up(local, sign_in):
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test")
    local.on(GRAPH, {"value": [], "@odata.nextLink": f"{local.url}{GRAPH}?again"})
    with pytest.raises(ProviderError, match="cannot be trusted") as refused:
        await sign_in("azureAD", directory_id=TENANT, support_groups=True)
    assert "pages" in refused.value.detail


@pytest.mark.parametrize(
    ("status", "value", "reason"),
    [
        (401, {"error": {"code": "InvalidAuthenticationToken"}}, Reason.CONFIGURATION),
        (403, {"error": {"code": "Authorization_RequestDenied"}}, Reason.CONFIGURATION),
        (404, {"error": {}}, Reason.INVALID_ANSWER),
        (429, {"error": {}}, Reason.UNAVAILABLE),
        (500, {"error": {}}, Reason.UNAVAILABLE),
        (200, {}, None),
        (200, {"value": "x"}, Reason.INVALID_ANSWER),
        (200, {"value": ["x"]}, Reason.INVALID_ANSWER),
        (200, {"value": [{"displayName": "no id"}]}, Reason.INVALID_ANSWER),
        (200, {"value": [{"id": "a\nb"}]}, Reason.INVALID_ANSWER),
        (200, ["x"], Reason.INVALID_ANSWER),
    ],
)
async def test_groups_that_cannot_be_read_end_the_login(local, sign_in, status, value, reason):
    """A rule may keep a group out: not knowing the groups must not let its members in."""
    local.speaks_openid(f"/{TENANT}/v2.0", email="alice@example.test")
    local.on(GRAPH, value, status)
    if reason is None:
        assert (await sign_in("azureAD", directory_id=TENANT, support_groups=True)).groups == ()
        return
    with pytest.raises(ProviderError) as refused:
        await sign_in("azureAD", directory_id=TENANT, support_groups=True)
    assert refused.value.reason is reason


async def test_what_the_browser_is_sent_with(local, providers):
    local.speaks_openid("", email="alice@example.test")
    given = {"client_id": "client", "client_secret": "s", "base_url": local.url, "apps_domain": "Example.test"}
    idp = IdentityProvider(id="idp-1", name="W", type="google-apps", config={**given, "support_groups": True})
    url = urlsplit(await providers.authorization_url(idp, attempt(), REDIRECT, NOW))
    sent = parse_qs(url.query)
    assert sent["hd"] == ["example.test"]
    assert sent["code_challenge_method"] == ["S256"]
    assert "cloud-identity.groups.readonly" in sent["scope"][0]


@pytest.mark.parametrize(
    ("idp_type", "config", "claims", "complete"),
    [
        ("azureAD", {"directory_id": TENANT}, {}, False),
        ("azureAD", {"directory_id": TENANT}, {"groups": []}, True),
        ("azureAD", {"directory_id": TENANT}, {"groups": ["7"]}, True),
        ("azureAD", {"directory_id": TENANT}, {"_claim_names": {"groups": "src1"}, "groups": ["7"]}, False),
        ("google-apps", {"apps_domain": "example.test"}, {}, False),
        ("google-apps", {"apps_domain": "example.test"}, {"groups": ["7"]}, False),
        ("okta", {"okta_account": "example.okta.com"}, {}, True),
        ("okta", {"okta_account": "example.okta.com"}, {"groups": [str(n) for n in range(99)]}, True),
        ("okta", {"okta_account": "example.okta.com"}, {"groups": [str(n) for n in range(100)]}, False),
        ("okta", {"okta_account": "example.okta.com"}, {"groups": "7"}, False),
        ("onelogin", {"onelogin_account": "example"}, {}, True),
    ],
)
async def test_g7_107_groups_that_nobody_was_asked_for_are_not_none(local, sign_in, idp_type, config, claims, complete):
    places = {"azureAD": f"/{TENANT}/v2.0", "onelogin": "/oidc/2"}
    local.speaks_openid(places.get(idp_type, ""), email="alice@example.test", hd="example.test", **claims)
    assert (await sign_in(idp_type, **config)).groups_complete is complete


@pytest.mark.parametrize(
    ("idp_type", "config", "path", "reply"),
    [
        ("azureAD", {"directory_id": TENANT, "support_groups": True}, GRAPH, {"value": []}),
        ("google-apps", {"apps_domain": "example.test", "support_groups": True}, CLOUD_IDENTITY, {}),
        ("okta", {"okta_account": "example.okta.com", "api_token": "t"}, "/api/v1/users/00u-1/groups", []),
    ],
)
async def test_a_directory_that_was_read_knows_all_groups(local, sign_in, idp_type, config, path, reply):
    overage = {"_claim_names": {"groups": "src1"}}
    place = f"/{TENANT}/v2.0" if idp_type == "azureAD" else ""
    local.speaks_openid(place, email="alice@example.test", hd="example.test", **overage)
    local.on(path, reply)
    who = await sign_in(idp_type, **config)
    assert (who.groups, who.groups_complete) == ((), True)
