from __future__ import annotations

from datetime import timedelta

import pytest
from tests.sessions.build import application, organization, session
from tests.tokens.material import NOW

from doorward.policy.model import Policy
from doorward.sessions import app_session_lifetime


def policy(duration: str | None) -> Policy:
    fields = {"id": "p", "name": "p", "decision": "allow", "include": [{"everyone": {}}], "session_duration": duration}
    return Policy.model_validate(fields)


@pytest.mark.parametrize(
    ("of_policy", "of_application", "expected"),
    [
        ("1h", "2h", timedelta(hours=1)),
        (None, "2h", timedelta(hours=2)),
        (None, None, timedelta(hours=24)),
        ("0s", "2h", timedelta(seconds=10)),
        (None, "0s", timedelta(seconds=10)),
        ("730h", "2h", timedelta(hours=730)),
    ],
)
def test_the_policy_goes_before_the_application_before_the_organization(
    of_policy: str | None, of_application: str | None, expected: timedelta
):
    chosen = app_session_lifetime(application(session_duration=of_application), policy(of_policy), organization())
    assert chosen == expected


def test_without_a_policy_the_application_decides():
    assert app_session_lifetime(application(session_duration="3h"), None, organization()) == timedelta(hours=3)


def test_a_session_lives_until_exactly_its_end():
    assert session(expires_at=NOW + 1).live(NOW)
    assert not session(expires_at=NOW).live(NOW)


def test_a_revoked_session_is_dead_at_once():
    assert not session(revoked_at=NOW).live(NOW)
    assert not session(revoked_at=NOW + 100).live(NOW)
