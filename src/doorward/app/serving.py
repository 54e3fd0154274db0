"""uvicorn on unix sockets and loopback ports, several servers in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn

_FINISH_SECONDS = 5


class _Server(uvicorn.Server):
    """The process handles its signals once, for all servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    application: Any, *, socket: Path | None = None, address: tuple[str, int] | None = None
) -> AsyncIterator[None]:
    """Serve an ASGI application on a unix socket or a TCP address while the block runs.

    Raises:
        RuntimeError: it does not listen; the log says why.
    """
    if socket is not None:
        socket.unlink(missing_ok=True)  # noqa: ASYNC240 - left by a process that was killed; microseconds
    host, port = address or ("127.0.0.1", 0)
    server = _Server(
        uvicorn.Config(
            application,
            uds=str(socket) if socket is not None else None,
            host=host,
            port=port,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            timeout_keep_alive=3600,  # Envoy keeps the connections; it decides when they end
            timeout_graceful_shutdown=_FINISH_SECONDS,
        )
    )
    task = asyncio.create_task(_guarded(server))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag, not an event
        await asyncio.sleep(0.005)
    if not server.started:
        raise RuntimeError(f"cannot listen on {socket or address}; the lines above say why")
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def _guarded(server: uvicorn.Server) -> None:
    """Uvicorn leaves by ``sys.exit`` when it cannot bind; inside one loop with others that must stay an ordinary end."""
    with contextlib.suppress(SystemExit):
        await server.serve()
