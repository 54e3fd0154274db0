"""Origins in the file, in the shape and spelling that cloudflared users know."""
# ruff: noqa: N815 - cloudflared's spelling

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

from doorward.durations import Duration
from doorward.organization import OriginRequest
from doorward.settings.file.base import Line, OptionalHostName, Part, WildcardHost

CATCH_ALL: Final = re.compile(r"http_status:[1-5]\d\d")
_EXAMPLE: Final = "write it like http://10.0.0.12:8080, https://host:8443 or unix:/run/app.sock"
_PORTS: Final = {"http": 80, "https": 443}
_NOT_HERE: Final = "Doorward has no such setting for origins; remove it"
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|[0-9a-fA-F:.]+")


def _service(text: str) -> str:
    """The address of an origin with its port always written; ``http_status:…`` as it is."""
    if CATCH_ALL.fullmatch(text):
        return text
    if text.startswith("unix:"):
        return _unix(text)
    if text.startswith("h2c://"):
        raise ValueError(f"{text!r} is not known; write http://… and originRequest: {{http2Origin: true}}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not the address of an origin; {_EXAMPLE}") from error
    if parts.scheme not in _PORTS or not host or port == 0 or not _NAME.fullmatch(host):
        raise ValueError(f"{text!r} is not the address of an origin; {_EXAMPLE}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{text!r} has more than scheme, host and port; origins get the path of the request")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or _PORTS[parts.scheme]}"


def _unix(text: str) -> str:
    path = text.removeprefix("unix:")
    path = "/" + path.lstrip("/") if path.startswith("/") else path
    if not path.startswith("/") or path == "/":
        raise ValueError(f"{text!r} has no absolute path; write it like unix:/run/app.sock")
    if len(path.encode()) > 107:
        raise ValueError(f"{text!r} is longer than the 107 bytes a socket path may have; use a shorter path")
    return f"unix:{path}"


def _prefix(text: str) -> str:
    if not text:
        return ""
    if re.search(r"[\\^$*+?()|{}\[\]]", text):
        raise ValueError(f"{text!r} looks like a regular expression; here it is a path prefix, like /api")
    if not text.startswith("/") or "//" in text or re.search(r"/\.\.?(?:/|$)", text) or re.search(r"[#%\s]", text):
        raise ValueError(f"{text!r} is not a path; write it like /api")
    return text.rstrip("/")


class OriginRequestPart(Part):
    """``originRequest``."""

    UNSUPPORTED: ClassVar[dict[str, str]] = dict.fromkeys(
        ("bastionMode", "disableChunkedEncoding", "keepAliveConnections", "keepAliveTimeout", "matchSNItoHost",
         "noHappyEyeballs", "proxyAddress", "proxyPort", "proxyType", "tcpKeepAlive", "tlsTimeout"),
        _NOT_HERE,
    ) | {"access": "the door itself verifies; declare an application and remove it"}  # fmt: skip

    http2Origin: bool = False
    noTLSVerify: bool = False
    originServerName: OptionalHostName = ""
    caPool: Line = ""
    httpHostHeader: Line = ""
    connectTimeout: Duration | None = None

    def settings(self, ca_pool: str) -> OriginRequest:
        """For the core; ``ca_pool`` is the absolute path."""
        return OriginRequest(**{**self.model_dump(exclude={"caPool"}), "caPool": ca_pool})


class IngressPart(Part):
    """One of ``ingress``: a hostname and where its requests go. First match wins."""

    hostname: WildcardHost | None = None
    path: Annotated[Line, AfterValidator(_prefix)] = ""
    service: Annotated[Line, AfterValidator(_service)]
    originRequest: OriginRequestPart = OriginRequestPart()

    @property
    def catch_all(self) -> bool:
        """A last entry that cloudflared wants for every other hostname; the door is closed there anyway."""
        return bool(CATCH_ALL.fullmatch(self.service))
