"""The last resort against secrets in the log. Code that knows a secret does not log it in the first place.

Known by the name of their field (``cookie``, ``client_secret``) or by how they look inside a text (``eyJ…``, ``code=…``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from structlog.typing import EventDict, WrappedLogger

REDACTED = "(redacted)"

_SECRET_KEY = re.compile(
    r"(?:^|[-_ .])(?:authorization|cookies?|assertion|jwt|password|passwd|secret|pins?|passcode|private_key|api_key"
    r"|code_verifier|nonce|token)$",
    re.IGNORECASE,
)
_LONGEST = 16_384
"""Characters of one text that are kept; nobody fills the disk, or the time of the expressions below, with one request."""
_PLAIN_WORD = re.compile(r"[a-z][a-z_]{0,39}\Z")

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A JWT, or the beginning of one that was cut off.
    (re.compile(r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}"), REDACTED),
    # The client secret of a service token.
    (re.compile(r"cfast_[0-9A-Za-z]{8,}"), REDACTED),
    # Header lines, to the end of the line or of the quoted piece.
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|cf-access-(?:jwt-assertion|token|client-secret))"
            r"(['\"]?\s*[:=,]\s*['\"]?)[^'\"\r\n]+"
        ),
        rf"\1\2{REDACTED}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), rf"\1 {REDACTED}"),
    # Cookies of the door by name, and parameters in queries, forms, JSON and Python values.
    (
        re.compile(
            r"(?i)\b((?:__Host-)?CF_[A-Za-z]+(?:_[0-9a-f]{8})?|client_secret|code|code_verifier|password|passwd|secret"
            r"|pin|passcode|nonce|state|meta|(?:access_|id_|refresh_)?token|assertion)"
            r"(['\"]?\s*(?:=|:\s*(?=['\"]))\s*['\"]?)[^\s&'\";,<>)}\]]+"
        ),
        rf"\1\2{REDACTED}",
    ),
    (re.compile(r"(?i)\b(pin|code|passcode)(\s+|\s+is\s+|:\s*)\d{6}\b"), rf"\1\2{REDACTED}"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REDACTED),
    # User information in an address: scheme://user:password@host.
    (re.compile(r"(://[^\s/:@]{0,200}):[^\s/@]+@"), rf"\1:{REDACTED}@"),
)


def redact(text: str) -> str:
    """The text without anything that looks like a token, a code, a cookie, a key or a password."""
    kept = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    for pattern, replacement in _PATTERNS:
        kept = pattern.sub(replacement, kept)
    return kept


def remove_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: every value made plain (strings, numbers, lists, mappings) and redacted."""
    return {redact(str(key)): _clean_field(str(key), value) for key, value in event.items()}


def _clean_field(key: str, value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_KEY.search(key):
        return REDACTED
    if key == "code" and not (isinstance(value, str) and _PLAIN_WORD.match(value)):
        return REDACTED  # ``code`` is both the name of an error and what an identity provider hands out
    return _clean(value)


def _clean(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping):
        return {redact(str(key)): _clean_field(str(key), item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [_clean(item) for item in value]
    return redact(str(value))
