"""``doorward explain --url``: what the door would do, before any door was ever started as well as beside a running one."""

from __future__ import annotations

import json
import re

import pytest
from tests.cli.calling import call, configured
from tests.cli.policies import HERE, POLICIES, prepared

WIKI = ("explain", "--url", "https://wiki.localhost/page")


@pytest.fixture(params=["before the first start", "with a database"])
def place(request, tmp_path):
    return configured(tmp_path, POLICIES) if request.param.startswith("before") else prepared(tmp_path)


def rows(outcome) -> list[str]:
    return [re.sub(r" {2,}", " | ", line.strip()) for line in outcome.stdout.splitlines()]


def test_people_get_what_happens_and_a_table_of_every_rule(place):
    outcome = call(*WIKI, "--email", "Ann@Example.com", "--ip", HERE)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    told = rows(outcome)
    for line in (
        "let in by the policy Staff only",
        "request: GET wiki.localhost/page",
        "application: Wiki, by wiki.localhost",
        "visitor: ann@example.com, signed in with Company",
        "address: 192.0.2.7 (country not known)",
        "Robots [non_identity] | ✗ did not match",
        'include {"service_token": {"token_id": "ci"}} | ✗ did not match | no valid service token was shown',
        "Blocked [deny] | ✗ did not match",
        'include {"ip": {"ip": "198.51.100.0/24"}} | ✗ did not match | the address 192.0.2.7 is not in 198.51.100.0/24',
        "Staff only [allow] | ✓ matched | ← decided",
        'include {"group": {"id": "Staff"}} | ✓ matched | the visitor is in the group Staff',
        'include {"email_domain": {"domain": "example.com"}} | ✓ matched | the domain of ann@example.com is example.com',
        'exclude {"email": {"email": "bad@example.com"}} | ✗ did not match | the e-mail address is ann@example.com',
        "Red team [allow] | not looked at",
    ):
        assert line in told


def test_json_has_names_in_place_of_ids(place):
    outcome = call(*WIKI, "--email", "ann@example.com", "--ip", HERE, "--at", "2026-12-24T18:00:00+01:00", "--json")
    result = json.loads(outcome.stdout)
    assert outcome.stderr == ""
    assert result["request"] == {
        "method": "GET", "host": "wiki.localhost", "path": "/page", "ip": HERE, "country": None,
        "at": "2026-12-24T17:00:00Z",
    }  # fmt: skip
    assert (result["decision"], result["status"], result["refusal"]) == ("allow", 0, None)
    assert result["application"]["name"] == "Wiki"
    assert result["application"]["pattern"] == "wiki.localhost"
    assert result["identity"]["identity_provider"] == "Company"
    assert result["policy"]["name"] == "Staff only"
    assert [(one["policy_name"], one["match"]) for one in result["policies"]] == [
        ("Robots", "no"), ("Blocked", "no"), ("Staff only", "yes"), ("Red team", None),
    ]  # fmt: skip
    (rule,) = result["policies"][2]["rules"]
    assert rule["rule"] == {"group": {"id": "Staff"}}
    assert [inner["part"] for inner in rule["inside"]] == ["include", "exclude"]


@pytest.mark.parametrize(
    ("arguments", "decision", "status", "policy"),
    [
        (("--ip", HERE), "login", 302, None),
        (("--ip", "198.51.100.9", "--email", "ann@example.com"), "deny", 403, "Blocked"),
        (("--ip", HERE, "--email", "bad@example.com"), "deny", 403, None),
        (("--ip", HERE, "--service-token", "ci"), "service_auth", 0, "Robots"),
        (("--ip", HERE, "--service-token", "old"), "deny", 401, None),
        (
            ("--ip", HERE, "--email", "p@x.org", "--idp", "Partners", "--claim", "team=blue", "--claim", "team=red",
             "--claim", "team=green", "--auth-method", "mfa"),
            "allow", 0, "Red team",
        ),
        (("--ip", HERE, "--email", "p@x.org", "--idp", "Partners", "--claim", "team=red"), "deny", 403, None),
        (("--ip", HERE, "--email", "p@x.org", "--claim", "team=red", "--auth-method", "mfa"), "deny", 403, None),
        (("--ip", f"::ffff:{HERE}", "--country", "nl", "--method", "post"), "login", 302, None),
    ],
)  # fmt: skip
def test_every_option_is_heard(place, arguments, decision, status, policy):
    result = json.loads(call(*WIKI, *arguments, "--json").stdout)
    assert (result["decision"], result["status"]) == (decision, status)
    assert (result["policy"] or {}).get("name") == policy


def test_nothing_is_written(tmp_path):
    file = configured(tmp_path, POLICIES)
    assert call(*WIKI).exit_code == 0
    assert list(tmp_path.iterdir()) == [file]


def test_a_name_that_has_no_id_yet_gets_none(tmp_path):
    prepared(tmp_path)
    configured(tmp_path, POLICIES.replace("name: Wiki", "name: Encyclopaedia"))
    assert json.loads(call(*WIKI, "--json").stdout)["application"]["id"] == "Encyclopaedia"
    assert json.loads(call(*WIKI, "--json").stdout)["application"]["id"] == "Encyclopaedia"


