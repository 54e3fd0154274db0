"""Which requests may be kept for the time of a login."""

from __future__ import annotations

import pytest
from tests.access.world import STAFF_ONLY, application, request, snapshot, token, with_cookies
from tests.sessions.build import organization
from tests.tokens.material import NOW

from doorward.access.resume import LONGEST_TARGET, MOST_TOKENS, former_user, from_own_page, resumable

OWN = "https://wiki.example.com"
SENT = {
    "method": "POST", "path": "/edit", "query": "page=1", "content_type": "application/x-www-form-urlencoded",
    "origin": OWN, "fetch_site": "same-origin", "fetch_mode": "navigate", "fetch_metadata": True,
}  # fmt: skip
APP = application(STAFF_ONLY)


def kept(app=APP, org=None, **changes):
    return resumable(request(**(SENT | changes)), app, org or organization())


def test_a_form_of_the_applications_own_page_is():
    assert kept()


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded; charset=UTF-8", "multipart/form-data; boundary=x", "Text/Plain"],
)
def test_of_every_kind(content_type):
    assert kept(content_type=content_type)


@pytest.mark.parametrize("content_type", ["", "application/json", "text/html", "application/octet-stream"])
def test_and_nothing_that_no_form_sends(content_type):
    assert not kept(content_type=content_type)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post"])
def test_and_no_other_method(method):
    assert not kept(method=method)


@pytest.mark.parametrize(
    "changes",
    [
        {"fetch_site": "cross-site"},
        {"fetch_site": "cross-site", "origin": "https://evil.test"},
        {"fetch_site": "same-site", "origin": "https://notes.example.com"},
        {"fetch_site": "none"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": ""},
        {"fetch_site": "", "origin": "https://evil.test"},
        {"fetch_site": "", "origin": ""},
        {"fetch_site": "", "origin": "http://wiki.example.com"},
        {"fetch_site": "", "origin": "https://wiki.example.com:8443"},
        {"fetch_site": "same-origin, cross-site"},
    ],
)
def test_g7_97_what_another_site_sends_never_is(changes):
    assert not kept(**changes)


def test_older_browsers_say_it_by_origin_alone():
    assert kept(fetch_site="", fetch_mode="", fetch_metadata=False)


@pytest.mark.parametrize("mode", ["cors", "no-cors", "same-origin", "websocket"])
def test_what_a_script_fetches_is_not(mode):
    assert not kept(fetch_mode=mode)


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "x"}, {"client_id": ""}, {"client_secret": "x"}, {"service_header": "{}"}, {"access_token": "x"},
     {"assertion": "x"}, {"requested_with": "fetch"}],
)  # fmt: skip
def test_nor_what_a_program_sends(changes):
    assert not kept(**changes)


def test_either_switch_turns_it_off():
    assert not kept(app=application(STAFF_ONLY, resume_posts=False))
    assert not kept(org=organization(resume_posts=False))


@pytest.mark.parametrize("path", ["/a b", "/ä", '/"', "/a\\b", "/a\n", "no-slash"])
def test_nor_what_would_not_come_back_to_the_letter(path):
    assert not kept(path=path, query="")


def test_a_target_may_have_2048_characters_and_no_query():
    assert kept(path="/" + "x" * (LONGEST_TARGET - 1), query="")
    assert not kept(path="/" + "x" * LONGEST_TARGET, query="")


@pytest.mark.parametrize(("origin", "site", "own"), [(OWN, "same-origin", True), (OWN, "", True), (OWN, "none", False)])
def test_both_headers_have_to_say_so(origin, site, own):
    assert from_own_page(origin, site, OWN) is own


class TestWhoItWas:
    def who(self, *tokens, **fields):
        return former_user(with_cookies(*tokens, **fields), APP, snapshot(APP), NOW)

    def old(self, **changes):
        return token(**({"iat": NOW - 7200, "exp": NOW - 3600} | changes))

    def test_an_expired_token_tells(self):
        assert self.who(self.old(sub="ann")) == "ann"

    def test_several_of_one_person_too(self):
        assert self.who(self.old(sub="ann"), self.old(sub="ann", nonce="a" * 64)) == "ann"

    def test_two_people_tell_nothing(self):
        assert self.who(self.old(sub="ann"), self.old(sub="bob")) == ""

    def test_no_token_tells_nothing(self):
        assert self.who() == ""

    def test_nor_one_that_was_never_ours(self):
        good = self.old(sub="ann")
        assert self.who("x.y.z", good[:-8] + "AAAAAAAA") == ""

    def test_nor_one_of_another_application(self):
        assert self.who(self.old(aud="9" * 64)) == ""

    def test_nor_one_that_still_holds(self):
        assert self.who(token(sub="ann")) == ""

    def test_nor_a_programs(self):
        program = self.old(sub="", email="", identity_nonce="", country="", common_name="x.access", custom={})
        assert self.who(program) == ""

    def test_too_many_are_not_looked_at(self):
        tokens = [self.old(sub="ann", nonce=f"{number:064x}") for number in range(MOST_TOKENS + 1)]
        assert self.who(*tokens[:MOST_TOKENS]) == "ann"
        assert self.who(*tokens) == ""

    def test_an_ambiguous_cookie_header_tells_nothing(self):
        assert self.who(self.old(sub="ann"), malformed_cookies=True) == ""
