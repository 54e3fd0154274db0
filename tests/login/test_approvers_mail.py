"""How many mails a request makes, and what stops them."""

from __future__ import annotations

from tests.login.approving import arrive, mailed, say, with_approvals
from tests.login.world import Browser

from doorward.login.approvers_mail import MAILS, MAILS_EACH, MOST


def counted(outcome):
    return MAILS.labels(outcome)._value.get()  # the client offers no other way to read one


async def settled(world, mailbox):
    """Recipients of everything that was sent."""
    await world.application.close()
    found = []
    while not mailbox.mails.empty():
        found.append((await mailed(world))[0])
    return found


async def test_a_request_mails_so_many_approvers_and_no_more(world, browser, mailbox):
    everybody = [f"approver{number}@example.com" for number in range(MOST + 5)]
    with_approvals(
        world, {"approvals_needed": 1, "email_addresses": [*everybody, "@partner.example", "ada@example.com"]}
    )
    before = counted("sent")
    await arrive(browser)
    await say(browser)
    assert sorted(await settled(world, mailbox)) == sorted(everybody[:MOST])
    assert counted("sent") == before + MOST


async def test_an_approver_is_not_flooded_whoever_asks(world, mailbox):
    with_approvals(world)
    for _ in range(MAILS_EACH):
        await world.store.limits.hit("ask-mail:boss@example.com", MAILS_EACH, 3600, world.time)
    before = counted("dropped")
    browser = Browser(world)
    await arrive(browser)
    assert (await say(browser)).status_code == 200
    assert await settled(world, mailbox) == ["deputy@example.com"]
    assert counted("dropped") == before + 1


async def test_a_mail_that_cannot_be_sent_is_counted(world, browser, mailbox):
    with_approvals(world)
    mailbox.refuse = True
    before = counted("failed")
    await arrive(browser)
    await say(browser)
    await world.application.close()
    assert counted("failed") == before + 2
