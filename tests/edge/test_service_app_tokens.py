"""The app token of a program: made once, handed out again only while everything that it says still holds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.access.world import application, policy, snapshot
from tests.service_tokens.build import CLIENT_ID, NEW_SECRET, SECRET, YEAR, token
from tests.sessions.build import organization
from tests.tokens.material import ISSUER, NOW, ring, signing_key

from doorward.access.decision import Allow, Deny, Refusal
from doorward.applications import Application
from doorward.edge import service_app_tokens
from doorward.edge.service_app_tokens import Granted, ServiceAppTokens
from doorward.policy.verdict import Outcome, Verdict
from doorward.service_tokens import Authenticated, ServiceToken, secret_hash
from doorward.sessions import service_claims
from doorward.tokens.jwt import verify_app
from doorward.tokens.keys import KeyRing

CI = token()
ANY = policy("non_identity", {"any_valid_service_token": {}})
WIKI = application(ANY, session_duration="1h")


class Records:
    """Stands in for the store; ``known`` False: the service token ended meanwhile."""

    def __init__(self) -> None:
        self.service_tokens = self
        self.recorded: list[str] = []
        self.known = True

    async def record(
        self, nonce: str, application_id: str, earned_by: Authenticated, iat: int, exp: int, policy_id: str
    ) -> bool:
        await asyncio.sleep(0)
        self.recorded.append(nonce)
        return self.known


class Programs:
    """One minter, asked again and again; each question has a nonce of its own."""

    def __init__(self) -> None:
        self.records = Records()
        self.minter = ServiceAppTokens(self.records)  # type: ignore[arg-type]
        self.asked = 0

    async def grant(
        self, app: Application = WIKI, proven: ServiceToken = CI, *, version: int = 1, now: int = NOW, **state: Any
    ) -> Granted:
        self.asked += 1
        earned_by = Authenticated(proven, version)
        chosen = state.pop("chosen", ANY)
        snap = state.pop("snap", None) or snapshot(app, **state)
        claims = service_claims(
            app, chosen, snap.organization, now, f"{self.asked:064x}", common_name=proven.client_id, until=earned_by.until
        )  # fmt: skip
        decision = Allow(app, claims, None, Verdict(outcome=Outcome.SERVICE_AUTH, policy=chosen), service=earned_by)
        return await self.minter.grant(decision, earned_by, snap, now)


@pytest.fixture
def programs() -> Programs:
    return Programs()


async def test_the_first_is_made_recorded_and_true(programs: Programs) -> None:
    granted = await programs.grant()
    assert granted.fresh
    assert isinstance(granted.decision, Allow)
    assert granted.decision.token is not None
    claims = verify_app(granted.decision.token, ring(), issuer=ISSUER, aud=WIKI.aud, now=NOW)
    assert claims == granted.decision.claims
    assert programs.records.recorded == [claims.nonce]


async def test_the_next_gets_the_same_one_under_another_snapshot_too(programs: Programs) -> None:
    first = await programs.grant()
    for now in (NOW, NOW + 1, NOW + 1799):
        again = await programs.grant(now=now)
        assert not again.fresh
        assert again.decision == first.decision
    assert len(programs.records.recorded) == 1


async def test_whether_a_cookie_is_set_is_the_decisions_own(programs: Programs) -> None:
    first = await programs.grant()
    assert isinstance(first.decision, Allow)
    asked = replace(first.decision, token=None, cookie=True)
    again = await programs.minter.grant(asked, Authenticated(CI, 1), snapshot(WIKI), NOW)
    assert isinstance(again.decision, Allow)
    assert again.decision.cookie
    assert not first.decision.cookie


async def test_after_half_of_its_life_another_is_made(programs: Programs) -> None:
    await programs.grant()
    assert (await programs.grant(now=NOW + 1800)).fresh


async def test_one_that_ends_with_its_service_token_is_handed_out_to_the_end(programs: Programs) -> None:
    brief = token(expires_at=NOW + 100)
    first = await programs.grant(proven=brief)
    assert isinstance(first.decision, Allow)
    assert first.decision.claims.exp == NOW + 100
    assert not (await programs.grant(proven=brief, now=NOW + 99)).fresh
    assert (await programs.grant(proven=replace(brief, expires_at=NOW + YEAR), now=NOW + 99)).fresh


OTHER = application(ANY, id="other", aud="9" * 64, session_duration="1h")
CHANGES: dict[str, dict[str, Any]] = {
    "another application": {"app": OTHER},
    "another audience": {"app": application(ANY, aud="8" * 64, session_duration="1h")},
    "another session duration": {"app": application(ANY, session_duration="2h")},
    "other rules": {"app": application(ANY, session_duration="1h", not_before=NOW - 50)},
    "a binding cookie": {"app": application(ANY, session_duration="1h", enable_binding_cookie=True)},
    "another policy": {"chosen": policy("non_identity", {"everyone": {}}, id="another")},
    "another service token": {"proven": token("other", client_id="1" * 32 + ".access")},
    "another client id": {"proven": token(client_id="1" * 32 + ".access")},
    "another secret": {"proven": token().rotated(secret_hash(NEW_SECRET), None, NOW), "version": 2},
    "another team domain": {"auth_domain": "team.example.com"},
    "the token was revoked": {"revoked": {WIKI.id: frozenset({f"{1:064x}"})}},
    "all tokens of the application were revoked": {
        "snap": replace(snapshot(WIKI), revoked_before={WIKI.id: NOW + 1}),
        "now": NOW + 1,
    },
    "another signing key": {"snap": replace(snapshot(WIKI), keys=KeyRing((signing_key("other", NOW - 10),)))},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_it_says_or_hangs_on_another_one_is_made_when_that_changes(
    programs: Programs, change: str
) -> None:
    first = await programs.grant()
    other = await programs.grant(**CHANGES[change])
    assert other.fresh
    assert isinstance(other.decision, Allow)
    assert isinstance(first.decision, Allow)
    assert other.decision.token != first.decision.token
    assert other.decision.claims.iss == (ISSUER if change != "another team domain" else organization(auth_domain="team.example.com").issuer)  # fmt: skip
    assert not (await programs.grant(**CHANGES[change])).fresh


async def test_one_made_in_the_very_second_of_a_change_is_replaced_after_it(programs: Programs) -> None:
    marked = application(ANY, session_duration="1h", not_before=NOW + 1)
    assert (await programs.grant(marked)).fresh
    assert not (await programs.grant(marked)).fresh
    assert (await programs.grant(marked, now=NOW + 1)).fresh
    assert not (await programs.grant(marked, now=NOW + 1)).fresh


async def test_two_programs_never_share_one(programs: Programs) -> None:
    other = token("other", client_id="1" * 32 + ".access", secret=SECRET)
    first, second = await programs.grant(), await programs.grant(proven=other)
    assert isinstance(first.decision, Allow)
    assert isinstance(second.decision, Allow)
    assert (first.decision.claims.common_name, second.decision.claims.common_name) == (CLIENT_ID, other.client_id)


async def test_many_at_once_wait_for_one_signature(programs: Programs) -> None:
    granted = await asyncio.gather(*(programs.grant() for _ in range(50)))
    assert len({one.decision.token for one in granted if isinstance(one.decision, Allow)}) == 1
    assert len(programs.records.recorded) == 1


async def test_one_who_goes_away_takes_nothing_from_the_others(programs: Programs) -> None:
    impatient = asyncio.ensure_future(programs.grant())
    patient = asyncio.ensure_future(programs.grant())
    await asyncio.sleep(0)
    impatient.cancel()
    assert isinstance((await patient).decision, Allow)


async def test_a_service_token_that_ended_meanwhile_gets_nothing(programs: Programs) -> None:
    programs.records.known = False
    granted = await programs.grant()
    assert isinstance(granted.decision, Deny)
    assert (granted.decision.refusal, granted.decision.status, granted.fresh) == (Refusal.SERVICE_TOKEN, 401, False)
    programs.records.known = True
    assert (await programs.grant()).fresh


async def test_their_number_is_bounded(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_app_tokens, "MOST", 3)
    for number in range(5):
        await programs.grant(proven=token(f"{number}", client_id=f"{number}" * 32 + ".access"))
    assert len(programs.minter._minted) == 3
    assert (await programs.grant(proven=token("0", client_id="0" * 32 + ".access"))).fresh
    assert not (await programs.grant(proven=token("4", client_id="4" * 32 + ".access"))).fresh
