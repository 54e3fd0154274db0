"""Groups, claims and attributes that are not known in full: what is there counts, and nobody is taken to be outside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.policy.build import directory, email, evidence, person, policy

from doorward.identity import ANY_OTHER, Identity
from doorward.policy.answer import Answer
from doorward.policy.evaluate import evaluate
from doorward.policy.rules import Rule
from doorward.policy.selectors import answer
from doorward.policy.verdict import Match, Outcome

RULE: TypeAdapter[Any] = TypeAdapter(Rule)
BARRED = {"id": "barred", "name": "barred", "email": "barred@x.org"}
OTHERS = {"id": "others", "name": "others", "email": "others@x.org"}
BY_GROUP: list[tuple[str, dict[str, Any]]] = [
    ("azureAD", {"id": "barred"}),
    ("okta", {"name": "barred"}),
    ("gsuite", {"email": "barred@x.org"}),
    ("github-organization", {"name": "barred"}),
    ("github-organization", {"name": "barred", "team": "ops"}),
]
BY_CLAIM: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("oidc", {"claim_name": "roles", "claim_value": "barred"}, "roles", {"oidc_fields": {"roles": ["barred"]}}),
    ("saml", {"attribute_name": "ou", "attribute_value": "barred"}, "ou", {"saml_attributes": {"ou": ["barred"]}}),
    ("auth_context", {"ac_id": "c1"}, "acrs", {"oidc_fields": {"acrs": ["c1"]}}),
]


def at_company(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {kind: {**value, "identity_provider_id": "idp-1"}}


def ask(rule: dict[str, Any], identity: Identity) -> Answer:
    return answer(RULE.validate_python(rule), evidence(identity), directory())


def outcomes(rule: dict[str, Any], identity: Identity) -> list[Outcome]:
    """Of an exclude, of a deny before an allow, of a require inside that deny, of an include and of a require."""
    own = email(identity.email)
    tried = (
        [policy("allow", own, exclude=[rule])],
        [policy("deny", rule), policy("allow", own)],
        [policy("deny", own, require=[rule]), policy("allow", own)],
        [policy("allow", rule)],
        [policy("allow", own, require=[rule])],
    )
    return [evaluate(policies, evidence(identity), directory()).outcome for policies in tried]


OUTSIDE = [Outcome.ALLOW] * 3 + [Outcome.DENY] * 2
INSIDE = [Outcome.DENY] * 3 + [Outcome.ALLOW] * 2
NOT_KNOWN = [Outcome.DENY] * 5


@pytest.mark.parametrize(("kind", "value"), BY_GROUP, ids=str)
def test_g7_107_who_may_be_in_a_barred_group_is_kept_out(kind: str, value: dict[str, Any]) -> None:
    rule = at_company(kind, value)
    group = {**BARRED, "name": "barred/ops"} if "team" in value else BARRED
    assert outcomes(rule, person(groups=[OTHERS])) == OUTSIDE
    assert outcomes(rule, person(groups=[OTHERS], groups_complete=False)) == NOT_KNOWN
    assert outcomes(rule, person(groups_complete=False)) == NOT_KNOWN
    assert outcomes(rule, person(groups=[OTHERS, group], groups_complete=False)) == INSIDE
    said = ask(rule, person(groups_complete=False))
    assert said.match is None
    assert "not known in full" in said.because


@pytest.mark.parametrize(("kind", "value"), BY_GROUP, ids=str)
def test_groups_at_another_provider_are_outside_however_little_is_known_of_them(
    kind: str, value: dict[str, Any]
) -> None:
    elsewhere = person(idp_id="idp-2", groups_complete=False, incomplete=[ANY_OTHER])
    assert outcomes(at_company(kind, value), elsewhere) == OUTSIDE


@pytest.mark.parametrize(("kind", "value", "name", "facts"), BY_CLAIM, ids=["oidc", "saml", "auth_context"])
def test_g7_107_who_may_have_a_barred_claim_is_kept_out(
    kind: str, value: dict[str, Any], name: str, facts: dict[str, Any]
) -> None:
    rule = at_company(kind, value)
    others: dict[str, Any] = {field: {name: ["another"]} for field in facts}
    assert outcomes(rule, person()) == OUTSIDE
    assert outcomes(rule, person(incomplete=[name])) == NOT_KNOWN
    assert outcomes(rule, person(incomplete=[name], **others)) == NOT_KNOWN
    assert outcomes(rule, person(incomplete=[name], **facts)) == INSIDE
    assert outcomes(rule, person(incomplete=["unrelated"])) == OUTSIDE
    assert outcomes(rule, person(groups_complete=False)) == OUTSIDE, "groups are another matter"
    assert outcomes(rule, person(incomplete=[ANY_OTHER])) == NOT_KNOWN
    assert outcomes(rule, person(incomplete=[ANY_OTHER], **others)) == OUTSIDE, "this one is there, in full"
    assert outcomes(rule, person(idp_id="idp-2", incomplete=[name, ANY_OTHER])) == OUTSIDE


def test_g7_107_methods_that_cannot_be_read_are_not_none() -> None:
    rule = {"auth_method": {"auth_method": "pwd"}}
    assert outcomes(rule, person(amr=["mfa"])) == OUTSIDE
    assert outcomes(rule, person(incomplete=["amr"])) == NOT_KNOWN
    assert outcomes(rule, person(amr=["pwd"], incomplete=["amr"])) == INSIDE


def test_a_session_from_before_this_was_kept_is_still_read() -> None:
    stored = json.loads(person(groups=[BARRED]).model_dump_json())
    del stored["groups_complete"], stored["incomplete"]
    found = Identity.model_validate_json(json.dumps(stored))
    assert found == person(groups=[BARRED])
    assert ask(at_company("okta", {"name": "ops"}), found).match is Match.NO
