"""Types that several parts of the file share."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

_HOST_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|[a-zA-Z]{3,32}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Part(BaseModel):
    """Base of everything in the file: frozen, and nothing unknown goes in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    UNSUPPORTED: ClassVar[dict[str, str]] = {}
    """Fields the API or cloudflared has and this version has not: name to what to do about it."""


def _line(text: str) -> str:
    text = text.strip()
    if _CONTROL.search(text):
        raise ValueError("it holds a line break or another control character; write it on one line")
    return text


def host_name(text: str) -> str:
    """A host name in lower case, without scheme, port and path."""
    name = text.strip().lower().removesuffix(".")
    if "://" in name or "/" in name:
        raise ValueError(f"{text!r} is more than a host name; write only the name, like login.example.com")
    if re.search(r":\d*$", name):
        raise ValueError(f"{text!r} has a port; leave it out here and set public.port")
    if not name.isascii():
        raise ValueError(f"{text!r} is not in ASCII; write an international name as xn--…")
    if len(name) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"{text!r} is not a host name; write it like login.example.com")
    return name


def _wildcard_host(text: str) -> str:
    name = text.strip().lower()
    if name.startswith("*."):
        return "*." + host_name(name[2:])
    if "*" in name:
        raise ValueError(f"{text!r} has a '*' in an unsupported place; only a leading '*.' is possible here")
    return host_name(name)


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or _CONTROL.search(text) or " " in text:
        raise ValueError(f"{text!r} is not a web address; write it like https://example.com/page")
    return text


def _picture(text: str) -> str:
    if text.startswith(("data:image/", "/")) and not _CONTROL.search(text):
        return text
    return _web_address(text) if text else ""


def _colour(text: str) -> str:
    if text and not _COLOUR.fullmatch(text):
        raise ValueError(f"{text!r} is not a colour; write it like '#1f6feb' or navy")
    return text


def _uuid(text: str) -> str:
    try:
        canonical = str(UUID(text))
    except ValueError:
        canonical = ""
    if text != canonical:  # rules compare ids as text, so there is one spelling
        raise ValueError(f"{text!r} is not an id; write a lower-case UUID like 5f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10")
    return text


def _tag(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError(f"{text!r} is not an audience tag; write 64 hexadecimal characters, or leave it out")
    return text.lower()


def _no_value(value: object) -> object:
    return () if value is None else value


Line = Annotated[str, AfterValidator(_line)]
Name = Annotated[str, Field(min_length=1, max_length=350), AfterValidator(_line)]
"""350 characters at most (access.md section 10)."""
HostName = Annotated[str, AfterValidator(host_name)]
OptionalHostName = Annotated[str, AfterValidator(lambda text: host_name(text) if text else "")]
WildcardHost = Annotated[str, AfterValidator(_wildcard_host)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
OptionalWebAddress = Annotated[str, AfterValidator(lambda text: _web_address(text) if text else "")]
Picture = Annotated[str, AfterValidator(_picture)]
Colour = Annotated[str, AfterValidator(_colour)]
ObjectId = Annotated[str, AfterValidator(_uuid)]
AudienceTag = Annotated[str, AfterValidator(_tag)]
Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[SecretStr, Field(min_length=1)]
MaybeEmpty = BeforeValidator(_no_value)
"""For lists: a key with nothing behind it is an empty list."""
