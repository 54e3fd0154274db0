from __future__ import annotations

import asyncio
import uuid

import pytest
from tests.login.approving import (
    SAFE,
    SAFE_HOST,
    WHY,
    arrive,
    asked,
    decide,
    followed,
    mailed,
    say,
    sign_in_to_decide,
    with_approvals,
)
from tests.login.world import COMPANY, PARTNER, PIN, TEAM, Browser
from tests.tokens.material import ring

from doorward.access.revocation import Revocation, Scope, grant_target
from doorward.pages import Approve, AskReason, Chooser, Notice, Problem, Waiting
from doorward.tokens.jwt import verify_app_any

HOUR = 3600


@pytest.fixture(autouse=True)
def applications(world):
    with_approvals(world)


@pytest.fixture
def boss(world):
    return Browser(world)


def claims(world, browser):
    token = browser.cookie(SAFE_HOST, "CF_Authorization")
    return verify_app_any(token, ring(), issuer=world.organization.issuer, now=world.time)


async def kept(world):
    (grant,) = await world.store.grants.all()
    return grant


async def enter(browser):
    """Go to the application again, and in when nothing is missing."""
    response = await arrive(browser)
    return await browser.get(response.headers["location"]) if response.status_code == 302 else response


async def test_two_people_one_asks_and_the_other_lets_in(world, browser, boss):
    url = await asked(world, browser)
    response = await sign_in_to_decide(boss, url)
    assert response.status_code == 200
    page = world.shown
    assert isinstance(page, Approve)
    assert (page.email, page.name, page.reason) == ("ada@example.com", "Ada", WHY)
    assert (page.application_name, page.approver, page.missing) == ("Safe", "boss@example.com", 1)
    assert page.place == "203.0.113.7 (NL)"
    assert {value: chosen for value, _, chosen in page.durations}["1h"]
    assert (await kept(world)).granted_at is None, "looking decides nothing"

    response = await decide(boss, "approve", "2h")
    assert response.status_code == 302
    assert response.headers["location"] == url
    await boss.get(url)
    assert isinstance(world.shown, Notice)
    assert world.shown.title == "Access is granted"

    response = await enter(browser)
    assert response.headers["location"] == f"{world.origin(SAFE_HOST)}/"
    found = claims(world, browser)
    assert found.policy_id == "policy-approval"
    assert found.exp == world.time + 2 * HOUR, "not the eight hours of the application"


async def test_the_waiting_page_goes_on_by_itself(world, browser, boss):
    url = await asked(world, browser)
    again = world.shown.again_url
    await sign_in_to_decide(boss, url)
    await decide(boss)
    response = await browser.get(again)
    assert response.headers["location"].startswith(f"{world.origin(SAFE_HOST)}/cdn-cgi/access/authorized?")
    await browser.get(response.headers["location"])
    assert claims(world, browser).email == "ada@example.com"


async def test_everything_is_recorded_with_its_reason_and_its_approver(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss, "approve", "30m")
    await enter(browser)
    said = [record for record in world.records if record.kind == "approval"]
    assert [(one.outcome, one.user_email) for one in said] == [
        ("asked", "ada@example.com"), ("granted", "boss@example.com"),
    ]  # fmt: skip
    granted = said[1]
    assert granted.application_name == "Safe"
    assert granted.policy_id == "policy-approval"
    assert granted.evidence["temporary_access_approvers"] == ["boss@example.com"]
    assert granted.evidence["temporary_access_duration"] == 1800
    assert WHY in granted.detail
    allowed = world.records[-1]
    assert (allowed.kind, allowed.outcome) == ("login", "allow")
    (rule,) = [rule for rule in allowed.trace[-1]["rules"] if "approval_required" in rule["rule"]]
    assert rule["rule"]["grant"] == (await kept(world)).id
    assert "approved by boss@example.com" in rule["because"]


async def test_access_ends_with_the_time_and_is_asked_for_again(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss, "approve", "15m")
    await enter(browser)
    world.time += 899
    assert (await arrive(browser)).headers["location"].startswith(world.origin(SAFE_HOST))
    world.time += 1
    await arrive(browser)
    assert isinstance(world.shown, AskReason)
    assert "over" in world.shown.note


async def test_a_new_login_asks_for_approval_again(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss)
    await arrive(Browser(world))
    assert isinstance(world.shown, AskReason)


