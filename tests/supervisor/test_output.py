from __future__ import annotations

import io
import json

import pytest

from doorward.supervisor.output import Lines, Output, OwnLines

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"


def lines_of(form="text", escape=True, colour=False):
    stream = io.BytesIO()
    return Lines("envoy", Output(form, stream=stream, colour=colour), escape=escape), stream


def test_text_lines_carry_the_name_of_their_process():
    lines, stream = lines_of()
    lines.feed(b"one\ntwo\n")
    assert stream.getvalue() == b"envoy    | one\nenvoy    | two\n"


def test_a_line_that_arrives_in_pieces_is_passed_on_whole():
    lines, stream = lines_of()
    lines.feed(b"on")
    assert stream.getvalue() == b""
    lines.feed(b"e\nrest")
    lines.finish()
    lines.finish()
    assert stream.getvalue() == b"envoy    | one\nenvoy    | rest\n"


def test_json_lines_pass_untouched():
    lines, stream = lines_of("json")
    line = b'{"event": "Cookie: a=\\"b\\"", "n":1}'
    lines.feed(line + b"\n")
    assert stream.getvalue() == line + b"\n"


@pytest.mark.parametrize("line", [b"Segmentation fault", b"{not json}", b"[1]", b'"text"', b"\xff\x00", b""])
def test_in_json_every_line_is_an_object(line):
    lines, stream = lines_of("json")
    lines.feed(line + b"\n")
    assert json.loads(stream.getvalue())["logger"] == "envoy"


@pytest.mark.parametrize("form", ["text", "json"])
def test_g7_154_a_child_cannot_leak_a_token(form):
    lines, stream = lines_of(form)
    lines.feed(f"upstream said {JWT}\n".encode())
    assert JWT.encode() not in stream.getvalue()
    assert b"(redacted)" in stream.getvalue()


def test_g7_154_control_characters_of_a_child_are_escaped():
    lines, stream = lines_of()
    lines.feed(b"a\rb\x1b[2K\xe2\x80\xae\xff\r\n")
    assert stream.getvalue() == b"envoy    | a\\rb\\x1b[2K\\u202e\\xff\n"


def test_our_own_colours_stay():
    lines, stream = lines_of(escape=False, colour=True)
    lines.feed(b"\x1b[31merror\x1b[0m\n")
    assert stream.getvalue() == b"\x1b[2menvoy    |\x1b[0m \x1b[31merror\x1b[0m\n"


def test_a_line_without_end_does_not_fill_the_memory():
    lines, stream = lines_of()
    for _piece in range(100):
        lines.feed(b"x" * 10_000)
    lines.finish()
    assert stream.getvalue().count(b"\n") >= 15
    assert len(lines._rest) == 0


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_losing_standard_error_stops_nobody(error):
    class Lost(io.BytesIO):
        def write(self, _data):
            raise error

    Lines("envoy", Output("text", stream=Lost()), escape=True).feed(b"one\n")


def test_the_supervisor_writes_as_one_more_process():
    stream = io.BytesIO()
    own = OwnLines("doorward", Output("text", stream=stream))
    assert own.write("one\n") == 4
    assert stream.getvalue() == b"doorward | one\n"
    assert not own.isatty()
