"""The service token itself, what changes it, and whether a secret opens it (access.md 3.4)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from doorward.service_tokens.lifetime import DEFAULT_LIFETIME, Lifetime
from doorward.service_tokens.secret import secret_hash


class Rejection(StrEnum):
    """Why what a program showed does not count."""

    MALFORMED = "malformed"
    """Incomplete, sent twice, sent in both ways at once, or not of the form of credentials."""
    UNKNOWN = "unknown_client_id"
    SECRET = "wrong_secret"  # noqa: S105 - a reason's code
    DISABLED = "disabled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """One service token. Times are Unix seconds. Of its secrets only the hashes are known."""

    id: str
    """UUID: what ``service_token`` rules name."""
    name: str
    client_id: str
    secret_hash: str = field(repr=False)
    """Hex SHA-256 of the client secret, see :func:`doorward.service_tokens.secret_hash`."""
    duration: Lifetime
    created_at: int
    updated_at: int
    expires_at: int | None
    """None: never."""
    enabled: bool = True
    client_secret_version: int = 1
    """Grows with each rotation."""
    previous_secret_hash: str = field(default="", repr=False)
    """That of the version before; empty when it is over."""
    previous_expires_at: int | None = None
    declared: bool = False
    """Its credentials are those of the configuration file, and only the file changes or removes it."""

    def rejection(self, now: int) -> Rejection | None:
        """Why nobody gets in with it now, whatever the secret; None when it is good."""
        if not self.enabled:
            return Rejection.DISABLED
        if self.expires_at is not None and now >= self.expires_at:
            return Rejection.EXPIRED
        return None

    def accepts(self, version: int, now: int) -> bool:
        """Whether what was earned with the secret of this version is still worth something."""
        if self.rejection(now) is not None:
            return False
        return version == self.client_secret_version or (
            version == self.client_secret_version - 1 and self._overlapping(now)
        )

    def rotated(self, new_hash: str, keep_until: int | None, now: int) -> Self:
        """With another secret. The present one stays good until ``keep_until``; None: it ends at once.

        The one before the present one ends in any case: never more than two are good.
        """
        kept = keep_until is not None and keep_until > now
        return replace(
            self,
            secret_hash=new_hash,
            client_secret_version=self.client_secret_version + 1,
            previous_secret_hash=self.secret_hash if kept else "",
            previous_expires_at=keep_until if kept else None,
            updated_at=now,
        )

    def switched(self, *, enabled: bool, now: int) -> Self:
        """Enabled or disabled."""
        return replace(self, enabled=enabled, updated_at=now)

    def refreshed(self, now: int) -> Self:
        """Good for one year from now; one that never expires stays so."""
        if self.expires_at is None:
            return self
        return replace(self, expires_at=now + int(DEFAULT_LIFETIME.total_seconds()), updated_at=now)

    def version_of(self, digest: str, now: int) -> int | None:
        """Which of its secrets has this hash; None: neither. Takes the same time whichever it is."""
        current = _equal(digest, self.secret_hash)
        previous = _equal(digest, self.previous_secret_hash or _NOBODYS)
        if current:
            return self.client_secret_version
        return self.client_secret_version - 1 if previous and self._overlapping(now) else None

    def _overlapping(self, now: int) -> bool:
        return self.previous_expires_at is not None and now < self.previous_expires_at


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A service token that was proven, and by the secret of which version."""

    token: ServiceToken
    version: int

    @property
    def until(self) -> int | None:
        """When what is earned with it ends at the latest; None: never."""
        ends = [self.token.expires_at]
        if self.version != self.token.client_secret_version:
            ends.append(self.token.previous_expires_at)
        return min((end for end in ends if end is not None), default=None)


def authenticate(token: ServiceToken | None, secret: str, now: int) -> Authenticated | Rejection:
    """Does this secret open this token?

    What is wrong with the token itself is told only to who knows its secret. An unknown client id takes as long as a
    known one, and every secret as long as every other.

    Args:
        token: the one that the client id names; None: there is none.
        secret: as it was shown.
        now: Unix seconds; at exactly ``expires_at`` it is over.
    """
    digest = secret_hash(secret)
    version = (token or _NOBODY).version_of(digest, now)
    if token is None:
        return Rejection.UNKNOWN
    if version is None:
        return Rejection.SECRET
    return token.rejection(now) or Authenticated(token, version)


def issue(token_id: str, name: str, client_id: str, secret: str, duration: Lifetime, now: int) -> ServiceToken:
    """A new token that lasts ``duration`` from now."""
    return ServiceToken(
        id=token_id,
        name=name,
        client_id=client_id,
        secret_hash=secret_hash(secret),
        duration=duration,
        created_at=now,
        updated_at=now,
        expires_at=None if duration is None else now + int(duration.total_seconds()),
    )


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


_NOBODYS: Final = "-" * 64
"""Equal to no hash, and as long as one."""
_NOBODY: Final = ServiceToken("", "", "", _NOBODYS, None, 0, 0, None)