async def test_a_refusal_ends_the_request(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss, "deny", "")
    assert world.records[-1].outcome == "refused"
    await arrive(browser)
    assert isinstance(world.shown, AskReason)
    assert "refused" in world.shown.note
    deputy = Browser(world)
    await sign_in_to_decide(deputy, url, "deputy")
    assert world.shown.title == "Access was refused"


async def test_g7_112_whoever_fetches_the_link_decides_nothing(world, browser, boss):
    url = await asked(world, browser)
    scanner = Browser(world, {})
    for method in ("GET", "HEAD", "GET"):
        await scanner.ask(method, url)
        await boss.ask(method, url)
    await sign_in_to_decide(boss, url)
    for method in ("GET", "HEAD", "GET"):
        await boss.ask(method, url + "?decision=approve&duration=24h")
    grant = await kept(world)
    assert grant.approvals == ()
    await arrive(browser)
    assert isinstance(world.shown, Waiting)


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"proof": ""}, {}),
        ({"proof": "e30.e30.e30"}, {}),
        ({}, {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "same-site", "origin": "https://wiki.example.com"}),
        ({}, {"sec-fetch-site": "", "origin": "https://evil.example"}),
    ],
)
async def test_another_site_makes_no_approver_approve(world, browser, boss, form, headers):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    page = world.shown
    values = {"proof": page.proof, "decision": "approve", "duration": "1h"} | form
    response = await boss.post(world.origin(TEAM) + page.action, values, headers=headers)
    assert response.status_code == 400
    assert (await kept(world)).approvals == ()


async def test_the_proof_of_another_session_or_request_is_none(world, browser, boss):
    url = await asked(world, browser)
    deputy = Browser(world)
    await sign_in_to_decide(deputy, url, "deputy")
    theirs = world.shown.proof
    await sign_in_to_decide(boss, url)
    assert (await decide(boss, proof=theirs)).status_code == 400
    await boss.get(url)
    action, of_this = world.shown.action, world.shown.proof
    other_request = await asked(world, Browser(world), "bob")
    await boss.get(other_request)
    assert world.shown.action != action
    assert (await decide(boss, proof=of_this)).status_code == 400
    assert [grant.approvals for grant in await world.store.grants.all()] == [(), ()]


@pytest.mark.parametrize(
    "form", [{"decision": ""}, {"decision": "yes"}, {"duration": ""}, {"duration": "25h"}, {"duration": "1s"}]
)
async def test_what_no_button_sends_decides_nothing(world, browser, boss, form):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    assert (await decide(boss, **form)).status_code == 400
    assert (await kept(world)).approvals == ()


async def test_nobody_approves_their_own_request(world, browser):
    url = await asked(world, browser, "boss")
    await browser.get(url)
    assert isinstance(world.shown, Problem)
    assert world.shown.status == 403
    assert "own request" in world.shown.message
    elsewhere = Browser(world)
    assert (await sign_in_to_decide(elsewhere, url, "boss")).status_code == 403
    assert (await elsewhere.post(url, {"decision": "approve", "duration": "1h"})).status_code == 403
    assert world.records[-1].refusal == "own_request"
    assert (await kept(world)).approvals == ()


async def test_only_approvers_see_and_decide(world, browser):
    url = await asked(world, browser)
    stranger = Browser(world)
    response = await sign_in_to_decide(stranger, url, "mallory")
    assert response.status_code == 403
    for secret in (WHY, "ada@example.com", "Safe"):
        assert secret not in response.text
    response = await stranger.post(url, {"decision": "approve", "duration": "1h"})
    assert response.status_code == 403
    assert world.records[-1].refusal == "not_an_approver"
    assert (await kept(world)).approvals == ()


async def test_before_a_login_the_page_says_nothing_about_the_request(world, browser):
    url = await asked(world, browser)
    response = await Browser(world).get(url)
    assert isinstance(world.shown, Chooser)
    for secret in (WHY, "ada@example.com", "Safe"):
        assert secret not in response.text
    assert (await Browser(world).post(url, {"decision": "approve", "duration": "1h"})).status_code == 200
    assert (await kept(world)).approvals == ()


@pytest.mark.parametrize("grant_id", ["0" * 32, "..", "x", "0" * 33, "%00"])
async def test_an_unknown_request_is_not_found(world, browser, grant_id):
    response = await browser.team(f"/approve/{grant_id}")
    assert response.status_code in {404, 400}
    assert isinstance(world.shown, Problem)


