"""App tokens for devices that enter by their certificate: signed once for many requests, as for service tokens.

Handing out the same one again gives nothing by itself: each request was decided anew, with its certificate looked at, before
this is asked, and everything the token says is in the key. These tokens are kept in this process alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from doorward.access.decision import Allow
from doorward.access.snapshot import Snapshot
from doorward.tokens.claims import AppClaims, SignedToken
from doorward.tokens.jwt import mint_app

MOST: Final = 4096
"""Tokens that are kept. The one that was not asked for the longest goes first."""


@dataclass(frozen=True, slots=True)
class _Key:
    """Everything that a token says or hangs on, but for its times and its nonce."""

    fingerprint: str
    application: str
    aud: str
    issuer: str
    common_name: str
    policy: str
    lives: int
    rules: int
    kid: str


class DeviceAppTokens:
    """Finds or signs the app token for a device that was let in."""

    def __init__(self) -> None:
        self._minted: OrderedDict[_Key, tuple[AppClaims, SignedToken]] = OrderedDict()

    def grant(self, decision: Allow, fingerprint: str, snapshot: Snapshot, now: int) -> tuple[Allow, bool]:
        """The decision with a token, and whether that was signed just now.

        Args:
            decision: lets somebody in without a user, and asks for a token.
            fingerprint: of the certificate that counted.
            snapshot: the state that was decided by.
            now: Unix seconds.
        """
        key = _key(decision, fingerprint, snapshot, now)
        kept = self._minted.get(key)
        if kept is not None and _still_good(kept[0], decision, snapshot, now):
            self._minted.move_to_end(key)
            return replace(decision, claims=kept[0], token=kept[1]), False
        claims = decision.claims
        token = mint_app(claims, snapshot.keys.current(now))
        if not claims.binding:  # a secret of one client's cookie is not for another one
            self._minted[key] = claims, token
            self._minted.move_to_end(key)
            if len(self._minted) > MOST:
                self._minted.popitem(last=False)
        return replace(decision, token=token), True


def _key(decision: Allow, fingerprint: str, snapshot: Snapshot, now: int) -> _Key:
    claims = decision.claims
    return _Key(
        fingerprint=fingerprint,
        application=decision.application.id,
        aud=claims.aud,
        issuer=claims.iss,
        common_name=claims.common_name,
        policy=claims.policy_id,
        lives=claims.exp - claims.iat,
        rules=decision.application.not_before,
        kid=snapshot.keys.current(now).kid,
    )


def _still_good(claims: AppClaims, decision: Allow, snapshot: Snapshot, now: int) -> bool:
    """Made under the present rules, not revoked, and with half of its life before it."""
    application = decision.application
    if snapshot.revokes(application.id, claims) or claims.iat < application.not_before:
        return False
    return 2 * (now - claims.iat) < claims.exp - claims.iat
