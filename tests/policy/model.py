"""The policy rules of access.md 4.1 to 4.4 a second time, slowly and by other means, to compare the engine with.

Plain JSON and numbers instead of classes: a match is 1, no match 0, and one half means "only a login can tell". The
parts of a policy are minimum, maximum and complement of their rules. What cannot be answered is the number that keeps
the door closed: ``pessimist`` is 0 where a match opens and 1 where it closes.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Any

HALF = 0.5
LEARNED = {"external_evaluation", "device_posture", "user_risk_score"}
PERSONAL = {
    "email", "email_domain", "email_list", "login_method", "auth_method", "oidc", "saml", "azureAD", "okta", "gsuite",
    "github-organization", "auth_context",
}  # fmt: skip
Json = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Everything as JSON: ``groups`` and ``lists`` by id, the rest or None."""

    groups: dict[str, Json]
    lists: dict[str, Json]
    person: Json | None
    ip: str | None
    country: str | None
    service_token: str | None = None
    postures: dict[str, bool | None] = field(default_factory=dict)
    """None: reported, and over."""
    risk: str | None = None
    """``?``: reported, and over; None: nobody reports any."""
    answers: dict[str, str] = field(default_factory=dict)
    """Address of another service to ``yes``, ``no`` or ``failed``; not there: not asked yet."""
    linked: str | None = None


def decide(policies: list[Json], world: World) -> tuple[str, str | None]:
    """The outcome, and the name of the policy that decided."""
    stranger = replace(world, person=None)
    for policy in policies:
        if policy["decision"] in {"bypass", "non_identity"} and policy_value(policy, stranger) == 1:
            return ("bypass" if policy["decision"] == "bypass" else "service_auth"), policy["name"]
    rest = [policy for policy in policies if policy["decision"] in {"allow", "deny"}]
    values = [policy_value(policy, world) for policy in rest]
    if world.person is None:
        hopes = [i for i, policy in enumerate(rest) if policy["decision"] == "allow" and values[i] > 0]
        walls = [i for i, policy in enumerate(rest) if policy["decision"] == "deny" and values[i] == 1]
        if hopes and (not walls or hopes[0] < walls[0]):
            return "login", None
        return "deny", rest[walls[0]]["name"] if walls else None
    doubts = False
    for policy, value in zip(rest, values, strict=True):
        if policy["decision"] == "deny" and value == 1:
            return "deny", policy["name"]
        doubts = doubts or value == HALF
        if policy["decision"] == "allow" and value > 0:
            return ("login", None) if doubts else ("allow", policy["name"])
    return "deny", None


def policy_value(policy: Json, world: World) -> float:
    return holder_value(policy, world, pessimist=1 if policy["decision"] == "deny" else 0, owner=None)


def holder_value(holder: Json, world: World, pessimist: int, owner: str | None) -> float:
    include = [rule_value(rule, world, pessimist, owner) for rule in holder["include"]]
    exclude = [rule_value(rule, world, 1 - pessimist, owner) for rule in holder["exclude"]]
    require = [rule_value(rule, world, pessimist, owner) for rule in holder["require"]]
    return min([max(include), 1 - max([0, *exclude]), *require])


def rule_value(rule: Json, world: World, pessimist: int, owner: str | None) -> float:
    ((kind, value),) = rule.items()
    if kind == "group":
        return group_value(value["id"], world, pessimist, owner)
    if kind == "everyone":
        return 1
    if kind in {"ip", "ip_list"}:
        return address_value(kind, value, world, pessimist)
    if kind == "geo":
        return pessimist if world.country is None else float(world.country == value["country_code"])
    if kind in {"any_valid_service_token", "service_token", "linked_app_token"}:
        return shown_value(kind, value, world)
    if kind == "email_list" and value["id"] not in world.lists:
        return pessimist
    if kind in LEARNED:
        return HALF if world.person is None else learned_value(kind, value, world, pessimist)
    if kind in PERSONAL:
        return HALF if world.person is None else person_value(kind, value, world, world.person, pessimist)
    return pessimist


def shown_value(kind: str, value: Json, world: World) -> float:
    if kind == "any_valid_service_token":
        return float(world.service_token is not None)
    if kind == "service_token":
        return float(world.service_token == value["token_id"])
    return float(world.linked == value["app_uid"])


