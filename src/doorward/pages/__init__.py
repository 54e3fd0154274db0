"""What a visitor sees: typed values in, HTML out. Plain pages that work without scripts and carry none."""

from doorward.pages.headers import security_headers
from doorward.pages.page import (
    Chooser,
    ConfirmCode,
    Denied,
    EnterCode,
    Found,
    Method,
    Notice,
    Page,
    PinForm,
    Problem,
    SignedOut,
    Unauthorized,
)
from doorward.pages.rendering import Pages

__all__ = [
    "Chooser",
    "ConfirmCode",
    "Denied",
    "EnterCode",
    "Found",
    "Method",
    "Notice",
    "Page",
    "Pages",
    "PinForm",
    "Problem",
    "SignedOut",
    "Unauthorized",
    "security_headers",
]
