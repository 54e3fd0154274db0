from __future__ import annotations

import io
import json
import logging
import time

import pytest
import structlog

from doorward import journal

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _restored_logging():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(form="json", level="info", colour=False):
    stream = io.StringIO()
    journal.configure(form, level, stream=stream, colour=colour)
    return stream


def only_line(stream):
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def log_failure(message):
    try:
        fail(message)
    except ValueError:
        structlog.get_logger("doorward").exception("It failed.")


def fail(message):
    raise ValueError(message)


def test_json_has_moment_level_event_and_fields_in_this_order():
    stream = written()
    structlog.get_logger("doorward.edge").warning("It happened.", status=403)
    event = json.loads(only_line(stream))
    assert list(event)[:3] == ["timestamp", "level", "event"]
    assert event["level"] == "warning"
    assert event["event"] == "It happened."
    assert event["status"] == 403
    assert event["timestamp"].endswith("Z")


def test_text_is_one_readable_line_without_colour_unless_asked():
    stream = written("text")
    structlog.get_logger("doorward.edge").info("It happened.", host="wiki.localhost", note="two words")
    assert only_line(stream).endswith('info     It happened. host=wiki.localhost note="two words"')
    assert "\x1b" not in stream.getvalue()


def test_text_is_coloured_when_asked():
    stream = written("text", colour=True)
    structlog.get_logger("doorward.edge").error("It happened.")
    assert "\x1b[31m" in stream.getvalue()


def test_a_stream_that_is_no_terminal_gets_no_colour():
    stream = io.StringIO()
    journal.configure("text", stream=stream)
    structlog.get_logger("doorward").info("It happened.")
    assert "\x1b" not in stream.getvalue()


def test_a_process_whose_lines_end_up_on_a_terminal_writes_colour(monkeypatch):
    monkeypatch.setenv(journal.COLOUR, "1")
    stream = io.StringIO()
    journal.configure("text", stream=stream)
    structlog.get_logger("doorward").info("It happened.")
    assert "\x1b" in stream.getvalue()


def test_advice_of_several_lines_is_readable_in_text():
    stream = written("text")
    structlog.get_logger("doorward").warning("A new authority.", advice="trust it:\n  cp a b", file="ca.crt")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("A new authority. file=ca.crt")
    assert rest == ["    | trust it:", "    |   cp a b"]


def test_lines_below_the_level_are_not_written():
    stream = written(level="warning")
    structlog.get_logger("doorward").info("Too quiet.")
    assert stream.getvalue() == ""


def test_the_request_id_is_on_every_line_of_the_request_and_on_no_other():
    stream = written()
    with journal.request_bound("r-1"):
        structlog.get_logger("doorward").info("Inside.")
        logging.getLogger("uvicorn.error").warning("Inside a library.")
    structlog.get_logger("doorward").info("After.")
    ids = [json.loads(line).get("request_id") for line in stream.getvalue().splitlines()]
    assert ids == ["r-1", "r-1", None]


def test_a_library_s_line_goes_the_same_way_with_its_name():
    stream = written()
    logging.getLogger("uvicorn.error").warning("Bad request from %s", "198.51.100.7")
    event = json.loads(only_line(stream))
    assert event["event"] == "Bad request from 198.51.100.7"
    assert event["logger"] == "uvicorn.error"


@pytest.mark.parametrize(
    "name", ["httpx", "sqlalchemy.engine", "uvicorn.access", "uvicorn.error", "alembic.runtime", "aiosqlite"]
)
def test_libraries_that_would_write_addresses_and_statements_are_quiet_even_in_debug(name):
    stream = written(level="debug")
    logging.getLogger(name).info("GET https://idp.example/token?code=abc")
    assert stream.getvalue() == ""


def test_a_strangers_broken_form_writes_no_line():
    stream = written(level="debug")
    logging.getLogger("python_multipart.multipart").warning("Found invalid character")
    assert stream.getvalue() == ""


def test_configuring_twice_does_not_write_twice():
    written()
    stream = written()
    structlog.get_logger("doorward").info("Once.")
    only_line(stream)


# --- attack 154: log injection ---------------------------------------------------------------------------------------

FORGED = 'Mozilla"\r\n2026-01-01T00:00:00Z info     Signed in. email=root@example.com\x1b[2K\x85\u2028\u202e{"a":1}'


@pytest.mark.parametrize("form", ["json", "text"])
def test_g7_154_a_user_agent_with_line_breaks_quotes_and_escapes_stays_inside_its_line(form):
    stream = written(form)
    structlog.get_logger("doorward").info("Refused.", user_agent=FORGED)
    line = only_line(stream)
    assert "\x1b" not in line
    assert "\u202e" not in line
    if form == "json":
        assert json.loads(line)["user_agent"] == FORGED


@pytest.mark.parametrize("form", ["json", "text"])
def test_g7_154_the_message_of_a_library_stays_inside_its_line(form):
    stream = written(form)
    logging.getLogger("h11").warning("Invalid request: %s", FORGED)
    assert "\x1b" not in only_line(stream)


