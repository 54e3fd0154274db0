"""An origin whose answers never end by themselves: server-sent events, whatever is asked for."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections.abc import Iterator


class _Forever(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        number = 0
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(f"data: {number}\n\n".encode())
                number += 1
                time.sleep(0.05)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def endless() -> Iterator[int]:
    """Listen on loopback; the port."""
    with _Server(("127.0.0.1", 0), _Forever) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
