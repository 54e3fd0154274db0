"""The door with TLS: what differs on https, HTTP/2 and HTTP/3, and certificates of its own making or from files."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import time

import httpx
import pytest
from tests.connection import ended
from tests.door.house import APPLICATIONS, TEAM, configuration, standing
from tests.door.running import browser
from tests.door.visitor import BROWSER, Visitor, location, set_cookies, unseen_path

from doorward.edge.local_authority import local_certificate

pytestmark = pytest.mark.edge

HOST = "wiki.localhost"
NAMES = (TEAM, HOST, "strict.localhost", "bound.localhost")
FEW = {HOST, "strict.localhost", "bound.localhost", "notes.localhost"}
KINDS = tuple(kind for kind in APPLICATIONS if kind.domain in FEW)
LOCAL = "{address: 127.0.0.1, https: {door}, tls: local, http3: true}"
FILES = "{address: 127.0.0.1, https: {door}, tls: {certificate: tls.crt, key: tls.key}}"


def trusting(folder):
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    """With a certificate authority of its own."""
    with standing(tmp_path_factory.mktemp("local"), configuration(LOCAL, KINDS), scheme="https") as house:
        yield house


@pytest.fixture(scope="module")
def trust(safe):
    (authority,) = safe.door.folder.rglob("ca.crt")
    return ssl.create_default_context(cafile=str(authority))


@pytest.fixture
async def visitor(safe, trust):
    async with Visitor(safe, trust=trust, http2=True) as visitor:
        yield visitor


async def test_a_login_over_http_2_with_the_local_authority(safe, visitor):
    path = unseen_path()
    page = await visitor.sign_in(HOST, path)
    assert (page.status_code, page.http_version) == (200, "HTTP/2")
    assert safe.reached(path)
    assert safe.at_origin(path).get("x-forwarded-proto") == "https"


async def test_every_cookie_is_secure_and_none_is_for_other_hosts(visitor):
    await visitor.sign_in(HOST)
    await visitor.open("bound.localhost")
    seen = {name: cookie for one in visitor.trail for name, cookie in set_cookies(one).items()}
    assert set(seen) >= {"CF_AppSession", "CF_Session", "CF_Authorization", "CF_Binding"}
    for name, cookie in seen.items():
        assert "secure" in cookie, name
        assert "httponly" in cookie, name
        assert "domain" not in cookie, name
        assert cookie["samesite"] == "None", name
        assert "expires" in cookie, name


async def test_g6_84_what_ties_a_login_to_a_browser_has_a_twin(visitor):
    page = await visitor.open(HOST)
    await visitor.sign_in(HOST)
    door, login = set_cookies(visitor.trail[0]), set_cookies(page)
    assert door["__Host-CF_AppSession"] | {"value": ""} == door["CF_AppSession"] | {"value": ""}
    assert door["__Host-CF_AppSession"]["value"] == door["CF_AppSession"]["value"]
    assert login["__Host-CF_Session"]["value"] == login["CF_Session"]["value"]
    for name in ("__Host-CF_AppSession", "__Host-CF_Session"):
        assert ({**door, **login})[name]["path"] == "/"


async def test_g6_84_a_browser_without_the_twin_does_not_finish_a_login(safe, trust, visitor):
    response = await visitor.sign_in(HOST, until="/cdn-cgi/access/authorized")
    plain = visitor.cookie(HOST, "CF_AppSession")
    async with Visitor(safe, trust=trust) as tossed:
        header = {"cookie": f"CF_AppSession={plain}"}
        refused = await tossed.ask("GET", location(response), headers=header)
    assert refused.status_code == 400
    assert "CF_Authorization" not in set_cookies(refused)


async def test_a_program_without_the_twin_may_by_head(safe, trust, visitor):
    """cloudflared knows the documented name only, asks by HEAD and is no browser (access.md 8.2)."""
    response = await visitor.sign_in(HOST, until="/cdn-cgi/access/authorized")
    plain = visitor.cookie(HOST, "CF_AppSession")
    async with Visitor(safe, trust=trust, headers={"user-agent": "cloudflared"}) as program:
        answer = await program.ask("HEAD", location(response), headers={"cookie": f"CF_AppSession={plain}"})
    assert answer.status_code == 302
    assert set_cookies(answer)["CF_Authorization"]["value"].startswith("ey")


async def test_strict_is_kept_on_https(visitor):
    await visitor.sign_in("strict.localhost")
    arrived = next(one for one in visitor.trail if "/authorized" in str(one.url))
    assert set_cookies(arrived)["CF_Authorization"]["samesite"] == "Strict"


async def test_http_3_is_announced(safe, visitor):
    for response in (await visitor.get(HOST), await visitor.team("/certs")):
        assert response.headers["alt-svc"].startswith(f'h3=":{safe.door.port}"')


async def test_signing_out_clears_the_twins(visitor):
    await visitor.sign_in(HOST)
    page = await visitor.team("/logout")
    cleared = set_cookies(page)
    assert {"CF_Authorization", "__Host-CF_Authorization", "CF_Session", "__Host-CF_Session"} <= set(cleared)
    assert all(cookie["max-age"] == "0" and "secure" in cookie for cookie in cleared.values())


async def test_plain_http_is_not_spoken_on_the_https_port(safe):
    reader, writer = await asyncio.open_connection("127.0.0.1", safe.door.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: wiki.localhost\r\n\r\n")
    assert b"302" not in await reader.read(100)
    await ended(writer)


async def test_a_certificate_file_that_changes_is_picked_up(tmp_path):
    folder = tmp_path / "files"
    authorities = [tmp_path / "one", tmp_path / "two"]
    made = [local_certificate(one, NAMES, int(time.time())).material for one in authorities]
    files = {"tls.crt": made[0].chain, "tls.key": made[0].key}
    with standing(folder, configuration(FILES, KINDS), scheme="https", files=files) as house:
        first, second = (trusting(one) for one in authorities)
        assert await shown(house, first)
        assert not await shown(house, second)
        for name, content in (("tls.key", made[1].key), ("tls.crt", made[1].chain)):
            (folder / "new").write_bytes(content)
            shutil.move(folder / "new", folder / name)
        deadline = time.monotonic() + 15
        while not await shown(house, second):
            assert time.monotonic() < deadline, "the new certificate is not served"
            await asyncio.sleep(0.2)
        assert not await shown(house, first)


async def shown(house, trust):
    """Whether the certificate is one of this authority's."""
    async with browser(verify=trust) as client:
        try:
            response = await client.get(house.url(HOST), headers=BROWSER)
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return False
            raise
        return response.status_code == 302
