"""G10 146: a check that is down, slow or talks nonsense never opens the door; and it comes back by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.edge.recording_origin import Reply
from tests.edge.xds.conftest import refuse

pytestmark = [pytest.mark.edge, pytest.mark.asyncio(loop_scope="module")]


async def test_g10_146_without_a_control_plane_signed_in_visitors_go_on_and_all_others_get_503(bench):
    await bench.check.close()
    await bench.web.close()
    try:
        assert (await bench.get(cookie=f"CF_Authorization={bench.token()}")).status == 200
        reached = len(bench.origin.requests)
        assert (await bench.get()).status == 503
        assert (await bench.get("/", "open.test")).status == 503
        assert (await bench.get("/", "unknown.test")).status == 503
        assert (await bench.get("/cdn-cgi/access/certs")).status == 503
        assert (await bench.get("/", "team.test")).status == 503
        assert len(bench.origin.requests) == reached
    finally:
        await bench.check.listen(Path(bench.door.edge.check_socket))
        await bench.web.listen(Path(bench.door.edge.web_socket))
    bench.check.reply = refuse
    assert (await bench.get()).status == 403
    assert (await bench.get("/cdn-cgi/access/certs")).status == 200


NONSENSE = {
    "nothing": b"",
    "not HTTP": b"hello\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "no status": b"HTTP/1.1 \r\n\r\n",
    "status 2000": b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nx",
    "100 alone": b"HTTP/1.1 100 Continue\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("kind", NONSENSE)
async def test_g10_146_a_nonsense_answer_is_no_answer(bench, kind):
    bench.check.reply = lambda _: Reply(raw=NONSENSE[kind])
    answer = await bench.get()
    assert answer.status != 200
    assert bench.origin.requests == []


@pytest.mark.parametrize("status", [201, 202, 204, 206, 299, 300, 301, 302, 304, 307, 400, 401, 403, 404, 405, 429, 500, 502, 503, 504, 599])  # fmt: skip
async def test_only_200_opens(bench, status):
    bench.check.reply = lambda _: Reply(status, body=b"no")
    answer = await bench.get()
    assert bench.origin.requests == []
    assert answer.status == (503 if status >= 500 else status)


async def test_g10_146_a_slow_answer_is_a_503_and_the_next_request_is_fine(bench):
    bench.check.reply = lambda _: Reply(200, delay=7)
    started = asyncio.get_running_loop().time()
    answer = await bench.get("/", "wiki.test", "connection: close")
    assert answer.status in {0, 503}
    assert asyncio.get_running_loop().time() - started < 6.5
    assert bench.origin.requests == []
    bench.check.reply = lambda _: Reply(200)
    assert (await bench.get()).status == 200