async def test_an_approver_answers_once(world, browser, boss):
    world.applications = world.applications[:-2]
    with_approvals(world, {"approvals_needed": 2, "email_addresses": ["boss@example.com", "@partner.example"]})
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    page = world.shown
    assert page.missing == 2
    await decide(boss)
    assert world.records[-1].outcome == "approved"
    values = {"proof": page.proof, "decision": "approve", "duration": "24h"}
    assert (await boss.post(world.origin(TEAM) + page.action, values)).status_code == 200
    assert world.shown.title == "Your answer is kept"
    grant = await kept(world)
    assert len(grant.approvals) == 1
    assert grant.granted_at is None


async def test_many_clicks_at_once_are_one_answer(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    page = world.shown
    values = {"proof": page.proof, "decision": "approve", "duration": "1h"}
    await asyncio.gather(*(boss.post(world.origin(TEAM) + page.action, values) for _ in range(10)))
    assert len((await kept(world)).approvals) == 1
    assert [record.outcome for record in world.records if record.kind == "approval"] == ["asked", "granted"]


async def test_every_group_has_to_agree_and_the_shortest_time_holds(world, browser, boss):
    world.applications = world.applications[:-2]
    with_approvals(
        world,
        {"approvals_needed": 1, "email_addresses": ["boss@example.com"]},
        {"approvals_needed": 1, "email_addresses": ["deputy@example.com"]},
    )
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss, "approve", "4h")
    await arrive(browser)
    assert isinstance(world.shown, Waiting)
    assert world.shown.missing == 1
    deputy = Browser(world)
    await sign_in_to_decide(deputy, url, "deputy")
    assert world.shown.approved_by == ("boss@example.com",)
    await decide(deputy, "approve", "1h")
    await enter(browser)
    assert claims(world, browser).exp == world.time + HOUR


async def test_what_was_granted_can_be_taken_back(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss)
    await enter(browser)
    token = claims(world, browser)
    grant = await kept(world)
    revocation = Revocation(str(uuid.uuid4()), Scope.GRANT, grant_target(grant), world.time)
    assert await world.store.revocations.revoke(revocation) == 1
    assert token.nonce in (await world.store.app_tokens.revoked(world.time))["app-4"]
    assert revocation.covers("app-4", token)
    await arrive(browser)
    assert isinstance(world.shown, AskReason)
    assert "taken back" in world.shown.note


async def test_an_approver_who_is_none_any_more_has_approved_nothing(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url)
    await decide(boss)
    await enter(browser)
    world.applications = world.applications[:-2]
    with_approvals(world, {"approvals_needed": 1, "email_addresses": ["deputy@example.com"]})
    await arrive(browser)
    assert isinstance(world.shown, AskReason)
    assert "no longer enough" in world.shown.note
    await say(browser)
    assert isinstance(world.shown, Waiting)
    await sign_in_to_decide(Browser(world), world.shown.approval_url, "deputy")
    assert isinstance(world.shown, Approve)


async def test_the_request_of_somebody_who_signed_out_is_over(world, browser, boss):
    url = await asked(world, browser)
    await browser.team("/logout")
    await sign_in_to_decide(boss, url)
    assert world.shown.title == "There is nothing to decide any more"
    assert (await boss.post(url, {"decision": "approve", "duration": "1h"})).status_code == 200
    assert (await kept(world)).approvals == ()


async def test_a_policy_that_is_gone_leaves_nothing_to_decide(world, browser, boss):
    url = await asked(world, browser)
    world.applications = world.applications[:-2]
    assert (await sign_in_to_decide(boss, url)).status_code == 403


async def test_an_approver_signs_in_with_a_code_and_only_approvers_get_one(world, browser, boss, mailbox):
    url = await asked(world, browser)
    await mailed(world)
    await mailed(world)
    pin_form = None
    for address in ("mallory@example.com", "ada@example.com", "boss@example.com"):
        await boss.get(url)
        pin_form = world.shown.pin_form
        response = await boss.post(world.origin(TEAM) + pin_form.action, {"email": address})
        assert response.status_code == 302
        await boss.get(response.headers["location"])
    recipient, code, _ = await mailbox.next()
    assert recipient == "boss@example.com"
    assert mailbox.mails.empty()
    values = {"nonce": world.shown.nonce, "code": code}
    response = await followed(boss, await boss.post(f"{world.origin(TEAM)}/cdn-cgi/access/callback", values))
    assert response.status_code == 200
    assert isinstance(world.shown, Approve)
    await decide(boss)
    assert (await kept(world)).granted_at == world.time


