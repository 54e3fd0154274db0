"""Service tokens that the configuration file declares: what has to change so that the kept ones are as it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from doorward.errors import ConfigurationError
from doorward.service_tokens.lifetime import Lifetime
from doorward.service_tokens.token import ServiceToken


@dataclass(frozen=True, slots=True)
class Declared:
    """One of ``service_tokens`` in the file, with the id that belongs to its name."""

    id: str
    name: str
    duration: Lifetime
    enabled: bool | None
    """None: the file does not say, the commands decide."""
    client_id: str = ""
    """Empty: the credentials are made by ``doorward tokens create``."""
    secret_hash: str = field(default="", repr=False)

    @property
    def with_credentials(self) -> bool:
        return bool(self.client_id)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write and what to delete."""

    written: tuple[ServiceToken, ...] = ()
    deleted: tuple[str, ...] = ()
    """Ids."""

    def __bool__(self) -> bool:
        return bool(self.written or self.deleted)


def reconcile(kept: Mapping[str, ServiceToken], declared: Sequence[Declared], now: int) -> Changes:
    """From what is kept (by id) to what the file says. Nothing to do twice.

    A secret that changed in the file is a rotation without overlap; a token that is no longer in the file is deleted.
    Tokens that a command made are left alone, but for ``enabled`` where the file says it.

    Raises:
        ConfigurationError: two tokens would have the same name or client id.
    """
    named = {token.id for token in declared}
    deleted = tuple(token.id for token in kept.values() if token.declared and token.id not in named)
    written = tuple(_changed(declared, kept, now))
    after = {token_id: token for token_id, token in kept.items() if token_id not in deleted}
    _distinct((after | {token.id: token for token in written}).values())
    return Changes(written, deleted)


def _changed(declared: Sequence[Declared], kept: Mapping[str, ServiceToken], now: int) -> Iterable[ServiceToken]:
    for wanted in declared:
        before = kept.get(wanted.id)
        after = _with_credentials(wanted, before, now) if wanted.with_credentials else _released(before)
        if after is None:
            continue
        if wanted.enabled is not None and wanted.enabled is not after.enabled:
            after = after.switched(enabled=wanted.enabled, now=now)
        if after != before:
            yield after


def _with_credentials(wanted: Declared, before: ServiceToken | None, now: int) -> ServiceToken:
    if before is None:
        return ServiceToken(
            id=wanted.id, name=wanted.name, client_id=wanted.client_id, secret_hash=wanted.secret_hash,
            duration=wanted.duration, created_at=now, updated_at=now, expires_at=_end(wanted.duration, now), declared=True,
        )  # fmt: skip
    after = before if before.secret_hash == wanted.secret_hash else before.rotated(wanted.secret_hash, None, now)
    if after.duration != wanted.duration:
        after = replace(after, duration=wanted.duration, expires_at=_end(wanted.duration, now), updated_at=now)
    return replace(after, name=wanted.name, client_id=wanted.client_id, declared=True)


def _released(before: ServiceToken | None) -> ServiceToken | None:
    """Without credentials in the file any more, a token is the commands' again, with those it had."""
    return replace(before, declared=False) if before is not None else None


def _end(duration: Lifetime, now: int) -> int | None:
    return None if duration is None else now + int(duration.total_seconds())


def _distinct(tokens: Iterable[ServiceToken]) -> None:
    seen: dict[str, ServiceToken] = {}
    for token in tokens:
        for what, value in (("name", token.name), ("client id", token.client_id)):
            other = seen.setdefault(f"{what} {value}", token)
            if other.id != token.id:
                raise ConfigurationError(
                    f"The service tokens {other.name!r} and {token.name!r} have the same {what}: one is declared in the "
                    f"file, another was made by a command. Rename one, or revoke it with 'doorward tokens revoke {other.id}'"
                )
