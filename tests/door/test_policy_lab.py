"""The policy lab beside a running door: what it records is what is replayed, and made-up requests get the same answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.door.house import House
from tests.door.running import eventually
from tests.door.visitor import Visitor

pytestmark = pytest.mark.edge


def told(house: House, *arguments: str) -> Any:
    ran = house.door.run(*arguments, "--json")
    assert ran.returncode in {0, 1}, ran.stderr
    return json.loads(ran.stdout)


def affected(house: House, new: str) -> dict[str, set[tuple[str, str]]]:
    """Who gains or loses at the wiki when the configuration becomes this one."""
    old, proposed = house.door.configuration, house.door.configuration.with_name("proposed.yaml")
    proposed.write_text(new)
    found = told(house, "policy", "diff", str(old), str(proposed))["applications"]
    wiki = [one for one in found if one["name"] == "wiki.localhost"]
    return {
        way: {(change["who"], change["after"]["decision"]) for one in wiki for change in one[way]}
        for way in ("gains", "loses")
    }


async def test_who_signed_in_and_who_was_refused_is_replayed_by_a_proposed_configuration(house, visitor):
    assert (await visitor.sign_in("wiki.localhost")).status_code == 200
    async with Visitor(house) as another:
        assert (await another.sign_in("wiki.localhost", who="mallory")).status_code == 403
    now = house.door.configuration.read_text()
    turned = now.replace("email_domain: {domain: example.test}", "email_domain: {domain: elsewhere.test}")
    assert turned != now

    def replayed() -> bool:
        changes = affected(house, turned)
        return ("alice@example.test", "deny") in changes["loses"] and ("mallory@elsewhere.test", "allow") in changes[
            "gains"
        ]

    await eventually(replayed, 60)
    assert affected(house, now) == {"gains": set(), "loses": set()}


@pytest.mark.parametrize(
    ("arguments", "decision", "status"),
    [
        (("--email", "alice@example.test", "--idp", "Directory"), "allow", 0),
        (("--email", "mallory@elsewhere.test", "--idp", "Directory"), "deny", 403),
        ((), "login", 302),
    ],
)
async def test_a_made_up_request_gets_the_answer_of_the_door(house, visitor, arguments, decision, status):
    made_up = told(house, "explain", "--url", house.url("wiki.localhost"), "--ip", "127.0.0.1", *arguments)
    assert (made_up["decision"], made_up["status"]) == (decision, status)
    assert made_up["request"]["country"] == "NL"
    if decision == "login":
        assert (await visitor.get("wiki.localhost")).status_code == status
    else:
        who = arguments[1].partition("@")[0]
        assert (await visitor.sign_in("wiki.localhost", who=who)).status_code == (status or 200)
