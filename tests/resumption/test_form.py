from __future__ import annotations

import time
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.resumption import LONGEST_BODY, Field, Form, UnreadableFormError, media_type, read_form
from doorward.resumption.form import MOST_FIELDS
from doorward.resumption.parts import LONGEST_HEADER

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=----WebKitFormBoundaryAbC123"


def multipart(*parts: bytes, boundary: bytes = b"----WebKitFormBoundaryAbC123") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def part(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" + value


class TestUrlEncoded:
    def test_fields_come_in_order_with_repeated_names(self):
        form = read_form(FORM, b"a=1&b=x+y&a=%C3%BC&empty=")
        assert form == Form(FORM, (Field("a", "1"), Field("b", "x y"), Field("a", "ü"), Field("empty", "")))

    def test_a_form_without_fields(self):
        assert read_form(FORM, b"").fields == ()

    def test_a_charset_parameter_and_case_change_nothing(self):
        assert read_form("Application/X-WWW-Form-URLencoded; charset=UTF-8", b"a=1").type == FORM

    def test_line_ends_become_those_of_a_page(self):
        assert read_form(FORM, b"a=1%0D%0A2%0D3%0A4").fields == (Field("a", "1\n2\n3\n4"),)

    @pytest.mark.parametrize(
        "body",
        [b"a", b"a&b=1", b"a=%FF", b"a=\xff", b"=1", b"a=%00", b"%00=a", b"&".join([b"a=1"] * (MOST_FIELDS + 1))],
    )
    def test_what_no_form_sends_in_utf_8_is_refused(self, body):
        with pytest.raises(UnreadableFormError):
            read_form(FORM, body)

    @given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=20))
    def test_whatever_a_browser_encodes_comes_back(self, pairs):
        clean = [(name, value) for name, value in pairs if "\x00" not in name + value]
        clean = [pair for pair in clean if _encodable(*pair)]
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in clean).encode()
        fields = read_form(FORM, body).fields
        assert [(one.name, one.value) for one in fields] == [(_lf(name), _lf(value)) for name, value in clean]


def _encodable(*texts):
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)


