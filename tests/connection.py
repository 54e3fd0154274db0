"""A connection of a test's own that is gone when the test is.

``StreamWriter.close`` alone only asks for the end: over TLS the transport lives on until the other side has answered, and what is then
left behind fails whichever test runs when the garbage is collected.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from ssl import SSLContext

FAREWELL = 5
"""Seconds that the other side has to agree to the end."""


@contextlib.asynccontextmanager
async def connected(
    port: int | None, *, tls: SSLContext | None = None, name: str | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Streams to ``port`` on loopback, with ``tls`` and the server name ``name`` where given."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    try:
        yield reader, writer
    finally:
        await ended(writer)


async def ended(writer: asyncio.StreamWriter) -> None:
    """Close and wait until it is closed; whoever does not answer is cut off."""
    writer.close()
    with contextlib.suppress(OSError):
        try:
            async with asyncio.timeout(FAREWELL):
                await writer.wait_closed()
        except TimeoutError:
            writer.transport.abort()
            await asyncio.sleep(0)
