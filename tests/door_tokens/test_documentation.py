"""docs/service-tokens.md: its configuration is valid, and its programs get in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.door_tokens.place import Programs

from doorward.settings import load

PAGE = (Path(__file__).parents[2] / "docs" / "service-tokens.md").read_text()
REST = {
    "organization": {"name": "Example", "auth_domain": "login.localhost"},
    "listen": {"http": 8080},
    "ingress": [{"hostname": "build.localhost", "service": "http://127.0.0.1:9"}],
}


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    return ["\n".join(line[len(indent) :] for line in text.splitlines()) + "\n" for indent, text in found]


def run(program: list[str], programs: Programs, host: str) -> str:
    given = {
        "CLIENT_ID": programs.ci.client_id, "CLIENT_SECRET": programs.ci.client_secret, "URL": programs.house.url(host),
    }  # fmt: skip
    done = subprocess.run(
        program, env={**os.environ, **given, "NO_PROXY": "*"}, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_every_piece_of_configuration_is_valid(tmp_path, number):
    piece = yaml.safe_load(blocks("yaml")[number])
    if "applications" in piece:
        piece.setdefault("service_tokens", [{"name": "ci"}])
    (tmp_path / "backup.secret").write_text("e" * 64)
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump(REST | piece))
    settings = load(tmp_path / "doorward.yaml", {"BACKUP_CLIENT_ID": "f" * 32 + ".access"})
    unused = [problem for problem in settings.warnings if not problem.path.startswith("ingress")]
    assert unused == []
    assert settings.service_tokens


def test_the_page_has_the_programs_that_are_run_here():
    assert len(blocks("python")) == 1
    assert [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl")] == curls()
    assert len(curls()) == 2


def curls() -> list[str]:
    return [block.strip() for block in blocks("sh") if block.startswith("curl")]


def test_the_python_program_gets_in(strict):
    # A name under localhost leads to this machine for browsers and curl, not for every resolver.
    program = blocks("python")[0].replace("headers=headers", "headers={**headers, 'Host': os.environ['HOST']}")
    program = program.replace('os.environ["URL"]', '"http://127.0.0.1:" + os.environ["URL"].rpartition(":")[2]')
    host = strict.house.url("robots.localhost").split("/")[2]
    assert (
        run([sys.executable, "-c", f"import os; os.environ['HOST'] = {host!r}\n{program}"], strict, "robots.localhost")
        == "200"
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("number", "host"), [(0, "robots.localhost"), (1, "one.localhost")])
def test_the_curl_programs_get_in(strict, number, host):
    command = curls()[number].replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1)
    assert run(["sh", "-c", command], strict, host) == "200"
