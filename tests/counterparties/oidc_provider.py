"""npm ``oidc-provider``, a certified OpenID provider with its own login and consent forms."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.counterparties.provider import Provider, announced

HERE = Path(__file__).parent


def why_not() -> str | None:
    """Why this provider cannot run here; None if it can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node is not installed: the npm package oidc-provider needs node and npm (apt-get install nodejs npm)"
    return None


def install(folder: Path = HERE) -> None:
    """Install the locked packages of ``folder`` unless they are there already. Safe to call from many processes."""
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        locked = (folder / "package-lock.json").read_bytes()
        installed = folder / "node_modules" / ".doorward-lock.json"
        if installed.exists() and installed.read_bytes() == locked:
            return
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            check=True,
            timeout=300,
        )
        installed.write_bytes(locked)


@contextmanager
def oidc_provider(
    redirect_uris: Sequence[str],
    *,
    accounts: Mapping[str, Mapping[str, Any]] | None = None,
    client_name: str = "Doorward",
    client_secret: str = "a secret with spaces, : and % in it",
    auth_method: str = "client_secret_post",
    claims_at_userinfo_only: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Provider]:
    """Run the provider until the block ends.

    Args:
        redirect_uris: where it may send the browser back to.
        accounts: login name to claims (``email``, ``name``, ``groups`` …); other names get an address made of them.
        client_name: shown on the consent page.
        client_secret: what the client has to prove.
        auth_method: how it has to be proven.
        claims_at_userinfo_only: by the book; otherwise they are in the id_token too, as with most providers.
        host: the name in the issuer; it listens on 127.0.0.1 in any case (``something.localhost`` is fine).
        port: 0 for one that is free.
    """
    install()
    settings = {
        "host": host,
        "port": port,
        "clientId": "doorward",
        "clientName": client_name,
        "clientSecret": client_secret,
        "redirectUris": list(redirect_uris),
        "authMethod": auth_method,
        "claimsAtUserinfoOnly": claims_at_userinfo_only,
        "accounts": dict(accounts or {}),
    }
    command = ["node", "--no-warnings", "op.mjs", json.dumps(settings)]
    with announced(command, {}, HERE) as told:
        issuer = told["issuer"]
        yield Provider(
            issuer=issuer,
            auth_url=f"{issuer}/auth",
            token_url=f"{issuer}/token",
            certs_url=f"{issuer}/jwks",
            userinfo_url=f"{issuer}/me",
            client_id="doorward",
            client_secret=client_secret,
        )
