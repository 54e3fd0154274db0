from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from tests.login.approving import (
    REASONS,
    REASONS_HOST,
    SAFE_HOST,
    WHY,
    arrive,
    asked,
    followed,
    mailed,
    say,
    with_approvals,
)
from tests.login.world import TEAM, Browser
from tests.tokens.material import ring

from doorward.access.revocation import Revocation, Scope, grant_target
from doorward.grants import LONGEST_REASON, WAITING
from doorward.login.reason import ALL_REQUESTS, REQUESTS, WINDOW
from doorward.pages import AskReason, Problem, Waiting
from doorward.tokens.jwt import verify_app_any

HOUR = 3600


@pytest.fixture(autouse=True)
def applications(world):
    with_approvals(world)


def claims(world, browser, host):
    token = browser.cookie(host, "CF_Authorization")
    return verify_app_any(token, ring(), issuer=world.organization.issuer, now=world.time)


async def reason_given(world, browser):
    await arrive(browser, REASONS, REASONS_HOST)
    return await browser.get((await say(browser)).headers["location"])


async def test_the_reason_is_asked_before_anybody_enters(world, browser):
    response = await arrive(browser, REASONS, REASONS_HOST)
    assert response.status_code == 200
    assert isinstance(world.shown, AskReason)
    assert world.shown.prompt == "Which ticket is it about?"
    assert world.shown.email == "ada@example.com"
    assert not world.shown.needs_approval
    assert not browser.cookie(REASONS_HOST, "CF_Authorization")


async def test_a_reason_lets_in_and_is_kept_with_the_login(world, browser):
    response = await reason_given(world, browser)
    assert response.status_code == 302
    assert response.headers["location"] == f"{world.origin(REASONS_HOST)}/"
    assert claims(world, browser, REASONS_HOST).policy_id == "policy-reason"
    asked_for, allowed = world.records[-2:]
    assert (asked_for.kind, asked_for.outcome, asked_for.user_email) == ("approval", "asked", "ada@example.com")
    assert asked_for.evidence["purpose_justification_response"] == WHY
    assert asked_for.evidence["purpose_justification_prompt"] == "Which ticket is it about?"
    assert allowed.outcome == "allow"
    (rule,) = [rule for rule in allowed.trace[-1]["rules"] if "purpose_justification_required" in rule["rule"]]
    assert rule["match"] == "yes"
    assert WHY in rule["because"]


async def test_it_is_asked_once_for_an_application_s_session(world, browser):
    await reason_given(world, browser)
    first = claims(world, browser, REASONS_HOST)
    world.time += HOUR
    response = await arrive(browser, REASONS, REASONS_HOST)
    assert response.headers["location"].startswith(world.origin(REASONS_HOST)), "the session goes on without a question"
    await browser.get(response.headers["location"])
    assert claims(world, browser, REASONS_HOST).exp == first.exp, "and ends when it would have ended"
    world.time = first.exp
    await arrive(browser, REASONS, REASONS_HOST)
    assert isinstance(world.shown, AskReason)
    assert "over" in world.shown.note


async def test_it_is_asked_again_after_a_new_login(world, browser):
    await reason_given(world, browser)
    other = Browser(world)
    await arrive(other, REASONS, REASONS_HOST)
    assert isinstance(world.shown, AskReason)


@pytest.mark.parametrize("reason", ["", "  \n ", "no", "x" * (LONGEST_REASON + 1)])
async def test_a_reason_says_something_and_is_not_a_book(world, browser, reason):
    await arrive(browser, REASONS, REASONS_HOST)
    response = await say(browser, reason)
    assert response.status_code == 400
    assert world.shown.error
    assert world.shown.reason == reason[:LONGEST_REASON]
    assert (await say(browser)).headers["location"].startswith(world.origin(REASONS_HOST)), "it can be corrected"


async def test_g7_114_whatever_is_typed_is_shown_as_text(world, browser):
    await arrive(browser)
    response = await say(browser, "<script>alert(1)</script>\u202e and\x00 more")
    assert isinstance(world.shown, Waiting)
    assert world.shown.reason == "<script>alert(1)</script> and more"
    assert "<script>" not in response.text
    assert "&lt;script&gt;" in response.text


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"proof": ""}, {}),
        ({"proof": "e30.e30.e30"}, {}),
        ({}, {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "same-site", "origin": "https://wiki.example.com"}),
    ],
)
async def test_another_site_cannot_give_a_reason(world, browser, form, headers):
    await arrive(browser)
    page = world.shown
    response = await browser.post(page.action, {"proof": page.proof, "reason": WHY} | form, headers=headers)
    assert response.status_code == 400
    assert await world.store.grants.all() == ()


async def test_the_proof_of_another_session_or_form_is_none(world, browser):
    await arrive(browser)
    foreign = world.shown.proof
    other = Browser(world)
    await arrive(other, code="bob")
    assert (await say(other, proof=foreign)).status_code == 400
    await arrive(other, REASONS, REASONS_HOST)
    of_other_form = world.shown.proof
    await arrive(other, code="bob")
    assert (await say(other, proof=of_other_form)).status_code == 400
    assert await world.store.grants.all() == ()


