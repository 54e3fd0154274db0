"""E-mail addresses as identities. The domain decides who gets in, so nothing ambiguous passes."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from email_validator import EmailNotValidError, validate_email

_LONGEST: Final = 254
_LOCAL_ASCII: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]")  # atext of RFC 5322, and the dot
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)


def is_identity_email(text: Any) -> bool:
    """Whether a reported address may identify somebody.

    Exactly one ``@`` and no quoting, so there is one way only to tell the domain. The domain is ASCII (``xn--`` for
    others). Letters beyond ASCII are allowed before the ``@`` unless Unicode has another spelling for them: ``K``
    (KELVIN SIGN) becomes an ordinary ``k`` when lower-cased, and would be somebody else.
    """
    if not isinstance(text, str) or len(text) > _LONGEST or text.count("@") != 1:
        return False
    local, domain = text.split("@")
    return bool(local) and all(map(_plain, local)) and _canonical(local) and _is_domain(domain)


def normalize_typed_email(text: str) -> str | None:
    """The address a person typed, as mail is sent to it and as it is stored: lower case, domain in ASCII.

    None when it is not an address. Nothing is looked up.
    """
    local, _, domain = text.strip()[: _LONGEST + 1].rpartition("@")
    # The library refuses names like example.local and example.test, which are real enough behind a company's walls.
    inside = domain if _is_domain(domain) else None
    try:
        typed = validate_email(
            f"{local}@{'example.com' if inside else domain}", check_deliverability=False, allow_smtputf8=False
        )
    except EmailNotValidError:
        return None
    address = f"{typed.ascii_local_part}@{inside or typed.ascii_domain}".lower()
    return address if is_identity_email(address) else None


def _plain(character: str) -> bool:
    if character.isascii():
        return bool(_LOCAL_ASCII.fullmatch(character))
    return unicodedata.category(character)[0] in "LMN"


def _canonical(text: str) -> bool:
    if unicodedata.normalize("NFKC", text) != text:
        return False
    return not any(lower.isascii() for character in text if not character.isascii() for lower in character.lower())


def _is_domain(text: str) -> bool:
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))
