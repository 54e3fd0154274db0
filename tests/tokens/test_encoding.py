from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.tokens.encoding import decode, encode, read_object, write_json


@given(st.binary(max_size=40))
def test_base64url_reads_back_what_it_wrote(data: bytes):
    assert decode(encode(data)) == data


@pytest.mark.parametrize(
    "text", ["YQ==", "YQ=", "YR", "Y", " YQ", "YQ\n", "Y+//", "Y Q", "YQ%3D", "é", "YQ\x00", "YWI=YWI"]
)
def test_g5_72_every_second_spelling_of_the_same_bytes_is_refused(text: str):
    with pytest.raises(ValueError, match="base64url"):
        decode(text)


@given(st.text(alphabet="ABCabc019-_+/= \n", max_size=12))
def test_g5_72_only_one_text_stands_for_each_run_of_bytes(text: str):
    try:
        data = decode(text)
    except ValueError:
        return
    assert encode(data) == text


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}', b'{"b":{"a":1,"a":1}}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b"[]", b"1",
        b"", b"{", b'{"a":1}x', b'\xff{"a":1}', b'{"a":"\\ud800"}', b'{"\\udfff":1}', b'\xef\xbb\xbf{"a":1}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"a":' + b"9" * 5000 + b"}", b"{'a':1}", b'{"a":1,}',
    ],
)  # fmt: skip
def test_g5_74_json_tricks_are_refused(data: bytes):
    with pytest.raises(ValueError):  # noqa: PT011 — any refusal will do, the words come from several places
        read_object(data)


def test_ordinary_json_is_read():
    assert read_object(b' {"a": [1, 2.5, true, null, "\\ud83d\\ude00"]} ') == {"a": [1, 2.5, True, None, "😀"]}


def test_json_is_written_compact_and_in_ascii():
    assert write_json({"a": ["é", 1]}) == b'{"a":["\\u00e9",1]}'
    with pytest.raises(ValueError):  # noqa: PT011 — json's own words
        write_json({"a": float("nan")})
