from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service_tokens.build import CLIENT_ID, SECRET

from doorward.service_tokens import Presented, Rejection, read_presented

BOTH = Presented(CLIENT_ID, SECRET)
OBJECT = {"cf-access-client-id": CLIENT_ID, "cf-access-client-secret": SECRET}


def one_header(**changes: object) -> str:
    members = {name: value for name, value in (OBJECT | changes).items() if value is not ...}
    return json.dumps(members)


def test_nothing_sent_is_nothing() -> None:
    assert read_presented(None, None, "") is None


def test_a_pair_of_headers_is_read() -> None:
    assert read_presented(CLIENT_ID, SECRET, "") == BOTH
    assert read_presented(CLIENT_ID, "0" * 64, "") == Presented(CLIENT_ID, "0" * 64)
    assert read_presented(f"{CLIENT_ID}.team.example.com", SECRET, "") is not None


def test_the_secret_does_not_show() -> None:
    assert SECRET not in repr(BOTH)


@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [
        pytest.param(CLIENT_ID, None, id="no secret"),
        pytest.param(None, SECRET, id="no id"),
        pytest.param("", "", id="both empty"),
        pytest.param(CLIENT_ID, "", id="empty secret"),
        pytest.param("", SECRET, id="empty id"),
        pytest.param(f"{CLIENT_ID}, {CLIENT_ID}", SECRET, id="the id twice"),
        pytest.param(f"{CLIENT_ID},{CLIENT_ID}", f"{SECRET},{SECRET}", id="both twice"),
        pytest.param(CLIENT_ID, f"{SECRET},{SECRET}", id="the secret twice"),
        pytest.param(CLIENT_ID, f"{SECRET}, ", id="the secret and an empty one"),
        pytest.param("ci", SECRET, id="a name for an id"),
        pytest.param(CLIENT_ID.upper(), SECRET, id="upper case"),
        pytest.param(f" {CLIENT_ID}", SECRET, id="a blank"),
        pytest.param(CLIENT_ID, "x" * 257, id="a very long secret"),
        pytest.param(CLIENT_ID, "gehe\xefm", id="a secret beyond ASCII"),
    ],
)
def test_g10_149_what_is_not_one_pair_is_malformed(client_id: str | None, client_secret: str | None) -> None:
    assert read_presented(client_id, client_secret, "") is Rejection.MALFORMED


def test_a_secret_of_another_form_is_compared_and_then_wrong() -> None:
    assert read_presented(CLIENT_ID, "hunter2", "") == Presented(CLIENT_ID, "hunter2")


@pytest.mark.parametrize(
    "text",
    [
        one_header(),
        one_header(more="x"),
        json.dumps({"CF-Access-Client-Secret": SECRET, "CF-Access-Client-Id": CLIENT_ID}),
        f"  {one_header()}  ",
    ],
)
def test_one_header_may_carry_both(text: str) -> None:
    assert read_presented(None, None, text) == BOTH


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{",
        "[]",
        "Basic {",
        "null {",
        one_header(**{"cf-access-client-id": ...}),
        one_header(**{"cf-access-client-secret": ...}),
        one_header(**{"cf-access-client-secret": 7}),
        one_header(**{"cf-access-client-id": [CLIENT_ID]}),
        one_header(**{"cf-access-client-id": None}),
        one_header(**{"CF-Access-Client-Id": CLIENT_ID}),
        one_header(**{"cf-access-client-secret": ..., "CF-Access-Client-Id": CLIENT_ID}),
        f"{one_header()},{one_header()}",
        one_header()[:-1] + f', "cf-access-client-id": "{CLIENT_ID}"}}',
        one_header(padding="x" * 2048),
        '{"cf-access-client-id": NaN}',
        "{" * 2000,
        "\u20ac{",
    ],
)
def test_one_header_that_is_not_one_pair_is_malformed(text: str) -> None:
    assert read_presented(None, None, text) is Rejection.MALFORMED


@pytest.mark.parametrize("pair", [(CLIENT_ID, SECRET), (CLIENT_ID, None), (None, SECRET), ("", "")])
def test_g10_149_both_ways_at_once_are_malformed_even_when_they_agree(pair) -> None:
    assert read_presented(*pair, one_header()) is Rejection.MALFORMED


@given(st.none() | st.text(), st.none() | st.text(), st.text())
def test_whatever_comes_is_nothing_a_pair_or_malformed(
    client_id: str | None, client_secret: str | None, single: str
) -> None:
    found = read_presented(client_id, client_secret, single)
    assert (found is None) is (client_id is None and client_secret is None and not single)
    assert found is None or isinstance(found, Presented | Rejection)
