from __future__ import annotations

import pytest
from tests.grants.build import HOUR, NOW, approval, grant, granted

from doorward.grants import State


@pytest.mark.parametrize(
    ("given", "now", "state"),
    [
        (grant(), NOW, State.PENDING),
        (grant(), NOW + 24 * HOUR - 1, State.PENDING),
        (grant(), NOW + 24 * HOUR, State.LAPSED),
        (grant(approvals=(approval(),)), NOW, State.PENDING),
        (grant(granted_at=NOW), NOW, State.PENDING),
        (granted(), NOW, State.IN_FORCE),
        (granted(), NOW + HOUR - 1, State.IN_FORCE),
        (granted(), NOW + HOUR, State.OVER),
        (granted(revoked_at=NOW), NOW, State.REVOKED),
        (grant(revoked_at=NOW), NOW, State.REVOKED),
        (grant(approvals=(approval(approved=False),)), NOW, State.DENIED),
        (granted(approvals=(approval(), approval("deputy", approved=False))), NOW, State.DENIED),
    ],
)
def test_the_life_of_a_grant(given, now, state):
    assert given.state(now) is state


def test_who_agreed_is_known():
    assert granted(approvals=(approval(), approval("deputy", approved=False))).approvers == ("boss@example.com",)
