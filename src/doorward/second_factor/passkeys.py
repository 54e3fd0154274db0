"""Passkeys and security keys (WebAuthn level 2): what a browser is asked, and whether its answer is right. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorAttachment,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from doorward.errors import DoorwardError
from doorward.policy.mfa import Authenticator
from doorward.second_factor.factor import Factor

LONGEST: Final = 16_384
"""Characters of an answer; a real one has a few thousand at most."""
_ATTACHMENT: Final = {
    Authenticator.BIOMETRICS: AuthenticatorAttachment.PLATFORM,
    Authenticator.SECURITY_KEY: AuthenticatorAttachment.CROSS_PLATFORM,
}


class PasskeyRefusedError(DoorwardError):
    """What a browser answered proves nothing. The text is for the log."""

    code = "passkey"


@dataclass(frozen=True, slots=True)
class Site:
    """For whom passkeys are made: browsers use one at this site only."""

    host: str
    """The team domain: the relying party's id."""
    origin: str
    """Of its pages."""
    name: str
    """The organization's."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A new passkey."""

    credential_id: str
    """base64url."""
    public_key: str
    """COSE, in hex."""
    sign_count: int


def registration_options(
    site: Site, kind: Authenticator, *, user_id: str, email: str, known: Sequence[Factor], challenge: bytes
) -> str:
    """JSON for ``navigator.credentials.create``. ``known``: what the person has, so that none is made twice."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_name=email,
        user_id=user_id.encode(),
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            authenticator_attachment=_ATTACHMENT[kind],
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=_verification(kind),
        ),
        exclude_credentials=_described(known),
    )
    return options_to_json(options)


def registered(site: Site, kind: Authenticator, answer: str, challenge: bytes) -> Registered:
    """Check what the browser made.

    Raises:
        PasskeyRefusedError: it is not an answer to this challenge from a page of this site, or of another kind.
    """
    document = _read(answer)
    attachment = document.get("authenticatorAttachment")
    if attachment not in {None, _ATTACHMENT[kind].value}:
        raise PasskeyRefusedError(f"a {kind.value} was wanted, and the browser used a {attachment!s:.40} authenticator")
    try:
        made = verify_registration_response(
            credential=document,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=kind is Authenticator.BIOMETRICS,
        )
    except (WebAuthnException, ValueError, LookupError, TypeError) as error:
        raise PasskeyRefusedError(f"the new passkey is not valid: {error!s:.200}") from error
    return Registered(bytes_to_base64url(made.credential_id), made.credential_public_key.hex(), made.sign_count)


def authentication_options(site: Site, known: Sequence[Factor], challenge: bytes) -> str:
    """JSON for ``navigator.credentials.get``: any of ``known``, which are passkeys of one person."""
    biometrics = all(factor.kind is Authenticator.BIOMETRICS for factor in known)
    return options_to_json(
        generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED
            if biometrics
            else UserVerificationRequirement.PREFERRED,
        )
    )


def shown_passkey(known: Sequence[Factor], answer: str) -> Factor:
    """Which passkey an answer is about. Nothing of it is proven.

    Raises:
        PasskeyRefusedError: it is none of ``known``.
    """
    named = _read(answer).get("id")
    found = next((factor for factor in known if factor.credential_id and factor.credential_id == named), None)
    if found is None:
        raise PasskeyRefusedError("the passkey is none of this person's")
    return found


def authenticated(site: Site, factor: Factor, answer: str, challenge: bytes) -> int:
    """Check that the passkey signed this challenge on a page of this site; its new sign count.

    Raises:
        PasskeyRefusedError: it did not, or its count went back, which happens to copies.
    """
    try:
        used = verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes.fromhex(factor.secret),
            credential_current_sign_count=factor.sign_count,
            require_user_verification=factor.kind is Authenticator.BIOMETRICS,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyRefusedError(f"the passkey did not prove itself: {error!s:.200}") from error
    return used.new_sign_count


def _verification(kind: Authenticator) -> UserVerificationRequirement:
    """A key that is touched proves that it is there, which is what a second factor has to prove; a device proves whose it is."""
    required = kind is Authenticator.BIOMETRICS
    return UserVerificationRequirement.REQUIRED if required else UserVerificationRequirement.PREFERRED


def _described(known: Sequence[Factor]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(factor.credential_id))
        for factor in known
        if factor.credential_id
    ]


def _read(answer: str) -> dict[str, Any]:
    try:
        document = json.loads(answer) if len(answer) <= LONGEST else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise PasskeyRefusedError("the browser's answer cannot be read")
    return document
