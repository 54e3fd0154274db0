"""An authenticator is set up: on the way in, when the application asks for one (access.md 4.7)."""

from __future__ import annotations

import base64
import io
from functools import partial
from typing import Final

import segno
from starlette.responses import Response

from doorward.login.factor_problems import enrollment_refused
from doorward.login.factor_show import fresh_bytes, scripted
from doorward.login.factor_visit import FactorVisit
from doorward.pages import ChooseFactor, EnrollPasskey, EnrollTotp, Passkey, RecoveryCodes
from doorward.policy.mfa import Authenticator
from doorward.second_factor import Factor, Proofs, may_enroll, to_enroll
from doorward.second_factor.passkeys import PasskeyRefusedError, registered, registration_options
from doorward.second_factor.recovery import CODE_BYTES, CODES, code_hash, new_codes, read_code
from doorward.second_factor.totp import SECRET_BYTES, enrollment_uri, matching_step, new_secret
from doorward.store.factors import Enrollment

LIFETIME: Final = 900
"""Seconds that somebody may take to set one up."""
WRONG_CODE: Final = "That code does not fit. Type the one that the app shows now, and check the clock of the device."
WRONG_PASSKEY: Final = "The passkey could not be made. Try it once more, or choose another way."
_WORDS: Final = {
    Authenticator.TOTP: "Authenticator app",
    Authenticator.BIOMETRICS: "This device: fingerprint, face or its PIN",
    Authenticator.SECURITY_KEY: "Security key",
}
_TITLES: Final = {
    Authenticator.BIOMETRICS: (
        "Use this device",
        "Your browser asks for your fingerprint, your face or the PIN of the device.",
    ),
    Authenticator.SECURITY_KEY: (
        "Use a security key",
        "Have it at hand. Your browser says when to plug it in or touch it.",
    ),
}


async def choose_kind(found: FactorVisit) -> Response:
    """Which one? Where there is no choice, the next page at once."""
    kinds = to_enroll(found.demand, found.factors, found.proofs, found.visit.now)
    if len(kinds) == 1:
        return await enrollment_page(found, kinds[0])
    choices = tuple((kind.value, _WORDS[kind], found.url(kind.value)) for kind in kinds)
    return found.page(ChooseFactor(found.application.name, found.email, choices))


async def enrollment_page(found: FactorVisit, kind: Authenticator, error: str = "", status: int = 200) -> Response:
    """The page on which one of this kind is set up."""
    if kind not in to_enroll(found.demand, found.factors, found.proofs, found.visit.now):
        raise enrollment_refused(found.back)
    if kind is Authenticator.TOTP:
        return await _totp_page(found, error, status)
    return await _passkey_page(found, kind, error, status)


async def enroll(found: FactorVisit, kind: Authenticator) -> Response:
    """``POST``: the first code of an app, or the browser's answer with a new passkey."""
    if not may_enroll(kind, found.demand, found.factors, found.proofs, found.visit.now):
        raise enrollment_refused(found.back)
    await found.count_try()
    return await (_enroll_totp(found) if kind is Authenticator.TOTP else _enroll_passkey(found, kind))


async def _totp_page(found: FactorVisit, error: str, status: int) -> Response:
    secret = await found.services.store.factors.offer(
        found.session.nonce,
        _purpose(Authenticator.TOTP),
        new_secret(fresh_bytes(found, SECRET_BYTES)).encode(),
        found.visit.now,
        LIFETIME,
    )
    text = secret.decode()
    uri = enrollment_uri(text, found.email, found.visit.organization.name)
    page = EnrollTotp(
        application_name=found.application.name,
        email=found.email,
        picture=_picture(uri),
        uri=uri,
        secret=" ".join(text[start : start + 4] for start in range(0, len(text), 4)),
        action=found.url(Authenticator.TOTP.value),
        proof=found.proof(Authenticator.TOTP.value),
        other_url=_other(found),
        error=error,
    )
    return found.page(page, status)


