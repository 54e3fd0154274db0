"""What is gathered for one check: what the application's policies ask for, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.access.test_linked import API, GOOD, caller
from tests.access.world import STAFF_ONLY, application, policy, request, snapshot
from tests.sessions.build import session
from tests.tokens.material import NOW, signing_key

from doorward.applications import Application
from doorward.edge.learning import learn
from doorward.policy.learned import NOTHING_LEARNED, Evaluation, Word
from doorward.reports import SCORE, Held, ReportSource, shared_secret
from doorward.sessions import Session
from doorward.tokens.jwt import mint_app

SOURCE = ReportSource("fleet", frozenset({"disk", SCORE}), shared_secret("x" * 32))
SERVICE = ("https://a.test/ask", "https://a.test/keys")
POSTURE = application(policy("allow", {"device_posture": {"integration_uid": "disk"}}))
ASKED = application(
    policy("allow", {"external_evaluation": {"evaluate_url": SERVICE[0], "keys_url": SERVICE[1]}}), not_before=NOW
)


class Kept:
    """Stands in for the store, and says what it was asked."""

    def __init__(self) -> None:
        self.reports = self.evaluations = self.sessions = self
        self.asked: list[Any] = []
        self.session: Session | None = session()

    async def about(self, email: str) -> tuple[Held, ...]:
        self.asked.append(("reports", email))
        return (Held(email, "disk", "passed", "fleet", NOW, NOW, NOW + 60),)

    async def of(self, nonce: str, since: int) -> Any:
        self.asked.append(("evaluations", nonce, since))
        return {SERVICE: Evaluation(word=Word.YES, because="a.test said yes")}

    async def find(self, nonce: str) -> Session | None:
        self.asked.append(("session", nonce))
        return self.session


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def learned(kept: Kept, app: Application | None, who: Session | None = None, **fields: Any) -> Any:
    state = replace(snapshot(*([app] if app else []), caller()), report_sources=(SOURCE,))
    return await learn(kept, request(**fields), app, who, state, NOW)  # type: ignore[arg-type]


async def test_nothing_is_asked_where_no_policy_does(kept: Kept) -> None:
    assert await learned(kept, None) is NOTHING_LEARNED
    assert await learned(kept, application(STAFF_ONLY), session(), access_token="x") is NOTHING_LEARNED
    assert await learned(kept, POSTURE) is NOTHING_LEARNED
    assert await learned(kept, ASKED) is NOTHING_LEARNED
    assert await learned(kept, API) is NOTHING_LEARNED
    assert kept.asked == []


async def test_reports_are_those_about_the_person(kept: Kept) -> None:
    found = await learned(kept, POSTURE, session())
    assert found.postures["disk"].passed is True
    assert found.risk.level == "unscored"
    assert kept.asked == [("reports", "ada@example.com")]


async def test_answers_are_those_since_the_rules_changed(kept: Kept) -> None:
    found = await learned(kept, ASKED, session())
    assert found.evaluations[SERVICE].word is Word.YES
    assert kept.asked == [("evaluations", session().nonce, NOW - 1)]


async def test_another_applications_token_counts_while_its_login_holds(kept: Kept) -> None:
    token = mint_app(GOOD, signing_key())
    assert (await learned(kept, API, access_token=token)).linked == "caller"
    kept.session = session(revoked_at=NOW)
    assert (await learned(kept, API, access_token=token)).linked is None
    assert kept.asked == [("session", GOOD.identity_nonce)] * 2
