from __future__ import annotations

import pytest
from tests.access.world import policy
from tests.lab.test_rehearsal import ANN, STAFF, ask

from doorward.lab.expectation import Expectation, failures


@pytest.mark.parametrize(
    "expected",
    [
        Expectation("allow"),
        Expectation("allow", policy="Staff"),
        Expectation("allow", policy="staff", application="wiki", status=0),
        Expectation("allow", application="id of wiki"),
    ],
)
def test_what_came_as_expected_has_no_failures(expected):
    assert failures(expected, ask(STAFF, visitor=ANN)) == ()


def test_every_difference_is_told():
    expected = Expectation("allow", policy="Staff", application="blog", status=200)
    assert failures(expected, ask(policy("deny", name="Wall"), STAFF, visitor=ANN)) == (
        "expected allow, and it is deny by the policy 'Wall'",
        "expected the policy 'Staff' to decide, and the policy 'Wall' does",
        "expected the application 'blog', and it is 'wiki'",
        "expected the status 200, and it is 403",
    )


@pytest.mark.parametrize(
    ("expected", "fields", "says"),
    [
        (Expectation("allow"), {}, "expected allow, and it is deny: no policy matches"),
        (Expectation("deny", policy="Wall"), {}, "expected the policy 'Wall' to decide, and no policy does"),
        (
            Expectation("allow", status=302),
            {"visitor": ANN},
            "expected the status 302, and it is 0 (the origin answers)",
        ),
        (
            Expectation("allow", policy=""),
            {"visitor": ANN},
            "expected no policy to decide, and the policy 'Staff' does",
        ),
        (Expectation("login"), {"url": "no.example.com"}, "expected login, and it is deny"),
        (
            Expectation("deny", application="wiki"),
            {"url": "no.example.com"},
            "expected the application 'wiki', and none covers this address",
        ),
    ],
)
def test_each_difference_has_its_sentence(expected, fields, says):
    policies = (STAFF,) if fields else ()
    assert failures(expected, ask(*policies, **fields)) == (says,)


def test_that_no_policy_decides_can_be_expected():
    assert failures(Expectation("login", policy=""), ask(STAFF)) == ()
