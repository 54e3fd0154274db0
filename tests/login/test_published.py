"""What anybody may ask for: keys, style sheets, whether an address is protected."""

from __future__ import annotations

import pytest
from cryptography.x509 import load_pem_x509_certificate
from tests.login.world import BOTH, TEAM, WIKI, Browser
from tests.tokens.material import ring, signing_key

from doorward.tokens.jwks import key_set

WIKI_HOST = "wiki.example.com"


@pytest.fixture
def program(world):
    return Browser(world, headers={"user-agent": "Python-urllib/3.11"})


@pytest.mark.parametrize("host", [TEAM, WIKI_HOST])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_key_set_is_published_on_both_domains(world, program, host, method):
    response = await program.ask(method, world.origin(host) + "/cdn-cgi/access/certs")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert "expires" not in response.headers
    if method == "GET":
        assert response.json() == key_set(ring(), world.time)
        assert response.json()["keys"][0]["kid"] == signing_key().kid


async def test_the_certificate_is_published_as_pem(world, program):
    response = await program.team("/public-cert")
    assert response.text == signing_key().certificate
    assert load_pem_x509_certificate(response.content)
    other = signing_key("other", world.time + 86_400)
    assert (await program.team(f"/public-cert?kid={other.kid}")).text == other.certificate
    assert (await program.team("/public-cert?kid=unknown")).status_code == 404


async def test_style_sheets_are_kept_for_ever_under_their_own_name(world, program):
    path, content = world.pages.stylesheet
    for host in (TEAM, WIKI_HOST):
        response = await program.get(world.origin(host) + path)
        assert response.content == content
        assert response.headers["content-type"].startswith("text/css")
        assert "immutable" in response.headers["cache-control"]


async def test_an_older_name_gets_the_present_sheet_for_a_moment(world, program):
    for name, text in (("door.0123.css", world.pages.stylesheet[1].decode()), ("design.0123.css", "")):
        response = await program.team("/assets/" + name)
        assert response.text == text
        assert response.headers["cache-control"] == "public, max-age=300"
    for name in ("door.css", "door.%2e%2e.css", "x.0123.css", "door.0123.js", "..%2fdoor.css"):
        assert (await program.team("/assets/" + name)).status_code == 404


async def test_the_organizations_colours_have_a_sheet(world, program):
    design = world.organization.login_design.model_copy(update={"background_color": "#112233"})
    world.organization = world.organization.model_copy(update={"login_design": design})
    response = await program.team("/assets/design.0123.css")
    assert "#112233" in response.text


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        (WIKI_HOST, "", 200),
        (WIKI_HOST, "/", 200),
        (WIKI_HOST, "/deep/er", 200),
        (TEAM, "", 404),
        ("docs.example.com", "/docs", 200),
        ("docs.example.com", "/docs/x", 200),
        ("docs.example.com", "", 404),
        ("docs.example.com", "/other", 404),
    ],
)
@pytest.mark.parametrize("public", BOTH, indirect=True)
async def test_protected_resources_are_told_from_others(world, program, host, path, status):
    if host.startswith("docs"):
        world.change(WIKI, domain="docs.example.com/docs")
    response = await program.get(f"{world.origin(host)}/.well-known/cloudflare-access-protected-resource{path}")
    assert response.status_code == status
    if status == 200:
        document = response.json()
        assert document["resource"] == world.origin(host) + (path or "/")
        assert document["protected"] is True
        assert document["team_domain"] == world.organization.public.authority(TEAM)
        assert document["authorization_servers"] == [world.organization.issuer]
        assert document["authentication_methods"][0]["name"] == "cloudflared"