def _lf(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TestMultipart:
    def test_fields_and_files(self):
        body = multipart(
            part(b"note", b"one\r\ntwo \xc3\xbc"),
            part(b"scan", b"%PDF\x00\xff", b'; filename="\xc3\xbc %22b%22.pdf"\r\nContent-Type: application/pdf'),
            part(b"none", b"", b'; filename=""\r\nContent-Type: application/octet-stream'),
            part(b"empty", b""),
        )
        form = read_form(MULTIPART, body)
        assert form.type == "multipart/form-data"
        assert form.fields == (
            Field("note", "one\ntwo ü"),
            Field("scan", 'ü "b".pdf', file=True),
            Field("none", "", file=True),
            Field("empty", ""),
        )
        assert form.files == (Field("scan", 'ü "b".pdf', file=True),)

    def test_names_are_read_as_browsers_write_them(self):
        (field,) = read_form(MULTIPART, multipart(part(b"a%22b%0D%0Ac\\\xc3\xbc", b"1"))).fields
        assert field.name == 'a"b\nc\\ü'

    def test_a_form_without_fields(self):
        assert read_form(MULTIPART, multipart()).fields == ()

    def test_a_quoted_boundary(self):
        assert read_form('multipart/form-data; boundary="xy"', multipart(part(b"a", b"1"), boundary=b"xy")).fields

    @pytest.mark.parametrize(
        "content_type",
        ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="a\r\nb"',
         "multipart/form-data; boundary=" + "x" * 71, "multipart/form-data; boundary=a; boundary=b"],
    )  # fmt: skip
    def test_without_a_plain_boundary_it_is_refused(self, content_type):
        with pytest.raises(UnreadableFormError, match="where its parts begin"):
            read_form(content_type, multipart(part(b"a", b"1"), boundary=b"a"))

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"anything",
            multipart(part(b"a", b"1"))[:-8],
            b"preamble\r\n" + multipart(part(b"a", b"1")),
            multipart(part(b"a", b"1")) + b"epilogue",
            multipart(part(b"a", b"1"), boundary=b"another"),
            multipart(part(b"", b"1")),
            multipart(part(b"a", b"\xff")),
            multipart(part(b"a", b"1\x00")),
            multipart(part(b"\xff", b"1")),
            multipart(part(b"a", b"1", b"\r\nContent-Type: text/plain")),
            multipart(part(b"a", b"1", b"\r\nContent-Transfer-Encoding: base64")),
            multipart(part(b"a", b"1", b'\r\nContent-Disposition: form-data; name="b"')),
            multipart(b"\r\n1"),
            multipart(b"Content-Disposition: attachment\r\n\r\n1"),
            multipart(b"Content-Disposition: form-data; name=a\r\n\r\n1"),
            multipart(
                part(b"a", b"--x\r\n\r\n1\r\n--x--", b'; filename="f"\r\nContent-Type: multipart/mixed; boundary=x')
            ),
            multipart(part(b"a", b"Subject: x\r\n\r\n1", b'; filename="f"\r\nContent-Type: message/rfc822')),
            multipart(*[part(b"a", b"1")] * (MOST_FIELDS + 1)),
        ],
    )
    def test_what_no_browser_makes_is_refused(self, body):
        with pytest.raises(UnreadableFormError):
            read_form(MULTIPART, body)

    @pytest.mark.parametrize(
        "body",
        [
            multipart(part(b"a", b"1")).replace(b"\r\n", b"\n"),
            b"\r\n" + multipart(part(b"a", b"1")),
            multipart(part(b"a", b"1")) + multipart(part(b"b", b"2")),
            multipart(b"Content-Disposition"),
            multipart(b"Content-Disposition: form-data")[:-2],
            multipart(b"Content Disposition: x\r\n\r\n1"),
            multipart(b" " + part(b"a", b"1")),
            multipart(b"X-Empty:\r\n" + part(b"a", b"1")),
            multipart(b"Content-Transfer-Encoding: binary\r\n" + part(b"a", b"1")),
            multipart(b""),
        ],
    )
    def test_nor_what_only_mail_programs_make(self, body):
        with pytest.raises(UnreadableFormError):
            read_form(MULTIPART, body)

    def test_as_many_fields_as_a_form_may_have(self):
        assert len(read_form(MULTIPART, multipart(*[part(b"a", b"1")] * MOST_FIELDS)).fields) == MOST_FIELDS

    @pytest.mark.parametrize(("longer", "refused"), [(0, False), (1, True)])
    def test_a_header_has_an_end(self, longer, refused):
        head = len(b'Content-Disposition: form-data; name=""')
        body = multipart(part(b"n" * (LONGEST_HEADER - head + longer), b"1"))
        if refused:
            with pytest.raises(UnreadableFormError, match="does not consist of parts"):
                read_form(MULTIPART, body)
        else:
            assert len(read_form(MULTIPART, body).fields) == 1

    @pytest.mark.parametrize("depth", [1, 450, 900, 1500])
    @pytest.mark.parametrize("kind", [b"multipart/mixed; boundary=y%d", b"Message/RFC822;y=%d"])
    def test_g8_127_what_is_nested_is_refused_at_once_however_deep(self, depth, kind):
        inner = b"".join(b"Content-Type: " + kind % n + b"\r\n\r\n--y%d\r\n" % n for n in range(depth))
        body = multipart(part(b"a", inner, b'; filename="f"'), inner + b"\n" * (LONGEST_BODY - 2 * len(inner) - 1000))
        _refused_at_once(body)
        _refused_at_once(multipart(inner + b"\n" * (65_536 - len(inner))))
        _refused_at_once(multipart(inner)[: -len(b"--\r\n")])

    @pytest.mark.parametrize(
        "piece",
        [b"\r\n--", b"\r\n----WebKitFormBoundaryAbC12", b"\r\n----WebKitFormBoundaryAbC123x", b"\r", b"\n", b"-"],
    )
    def test_g8_127_nearly_a_boundary_costs_no_more_than_anything_else(self, piece):
        value = piece * (250_000 // len(piece))
        began = time.thread_time()
        (field,) = read_form(MULTIPART, multipart(part(b"a", value))).fields
        assert time.thread_time() - began < 1
        assert field.value == _lf(value.decode())

    @given(st.lists(st.tuples(st.text(min_size=1, max_size=50), st.text()), max_size=20))
    def test_whatever_a_browser_sends_comes_back(self, pairs):
        clean = [pair for pair in pairs if _encodable(*pair) and not set('\x00%\r\n"') & set(pair[0])]
        clean = [(name, value) for name, value in clean if "\x00" not in value]
        body = multipart(*(part(name.encode(), value.encode()) for name, value in clean))
        fields = read_form(MULTIPART, body).fields
        assert [(one.name, one.value) for one in fields] == [(name, _lf(value)) for name, value in clean]

    @given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 400))
    def test_no_body_is_anything_but_a_form_or_refused(self, noise, start, end):
        body = multipart(part(b"a", b"1"), part(b"b", b"", b'; filename="c"\r\nContent-Type: text/plain'))
        try:
            form = read_form(MULTIPART, body[:start] + noise + body[end:])
        except UnreadableFormError:
            return
        assert all(field.name for field in form.fields)


def _refused_at_once(body: bytes) -> None:
    began = time.thread_time()
    with pytest.raises(UnreadableFormError):
        read_form(MULTIPART, body)
    assert time.thread_time() - began < 0.3


class TestPlain:
    def test_one_field_a_line(self):
        assert read_form("text/plain", b"a=1\r\nb=2=3\r\n").fields == (Field("a", "1"), Field("b", "2=3"))

    def test_a_form_without_fields(self):
        assert read_form("text/plain; charset=utf-8", b"").fields == ()

    @pytest.mark.parametrize(
        "body", [b"a=1", b"a\r\n", b"=1\r\n", b"a=1\nb=2\r\n", b"a=\r1\r\n", b"a=\xff\r\n", b"a=1\r\n" * 1001]
    )
    def test_what_no_form_sends_is_refused(self, body):
        with pytest.raises(UnreadableFormError):
            read_form("text/plain", body)


@pytest.mark.parametrize("content_type", ["", "application/json", "text/html", "multipart/mixed; boundary=x"])
def test_other_types_are_no_forms(content_type):
    with pytest.raises(UnreadableFormError, match="is not what a form sends"):
        read_form(content_type, b"a=1")


@pytest.mark.parametrize(
    ("content_type", "expected"), [("text/plain", "text/plain"), ("TEXT/Plain ; charset=x", "text/plain"), ("", "")]
)
def test_the_media_type_alone(content_type, expected):
    assert media_type(content_type) == expected
