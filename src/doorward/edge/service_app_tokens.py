"""App tokens for programs: signed once for many requests, because a signature costs more than all the rest of a check."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from doorward.access.decision import Allow, Deny, LoginRequired, Refusal
from doorward.access.snapshot import Snapshot
from doorward.service_tokens import Authenticated
from doorward.store import Store
from doorward.tokens.claims import AppClaims, SignedToken
from doorward.tokens.jwt import mint_app

MOST: Final = 4096
"""Tokens that are kept; some 1.5 KB each. The one that was not asked for the longest goes first."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The decision with its token, and whether that was signed just now."""

    decision: Allow | LoginRequired | Deny
    fresh: bool


@dataclass(frozen=True, slots=True)
class _Minted:
    claims: AppClaims
    token: SignedToken


@dataclass(frozen=True, slots=True)
class _Key:
    """Everything that a token says or hangs on, but for its times and its nonce: two equal ones would be exchangeable."""

    service_token: str
    version: int
    application: str
    aud: str
    issuer: str
    common_name: str
    policy: str
    bound: bool
    ends: tuple[str, int]
    """How long it lives, or when the service token ends, whichever is sooner."""
    rules: int
    """Since when the application's rules are what they are, or its tokens were revoked."""
    kid: str
    """A key that just began to sign signs the next one."""


class ServiceAppTokens:
    """Finds or makes the app token for a program that was let in.

    Why handing out the same one again is safe: it gives nothing by itself. Each request was decided anew, with its
    secret compared and the policies weighed, before this is asked; the token only tells the origin what was decided,
    and everything that it tells is in the key. One that was revoked, or was made under other rules of the application,
    or has spent half of its life, is not handed out again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._minted: OrderedDict[_Key, _Minted] = OrderedDict()
        self._coming: dict[_Key, asyncio.Future[_Minted | None]] = {}

    async def grant(self, decision: Allow, earned_by: Authenticated, snapshot: Snapshot, now: int) -> Granted:
        """The decision with a token. A refusal when the service token ended while this was decided."""
        key = _key(decision, earned_by, snapshot, now)
        kept = self._minted.get(key)
        if kept is not None and _still_good(kept.claims, decision, earned_by, snapshot, now):
            self._minted.move_to_end(key)
            return Granted(replace(decision, claims=kept.claims, token=kept.token), fresh=False)
        minted = await self._one_at_a_time(key, decision, earned_by, snapshot, now)
        if minted is None:
            return Granted(Deny(decision.application, Refusal.SERVICE_TOKEN, 401, decision.verdict), fresh=False)
        return Granted(replace(decision, claims=minted.claims, token=minted.token), fresh=True)

    async def _one_at_a_time(
        self, key: _Key, decision: Allow, earned_by: Authenticated, snapshot: Snapshot, now: int
    ) -> _Minted | None:
        """Requests that come while a token is being made get that one."""
        coming = self._coming.get(key)
        if coming is None:
            coming = asyncio.ensure_future(self._mint(key, decision, earned_by, snapshot, now))
            self._coming[key] = coming
            coming.add_done_callback(lambda _: self._coming.pop(key, None))
        return await asyncio.shield(coming)

    async def _mint(
        self, key: _Key, decision: Allow, earned_by: Authenticated, snapshot: Snapshot, now: int
    ) -> _Minted | None:
        """Remembered before anybody can use it: what is unknown cannot be revoked."""
        claims = decision.claims
        known = await self._store.service_tokens.record(
            claims.nonce, decision.application.id, earned_by, claims.iat, claims.exp, claims.policy_id
        )
        if not known:
            return None
        minted = _Minted(claims, mint_app(claims, snapshot.keys.current(now)))
        self._minted[key] = minted
        self._minted.move_to_end(key)
        if len(self._minted) > MOST:
            self._minted.popitem(last=False)
        return minted


def _key(decision: Allow, earned_by: Authenticated, snapshot: Snapshot, now: int) -> _Key:
    claims = decision.claims
    capped = claims.exp == earned_by.until
    return _Key(
        service_token=earned_by.token.id,
        version=earned_by.version,
        application=decision.application.id,
        aud=claims.aud,
        issuer=claims.iss,
        common_name=claims.common_name,
        policy=claims.policy_id,
        bound=bool(claims.binding),
        ends=("at", claims.exp) if capped else ("after", claims.exp - claims.iat),
        rules=decision.application.not_before,
        kid=snapshot.keys.current(now).kid,
    )


def _still_good(claims: AppClaims, decision: Allow, earned_by: Authenticated, snapshot: Snapshot, now: int) -> bool:
    application = decision.application
    if snapshot.revokes(application.id, claims):
        return False
    if claims.iat < application.not_before <= now:
        return False  # the mark of a change lies in the next second, so as to be behind all that was granted before it
    return now < claims.exp and (claims.exp == earned_by.until or 2 * (now - claims.iat) < claims.exp - claims.iat)
