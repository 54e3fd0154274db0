"""The recording origin in a thread of its own: it answers whatever the tests' event loop is doing at the moment."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from tests.edge.recording_origin import Recorded, RecordingServer, Reply


@contextlib.contextmanager
def threaded_origin() -> Iterator[RecordingServer]:
    """A listening :class:`RecordingServer`; it says in a header which request it got."""
    server = RecordingServer(_greeting)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="origin", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.listen(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _greeting(request: Recorded) -> Reply:
    return Reply(headers=[("x-origin", request.target)], body=b"hello from the origin")


async def _end(server: RecordingServer) -> None:
    await server.close()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
