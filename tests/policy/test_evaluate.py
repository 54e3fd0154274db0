from __future__ import annotations

import itertools

import pytest
from tests.policy.build import (
    ANSWERLESS,
    EVERYONE,
    OFFICE,
    directory,
    email,
    evidence,
    group,
    in_group,
    person,
    policy,
)

from doorward.policy.evaluate import DEEPEST_NESTING, evaluate
from doorward.policy.model import Directory, Policy
from doorward.policy.verdict import Match, Outcome

ANN = email("ann@example.com")
BOB = email("bob@example.com")
SIGNED_IN = evidence(person())
NOBODY_YET = evidence()
EMPTY = Directory()


def outcome(*policies: Policy, known=SIGNED_IN, among: Directory = EMPTY) -> Outcome:
    return evaluate(policies, known, among).outcome


def test_g10_140_no_policies_means_no_entry() -> None:
    for known in (SIGNED_IN, NOBODY_YET):
        verdict = evaluate([], known, EMPTY)
        assert verdict.outcome is Outcome.DENY
        assert verdict.policy is None
        assert verdict.trace == ()
        assert not verdict.identity_decided
        assert not verdict.service_auth_only


def test_an_allow_policy_that_matches_lets_in_and_is_named() -> None:
    allow = policy("allow", ANN)
    verdict = evaluate([allow], SIGNED_IN, EMPTY)
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.policy == allow
    assert verdict.identity_decided


def test_an_allow_policy_that_does_not_match_leaves_the_door_closed() -> None:
    verdict = evaluate([policy("allow", BOB)], SIGNED_IN, EMPTY)
    assert verdict.outcome is Outcome.DENY
    assert verdict.policy is None
    assert verdict.identity_decided


def test_a_deny_policy_blocks_whom_it_matches_and_nobody_else() -> None:
    block, allow = policy("deny", BOB), policy("allow")
    assert outcome(block, allow) is Outcome.ALLOW
    verdict = evaluate([block, allow], evidence(person("bob@example.com")), EMPTY)
    assert verdict.outcome is Outcome.DENY
    assert verdict.policy == block
    assert verdict.identity_decided


def test_the_first_allow_or_deny_that_matches_decides() -> None:
    assert outcome(policy("allow", ANN), policy("deny", ANN)) is Outcome.ALLOW
    assert outcome(policy("deny", ANN), policy("allow", ANN)) is Outcome.DENY


def test_service_auth_and_bypass_come_before_allow_and_deny_wherever_they_are_listed() -> None:
    known = evidence(person(), ip="192.0.2.7")
    assert outcome(policy("deny"), policy("bypass", OFFICE), known=known) is Outcome.BYPASS
    assert outcome(policy("allow"), policy("non_identity", OFFICE), known=known) is Outcome.SERVICE_AUTH
    assert outcome(policy("deny"), policy("bypass", OFFICE), known=evidence(ip="198.51.100.1")) is Outcome.DENY


def test_among_service_auth_and_bypass_the_first_that_matches_decides() -> None:
    service, bypass = policy("non_identity"), policy("bypass")
    assert evaluate([service, bypass], NOBODY_YET, EMPTY).policy == service
    assert evaluate([bypass, service], NOBODY_YET, EMPTY).policy == bypass
    assert outcome(policy("bypass", OFFICE), service, known=NOBODY_YET) is Outcome.SERVICE_AUTH


@pytest.mark.parametrize("decision", ["bypass", "non_identity"])
@pytest.mark.parametrize("known", [NOBODY_YET, SIGNED_IN])
def test_rules_about_a_person_never_bypass_not_even_for_that_person(decision: str, known) -> None:
    assert outcome(policy(decision, ANN), known=known) is Outcome.DENY
    assert outcome(policy(decision, exclude=[BOB]), known=known) is Outcome.DENY
    assert outcome(policy(decision, require=[ANN]), known=known) is Outcome.DENY


def test_nobody_identified_yet_is_asked_to_log_in_when_an_allow_could_match() -> None:
    for allow in (
        policy("allow", BOB),
        policy("allow"),
        policy("allow", exclude=[BOB]),
        policy("allow", require=[BOB]),
    ):
        verdict = evaluate([allow], NOBODY_YET, EMPTY)
        assert verdict.outcome is Outcome.LOGIN
        assert verdict.policy is None
        assert not verdict.identity_decided


def test_no_login_is_offered_when_other_facts_already_rule_everybody_out() -> None:
    away = evidence(ip="198.51.100.1", country="FR")
    for impossible in (
        policy("allow", ANN, require=[OFFICE]),
        policy("allow", ANN, exclude=[{"geo": {"country_code": "FR"}}]),
        policy("allow", OFFICE),
    ):
        verdict = evaluate([impossible], away, EMPTY)
        assert verdict.outcome is Outcome.DENY
        assert not verdict.identity_decided
        assert outcome(impossible, policy("allow", BOB), known=away) is Outcome.LOGIN


