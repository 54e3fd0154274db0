from __future__ import annotations

import pytest

from doorward.providers.failure import Failure, Reason
from doorward.providers.json_document import MAX_DEPTH, read_object


def test_an_object_is_read():
    assert read_object(b'{"a": [1, 2.5, true, null, "x"]}', "it") == {"a": [1, 2.5, True, None, "x"]}


def test_a_byte_order_mark_is_tolerated():
    assert read_object(b'\xef\xbb\xbf{"a": 1}', "it") == {"a": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"<html></html>",
        b'{"a": 1',
        b'{"a": 1} trailing',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": -1e400}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 0.' + b"1" * 50 + b"}",
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 1}}',
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
    ids=lambda data: repr(data[:24]),
)
def test_g5_74_json_with_tricks_is_refused(data):
    with pytest.raises(Failure) as refused:
        read_object(data, "the answer")
    assert refused.value.reason is Reason.INVALID_ANSWER
    assert "the answer" in refused.value.detail


def test_nesting_is_allowed_up_to_the_limit():
    deep = b'{"a": ' + b"[" * (MAX_DEPTH - 2) + b"1" + b"]" * (MAX_DEPTH - 2) + b"}"
    assert read_object(deep, "it")
    with pytest.raises(Failure):
        read_object(b'{"a": ' + b"[" * (MAX_DEPTH - 1) + b"1" + b"]" * (MAX_DEPTH - 1) + b"}", "it")


def test_a_proper_surrogate_pair_is_one_character():
    assert read_object(b'{"a": "\\ud83d\\ude00"}', "it") == {"a": "😀"}
