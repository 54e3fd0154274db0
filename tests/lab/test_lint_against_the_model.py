"""What lint says is certain: against ``tests.policy.model``, world by world."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lab.build import application
from tests.policy import model
from tests.policy.test_against_the_model import POLICIES, WORLDS, directory, parsed

from doorward.lab.lint import (
    Kind,
    always_matches,
    evaluation_order,
    lint_application,
    lint_group,
    lint_policy,
    never_decides,
    never_matches,
)
from doorward.lab.outlook import Views
from doorward.policy.model import Policy

IDPS = frozenset({"idp-1", "idp-2"})
NAMES = {name: name for name in IDPS}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def known(world: model.World) -> model.World:
    """With what lint takes for granted: an address, and a well-formed e-mail address."""
    person = world.person
    if person is not None and person["email"] not in {"a@x.org", "B@x.org", "c@y.org"}:
        person = person | {"email": "d@y.org"}
    return replace(world, ip=world.ip or "192.0.2.1", person=person)


def as_seen(policy: dict[str, Any], world: model.World) -> model.World:
    """Bypass and service auth policies see no person (access.md 4.1)."""
    return world if policy["decision"] in {"allow", "deny"} else replace(world, person=None)


MANY_WORLDS = st.tuples(WORLDS, st.lists(WORLDS, min_size=6, max_size=12)).map(
    lambda drawn: [known(replace(world, groups=drawn[0].groups)) for world in (drawn[0], *drawn[1])]
)


@given(POLICIES, MANY_WORLDS)
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_what_never_matches_matches_in_no_world(policies: list[dict[str, Any]], worlds: list[model.World]) -> None:
    rules = Views(directory(worlds[0]))
    for policy, written in zip(parsed(policies), policies, strict=True):
        if never_matches(policy, rules, IDPS):
            assert all(model.policy_value(written, as_seen(written, world)) != 1 for world in worlds)


@given(POLICIES, MANY_WORLDS)
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_what_always_matches_matches_in_every_world(policies: list[dict[str, Any]], worlds: list[model.World]) -> None:
    rules = Views(directory(worlds[0]))
    for policy, written in zip(parsed(policies), policies, strict=True):
        if always_matches(policy, rules, IDPS):
            seen = [as_seen(written, world) for world in worlds]
            people = [
                world for world in seen if world.person is not None or written["decision"] not in {"allow", "deny"}
            ]
            assert all(model.policy_value(written, world) == 1 for world in people)


@given(POLICIES, MANY_WORLDS)
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_a_policy_that_never_decides_decides_in_no_world(
    policies: list[dict[str, Any]], worlds: list[model.World]
) -> None:
    rules = Views(directory(worlds[0]))
    earlier: list[Policy] = []
    for _, policy in evaluation_order(parsed(policies)):
        if never_decides(policy, earlier, rules, IDPS):
            assert all(model.decide(policies, world)[1] != policy.name for world in worlds)
        earlier.append(policy)


@given(POLICIES, MANY_WORLDS)
@settings(max_examples=80, deadline=None, suppress_health_check=SLOW)
def test_an_application_that_nobody_enters_lets_nobody_in(
    policies: list[dict[str, Any]], worlds: list[model.World]
) -> None:
    found = lint_application(application(parsed(policies)), Views(directory(worlds[0])), NAMES)
    if Kind.NOBODY_ENTERS in {finding.kind for finding in found}:
        assert not {model.decide(policies, world)[0] for world in worlds} & {"allow", "bypass", "service_auth"}


@given(POLICIES, MANY_WORLDS)
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_rules_that_are_idle_can_be_left_out(policies: list[dict[str, Any]], worlds: list[model.World]) -> None:
    for policy, written in zip(parsed(policies), policies, strict=True):
        for finding in lint_policy(policy, Views(directory(worlds[0])), IDPS):
            if not finding.place:
                continue
            part, index = finding.place
            without = written | {part: [rule for at, rule in enumerate(written[part]) if at != index]}
            for world in (as_seen(written, world) for world in worlds):
                assert (model.policy_value(without, world) == 1) >= (model.policy_value(written, world) == 1)
                assert (model.policy_value(written, world) == 1) >= (model.policy_value(without, world) == 1)


@given(MANY_WORLDS, st.sampled_from(["allow", "deny"]))
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_nobody_is_in_a_group_that_nobody_is_in(worlds: list[model.World], decision: str) -> None:
    rules = Views(directory(worlds[0]))
    for name, group in rules.directory.groups.items():
        if any(not finding.place for finding in lint_group(group, rules, IDPS)):
            policy = {"decision": decision, "include": [{"group": {"id": name}}], "exclude": [], "require": []}
            assert all(model.policy_value(policy, world) != 1 for world in worlds)


PLAIN: list[dict[str, Any]] = [
    {"everyone": {}},
    {"email": {"email": "a@x.org"}},
    {"email": {"email": "b@x.org"}},
    {"email_domain": {"domain": "x.org"}},
    {"email_domain": {"domain": "y.org"}},
    {"email_list": {"id": "people"}},
    {"ip": {"ip": "192.0.2.0/30"}},
    {"ip": {"ip": "192.0.2.2/31"}},
    {"ip_list": {"id": "places"}},
    {"geo": {"country_code": "FR"}},
    {"login_method": {"id": "idp-1"}},
    {"login_method": {"id": "idp-2"}},
    {"auth_method": {"auth_method": "mfa"}},
    {"service_token": {"token_id": "7"}},
    {"any_valid_service_token": {}},
    {"group": {"id": "g0"}},
]
FEW_PLAIN = st.lists(st.sampled_from(PLAIN), max_size=2)
PLAIN_HOLDERS = st.fixed_dictionaries(
    {"include": st.lists(st.sampled_from(PLAIN), min_size=1, max_size=2), "exclude": FEW_PLAIN, "require": FEW_PLAIN}
)
LISTS = {
    "people": {"emails": ["b@x.org", "c@y.org"], "networks": []},
    "places": {"emails": [], "networks": ["192.0.2.9/32", "2001:db8::/64"]},
}
KNOWN_IN_FULL: dict[str, Any] = {"groups_complete": True, "incomplete": []}
EVERYBODY = [
    {"email": email, "idp_id": idp, "amr": amr, "oidc_fields": {}, "saml_attributes": {}, "groups": []} | KNOWN_IN_FULL
    for email, idp, amr in product(
        ["a@x.org", "b@x.org", "z@x.org", "c@y.org", "z@y.org", "z@z.org"], IDPS, [[], ["mfa"]]
    )
]
ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.9", "198.51.100.1", "2001:db8::1", "::ffff:192.0.2.1"]


def all_worlds(group: dict[str, Any]) -> list[model.World]:
    """Every world that these rules can tell apart."""
    return [
        model.World({"g0": group}, LISTS, person, ip, country, token)
        for person, ip, country, token in product(EVERYBODY, ADDRESSES[:5], ["FR", "DE", None], [None, "7", "8"])
    ]


@given(PLAIN_HOLDERS, PLAIN_HOLDERS, st.sampled_from(["allow", "deny"]))
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
def test_whatever_matches_in_no_world_at_all_is_found(
    group: dict[str, Any], holder: dict[str, Any], decision: str
) -> None:
    written = {"id": "1", "name": "p", "decision": decision} | holder
    worlds = all_worlds(group)
    somewhere = any(model.policy_value(written, world) == 1 for world in worlds)
    assert never_matches(parsed([written])[0], Views(directory(worlds[0])), IDPS) is not somewhere
