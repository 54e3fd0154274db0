"""What lint says about single policies, groups and applications, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lab.build import application
from tests.policy.build import directory, email, group, in_group, policy

from doorward.lab import outlook
from doorward.lab.lint import (
    Finding,
    Kind,
    lint_application,
    lint_group,
    lint_policy,
    never_decides,
    never_matches,
)
from doorward.lab.outlook import Views
from doorward.policy.model import Directory, RuleList

IDPS = {"idp-1": "Company", "idp-2": "Partners"}
ALL = frozenset(IDPS)
LISTS = (
    RuleList.model_validate({"id": "people", "name": "people", "emails": ["ann@example.com", "bob@example.org"]}),
    RuleList.model_validate({"id": "empty", "name": "empty"}),
    RuleList.model_validate({"id": "places", "name": "places", "networks": ["192.0.2.0/25", "2001:db8::/64"]}),
)
DIRECTORY = directory(
    group("staff", {"email_domain": {"domain": "example.com"}}, exclude=[email("bad@example.com")]),
    group("nobody", email("ann@example.com"), require=[email("bob@example.com")]),
    group("round", in_group("round")),
    lists=LISTS,
)
RULES = Views(DIRECTORY)
ANN, BOB = email("ann@example.com"), email("bob@example.org")
EVERYONE: dict[str, Any] = {"everyone": {}}
EVALUATED = {"external_evaluation": {"evaluate_url": "https://a.example/", "keys_url": "https://a.example/k"}}
DISK = {"device_posture": {"integration_uid": "disk"}}


def domain(name: str) -> dict[str, Any]:
    return {"email_domain": {"domain": name}}


def ip(text: str) -> dict[str, Any]:
    return {"ip": {"ip": text}}


def geo(code: str) -> dict[str, Any]:
    return {"geo": {"country_code": code}}


def idp(name: str) -> dict[str, Any]:
    return {"login_method": {"id": name}}


def risk(*levels: str) -> dict[str, Any]:
    return {"user_risk_score": {"user_risk_score": levels}}


def oidc(provider: str, value: str = "red") -> dict[str, Any]:
    return {"oidc": {"claim_name": "team", "claim_value": value, "identity_provider_id": provider}}


def program(name: str) -> dict[str, Any]:
    return {"service_token": {"token_id": name}}


def named(name: str) -> dict[str, Any]:
    return {"common_name": {"common_name": name}}


def linked(name: str) -> dict[str, Any]:
    return {"linked_app_token": {"app_uid": name}}


CERTIFIED: dict[str, Any] = {"certificate": {}}
ANY: dict[str, Any] = {"any_valid_service_token": {}}

IMPOSSIBLE = {
    "two addresses": ([ANN], [], [BOB], "e-mail address"),
    "an address of another domain": ([ANN], [], [domain("example.org")], "e-mail address"),
    "two domains": ([domain("a.example")], [], [domain("b.example")], "e-mail address"),
    "a domain that is excluded": ([domain("a.example")], [domain("a.example")], [], "demanded and ruled out"),
    "an address whose domain is excluded": ([ANN], [domain("example.com")], [], "e-mail address"),
    "an address that is excluded": ([ANN], [ANN], [], "demanded and ruled out"),
    "an address that a list leaves out": (
        [email("eve@example.com")],
        [],
        [{"email_list": {"id": "people"}}],
        "address",
    ),
    "an empty list": ([{"email_list": {"id": "empty"}}], [], [], "e-mail address"),
    "a list whose members are excluded": ([{"email_list": {"id": "people"}}], [ANN, BOB], [], "e-mail address"),
    "two networks": ([ip("10.0.0.0/8")], [], [ip("192.0.2.0/24")], "no address"),
    "a network that is excluded": ([ip("10.1.0.0/16")], [ip("10.0.0.0/8")], [], "no address"),
    "a network beside a list": ([ip("192.0.2.128/25")], [], [{"ip_list": {"id": "places"}}], "no address"),
    "everywhere excluded": ([EVERYONE], [ip("0.0.0.0/0"), ip("::/0")], [], "no address"),
    "two countries": ([geo("FR")], [], [geo("DE")], "country"),
    "a country that is excluded": ([geo("FR")], [geo("FR")], [], "demanded and ruled out"),
    "two ways to sign in": ([idp("idp-1")], [], [idp("idp-2")], "identity provider"),
    "a way that is not there": ([idp("idp-9")], [], [], "identity provider"),
    "all ways excluded": ([EVERYONE], [idp("idp-1"), idp("idp-2")], [], "identity provider"),
    "claims of two providers": ([oidc("idp-1")], [], [oidc("idp-2")], "identity provider"),
    "a claim of a provider that is excluded": ([oidc("idp-1")], [idp("idp-1")], [], "identity provider"),
    "a group at another provider": (
        [{"okta": {"name": "Ops", "identity_provider_id": "idp-1"}}],
        [],
        [{"saml": {"attribute_name": "a", "attribute_value": "b", "identity_provider_id": "idp-2"}}],
        "identity provider",
    ),
    "a method that is excluded": (
        [{"auth_method": {"auth_method": "mfa"}}],
        [{"auth_method": {"auth_method": "mfa"}}],
        [],
        "demanded and ruled out",
    ),
    "two service tokens": ([program("1")], [], [program("2")], "service token"),
    "a token and none": ([program("1")], [ANY], [], "service token"),
    "any token and none": ([ANY], [ANY], [], "demanded and ruled out"),
    "two common names": ([named("a")], [], [named("b")], "client certificate"),
    "a certificate and none": ([named("a")], [CERTIFIED], [], "client certificate"),
    "tokens of two applications": ([linked("a")], [], [linked("b")], "token of another application"),
    "two risks": ([risk("low")], [], [risk("high", "medium")], "risk score"),
    "every risk excluded": ([EVERYONE], [risk("low", "medium"), risk("high", "unscored")], [], "risk score"),
    "a check that passes and fails": ([DISK], [DISK], [], "demanded and ruled out"),
    "another service that says both": ([EVALUATED], [EVALUATED], [], "demanded and ruled out"),
    "nothing can answer": ([{"cloudflare_account_member": {}}], [], [], "nothing here can answer"),
    "nothing can answer the exclude": ([EVERYONE], [{"cloudflare_account_member": {}}], [], "nothing here can answer"),
    "no such list": ([{"email_list": {"id": "gone"}}], [], [], "nothing here can answer"),
    "no such list of places": ([{"ip_list": {"id": "gone"}}], [], [], "nothing here can answer"),
    "no such group": ([in_group("gone")], [], [], "cannot be looked into"),
    "a group in itself": ([in_group("round")], [], [], "cannot be looked into"),
    "a group of nobody": ([in_group("nobody")], [], [], "e-mail address"),
    "a group beside its exclude": ([email("bad@example.com")], [], [in_group("staff")], "demanded and ruled out"),
    "a group that is excluded": ([ANN], [in_group("staff")], [], "e-mail address"),
    "everyone excluded": ([ANN], [EVERYONE], [], "everyone is ruled out"),
}


@pytest.mark.parametrize(("include", "exclude", "require", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_allow_policy_that_nobody_can_match_is_found(include, exclude, require, says):
    (finding,) = lint_policy(policy("allow", *include, exclude=exclude, require=require), RULES, ALL)
    assert (finding.kind, finding.place) == (Kind.NEVER_MATCHES, ())
    assert says in finding.message


POSSIBLE = {
    "everyone": ([EVERYONE], [], []),
    "an address and its domain": ([ANN], [], [domain("example.com")]),
    "one of two addresses": ([ANN, BOB], [ANN], []),
    "an address beside an excluded one": ([ANN], [BOB], []),
    "a domain beside an excluded address": ([domain("example.com")], [ANN], []),
    "a list that has it": ([ANN], [], [{"email_list": {"id": "people"}}]),
    "a list with somebody left": ([{"email_list": {"id": "people"}}], [ANN], []),
    "anybody but one domain": ([EVERYONE], [domain("a.example")], []),
    "networks that overlap": ([ip("10.0.0.0/8")], [ip("10.1.0.0/16")], [ip("10.0.0.0/15")]),
    "the world without IPv4": ([EVERYONE], [ip("0.0.0.0/0")], []),
    "a mapped address is in both": ([ip("192.0.2.0/24")], [], [ip("::/0")]),
    "anywhere but one country": ([EVERYONE], [geo("FR")], []),
    "one country but not another": ([geo("DE")], [geo("FR")], []),
    "one way of two": ([EVERYONE], [idp("idp-1")], []),
    "two claims of one provider": ([oidc("idp-1", "red")], [], [oidc("idp-1", "blue")]),
    "a provider without a claim": ([idp("idp-1")], [oidc("idp-1")], []),
    "two methods": ([{"auth_method": {"auth_method": "mfa"}}], [], [{"auth_method": {"auth_method": "pwd"}}]),
    "any token but one": ([ANY], [program("1")], []),
    "a token that is any": ([program("1")], [], [ANY]),
    "no token": ([EVERYONE], [ANY], []),
    "a certificate but not one": ([CERTIFIED], [named("a")], []),
    "a common name is a certificate": ([named("a")], [], [CERTIFIED]),
    "no certificate": ([EVERYONE], [CERTIFIED], []),
    "another application but not one": ([EVERYONE], [linked("a")], []),
    "risks that overlap": ([risk("low", "medium")], [], [risk("medium", "high")]),
    "two checks": ([DISK], [{"device_posture": {"integration_uid": "other"}}], []),
    "in a group": ([in_group("staff")], [], [ANN]),
}


@pytest.mark.parametrize(("include", "exclude", "require"), POSSIBLE.values(), ids=POSSIBLE)
@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_policy_that_somebody_matches_is_left_alone(include, exclude, require, decision):
    rules = policy(decision, *include, exclude=exclude, require=require)
    assert not never_matches(rules, RULES, ALL)
    assert [finding for finding in lint_policy(rules, RULES, ALL) if not finding.place] == []


@pytest.mark.parametrize(
    ("include", "exclude", "require", "never"),
    [
        ([ANN], [], [BOB], True),
        ([ip("10.0.0.0/8")], [], [ip("192.0.2.0/24")], True),
        ([geo("FR")], [], [geo("DE")], False),  # who comes from nobody knows where is kept out
        ([geo("FR")], [geo("FR")], [], False),
        ([risk("low")], [], [risk("high")], False),
        ([DISK], [DISK], [], False),
        ([{"cloudflare_account_member": {}}], [], [], False),
        ([in_group("gone")], [], [], False),
        ([in_group("nobody")], [], [], True),
    ],
)
def test_a_deny_policy_may_match_by_what_is_not_known(include, exclude, require, never):
    assert never_matches(policy("deny", *include, exclude=exclude, require=require), RULES, ALL) is never


@pytest.mark.parametrize("decision", ["bypass", "non_identity"])
def test_before_a_login_nothing_about_a_person_matches(decision):
    (finding,) = lint_policy(policy(decision, ANN), RULES, ALL)
    assert "only a login can answer email" in finding.message
    assert lint_policy(policy(decision, ip("192.0.2.0/24")), RULES, ALL) == ()


def test_an_include_that_the_others_rule_out_is_found_at_its_place():
    rules = policy("allow", ANN, email("bad@example.com"), require=[in_group("staff")])
    (finding,) = lint_policy(rules, RULES, ALL)
    assert (finding.kind, finding.place) == (Kind.NEVER_MATCHES, ("include", 1))
    assert "email bad@example.com is demanded and ruled out" in finding.message


def test_an_exclude_that_keeps_nobody_out_is_found_at_its_place():
    (finding,) = lint_policy(policy("allow", domain("example.com"), exclude=[ANN, in_group("nobody")]), RULES, ALL)
    assert finding.place == ("exclude", 1)
    assert lint_policy(policy("allow", ANN, exclude=[{"email_list": {"id": "people"}}]), Views(Directory()), ALL) != ()


def test_a_group_of_nobody_is_found_and_so_are_its_idle_rules():
    (empty,) = lint_group(DIRECTORY.groups["nobody"], RULES, ALL)
    assert (empty.kind, empty.place) == (Kind.NEVER_MATCHES, ())
    mixed = group("mixed", ANN, BOB, exclude=[in_group("nobody")], require=[domain("example.com")])
    assert [
        finding.place for finding in lint_group(mixed, Views(directory(mixed, *DIRECTORY.groups.values())), ALL)
    ] == [
        ("include", 1),
        ("exclude", 0),
    ]
    assert lint_group(DIRECTORY.groups["staff"], RULES, ALL) == ()


def test_a_group_that_only_closes_by_what_is_not_known_is_left_alone():
    france_and_germany = group("both", geo("FR"), require=[geo("DE")])
    assert lint_group(france_and_germany, Views(directory(france_and_germany)), ALL) == ()


def kinds(*policies: Any, **fields: Any) -> list[tuple[Kind, Any]]:
    return [(one.kind, one.place) for one in lint_application(application(policies, **fields), RULES, IDPS)]


STAFF = policy("allow", in_group("staff"), name="staff")


def test_an_ordinary_application_is_left_alone():
    assert kinds(policy("deny", geo("FR")), STAFF, policy("deny")) == []


def test_no_policies_mean_that_nobody_enters():
    assert kinds() == [(Kind.NOBODY_ENTERS, ("policies",))]
    assert kinds(policy("deny")) == [(Kind.NOBODY_ENTERS, ("policies",))]
    assert kinds(policy("allow", in_group("nobody"))) == [(Kind.NOBODY_ENTERS, ("policies",))]


def test_what_stands_behind_a_deny_for_everybody_never_decides():
    found = lint_application(application([policy("deny", name="wall"), STAFF]), RULES, IDPS)
    assert [(one.kind, one.place) for one in found] == [
        (Kind.SHADOWED, ("policies", 1)),
        (Kind.NOBODY_ENTERS, ("policies",)),
    ]
    assert "'wall' is looked at first" in found[0].message
    assert found[0].hint == "move it up, or remove it"


def test_a_bypass_goes_before_a_block_that_is_listed_above_it():
    block, bypass = policy("deny", ip("10.0.0.0/8"), name="block"), policy("bypass", ip("10.0.0.0/7"), name="pass")
    found = lint_application(application([block, STAFF, bypass]), RULES, IDPS)
    assert [(one.kind, one.place) for one in found] == [(Kind.SHADOWED, ("policies", 0))]
    assert found[0].hint == "bypass policies come first wherever they are listed; restrict 'pass', or remove this"


def test_several_policies_can_leave_nothing_to_decide_together():
    one, other = policy("deny", idp("idp-1"), name="1"), policy("deny", idp("idp-2"), name="2")
    late = policy("allow", idp("idp-1"), idp("idp-2"), require=[ANN], name="3")
    found = lint_application(application([one, other, late]), RULES, IDPS)
    assert [(item.kind, item.place) for item in found][:1] == [(Kind.SHADOWED, ("policies", 2))]
    assert "one of the policies that are looked at first" in found[0].message


@pytest.mark.parametrize(
    ("earlier", "later", "never"),
    [
        (policy("allow", domain("example.com")), policy("deny", ANN), True),
        (policy("allow", ANN), policy("deny", domain("example.com")), False),
        (policy("deny", ip("10.0.0.0/8")), policy("allow", ip("10.1.0.0/16")), True),
        (policy("deny", ip("10.0.0.0/8")), policy("allow", ip("10.0.0.0/7")), False),
        (policy("deny", geo("FR")), policy("allow", geo("FR")), True),
        (policy("allow", geo("FR")), policy("deny", geo("FR")), False),  # an unknown country is kept out by the second
        (policy("bypass", ANY), policy("allow", ANY), True),
        (policy("non_identity", program("1")), policy("non_identity", ANY), False),
        (policy("deny", EVALUATED), policy("allow", EVALUATED), True),
        (policy("allow", ANN), policy("allow", ANN, require=[idp("idp-1")]), True),
        # Without a login nobody is known to be either, and the second one then decides.
        (policy("deny", idp("idp-1"), idp("idp-2")), policy("deny"), False),
    ],
)
def test_a_policy_is_shadowed_only_when_it_can_never_decide(earlier, later, never):
    assert never_decides(later, [earlier], RULES, ALL) is never


def test_a_policy_about_logins_that_the_application_does_not_take_never_matches_there():
    partners = policy("allow", idp("idp-2"), require=[domain("example.org")])
    assert kinds(STAFF, partners) == []
    assert kinds(STAFF, partners, allowed_idps=("idp-1",)) == [(Kind.NEVER_MATCHES, ("policies", 1))]


def test_policies_that_let_everybody_in_are_found():
    assert kinds(policy("allow")) == [(Kind.OPEN_TO_ALL, ("policies", 0))]
    assert kinds(policy("non_identity")) == [(Kind.OPEN_TO_ALL, ("policies", 0))]
    assert kinds(policy("bypass")) == [(Kind.OPEN_TO_ALL, ("policies", 0))]
    assert kinds(policy("allow", require=[ANN])) == []
    assert kinds(policy("allow", exclude=[ANN])) == []


def test_a_bypass_of_one_path_is_what_bypasses_are_for():
    assert kinds(policy("bypass"), domain="wiki.example.com/health") == []
    assert kinds(policy("bypass"), domain="wiki.example.com/health", self_hosted_domains=("wiki.example.com",)) == [
        (Kind.OPEN_TO_ALL, ("policies", 0))
    ]


def test_the_message_names_the_ways_to_sign_in():
    (finding,) = lint_application(application([policy("allow")], allowed_idps=("idp-2",)), RULES, IDPS)
    assert "whoever can sign in with 'Partners' can enter" in finding.message


def test_where_nobody_can_sign_in_an_open_policy_opens_nothing():
    assert lint_application(application([policy("allow")]), RULES, {}) == ()


def test_wildcard_hosts_are_found_each_once():
    fields = {
        "domain": "*.example.com",
        "self_hosted_domains": ("*.example.com", "a.example.com", "x-*.example.com/a*"),
    }
    found = lint_application(application([STAFF], **fields), RULES, IDPS)
    assert [(one.kind, one.place) for one in found] == [
        (Kind.WILDCARD_HOST, ("host", "*.example.com")),
        (Kind.WILDCARD_HOST, ("host", "x-*.example.com/a*")),
    ]
    assert "SECURITY.md" in found[0].hint


def test_what_would_take_too_long_is_not_said(monkeypatch):
    names = [[domain(f"{letter}{number}.example") for number in range(4)] for letter in "abc"]
    groups = [group(f"g{number}", *rules) for number, rules in enumerate(names)]
    rules = policy("allow", require=[in_group("g0"), in_group("g1"), in_group("g2")])
    assert never_matches(rules, Views(directory(*groups)), ALL)
    monkeypatch.setattr(outlook, "MOST_CASES", 8)
    assert not never_matches(rules, Views(directory(*groups)), ALL)


def test_long_reasons_are_cut_short():
    many = [email(f"{number}@example.com") for number in range(9)]
    (finding,) = lint_policy(policy("allow", many[0], require=many[1:]), RULES, ALL)
    assert "and 6 more at once" in finding.message


def test_findings_are_values():
    assert Finding(Kind.SHADOWED, (), "a", "b") == Finding(Kind.SHADOWED, (), "a", "b")
