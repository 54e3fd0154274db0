"""docs/applications.md: every setting is on it, and every piece of configuration can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tests.settings.reading import settings_of

from doorward.custom_pages import PLACEHOLDERS, problems
from doorward.settings.file.objects import ApplicationPart, CorsPart

PAGE = (Path(__file__).parents[2] / "docs" / "applications.md").read_text()
REST = {
    "organization": {"name": "Example", "auth_domain": "login.example.com"},
    "listen": {"https": 443, "tls": "local"},
    "ingress": [{"hostname": "*.example.com", "service": "http://127.0.0.1:9"}],
    "identity_providers": [
        {"name": "Company", "type": "oidc", "config": {"issuer": "https://idp.example.com", "client_id": "x"}}
    ],
    "policies": [{"name": "Staff", "decision": "allow", "include": [{"email_domain": {"domain": "example.com"}}]}],
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", sorted({*ApplicationPart.model_fields, *ApplicationPart.UNSUPPORTED} - {
    "allow_authenticate_via_warp", "app_launcher_logo_url", "created_at", "target_criteria", "updated_at",
    "use_clientless_isolation_app_launcher_url",
}))  # fmt: skip
def test_every_setting_of_an_application_is_on_the_page(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", sorted(CorsPart.model_fields))
def test_every_setting_of_cors_headers_is_on_the_page(name):
    assert re.search(rf"\b{name}: ", PAGE)


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_every_piece_of_configuration_is_valid(tmp_path, number):
    (tmp_path / "pages").mkdir()
    for name in ("forbidden", "ask-finance"):
        (tmp_path / "pages" / f"{name}.html").write_text(blocks("html")[0])
    piece = yaml.safe_load(blocks("yaml")[number])
    assert settings_of(tmp_path, yaml.safe_dump(REST | piece)).organization.name == "Example"


def test_the_example_of_a_page_is_a_good_one_and_all_placeholders_are_listed():
    (page,) = blocks("html")
    assert list(problems(page)) == []
    assert {name for name in PLACEHOLDERS if f"| `{{{{ {name} }}}}` |" in PAGE} == set(PLACEHOLDERS)
