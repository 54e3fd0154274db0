"""Both credentials as JSON in the one header that the application names (access.md 3.3)."""

from __future__ import annotations

import json

import pytest
from tests.door.visitor import Visitor, unseen_path
from tests.door_tokens.place import OWN, Programs


async def test_one_header_lets_a_program_in(either: Programs) -> None:
    assert (await either.get("one.localhost", headers={"authorization": either.ci.one})).status_code == 200
    assert (await either.get("own.localhost", headers={"x-service-token": OWN.one})).status_code == 200


async def test_the_two_headers_work_there_as_well(either: Programs) -> None:
    assert (await either.get("one.localhost", headers=either.ci.pair)).status_code == 200


async def test_where_no_header_is_named_none_is_looked_at_and_it_reaches_the_origin(classic: Programs) -> None:
    assert (await classic.get("robots.localhost", headers={"authorization": classic.ci.one})).status_code == 403
    path = unseen_path()
    await classic.get("open.localhost", path, headers={"authorization": "Bearer of the application"})
    assert classic.house.at_origin(path).get("authorization") == "Bearer of the application"


async def test_another_header_than_the_named_one_counts_for_nothing(either: Programs) -> None:
    assert (await either.get("own.localhost", headers={"authorization": OWN.one})).status_code == 403
    assert (await either.get("one.localhost", headers={"x-service-token": either.ci.one})).status_code == 302


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Bearer abc.def.ghi", "token"])
async def test_other_values_of_the_header_are_the_applications(either: Programs, value: str) -> None:
    path = unseen_path()
    response = await either.get("one.localhost", path, headers=either.ci.pair | {"authorization": value})
    assert response.status_code == 200
    assert either.house.at_origin(path).get("authorization") == value
    assert (await either.get("one.localhost", headers={"authorization": value})).status_code == 302


async def test_a_persons_own_authorization_reaches_the_application_on_every_way(
    classic: Programs, visitor: Visitor
) -> None:
    path = unseen_path()
    assert (await visitor.sign_in("one.localhost")).status_code == 200
    response = await visitor.get("one.localhost", path, headers={"authorization": "Basic dXNlcjpwYXNz"})
    assert response.status_code == 200
    seen = classic.house.at_origin(path)
    assert seen.get("authorization") == "Basic dXNlcjpwYXNz"
    assert seen.get("cf-access-authenticated-user-email") == "alice@example.test"


async def test_g3_46_credentials_beside_a_persons_cookie_do_not_slip_past_the_door(
    classic: Programs, visitor: Visitor
) -> None:
    assert (await visitor.sign_in("one.localhost")).status_code == 200
    # The good one last: it gives the browser the program's cookie in place of the person's.
    for value in (classic.ci.but(client_secret="wrong").one, "{", f"Basic x, {classic.ci.one}", classic.ci.one):
        path = unseen_path()
        response = await visitor.get("one.localhost", path, headers={"authorization": value})
        assert response.status_code == 200
        assert classic.house.at_origin(path).get("authorization") is None


def bad(programs: Programs) -> dict[str, str]:
    good = json.loads(programs.ci.one)
    return {
        "a wrong secret": programs.ci.but(client_secret="wrong").one,
        "an unknown id": programs.ci.but(client_id="0" * 32 + ".access").one,
        "no secret": json.dumps({"cf-access-client-id": good["cf-access-client-id"]}),
        "a list": json.dumps([good]),
        "the pair twice": f"{programs.ci.one}, {programs.ci.one}",
        "a member twice": programs.ci.one[:-1] + ', "cf-access-client-secret": "x"}',
        "not JSON": "{cf-access-client-id: x}",
        "not an object": '"{}"',
        "in front of it something else": f"Bearer {programs.ci.one}",
    }


@pytest.mark.parametrize(
    "case",
    ["a wrong secret", "an unknown id", "no secret", "a list", "the pair twice", "a member twice", "not JSON",
     "not an object", "in front of it something else"],
)  # fmt: skip
async def test_what_is_not_one_good_pair_is_refused(strict: Programs, classic: Programs, case: str) -> None:
    for programs, status in ((strict, 401), (classic, 302)):
        path = unseen_path()
        response = await programs.get("one.localhost", path, headers={"authorization": bad(programs)[case]})
        assert response.status_code == status
        assert not programs.house.reached(path)


async def test_g10_149_the_header_twice_is_refused(strict: Programs, classic: Programs) -> None:
    for programs, status in ((strict, 401), (classic, 302)):
        for values in ((programs.ci.one, programs.ci.one), ("Basic x", programs.ci.one)):
            path = unseen_path()
            response = await programs.get("one.localhost", path, headers=[("authorization", value) for value in values])
            assert response.status_code == status
            assert not programs.house.reached(path)


async def test_g10_149_both_ways_at_once_are_refused_even_when_they_agree(strict: Programs, classic: Programs) -> None:
    for programs, status in ((strict, 401), (classic, 302)):
        both = programs.ci.pair | {"authorization": programs.ci.one}
        assert (await programs.get("one.localhost", headers=both)).status_code == status
        half = {"cf-access-client-id": programs.ci.client_id, "authorization": programs.ci.one}
        assert (await programs.get("one.localhost", headers=half)).status_code == status


async def test_the_doors_own_header_for_it_cannot_be_sent(either: Programs) -> None:
    response = await either.get("one.localhost", headers={"x-doorward-service-token": either.ci.one})
    assert response.status_code == 302
