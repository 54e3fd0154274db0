"""What the door answers a form that needs a login: 307 to where it is kept, or the documented 302 (access.md 1.2)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.access.world import STAFF_ONLY, application, decided, request, snapshot, token
from tests.tokens.material import NOW, ring

from doorward.access.decision import LoginRequired
from doorward.edge.answer import Fresh, answer
from doorward.signin import secret_hash
from doorward.tokens.jwt import verify_meta

APP = application(STAFF_ONLY)
SENT = {
    "method": "POST", "path": "/edit", "query": "page=1", "content_type": "application/x-www-form-urlencoded",
    "origin": "https://wiki.example.com", "fetch_site": "same-origin", "fetch_mode": "navigate", "fetch_metadata": True,
}  # fmt: skip
EARLIER = token(sub="ann", iat=NOW - 7200, exp=NOW - 3600)


def answered(app=APP, **changes):
    asked, state = request(**(SENT | changes)), snapshot(app)
    decision = decided(app, asked, state=state)
    assert isinstance(decision, LoginRequired)
    return answer(decision, asked, state, NOW, Fresh("0123456789abcdef"), lambda page: "page")


def headers_of(reply):
    return dict(reply.headers)


def test_a_form_of_the_applications_page_is_sent_to_where_it_is_kept():
    reply = answered()
    headers = headers_of(reply)
    assert reply.status == 307
    parts = urlsplit(headers["location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "wiki.example.com", "/cdn-cgi/access/resume")
    query = parse_qs(parts.query, strict_parsing=True)
    assert query["kid"] == [APP.aud]
    assert query["redirect_url"] == ["/edit?page=1"]
    meta = verify_meta(query["meta"][0], ring(), now=NOW)
    assert (meta.hostname, meta.redirect_url, meta.former_user) == ("wiki.example.com", "/edit?page=1", "")
    assert meta.app_session_hash == secret_hash("0123456789abcdef")
    assert "no-store" in headers["cache-control"]
    assert headers["www-authenticate"].startswith("Cloudflare-Access ")


def test_and_the_proof_names_whose_token_has_expired():
    reply = answered(cookies=(("CF_Authorization", EARLIER),))
    meta = parse_qs(urlsplit(headers_of(reply)["location"]).query)["meta"][0]
    assert verify_meta(meta, ring(), now=NOW).former_user == "ann"


@pytest.mark.parametrize(
    ("app", "changes"),
    [
        (application(STAFF_ONLY, resume_posts=False), {}),
        (APP, {"method": "GET"}),
        (APP, {"content_type": ""}),
        (APP, {"origin": "https://evil.test", "fetch_site": "cross-site"}),
        (APP, {"fetch_mode": "cors"}),
        (APP, {"access_token": "x"}),
    ],
)
def test_everything_else_is_answered_as_documented(app, changes):
    reply = answered(app, cookies=(("CF_Authorization", EARLIER),), **changes)
    location = urlsplit(headers_of(reply)["location"])
    assert reply.status == 302
    assert (location.hostname, location.path) == ("login.example.com", "/cdn-cgi/access/login/wiki.example.com")
    assert verify_meta(parse_qs(location.query)["meta"][0], ring(), now=NOW).former_user == ""
