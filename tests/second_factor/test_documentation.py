"""docs/second-factor.md: its configuration is valid, its commands exist, and every field is on it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from tests.cli.calling import call

from doorward.settings import load
from doorward.settings.file.mfa import MfaPart, OrganizationMfaPart

PAGE = (Path(__file__).parents[2] / "docs" / "second-factor.md").read_text()
REST = {
    "listen": {"http": 8080},
    "ingress": [{"hostname": "*.localhost", "service": "http://127.0.0.1:9"}],
    "identity_providers": [{"name": "Code", "type": "onetimepin"}],
    "mail": {"host": "smtp.example.com", "sender": "login@example.com"},
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_configuration_is_valid(tmp_path):
    (block,) = blocks("yaml")
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump(REST | yaml.safe_load(block)))
    settings = load(tmp_path / "doorward.yaml", {})
    assert [problem for problem in settings.warnings if "mfa" in problem.path] == []
    (policy,) = settings.applications[0].policies
    assert policy.mfa_config is not None


@pytest.mark.parametrize("name", sorted({*MfaPart.model_fields, *OrganizationMfaPart.model_fields}))
def test_every_field_is_on_the_page(name):
    assert f"`{name}`" in PAGE


def test_every_command_is_one():
    (lines,) = blocks("sh")
    for line in lines.splitlines():
        program, *words = shlex.split(line)
        assert program == "doorward"
        assert call(*words[:2], "--help").exit_code == 0
