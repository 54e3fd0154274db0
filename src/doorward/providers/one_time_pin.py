"""One-time PIN (access.md 6.4): six digits by mail prove that somebody reads the address. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from doorward.identity import Identity
from doorward.organization import IdentityProvider
from doorward.signin import PinChallenge

DIGITS: Final = 6
_CODES: Final = 10**DIGITS
_TYPED: Final = re.compile(rf"[0-9]{{{DIGITS}}}")
_PUNCTUATION: Final = re.compile(r"[\s\u200b-\u200d\u2060\ufeff.-]+")


def new_code(random_bytes: bytes) -> str:
    """A code from ``000000`` to ``999999``. With 16 bytes or more no code is likelier than another by 2^-108.

    Raises:
        ValueError: fewer than 16 bytes.
    """
    if len(random_bytes) < 16:
        raise ValueError("a code needs at least 16 random bytes")
    return f"{int.from_bytes(random_bytes, 'big') % _CODES:0{DIGITS}d}"


def read_code(typed: str) -> str | None:
    """What a person typed or pasted, without the spaces and hyphens people put in; None if it is not six digits."""
    code = _PUNCTUATION.sub("", typed[:64])
    return code if _TYPED.fullmatch(code) else None


def code_hash(nonce: str, code: str) -> str:
    """What is stored in place of the code: hex SHA-256 over nonce and code, each preceded by its length.

    It keeps a code out of the database and the log. It cannot resist somebody who reads the database within the ten
    minutes a code lives: a million codes are tried at once. The browser's cookie, which is needed too, is not there.
    """
    parts = (nonce.encode(), code.encode())
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()


def code_matches(challenge: PinChallenge, typed: str) -> bool:
    """Whether ``typed`` is the code of ``challenge``, compared in constant time.

    Never for a challenge without a code (no mail was sent), which takes just as long to find out.
    """
    given = code_hash(challenge.nonce, read_code(typed) or "")
    wanted = challenge.code_hash or "0" * 64
    return hmac.compare_digest(given, wanted) and challenge.code_hash != "" and read_code(typed) is not None


def pin_identity(idp: IdentityProvider, email: str) -> Identity:
    """Who typed the right code: the address and nothing else. ``amr`` is ``otp`` (RFC 8176)."""
    return Identity(id=email, email=email, idp_id=idp.id, idp_type=idp.type, amr=("otp",))
