"""The pictures in the README: ``python -m demo.pictures`` starts a demo and takes them anew, into ``docs/images``.

Needs a Chromium: the one that ``DOORWARD_CHROMIUM`` names, or ``chromium`` in the path.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from demo.folder import claimed
from demo.ports import WISHED, beside
from demo.town import standing

FOLDER: Final = Path(__file__).parent.parent / "docs" / "images"
_WIDTH: Final = 1280
_COLOURS: Final = 256
"""Enough for pages of plain colours; keeps each picture far below 200 kB."""


async def _quietly(_name: str, work: Awaitable[None]) -> None:
    await work


async def _picture(page: Page, name: str, height: int) -> None:
    """The upper ``height`` pixels of the page, for screens of double density."""
    await page.set_viewport_size({"width": _WIDTH, "height": height})
    shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled")))
    target = FOLDER / f"{name}.png"
    shot.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    sys.stdout.write(f"{target.relative_to(FOLDER.parent.parent)}: {target.stat().st_size // 1024} kB\n")


async def _take(browser: Browser, door: int) -> None:
    """The same way that the demo's first screen proposes."""
    context = await browser.new_context(viewport={"width": _WIDTH, "height": 800}, device_scale_factor=2)
    page = await context.new_page()
    await page.goto(f"http://wiki.localhost:{door}/")
    await _picture(page, "chooser", 760)
    await page.get_by_role("link", name="Demo directory").click()
    await page.get_by_role("button", name="Alice").click()
    await page.get_by_role("heading", name="alice@example.test").wait_for()
    await _picture(page, "wiki", 960)
    await page.goto(f"http://payroll.localhost:{door}/")
    await _picture(page, "refused", 900)
    await context.close()


async def _run() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, claimed(Path(folder), WISHED) as (door, claim):
        async with standing(beside(door), claim, _quietly), async_playwright() as playwright:
            path = os.environ.get("DOORWARD_CHROMIUM", "/usr/bin/chromium")
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = await playwright.chromium.launch(executable_path=path, args=arguments)
            await _take(browser, door)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(_run())
