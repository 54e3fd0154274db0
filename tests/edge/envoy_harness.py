"""A real Envoy, configured by our own ADS server, for tests.

::

    async with running_door(lambda edge: build(snapshot, edge, now)) as door:
        answer = await door.send(b"GET / HTTP/1.1\\r\\nhost: app.test\\r\\n\\r\\n")
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.connection import ended

from doorward.edge import envoy
from doorward.edge.xds import AdsServer, EdgeSettings, Rejection, Resources
from doorward.organization import PublicAddress

START = 20.0


@dataclass
class Answer:
    """A response as it came over the socket."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1]) if self.raw.startswith(b"HTTP/1.1 ") else 0

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = self.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        return [(name.lower(), value.strip()) for name, _, value in pairs]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]


@dataclass
class Door:
    """A running Envoy and its control channel."""

    runtime: Path
    edge: EdgeSettings
    ads: AdsServer
    rejections: list[Rejection] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    @property
    def port(self) -> int:
        port = self.edge.https if self.edge.https is not None else self.edge.http
        assert port is not None
        return port

    async def publish(self, resources: Resources, within: float = START) -> None:
        """Publish and wait until Envoy has it."""
        self.ads.publish(resources)
        try:
            await asyncio.wait_for(self.ads.until_live(resources.version), within)
        except TimeoutError:
            raise AssertionError(f"not live; refused: {self.rejections}; {self.log()}") from None

    async def send(self, data: bytes, within: float = 10.0) -> Answer:
        """Raw bytes to the plain listener on a connection of their own; the answer until Envoy closes or is silent."""
        assert self.edge.http is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.edge.http)
        try:
            writer.write(data)
            await writer.drain()
            return Answer(await _read_answer(reader, within, head_only=data.startswith(b"HEAD ")))
        finally:
            await ended(writer)

    async def admin(self, target: str, method: str = "GET") -> str:
        reader, writer = await asyncio.open_unix_connection(self.runtime / envoy.ADMIN_SOCKET)
        writer.write(
            f"{method} {target} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode()
        )
        answer = Answer(await reader.read())
        await ended(writer)
        return (_dechunked(answer.body) if answer.all("transfer-encoding") else answer.body).decode()

    def log(self) -> str:
        return (self.runtime / "envoy.log").read_text(errors="replace")[-4000:]

    async def start_envoy(self, workers: int = 1) -> None:
        line = [*_die_with_parent(), *envoy.command(envoy.binary(), self.runtime / "envoy.json", workers)]
        with (self.runtime / "envoy.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(*line, stdout=log, stderr=log)

    async def stop_envoy(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@contextlib.asynccontextmanager
async def running_door(
    resources: Callable[[EdgeSettings], Resources],
    adjust: Callable[[EdgeSettings], EdgeSettings] = lambda edge: edge,
    *,
    workers: int = 1,
) -> AsyncIterator[Door]:
    """Envoy with the configuration of ``resources``, ready to answer. ``adjust`` changes the default edge settings.

    The folder ``door.runtime`` holds the sockets; start stand-ins for the control plane there (``door.edge.check_socket``,
    ``door.edge.web_socket``).
    """
    runtime = Path(tempfile.mkdtemp(prefix="dw-"))
    rejections: list[Rejection] = []
    ads = AdsServer(rejections.append)
    door = Door(runtime, adjust(edge_settings(runtime)), ads, rejections)
    (runtime / "envoy.json").write_text(envoy.bootstrap(runtime))
    try:
        await ads.start(runtime / envoy.XDS_SOCKET)
        await door.start_envoy(workers)
        await door.publish(resources(door.edge))
        await _listening(door)
        yield door
    finally:
        await door.stop_envoy()
        await door.ads.stop()  # a test may have put another one in its place
        shutil.rmtree(runtime, ignore_errors=True)


def edge_settings(runtime: Path) -> EdgeSettings:
    """A plain listener on an ephemeral loopback port, public as it is."""
    port = free_port()
    return EdgeSettings(
        public=PublicAddress(scheme="http", port=port),
        check_socket=str(runtime / envoy.CHECK_SOCKET),
        web_socket=str(runtime / envoy.WEB_SOCKET),
        leash_socket=str(runtime / envoy.LEASH_SOCKET),
        http=port,
    )


def with_trusted_hops(hops: int) -> Callable[[EdgeSettings], EdgeSettings]:
    return lambda edge: replace(edge, trusted_hops=hops)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def _listening(door: Door) -> None:
    async with asyncio.timeout(START):
        while True:
            with contextlib.suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", door.port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def _read_answer(reader: asyncio.StreamReader, within: float, *, head_only: bool) -> bytes:
    """One response: head, then as much body as it announces."""
    data = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(within):
            while b"\r\n\r\n" not in data:
                if not (chunk := await reader.read(1 << 16)):
                    return data
                data += chunk
            length = 0 if head_only else _announced(data)
            head = data.index(b"\r\n\r\n") + 4
            while length is None or len(data) < head + length:
                if length is None and data.endswith(b"0\r\n\r\n"):
                    return data
                if not (chunk := await reader.read(1 << 16)):
                    return data
                data += chunk
    return data


def _announced(data: bytes) -> int | None:
    answer = Answer(data)
    if answer.status in {101, 204, 304}:
        return 0
    lengths = answer.all("content-length")
    return int(lengths[0]) if lengths else None


def _dechunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


def _die_with_parent() -> list[str]:
    """A prefix for the command line. Not a ``preexec_fn``: gRPC does not survive a real fork in this process."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
