"""The pages of second factors as values (access.md 4.7). All of them post to ``action`` with ``proof``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passkey:
    """The part of a page that asks the browser for a passkey. It needs the script; everything else works without."""

    action: str
    proof: str
    options: str
    """JSON: what the browser is asked."""
    label: str
    """On the button."""
    script: str
    """Where the script stands."""


@dataclass(frozen=True, slots=True)
class ShowFactor:
    """Asks for a second factor: a code, posted as ``code``, or a passkey, posted as ``answer``."""

    application_name: str
    email: str
    code_action: str
    """Empty: no code helps here."""
    code_proof: str
    passkey: Passkey | None
    recovery_url: str
    other: bool
    """What is shown here does not count for the application, and lets its owner set up what does."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Recover:
    """Asks for a recovery code, posted as ``code``."""

    application_name: str
    email: str
    action: str
    proof: str
    back_url: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class ChooseFactor:
    """Which kind of authenticator is set up?"""

    application_name: str
    email: str
    choices: tuple[tuple[str, str, str], ...]
    """Kind, words for it, and where it is set up."""


@dataclass(frozen=True, slots=True)
class EnrollTotp:
    """A new secret for an authenticator app, and the first code of it, posted as ``code``."""

    application_name: str
    email: str
    picture: str
    """The QR code: a data: URL."""
    uri: str
    """``otpauth://…``: what it holds."""
    secret: str
    """To be typed, in groups of four."""
    action: str
    proof: str
    other_url: str
    """To choose another kind; empty: there is none."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class EnrollPasskey:
    """A new passkey, posted as ``answer``."""

    application_name: str
    email: str
    title: str
    advice: str
    passkey: Passkey
    other_url: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """The recovery codes, shown this once."""

    application_name: str
    codes: tuple[str, ...]
    next_url: str
