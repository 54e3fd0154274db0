"""PyPI ``oidc-provider-mock``: one form with one field; its id_tokens have no ``kid`` and a list as ``aud``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.counterparties.provider import Provider, announced

HERE = Path(__file__).parent


@contextmanager
def oidc_provider_mock(
    accounts: Mapping[str, Mapping[str, Any]] | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Provider]:
    """Run the provider until the block ends. ``accounts``: ``sub`` to claims. It takes any client and any redirect."""
    told_accounts = json.dumps(dict(accounts or {}))
    command = [sys.executable, "-W", "ignore", "mock_op.py", str(port), told_accounts]
    with announced(command, {"AUTHLIB_INSECURE_TRANSPORT": "1"}, HERE) as told:
        issuer = f"http://{host}:{told['port']}"
        yield Provider(
            issuer=issuer,
            auth_url=f"{issuer}/oauth2/authorize",
            token_url=f"{issuer}/oauth2/token",
            certs_url=f"{issuer}/jwks",
            userinfo_url=f"{issuer}/userinfo",
            client_id="doorward",
            client_secret="any secret will do",
        )
