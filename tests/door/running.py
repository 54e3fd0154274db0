"""A whole door for tests: ``doorward serve`` as its own process, a real Envoy in it, on loopback ports of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60
STOP_SECONDS = 30


def free_ports(count: int) -> list[int]:
    """Distinct free TCP ports on loopback."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Loopback(httpx.AsyncHTTPTransport):
    """Sends ``*.localhost`` to 127.0.0.1 and keeps the Host header, as browsers do. Options: those of httpx."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host == "localhost" or host.endswith(".localhost"):
            request = httpx.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1"),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
        return await super().handle_async_request(request)


def browser(**options: Any) -> httpx.AsyncClient:
    """A client with a cookie jar that follows no redirect unless asked to."""
    return httpx.AsyncClient(transport=Loopback(**options), timeout=20, trust_env=False)


@dataclass
class Door:
    """A running door."""

    folder: Path
    port: int
    status_port: int
    process: subprocess.Popen[bytes]
    log: Path
    ports: Mapping[str, int] = field(default_factory=dict)
    scheme: str = "http"

    def url(self, host: str, path: str = "/") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def configuration(self) -> Path:
        return self.folder / "doorward.yaml"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another ``doorward`` command on the same configuration."""
        return subprocess.run(
            [sys.executable, "-m", "doorward", *arguments, "--config", str(self.configuration)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def children(self) -> dict[str, int]:
        """Process ids of the supervisor's children: ``envoy`` and ``control``."""
        found: dict[str, int] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                command = (entry / "cmdline").read_bytes().split(b"\0")
                if parent == str(self.process.pid):
                    found["control" if b"control" in command else "envoy"] = int(entry.name)
        return found

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def ready(self, seconds: float = START_SECONDS) -> None:
        """Wait for 200 at /readyz."""
        await asyncio.to_thread(self.wait_until_ready, seconds)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Same, where there is no event loop."""
        deadline = time.monotonic() + seconds
        answer = ""
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    raise AssertionError(f"doorward ended with {self.process.returncode}:\n{self.tail()}")
                with contextlib.suppress(httpx.HTTPError):
                    response = client.get(f"http://127.0.0.1:{self.status_port}/readyz")
                    answer = response.text
                    if response.status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s: {answer}\n{self.tail()}")

    async def reload(self, configuration: str) -> None:
        """Put another text into the file, send SIGHUP, and wait until the log says that it is in force."""
        before = self.log.read_text(errors="replace").count("configuration_reloaded")
        self.configuration.write_text(configuration)
        self.process.send_signal(signal.SIGHUP)
        await eventually(lambda: self.log.read_text(errors="replace").count("configuration_reloaded") > before)
        await self.ready()

    async def metrics(self) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.status_port}/metrics")).text


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it holds.

    Raises:
        AssertionError: it did not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        await asyncio.sleep(0.02)


def start(folder: Path, configuration: str, ports: Mapping[str, int], *, scheme: str = "http") -> Door:
    """Write ``doorward.yaml`` and start the process; ``{door}`` and ``{status}`` stand for the ports."""
    door_port, status_port = free_ports(2)
    text = textwrap.dedent(configuration)
    for name, port in {**ports, "door": door_port, "status": status_port}.items():
        text = text.replace("{" + name + "}", str(port))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "doorward.yaml").write_text(text)
    return Door(folder, door_port, status_port, spawn(folder), folder / "door.log", ports, scheme)


def spawn(folder: Path) -> subprocess.Popen[bytes]:
    """Start ``doorward serve`` on the file in ``folder``, in a process group of its own."""
    with (folder / "door.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "doorward", "serve", "--config", str(folder / "doorward.yaml")],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TERM": "dumb"},
            start_new_session=True,
        )


def stop(door: Door) -> int:
    """SIGTERM, wait, and kill only if that did not help. The exit code."""
    if door.process.poll() is None:
        door.process.send_signal(signal.SIGTERM)
        try:
            door.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            door.process.kill()
            door.process.wait()
            raise AssertionError(f"doorward did not stop within {STOP_SECONDS} s:\n{door.tail()}") from None
    return door.process.returncode


@contextlib.asynccontextmanager
async def running(
    folder: Path, configuration: str, ports: Mapping[str, int], *, scheme: str = "http"
) -> AsyncIterator[Door]:
    """A ready door for the block."""
    door = start(folder, configuration, ports, scheme=scheme)
    try:
        await door.ready()
        yield door
    finally:
        stop(door)


def claims_of(token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
