"""Which application a path belongs to: what the door matched is what the origin will read (group 1)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from tests.attacks.wire import ask
from tests.door.visitor import unseen_path

pytestmark = pytest.mark.edge

OPEN, CLOSED = "open.localhost", "closed.localhost"


def path_of(target):
    return target.partition("?")[0]


@pytest.mark.parametrize(
    "spelling",
    [
        "/%61dmin",
        "/a%64min",
        "/%41dmin/../%61dmin",
        "/x/%2e%2e/adm%69n",
        "/./%61%64%6D%69%6e",
        "//%61dmin",
        "/%61dmin/",
    ],
)
async def test_g1_11_letters_that_are_escaped_for_no_reason_do_not_lead_around_a_closed_path(house, spelling):
    target = f"{spelling.rstrip('/')}{unseen_path()}"
    answer = await ask(house.door.port, OPEN, target)
    assert answer.status == 302
    assert not any(target.rpartition("/")[2] == one.target.rpartition("/")[2] for one in house.origin.requests)


@pytest.mark.parametrize("spelling", ["/%70ublic", "/publi%63", "/p%75blic", "/x/../%70ublic"])
async def test_g1_11_an_open_path_stays_open_in_every_spelling_and_the_origin_gets_the_plain_one(house, spelling):
    below = unseen_path()
    assert (await ask(house.door.port, CLOSED, spelling + below)).status == 200
    assert house.reached("/public" + below)


@pytest.mark.parametrize(
    "spelling",
    [
        "/publicx", "/xpublic", "/Public", "/publi", "/public.", "/public%20", "/public%09", "/public%23", "/public%3f",
        "/pub%6Cicx", "/public~", "/%70ublicx", "/public%7E", "/public,", "/public;", "/public;x=1",
    ],
)  # fmt: skip
async def test_g1_10_what_only_resembles_an_open_path_is_closed(house, spelling):
    target = spelling + unseen_path()
    answer = await ask(house.door.port, CLOSED, target)
    assert answer.status in {302, 400}
    assert not house.reached(target)


@pytest.mark.parametrize(
    "way",
    [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/%2E%2E/%61dmin",
        "/public/./../admin",
        "/public//../../admin",
    ],
)
async def test_g1_1_2_dots_lead_out_of_an_open_path(house, way):
    below = unseen_path()
    assert (await ask(house.door.port, CLOSED, way + below)).status == 302
    assert not house.reached("/admin" + below)


async def test_g1_5_an_empty_segment_is_one_that_dots_remove_for_the_decision_and_the_origin_alike(house):
    """RFC 3986 section 5.2.4: ``/public//../x`` is ``/public/x``. What matters is that the origin is asked for just that."""
    below = unseen_path()
    assert (await ask(house.door.port, CLOSED, f"/public//../admin{below}")).status == 200
    assert house.reached(f"/public/admin{below}")


@pytest.mark.parametrize(
    "tail",
    [
        "%c0%ae%c0%ae/admin", "%c0%af", "%e0%80%af", "%ef%bc%8f..%ef%bc%8fadmin", "%ef%bc%8e%ef%bc%8e/admin", "%u002e%u002e/admin",
        "%ff%fe", "\u00e9", "%f0%80%80%ae", "%e2%88%95", "%ed%a0%80",
    ],
)  # fmt: skip
async def test_g1_18_overlong_and_look_alike_forms_are_data_or_refused(house, tail):
    """Below the open path they stay below it, character for character; below the closed one they stay closed."""
    below = unseen_path()
    opened = await ask(house.door.port, CLOSED, f"/public{below}/{tail}")
    assert opened.status in {200, 400}
    arrived = [one.target for one in list(house.origin.requests) if below + "/" in one.target]
    assert all(target.startswith(f"/public{below}/") for target in arrived)
    assert (await ask(house.door.port, OPEN, f"/admin{below}/{tail}")).status in {302, 400}
    assert not any(one.target.startswith(f"/admin{below}/") for one in list(house.origin.requests))