async def test_what_is_no_address_gets_no_code(world, browser, boss):
    url = await asked(world, browser)
    await boss.get(url)
    response = await boss.post(url + "/code", {"email": "not an address"})
    assert response.status_code == 400
    assert world.shown.error
    assert (await Browser(world).post(url + "/code", {"email": "boss@example.com"})).status_code == 400


async def test_ways_to_sign_in_that_are_none_lead_nowhere(world, browser, boss):
    url = await asked(world, browser)
    assert (await boss.get(f"{url}/sign-in/{PIN}")).status_code == 400
    assert (await boss.get(f"{url}/sign-in/nobody")).status_code == 400
    unknown = url.replace(url[-32:], "0" * 32)
    assert (await boss.get(f"{unknown}/sign-in/company-idp")).headers["location"] == unknown
    response = await boss.ask("HEAD", f"{url}/sign-in/company-idp")
    assert response.headers["location"] == url
    assert [attempt for attempt, _ in world.providers.begun if attempt.destination.on_team] == []


async def test_a_login_to_decide_opens_no_application(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_to_decide(boss, url, "mallory")
    assert all(host == TEAM for host, _, _ in boss.jar)
    response = await boss.get(world.door(boss, SAFE, SAFE_HOST))
    assert response.status_code == 302, "signed in, and judged by the application's own policies"
    await followed(boss, response)
    assert isinstance(world.shown, AskReason)


@pytest.mark.parametrize("grant_id", ["x%0d%0aset-cookie:%20evil=1", "x%0aset-cookie:%20evil=1", "%F0%9F%98%80", "x"])
async def test_g3_47_what_is_no_id_of_a_request_gets_into_no_header(world, browser, grant_id):
    for answer in (
        await browser.get(f"{world.origin(TEAM)}/cdn-cgi/access/approve/{grant_id}/sign-in/company-idp"),
        await browser.post(
            f"{world.origin(TEAM)}/cdn-cgi/access/approve/{grant_id}/code", {"email": "boss@example.com"}
        ),
    ):
        assert answer.status_code == 404
        assert "location" not in answer.headers
        assert "evil" not in str(answer.headers)


async def test_an_approver_counts_by_a_provider_that_the_application_takes_only(world, browser, boss):
    url = await asked(world, browser)
    world.change(SAFE, allowed_idps=(COMPANY, PARTNER))
    await sign_in_by(boss, url, PARTNER)
    assert isinstance(world.shown, Approve)
    page = world.shown
    world.change(SAFE, allowed_idps=(COMPANY,))
    values = {"proof": page.proof, "decision": "approve", "duration": "1h"}
    for response in (await boss.get(url), await boss.post(world.origin(TEAM) + page.action, values)):
        assert response.status_code == 403
        assert isinstance(world.shown, Problem)
        assert "does not take the word of the provider" in world.shown.message
        assert world.records[-1].refusal == "untrusted_provider"
        for secret in (WHY, "ada@example.com", "Safe"):
            assert secret not in response.text
    assert (await kept(world)).approvals == ()

    await boss.get(world.shown.action_url)
    await sign_in_to_decide(boss, url)
    await decide(boss)
    assert (await kept(world)).granted_at == world.time


async def test_only_ways_that_the_application_takes_are_offered_to_decide(world, browser, boss):
    url = await asked(world, browser)
    world.change(SAFE, allowed_idps=(COMPANY,))
    await boss.get(url)
    assert [method.url.rpartition("/")[2] for method in world.shown.methods] == [COMPANY]
    assert world.shown.pin_form is None
    assert (await boss.get(f"{url}/sign-in/{PARTNER}")).status_code == 400
    assert (await boss.post(f"{url}/code", {"email": "boss@example.com"})).status_code == 400
    del world.identity_providers[COMPANY]
    assert (await boss.get(f"{url}/sign-in/{COMPANY}")).status_code == 400


async def test_a_provider_that_is_gone_vouches_for_no_approver(world, browser, boss):
    url = await asked(world, browser)
    await sign_in_by(boss, url, PARTNER)
    del world.identity_providers[PARTNER]
    await decide(boss)
    assert isinstance(world.shown, Chooser), "nobody is signed in by it any more"
    assert PARTNER not in str(world.shown.methods)
    assert (await kept(world)).approvals == ()


async def sign_in_by(browser, url, idp_id):
    """As the boss, by this provider."""
    await browser.get(url)
    response = await browser.get(f"{url}/sign-in/{idp_id}")
    return await followed(browser, await browser.get(browser.back(response, "boss")))
