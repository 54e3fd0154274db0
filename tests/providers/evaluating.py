"""A service that evaluates, on a real socket: it verifies what it is asked as a stranger would, and answers as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.jwk import KeySet, RSAKey
from tests.providers.scripted import public, rsa_key, sign

from doorward.policy.rules_elsewhere import ExternalEvaluationValue

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Service:
    """``decide`` gets the verified claims of the question; ``answer`` makes the token from it and the nonce."""

    port: int = 0
    now: int = 0
    trusted: dict[str, Any] = field(default_factory=dict)
    """The key set of whoever may ask; empty: anybody may."""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(rsa_key("service"))])
    decide: Callable[[dict[str, Any]], bool] = lambda _claims: True
    answer: Callable[[Service, dict[str, Any]], Any] | None = None
    """What the member ``token`` holds."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    fetched: int = 0
    waiting: asyncio.Event | None = None
    raw: Reply | None = None
    """In place of an answer."""

    @property
    def value(self) -> ExternalEvaluationValue:
        where = f"http://127.0.0.1:{self.port}"
        return ExternalEvaluationValue(evaluate_url=f"{where}/ask", keys_url=f"{where}/keys")

    def claims(self, nonce: str, **changes: Any) -> dict[str, Any]:
        return {"success": True, "iat": self.now, "exp": self.now + 60, "nonce": nonce, **changes}

    async def reply(self, path: str, body: bytes) -> Reply:
        if path == "/keys":
            self.fetched += 1
            return 200, {}, json.dumps({"keys": self.keys}).encode()
        if self.waiting is not None:
            await self.waiting.wait()
        question = json.loads(body)["token"]
        claims = self._read(question)
        self.asked.append(claims)
        if self.raw is not None:
            return self.raw
        said = self.claims(claims["nonce"], success=self.decide(claims))
        token = sign(said, rsa_key("service")) if self.answer is None else self.answer(self, claims)
        return 200, {}, json.dumps({"token": token}).encode()

    def _read(self, question: str) -> dict[str, Any]:
        registry = jws.JWSRegistry(algorithms=["RS256"])
        registry.max_payload_length = 2**20
        if not self.trusted:
            read = jws.extract_compact(question.encode())
            return dict(json.loads(read.payload))
        keys = KeySet(
            [RSAKey.import_key({name: key[name] for name in ("kty", "n", "e", "kid")}) for key in self.trusted["keys"]]
        )
        proven = jws.deserialize_compact(question, keys, registry=registry)
        assert proven.headers()["alg"] == "RS256"
        return dict(json.loads(proven.payload))


@asynccontextmanager
async def evaluating(**fields: Any) -> AsyncIterator[Service]:
    service = Service(**fields)
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lengths = [
                line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")
            ]
            body = await reader.readexactly(int(lengths[0])) if lengths else b""
            status, headers, answer = await service.reply(head.split()[1], body)
            headers = {
                "content-type": "application/json",
                "content-length": str(len(answer)),
                "connection": "close",
            } | headers
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + answer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.create_task(converse(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations)
