"""The pages as values. All texts are plain text and all addresses unproven: the templates escape and check them."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.custom_pages import CustomPage
from doorward.pages.asking import Approve, AskReason, Waiting
from doorward.pages.second_factor import (
    ChooseFactor,
    EnrollPasskey,
    EnrollTotp,
    Recover,
    RecoveryCodes,
    ShowFactor,
)


@dataclass(frozen=True, slots=True)
class Method:
    """One way of signing in, as a button."""

    name: str
    type: str
    """``oidc``, ``onetimepin``, ...: chooses the icon."""
    url: str


@dataclass(frozen=True, slots=True)
class PinForm:
    """The form that asks for an e-mail address and posts it as ``email`` (access.md 6.4)."""

    action: str
    name: str = ""
    """Name of the one-time PIN provider, as the operator chose it."""
    hidden: tuple[tuple[str, str], ...] = ()
    """Further fields, name and value."""
    email: str = ""
    """What to fill in already."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """The login page: a button for each identity provider, and the form for a one-time PIN."""

    application_name: str
    hostname: str
    """Shown under the name, so that people see where they are going."""
    methods: tuple[Method, ...]
    pin_form: PinForm | None
    error: str = ""
    signed_in_as: str = ""
    """The e-mail address of a session that is there but does not get in."""


@dataclass(frozen=True, slots=True)
class EnterCode:
    """Asks for the one-time PIN and posts it as ``code``, with ``nonce``."""

    email: str
    application_name: str
    action: str
    nonce: str
    resend_url: str
    error: str = ""
    tries_left: int | None = None
    """Shown once a code was wrong."""
    start_over_url: str = ""
    """Back to the login page, to use another address."""
    minutes: int = 10
    """How long a code is valid."""


@dataclass(frozen=True, slots=True)
class ConfirmCode:
    """Behind the link in the mail: one button that posts ``code`` and ``nonce``.

    Mail scanners fetch links; they do not press buttons, so they use nothing up.
    """

    email: str
    application_name: str
    action: str
    nonce: str
    code: str


@dataclass(frozen=True, slots=True)
class Onward:
    """One button that posts hidden fields to an identity provider."""

    provider_name: str
    action: str
    fields: tuple[tuple[str, str], ...]
    """Name and value."""


@dataclass(frozen=True, slots=True)
class Denied:
    """403: known or not, this visitor may not enter."""

    application_name: str
    message: str
    """The operator's ``custom_deny_message``, or empty for ours."""
    email: str
    """Empty when nobody is signed in, or when it is not to be shown."""
    reference: str
    """What the operator looks the decision up by."""
    try_again_url: str
    sign_out_url: str
    """Ends the session, so that somebody else can sign in."""


@dataclass(frozen=True, slots=True)
class OwnDenied:
    """The same in the operator's own HTML. Its Content-Security-Policy is that of ``page``."""

    page: CustomPage
    denied: Denied


@dataclass(frozen=True, slots=True)
class SignedOut:
    return_url: str
    return_name: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong: what happened, why, and what to do next."""

    status: int
    title: str
    message: str
    next_step: str
    action_url: str = ""
    action_label: str = ""
    reference: str = ""
    new_tab: bool = False
    """The action opens beside this page, which the visitor still needs."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Nothing is wrong and there is nothing more to do, such as after an identity was refreshed."""

    title: str
    message: str
    action_url: str = ""
    action_label: str = ""
    achieved: bool = True
    """Something was done, which a sign of its own says."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One entry of a form that is sent again."""

    name: str
    value: str
    """Of a file its name."""
    kind: str
    """``hidden``; ``file``, which has to be chosen again; ``empty-file``, where none was chosen."""


@dataclass(frozen=True, slots=True)
class Resume:
    """A form that was kept while its visitor signed in, and the button that sends it."""

    application_name: str
    target: str
    """Where it goes, to be read."""
    email: str
    """As whom it is sent."""
    known: bool
    """The same person entered it; otherwise nobody knows who did."""
    action: str
    enctype: str
    fields: tuple[FormField, ...]
    files: int
    """How many have to be chosen again."""
    minutes: int
    """For which it is still there."""
    back_url: str


@dataclass(frozen=True, slots=True)
class Found:
    """The small stock body of a redirect."""

    location: str


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The small stock body of a 401 for scripts."""


Page = (
    Resume
    | Chooser
    | EnterCode
    | ConfirmCode
    | Denied
    | OwnDenied
    | SignedOut
    | Problem
    | Notice
    | Onward
    | Found
    | Unauthorized
    | AskReason
    | Waiting
    | Approve
    | ShowFactor
    | Recover
    | ChooseFactor
    | EnrollTotp
    | EnrollPasskey
    | RecoveryCodes
)
