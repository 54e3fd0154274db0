"""An HTTP/2 origin without TLS that remembers headers, data and trailers, and echoes like a gRPC server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events


@dataclass
class Stream:
    """One request as it came."""

    headers: list[tuple[str, str]]
    data: bytes = b""
    trailers: list[tuple[str, str]] | None = None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Http2Origin:
    """``streams`` in the order they came. A request of type ``application/grpc`` gets its messages back and a status."""

    port: int = 0
    streams: list[Stream] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="latin-1", validate_inbound_headers=False)
        )
        protocol.initiate_connection()
        open_streams: dict[int, Stream] = {}
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            writer.write(protocol.data_to_send())
            while data := await reader.read(1 << 16):
                for event in protocol.receive_data(data):
                    self._take(protocol, open_streams, event)
                writer.write(protocol.data_to_send())
                await writer.drain()
        writer.close()

    def _take(self, protocol: h2.connection.H2Connection, streams: dict[int, Stream], event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                streams[event.stream_id] = stream = Stream(list(event.headers))
                self.streams.append(stream)
                kind = stream.all("content-type") or ["text/plain"]
                protocol.send_headers(event.stream_id, [(":status", "200"), ("content-type", kind[0])])
            case h2.events.DataReceived():
                streams[event.stream_id].data += event.data
                protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if event.data:
                    protocol.send_data(event.stream_id, event.data)
            case h2.events.TrailersReceived():
                streams[event.stream_id].trailers = list(event.headers)
            case h2.events.StreamEnded():
                protocol.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
            case _:
                pass


@contextlib.asynccontextmanager
async def recording_http2() -> AsyncIterator[Http2Origin]:
    origin = Http2Origin()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()