def test_a_deny_that_needs_no_identity_ends_it_before_a_login_unless_an_allow_stands_above() -> None:
    block = policy("deny", {"geo": {"country_code": "FR"}})
    french = evidence(country="FR")
    verdict = evaluate([block, policy("allow")], french, EMPTY)
    assert verdict.outcome is Outcome.DENY
    assert verdict.policy == block
    assert not verdict.identity_decided
    assert outcome(policy("allow", ANN), block, known=french) is Outcome.LOGIN
    assert outcome(policy("deny", BOB), policy("allow"), known=french) is Outcome.LOGIN


def test_a_denial_that_no_login_could_have_changed_does_not_rest_on_the_identity() -> None:
    verdict = evaluate([policy("allow", ANN, require=[OFFICE])], evidence(person(), ip="198.51.100.1"), EMPTY)
    assert verdict.outcome is Outcome.DENY
    assert not verdict.identity_decided


def test_service_auth_only_means_that_no_login_can_help_but_a_credential_could() -> None:
    def only(*policies: Policy) -> bool:
        return evaluate(policies, NOBODY_YET, EMPTY).service_auth_only

    service = policy("non_identity", ANSWERLESS)
    assert only(service)
    assert only(policy("non_identity"))
    assert only(service, policy("deny"))
    assert only(service, policy("bypass", OFFICE))
    assert not only(service, policy("allow"))
    assert not only(policy("deny"))
    assert not only(policy("bypass"))


@pytest.mark.parametrize(
    ("include", "exclude", "require", "matches"),
    [
        ([ANN], [], [], True),
        ([BOB, ANN], [], [], True),
        ([BOB], [], [], False),
        ([EVERYONE], [BOB], [], True),
        ([EVERYONE], [BOB, ANN], [], False),
        ([EVERYONE], [], [ANN], True),
        ([EVERYONE], [], [ANN, OFFICE], True),
        ([EVERYONE], [], [ANN, BOB], False),
        ([EVERYONE], [], [BOB], False),
        ([ANN], [ANN], [ANN], False),
        ([ANSWERLESS], [], [], False),
        ([ANSWERLESS, ANN], [], [], True),
        ([EVERYONE], [], [ANSWERLESS], False),
        ([EVERYONE], [ANSWERLESS], [], False),
    ],
)
def test_any_include_all_require_and_no_exclude(include, exclude, require, matches: bool) -> None:
    known = evidence(person(), ip="192.0.2.7")
    allow = policy("allow", *include, exclude=exclude, require=require)
    assert outcome(allow, known=known) is (Outcome.ALLOW if matches else Outcome.DENY)
    staff = directory(group("staff", *include, exclude=exclude, require=require))
    assert outcome(policy("allow", in_group("staff")), known=known, among=staff) is outcome(allow, known=known)


UNANSWERABLE = [
    ANSWERLESS,
    {"email_list": {"id": "gone"}},
    {"ip_list": {"id": "gone"}},
    in_group("gone"),
    in_group("loop"),
    OFFICE,
    {"geo": {"country_code": "FR"}},
]


@pytest.mark.parametrize("rule", UNANSWERABLE, ids=str)
@pytest.mark.parametrize("identity", [None, person()], ids=["before login", "after login"])
def test_a_rule_that_cannot_be_answered_keeps_the_door_closed_wherever_it_stands(rule, identity) -> None:
    known = evidence(identity)  # neither address nor country is known
    loop = group("loop", in_group("loop"))
    for index, groups in enumerate(
        [
            directory(loop),
            directory(
                loop, group("in", rule), group("out", EVERYONE, exclude=[rule]), group("must", EVERYONE, require=[rule])
            ),
        ]
    ):
        inside = [rule] if index == 0 else [in_group("in"), in_group("must")]
        outside = [] if index == 0 else [in_group("out")]
        for each in inside:
            assert outcome(policy("allow", each), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("allow", require=[each]), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("allow", exclude=[each]), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("deny", each), policy("allow"), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("deny", require=[each]), policy("allow"), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("deny", exclude=[each]), policy("allow"), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("bypass", each), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("bypass", exclude=[each]), known=known, among=groups) is Outcome.DENY
        for each in outside:
            assert outcome(policy("allow", each), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("allow", exclude=[each]), known=known, among=groups) is Outcome.DENY
            assert outcome(policy("deny", each), policy("allow"), known=known, among=groups) is Outcome.DENY


