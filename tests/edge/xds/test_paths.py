"""G1: the path that was decided about is, byte for byte, the path the origin gets."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.connection import ended
from tests.edge.recording_origin import Reply
from tests.edge.xds import world
from tests.edge.xds.conftest import Bench

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


def allow(_: object) -> Reply:
    return Reply(200, [("cf-access-jwt-assertion", "checked")])


async def seen(bench: Bench, target: str, host: str = "wiki.test") -> tuple[str, str] | None:
    """(application asked about, path) as both the check and the origin saw it; None when Envoy refused."""
    bench.clear()
    bench.check.reply = allow
    answer = await bench.get(target, host)
    if answer.status != 200:
        assert 400 <= answer.status < 500, answer.raw
        assert bench.origin.requests == []
        assert bench.check.requests == []
        return None
    assert len(bench.check.requests) == len(bench.origin.requests) == 1
    asked, got = bench.check.last, bench.origin.last
    assert asked.target == "/check" + got.target
    return asked.get("x-doorward-route") or "", got.target


@pytest.mark.parametrize(
    "target",
    [
        "/public/../admin",
        "/public/./../admin",
        "/public//../../admin",
        "/./admin",
        "//admin",
        "/x/..//admin",
        "/public/%2e%2e/admin",
        "/public/.%2e/admin",
        "/public/%2E./admin",
        "/%2e/admin",
        "/%61dmin",
        "/admin",
        "/admin/",
        "/admin?x=/public",
        "/../../admin",
    ],
)
async def test_g1_1_2_5_dot_segments_and_doubled_slashes_are_decided_as_what_they_mean(bench, target):
    found = await seen(bench, target)
    assert found is not None
    assert found[0] == "app-2"
    assert found[1].split("?")[0].rstrip("/") in {"/admin", "/%61dmin"}
    assert found[1].split("?")[0].rstrip("/") == "/admin" or "%" not in found[1]


@pytest.mark.parametrize(
    "target",
    [
        "/public%2f..%2fadmin",
        "/public%2F..%2Fadmin",
        "/admin%2fusers",
        "/public%5c..%5cadmin",
        "/public%5C..%5Cadmin",
        "/public/%2f/admin",
    ],
)
async def test_g1_3_escaped_slashes_and_backslashes_are_refused(bench, target):
    assert await seen(bench, target) is None


@pytest.mark.parametrize("target", ["/public\\..\\admin", "/public\\../admin", "\\admin", "/\\admin"])
async def test_g1_4_a_backslash_is_never_another_path_for_the_origin(bench, target):
    found = await seen(bench, target)
    if found is not None:
        assert "\\" not in found[1]
        assert found[0] == ("app-2" if found[1].startswith("/admin") else "app-1")


@pytest.mark.parametrize("target", ["/public/%252e%252e/admin", "/public/%25%32%65%25%32%65/admin"])
async def test_g1_2_double_encoding_is_data_and_decided_as_such(bench, target):
    found = await seen(bench, target)
    assert found is not None
    assert found[0] == "app-10"
    assert found[1].startswith("/public/%25")


@pytest.mark.parametrize(
    "target", ["/admin;x=1/users", "/public;/admin", "/;/admin", "/admin/users;x=1", "/public/a;b=c/d", "/admin;"]
)
@pytest.mark.parametrize("signed_in", [True, False])
async def test_g1_6_a_matrix_parameter_is_refused_where_the_path_decides_about_the_application(
    bench, target, signed_in
):
    cookie = f"CF_Authorization={bench.token(world.WIKI)}" if signed_in else ""
    assert (await bench.get(target, cookie=cookie)).status == 400
    assert bench.origin.requests == bench.check.requests == []


@pytest.mark.parametrize("target", ["/a;x=1/users", "/;/b", "/a/b;jsessionid=1?c;d", "/a%3bb"])
@pytest.mark.parametrize(("host", "application"), [("open.test", "app-3"), ("x.wild.test", "app-4")])
async def test_g1_6_a_matrix_parameter_is_data_where_one_application_has_the_whole_host(
    bench, target, host, application
):
    assert await seen(bench, target, host) == (application, target)


async def test_g1_6_a_semicolon_in_the_query_is_data_everywhere(bench):
    assert await seen(bench, "/x?a;b") == ("app-1", "/x?a;b")


@pytest.mark.parametrize("target", ["/public/..;a=b/admin", "/public/..;/admin", "/.;/admin", "/public/.;a/../admin/.;x"])  # fmt: skip
async def test_g1_7_a_dot_segment_with_a_parameter_is_resolved_before_anybody_decides(bench, target):
    found = await seen(bench, target)
    assert found is not None
    assert found[0] == "app-2"
    assert found[1] in {"/admin", "/admin/"}


@pytest.mark.parametrize("target", ["/public/..%3b/admin", "/public/%2e%2e;/admin", "/public/.%2e;x/admin", "/public/..%3Ba=b/admin", "/.%3b/admin", "/public/%2e%2e%3bx/admin", "//", "///", "//?x"])  # fmt: skip
@pytest.mark.parametrize("signed_in", [True, False])
async def test_g1_5_7_what_can_still_be_read_in_two_ways_is_refused(bench, target, signed_in):
    cookie = f"CF_Authorization={bench.token(world.WIKI)}" if signed_in else ""
    assert (await bench.get(target, cookie=cookie)).status == 400
    assert bench.origin.requests == bench.check.requests == []


@pytest.mark.parametrize("target", ["/public/..%3b/admin", "/.%3b", "//"])
@pytest.mark.parametrize("host", ["open.test", "x.wild.test", "unknown.test", world.TEAM])
async def test_g1_7_that_holds_on_every_host(bench, target, host):
    assert (await bench.get(target, host)).status == 400
    assert bench.origin.requests == bench.check.requests == bench.web.requests == []


@pytest.mark.parametrize("target", ["/admin#/public", "/public#/../admin", "/#", "/public?x#y"])
async def test_g1_8_a_fragment_is_refused(bench, target):
    assert await seen(bench, target) is None


async def test_g1_8_an_encoded_fragment_mark_is_data(bench):
    assert await seen(bench, "/public%23/../admin") == ("app-2", "/admin")
    assert await seen(bench, "/a%23b") == ("app-1", "/a%23b")


@pytest.mark.parametrize(
    "target", ["/x?/public", "/x?a=/public/../admin", "/x?/healthz", "/x?a=..%2f", "/x??", "/x?\\"]
)
async def test_g1_9_the_query_takes_no_part_and_stays_as_it_was(bench, target):
    assert await seen(bench, target) == ("app-1", target)


@pytest.mark.parametrize(
    ("target", "application"),
    [
        ("/xpublic", "app-1"),
        ("/publicx", "app-1"),
        ("/public", "app-10"),
        ("/public/", "app-10"),
        ("/admin/public", "app-2"),
        ("/admin/public.css", "app-2"),
        ("/public.css", "app-1"),
        ("/admins", "app-1"),
    ],
)
async def test_g1_10_a_plain_path_covers_whole_segments_only(bench, target, application):
    assert await seen(bench, target) == (application, target)


async def test_g1_11_case_matters_and_both_see_the_same(bench):
    assert await seen(bench, "/ADMIN") == ("app-1", "/ADMIN")
    assert await seen(bench, "/Public/x") == ("app-1", "/Public/x")


async def test_g1_12_an_absolute_target_decides_the_authority_for_everybody(bench):
    bench.check.reply = allow
    answer = await bench.door.send(b"GET http://open.test/admin HTTP/1.1\r\nhost: wiki.test\r\n\r\n")
    assert answer.status == 200
    assert bench.check.last.get("x-doorward-route") == "app-3"
    assert bench.check.last.get("host") == bench.origin.last.get("host") == "open.test"
    assert bench.check.last.target == "/check/admin"


@pytest.mark.parametrize(
    "target",
    [
        "http:admin",
        "admin",
        "*",
        "",
        "http://",
        "http:///admin",
        "//",
        "?x",
        ";",
        "http://wiki.test",
        "ftp://wiki.test/",
    ],
)
async def test_g1_13_a_target_that_is_no_path_is_never_another_path_for_the_origin(bench, target):
    bench.check.reply = allow
    answer = await bench.door.send(f"GET {target} HTTP/1.1\r\nhost: wiki.test\r\n\r\n".encode())
    if answer.status == 200:
        assert bench.check.last.target == "/check" + bench.origin.last.target
        assert bench.origin.last.target == "/"
    else:
        assert answer.status in {0, 400, 404}
        assert bench.origin.requests == []


@pytest.mark.parametrize("target", ["wiki.test:80", "/admin", "http://wiki.test/", ""])
async def test_g1_14_connect_is_refused(bench, target):
    answer = await bench.door.send(f"CONNECT {target} HTTP/1.1\r\nhost: wiki.test\r\n\r\n".encode())
    assert answer.status in {0, 400, 403, 404, 405}
    assert bench.origin.requests == []
    assert (await bench.get()).status == 403  # and nothing crashed


@pytest.mark.parametrize("target", [b"/%zz", b"/a b", b"/a\x00b", b"/\xff\xfe", b"/a\x7fb", b"/%00", b"/\xc3\xa9", b"/%c0%ae%c0%ae/admin", b"/public/%ef%bc%8f..%ef%bc%8fadmin", b"/a%"])  # fmt: skip
async def test_g1_15_18_a_malformed_target_is_refused_or_the_same_for_both(bench, target):
    bench.check.reply = allow
    answer = await bench.door.send(b"GET " + target + b" HTTP/1.1\r\nhost: wiki.test\r\n\r\n")
    if answer.status == 200:
        assert bench.check.last.target == "/check" + bench.origin.last.target
        assert bench.check.last.get("x-doorward-route") == ("app-10" if target.startswith(b"/public") else "app-1")
        assert bench.origin.last.target.isascii()
    else:
        assert answer.status in {0, 400, 404}
        assert bench.origin.requests == []


async def test_g1_15_a_path_of_64_kilobytes_is_refused(bench):
    answer = await bench.get("/" + "a" * 65536)
    assert 400 <= answer.status < 500
    assert bench.origin.requests == bench.check.requests == []


async def test_g1_16_ten_thousand_random_paths_are_the_same_for_policy_and_origin(bench):
    rng = random.Random(20261124)
    bench.check.reply = bench.origin.reply = lambda _: Reply(200, body=b"")
    alphabet = "ab./%;\\25eEfFcC?#&=+:@!$'()*,~-_\"<>[]{}|^` é\x7f\t"
    targets = ["/" + "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 12))) for _ in range(10_000)]
    refused = 0
    for start in range(0, len(targets), 2500):
        refused += await _exchange_many(bench, targets[start : start + 2500])
    assert 0 < refused < 9000
    for got in bench.origin.requests:
        assert "\\" not in got.target.partition("?")[0]
        assert "#" not in got.target
        assert "/../" not in got.target.partition("?")[0] + "/"
        assert "//" not in got.target.partition("?")[0]
    pairs = zip(bench.check.requests, bench.origin.requests, strict=True)
    assert all(check.target == "/check" + origin.target for check, origin in pairs)
    assert len(bench.origin.requests) + refused == len(targets)


async def _exchange_many(bench: Bench, targets: list[str]) -> int:
    """Send one after the other; how many were refused."""
    refused = 0
    reader = writer = None
    for target in targets:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", bench.door.port)
        writer.write(f"GET {target} HTTP/1.1\r\nhost: wiki.test\r\n\r\n".encode("latin-1"))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        status = int(head.split(b" ", 2)[1])
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if status != 200:
            assert 400 <= status < 500, (target, head)
            refused += 1
        if b"connection: close" in head.lower():
            await ended(writer)
            reader = writer = None
    if writer is not None:
        await ended(writer)
    return refused


@pytest.mark.parametrize(
    "target",
    [
        "/cdn-cgi/access/../../admin",
        "/cdn-cgi/access/certs/../../../admin",
        "/cdn-cgi/../admin",
        "/.well-known/cloudflare-access-protected-resource/../../admin",
    ],
)
async def test_g1_20_leaving_our_own_paths_by_dots_leads_to_the_decision(bench, target):
    assert await seen(bench, target) == ("app-2", "/admin")
    assert bench.web.requests == []


@pytest.mark.parametrize("target", ["/.well-known/acme-challenge/x", "/ping", "/healthz", "/robots.txt", "/favicon.ico", "/cdn-cgix", "/CDN-CGI/access"])  # fmt: skip
async def test_g1_20_no_other_path_is_exempt(bench, target):
    assert (await bench.get(target)).status == 403
    assert len(bench.check.requests) == 1


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("host", ["wiki.test", "open.test", "x.wild.test", "unknown.test", "lost.test"])
@pytest.mark.parametrize("target", ["/cdn-cgi", "/cdn-cgi/", "/cdn-cgi/trace", "/cdn-cgi/accessx", "/cdn-cgi/ACCESS/certs", "//cdn-cgi//x"])  # fmt: skip
async def test_g1_20_reserved_paths_never_reach_an_origin(bench, target, host, signed_in):
    cookie = f"CF_Authorization={bench.token()}" if signed_in else ""
    assert (await bench.get(target, host, cookie=cookie)).status == 404
    assert bench.origin.requests == bench.check.requests == bench.web.requests == []


@pytest.mark.parametrize("host", ["wiki.test", "open.test", "x.wild.test", "unknown.test", "lost.test", world.TEAM])
@pytest.mark.parametrize("target", ["/cdn-cgi/access", "/cdn-cgi/access/certs", "/cdn-cgi/access/login/x?y=1", "/.well-known/cloudflare-access-protected-resource", "/.well-known/cloudflare-access-protected-resource/a/b"])  # fmt: skip
async def test_our_own_paths_are_answered_by_the_control_plane_on_every_host(bench, target, host):
    answer = await bench.get(
        target, host, "x-doorward-client-address: 6.6.6.6", "x-doorward-route: x", "cf-access-token: t"
    )
    assert answer.status == 200
    assert bench.web.last.target == target
    assert bench.web.last.get("x-doorward-client-address") == "127.0.0.1"
    assert bench.web.last.get("x-doorward-route") is None
    assert bench.web.last.get("cf-access-token") == "t"
    assert bench.web.last.get("host") == host
    assert bench.origin.requests == bench.check.requests == []


async def test_on_the_team_domain_everything_is_answered_by_the_control_plane(bench):
    assert (await bench.get("/anything?a", world.TEAM)).status == 200
    assert bench.web.last.target == "/anything?a"
    assert bench.origin.requests == bench.check.requests == []


@pytest.mark.parametrize("agent", ["GoogleHC/1.0", "kube-probe/1.30", "ELB-HealthChecker/2.0"])
async def test_g1_21_a_health_checker_is_a_visitor_like_any_other(bench, agent):
    assert (await bench.get("/healthz", "wiki.test", f"user-agent: {agent}")).status == 403
    assert bench.check.last.get("user-agent") == agent
    assert bench.origin.requests == []


@pytest.mark.parametrize(
    ("target", "application"),
    [
        ("/a/z", "app-8"),
        ("/abc/d/z", "app-8"),
        ("/a/z/below", "app-8"),
        ("/a/zz", "app-8x"),
        ("/b", "app-8"),
        ("/", "app-8"),
    ],
)
async def test_g1_17_a_wildcard_path_matches_as_the_index_says(bench, target, application):
    found = await seen(bench, target, "split.test")
    assert found is not None
    assert found[0] == application.rstrip("x")
