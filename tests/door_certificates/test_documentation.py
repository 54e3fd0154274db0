"""docs/mtls.md: its configuration is valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tests.client_certificates.authority import Authority

from doorward.settings import load

PAGE = (Path(__file__).parents[2] / "docs" / "mtls.md").read_text()
DEVICES = Authority.make("Devices")
REST = {
    "organization": {"name": "Example", "auth_domain": "login.localhost"},
    "listen": {"https": 8443, "tls": "local"},
    "ingress": [{"hostname": "build.localhost", "service": "http://127.0.0.1:9"}],
    "identity_providers": [
        {"name": "Company", "type": "oidc", "config": {"issuer": "https://idp.example.com", "client_id": "doorward"}}
    ],
}


def blocks():
    found = re.findall(r"^( *)```yaml\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load("\n".join(line[len(indent) :] for line in text.splitlines())) for indent, text in found]


CERTIFICATES, *OTHERS = blocks()


@pytest.mark.parametrize("piece", OTHERS, ids=[next(iter(one)) for one in OTHERS])
def test_every_piece_of_configuration_is_valid(tmp_path, piece):
    (tmp_path / "devices-ca.pem").write_bytes(DEVICES.pem)
    (tmp_path / "devices.crl").write_bytes(DEVICES.revoking())
    applications = next(one for one in OTHERS if "applications" in one)
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump(REST | CERTIFICATES | applications | piece))
    settings = load(tmp_path / "doorward.yaml", {})
    assert settings.warnings == ()
    assert settings.mtls_certificates