def test_groups_nest() -> None:
    among = directory(
        group("all", in_group("staff"), in_group("guests"), exclude=[in_group("banned")]),
        group("staff", {"email_domain": {"domain": "example.com"}}),
        group("guests", email("guest@other.org")),
        group("banned", BOB),
    )
    allow = policy("allow", in_group("all"))
    for address, expected in [
        ("ann@example.com", Outcome.ALLOW),
        ("guest@other.org", Outcome.ALLOW),
        ("bob@example.com", Outcome.DENY),
        ("eve@other.org", Outcome.DENY),
    ]:
        assert outcome(allow, known=evidence(person(address)), among=among) is expected
    assert outcome(allow, known=NOBODY_YET, among=among) is Outcome.LOGIN


def test_a_group_in_its_own_chain_does_not_loop_and_is_not_a_match() -> None:
    among = directory(group("a", in_group("b"), ANN), group("b", in_group("c")), group("c", in_group("a"), EVERYONE))
    allow = policy("allow", in_group("a"))
    assert outcome(allow, among=among) is Outcome.ALLOW  # by the rule of its own that is in no circle
    verdict = evaluate([allow], evidence(person("bob@example.com")), among)
    assert verdict.outcome is Outcome.DENY
    (rule,) = verdict.trace[0].rules
    assert rule.inside[0].match is Match.NO
    assert rule.inside[0].because == "the group B leads back to the group it stands in, so this counts as not matching"


def test_what_a_group_says_does_not_depend_on_the_way_to_it() -> None:
    among = directory(group("a", in_group("b"), ANN), group("b", in_group("a"), BOB))
    bob = evidence(person("bob@example.com"))
    for names in itertools.permutations(["a", "b"]):
        assert outcome(policy("allow", *map(in_group, names)), known=bob, among=among) is Outcome.ALLOW
    assert outcome(policy("allow", in_group("a")), known=bob, among=among) is Outcome.DENY


def test_groups_are_not_followed_without_end() -> None:
    names = [f"g{number}" for number in range(DEEPEST_NESTING + 1)]
    chain = [group(name, in_group(inner)) for name, inner in itertools.pairwise(names)]
    among = directory(*chain, group(names[-1], EVERYONE))
    assert outcome(policy("allow", in_group(names[1])), among=among) is Outcome.ALLOW
    verdict = evaluate([policy("allow", in_group(names[0]))], SIGNED_IN, among)
    assert verdict.outcome is Outcome.DENY
    assert "nested more than 50 deep" in verdict.model_dump_json()


def test_groups_that_share_groups_are_weighed_once_each() -> None:
    layers = 40
    diamond = [
        group(f"{side}{layer}", in_group(f"a{layer + 1}"), in_group(f"b{layer + 1}"))
        for layer in range(layers)
        for side in "ab"
    ]
    among = directory(*diamond, group(f"a{layers}", BOB), group(f"b{layers}", BOB))
    assert outcome(policy("allow", in_group("a0")), among=among) is Outcome.DENY  # 2^40 ways down


def test_the_trace_names_every_policy_and_rule_looked_at_in_order_and_says_why() -> None:
    among = directory(group("staff", BOB, ANN))
    policies = [
        policy("allow", in_group("staff"), exclude=[OFFICE], name="Staff"),
        policy("deny", BOB, name="No Bob"),
        policy("bypass", OFFICE, name="Office"),
    ]
    verdict = evaluate(policies, evidence(person(), ip="198.51.100.1"), among)
    assert verdict.outcome is Outcome.ALLOW
    assert [(each.policy_name, each.match) for each in verdict.trace] == [("Office", Match.NO), ("Staff", Match.YES)]
    office, staff = verdict.trace
    assert office.rules[0].because == "the address 198.51.100.1 is not in 192.0.2.0/24"
    assert office.rules[0].rule == OFFICE
    assert [(rule.part, rule.match, rule.because) for rule in staff.rules] == [
        ("include", Match.YES, "the visitor is in the group Staff"),
        ("exclude", Match.NO, "the address 198.51.100.1 is not in 192.0.2.0/24"),
    ]
    assert [(rule.rule, rule.match) for rule in staff.rules[0].inside] == [(BOB, Match.NO), (ANN, Match.YES)]


def test_the_trace_goes_to_json_and_back() -> None:
    verdict = evaluate([policy("allow", in_group("x"), ANSWERLESS, OFFICE)], SIGNED_IN, EMPTY)
    assert type(verdict).model_validate_json(verdict.model_dump_json()) == verdict
    assert [rule.rule for rule in verdict.trace[0].rules] == [in_group("x"), ANSWERLESS, OFFICE]


def test_every_rule_looked_at_has_its_reason() -> None:
    rules = [*UNANSWERABLE, BOB, {"login_method": {"id": "other"}}, {"auth_method": {"auth_method": "mfa"}}]
    for known in (SIGNED_IN, NOBODY_YET):
        verdict = evaluate([policy("allow", *rules)], known, EMPTY)
        assert len(verdict.trace[0].rules) == len(rules)
        assert all(rule.because for rule in verdict.trace[0].rules)
