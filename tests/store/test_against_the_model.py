"""Revocations against a slow model that remembers everything and knows no lists, marks or seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from tests.store.values import NOW, SESSION

from doorward.access.revocation import Revocation, Scope
from doorward.store.app_tokens import AppTokens
from doorward.store.revocations import Revocations
from doorward.store.schema import metadata
from doorward.store.sessions import Sessions

APPLICATIONS = ("wiki", "mail")
POLICIES = ("staff", "everyone")
USERS = ("ann", "bob")


class Plain:
    """A database without threads, so that each example costs little."""

    def __init__(self):
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(self.engine)

    async def read(self, operation):
        with self.engine.begin() as connection:
            return operation(connection)

    write = read


@dataclass
class Token:
    session: str
    user: str
    application: str
    policy: str
    iat: int
    dead: bool = False


@dataclass
class Model:
    """What has to be true, said as simply as it can be said."""

    sessions: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Session → its user, and whether it was ended."""
    tokens: dict[str, Token] = field(default_factory=dict)

    def revoke(self, scope, target):
        for token in self.tokens.values():
            asked = {
                Scope.SESSION: token.session, Scope.USER: token.user, Scope.APPLICATION: token.application,
                Scope.POLICY: token.policy, Scope.EVERYONE: target,
            }  # fmt: skip
            token.dead = token.dead or asked[scope] == target
        for name, (user, _) in self.sessions.items():
            if (scope, target) in {(Scope.SESSION, name), (Scope.USER, user)} or scope is Scope.EVERYONE:
                self.sessions[name] = (user, True)


STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(USERS)),
    st.tuples(st.just("token"), st.integers(0, 5), st.sampled_from(APPLICATIONS), st.sampled_from(POLICIES)),
    st.tuples(st.just("program"), st.sampled_from(APPLICATIONS), st.sampled_from(POLICIES)),
    st.tuples(st.just("revoke session"), st.integers(0, 5)),
    st.tuples(st.just("revoke"), st.just(Scope.USER), st.sampled_from(USERS)),
    st.tuples(st.just("revoke"), st.just(Scope.APPLICATION), st.sampled_from(APPLICATIONS)),
    st.tuples(st.just("revoke"), st.just(Scope.POLICY), st.sampled_from(POLICIES)),
    st.tuples(st.just("revoke"), st.just(Scope.EVERYONE), st.just("")),
    st.tuples(st.just("wait"), st.integers(1, 3)),
)


@given(st.lists(STEPS, max_size=30))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_token_is_refused_if_and_only_if_something_that_covers_it_was_revoked_after_it(steps):
    database = Plain()
    try:
        asyncio.run(_play(database, steps))
    finally:
        database.engine.dispose()


async def _play(database, steps):
    model, now = Model(), NOW
    sessions, tokens, revocations = Sessions(database), AppTokens(database), Revocations(database)
    for number, step in enumerate(steps):
        match step:
            case ("open", user):
                await sessions.open(replace(SESSION, nonce=f"s{len(model.sessions)}", user_id=user, created_at=now))
                model.sessions[f"s{len(model.sessions)}"] = (user, False)
            case ("token", which, application, policy) if f"s{which}" in model.sessions:
                session, (user, ended) = f"s{which}", model.sessions[f"s{which}"]
                given_out = await tokens.record(f"t{number}", session, application, now, now + 600, policy)
                assert given_out is not ended
                if given_out:
                    model.tokens[f"t{number}"] = Token(session, user, application, policy, now)
            case ("program", application, policy):
                assert await tokens.record(f"t{number}", "", application, now, now + 600, policy)
                model.tokens[f"t{number}"] = Token("", "", application, policy, now)
            case ("revoke session", which) if f"s{which}" in model.sessions:
                await revocations.revoke(Revocation(f"r{number}", Scope.SESSION, f"s{which}", now))
                model.revoke(Scope.SESSION, f"s{which}")
            case ("revoke", scope, target):
                await revocations.revoke(Revocation(f"r{number}", scope, target, now))
                model.revoke(scope, target)
            case ("wait", seconds):
                now += seconds
        named, marks = await tokens.revoked(now), await revocations.marks(APPLICATIONS)
        for name, token in model.tokens.items():
            refused = name in named.get(token.application, frozenset()) or token.iat < marks[token.application]
            assert refused is token.dead, (name, step)
