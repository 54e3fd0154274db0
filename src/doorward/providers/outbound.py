"""The one seam to the network: how a provider is asked. No redirects, no proxies by accident, bounded in size and time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx

from doorward.providers.failure import Failure, Reason
from doorward.providers.json_document import read_json, read_object

MAX_BODY: Final = 1024 * 1024
"""Bytes of an answer that are read."""
TIMEOUT: Final = 10.0
"""Seconds for a whole exchange, from connecting to the last byte."""
_FOREIGN_TYPES: Final = ("html", "xml", "image/", "audio/", "video/", "multipart/", "font/", "jwt", "css")


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a provider. Headers and body may hold secrets, so they are not in its repr."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and JSON object of an answer with a status below 500."""

    status: int
    document: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Any JSON value of an answer with a status below 500, and where its Link header says the next page is (RFC 8288)."""

    status: int
    value: Any = field(repr=False)
    following: str
    """Empty: nowhere."""


class LoopbackNames(httpx.AsyncBaseTransport):
    """Connects names under ``.localhost`` to 127.0.0.1, as RFC 6761 says; many resolvers do not know them.

    The Host header and, with TLS, the name the certificate must carry stay as they were.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        if name.rstrip(".").endswith(".localhost"):
            request = httpx.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1"),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": name},
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def outbound_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The HTTP client for ``Providers``. ``transport`` is for tests.

    ``trust_env=False``: a proxy variable or a .netrc file of the shell that started us must not decide where client
    secrets go. The certificates of the operating system (and of ``SSL_CERT_FILE``, which OpenSSL itself reads) are
    trusted beside the bundled ones, so that a private authority can be installed the usual way. Cookies are not kept.
    """
    if transport is None:
        certificates = httpx.create_ssl_context(trust_env=False)
        certificates.load_default_certs()
        transport = httpx.AsyncHTTPTransport(verify=certificates, trust_env=False)
    return httpx.AsyncClient(
        transport=LoopbackNames(transport),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
        timeout=TIMEOUT,
        headers={
            "user-agent": "Doorward",
            "accept": "application/json",
            "accept-encoding": "identity",  # a small compressed answer could unpack to gigabytes
        },
    )


async def exchange(client: httpx.AsyncClient, call: Call, what: str) -> Reply:
    """Send ``call`` and read a JSON object; ``what`` names the answer in the failure's detail.

    Raises:
        Failure: UNAVAILABLE (not reached, too slow, status 429 or 5xx) or INVALID_ANSWER (redirect, too large, not JSON).
    """
    status, data, _ = await _received(client, call, what)
    return Reply(status, read_object(data, what))


async def fetch(client: httpx.AsyncClient, call: Call, what: str) -> Answer:
    """As :func:`exchange`, for lists as well as objects."""
    status, data, following = await _received(client, call, what)
    return Answer(status, read_json(data, what), following)


async def _received(client: httpx.AsyncClient, call: Call, what: str) -> tuple[int, bytes, str]:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _send(client, call, what)
    except TimeoutError as error:
        raise Failure(Reason.UNAVAILABLE, f"{what}: no complete answer within {TIMEOUT:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        raise Failure(Reason.UNAVAILABLE, f"{what}: {type(error).__name__}: {error}") from error


async def _send(client: httpx.AsyncClient, call: Call, what: str) -> tuple[int, bytes, str]:
    request = client.build_request(call.method, call.url, headers=list(call.headers), content=call.body or None)
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        _check_head(response, what)
        data = bytearray()
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > MAX_BODY:
                raise Failure(Reason.INVALID_ANSWER, f"{what} is larger than {MAX_BODY} bytes")
        return response.status_code, bytes(data), response.links.get("next", {}).get("url", "")
    finally:
        await response.aclose()


def _check_head(response: httpx.Response, what: str) -> None:
    status = response.status_code
    if status >= 500 or status == 429:
        raise Failure(Reason.UNAVAILABLE, f"{what}: status {status}")
    if not 200 <= status < 300 and not 400 <= status < 500:
        raise Failure(Reason.INVALID_ANSWER, f"{what}: status {status}; redirects are not followed")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Failure(Reason.INVALID_ANSWER, f"{what} is compressed although that was not asked for")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if any(word in media_type for word in _FOREIGN_TYPES):
        raise Failure(Reason.INVALID_ANSWER, f"{what}: status {status}, content type {media_type[:60]!r}, wanted JSON")