def test_g7_154_a_field_name_cannot_break_the_line():
    stream = written("text")
    structlog.get_logger("doorward").info("Claims.", **{"a\nb": "c"})
    assert "a\\nb=c" in only_line(stream)


def test_g7_154_no_line_of_a_traceback_can_pass_for_a_line_of_the_log():
    stream = written("text")
    log_failure("boom\n2026-01-01T00:00:00Z info     Signed in.")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("It failed.")
    assert rest
    assert all(line.startswith("    | ") for line in rest)


def test_a_traceback_in_json_is_part_of_its_one_line():
    stream = written()
    log_failure("boom")
    assert "ValueError: boom" in json.loads(only_line(stream))["exception"]


# --- attack 154: secrets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"token {JWT} refused",
        f"/cdn-cgi/access/login/wiki?kid=1&meta={JWT}",
        "/cdn-cgi/access/callback?code=hunter2secret&state=hunter2secret",
        "/cdn-cgi/access/authorized?nonce=hunter2secret",
        "Cookie: CF_Authorization=hunter2secret; CF_Session=hunter2secret",
        "cookie was __Host-CF_Session=hunter2secret",
        "cookie was CF_AppSession_0a1b2c3d=hunter2secret",
        "Authorization: Basic hunter2secret==",
        "authorization = Bearer hunter2secret",
        "sent Bearer hunter2secret",
        "{'client_secret': 'hunter2secret'}",
        '{"client_secret": "hunter2secret", "scope": "openid"}',
        "client_id=a&client_secret=hunter2secret",
        '{"access_token":"hunter2secret","refresh_token":"hunter2secret"}',
        "CF-Access-Client-Secret: hunter2secret",
        "('cf-access-token', 'hunter2secret')",
        "postgresql://doorward:hunter2secret@db/doorward",
        "smtps://post:hunter2secret@mail.example:465",
        "-----BEGIN PRIVATE KEY-----\nhunter2secret\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2secret",
    ],
)
def test_g7_154_a_secret_inside_a_text_is_not_written(text):
    for form in ("json", "text"):
        stream = written(form)
        structlog.get_logger("doorward").warning(text, detail=text, nested={"list": [text]}, error=ValueError(text))
        logging.getLogger("library").warning("%s", text)
        assert "hunter2secret" not in stream.getvalue()
        assert JWT not in stream.getvalue()


@pytest.mark.parametrize(
    "key",
    ["cookie", "set_cookie", "Cookie", "authorization", "client_secret", "password", "pin", "access_token", "nonce"],
)
def test_g7_154_a_field_named_like_a_secret_is_not_written(key):
    stream = written()
    structlog.get_logger("doorward").warning("Oops.", **{key: "hunter2secret"}, nested={key: "hunter2secret"})
    assert "hunter2secret" not in stream.getvalue()


@pytest.mark.parametrize("text", ["PIN 271828 was sent", "the code is 271828", "pin: 271828", "pin=271828"])
def test_g7_154_a_one_time_pin_is_not_written(text):
    assert "271828" not in journal.redact(text)


def test_g7_154_a_secret_in_a_traceback_is_not_written():
    stream = written("text")
    log_failure(f"cannot read {JWT}")
    assert JWT not in stream.getvalue()
    assert "ValueError: cannot read (redacted)" in stream.getvalue()


def test_g7_154_a_line_that_cannot_be_written_is_not_printed_elsewhere(capsys):
    stream = written()
    logging.getLogger("library").warning("%d", f"client_secret={JWT}")
    assert JWT not in stream.getvalue() + "".join(capsys.readouterr())
    assert "A log line of library was lost: TypeError" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Application wiki.localhost is open",
        "email=anna@example.com",
        "https://login.example.com:8443/path?page=2",
        "code_of_conduct",
        "listens on 127.0.0.1:8080",
        "2026-11-24T22:14:12Z",
    ],
)
def test_ordinary_text_is_left_as_it_is(text):
    assert journal.redact(text) == text


def test_error_codes_stay_and_authorization_codes_go():
    stream = written()
    structlog.get_logger("doorward").warning("Oops.", code="invalid_answer")
    structlog.get_logger("doorward").warning("Oops.", code="4/0AX4XfWh-hunter2")
    codes = [json.loads(line)["code"] for line in stream.getvalue().splitlines()]
    assert codes == ["invalid_answer", "(redacted)"]


@pytest.mark.parametrize(
    "piece", ["a.b+", "code=", "http://", "eyJ", "pin ", '"cookie', "-----BEGIN PRIVATE KEY-----", " "]
)
def test_g7_155_no_text_makes_redaction_slow(piece):
    started = time.perf_counter()
    journal.redact(piece * (400_000 // len(piece)))
    assert time.perf_counter() - started < 1


def test_a_huge_value_is_cut():
    stream = written()
    structlog.get_logger("doorward").info("Refused.", user_agent="x" * 1_000_000)
    assert len(stream.getvalue()) < 20_000
