"""The leash without an Envoy: calls as gRPC would make them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from envoy.service.ext_proc.v3.external_processor_pb2 import HttpHeaders, HttpTrailers, ProcessingRequest
from tests.edge.xds import world

from doorward.access.revocation import Revocation, Scope
from doorward.applications import Applications
from doorward.edge.leash import Leash
from doorward.edge.xds.leash import BY_ANSWER, BY_COOKIE, WAY

STATE = world.snapshot(1)
NOW = 1_800_000_000


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class Call:
    """One stream at Envoy's end."""

    def __init__(self, leash: Leash, first: ProcessingRequest, way: str | None) -> None:
        self.answers: list[str] = []
        self._metadata = ((WAY, way),) if way else ()
        self._requests: asyncio.Queue[ProcessingRequest | None] = asyncio.Queue()
        self._requests.put_nowait(first)
        self.task = asyncio.create_task(leash.hold(self._sent(), self))

    async def _sent(self):
        while (request := await self._requests.get()) is not None:
            yield request

    def invocation_metadata(self):
        return self._metadata

    async def write(self, response) -> None:
        self.answers.append(response.WhichOneof("response"))

    def send(self, request: ProcessingRequest | None) -> None:
        self._requests.put_nowait(request)

    async def settled(self) -> list[str]:
        for _ in range(10):
            await asyncio.sleep(0)
        return self.answers


def token(number: int = world.WIKI, **changes) -> str:
    return world.token(world.claims(number, NOW, **changes))


def by_cookie(value: str) -> ProcessingRequest:
    request = ProcessingRequest(request_headers=HttpHeaders())
    request.metadata_context.filter_metadata["doorward"].update({"token": value})
    return request


def by_answer(value: str) -> ProcessingRequest:
    request = ProcessingRequest(request_headers=HttpHeaders())
    request.request_headers.headers.headers.add(key="cf-access-jwt-assertion", raw_value=value.encode())
    return request


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leash(clock):
    leash = Leash(clock)
    leash.enforce(STATE)
    return leash


@pytest.mark.parametrize(("make", "way"), [(by_cookie, BY_COOKIE), (by_answer, BY_ANSWER), (by_answer, None)])
async def test_a_stream_is_held_until_its_token_is_revoked(leash, make, way):
    call = Call(leash, make(token()), way)
    assert await call.settled() == ["request_headers"]
    assert leash.held == 1
    leash.enforce(replace(STATE, revoked={"app-1": frozenset({"cd" * 32})}))
    assert await call.settled() == ["request_headers"]
    leash.enforce(replace(STATE, revoked={"app-1": frozenset({world.NONCE})}))
    assert await call.settled() == ["request_headers", "immediate_response"]
    await call.task
    assert leash.held == 0


@pytest.mark.parametrize(
    "state",
    [
        replace(STATE, revoked_before={"app-1": NOW}),
        replace(STATE, applications=Applications.of([world.application(world.WIKI, "wiki.test", not_before=NOW)])),
        replace(STATE, applications=Applications.of([])),
    ],
    ids=["all of the application revoked", "its rules changed", "it is gone"],
)
async def test_whatever_takes_the_access_ends_the_stream(leash, state):
    call = Call(leash, by_cookie(token()), BY_COOKIE)
    await call.settled()
    leash.enforce(state)
    assert (await call.settled())[-1] == "immediate_response"
    late = Call(leash, by_cookie(token()), BY_COOKIE)
    assert await late.settled() == ["immediate_response"], "what begins afterwards is judged by the new state"


async def test_a_stream_ends_when_its_token_expires():
    leash = Leash(time.time)
    leash.enforce(STATE)
    now = time.time()
    brief = world.token(world.claims(world.WIKI, int(now), exp=int(now) + 1))
    call = Call(leash, by_cookie(brief), BY_COOKIE)
    assert await call.settled() == ["request_headers"]
    await asyncio.wait_for(call.task, 2)
    assert call.answers[-1] == "immediate_response"
    assert time.time() >= int(now) + 1


async def test_a_clock_that_was_put_forward_ends_streams_at_the_next_look(leash, clock):
    call = Call(leash, by_cookie(token()), BY_COOKIE)
    await call.settled()
    clock.now += 3600
    leash.enforce(STATE)
    assert (await call.settled())[-1] == "immediate_response"


@pytest.mark.parametrize(
    ("request_", "way"),
    [
        (by_cookie("no token"), BY_COOKIE),
        (ProcessingRequest(request_headers=HttpHeaders()), BY_COOKIE),
        (ProcessingRequest(request_headers=HttpHeaders()), BY_ANSWER),
        (by_cookie(token()), BY_ANSWER),
        (by_cookie(world.token(world.claims(world.WIKI, NOW), key="theirs")), BY_COOKIE),
    ],
    ids=["nonsense", "no cookie", "a bypass", "a bypass with a cookie", "signed by somebody else"],
)
async def test_what_lives_by_no_session_is_let_go_at_once(leash, request_, way):
    call = Call(leash, request_, way)
    await asyncio.wait_for(call.task, 1)
    assert call.answers == ["request_headers"]
    assert leash.held == 0


async def test_before_the_first_state_nothing_is_held(clock):
    call = Call(Leash(clock), by_cookie(token()), BY_COOKIE)
    await asyncio.wait_for(call.task, 1)
    assert call.answers == ["request_headers"]


async def test_trailers_are_answered_and_the_end_of_a_stream_is_noticed(leash):
    call = Call(leash, by_cookie(token()), BY_COOKIE)
    call.send(ProcessingRequest(response_headers=HttpHeaders()))
    call.send(ProcessingRequest(request_trailers=HttpTrailers()))
    call.send(ProcessingRequest(response_trailers=HttpTrailers()))
    call.send(None)
    await asyncio.wait_for(call.task, 1)
    assert call.answers == ["request_headers", "response_headers", "request_trailers", "response_trailers"]
    assert leash.held == 0


async def test_streams_are_counted_for_the_revocation_that_ended_them(leash):
    calls = [Call(leash, by_cookie(token(nonce=f"{n:064x}", sub=f"user-{n % 2}")), BY_COOKIE) for n in range(5)]
    for call in calls:
        await call.settled()
    state = replace(STATE, revoked={"app-1": frozenset(f"{n:064x}" for n in range(5))})
    even, odd = (Revocation(name, Scope.USER, name, NOW) for name in ("user-0", "user-1"))
    assert leash.enforce(state, (even, odd)) == {"user-0": 3, "user-1": 2}
    assert leash.enforce(state, (even,)) == {"user-0": 0}, "nothing is counted twice"


async def test_a_revocation_that_is_seen_after_what_it_did_still_counts(leash, clock):
    call = Call(leash, by_cookie(token()), BY_COOKIE)
    await call.settled()
    state = replace(STATE, revoked_before={"app-1": NOW})
    whole = Revocation("it", Scope.APPLICATION, "app-1", NOW)
    assert leash.enforce(state) == {}
    clock.now += 0.25
    assert leash.enforce(state, (whole,)) == {"it": 1}
    other = Call(leash, by_cookie(token(iat=NOW)), BY_COOKIE)
    await other.settled()
    leash.enforce(replace(state, revoked_before={"app-1": NOW + 1}))
    clock.now += 5
    assert leash.enforce(state, (whole,)) == {"it": 0}