async def test_without_a_session_the_page_begins_a_login(world, browser):
    await arrive(browser)
    action = world.shown.action
    stranger = Browser(world)
    response = await stranger.get(action)
    assert response.status_code == 302
    assert response.headers["location"] == f"{world.origin(SAFE_HOST)}/"
    assert (await stranger.post(action, {"reason": WHY})).status_code == 302
    assert await world.store.grants.all() == ()


async def test_a_stale_link_begins_afresh(world, browser):
    await arrive(browser)
    action = world.shown.action
    world.time += 2 * HOUR
    response = await browser.get(action)
    assert response.headers["location"] == f"{world.origin(SAFE_HOST)}/"


async def test_who_is_no_longer_let_in_by_the_rules_is_refused_there(world, browser):
    await arrive(browser)
    page = world.shown
    world.applications = world.applications[:-2]
    with_approvals(world, exclude=[{"email": {"email": "ada@example.com"}}])
    response = await browser.post(page.action, {"proof": page.proof, "reason": WHY})
    assert response.status_code == 403
    assert await world.store.grants.all() == ()


async def test_a_request_waits_and_every_approver_gets_a_mail(world, browser, mailbox):
    url = await asked(world, browser)
    assert isinstance(world.shown, Waiting)
    assert (world.shown.reason, world.shown.missing) == (WHY, 1)
    mails = [await mailed(world), await mailed(world)]
    assert {recipient for recipient, _ in mails} == {"boss@example.com", "deputy@example.com"}
    for _, text in mails:
        assert url in text
        assert WHY in text
        assert "ada@example.com" in text
    assert not browser.cookie(SAFE_HOST, "CF_Authorization")
    assert mailbox.mails.empty()


async def test_the_waiting_page_is_loaded_again_without_a_script(world, browser):
    await asked(world, browser)
    response = await browser.get(world.shown.again_url)
    seconds, _, url = response.headers["refresh"].partition(";url=")
    assert int(seconds) <= 10
    assert (await browser.get(url)).status_code == 200
    assert isinstance(world.shown, Waiting)
    assert "<script" not in response.text


async def test_asking_twice_is_one_request_and_one_mail_each(world, browser, mailbox):
    await arrive(browser)
    page = world.shown
    for _ in range(2):
        await browser.post(page.action, {"proof": page.proof, "reason": WHY})
    assert len(await world.store.grants.all()) == 1
    await mailed(world)
    await mailed(world)
    await world.application.close()
    assert mailbox.mails.empty()


async def test_nobody_floods_the_approvers(world, browser):
    answers = []
    for _ in range(REQUESTS + 1):
        await arrive(browser)
        answers.append((await say(browser)).status_code)
        (newest, *_) = await world.store.grants.all()
        await world.store.revocations.revoke(
            Revocation(str(uuid.uuid4()), Scope.GRANT, grant_target(newest), world.time)
        )
        world.time += 1
    assert answers == [200] * REQUESTS + [429]
    assert isinstance(world.shown, Problem)
    assert len(await world.store.grants.all()) == REQUESTS
    assert ALL_REQUESTS > REQUESTS
    world.time += WINDOW
    await arrive(browser)
    assert (await say(browser)).status_code == 200


async def test_a_request_that_nobody_answers_lapses(world, browser):
    world.organization = world.organization.model_copy(update={"session_duration": timedelta(days=7)})
    await asked(world, browser)
    world.time += WAITING - 1
    await arrive(browser)
    assert isinstance(world.shown, Waiting)
    world.time += 1
    await arrive(browser)
    assert isinstance(world.shown, AskReason)
    assert "Nobody answered" in world.shown.note


async def test_a_mail_server_that_is_missing_or_broken_stops_nobody_from_asking(world, browser, mailbox):
    mailbox.refuse = True
    await asked(world, browser)
    await world.application.close()
    assert isinstance(world.shown, Waiting)


async def test_head_asks_nothing(world, browser):
    await arrive(browser)
    response = await browser.ask("HEAD", world.shown.action)
    assert response.status_code == 200
    assert await world.store.grants.all() == ()


async def test_a_hand_off_counts_no_longer_than_the_grant(world, browser):
    await arrive(browser, REASONS, REASONS_HOST)
    response = await say(browser)
    (grant,) = await world.store.grants.all()
    await world.store.revocations.revoke(Revocation("r", Scope.GRANT, grant_target(grant), world.time))
    assert (await browser.get(response.headers["location"])).status_code == 400
    assert not browser.cookie(REASONS_HOST, "CF_Authorization")


async def test_the_team_domain_s_pages_are_not_on_applications_hosts(world, browser):
    await arrive(browser)
    path = world.shown.action.removeprefix(world.origin(TEAM))
    response = await followed(browser, await browser.get(world.origin(SAFE_HOST) + path))
    assert response.status_code == 404
