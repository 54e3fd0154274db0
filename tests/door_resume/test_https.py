"""The same over TLS and HTTP/2, where what ties a login to a browser has twins that nobody else can set."""

from __future__ import annotations

import ssl

import pytest
from tests.door.house import configuration, standing
from tests.door.visitor import Visitor, location, unseen_path
from tests.door_resume.conftest import KINDS
from tests.door_resume.test_resuming import keep, press, send, sign_in

pytestmark = pytest.mark.edge

LOCAL = "{address: 127.0.0.1, https: {door}, tls: local}"


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    with standing(tmp_path_factory.mktemp("safe"), configuration(LOCAL, KINDS), scheme="https") as house:
        yield house


@pytest.fixture
async def visitor(safe):
    (authority,) = safe.door.folder.rglob("ca.crt")
    trust = ssl.create_default_context(cafile=str(authority))
    async with Visitor(safe, trust=trust, http2=True) as visitor:
        yield visitor


async def test_a_form_is_kept_and_sent_over_http_2(safe, visitor):
    path = unseen_path()
    response = await send(visitor, "wiki.localhost", path)
    assert (response.status_code, response.http_version) == (307, "HTTP/2")
    page = await sign_in(visitor, await keep(visitor, response))
    assert (await press(visitor, page)).status_code == 200
    assert safe.at_origin(path).body == b"title=Caf%C3%A9&text=one%0D%0Atwo"


async def test_g6_84_a_cookie_that_a_sibling_could_plant_keeps_nothing(safe, visitor):
    response = await send(visitor, "wiki.localhost", unseen_path())
    for cookie in list(visitor.client.cookies.jar):
        if cookie.name.startswith("__Host-"):
            visitor.client.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    assert (await keep(visitor, response)).status_code == 400
    assert location(response)


async def test_one_login_opens_every_host_name(visitor):
    assert (await visitor.sign_in("one.localhost", "/page")).status_code == 200
    assert all(visitor.cookie(host) for host in ("one.localhost", "two.localhost", "three.localhost"))
