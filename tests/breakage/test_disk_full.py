"""The disk is full while the door is open. A limit on the size of files stands in for it: writes fail, all else works."""

from __future__ import annotations

import contextlib
import resource

import pytest
from tests.breakage.house import ANONYMOUS, FAST, SLOW, database, is_intact, log_since, mark, signed_in
from tests.breakage.pages import is_clear, reference_on
from tests.breakage.traffic import Traffic
from tests.door.running import browser, eventually
from tests.door.visitor import Visitor

pytestmark = pytest.mark.edge


@contextlib.contextmanager
def no_room(house):
    """Nothing can be written any more by the control plane: not one byte of any file."""
    control = house.door.children()["control"]
    limits = resource.prlimit(control, resource.RLIMIT_FSIZE)
    resource.prlimit(control, resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(control, resource.RLIMIT_FSIZE, limits)


async def test_the_signed_in_go_on_a_login_fails_with_a_page_and_room_heals_it(house):
    door = house.door
    fast, slow = await signed_in(house), await signed_in(house, SLOW)
    at = mark(door)
    async with Visitor(house) as visitor, Traffic(door.port, FAST, fast.headers, clients=2) as traffic:
        await traffic.flowing()
        with no_room(house):
            page = await visitor.open(FAST, "/no-room")
            assert page.status_code == 200, "the page to choose from needs no disk"
            failed = await visitor.choose_directory(page)
            is_clear(failed, 503)
            async with browser() as client:
                still = await client.get(door.url(SLOW, "/no-room"), headers=slow.headers)
                assert still.status_code == 200, "a valid token needs no disk, where it is asked about either"
                redirected = await client.get(door.url(FAST, "/no-room"), headers=ANONYMOUS)
                assert redirected.status_code == 302
            await traffic.flowing(50)
        again = await visitor.sign_in(FAST, "/room-again")
        assert (again.status_code, again.headers.get("x-origin")) == (200, "/room-again")
    assert not traffic.other_than(200), traffic.summary()
    assert house.at_origin("/no-room").get("host") == f"{SLOW}:{door.port}"
    assert is_intact(door)
    assert "Traceback" not in log_since(door, at)


async def test_a_login_that_meets_a_full_disk_at_its_last_step_can_be_repeated(house):
    async with Visitor(house) as visitor:
        page = await visitor.open(FAST, "/last-step")
        form = await visitor.choose_directory(page)
        with no_room(house):
            failed = await visitor.submit(form, {"sub": "alice"})
            is_clear(failed, 503)
            assert not visitor.cookie(FAST)
        again = await visitor.sign_in(FAST, "/last-step")
        assert again.headers.get("x-origin") == "/last-step"
    assert is_intact(house.door)


async def test_decisions_that_could_not_be_stored_are_stored_once_there_is_room(house):
    """Refusals are decided and shown without the disk; their record waits."""
    door = house.door
    with no_room(house):
        async with browser() as client:
            refused = await client.get(door.url("closed.localhost", "/"), headers=ANONYMOUS)
        assert refused.status_code == 403
        at = mark(door)
        await eventually(lambda: "decisions are not stored yet" in log_since(door, at), 20)
    reference = reference_on(refused.text)
    await eventually(lambda: door.run("explain", reference).returncode == 0, 30)
    assert database(door).exists()
