"""The engine against ``tests.policy.model`` and against what must hold for any policies at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy import model

from doorward.identity import Identity
from doorward.policy.continuous import changes_between_requests, looks_at_what_is_shown
from doorward.policy.evaluate import evaluate
from doorward.policy.learned import Evaluation, Learned, Posture, Risk, Word
from doorward.policy.model import AccessGroup, Directory, Evidence, Policy, RuleList
from doorward.policy.questions import open_questions
from doorward.policy.verdict import Match, Outcome, RuleTrace, Verdict

ADDRESSES = ["a@x.org", "B@x.org", "c@y.org", "a@x.org@y.org", "nobody"]
GROUPS = ["g0", "g1", "g2", "g3", "gone"]
ASKED = ["https://a.test/ask", "https://b.test/ask"]
ENTERS = {Outcome.ALLOW, Outcome.BYPASS, Outcome.SERVICE_AUTH}

LEAVES = st.sampled_from(
    [
        {"everyone": {}},
        {"email": {"email": "a@x.org"}},
        {"email": {"email": "b@x.org"}},
        {"email_domain": {"domain": "x.org"}},
        {"email_domain": {"domain": "y.org"}},
        {"email_list": {"id": "people"}},
        {"email_list": {"id": "gone"}},
        {"ip": {"ip": "192.0.2.0/30"}},
        {"ip": {"ip": "192.0.2.2/31"}},
        {"ip_list": {"id": "places"}},
        {"ip_list": {"id": "gone"}},
        {"geo": {"country_code": "FR"}},
        {"geo": {"country_code": "DE"}},
        {"login_method": {"id": "idp-1"}},
        {"auth_method": {"auth_method": "mfa"}},
        {"oidc": {"claim_name": "team", "claim_value": "red", "identity_provider_id": "idp-1"}},
        {"saml": {"attribute_name": "team", "attribute_value": "red", "identity_provider_id": "idp-2"}},
        {"cloudflare_account_member": {}},
        {"service_token": {"token_id": "7"}},
        {"any_valid_service_token": {}},
        {"linked_app_token": {"app_uid": "other"}},
        {"device_posture": {"integration_uid": "disk"}},
        {"device_posture": {"integration_uid": "gone"}},
        {"user_risk_score": {"user_risk_score": ["low", "unscored"]}},
        {"external_evaluation": {"evaluate_url": "https://a.test/ask", "keys_url": "https://a.test/keys"}},
        {"external_evaluation": {"evaluate_url": "https://b.test/ask", "keys_url": "https://b.test/keys"}},
        {"azureAD": {"id": "7", "identity_provider_id": "idp-1"}},
        {"okta": {"name": "Staff", "identity_provider_id": "idp-1"}},
        {"gsuite": {"email": "staff@x.org", "identity_provider_id": "idp-2"}},
        {"github-organization": {"name": "Acme", "identity_provider_id": "idp-1"}},
        {"github-organization": {"name": "acme", "team": "ops", "identity_provider_id": "idp-2"}},
        {"auth_context": {"id": "", "ac_id": "c1", "identity_provider_id": "idp-1"}},
    ]
)
RULES = st.one_of(LEAVES, st.sampled_from([{"group": {"id": name}} for name in GROUPS]))
FEW = st.lists(RULES, max_size=2)
HOLDERS = st.fixed_dictionaries({"include": st.lists(RULES, min_size=1, max_size=3), "exclude": FEW, "require": FEW})
DECISIONS = st.sampled_from(["allow", "allow", "deny", "bypass", "non_identity"])
POLICIES = st.lists(st.tuples(DECISIONS, HOLDERS), max_size=4).map(
    lambda pairs: [
        {"id": str(number), "name": f"p{number}", "decision": decision} | holder
        for number, (decision, holder) in enumerate(pairs)
    ]
)
PEOPLE = st.fixed_dictionaries(
    {
        "id": st.just("sub"),
        "idp_type": st.just("oidc"),
        "email": st.sampled_from(ADDRESSES),
        "idp_id": st.sampled_from(["idp-1", "idp-2"]),
        "amr": st.sampled_from([[], ["pwd"], ["pwd", "mfa"]]),
        "oidc_fields": st.sampled_from(
            [{}, {"team": "red"}, {"team": ["blue", "red"]}, {"team": "redder"}, {"acrs": ["c1"]}, {"acrs": "c1"}]
        ),
        "groups": st.lists(
            st.sampled_from(
                [
                    {"id": "7", "name": "Staff"},
                    {"id": "8", "name": "7"},
                    {"id": "9", "name": "staff@x.org"},
                    {"id": "10", "name": "Everybody", "email": "Staff@X.org"},
                    {"id": "11", "name": "ACME:ops"},
                    {"id": "12", "name": "acme/sales"},
                    {"id": "13", "name": "acmeops"},
                ]
            ),
            max_size=3,
        ),
        "saml_attributes": st.sampled_from([{}, {"team": "red"}, {"team": ["blue"]}]),
        "groups_complete": st.sampled_from([True, True, False]),
        "incomplete": st.sampled_from([[], [], ["team"], ["other"], ["*"], ["acrs", "amr"]]),
    }
)
ADDRESS = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.9", "2001:db8::1"])
COUNTRY = st.sampled_from(["FR", "DE", "GB"])
SERVICE_TOKEN = st.sampled_from(["7", "8"])
LISTS = {
    "people": {"emails": ["b@x.org", "c@y.org"], "networks": []},
    "places": {"emails": [], "networks": ["192.0.2.9/32", "2001:db8::/64"]},
}
WORLDS = st.builds(
    model.World,
    groups=st.dictionaries(st.sampled_from(GROUPS[:4]), HOLDERS),
    lists=st.just(LISTS),
    person=st.none() | PEOPLE,
    ip=st.none() | ADDRESS,
    country=st.none() | COUNTRY,
    service_token=st.none() | SERVICE_TOKEN,
    postures=st.fixed_dictionaries({}, optional={"disk": st.sampled_from([True, False, None])}),
    risk=st.sampled_from([None, "?", "low", "medium", "high", "unscored"]),
    answers=st.fixed_dictionaries(
        {}, optional={f"https://{name}.test/ask": st.sampled_from(["yes", "no", "failed"]) for name in "ab"}
    ),
    linked=st.sampled_from([None, "other", "third"]),
)


def parsed(policies: list[dict[str, Any]]) -> list[Policy]:
    return [Policy.model_validate(policy) for policy in policies]


def directory(world: model.World) -> Directory:
    return Directory(
        groups={
            name: AccessGroup.model_validate({"id": name, "name": name} | group) for name, group in world.groups.items()
        },
        lists={
            name: RuleList.model_validate({"id": name, "name": name} | found) for name, found in world.lists.items()
        },
    )


def evidence(world: model.World) -> Evidence:
    person = None if world.person is None else Identity.model_validate(world.person)
    return Evidence(
        identity=person, ip=world.ip, country=world.country, service_token=world.service_token, learned=learned(world)
    )


def learned(world: model.World) -> Learned:
    risk = None if world.risk is None else Risk(level=None if world.risk == "?" else world.risk, because="reported")
    return Learned(
        postures={name: Posture(passed=passed, because="reported") for name, passed in world.postures.items()},
        risk=risk,
        evaluations={
            (url, url.replace("/ask", "/keys")): Evaluation(word=Word(word), because="asked")
            for url, word in world.answers.items()
        },
        linked=world.linked,
    )


def engine(policies: list[dict[str, Any]], world: model.World) -> Verdict:
    return evaluate(parsed(policies), evidence(world), directory(world))


@given(POLICIES, WORLDS)
@settings(max_examples=600, deadline=None)
def test_g10_141_the_engine_says_what_the_slow_model_says(policies: list[dict[str, Any]], world: model.World) -> None:
    verdict = engine(policies, world)
    assert (verdict.outcome.value, verdict.policy and verdict.policy.name) == model.decide(policies, world)


@given(POLICIES, WORLDS, PEOPLE)
@settings(max_examples=300, deadline=None)
def test_whoever_is_refused_before_a_login_would_be_refused_after_it(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any]
) -> None:
    before = engine(policies, replace(world, person=None))
    after = engine(policies, replace(world, person=person))
    match before.outcome:
        case Outcome.LOGIN:
            assert after.identity_decided
            assert after.outcome in {Outcome.ALLOW, Outcome.DENY} or open_questions(after)
        case _:
            assert after.outcome is before.outcome
            assert not after.identity_decided
    assert before.service_auth_only == after.service_auth_only


@given(POLICIES, WORLDS, ADDRESS, COUNTRY)
@settings(max_examples=300, deadline=None)
def test_knowing_less_never_opens_the_door(
    policies: list[dict[str, Any]], world: model.World, ip: str, country: str
) -> None:
    blind = engine(policies, replace(world, ip=None, country=None))
    seeing = engine(policies, replace(world, ip=ip, country=country))
    if blind.outcome in ENTERS:
        assert seeing.outcome in ENTERS
    if blind.outcome is Outcome.LOGIN:
        assert seeing.outcome is not Outcome.DENY


@given(POLICIES, WORLDS, PEOPLE, st.sampled_from([["team"], ["*"], ["team", "acrs", "amr"]]), st.integers(0, 2))
@settings(max_examples=300, deadline=None)
def test_g7_107_what_a_provider_leaves_out_never_opens_the_door(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any], gaps: list[str], kept: int
) -> None:
    lost = {"team", "acrs"} if "*" in gaps else {*gaps}
    facts = {
        kind: {name: value for name, value in person[kind].items() if name not in lost}
        for kind in ("oidc_fields", "saml_attributes")
    }
    less = {"groups": person["groups"][:kept], "groups_complete": False, "incomplete": [*person["incomplete"], *gaps]}
    less |= {"amr": []} if "amr" in gaps else {}
    if engine(policies, replace(world, person=person | facts | less)).outcome in ENTERS:
        assert engine(policies, replace(world, person=person)).outcome in ENTERS


@given(POLICIES, WORLDS, st.sampled_from(GROUPS[:4]))
@settings(max_examples=300, deadline=None)
def test_a_group_that_gets_lost_never_opens_the_door(
    policies: list[dict[str, Any]], world: model.World, lost: str
) -> None:
    # Not where it stood in a circle: there its loss is what lets the rest of the circle be answered.
    if lost in world.groups and lost in model.everything_below(lost, world):
        return
    groups = {name: group for name, group in world.groups.items() if name != lost}
    without = engine(policies, replace(world, groups=groups))
    if without.outcome in ENTERS:
        assert engine(policies, world).outcome in ENTERS


@given(POLICIES, WORLDS, ADDRESS, COUNTRY)
@settings(max_examples=300, deadline=None)
def test_what_does_not_change_between_requests_gives_the_same_verdict_from_anywhere(
    policies: list[dict[str, Any]], world: model.World, ip: str, country: str
) -> None:
    if changes_between_requests(parsed(policies), directory(world)):
        return
    elsewhere = engine(policies, replace(world, ip=ip, country=country))
    assert elsewhere.outcome is engine(policies, world).outcome


@given(POLICIES, WORLDS, PEOPLE)
@settings(max_examples=300, deadline=None)
def test_who_was_let_in_while_showing_a_service_token_still_is_without_it_where_nothing_changes(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any]
) -> None:
    if changes_between_requests(parsed(policies), directory(world)):
        return
    with_it = engine(policies, replace(world, person=person))
    if with_it.outcome is Outcome.ALLOW:
        assert engine(policies, replace(world, person=person, service_token=None)).outcome is Outcome.ALLOW


@given(POLICIES, WORLDS, PEOPLE)
@settings(max_examples=300, deadline=None)
def test_reports_and_links_that_end_change_nothing_where_nothing_changes_between_requests(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any]
) -> None:
    if changes_between_requests(parsed(policies), directory(world)):
        return
    before = engine(policies, replace(world, person=person))
    after = engine(policies, replace(world, person=person, postures={}, risk="high", linked=None))
    if before.outcome is Outcome.ALLOW:
        assert after.outcome is Outcome.ALLOW


@given(POLICIES, WORLDS, PEOPLE)
@settings(max_examples=300, deadline=None)
def test_who_is_let_in_knowing_nothing_of_the_request_is_let_in_whatever_it_is(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any]
) -> None:
    about_people = [each for each in policies if each["decision"] in {"allow", "deny"}]
    if looks_at_what_is_shown(parsed(about_people), directory(world)):
        return
    blind = replace(world, person=person, ip=None, country=None, service_token=None, linked=None)
    if engine(about_people, blind).outcome is Outcome.ALLOW:
        assert engine(about_people, replace(world, person=person)).outcome is Outcome.ALLOW
        assert engine(policies, replace(world, person=person)).outcome in ENTERS


@given(POLICIES, WORLDS, PEOPLE, st.sampled_from(["yes", "no", "failed"]))
@settings(max_examples=300, deadline=None)
def test_answering_what_is_asked_ends_in_a_decision_and_nothing_is_asked_in_vain(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any], word: str
) -> None:
    world = replace(world, person=person)
    for _ in range(3):
        verdict = engine(policies, world)
        questions = open_questions(verdict)
        assert (verdict.outcome is Outcome.LOGIN) == bool(questions)
        if not questions:
            return
        assert not {question.evaluate_url for question in questions} & world.answers.keys()
        world = replace(world, answers=world.answers | {question.evaluate_url: word for question in questions})
    raise AssertionError("two services can be asked at most twice")


@given(POLICIES, WORLDS, PEOPLE)
@settings(max_examples=300, deadline=None)
def test_an_answer_that_fails_never_opens_the_door(
    policies: list[dict[str, Any]], world: model.World, person: dict[str, Any]
) -> None:
    failed = engine(policies, replace(world, person=person, answers=dict.fromkeys(ASKED, "failed")))
    if failed.outcome in ENTERS:
        for word in ("yes", "no"):
            answered = replace(world, person=person, answers=dict.fromkeys(ASKED, word))
            assert engine(policies, answered).outcome in ENTERS


def every_rule(rules: tuple[RuleTrace, ...]) -> list[RuleTrace]:
    return [each for rule in rules for each in (rule, *every_rule(rule.inside))]


@given(POLICIES, WORLDS)
@settings(max_examples=200, deadline=None)
def test_the_trace_explains_the_outcome(policies: list[dict[str, Any]], world: model.World) -> None:
    verdict = engine(policies, world)
    for policy in verdict.trace:
        assert policy.rules
        assert all(rule.because for rule in every_rule(policy.rules))
        by_part = {
            part: [rule.match for rule in policy.rules if rule.part == part]
            for part in ("include", "exclude", "require")
        }
        if policy.match is Match.YES:
            assert Match.YES in by_part["include"]
            assert set(by_part["exclude"]) <= {Match.NO}
            assert set(by_part["require"]) <= {Match.YES}
        if policy.match is Match.NO:
            assert (
                set(by_part["include"]) == {Match.NO}
                or Match.YES in by_part["exclude"]
                or Match.NO in by_part["require"]
            )
    if verdict.policy is not None:
        assert verdict.trace[-1].policy_id == verdict.policy.id
        assert verdict.trace[-1].match is Match.YES
    else:
        assert verdict.outcome in {Outcome.LOGIN, Outcome.DENY}
