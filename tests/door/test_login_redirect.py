"""The way to the login, in every detail (access.md 1.1)."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.door.house import TEAM, aud
from tests.door.running import claims_of
from tests.door.visitor import query_of, set_cookies

pytestmark = pytest.mark.edge

NOT_CACHED = "private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0"


async def test_the_address_names_application_proof_and_way_back(house, visitor):
    response = await visitor.get("wiki.localhost", "/dashboard?x=1&y=%2F%C3%A9")
    target = response.headers["location"]
    assert urlsplit(target).path == "/cdn-cgi/access/login/wiki.localhost"
    query = query_of(target)
    assert set(query) == {"kid", "meta", "redirect_url"}
    assert query["kid"] == aud("wiki.localhost")
    assert query["redirect_url"] == "/dashboard?x=1&y=%2F%C3%A9"
    assert "redirect_url=%2Fdashboard%3Fx%3D1" in target


async def test_the_proof_is_signed_and_says_what_is_known(house, visitor):
    response = await visitor.get("wiki.localhost", "/path?x=1")
    meta = query_of(response.headers["location"])["meta"]
    keys = (await visitor.team("/certs")).json()["keys"]
    token = jwt.decode(meta, KeySet.import_key_set({"keys": keys}), algorithms=["RS256"])
    assert token.header == {"alg": "RS256", "kid": keys[0]["kid"], "typ": "JWT"}
    session = visitor.cookie("wiki.localhost", "CF_AppSession")
    issued = token.claims["iat"]
    assert token.claims == {
        "type": "meta",
        "aud": aud("wiki.localhost"),
        "hostname": "wiki.localhost",
        "redirect_url": "/path?x=1",
        "service_token_status": False,
        "is_warp": False,
        "is_gateway": False,
        "iat": issued,
        "nbf": issued,
        "exp": issued + 300,
        "auth_status": "NONE",
        "real_country": "NL",
        "app_session_hash": hashlib.sha256(session.encode()).hexdigest(),
        "mtls_auth": {
            "cert_issuer_dn": "",
            "cert_serial": "",
            "cert_issuer_ski": "",
            "cert_presented": False,
            "common_name": "",
            "auth_status": "NONE",
        },
    }


async def test_the_headers_of_the_redirect(house, visitor):
    response = await visitor.get("wiki.localhost", "/a/b?c=d")
    metadata = house.url("wiki.localhost", "/.well-known/cloudflare-access-protected-resource/a/b")
    assert response.headers["www-authenticate"] == f'Cloudflare-Access resource_metadata="{metadata}"'
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["cache-control"] == NOT_CACHED
    assert response.headers["expires"] == "Thu, 01 Jan 1970 00:00:01 GMT"
    assert response.headers["content-type"].startswith("text/html")
    assert "302 Found" in response.text
    assert len(response.content) < 2000  # the address is in it as a link, as RFC 9110 section 15.4 wants


async def test_the_challenge_names_a_document_that_exists(visitor):
    response = await visitor.get("wiki.localhost", "/a/b")
    address = re.search('resource_metadata="([^"]+)"', response.headers["www-authenticate"]).group(1)
    assert (await visitor.ask("GET", address)).json()["protected"] is True


async def test_a_browser_gets_a_value_to_come_back_with(house, visitor):
    response = await visitor.get("wiki.localhost")
    cookies = set_cookies(response)
    session = cookies["CF_AppSession"]
    assert re.fullmatch("[0-9a-f]{16}", session["value"])
    assert session["path"] == "/"
    assert session["max-age"] == "86400"
    assert "httponly" in session


async def test_the_value_is_kept_while_the_browser_has_it(visitor):
    first = await visitor.get("wiki.localhost")
    second = await visitor.get("wiki.localhost", "/other")
    assert "set-cookie" not in second.headers
    hashes = [claims_of(query_of(one.headers["location"])["meta"])["app_session_hash"] for one in (first, second)]
    assert hashes[0] == hashes[1]


async def test_a_value_that_is_none_of_ours_is_replaced(house, visitor):
    response = await visitor.get("wiki.localhost", headers={"cookie": "CF_AppSession=chosen-by-somebody"})
    assert re.fullmatch("[0-9a-f]{16}", set_cookies(response)["CF_AppSession"]["value"])


async def test_head_gets_the_same_without_a_body(house, visitor):
    response = await visitor.head("wiki.localhost", "/x")
    assert response.status_code == 302
    assert query_of(response.headers["location"])["redirect_url"] == "/x"
    assert "www-authenticate" in response.headers
    assert response.content == b""


async def test_a_way_back_that_is_too_long_becomes_shorter(visitor):
    response = await visitor.get("wiki.localhost", "/report?q=" + "a" * 5000)
    assert query_of(response.headers["location"])["redirect_url"] == "/report"
    response = await visitor.get("wiki.localhost", "/" + "a" * 5000)
    assert query_of(response.headers["location"])["redirect_url"] == "/"


@pytest.mark.parametrize(
    "written",
    ["wiki.localhost:{port}", "WIKI.LocalHost:{port}", "wiki.localhost.:{port}", "wiki.localhost", "wiki.localhost."],
)
async def test_however_the_host_is_written_it_is_the_same_application(house, visitor, written):
    host = written.replace("{port}", str(house.door.port))
    response = await visitor.get("wiki.localhost", "/", headers={"host": host})
    target = response.headers["location"]
    assert target.startswith(house.url(TEAM, "/cdn-cgi/access/login/wiki.localhost?"))
    assert query_of(target)["kid"] == aud("wiki.localhost")


async def test_paths_of_one_host_belong_to_their_own_applications(visitor):
    for path, domain in [
        ("/", "paths.localhost"),
        ("/alphabet", "paths.localhost"),
        ("/alpha", "paths.localhost/alpha"),
        ("/alpha/deep", "paths.localhost/alpha"),
        ("/beta?x", "paths.localhost/beta"),
    ]:
        response = await visitor.get("paths.localhost", path)
        assert query_of(response.headers["location"])["kid"] == aud(domain), path


async def test_a_wildcard_covers_exactly_one_label(visitor):
    response = await visitor.get("anything.wild.localhost")
    assert query_of(response.headers["location"])["kid"] == aud("*.wild.localhost")
    assert (await visitor.get("wild.localhost")).status_code == 404
    assert (await visitor.get("a.b.wild.localhost")).status_code == 404
