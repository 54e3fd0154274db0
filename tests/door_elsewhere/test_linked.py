"""One application calls another with the token it was given; groups count at their own provider only."""

from __future__ import annotations

import pytest
from tests.door.visitor import Visitor, unseen_path
from tests.door_elsewhere.place import AZURE, CALLED, CALLER, CHECKED, GITHUB, OTHER, deliver, posture

pytestmark = pytest.mark.edge


async def test_a_token_that_an_application_passes_on_opens_the_one_that_names_it(house, visitor):
    await visitor.sign_in(CALLER, path := unseen_path(), who="alice")
    passed_on = dict(house.at_origin(path).headers)["cf-access-jwt-assertion"]
    async with Visitor(house, headers={}) as program:
        assert (await program.get(CALLED)).status_code == 403
        called = unseen_path()
        answer = await program.get(CALLED, called, headers={"cf-access-token": passed_on})
        assert answer.status_code == 200
        seen = dict(house.at_origin(called).headers)
        assert seen["cf-access-jwt-assertion"] != passed_on
        assert "cf-access-token" not in seen
        assert "cf-access-authenticated-user-email" not in seen
        assert (await program.get(CHECKED, headers={"cf-access-token": passed_on})).status_code == 302


async def test_another_applications_token_does_not_and_neither_does_it_after_the_logout(house, visitor):
    await deliver(house, posture("alice", passed=True))
    await visitor.sign_in(CHECKED, who="alice")
    await visitor.open(CALLER)
    wrong, right = visitor.cookie(CHECKED), visitor.cookie(CALLER)
    async with Visitor(house, headers={}) as program:
        assert (await program.get(CALLED, headers={"cf-access-token": wrong})).status_code == 403
        assert (await program.get(CALLED, headers={"cf-access-token": right})).status_code == 200
        assert (await program.get(CALLED, headers={"cookie": f"CF_Authorization={right}"})).status_code == 403
        await visitor.team("/logout")
        assert (await program.get(CALLED, headers={"cf-access-token": right})).status_code == 403


async def test_g7_107_groups_count_for_logins_at_their_own_provider_only(visitor):
    assert (await visitor.sign_in(AZURE, who="alice")).status_code == 200
    assert (await visitor.open(GITHUB)).status_code == 200
    assert (await visitor.open(OTHER)).status_code == 403


async def test_who_is_not_in_the_group_is_refused(visitor):
    assert (await visitor.sign_in(AZURE, who="bob")).status_code == 403
    assert (await visitor.open(GITHUB)).status_code == 200
