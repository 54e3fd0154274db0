from __future__ import annotations

import pytest
from tests.sessions.build import HTTP, HTTPS, application, organization, session
from tests.tokens.material import NOW

from doorward.sessions import (
    app_claims,
    app_cookies,
    bound,
    clear_app_cookies,
    clear_org_cookies,
    cookie_path,
    org_cookies,
)
from doorward.tokens.claims import SignedToken

TOKEN = SignedToken("a.b.c")
HOST = "wiki.example.com"
ENDS = "Expires=Tue, 22 Sep 2026 14:13:20 GMT; Max-Age=86400"


def cookies(public=HTTPS, host=HOST, **settings):
    app = application(**settings)
    claims = app_claims(session(), app, None, organization(), NOW, "5" * 64)
    return app_cookies(app, TOKEN, claims, public, host, NOW)


def test_the_app_cookie_ends_with_its_token_and_is_hidden_from_scripts():
    assert cookies() == (f"CF_Authorization=a.b.c; {ENDS}; Path=/; Secure; HttpOnly; SameSite=None",)


def test_the_operator_chooses_http_only_and_same_site():
    assert cookies(http_only_cookie_attribute=False, same_site_cookie_attribute="strict") == (
        f"CF_Authorization=a.b.c; {ENDS}; Path=/; Secure; SameSite=Strict",
    )


def test_on_plain_http_the_cookie_is_neither_secure_nor_cross_site():
    assert cookies(HTTP) == (f"CF_Authorization=a.b.c; {ENDS}; Path=/; HttpOnly; SameSite=Lax",)
    assert cookies(HTTP, same_site_cookie_attribute="none")[0].endswith("SameSite=Lax")
    assert cookies(HTTP, same_site_cookie_attribute="strict")[0].endswith("SameSite=Strict")


def test_the_binding_cookie_comes_along_when_asked_for():
    assert cookies(enable_binding_cookie=True) == (
        f"CF_Authorization=a.b.c; {ENDS}; Path=/; Secure; HttpOnly; SameSite=None",
        f"CF_Binding={'5' * 64}; {ENDS}; Path=/; Secure; HttpOnly; SameSite=None",
    )
    loose = cookies(enable_binding_cookie=True, http_only_cookie_attribute=False, same_site_cookie_attribute="lax")
    assert loose[1].endswith("HttpOnly; SameSite=None")


def test_claims_read_from_a_token_cannot_make_a_binding_cookie():
    app = application(enable_binding_cookie=True)
    claims = app_claims(session(), application(), None, organization(), NOW, "5" * 64)
    with pytest.raises(ValueError, match="only together with a new token"):
        app_cookies(app, TOKEN, claims, HTTPS, HOST, NOW)


def test_g6_92_only_the_cookie_that_came_with_the_token_is_bound_to_it():
    claims = app_claims(session(), application(enable_binding_cookie=True), None, organization(), NOW, "5" * 64)
    assert bound(claims, ("5" * 64,))
    assert bound(claims, ("x", "5" * 64))
    assert not bound(claims, ())
    assert not bound(claims, ("6" * 64,))
    assert not bound(claims, (claims.nonce,))
    assert not bound(claims, ("1", "2", "3", "4", "5" * 64))


@pytest.mark.parametrize(
    ("domains", "host", "path"),
    [
        ((f"{HOST}/app",), HOST, "/app"),
        ((f"{HOST}/app/x", f"{HOST}/app/y"), HOST, "/app"),
        ((f"{HOST}/app", f"{HOST}/other"), HOST, "/"),
        ((f"{HOST}/app", f"{HOST}/apple"), HOST, "/"),
        ((f"{HOST}/app/*",), HOST, "/app"),
        ((f"{HOST}/a*/b",), HOST, "/"),
        ((HOST,), HOST, "/"),
        ((f"{HOST}/app", "other.example.com/x"), HOST, "/app"),
        ((f"{HOST}/app", "other.example.com/x"), "other.example.com", "/x"),
        (("*.example.com/app",), HOST, "/app"),
        ((f"{HOST}/app",), "stranger.example.com", "/"),
    ],
)
def test_the_path_attribute_is_what_the_application_covers_on_the_host(domains, host, path):
    fields = {"domain": domains[0], "self_hosted_domains": domains}
    assert cookie_path(application(path_cookie_attribute=True, **fields), host) == path
    assert cookie_path(application(**fields), host) == "/"
    assert f"; Path={path};" in cookies(host=host, path_cookie_attribute=True, **fields)[0]


@pytest.mark.parametrize("public", [HTTPS, HTTP], ids=["https", "http"])
def test_g6_89_logout_clears_with_the_attributes_that_set(public):
    settings = {
        "domain": f"{HOST}/app", "path_cookie_attribute": True, "enable_binding_cookie": True,
        "same_site_cookie_attribute": "lax", "http_only_cookie_attribute": False,
    }  # fmt: skip
    for gone, given in zip(
        clear_app_cookies(application(**settings), public, HOST), cookies(public, **settings), strict=True
    ):
        assert gone.partition("=")[0] == given.partition("=")[0]
        assert gone.split("; ")[3:] == given.split("; ")[3:]
        assert "Max-Age=0" in gone


def test_the_org_cookie_is_always_hidden_and_cross_site_and_has_a_twin():
    ends = "Expires=Mon, 21 Sep 2026 14:15:00 GMT; Max-Age=100"
    assert org_cookies(TOKEN, NOW + 100, HTTPS, NOW) == (
        f"CF_Authorization=a.b.c; {ends}; Path=/; Secure; HttpOnly; SameSite=None",
        f"__Host-CF_Authorization=a.b.c; {ends}; Path=/; Secure; HttpOnly; SameSite=None",
    )
    assert org_cookies(TOKEN, NOW + 100, HTTP, NOW) == (
        f"CF_Authorization=a.b.c; {ends}; Path=/; HttpOnly; SameSite=Lax",
    )


@pytest.mark.parametrize("public", [HTTPS, HTTP], ids=["https", "http"])
def test_g6_89_the_org_cookie_is_cleared_with_its_twin(public):
    for gone, given in zip(clear_org_cookies(public), org_cookies(TOKEN, NOW + 1, public, NOW), strict=True):
        assert gone.partition("=")[0] == given.partition("=")[0]
        assert gone.split("; ")[3:] == given.split("; ")[3:]
