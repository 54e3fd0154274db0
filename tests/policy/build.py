"""Made-up people, groups and policies for tests; rules are written in the API's JSON."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from doorward.identity import Identity
from doorward.policy.model import AccessGroup, Directory, Evidence, Policy, RuleList

Rules = list[dict[str, Any]]

EVERYONE: dict[str, Any] = {"everyone": {}}
OFFICE = {"ip": {"ip": "192.0.2.0/24"}}
ANSWERLESS: dict[str, Any] = {"cloudflare_account_member": {}}


def email(address: str) -> dict[str, Any]:
    return {"email": {"email": address}}


def in_group(name: str) -> dict[str, Any]:
    return {"group": {"id": name}}


def policy(decision: str, *include: dict[str, Any], exclude: Rules = [], require: Rules = [], name: str = "") -> Policy:  # noqa: B006  (never changed)
    name = name or decision
    fields = {"id": f"id of {name}", "name": name, "decision": decision}
    return Policy.model_validate(fields | {"include": include or [EVERYONE], "exclude": exclude, "require": require})


def group(name: str, *include: dict[str, Any], exclude: Rules = [], require: Rules = []) -> AccessGroup:  # noqa: B006  (never changed)
    return AccessGroup.model_validate(
        {"id": name, "name": name.title(), "include": include, "exclude": exclude, "require": require}
    )


def directory(*groups: AccessGroup, lists: tuple[RuleList, ...] = ()) -> Directory:
    return Directory(groups={each.id: each for each in groups}, lists={each.id: each for each in lists})


def person(address: str = "ann@example.com", **fields: Any) -> Identity:
    return Identity.model_validate({"id": "sub-1", "email": address, "idp_id": "idp-1", "idp_type": "oidc"} | fields)


def evidence(
    identity: Identity | None = None,
    ip: str | None = None,
    country: str | None = None,
    service_token: str | None = None,
) -> Evidence:
    address = None if ip is None else ip_address(ip)
    return Evidence(identity=identity, ip=address, country=country, service_token=service_token)
