"""The header that an application takes a service token from: shown to the control plane alone, and only to it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import pytest_asyncio
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.ext_authz.v3.ext_authz_pb2 import ExtAuthzPerRoute
from tests.edge.envoy_harness import running_door
from tests.edge.recording_origin import Reply, recording
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench, refuse
from tests.edge.xds.test_proof import EDGE, changed

from doorward.edge.xds import build, check_routes
from doorward.edge.xds.filters import EXT_AUTHZ
from doorward.edge.xds.resources import ROUTES

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]

APPLICATIONS = (
    world.application(world.WIKI, "wiki.test", read_service_tokens_from_header="authorization"),
    world.application(world.OPEN, "open.test"),
)
INSIDE = "x-doorward-service-token"
OBJECT = '{"cf-access-client-id": "a", "cf-access-client-secret": "b"}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def named():
    async with recording() as origin:
        state = world.snapshot(origin.port, applications=APPLICATIONS)
        async with (
            running_door(lambda edge: build(state, edge, int(time.time()))) as door,
            recording(Path(door.edge.check_socket), refuse) as check,
            recording(Path(door.edge.web_socket)) as web,
        ):
            yield Bench(door, origin, check, web)


@pytest.fixture
def bench(named):
    named.clear()
    named.check.reply = lambda _: Reply(200)
    return named


@pytest.mark.parametrize("value", [OBJECT, "{", f"Basic {OBJECT}", "\x80{"])
async def test_what_may_be_a_service_token_is_shown_and_removed(bench, value):
    assert (await bench.get("/", "wiki.test", f"authorization: {value}")).status == 200
    assert bench.check.requests[-1].get(INSIDE) == value
    assert bench.check.requests[-1].get("authorization") is None
    assert bench.origin.requests[-1].get("authorization") is None


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Bearer x", "", "x"])
async def test_other_values_are_not_shown_and_reach_the_application(bench, value):
    assert (await bench.get("/", "wiki.test", f"authorization: {value}")).status == 200
    assert bench.check.requests[-1].get(INSIDE) is None
    assert bench.check.requests[-1].get("authorization") is None
    assert bench.origin.requests[-1].get("authorization") == value


async def test_sent_twice_it_is_shown_as_both_together(bench):
    lines = (f"authorization: {OBJECT}", "authorization: Basic x")
    assert (await bench.get("/", "wiki.test", *lines)).status == 200
    assert bench.check.requests[-1].get(INSIDE) == f"{OBJECT},Basic x"
    assert bench.origin.requests[-1].get("authorization") is None


async def test_an_application_that_names_none_is_not_concerned(bench):
    assert (await bench.get("/", "open.test", f"authorization: {OBJECT}")).status == 200
    assert bench.check.requests[-1].get(INSIDE) is None
    assert bench.check.requests[-1].get("authorization") is None
    assert bench.origin.requests[-1].get("authorization") == OBJECT


async def test_a_client_cannot_send_the_inner_header(bench):
    for host in ("wiki.test", "open.test"):
        for lines in ((f"{INSIDE}: {OBJECT}",), (f"{INSIDE}: {OBJECT}", "authorization: {}")):
            await bench.get("/", host, *lines)
            assert bench.check.requests[-1].get(INSIDE) in {None, "{}"}
            assert bench.origin.requests[-1].get(INSIDE) is None


async def test_a_session_s_own_way_is_not_taken_with_something_like_a_service_token(bench):
    cookie = f"CF_Authorization={bench.token()}"
    assert (await bench.get(cookie=cookie)).status == 200
    assert (await bench.get("/", "wiki.test", "authorization: Basic x", cookie=cookie)).status == 200
    assert bench.check.requests == []
    assert (await bench.get("/", "wiki.test", f"authorization: {OBJECT}", cookie=cookie)).status == 200
    assert len(bench.check.requests) == 1


async def test_a_refusal_is_a_refusal_with_that_setting_too(bench):
    bench.check.reply = refuse
    assert (await bench.get("/", "wiki.test", f"authorization: {OBJECT}")).status == 403
    assert bench.origin.requests == []


async def test_g10_146_without_a_control_plane_nothing_opens(bench):
    await bench.check.close()
    try:
        assert (await bench.get("/", "wiki.test", f"authorization: {OBJECT}")).status == 503
        assert bench.origin.requests == []
    finally:
        await bench.check.listen(Path(bench.door.edge.check_socket))


def asking(change) -> str:
    """What the proof says when the route that tells the header is changed."""
    good = build(world.snapshot(1, applications=APPLICATIONS), EDGE, 1_790_000_000)
    assert check_routes(good) == ()
    routes, setting = RouteConfiguration(), ExtAuthzPerRoute()
    with changed(good, ROUTES, "door", routes) as resources:
        host = next(host for host in routes.virtual_hosts if host.name == "wiki.test")
        route = next(route for route in host.routes if "authorization" in route.request_headers_to_remove)
        route.typed_per_filter_config[EXT_AUTHZ].Unpack(setting)
        change(route, setting)
        route.typed_per_filter_config[EXT_AUTHZ].Pack(setting)
    return " | ".join(check_routes(resources))


def _keep_it(route: Route, _: ExtAuthzPerRoute) -> None:
    route.request_headers_to_remove.remove("authorization")


def _ask_another(_: Route, setting: ExtAuthzPerRoute) -> None:
    setting.check_settings.http_service.server_uri.cluster = "elsewhere"


def _ask_elsewhere(_: Route, setting: ExtAuthzPerRoute) -> None:
    setting.check_settings.http_service.path_prefix = "/"


def _write_more(_: Route, setting: ExtAuthzPerRoute) -> None:
    setting.check_settings.http_service.authorization_response.allowed_upstream_headers.patterns.add(prefix="x-")


def _tell_less(_: Route, setting: ExtAuthzPerRoute) -> None:
    del setting.check_settings.http_service.authorization_request.headers_to_add[0]


def _tell_several(_: Route, setting: ExtAuthzPerRoute) -> None:
    options = setting.check_settings.http_service.authorization_request.headers_to_add
    next(option for option in options if option.key == INSIDE).value = "%REQ(authorization)% %REQ(cookie)%"


def _tell_nothing_more(_: Route, setting: ExtAuthzPerRoute) -> None:
    options = setting.check_settings.http_service.authorization_request.headers_to_add
    options.remove(next(option for option in options if option.key == INSIDE))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_keep_it, "the header with a service token would reach the origin"),
        (_ask_another, "does not go to the control plane"),
        (_ask_elsewhere, "does not go to the control plane"),
        (_write_more, "other headers than the identity"),
        (_tell_less, "would not know whom it is asked about"),
        (_tell_several, "the header with a service token would reach the origin"),
        (_tell_nothing_more, "the header with a service token would reach the origin"),
    ],
)
async def test_g10_143_a_route_that_asks_in_another_way_is_not_published(change, found):
    assert found in asking(change)
