"""Recovery codes: for whoever has lost the authenticator. One opens the way to set up another one, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

CODES: Final = 8
CODE_BYTES: Final = 10
"""Of randomness in each: 80 bits, so that the stored hash cannot be searched."""

_CODE: Final = re.compile(r"[A-Z2-7]{16}")


def new_codes(random: bytes) -> tuple[str, ...]:
    """``CODES`` codes like ``ABCD-EFGH-IJKL-MNOP``, from ``CODES * CODE_BYTES`` random bytes."""
    if len(random) != CODES * CODE_BYTES:
        raise ValueError(f"recovery codes need {CODES * CODE_BYTES} random bytes, got {len(random)}")
    parts = (random[start : start + CODE_BYTES] for start in range(0, len(random), CODE_BYTES))
    return tuple(_grouped(base64.b32encode(part).decode()) for part in parts)


def read_code(typed: str) -> str | None:
    """The code in its plain form, however it was spaced; None when it is none. 0, 1 and 8 are taken for O, I and B."""
    plain = re.sub(r"[\s-]", "", typed).upper().translate(_ALIKE)
    return plain if _CODE.fullmatch(plain) else None


def code_hash(user_id: str, code: str) -> str:
    """Hex SHA-256: what is kept. ``code`` from :func:`read_code`."""
    return hashlib.sha256(f"recovery {user_id} {code}".encode()).hexdigest()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


_ALIKE: Final = str.maketrans("018", "OIB")
