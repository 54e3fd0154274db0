"""``doorward idp test``."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.cli.calling import call, configured
from tests.providers.vendors.local import vendor

CONFIGURATION = """
organization: {{name: Example, auth_domain: login.localhost}}
listen: {{address: 127.0.0.1, http: 8080}}
identity_providers:
  - {{name: Company, type: oidc, config: {{issuer: "{url}", client_id: client, client_secret: s}}}}
  - {{name: GitHub, type: github, config: {{client_id: client, client_secret: s, base_url: "{url}"}}}}
ingress: [{{hostname: wiki.localhost, service: "http://127.0.0.1:1"}}]
applications:
  - name: Wiki
    domain: wiki.localhost
    policies: [{{name: All, decision: allow, include: [{{email_domain: {{domain: example.test}}}}]}}]
"""


@pytest.fixture
async def local(tmp_path):
    async with vendor() as running:
        running.speaks_openid("", email="alice@example.test")
        running.on("/token", {"error": "invalid_grant"}, 400)
        running.on("/login/oauth/access_token", {"error": "incorrect_client_credentials"})
        configured(tmp_path, CONFIGURATION.format(url=running.url))
        yield running


async def test_each_step_of_each_provider_is_told_and_a_failure_is_exit_code_1(local):
    outcome = await asyncio.to_thread(call, "idp", "test")
    assert outcome.exit_code == 1
    assert "✓ client" in outcome.stdout
    assert "✗ client" in outcome.stdout
    assert "copy client_id and client_secret" in outcome.stdout
    assert "/cdn-cgi/access/callback" in outcome.stderr


async def test_one_provider_by_name_as_json(local):
    outcome = await asyncio.to_thread(call, "idp", "test", "Company", "--json")
    assert outcome.exit_code == 0
    assert outcome.stderr == ""
    (found,) = json.loads(outcome.stdout)["identity_providers"]
    assert (found["name"], found["type"]) == ("Company", "oidc")
    assert [step["outcome"] for step in found["steps"]] == ["good", "unclear", "good", "good"]


async def test_a_name_that_is_none_is_one_sentence(local):
    outcome = await asyncio.to_thread(call, "idp", "test", "Nobody")
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "There is no identity provider 'Nobody'" in outcome.stderr


async def test_the_list_says_the_ids_and_where_scim_clients_go(local, tmp_path):
    file = tmp_path / "doorward.yaml"
    scim = 'client_secret: s}, scim_config: {secret: "0123456789abcdef0123456789abcdef"}}'
    file.write_text(file.read_text().replace("client_secret: s}}", scim, 1))
    outcome = await asyncio.to_thread(call, "idp", "list", "--json")
    company, github = json.loads(outcome.stdout)
    assert company["scim_base_url"] == f"http://login.localhost:8080/populations/{company['id']}/scim/v2"
    assert (github["name"], github["scim_base_url"]) == ("GitHub", "")
    shown = await asyncio.to_thread(call, "idp", "list")
    assert company["id"] in shown.stdout
    assert (await asyncio.to_thread(call, "idp", "list", "--json")).stdout == outcome.stdout, "ids stay"
