"""docs/reports.md and docs/external-evaluation.md: the configuration is valid, and the programs do what the pages say."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.door.running import free_ports
from tests.door_elsewhere.place import SECRET, deliver
from tests.sessions.build import organization, session
from tests.tokens.material import signing_key

from doorward.policy.learned import Word
from doorward.policy.rules_elsewhere import ExternalEvaluationValue
from doorward.providers.evaluation import Evaluator
from doorward.providers.outbound import outbound_client
from doorward.sessions.question import question_claims
from doorward.settings import load
from doorward.tokens.jwks import key_set
from doorward.tokens.jwt import mint_question
from doorward.tokens.keys import KeyRing

PAGES = {
    name: (Path(__file__).parents[2] / "docs" / f"{name}.md").read_text() for name in ("reports", "external-evaluation")
}
REST: dict[str, Any] = {
    "organization": {"name": "Example", "auth_domain": "login.localhost"},
    "listen": {"http": 8080},
}


def blocks(page: str, language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", PAGES[page], re.DOTALL | re.MULTILINE)
    return ["\n".join(line[len(indent) :] for line in text.splitlines()) + "\n" for indent, text in found]


PIECES = [(page, number) for page in PAGES for number in range(len(blocks(page, "yaml")))]


@pytest.mark.parametrize(("page", "number"), PIECES)
def test_every_piece_of_configuration_is_valid(tmp_path, page: str, number: int):
    piece = yaml.safe_load(blocks(page, "yaml")[number])
    if page == "reports" and "policies" in piece:
        piece |= yaml.safe_load(blocks(page, "yaml")[0])
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump(REST | piece))
    assert load(tmp_path / "doorward.yaml", {"FLEET_SECRET": SECRET})


@pytest.mark.edge
async def test_the_program_that_reports_is_believed(house):
    (program,) = blocks("reports", "python")
    program = program.replace("disk-encryption", "disk")  # what the fleet of this door may report
    program = program.replace(
        "httpx.post(", "httpx.Client(trust_env=False, headers={'host': os.environ['HOST']}).post("
    )
    program = program.replace('f"{team}/cdn', f'f"http://127.0.0.1:{house.door.port}/cdn')
    given = {"TEAM": house.issuer, "FLEET_SECRET": SECRET, "HOST": house.issuer.partition("//")[2]}
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], env={**os.environ, **given}, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    (shown,) = blocks("reports", "json")
    assert json.loads(done.stdout.replace("'", '"').replace("True", "true")) == json.loads(shown)
    async with house.store() as store:
        assert [one.value for one in await store.reports.about("bob@example.com")] == ["high"]
    assert (await deliver(house)).status_code == 400


async def test_the_service_of_the_page_answers_the_door(tmp_path):
    (program,) = blocks("external-evaluation", "python")
    program = program.replace("ann@example.com", session().identity.email)
    certificates = tmp_path / "certs.json"
    certificates.write_text(json.dumps(key_set(KeyRing((signing_key(active_from=0),)), int(time.time()))))
    program = program.replace('f"{team}/cdn-cgi/access/certs"', repr(certificates.as_uri()))
    (port,) = free_ports(1)
    with _running(program, {"TEAM": "https://login.example.com", "PORT": str(port)}):
        where = f"http://127.0.0.1:{port}"
        value = ExternalEvaluationValue(evaluate_url=f"{where}/", keys_url=f"{where}/keys")
        async with outbound_client() as http:
            await _until_it_listens(http, value.keys_url)
            evaluator = Evaluator(http)
            said = {}
            for who in ("on duty", "off duty"):
                known = session()
                if who == "off duty":
                    known = session(identity=known.identity.model_copy(update={"email": "eve@example.com"}))
                now = int(time.time())
                claims = question_claims(known, organization(), value.evaluate_url, now, who)
                said[who] = await evaluator.ask(value, mint_question(claims, signing_key(active_from=0)), who, now)
            await evaluator.close()
    assert [said[who].word for who in said] == [Word.YES, Word.NO], said


@contextmanager
def _running(program: str, given: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **given}, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def _until_it_listens(http: httpx.AsyncClient, address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            await http.get(address)
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "the service does not listen"
        else:
            return
