"""The addresses below /cdn-cgi/access, on both domains, with HEAD wherever there is GET (access.md 1.4, 1.5, 1.10)."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate
from joserfc.jwk import RSAKey
from tests.door.house import TEAM, aud
from tests.door.visitor import location, query_of

pytestmark = pytest.mark.edge

BOTH = [TEAM, "wiki.localhost"]


@pytest.mark.parametrize("host", BOTH)
async def test_the_keys_are_exactly_in_this_form(house, visitor, host):
    response = await visitor.get(host, "/cdn-cgi/access/certs")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    document = response.json()
    assert set(document) == {"keys", "public_cert", "public_certs"}
    for key in document["keys"]:
        assert set(key) == {"kid", "kty", "alg", "use", "e", "n"}
        assert re.fullmatch("[0-9a-f]{64}", key["kid"])
        assert (key["kty"], key["alg"], key["use"], key["e"]) == ("RSA", "RS256", "sig", "AQAB")
    assert document["public_cert"] == document["public_certs"][0]
    assert [one["kid"] for one in document["public_certs"]] == [key["kid"] for key in document["keys"]]
    for key, named in zip(document["keys"], document["public_certs"], strict=True):
        assert set(named) == {"kid", "cert"}
        certified = load_pem_x509_certificate(named["cert"].encode()).public_key()
        plain = RSAKey.import_key(key).as_pem(private=False)
        form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        assert certified.public_bytes(*form) == plain


async def test_both_domains_publish_the_same_keys(visitor):
    answers = [(await visitor.get(host, "/cdn-cgi/access/certs")).json() for host in BOTH]
    assert answers[0] == answers[1]


async def test_keys_are_for_everybody(house, visitor):
    response = await visitor.get(
        "robots.localhost", "/cdn-cgi/access/certs", headers={"user-agent": "Python-urllib/3.11"}
    )
    assert response.status_code == 200
    assert response.json()["keys"]


@pytest.mark.parametrize("host", BOTH)
async def test_the_certificate_in_pem(visitor, host):
    response = await visitor.get(host, "/cdn-cgi/access/public-cert")
    document = (await visitor.get(host, "/cdn-cgi/access/certs")).json()
    assert response.text == document["public_cert"]["cert"]


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        (TEAM, "/", 200),
        (TEAM, "/cdn-cgi/access/certs", 200),
        ("wiki.localhost", "/cdn-cgi/access/certs", 200),
        (TEAM, "/cdn-cgi/access/public-cert", 200),
        ("wiki.localhost", "/cdn-cgi/access/public-cert", 200),
        (TEAM, "/cdn-cgi/access/get-identity", 401),
        ("wiki.localhost", "/cdn-cgi/access/get-identity", 401),
        (TEAM, "/cdn-cgi/access/logout", 200),
        ("wiki.localhost", "/cdn-cgi/access/logout", 200),
        (TEAM, "/cdn-cgi/access/refresh-identity", 401),
        (TEAM, "/cdn-cgi/access/refresh-identity?success=true", 200),
        (TEAM, "/cdn-cgi/access/login/wiki.localhost", 302),
        ("wiki.localhost", "/cdn-cgi/access/login/wiki.localhost", 302),
        ("wiki.localhost", "/cdn-cgi/access/login", 302),
        (TEAM, "/cdn-cgi/access/callback", 200),
        ("wiki.localhost", "/cdn-cgi/access/authorized", 400),
        ("wiki.localhost", "/.well-known/cloudflare-access-protected-resource", 200),
        ("wiki.localhost", "/.well-known/cloudflare-access-protected-resource/a/b", 200),
    ],
)
async def test_head_works_wherever_get_does(visitor, host, path, status):
    response = await visitor.head(host, path)
    assert response.status_code == status
    assert response.content == b""


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (TEAM, "/cdn-cgi/access/authorized"),
        (TEAM, "/cdn-cgi/access/nothing"),
        (TEAM, "/anything"),
        ("wiki.localhost", "/cdn-cgi/access/callback"),
        ("wiki.localhost", "/cdn-cgi/access/nothing"),
        ("wiki.localhost", "/cdn-cgi/access"),
        ("wiki.localhost", "/cdn-cgi/trace"),
        ("wiki.localhost", "/cdn-cgi"),
        ("closed.localhost", "/cdn-cgi/anything"),
    ],
)
async def test_what_is_not_there_is_404_and_never_the_origins(house, alice, host, path):
    response = await alice.get(host, path)
    assert response.status_code == 404
    assert not house.reached(path)


@pytest.mark.parametrize("path", ["/a/../cdn-cgi/trace", "/a/%2e%2e/cdn-cgi/trace", "//cdn-cgi/trace", "/./cdn-cgi/x"])
async def test_the_reserved_prefix_cannot_be_disguised(house, alice, path):
    before = len(house.origin.requests)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.door.port)
    token = alice.cookie("wiki.localhost")
    head = f"GET {path} HTTP/1.1\r\nhost: wiki.localhost\r\ncookie: CF_Authorization={token}\r\n\r\n"
    writer.write(head.encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    assert status in {b"404", b"400"}
    assert len(house.origin.requests) == before


async def test_paths_are_case_sensitive_as_ever(house, visitor):
    """What only looks like the prefix is an ordinary path of the application, behind its login."""
    response = await visitor.get("wiki.localhost", "/CDN-CGI/access/certs")
    assert response.status_code == 302
    assert not house.reached("/CDN-CGI/access/certs")


async def test_the_login_on_an_application_host_leads_to_the_team_domain(house, visitor):
    response = await visitor.get("wiki.localhost", "/cdn-cgi/access/login/wiki.localhost?kid=1&redirect_url=%2Fa")
    target = location(response)
    assert target.startswith(house.team("/login/wiki.localhost?"))
    assert query_of(target) == {"kid": "1", "redirect_url": "/a"}


@pytest.mark.parametrize(("path", "resource"), [("", "/"), ("/", "/"), ("/a/b%20c", "/a/b%20c")])
async def test_the_document_of_a_protected_address(house, visitor, path, resource):
    response = await visitor.get("wiki.localhost", "/.well-known/cloudflare-access-protected-resource" + path)
    document = response.json()
    assert document["resource"] == house.url("wiki.localhost", resource)
    assert document["protected"] is True
    assert document["team_domain"] == f"{TEAM}:{house.door.port}"
    assert document["authorization_servers"] == [house.issuer]
    assert document["authentication_methods"][0]["name"] == "cloudflared"


async def test_the_login_page_may_be_asked_for_by_head(house, visitor):
    """Older cloudflared reads the application from the answer (access.md 8.3)."""
    response = await visitor.head("wiki.localhost", "/x")
    login = await visitor.ask("HEAD", location(response))
    assert login.status_code == 200
    assert login.headers["cf-access-domain"] == "wiki.localhost"
    assert query_of(str(login.url))["kid"] == aud("wiki.localhost")


async def test_a_program_exchanges_an_org_token_by_head(house, alice):
    """HEAD application, login and authorized; the last sets a cookie that expires (access.md 8.2)."""
    response = await alice.head("dutch.localhost", "/x")
    for _ in range(2):
        response = await alice.ask("HEAD", location(response))
    assert urlsplit(str(response.url)).path == "/cdn-cgi/access/authorized"
    (cookie,) = response.headers.get_list("set-cookie")
    assert cookie.startswith("CF_Authorization=ey")
    assert "Expires=" in cookie


async def test_a_method_that_is_not_for_an_address_is_405(house, visitor):
    response = await visitor.ask("DELETE", house.team("/certs"))
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize("query", ["nonce=1&nonce=2", "state=1&state=2&code=3"])
async def test_g7_100_a_parameter_that_is_there_twice_is_refused(house, visitor, query):
    assert (await visitor.team(f"/callback?{query}")).status_code == 400


async def test_pages_are_never_framed_or_cached(visitor):
    page = await visitor.open("wiki.localhost")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "no-store" in page.headers["cache-control"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in page.text


@pytest.mark.parametrize("host", BOTH)
async def test_the_style_sheet_of_a_page_is_there(visitor, host):
    page = await visitor.open("wiki.localhost")
    for sheet in re.findall(r'href="([^"]+\.css)"', page.text):
        response = await visitor.get(host, urlsplit(sheet).path)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/css")