def group_value(name: str, world: World, pessimist: int, owner: str | None) -> float:
    if name not in world.groups:
        return pessimist
    if owner is not None and owner in everything_below(name, world):
        return pessimist
    return holder_value(world.groups[name], world, pessimist, owner=name)


def everything_below(name: str, world: World) -> set[str]:
    """Warshall's closure, the whole of it each time."""
    names = list(world.groups)
    edges = {(outer, inner) for outer in names for inner in names if inner in named_by(world.groups[outer])}
    for middle in names:
        edges |= {(a, d) for a, b in edges for c, d in edges if b == c == middle}
    return {inner for outer, inner in edges if outer == name}


def named_by(group: Json) -> set[str]:
    rules = [*group["include"], *group["exclude"], *group["require"]]
    return {rule["group"]["id"] for rule in rules if "group" in rule}


def address_value(kind: str, value: Json, world: World, pessimist: int) -> float:
    if world.ip is None or (kind == "ip_list" and value["id"] not in world.lists):
        return pessimist
    ranges = [value["ip"]] if kind == "ip" else world.lists[value["id"]]["networks"]
    address = int(ipaddress.ip_address(world.ip))
    return float(any(address in range(*ends(text)) for text in ranges))


def ends(text: str) -> tuple[int, int]:
    network = ipaddress.ip_network(text)
    return int(network[0]), int(network[-1]) + 1


def person_value(kind: str, value: Json, world: World, person: Json, pessimist: int) -> float:
    if kind == "login_method":
        return float(person["idp_id"] == value["id"])
    if kind == "auth_method":
        return said(value["auth_method"] in person["amr"], "amr" not in person["incomplete"], pessimist)
    if kind in {"oidc", "saml"}:
        facts, name, wanted = (
            (person["oidc_fields"], value["claim_name"], value["claim_value"])
            if kind == "oidc"
            else (person["saml_attributes"], value["attribute_name"], value["attribute_value"])
        )
        found = facts.get(name, [])
        found = found if isinstance(found, list) else [found]
        if person["idp_id"] != value["identity_provider_id"]:
            return 0
        return said(wanted in found, told_in_full(name, facts, person), pessimist)
    if kind in {"azureAD", "okta", "gsuite", "github-organization", "auth_context"}:
        if person["idp_id"] != value["identity_provider_id"]:
            return 0
        contexts = told_in_full("acrs", person["oidc_fields"], person)
        full = contexts if kind == "auth_context" else person["groups_complete"]
        return said(provider_value(kind, value, person), full, pessimist)
    pieces = person["email"].split("@")
    if len(pieces) != 2 or "" in pieces:
        return pessimist
    address = person["email"].lower()
    if kind == "email":
        return float(address == value["email"])
    if kind == "email_domain":
        return float(pieces[1].lower() == value["domain"])
    return float(address in world.lists[value["id"]]["emails"])


def said(holds: bool, in_full: bool, pessimist: int) -> float:
    """Of a list that may lack entries only what is on it is certain."""
    return float(holds) if holds or in_full else pessimist


def told_in_full(name: str, facts: Json, person: Json) -> bool:
    gaps = set(person["incomplete"])
    return not (name in gaps or (name not in facts and "*" in gaps))


def learned_value(kind: str, value: Json, world: World, pessimist: int) -> float:
    if kind == "external_evaluation":
        answer = world.answers.get(value["evaluate_url"], "unasked")
        return {"yes": 1, "no": 0, "failed": pessimist, "unasked": HALF}[answer]
    if kind == "device_posture":
        passed = world.postures.get(value["integration_uid"])
        return pessimist if passed is None else float(passed)
    return pessimist if world.risk in {None, "?"} else float(world.risk in value["user_risk_score"])


def provider_value(kind: str, value: Json, person: Json) -> bool:
    groups = person["groups"]
    match kind:
        case "azureAD":
            return value["id"] in [group["id"] for group in groups]
        case "okta":
            return value["name"] in [group["name"] for group in groups]
        case "gsuite":
            return value["email"] in [(group.get("email") or "").lower() for group in groups]
        case "auth_context":
            satisfied = person["oidc_fields"].get("acrs", [])
            return value["ac_id"] in (satisfied if isinstance(satisfied, list) else [satisfied])
        case _:
            names = [group["name"].lower().replace(":", "/") for group in groups]
            if "team" in value:
                return f"{value['name']}/{value['team']}".lower() in names
            return value["name"].lower() in [name.split("/")[0] for name in names]