async def _enroll_totp(found: FactorVisit) -> Response:
    """The secret counts once somebody has proven that an app makes its codes."""
    store, now = found.services.store.factors, found.visit.now
    secret = await store.offered(found.session.nonce, _purpose(Authenticator.TOTP), now)
    step = matching_step(secret.decode(), found.visit.form.get("code"), 0, now) if secret is not None else None
    if secret is None or step is None:
        return await _totp_page(found, WRONG_CODE, 400)
    new = _factor(found, Authenticator.TOTP, secret.decode(), last_step=step)
    answer = await _keep(found, new)
    await store.take(found.session.nonce, _purpose(Authenticator.TOTP), now)
    return answer


async def _passkey_page(found: FactorVisit, kind: Authenticator, error: str, status: int) -> Response:
    challenge = await found.services.store.factors.offer(
        found.session.nonce, _purpose(kind), fresh_bytes(found, 32), found.visit.now, LIFETIME
    )
    options = registration_options(
        found.site,
        kind,
        user_id=found.session.user_id,
        email=found.email,
        known=found.factors,
        challenge=challenge,
    )
    title, advice = _TITLES[kind]
    page = EnrollPasskey(
        application_name=found.application.name,
        email=found.email,
        title=title,
        advice=advice,
        passkey=Passkey(
            action=found.url(kind.value),
            proof=found.proof(kind.value),
            options=options,
            label="Set it up",
            script=found.services.pages.script[0],
        ),
        other_url=_other(found),
        error=error,
    )
    return scripted(found.page(page, status))


async def _enroll_passkey(found: FactorVisit, kind: Authenticator) -> Response:
    challenge = await found.services.store.factors.take(found.session.nonce, _purpose(kind), found.visit.now)
    try:
        made = registered(found.site, kind, found.visit.form.get("answer"), challenge or b"")
    except PasskeyRefusedError as error:
        found.record("wrong", str(error))
        return await _passkey_page(found, kind, WRONG_PASSKEY, 400)
    if challenge is None:
        return await _passkey_page(found, kind, WRONG_PASSKEY, 400)
    new = _factor(found, kind, made.public_key, credential_id=made.credential_id, sign_count=made.sign_count)
    return await _keep(found, new)


async def _keep(found: FactorVisit, new: Factor) -> Response:
    """Asked again in the very transaction: what else was set up meanwhile counts."""
    codes = new_codes(fresh_bytes(found, CODES * CODE_BYTES))
    hashes = [code_hash(new.user_id, read_code(code) or "") for code in codes]
    permitted = partial(_permitted, found, new.kind)
    became = await found.services.store.factors.enroll(new, found.session.nonce, hashes, permitted)
    if became is Enrollment.REFUSED:
        raise enrollment_refused(found.back)
    cookies = await found.was_right()
    found.record("enrolled", f"{_WORDS[new.kind]} ({new.kind.value}), {new.id}")
    if became is Enrollment.KEPT:
        return found.onward(cookies)
    return found.page(RecoveryCodes(found.application.name, codes, found.url()), cookies=cookies)


def _permitted(found: FactorVisit, kind: Authenticator, factors: tuple[Factor, ...], proofs: Proofs) -> bool:
    return may_enroll(kind, found.demand, factors, proofs, found.visit.now)


def _factor(
    found: FactorVisit,
    kind: Authenticator,
    secret: str,
    *,
    last_step: int = 0,
    credential_id: str = "",
    sign_count: int = 0,
) -> Factor:
    return Factor(
        id=fresh_bytes(found, 16).hex(),
        user_id=found.session.user_id,
        kind=kind,
        created_at=found.visit.now,
        secret=secret,
        credential_id=credential_id,
        sign_count=sign_count,
        last_used_at=found.visit.now,
        last_step=last_step,
    )


def _other(found: FactorVisit) -> str:
    kinds = to_enroll(found.demand, found.factors, found.proofs, found.visit.now)
    return found.url() if len(kinds) > 1 else ""


def _purpose(kind: Authenticator) -> str:
    return f"new {kind.value}"


def _picture(uri: str) -> str:
    """The QR code as an SVG in a data: URL."""
    drawn = io.BytesIO()
    segno.make(uri, micro=False).save(drawn, kind="svg", xmldecl=False, border=4, light="#fff", omitsize=True, nl=False)
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}"
