"""Logins in a real Chromium with real SAML providers: their answers come by a form that another site sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.visitor import Visitor
from tests.counterparties import pysaml2_idp, samlp_idp
from tests.door_saml.place import Saml, saml_place

AUDIT = (Path(__file__).parent / "audit.js").read_text()
pytestmark = [pytest.mark.browser, pytest.mark.edge, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def saml(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saml]:
    if missing := (pysaml2_idp.why_not() or samlp_idp.why_not()):
        pytest.skip(missing)
    with saml_place(tmp_path_factory.mktemp("saml")) as place:
        yield place


@pytest.fixture(scope="module")
def saml_over_https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saml]:
    if missing := (pysaml2_idp.why_not() or samlp_idp.why_not()):
        pytest.skip(missing)
    with saml_place(tmp_path_factory.mktemp("saml"), "https") as place:
        yield place


async def sign_in(page, who="ada"):
    await page.locator("input[name=user]").fill(who)
    await page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("name", ["p-both", "p-response", "p-encrypted", "s-both", "s-response", "s-encrypted"])
async def test_somebody_signs_in_and_arrives_where_they_wanted_to_go(chromium, saml, name):
    async with Visitor(chromium, saml.house) as visitor:
        page = await visitor.open(f"{name}.localhost", f"/from/{name}?a=1")
        await sign_in(page)
        await page.wait_for_url(f"**/from/{name}?a=1")
        assert await page.locator("body").inner_text() == "hello from the origin"
        cookies = await visitor.cookies()
        assert cookies["login.localhost", "CF_Session"]["sameSite"] == "Lax"  # so the form itself came without it
        again = await visitor.open(f"{name}.localhost", "/again")
        assert await again.locator("body").inner_text() == "hello from the origin"


@pytest.mark.parametrize("name", ["p-encrypted", "s-response"])
async def test_the_same_over_https(chromium, saml_over_https, name):
    async with Visitor(chromium, saml_over_https.house) as visitor:
        page = await visitor.open(f"{name}.localhost", "/secure")
        await sign_in(page)
        await page.wait_for_url("**/secure")
        assert await page.locator("body").inner_text() == "hello from the origin"
        cookies = await visitor.cookies()
        assert cookies["login.localhost", "__Host-CF_Session"]["sameSite"] == "None"


async def test_a_request_by_form_goes_by_one_button(chromium, saml):
    async with Visitor(chromium, saml.house) as visitor:
        page = await visitor.open("p-posted.localhost", "/posted")
        assert await page.get_by_role("heading").inner_text() == "Go on to p-posted"
        assert await page.evaluate(AUDIT) == []
        await page.get_by_role("button", name="Continue").click()
        await sign_in(page)
        await page.wait_for_url("**/posted")
        assert await page.locator("body").inner_text() == "hello from the origin"


async def test_g7_97_somebody_elses_answer_signs_nobody_in(chromium, saml):
    """Login CSRF: the attacker's page sends the attacker's own answer in the victim's browser."""
    async with Visitor(chromium, saml.house) as attacker, Visitor(chromium, saml.house) as victim:
        page = await attacker.open("s-both.localhost")
        caught: list[str] = []

        async def catch(route, request):
            caught.append(request.post_data)
            await route.abort()

        await page.route("**/cdn-cgi/access/callback", catch)
        await sign_in(page)
        while not caught:
            await page.wait_for_timeout(50)
        victim.expected = {400}
        bait = await victim.page()
        await bait.goto(f"{saml.samlp.address}/both")  # any page of another site
        fields = [pair.split("=", 1) for pair in caught[0].split("&")]
        await bait.evaluate(
            """([action, fields]) => {
                const form = document.createElement("form");
                form.method = "post"; form.action = action;
                for (const [name, value] of fields) {
                    const input = document.createElement("input");
                    input.name = name; input.value = decodeURIComponent(value.replaceAll("+", " "));
                    form.append(input);
                }
                document.body.append(form); form.submit();
            }""",
            [saml.house.team("/callback"), fields],
        )
        await bait.get_by_text("Invalid session").wait_for()
        assert ("login.localhost", "CF_Authorization") not in await victim.cookies()
