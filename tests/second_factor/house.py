"""A door with applications that want a second factor."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.door.house import House, Kind, configuration, standing

CODES, PASSKEYS, MOMENT, PLAIN = (f"{name}.localhost" for name in ("codes", "passkeys", "moment", "plain"))
POLICY = "policies: [{name: %s, decision: allow, include: [{group: {id: Staff}}], mfa_config: {%s}}]"
APPLICATIONS = (
    Kind(CODES, (POLICY % ("With a code", "allowed_authenticators: [totp], session_duration: 2h"),)),
    Kind(PASSKEYS, (POLICY % ("With a passkey", "allowed_authenticators: [biometrics, security_key]"),)),
    Kind(MOMENT, (POLICY % ("Each time", "allowed_authenticators: [totp], session_duration: 0m"),)),
    Kind(PLAIN, ("policies: [Staff]",)),
)


@contextlib.contextmanager
def with_factors(folder: Path) -> Iterator[House]:
    with standing(folder, configuration(kinds=APPLICATIONS)) as house:
        yield house