def test_an_unknown_host_has_no_application(place):
    outcome = call("explain", "--url", "https://other.localhost/")
    assert outcome.exit_code == 0
    assert "refused (HTTP 404)" in outcome.stdout
    assert "application: none covers this address" in outcome.stdout
    assert json.loads(call("explain", "--url", "https://other.localhost/", "--json").stdout)["application"] is None


def test_a_login_that_the_application_does_not_take_is_explained(tmp_path):
    configured(
        tmp_path, POLICIES.replace("domain: wiki.localhost", "domain: wiki.localhost\n    allowed_idps: [Company]")
    )
    outcome = call(*WIKI, "--ip", HERE, "--email", "ann@example.com", "--idp", "Partners")
    assert "sent to sign in (HTTP 302)" in outcome.stdout
    assert "Wiki takes no login with Partners, so this visitor counts as not signed in" in outcome.stdout


def test_a_token_that_is_not_good_says_why(place):
    assert "service token: old (disabled)" in call(*WIKI, "--service-token", "old").stdout


def test_g11_a_recorded_request_and_a_made_up_one_are_not_mixed(place):
    for arguments in (("explain",), ("explain", "4f1d", "--url", "https://wiki.localhost/")):
        outcome = call(*arguments)
        assert (outcome.exit_code, outcome.stdout) == (2, "")
        assert "give either the reference" in outcome.stderr
    for option in (("--email", "ann@example.com"), ("--at", "2026-01-01"), ("--claim", "a=b")):
        outcome = call("explain", "4f1d", *option)
        assert (outcome.exit_code, outcome.stdout) == (2, "")
        assert "a recorded decision is as it was" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--url", "ftp://x"), "not a web address"),
        (("--url", "https://wiki.localhost/a/../b"), "write it resolved"),
        (("--url", "https://login.localhost/"), "where people sign in"),
        (("--url", "https://wiki.localhost/", "--ip", "300.1.1.1"), "not an IP address"),
        (("--url", "https://wiki.localhost/", "--country", "Holland"), "not a country code"),
        (("--url", "https://wiki.localhost/", "--email", "ann"), "not an e-mail address"),
        (("--url", "https://wiki.localhost/", "--group", "Ops"), "an e-mail address is missing"),
        (
            ("--url", "https://wiki.localhost/", "--email", "a@b.c", "--idp", "Nobody"),
            "declared are: Company, Partners",
        ),
        (("--url", "https://wiki.localhost/", "--service-token", "none"), "no service token 'none'"),
        (("--url", "https://wiki.localhost/", "--method", "GET IT"), "not a method"),
        (("--url", "https://wiki.localhost/", "--at", "tomorrow"), "not a time"),
        (("--url", "https://wiki.localhost/", "--claim", "team"), "not a claim"),
        (("--url", "https://wiki.localhost/", "--posture", "disk=passed"), "an e-mail address is missing"),
        (("--url", "https://wiki.localhost/", "--risk", "low"), "an e-mail address is missing"),
        (("--url", "https://wiki.localhost/", "--email", "a@b.c", "--posture", "disk"), "not the state of a check"),
        (("--url", "https://wiki.localhost/", "--email", "a@b.c", "--risk", "none"), "low, medium, high, unscored"),
        (("--url", "https://wiki.localhost/", "--claim", "=red"), "not a claim"),
        (("--url", "https://wiki.localhost/\x1b[2J"), ""),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(place, arguments, says):
    outcome = call("explain", *arguments)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert says in " ".join(outcome.stderr.replace("│", " ").split())
    assert "\x1b" not in outcome.stderr


def test_the_country_is_looked_up_where_the_door_does(tmp_path, monkeypatch):
    (tmp_path / "countries.mmdb").write_bytes(b"")

    class Countries:
        def __init__(self, path):
            assert path == tmp_path / "countries.mmdb"

        def country(self, ip):
            return "NZ" if str(ip) == HERE else None

    monkeypatch.setattr("doorward.cli.asking.Countries", Countries)
    configured(tmp_path, POLICIES + "geoip: countries.mmdb\n")
    assert json.loads(call(*WIKI, "--ip", HERE, "--json").stdout)["request"]["country"] == "NZ"
    given = call(*WIKI, "--ip", HERE, "--country", "FR", "--json")
    assert json.loads(given.stdout)["request"]["country"] == "FR"


REPORTED = POLICIES.replace(
    "auth_method: {auth_method: mfa}",
    "device_posture: {integration_uid: disk}}, {user_risk_score: {user_risk_score: [low]}",
)


@pytest.mark.parametrize(
    ("reports", "decision"),
    [
        (("--posture", "disk=passed", "--risk", "low"), "allow"),
        (("--posture", "disk=failed", "--risk", "low"), "deny"),
        (("--posture", "disk=passed", "--risk", "high"), "deny"),
        (("--posture", "other=passed", "--risk", "low"), "deny"),
        ((), "deny"),
    ],
)
def test_what_was_reported_can_be_made_up(tmp_path, reports, decision):
    configured(tmp_path, REPORTED)
    person = ("--ip", HERE, "--email", "p@x.org", "--idp", "Partners", "--claim", "team=red")
    assert json.loads(call(*WIKI, *person, *reports, "--json").stdout)["decision"] == decision
