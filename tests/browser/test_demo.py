"""The demo in a browser: what its first screen promises, done as it says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio
from tests.browser.demo_process import started
from tests.browser.place import METRICS, PAYROLL, WIKI, Place
from tests.browser.visitor import OURS, Visitor, ask_for_code, type_code
from tests.door.mailbox import Mailbox
from tests.door.running import Door, free_ports
from tests.edge.recording_origin import RecordingServer

pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]

AUDIT = (Path(__file__).parent / "audit.js").read_text()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    (port,) = free_ports(1)
    with started(tmp_path_factory.mktemp("demo") / "it", port) as demo:
        demo.until("Ctrl-C stops everything")
        yield demo


@pytest_asyncio.fixture(loop_scope="session", params=["light", "dark"])
async def newcomer(request, chromium, demo):
    """Somebody who opens the demo, on a phone; its own pages may complain of nothing either."""
    door = Door(
        demo.configuration.parent, demo.told["listen"]["http"], demo.told["status"]["port"], demo.process, demo.output
    )
    place = Place(door, RecordingServer(), Mailbox(0))
    size = {"width": 390, "height": 844}
    async with Visitor(chromium, place, color_scheme=request.param, viewport=size) as visitor:
        visitor.watched = OURS | {"127.0.0.1"}
        visitor.expected = {403}
        yield visitor


async def test_the_three_steps_of_the_first_screen(newcomer, demo):
    page = await newcomer.open(WIKI)
    await page.get_by_role("link", name="Demo directory").click()
    assert await page.evaluate(AUDIT) == []
    await page.get_by_role("button", name="Alice").click()
    await page.get_by_role("heading", name="alice@example.test").wait_for()
    text = await page.locator("main").inner_text()
    assert "signature, issuer, audience and time checked" in text
    assert "Engineering" in text
    assert await page.evaluate(AUDIT) == []
    for details in await page.locator("summary").all():
        await details.click()
    assert await page.evaluate(AUDIT) == []

    await page.get_by_role("link", name="Metrics").click()
    await page.get_by_role("heading", name="alice@example.test").wait_for()
    assert f"http://{METRICS}:" in page.url
    await page.get_by_role("link", name="Payroll").click()
    assert await page.locator("h1").inner_text() == "That account does not have access."
    reference = await page.locator(".reference code").inner_text()
    explained = await asyncio.to_thread(explain, reference, demo)
    assert "Payroll team only" in explained

    await page.get_by_role("link", name="Sign in as somebody else").click()
    await page.get_by_role("link", name=f"Back to {PAYROLL}").click()
    await page.get_by_role("link", name="Demo directory").click()
    await page.get_by_role("button", name="Paula").click()
    await page.get_by_role("heading", name="paula@example.test").wait_for()


async def test_a_code_from_the_inbox(newcomer, demo):
    inbox = await newcomer.page()
    await inbox.goto(f"http://127.0.0.1:{demo.inbox}/")
    page = await newcomer.open(WIKI)
    before = await inbox.locator("article").count()
    await ask_for_code(page, "anybody@example.test")
    await inbox.locator("article").nth(before).wait_for()  # the page looks by itself
    assert await inbox.evaluate(AUDIT) == []
    await type_code(page, await inbox.locator(".code").first.inner_text())
    await page.get_by_role("heading", name="anybody@example.test").wait_for()


async def test_an_application_that_is_asked_past_the_door_refuses(newcomer, demo):
    page = await newcomer.page()
    response = await page.goto(f"http://{WIKI}:{demo.ports()[-1]}/")
    assert response.status == 403
    assert await page.locator("h1").inner_text() == "No valid token"
    assert await page.evaluate(AUDIT) == []


def explain(reference, demo):
    command = [sys.executable, "-m", "doorward", "explain", reference, "--config", str(demo.configuration)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
