"""Each page under docs/providers has a configuration that ``doorward check`` takes and that the provider code takes too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from doorward.organization import ProviderType, VendorType
from doorward.providers import config_problems
from doorward.settings import load

PAGES = Path(__file__).parent.parent / "docs" / "providers"
TYPES = {*get_args(VendorType), "oidc", "onetimepin"}
"""Those with a page of this form; ``saml`` has tests of its own."""
AROUND = """organization: {name: Example, auth_domain: login.example.com}
listen: {https: 443, tls: local}
ingress: [{hostname: wiki.example.com, service: "http://127.0.0.1:8080"}]
applications:
  - name: Wiki
    domain: wiki.example.com
    policies: [{name: Staff, decision: allow, include: [{email_domain: {domain: example.com}}]}]
"""


def test_every_type_has_a_page():
    types = {kind for part in get_args(ProviderType) for kind in get_args(part) or (part,)}
    assert types == TYPES | {"saml"}
    listed = (PAGES / "README.md").read_text()
    for kind in types:
        assert f"({kind}.md)" in listed


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_the_pages_configuration_is_valid_as_it_stands(kind, tmp_path):
    text = (PAGES / f"{kind}.md").read_text()
    block = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert block
    file = tmp_path / "doorward.yaml"
    file.write_text(AROUND + block[1])
    settings = load(file, {"IDP_SECRET": "a secret", "OKTA_API_TOKEN": "a token"})
    (part,) = settings.identity_providers
    assert part.type == kind
    assert config_problems(kind, part.config.values()) == ()
