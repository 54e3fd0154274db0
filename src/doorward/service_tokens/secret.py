"""How client ids and client secrets look (access.md 3.4), made from random values that the caller brings."""

from __future__ import annotations

import hashlib
import re
import string
import zlib
from typing import Final

CLIENT_ID: Final = re.compile(r"[0-9a-f]{32}\.access(?:\.[a-z0-9.-]{1,253})?")
"""Full match. The longer form, with the team domain behind it, is what the hosted service made in former years."""
CLIENT_SECRET: Final = re.compile(r"cfast_[0-9A-Za-z]{48}|[0-9a-f]{64}")
"""Full match: today's form and the older one. The checksum inside is for tools that look for leaked secrets; a secret
made elsewhere counts whatever its checksum."""

_PREFIX: Final = "cfast_"
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH: Final = 40
POSSIBLE_SECRETS: Final = len(_ALPHABET) ** _LENGTH
"""As many client secrets there are: 238 bits."""


def client_id(random_bytes: bytes) -> str:
    """A client id made of exactly 16 random bytes."""
    made = f"{random_bytes.hex()}.access"
    if not CLIENT_ID.fullmatch(made):
        raise ValueError("a client id is made of exactly 16 random bytes")
    return made


def client_secret(number: int) -> str:
    """The client secret with this number, to be drawn uniformly below :data:`POSSIBLE_SECRETS`.

    The last eight characters are the CRC-32 of all before them, in hex: whoever finds such a text can tell at once
    whether it is one of these or only looks like it.
    """
    if not 0 <= number < POSSIBLE_SECRETS:
        raise ValueError("there is no client secret with this number")
    characters = []
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[place])
    body = _PREFIX + "".join(characters)
    return f"{body}{zlib.crc32(body.encode()):08x}"


def secret_hash(secret: str) -> str:
    """What is kept of a client secret: its SHA-256 in hex.

    A slow hash would protect secrets that can be guessed. These have 238 random bits or more, so that nobody finds one
    from its hash, and every request of a program would pay for the slowness.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
