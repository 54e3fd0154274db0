"""What the tests and the demo know of a running identity provider, and how its process lives and ends."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Provider:
    """A real OpenID provider that listens on loopback."""

    issuer: str
    auth_url: str
    token_url: str
    certs_url: str
    userinfo_url: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def addresses(self) -> dict[str, Any]:
        """``config`` of a generic OIDC provider in the form of the Access API: three addresses, no discovery."""
        return {
            "auth_url": self.auth_url,
            "token_url": self.token_url,
            "certs_url": self.certs_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    @property
    def discovery(self) -> dict[str, Any]:
        """``config`` of a generic OIDC provider by its issuer."""
        return {"issuer": self.issuer, "client_id": self.client_id, "client_secret": self.client_secret}


@contextmanager
def announced(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Iterator[dict[str, Any]]:
    """Run ``command``, which prints one line of JSON when it listens and ends when its standard input ends.

    The pipe is what ties it to us: it closes when this process ends in whatever way.
    """
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            told = _first_line(process)
            if told is None:
                complaints.seek(0)
                raise RuntimeError(f"{' '.join(command[:3])} does not listen:\n{complaints.read()}")
            yield told
        finally:
            _end(process)


def _first_line(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(START_TIMEOUT) else ""
    return dict(json.loads(line)) if line else None


def _end(process: subprocess.Popen[str]) -> None:
    process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    process.stdout.close()
