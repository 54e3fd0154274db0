"""G2: which application a host name in any spelling leads to."""

from __future__ import annotations

import pytest
from tests.edge.recording_origin import Reply
from tests.edge.xds import world

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]

WIKI = "app-1"
NONE = "none"


@pytest.mark.parametrize("host", ["wiki.test", "WIKI.TEST", "Wiki.Test", "wiki.test.", "WIKI.test.", "wiki.test:80", "wiki.test:443", "wiki.test:8080", "wiki.test.:8080"])  # fmt: skip
async def test_g2_23_every_spelling_of_a_host_is_the_same_application_on_both_ways(bench, host):
    assert (await bench.get("/", host, cookie=f"CF_Authorization={bench.token()}")).status == 200
    assert bench.check.requests == []
    sent = bench.origin.last.get("host")
    assert sent == host.replace("test.", "test")  # the trailing dot is taken off, all else is as the client wrote it
    assert (await bench.get("/", host)).status == 403
    assert bench.check.last.get("x-doorward-route") == WIKI
    assert bench.check.last.get("host") == sent


@pytest.mark.parametrize("host", ["[::1]", "127.0.0.1", "wiki_test", ".wiki.test", "x.wiki.test", "wiki.test.evil.org", "xwiki.test", "wikixtest", "xn--wki-qla.test", "test", "wiki.test.."])  # fmt: skip
async def test_g2_23_26_another_name_is_another_application_or_none(bench, host):
    answer = await bench.get("/", host, cookie=f"CF_Authorization={bench.token()}")
    assert answer.status == 403
    assert bench.check.last.get("x-doorward-route") == NONE
    assert bench.origin.requests == []


@pytest.mark.parametrize("host", ["wiki.test:", "wiki.test:abc", "wiki.test:80:80", "wiki.test:@evil.org", "wiki.test:80@evil.org", "user@wiki.test", "wiki.test/", "wiki.test, open.test", "wiki.test open.test", "wiki%2etest", "w\u00efki.test", "", " ", "*", "wiki.test\\x", "wiki.test#x", "wiki.test?x", "wiki.test;x", "[wiki.test]"])  # fmt: skip
@pytest.mark.parametrize("signed_in", [True, False])
async def test_g2_23_what_is_no_host_name_is_refused(bench, host, signed_in):
    answer = await bench.get("/", host, cookie=f"CF_Authorization={bench.token()}" if signed_in else "")
    assert answer.status == 400
    assert bench.origin.requests == bench.check.requests == []


async def test_g2_24_two_host_headers_are_refused(bench):
    answer = await bench.get("/", "wiki.test", "host: open.test")
    assert answer.status == 400
    answer = await bench.get("/", "wiki.test", "host: wiki.test")
    assert answer.status == 400
    assert bench.origin.requests == bench.check.requests == []


async def test_g2_24_no_host_header_is_refused(bench):
    assert (await bench.door.send(b"GET / HTTP/1.1\r\naccept: */*\r\n\r\n")).status == 400
    assert (await bench.door.send(b"GET / HTTP/1.0\r\n\r\n")).status in {400, 426}
    assert bench.origin.requests == bench.check.requests == []


WILD = {
    "x.wild.test": "app-4",
    "X.WILD.TEST": "app-4",
    "x.wild.test.": "app-4",
    "x.wild.test:8080": "app-4",
    "x-1_y.wild.test": "app-4",
    "wild.test": NONE,
    "a.b.wild.test": NONE,
    ".wild.test": NONE,
    "xwild.test": NONE,
    "x.wild.test.evil.org": NONE,
    "x.wildxtest": NONE,
    "x.wild.test:80.evil.org": NONE,
    "evil.org:80@x.wild.test": NONE,
    "evil.org/x.wild.test": NONE,
    "\xff.wild.test": NONE,
    "x%2e.wild.test": NONE,
    "*.wild.test": NONE,
}


@pytest.mark.parametrize("host", WILD)
async def test_g2_25_26_a_wildcard_is_exactly_one_label(bench, host):
    token = f"CF_Authorization={bench.token(world.WILD)}"
    answer = await bench.get("/", host, cookie=token)
    if WILD[host] != NONE:
        assert answer.status == 200
        assert bench.check.requests == []
        await bench.get("/", host)
        assert bench.check.last.get("x-doorward-route") == WILD[host]
        return
    assert answer.status in {400, 403}, answer.raw
    assert bench.origin.requests == []
    assert all(request.get("x-doorward-route") == NONE for request in bench.check.requests)


@pytest.mark.parametrize("host", ["admin.wild.test", "ADMIN.wild.test", "admin.wild.test.", "admin.WILD.test:8080"])
async def test_g2_25_an_exact_host_goes_before_a_wildcard_and_the_wildcard_takes_what_it_leaves(bench, host):
    wild, exact = bench.token(world.WILD), bench.token(world.EXACT)
    assert (await bench.get("/admin/x", host, cookie=f"CF_Authorization={wild}")).status == 403
    assert bench.check.last.get("x-doorward-route") == "app-5"
    assert bench.origin.requests == []
    assert (await bench.get("/admin/x", host, cookie=f"CF_Authorization={exact}")).status == 200
    assert (await bench.get("/other", host, cookie=f"CF_Authorization={wild}")).status == 200
    assert (await bench.get("/other", host, cookie=f"CF_Authorization={exact}")).status == 403
    assert bench.check.last.get("x-doorward-route") == "app-4"


async def test_an_unknown_host_is_asked_about_and_leads_nowhere_even_if_the_answer_were_yes(bench):
    assert (await bench.get("/", "unknown.test")).status == 403
    assert bench.check.last.get("x-doorward-route") == NONE
    bench.check.reply = lambda _: Reply(200, [("cf-access-jwt-assertion", "checked")])
    assert (await bench.get("/", "unknown.test")).status == 502
    assert bench.origin.requests == []


async def test_an_application_without_ingress_is_closed_before_and_empty_after_the_decision(bench):
    assert (await bench.get("/", "lost.test", cookie=f"CF_Authorization={bench.token(world.LOST)}")).status == 403
    assert bench.check.last.get("x-doorward-route") == "app-7"
    bench.check.reply = lambda _: Reply(200)
    answer = await bench.get("/", "lost.test")
    assert answer.status == 502
    assert b"ingress" in answer.body


async def test_ingress_entries_split_a_host_by_path_first_match_wins(bench):
    token = f"CF_Authorization={bench.token(world.SPLIT)}"
    await bench.get("/b/c?d", "split.test", cookie=token)
    assert bench.origin.last.get("host") == "b.internal"
    await bench.get("/bc", "split.test", cookie=token)
    assert bench.origin.last.get("host") == "split.test"
    await bench.get("/a/z", "split.test", cookie=token)
    assert bench.origin.last.get("host") == "split.test"
    assert bench.check.requests == []
    assert len(bench.origin.requests) == 3
