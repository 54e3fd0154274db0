"""What is different on https: a note about circles that no other host can plant, and calls that bring the cookie along."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.door.house import STAFF, House, Kind, aud, configuration, standing
from tests.door.visitor import Visitor, set_cookies, unseen_path
from tests.door_settings.test_circles import until_it_ends, without

pytestmark = pytest.mark.edge

SHOP = "https://shop.localhost"
KINDS = (
    Kind("round.localhost", (STAFF,)),
    Kind("api.localhost", (
        STAFF, f"cors_headers: {{allowed_origins: ['{SHOP}'], allowed_methods: [GET], allow_credentials: true}}",
    )),
)  # fmt: skip


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    listen = "{address: 127.0.0.1, https: {door}, tls: local}"
    with standing(tmp_path_factory.mktemp("safe"), configuration(listen, KINDS), scheme="https") as house:
        yield house


@pytest.fixture
async def visitor(safe: House) -> AsyncIterator[Visitor]:
    (authority,) = safe.door.folder.rglob("ca.crt")
    async with Visitor(safe, trust=ssl.create_default_context(cafile=str(authority)), http2=True) as visitor:
        yield visitor


async def test_a_browser_that_does_not_keep_the_cookie_is_told_so(safe, visitor):
    assert (await visitor.sign_in("round.localhost")).status_code == 200
    path = unseen_path()
    without(visitor, "round.localhost", "CF_Authorization")
    page, redirects = await until_it_ends(
        visitor, "round.localhost", path, lambda: without(visitor, "round.localhost", "CF_Authorization")
    )
    assert (page.status_code, redirects) == (400, 9)
    (note,) = [one for name, one in set_cookies(page).items() if name.startswith("__Host-CF_Rounds_")]
    assert {"secure", "httponly"} <= note.keys()
    assert (note["path"], note["max-age"]) == ("/", "0")
    assert "domain" not in note
    assert not safe.reached(path)


async def test_g6_84_a_note_that_a_sibling_host_planted_is_not_read(visitor):
    note = f"{int(time.time())}-9-8a5edab282632443"
    name = f"CF_Rounds_{aud('round.localhost')[:8]}"
    response = await visitor.get("round.localhost", "/", headers={"cookie": f"{name}={note}"})
    assert response.status_code == 302
    genuine = await visitor.get("round.localhost", "/", headers={"cookie": f"__Host-{name}={note}"})
    assert genuine.status_code == 400  # it is the name that makes the difference


async def test_a_call_from_another_site_brings_the_cookie_and_may_be_read(safe, visitor):
    assert (await visitor.sign_in("api.localhost")).status_code == 200
    assert any(
        one["samesite"] == "None" for trail in visitor.trail for name, one in set_cookies(trail).items()
        if name == "CF_Authorization" and trail.url.host == "api.localhost"
    )  # fmt: skip
    path = unseen_path()
    call = {"origin": SHOP, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
    response = await visitor.get("api.localhost", path, headers=call)
    assert response.status_code == 200
    assert response.headers.get_list("access-control-allow-origin") == [SHOP]
    assert response.headers.get_list("access-control-allow-credentials") == ["true"]
    assert safe.at_origin(path).get("cf-access-authenticated-user-email") == "alice@example.test"
