"""Who signed in and may not enter: page, reference, and the operator's side of it (access.md 1.3)."""

from __future__ import annotations

import json
import re

import pytest
from tests.door.house import TEAM, aud
from tests.door.running import eventually
from tests.door.visitor import query_of

pytestmark = pytest.mark.edge


def reference_on(page):
    return re.search(r'class="reference".*?<code>([0-9a-f]+)</code>', page.text, re.DOTALL).group(1)


async def explained(house, reference, *options):
    """The command's output, once the decision is in the database."""
    shown = ""

    def there():
        nonlocal shown
        ran = house.door.run("explain", reference, *options)
        shown = ran.stdout
        return ran.returncode == 0

    await eventually(there, 20)
    return shown


async def test_the_denied_page_says_so_with_a_reference(house, visitor):
    page = await visitor.sign_in("wiki.localhost", who="mallory")
    assert page.status_code == 403
    assert page.url.host == TEAM
    assert "That account does not have access." in page.text
    assert "mallory@elsewhere.test" in page.text
    assert page.headers["cf-access-error"] == "1"
    assert page.headers["cf-access-aud"] == aud("wiki.localhost")
    assert page.headers["cf-access-domain"] == "wiki.localhost"
    assert re.fullmatch("[0-9a-f]{16}", reference_on(page))
    assert not visitor.cookie("wiki.localhost")


async def test_the_message_of_the_application_is_shown(visitor):
    page = await visitor.sign_in("payroll.localhost")
    assert page.status_code == 403
    assert "Payroll is for the people of the payroll team." in page.text


async def test_the_deny_address_of_the_application_is_where_it_ends(house, visitor):
    response = await visitor.sign_in("elsewhere.localhost", "/x?y=z", until="denied.example")
    target = response.headers["location"]
    assert target.startswith("https://denied.example/who?")
    assert query_of(target) == {"team": "a", "original_url": house.url("elsewhere.localhost", "/x?y=z")}


async def test_a_deny_policy_above_the_allow_keeps_out(visitor):
    assert (await visitor.sign_in("blocked.localhost", who="bob")).status_code == 403


async def test_a_deny_policy_for_another_keeps_nobody_else_out(visitor):
    assert (await visitor.sign_in("blocked.localhost")).status_code == 200


async def test_doorward_explain_tells_the_rule(house, visitor):
    page = await visitor.sign_in("wiki.localhost", who="mallory")
    shown = await explained(house, reference_on(page))
    assert "mallory@elsewhere.test" in shown
    assert "Staff" in shown
    assert "example.test" in shown


async def test_doorward_explain_tells_programs_too(house, visitor):
    page = await visitor.sign_in("payroll.localhost", who="bob")
    reference = reference_on(page)
    record = json.loads(await explained(house, reference.upper(), "--json"))
    assert record["reference"] == reference
    assert (record["kind"], record["outcome"], record["status"]) == ("login", "deny", 403)
    assert record["user_email"] == "bob@example.test"
    assert record["application_name"] == "payroll.localhost"
    assert record["evidence"]["ip"] == "127.0.0.1"
    assert record["evidence"]["country"] == "NL"
    assert record["evidence"]["identity"]["email"] == "bob@example.test"
    assert "Payroll team only" in json.dumps(record["trace"])
    assert "paula@example.test" in json.dumps(record["trace"])


async def test_who_is_ruled_out_before_a_login_is_explained_as_well(house, visitor):
    page = await visitor.get("away.localhost")
    record = json.loads(await explained(house, reference_on(page), "--json"))
    assert (record["kind"], record["outcome"], record["refusal"]) == ("request", "deny", "policy")
    assert "203.0.113.0/24" in json.dumps(record["trace"])


async def test_a_reference_that_nobody_gave_is_not_found(house):
    ran = house.door.run("explain", "0000000000000000")
    assert ran.returncode == 1
    assert "no decision" in ran.stderr
