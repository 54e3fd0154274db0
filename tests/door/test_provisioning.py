"""A provisioning client talks to the whole door (access.md 6.5), and what it says ends access within a second."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest
from scim2_client.client import BaseSyncSCIMClient
from scim2_tester import Status, check_server
from sqlalchemy import delete
from tests.connection import ended
from tests.door.house import APPLICATIONS, TEAM, configuration, standing
from tests.door.visitor import Visitor, unseen_path

from doorward.identity import Identity
from doorward.sessions import Session
from doorward.store.schema import directory

pytestmark = pytest.mark.edge

SECRET = "a secret that a provisioning client has been given"
WIKI = "wiki.localhost"
SCIM = f"""    scim_config: {{secret: "{SECRET}", identity_update_behavior: reauth}}
  - {{name: Email code"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    kinds = tuple(kind for kind in APPLICATIONS if kind.domain == WIKI)
    text = configuration(kinds=kinds).replace("  - {name: Email code", SCIM, 1)
    with standing(tmp_path_factory.mktemp("provisioning"), text) as house:
        yield house


async def provider_id(house):
    async with house.store() as store:
        return (await store.objects.identify("identity_provider", ["Directory"]))["Directory"].id


@pytest.fixture
async def base(own):
    return own.url(TEAM, f"/populations/{await provider_id(own)}/scim/v2")


class Loopback(httpx.HTTPTransport):
    """Names below ``.localhost`` are this machine, whether it knows that or not."""

    def handle_request(self, request):
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


class Scim(BaseSyncSCIMClient):
    """scim2-client over this module's HTTP client."""

    def __init__(self, http):
        super().__init__()
        self.http = http

    def request(self, method, url, **rest):
        return self.http.request(method, url, **rest)

    def _parse_json(self, response):
        return response.json()

    def _stays_under_base_url(self, _endpoint):
        return True


def client(base, secret=SECRET):
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False, transport=Loopback())


async def call(base, method, path, body=None, secret=SECRET):
    def ask():
        with client(base, secret) as http:
            content = None if body is None else json.dumps(body)
            return http.request(method, base + path, content=content, headers={"content-type": "application/scim+json"})

    return await asyncio.to_thread(ask)


async def test_a_public_test_tool_finds_nothing_wrong(own, base):
    def check():
        with client(base) as http:
            scim = Scim(http)
            scim.discover()
            return check_server(scim)

    results = await asyncio.to_thread(check)
    assert len(results) > 20
    wrong = [(one.title, one.reason) for one in results if one.status not in {Status.SUCCESS, Status.SKIPPED}]
    assert wrong == []


@pytest.mark.parametrize("secret", ["", "another secret of about the same length as that", SECRET + "x", SECRET[:-1]])
async def test_without_the_secret_nothing_is_seen_or_changed(own, base, secret):
    for method, path, body in (
        ("GET", "/Users", None),
        ("GET", "/ServiceProviderConfig", None),
        ("POST", "/Users", {"schemas": [USER], "userName": "mallory@example.test"}),
        ("DELETE", "/Users/any", None),
    ):
        answer = await call(base, method, path, body, secret)
        assert answer.status_code == 401, (method, path)
    assert (await call(base, "GET", '/Users?filter=userName%20eq%20"mallory@example.test"')).json()["totalResults"] == 0


async def test_an_unknown_provider_or_one_without_scim_has_no_endpoint(own, base):
    elsewhere = own.url(TEAM, "/populations/00000000-0000-4000-8000-000000000000/scim/v2")
    assert (await call(elsewhere, "GET", "/Users")).status_code == 404


async def test_the_endpoint_is_not_on_an_applications_host(own, base):
    assert (await call(base.replace(TEAM, WIKI), "GET", "/Users")).status_code == 302


USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


async def provisioned(base, name):
    body = {"schemas": [USER], "userName": name, "active": True}
    made = await call(base, "POST", "/Users", body)
    assert made.status_code == 201, made.text
    return made.json()["id"]


def switched(active):
    return {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": active}]}


async def forgotten(house):
    """The directory as if nobody had ever told it anything."""
    async with house.store() as store:
        await store._database.write(lambda connection: connection.execute(delete(directory)))


async def refused_within_a_second(visitor):
    told = time.monotonic()
    while (await visitor.get(WIKI, unseen_path())).status_code == 200:
        assert time.monotonic() < told + 1
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ["switched off", "deleted"])
async def test_whoever_is_deprovisioned_is_out_within_a_second(own, base, way):
    user_id = await provisioned(base, "Alice@example.test")
    async with Visitor(own) as alice, Visitor(own) as bob:
        assert (await alice.sign_in(WIKI)).status_code == 200
        assert (await bob.sign_in(WIKI, who="bob")).status_code == 200
        if way == "deleted":
            assert (await call(base, "DELETE", f"/Users/{user_id}")).status_code == 204
        else:
            assert (await call(base, "PATCH", f"/Users/{user_id}", switched(active=False))).status_code in {200, 204}
        await refused_within_a_second(alice)
        assert (await bob.get(WIKI, unseen_path())).status_code == 200
        page = await alice.sign_in(WIKI)
        assert page.status_code == 403
        assert "switched off" in page.text
        if way == "deleted":
            user_id = await provisioned(base, "alice@example.test")
        else:
            assert (await call(base, "PATCH", f"/Users/{user_id}", switched(active=True))).status_code in {200, 204}
        assert (await alice.sign_in(WIKI)).status_code == 200
        await forgotten(own)


async def test_one_providers_secret_ends_no_session_by_another(own, base):
    """Alice comes by a code, which is another provider; her directory account is switched off meanwhile."""
    user_id = await provisioned(base, "alice@example.test")
    async with own.store() as store:
        alice = await store.users.resolve("alice@example.test", "Alice", int(time.time()))
        other = Session(
            nonce="session-by-a-code", user_id=alice, identity=Identity(id="a", email="alice@example.test",
            idp_id="another", idp_type="onetimepin"), created_at=int(time.time()), expires_at=int(time.time()) + 600,
            ip="", country="",
        )  # fmt: skip
        await store.sessions.open(other)
        assert (await call(base, "PATCH", f"/Users/{user_id}", switched(active=False))).status_code in {200, 204}
        kept = await store.sessions.find(other.nonce)
        assert kept is not None
        assert kept.revoked_at is None
    await forgotten(own)


async def test_odd_bytes_without_the_secret_are_401_and_no_trace_in_the_log(own, base):
    """``standing`` looks into the log at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", own.door.port)
    path = base.split("/", 3)[3].encode()
    head = b"GET /" + path + b"/Users HTTP/1.1\r\nhost: login.localhost\r\nx-odd: \xff\r\nconnection: close\r\n\r\n"
    writer.write(head)
    assert (await reader.readline()).split()[1] == b"401"
    await ended(writer)


async def test_with_reauth_a_change_of_groups_asks_for_a_login(own, base):
    alice_id, bob_id = [await provisioned(base, f"{who}@example.test") for who in ("alice", "bob")]
    body = {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": bob_id}]}
    group_id = (await call(base, "POST", "/Groups", body)).json()["id"]
    async with Visitor(own) as alice, Visitor(own) as bob:
        assert (await alice.sign_in(WIKI)).status_code == 200
        assert (await bob.sign_in(WIKI, who="bob")).status_code == 200
        added = [{"op": "add", "path": "members", "value": [{"value": alice_id}]}]
        answer = await call(base, "PATCH", f"/Groups/{group_id}", {"schemas": [PATCH], "Operations": added})
        assert answer.status_code in {200, 204}, answer.text
        await refused_within_a_second(alice)
        assert (await bob.get(WIKI, unseen_path())).status_code == 200
    await forgotten(own)


async def test_a_body_without_end_is_refused(own, base):
    answer = await call(base, "POST", "/Users", {"schemas": [USER], "userName": "x" * (1024 * 1024 + 1)})
    assert answer.status_code in {400, 413}
