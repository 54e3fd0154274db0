"""docs/approvals.md: its configuration is valid, and its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from tests.cli.calling import call

from doorward.settings import load

PAGE = (Path(__file__).parents[2] / "docs" / "approvals.md").read_text()
REST = {
    "organization": {"name": "Example", "auth_domain": "login.localhost"},
    "listen": {"http": 8080},
    "ingress": [{"hostname": "*.localhost", "service": "http://127.0.0.1:9"}],
    "identity_providers": [{"name": "Code", "type": "onetimepin"}],
    "mail": {"host": "smtp.example.com", "sender": "login@example.com"},
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_every_piece_of_configuration_is_valid(tmp_path, number):
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump(REST | yaml.safe_load(blocks("yaml")[number])))
    settings = load(tmp_path / "doorward.yaml", {})
    assert [problem for problem in settings.warnings if "polic" in problem.path] == []
    (policy,) = settings.applications[0].policies
    assert policy.purpose_justification_required
    assert policy.approval_required == (number == 1)


def test_every_command_is_one():
    (lines,) = blocks("sh")
    for line in lines.splitlines():
        program, *words = shlex.split(line)
        assert program == "doorward"
        shown = call(*words[:2], "--help")
        assert shown.exit_code == 0
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.stdout
