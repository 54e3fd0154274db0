"""Everything that policies ask for at a login: other services over real HTTP, and what is reported."""

from __future__ import annotations

from typing import Any

import pytest
from tests.login.world import TEAM, WIKI, policy
from tests.providers.evaluating import evaluating
from tests.tokens.material import NOW, ring

from doorward.login import weighing
from doorward.policy.learned import Word
from doorward.providers.evaluation import Evaluator
from doorward.providers.outbound import outbound_client
from doorward.reports import SCORE, Delivery, Report, ReportSource, shared_secret
from doorward.tokens.jwks import key_set

STAFF = {"email_domain": {"domain": "example.com"}}
STRANGERS = {"email_domain": {"domain": "other.example"}}
SOURCE = ReportSource("fleet", frozenset({"disk", SCORE}), shared_secret("x" * 32))
DISK = {"device_posture": {"integration_uid": "disk"}}


@pytest.fixture
async def evaluator(world):
    async with outbound_client() as http:
        world.providers.evaluator = Evaluator(http)
        yield world.providers.evaluator
        await world.providers.evaluator.close()


@pytest.fixture
async def service():
    async with evaluating(now=NOW, trusted=key_set(ring(), NOW)) as service:
        yield service


def asks(service: Any) -> dict[str, Any]:
    return {"external_evaluation": service.value.model_dump()}


async def arrive(world: Any, browser: Any) -> Any:
    """A login at the wiki up to the decision."""
    await browser.get(world.door(browser, WIKI, "wiki.example.com"))
    response = await browser.get(world.origin(TEAM) + world.shown.methods[0].url)
    return await browser.get(browser.back(response))


async def reported(world: Any, subject: str, value: str, *, jti: str = "1", address: str = "ada@example.com") -> None:
    report = Report(address, subject, value, world.time + 600)
    await world.store.reports.deliver(Delivery("fleet", jti, world.time, world.time + 60, (report,)), world.time)


async def test_a_service_that_says_yes_lets_in_who_else_would_have_been_let_in(world, browser, evaluator, service):
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    service.decide = lambda claims: claims["identity"]["email"] == "ada@example.com"
    response = await arrive(world, browser)
    assert response.status_code == 302
    assert response.headers["location"].startswith("https://wiki.example.com/cdn-cgi/access/authorized?")
    (asked,) = service.asked
    assert asked["identity"]["groups"] == [{"id": "g1", "name": "Staff"}, {"id": "g2", "name": "Eng", "email": "eng@example.com"}]  # fmt: skip
    record = world.records[-1]
    assert f"{service.value.evaluate_url} said yes" in str(record.trace)


async def test_one_that_says_no_refuses_with_the_reason_in_the_trace(world, browser, evaluator, service):
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    service.decide = lambda _claims: False
    response = await arrive(world, browser)
    assert response.status_code == 403
    assert world.records[-1].outcome == "deny"
    assert f"{service.value.evaluate_url} said no" in str(world.records[-1].trace)


async def test_a_failure_is_false_and_traced(world, browser, evaluator, service):
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    service.raw = (500, {}, b"")
    assert (await arrive(world, browser)).status_code == 403
    assert "gave no usable answer: answer: status 500" in str(world.records[-1].trace)


@pytest.mark.parametrize("where", ["exclude", "deny"])
async def test_a_failure_never_opens_where_a_yes_would_keep_out(world, browser, evaluator, service, where: str):
    rule = asks(service)
    policies = {
        "exclude": [policy("allow", STAFF, exclude=[rule])],
        "deny": [policy("deny", rule), policy("allow", STAFF)],
    }
    world.change(WIKI, policies=policies[where])
    service.raw = (500, {}, b"")
    assert (await arrive(world, browser)).status_code == 403
    service.raw = None
    service.decide = lambda _claims: False
    assert (await browser.get(world.door(browser, WIKI, "wiki.example.com"))).status_code == 302


async def test_nobody_is_asked_where_it_does_not_matter(world, browser, evaluator, service):
    world.change(
        WIKI, policies=[policy("allow", STRANGERS, require=[asks(service)]), policy("allow", STAFF, id="second")]
    )
    assert (await arrive(world, browser)).status_code == 302
    assert service.asked == []


async def test_the_answer_is_kept_with_the_session_and_asked_anew_at_the_next_login(world, browser, evaluator, service):
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    assert (await arrive(world, browser)).status_code == 302
    user = await world.store.users.find("ada@example.com")
    (session,) = await world.store.sessions.live_of(user, world.time)
    key = (service.value.evaluate_url, service.value.keys_url)
    assert (await world.store.evaluations.of(session.nonce))[key].word is Word.YES
    service.decide = lambda _claims: False
    assert (await browser.get(world.door(browser, WIKI, "wiki.example.com"))).status_code == 403
    assert (await world.store.evaluations.of(session.nonce))[key].word is Word.NO
    assert len(service.asked) == 2


