"""What a visitor sees: typed values in, HTML out. Plain pages that work without scripts and carry none."""

from doorward.pages.asking import Approve, AskReason, Waiting
from doorward.pages.headers import NOT_CACHED, security_headers
from doorward.pages.own import denied
from doorward.pages.page import (
    Chooser,
    ConfirmCode,
    Denied,
    EnterCode,
    FormField,
    Found,
    Method,
    Notice,
    Onward,
    Page,
    PinForm,
    Problem,
    Resume,
    SignedOut,
    Unauthorized,
)
from doorward.pages.rendering import Pages
from doorward.pages.second_factor import (
    ChooseFactor,
    EnrollPasskey,
    EnrollTotp,
    Passkey,
    Recover,
    RecoveryCodes,
    ShowFactor,
)

__all__ = [
    "NOT_CACHED",
    "Approve",
    "AskReason",
    "ChooseFactor",
    "Chooser",
    "ConfirmCode",
    "Denied",
    "EnrollPasskey",
    "EnrollTotp",
    "EnterCode",
    "FormField",
    "Found",
    "Method",
    "Notice",
    "Onward",
    "Page",
    "Pages",
    "Passkey",
    "PinForm",
    "Problem",
    "Recover",
    "RecoveryCodes",
    "Resume",
    "ShowFactor",
    "SignedOut",
    "Unauthorized",
    "Waiting",
    "denied",
    "security_headers",
]
