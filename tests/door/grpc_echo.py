"""An origin that speaks gRPC: it sends back each message as it comes, and after the first one the headers it got."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

METHOD = "/echo.Echo/Talk"


def _talk(messages: Iterator[bytes], context: Any) -> Iterator[bytes]:
    metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    for number, message in enumerate(messages):
        if number == 0:
            yield json.dumps(metadata).encode()
        yield message


@contextlib.contextmanager
def echo() -> Iterator[int]:
    """Listen on loopback; the port."""
    server = grpc.server(ThreadPoolExecutor(4))
    handler = grpc.stream_stream_rpc_method_handler(_talk)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", {"Talk": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(5)
