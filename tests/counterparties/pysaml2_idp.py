"""PyPI ``pysaml2`` as a provider; it signs and encrypts with the program ``xmlsec1`` (AES-128-CBC)."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.counterparties.provider import announced
from tests.counterparties.saml_key import provider_key
from tests.counterparties.samlp_idp import SamlProvider

HERE = Path(__file__).parent


def why_not() -> str | None:
    """Why this provider cannot run here; None if it can."""
    if shutil.which("xmlsec1") is None:
        return "xmlsec1 is not installed: pysaml2 needs the program (apt-get install xmlsec1)"
    return None


@contextmanager
def pysaml2_idp(accounts: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[SamlProvider]:
    """Run the provider until the block ends. Post our metadata to ``/metadata`` of it before anybody signs in."""
    key, certificate = provider_key()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "key.pem").write_text(key)
        (Path(folder) / "certificate.pem").write_text(certificate)
        command = [sys.executable, "-W", "ignore", "pysaml2_process.py", folder, json.dumps(dict(accounts or {}))]
        with announced(command, {}, HERE) as told:
            address = f"http://127.0.0.1:{told['port']}"
            yield SamlProvider(f"{address}/entity", address, certificate)
