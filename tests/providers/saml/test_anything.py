"""Whatever is done to a signed response: it is refused, or it says what was signed."""

from __future__ import annotations

import contextlib
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.providers.saml.idp import EXPECTED, assertion_signed, both_signed, encoded, response_signed, trust

from doorward.providers.failure import Failure
from doorward.providers.saml.document import read_document
from doorward.providers.saml.response import read_response

WAYS = (assertion_signed, response_signed, both_signed)
PIECES = (
    b"<",
    b">",
    b"/",
    b'"',
    b"&lt;",
    b"<!---->",
    b" ",
    b"\x00",
    b"\n",
    b"admin@example.com",
    b"ID",
    b"<saml:Assertion/>",
    b"",
)


@cache
def responses() -> tuple[bytes, ...]:
    return tuple(make().encode() for make in WAYS)


@given(
    way=st.integers(0, 2),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=4),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_g8_118_no_change_makes_somebody_else_of_it(way, cuts):
    document = responses()[way]
    for place, length, piece in cuts:
        at = int(place * len(document))
        document = document[:at] + piece + document[at + length :]
    try:
        said = read_response(encoded(document), EXPECTED, trust())
    except Failure:
        return
    assert (said.id, said.name_id) == ("_assertion-1", "ada@example.com")
    assert {name: found.values for name, found in said.attributes.items()} == {
        "email": ("ada@example.com",), "groups": ("staff", "engineering"), "department": ("R&D",),
    }  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.text(alphabet="<>/!?&;='\" aA:[]-\x00x", max_size=200).map(str.encode)))
@settings(max_examples=400, deadline=None)
def test_g8_121_any_bytes_are_a_document_or_refused(data):
    with contextlib.suppress(Failure):
        read_document(data)
