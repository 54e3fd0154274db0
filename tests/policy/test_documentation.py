"""docs/policies.md: every selector is on the page, and its example means whom the page says, and nobody else."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter
from tests.cli.calling import call

from doorward.identity import Group, Identity
from doorward.policy.certificates import CertificateFacts
from doorward.policy.evaluate import evaluate
from doorward.policy.learned import Evaluation, Learned, Posture, Risk, Word
from doorward.policy.model import AccessGroup, Directory, Evidence, Policy, RuleList
from doorward.policy.rules import _KNOWN, UNANSWERED, Rule, Unanswered, rule_json, selector_name
from doorward.policy.verdict import Outcome
from doorward.settings import load
from doorward.settings.linting import lint

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
SELECTORS = PAGE[PAGE.index("\n## Selectors") : PAGE.index("\n## Which application decides")]
REST = {
    "organization": {"name": "Example", "auth_domain": "login.localhost"},
    "listen": {"http": 8080},
    "ingress": [{"hostname": "*.localhost", "service": "http://127.0.0.1:9"}],
}
COMPANY = {"name": "Company", "type": "oidc", "config": {"issuer": "https://idp.example.com", "client_id": "d"}}
RULE = TypeAdapter[Rule](Rule)


def blocks(text: str) -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


EXAMPLES: dict[str, dict[str, Any]] = {selector_name(block): block for block in blocks(SELECTORS)}
CONFIGURATIONS = [block for block in blocks(PAGE) if "applications" in block]
(CASES,) = [block for block in blocks(PAGE) if "tests" in block]

DIRECTORY = Directory(
    groups={
        "Staff": AccessGroup.model_validate({"id": "Staff", "name": "Staff", "include": [EXAMPLES["email_domain"]]})
    },
    lists={
        "Contractors": RuleList.model_validate({"id": "Contractors", "name": "C", "emails": ["ann@example.com"]}),
        "Offices": RuleList.model_validate({"id": "Offices", "name": "O", "networks": ["192.0.2.0/24"]}),
    },
)


def person(**fields: Any) -> Evidence:
    values = {"id": "1", "email": "eve@evil.example", "idp_id": "Company", "idp_type": "oidc"} | fields
    return Evidence(identity=Identity.model_validate(values))


def groups(*names: str, **fields: Any) -> Evidence:
    return person(groups=tuple(Group(id=name, name=name, email=name) for name in names), **fields)


def learned(**fields: Any) -> Evidence:
    return person().model_copy(update={"learned": Learned(**fields)})


def address(text: str) -> Evidence:
    return Evidence(ip=ip_address(text))


def certificate(common_name: str) -> Evidence:
    return Evidence(client_certificate=facts(common_name))


def facts(common_name: str) -> CertificateFacts:
    values: dict[str, Any] = dict.fromkeys(CertificateFacts.__dataclass_fields__, "") | {"common_name": common_name}
    return CertificateFacts(**values)


ASKED = EXAMPLES["external_evaluation"]["external_evaluation"]
URLS = (ASKED["evaluate_url"], ASKED["keys_url"])
AZURE = EXAMPLES["azureAD"]["azureAD"]["id"]
ANN = person(email="Ann@example.com")
NOBODY = Evidence()

MEANT: dict[str, tuple[Evidence, Evidence]] = {
    # whom the example means, and whom it does not
    "email": (ANN, person(email="ann@sub.example.com")),
    "email_domain": (ANN, person(email="ann@sub.example.com")),
    "email_list": (ANN, person()),
    "group": (ANN, person()),
    "login_method": (person(), person(idp_id="Partners")),
    "auth_method": (person(amr=("pwd", "mfa")), person(amr=("pwd",))),
    "auth_context": (person(oidc_fields={"acrs": ["c2", "c1"]}), person(oidc_fields={"acrs": ["c10"]})),
    "azureAD": (groups(AZURE), groups(AZURE, idp_id="Partners")),
    "okta": (groups("Engineering"), groups("Engineering interns")),
    "gsuite": (groups("engineering@example.com"), groups("engineering@example.org")),
    "github-organization": (groups("example-org/operators"), groups("example-org")),
    "oidc": (person(oidc_fields={"department": ["HR", "Sales"]}), person(oidc_fields={"department": "Salesforce"})),
    "saml": (person(saml_attributes={"department": "Sales"}), person(oidc_fields={"department": "Sales"})),
    "ip": (address("192.0.2.255"), address("192.0.3.0")),
    "ip_list": (address("192.0.2.7"), address("198.51.100.7")),
    "geo": (Evidence(country="NL"), Evidence(country="BE")),
    "service_token": (Evidence(service_token="ci"), Evidence(service_token="backup")),
    "any_valid_service_token": (Evidence(service_token="backup"), NOBODY),
    "linked_app_token": (Evidence(learned=Learned(linked="Portal")), Evidence(learned=Learned(linked="Wiki"))),
    "certificate": (certificate("any.example.com"), NOBODY),
    "common_name": (certificate("backup.example.com"), certificate("other.example.com")),
    "device_posture": (
        learned(postures={"disk-encryption": Posture(passed=True, because="reported")}),
        learned(postures={"disk-encryption": Posture(passed=False, because="reported")}),
    ),
    "user_risk_score": (
        learned(risk=Risk(level="low", because="reported")),
        learned(risk=Risk(level="high", because="reported")),
    ),
    "external_evaluation": (
        learned(evaluations={URLS: Evaluation(word=Word.YES, because="it said yes")}),
        learned(evaluations={URLS: Evaluation(word=Word.NO, because="it said no")}),
    ),
}
BEFORE_A_LOGIN = {
    "ip", "ip_list", "geo", "service_token", "any_valid_service_token", "linked_app_token", "certificate", "common_name",
}  # fmt: skip
ENTERS = {Outcome.ALLOW, Outcome.SERVICE_AUTH}


def enters(name: str, evidence: Evidence) -> bool:
    decision = "non_identity" if name in BEFORE_A_LOGIN else "allow"
    policy = Policy.model_validate({"id": "1", "name": "P", "decision": decision, "include": [EXAMPLES[name]]})
    return evaluate([policy], evidence, DIRECTORY).outcome in ENTERS


def test_every_selector_there_is_has_its_example_on_the_page():
    assert set(EXAMPLES) == {*_KNOWN.values(), *UNANSWERED}
    assert set(EXAMPLES) == {*MEANT, "everyone", "cloudflare_account_member"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_the_json_of_the_api(name):
    parsed = RULE.validate_python(EXAMPLES[name])
    written = rule_json(parsed)
    assert selector_name(written) == name
    assert {key: value for key, value in written[name].items() if value != ""} == EXAMPLES[name][name]


@pytest.mark.parametrize("name", MEANT)
def test_an_example_means_whom_it_means_and_nobody_else(name):
    meant, not_meant = MEANT[name]
    assert enters(name, meant)
    assert not enters(name, not_meant)
    assert not enters(name, NOBODY)


def test_everyone_means_whoever_has_signed_in():
    assert enters("everyone", person())
    assert not enters("everyone", NOBODY)


@pytest.mark.parametrize("name", UNANSWERED)
def test_what_is_not_answered_means_nobody(name):
    assert isinstance(RULE.validate_python(EXAMPLES[name]), Unanswered)
    assert not any(enters(name, evidence) for evidence in (ANN, NOBODY, address("192.0.2.7")))


@pytest.mark.parametrize("number", range(len(CONFIGURATIONS)))
def test_every_configuration_on_the_page_is_valid_and_nothing_is_found_in_it(tmp_path, number):
    written = {**REST, "identity_providers": [COMPANY], **CONFIGURATIONS[number]}
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump(written))
    settings, problems = lint(tmp_path / "doorward.yaml", {})
    assert settings == load(tmp_path / "doorward.yaml", {})
    assert [problem for problem in problems if not problem.path.startswith("ingress")] == []


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "doorward.yaml").write_text(yaml.safe_dump({**REST, **CONFIGURATIONS[-1]}))
    return tmp_path


def test_the_cases_on_the_page_come_true(place):
    (place / "cases.yaml").write_text(yaml.safe_dump(CASES))
    outcome = call("policy", "test", "cases.yaml")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert f"{len(CASES['tests'])} passed, 0 failed" in outcome.stdout


def test_the_explanation_on_the_page_is_what_the_command_prints(place):
    command, *printed = re.findall(r"^```\n\$ doorward (explain .*?)^```", PAGE, re.DOTALL | re.MULTILINE)[
        0
    ].splitlines()
    outcome = call(*command.split())
    assert [line.strip() for line in outcome.stdout.splitlines() if line.strip(" ─")] == [
        line.strip() for line in printed if line.strip(" ─")
    ]
