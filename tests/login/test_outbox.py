from __future__ import annotations

import asyncio

from doorward.login import outbox as module
from doorward.login.outbox import MAILS, MOST, Outbox


def counted(outcome):
    return MAILS.labels(outcome)._value.get()


async def test_a_delivery_goes_on_behind_the_answer():
    outbox, done = Outbox(), asyncio.Event()
    before = counted("sent")

    async def deliver():
        done.set()

    outbox.post(deliver(), "request")
    assert not done.is_set()
    await asyncio.wait_for(done.wait(), 5)
    await outbox.close()
    assert counted("sent") == before + 1


async def test_a_failure_is_counted_and_harms_nobody():
    outbox, before = Outbox(), counted("failed")

    async def deliver():
        raise RuntimeError("no")

    outbox.post(deliver(), "request")
    await outbox.close()
    assert counted("failed") == before + 1


async def test_a_mail_server_that_hangs_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    outbox, before = Outbox(), counted("dropped")

    async def deliver():
        await asyncio.sleep(3600)

    for _ in range(MOST + 3):
        outbox.post(deliver(), "request")
    assert counted("dropped") == before + 3
    await asyncio.wait_for(outbox.close(), 5)


async def test_closing_an_empty_one_is_nothing():
    await asyncio.wait_for(Outbox().close(), 1)