async def test_g1_16_the_two_matchers_agree_on_six_hundred_odd_paths_and_nothing_closed_is_reached(house):
    """Envoy picks the route, the control plane the application. Had they differed, the answer would be a 503."""
    rng = random.Random(20261124)
    pieces = [
        "admin", "%61dmin", "ADMIN", "public", "..", ".", "%2e%2e", "", "x", "%", "%2", "%zz", ":", "@", "!", "$&'()*+,=", "~", "é",
        "%20", "%25", "%0a", "v1", "all:export", "*", "[", "]", "{a}", "|", "^", "`", '"', "<", "%7e", "..a", "...", "a..", "-", "_",
    ]  # fmt: skip
    before, counted = len(house.origin.requests), Counter()
    asked = [
        (rng.choice((OPEN, CLOSED)), "/" + "/".join(rng.choices(pieces, k=rng.randrange(1, 5)))) for _ in range(2000)
    ]
    for start in range(0, len(asked), 50):
        batch = asked[start : start + 50]
        answers = await asyncio.gather(*(ask(house.door.port, host, target, within=20) for host, target in batch))
        assert {answer.status for answer in answers} <= {200, 302, 400, 404}, list(zip(batch, answers, strict=True))
        counted.update(answer.status for answer in answers)
    assert all(counted[status] > 15 for status in (200, 302, 400)), counted
    for request in house.origin.requests[before:]:
        host, path = request.get("host"), path_of(request.target)
        below = path.split("/")
        if host == OPEN:
            assert below[1] != "admin", request.target
            assert below[1:3] != ["v1", "all:export"], request.target
        else:
            assert below[1] == "public", request.target


@pytest.mark.parametrize(
    "target", ["/admin?x=/public", "/?/public", "/?x=/public/../public", "/admin?;/public", "/private?#/public"]
)
async def test_g1_9_a_query_opens_nothing(house, target):
    answer = await ask(house.door.port, CLOSED, target)
    assert answer.status in {302, 400}
    assert not house.reached(target)


@pytest.mark.parametrize("spelling", ["/v1/all%3Aexport", "/v1/all%3aexport"])
async def test_g1_11_an_escaped_delimiter_does_not_lead_around_a_closed_path(house, spelling):
    """Envoy leaves ``%3A`` as it is, and every origin reads it as a colon."""
    target = spelling + unseen_path()
    answer = await ask(house.door.port, OPEN, target)
    assert answer.status in {302, 400}
    assert not house.reached(target)


@pytest.mark.parametrize(
    "spelling",
    ["/admin;x=1", "/admin;", "/;/admin", "/;x=1/admin", "/admin;jsessionid=1", "/v1;a/all:export", "/v1/all:export;a"],
)
async def test_g1_6_matrix_parameters_do_not_lead_around_a_closed_path(house, spelling):
    """Java servers take ``;`` and what follows off every segment before they look at the path."""
    target = spelling + unseen_path()
    answer = await ask(house.door.port, OPEN, target)
    assert answer.status in {302, 400}
    assert not house.reached(target)


@pytest.mark.parametrize(
    "target", ["*", "http:admin", "admin", "open.localhost:80", "http://[::1]:x/", "//evil.example"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "CONNECT"])
async def test_g1_12_13_14_a_target_that_is_no_path_reaches_nothing_closed(house, method, target):
    answer = await ask(house.door.port, CLOSED, target, method=method)
    assert answer.status in {0, 302, 400, 403, 404, 405}
    assert not house.reached(target)


async def test_g1_12_the_authority_of_an_absolute_target_counts_for_everybody(house):
    below = unseen_path()
    answer = await ask(house.door.port, OPEN, f"http://{CLOSED}{below}")
    assert answer.status == 302
    assert f"/cdn-cgi/access/login/{CLOSED}?" in answer.all("location")[0]
    other = await ask(house.door.port, CLOSED, f"http://{OPEN}{below}")
    assert other.status == 200
    assert house.at_origin(below).get("host") == OPEN


@pytest.mark.parametrize(
    "way", ["/cdn-cgi/access/../../admin", "/%63dn-cgi/access/../../admin", "/.well-known/acme-challenge/x"]
)
async def test_g1_20_no_built_in_path_is_a_way_in(house, way):
    answer = await ask(house.door.port, CLOSED, way)
    assert answer.status == 302
    assert "/cdn-cgi/access/login/" in answer.all("location")[0]