async def test_two_services_are_asked_and_each_gets_its_own_question(world, browser, evaluator, service):
    async with evaluating(now=NOW, trusted=key_set(ring(), NOW)) as other:
        world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service), asks(other)])])
        assert (await arrive(world, browser)).status_code == 302
        assert service.asked[0]["nonce"] != other.asked[0]["nonce"]
        assert other.asked[0]["aud"] == [other.value.evaluate_url]


async def test_one_login_asks_a_few_services_only(world, browser, evaluator, service, monkeypatch):
    monkeypatch.setattr(weighing, "MOST_QUESTIONS", 1)
    second = {"external_evaluation": {**service.value.model_dump(), "evaluate_url": service.value.evaluate_url + "?2"}}
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service), second])])
    assert (await arrive(world, browser)).status_code == 403
    assert len(service.asked) == 1
    assert "services would have to be asked" in str(world.records[-1].trace)


async def test_an_identity_that_is_too_large_is_not_sent(world, browser, evaluator, service, monkeypatch):
    def refuse(*_arguments: Any) -> Any:
        raise ValueError("a question of 9 bytes is too large")

    monkeypatch.setattr(weighing, "mint_question", refuse)
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    assert (await arrive(world, browser)).status_code == 403
    assert "was not asked: a question of 9 bytes is too large" in str(world.records[-1].trace)


@pytest.mark.parametrize(
    ("value", "status"), [("passed", 302), ("failed", 403), ("", 403)], ids=["passed", "failed", "no report"]
)
async def test_a_posture_that_was_reported_decides_at_the_login(world, browser, value: str, status: int):
    world.report_sources = (SOURCE,)
    world.change(WIKI, policies=[policy("allow", STAFF, require=[DISK])])
    if value:
        await reported(world, "disk", value)
    await reported(world, "disk", "passed", jti="2", address="bob@example.com")
    assert (await arrive(world, browser)).status_code == status


@pytest.mark.parametrize(("level", "status"), [("low", 302), ("high", 403), ("", 302)], ids=["low", "high", "unscored"])
async def test_a_risk_score_decides_at_the_login(world, browser, level: str, status: int):
    world.report_sources = (SOURCE,)
    rule = {"user_risk_score": {"user_risk_score": ["low", "unscored"]}}
    world.change(WIKI, policies=[policy("allow", STAFF, require=[rule])])
    if level:
        await reported(world, SCORE, level)
    assert (await arrive(world, browser)).status_code == status


@pytest.mark.parametrize("helps", [True, False])
async def test_a_code_is_mailed_only_to_whom_the_reports_would_let_in(world, browser, mailbox, helps: bool):
    world.report_sources = (SOURCE,)
    world.change(WIKI, policies=[policy("allow", STAFF, require=[DISK])])
    await reported(world, "disk", "passed" if helps else "failed")
    await browser.get(world.door(browser, WIKI, "wiki.example.com"))
    response = await browser.post(world.origin(TEAM) + world.shown.pin_form.action, {"email": "ada@example.com"})
    assert response.status_code == 302
    await world.application.close()
    assert mailbox.mails.empty() is not helps


async def test_a_code_is_mailed_where_a_service_has_still_to_be_asked(world, browser, mailbox, evaluator, service):
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    await browser.get(world.door(browser, WIKI, "wiki.example.com"))
    await browser.post(world.origin(TEAM) + world.shown.pin_form.action, {"email": "ada@example.com"})
    recipient, _, _ = await mailbox.next()
    assert recipient == "ada@example.com"
    assert service.asked == []


async def test_a_hand_off_rests_on_what_the_service_said_and_nobody_is_asked_again(world, browser, evaluator, service):
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    response = await arrive(world, browser)
    assert (await browser.get(response.headers["location"])).status_code == 302
    assert browser.cookie("wiki.example.com", "CF_Authorization")
    assert len(service.asked) == 1


async def test_g7_109_a_service_that_was_not_asked_lets_no_hand_off_through(world, browser, evaluator, service):
    response = await arrive(world, browser)
    world.change(WIKI, policies=[policy("allow", STAFF, require=[asks(service)])])
    assert (await browser.get(response.headers["location"])).status_code == 400
    assert not browser.cookie("wiki.example.com", "CF_Authorization")
    assert not service.asked
