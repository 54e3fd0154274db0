"""An authenticator is shown: a code, a passkey, or a recovery code in place of one that is lost."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.responses import Response

from doorward.login.factor_visit import FactorVisit
from doorward.pages import Passkey, Recover, ShowFactor
from doorward.policy.mfa import Authenticator
from doorward.second_factor import Factor, Step, to_show
from doorward.second_factor.passkeys import (
    PasskeyRefusedError,
    authenticated,
    authentication_options,
    shown_passkey,
)
from doorward.second_factor.recovery import code_hash, read_code
from doorward.second_factor.totp import matching_step

CHALLENGE_LIFETIME: Final = 600
"""Seconds that somebody may take for a passkey."""
WRONG_CODE: Final = "That code is wrong, was used already, or is over. Wait for the next one and type it."
WRONG_PASSKEY: Final = "The passkey could not be checked. Try it once more."
WRONG_RECOVERY: Final = "That is not one of your unused recovery codes."
_CHALLENGE: Final = "passkey"


async def show_page(found: FactorVisit, error: str = "", status: int = 200) -> Response:
    """What helps this person on: the code of an app, a passkey, or both."""
    useful = to_show(found.step, found.demand, found.factors, found.visit.now)
    passkeys = _passkeys(useful)
    codes = len(passkeys) < len(useful)
    page = ShowFactor(
        application_name=found.application.name,
        email=found.email,
        code_action=found.url("code") if codes else "",
        code_proof=found.proof("code") if codes else "",
        passkey=await _asked(found, passkeys) if passkeys else None,
        recovery_url=found.url("recovery"),
        other=found.step is Step.SHOW_OTHER,
        error=error,
    )
    return scripted(found.page(page, status)) if passkeys else found.page(page, status)


async def show_code(found: FactorVisit) -> Response:
    """``POST`` with ``code`` of an authenticator app. Each code is good once."""
    now, typed = found.visit.now, found.visit.form.get("code")
    for one in found.factors:
        if one.kind is not Authenticator.TOTP:
            continue
        step = matching_step(one.secret, typed, one.last_step, now)
        if step is not None and await found.services.store.factors.show_code(one, step, found.session.nonce, now):
            cookies = await found.was_right()
            found.record("shown", "a code of an authenticator app")
            return found.onward(cookies)
    found.record("wrong", "a wrong or used code of an authenticator app")
    return await show_page(found, WRONG_CODE, 400)


async def show_passkey(found: FactorVisit) -> Response:
    """``POST`` with ``answer``, the browser's signed one. The challenge is used up, right or wrong."""
    store, session, now = found.services.store.factors, found.session, found.visit.now
    answer = found.visit.form.get("answer")
    challenge = await store.take(session.nonce, _CHALLENGE, now)
    try:
        used = shown_passkey(_passkeys(found.factors), answer)
        count = authenticated(found.site, used, answer, challenge or b"")
    except PasskeyRefusedError as error:
        found.record("wrong", str(error))
        return await show_page(found, WRONG_PASSKEY, 400)
    if challenge is None or not await store.show_passkey(used, count, session.nonce, now):
        found.record("wrong", "the question to the passkey was answered before, or too late")
        return await show_page(found, WRONG_PASSKEY, 400)
    cookies = await found.was_right()
    found.record("shown", f"a passkey ({used.kind.value})")
    return found.onward(cookies)


def recovery_page(found: FactorVisit, error: str = "", status: int = 200) -> Response:
    """For whoever has lost the authenticator."""
    page = Recover(
        application_name=found.application.name,
        email=found.email,
        action=found.url("recovery"),
        proof=found.proof("recovery"),
        back_url=found.url(),
        error=error,
    )
    return found.page(page, status)


async def show_recovery_code(found: FactorVisit) -> Response:
    """``POST`` with ``code``. It opens no application: it lets its owner set up another authenticator, for ten minutes."""
    code, user_id = read_code(found.visit.form.get("code")), found.session.user_id
    store = found.services.store.factors
    if code is None or not await store.recover(user_id, code_hash(user_id, code), found.session.nonce, found.visit.now):
        found.record("wrong", "a wrong or used recovery code")
        return recovery_page(found, WRONG_RECOVERY, 400)
    cookies = await found.was_right()
    left = await store.codes_left(user_id)
    found.record("recovered", f"a recovery code was used; {left} are left")
    return found.onward(cookies)


def scripted(response: Response) -> Response:
    """For a page that carries our own script: a passkey can be asked for by nothing else."""
    policy = response.headers["content-security-policy"]
    response.headers["content-security-policy"] = policy.replace("style-src", "script-src 'self'; style-src", 1)
    return response


def fresh_bytes(found: FactorVisit, size: int) -> bytes:
    """Random bytes, of 256 bits of randomness at most."""
    return hashlib.shake_256(found.services.token().encode()).digest(size)


def _passkeys(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
    return tuple(factor for factor in factors if factor.kind is not Authenticator.TOTP)


async def _asked(found: FactorVisit, passkeys: tuple[Factor, ...]) -> Passkey:
    challenge = await found.services.store.factors.offer(
        found.session.nonce, _CHALLENGE, fresh_bytes(found, 32), found.visit.now, CHALLENGE_LIFETIME
    )
    return Passkey(
        action=found.url("passkey"),
        proof=found.proof("passkey"),
        options=authentication_options(found.site, passkeys, challenge),
        label="Use your passkey or security key",
        script=found.services.pages.script[0],
    )
