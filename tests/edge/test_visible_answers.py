"""Decisions as answers, where a setting of the application shows in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.access.world import NOW, STAFF_ONLY, application, policy, request, snapshot
from tests.sessions.build import identity

from doorward.access.decision import Bypass, Deny, LoginRequired, Refusal
from doorward.custom_pages import CustomPage
from doorward.edge.answer import Fresh, answer
from doorward.edge.cross_origin import readable
from doorward.pages import Pages
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence

SHOP = "https://shop.example.com"
CORS = {"allowed_origins": (SHOP,), "allowed_methods": ("GET",), "allow_credentials": True}
PAGES = Pages()


def answered(decision, asked, app, **organization):
    state = snapshot(app, **organization)
    return answer(
        decision, asked, state, NOW, Fresh("0" * 16), lambda page: PAGES.render(page, state.organization)
    )  # fmt: skip


def all_of(found, name):
    return [value for key, value in found.headers if key == name]


def refused(app, *, known: bool) -> Deny:
    who = Evidence(identity=identity() if known else None, ip=request().ip)
    verdict = evaluate(app.policies, who, snapshot(app).directory)
    return Deny(app, Refusal.POLICY, 403, verdict, who)


BOSS = policy("allow", {"email": {"email": "boss@example.com"}})
OWN = CustomPage(name="own", type="identity_denied", custom_html="<h1>{{ application_name }}</h1>{{ sign_out_url }}")


def test_at_the_door_an_own_page_is_shown_under_its_own_policy():
    app = application(BOSS, custom_pages=(OWN,))
    found = answered(refused(app, known=True), request(), app)
    assert found.status == 403
    assert found.body == b"<h1>Wiki</h1>https://login.example.com/cdn-cgi/access/logout"
    assert all_of(found, "content-security-policy") == [OWN.content_security_policy]
    assert all_of(found, "x-frame-options") == ["DENY"]
    assert all_of(found, "cf-access-error") == ["1"]


def test_the_organizations_page_is_shown_where_the_application_has_none():
    app = application(BOSS)
    found = answered(refused(app, known=True), request(), app, custom_pages=(OWN,))
    assert found.body.startswith(b"<h1>Wiki</h1>")
    ours = answered(refused(app, known=True), request(), app)
    assert b"That account does not have access." in ours.body


def test_a_deny_address_goes_before_a_page():
    app = application(BOSS, custom_pages=(OWN,), custom_deny_url="https://help.example.org/")
    found = answered(refused(app, known=True), request(path="/a", query="b=c"), app)
    assert (found.status, all_of(found, "location")) == (
        302,
        ["https://help.example.org/?original_url=https%3A%2F%2Fwiki.example.com%2Fa%3Fb%3Dc"],
    )


def test_a_refusal_without_its_evidence_ends_at_a_page():
    app = application(BOSS, custom_deny_url="https://help.example.org/")
    assert answered(replace(refused(app, known=True), evidence=None), request(), app).status == 403


def test_only_an_application_with_cors_headers_adds_any():
    headers = (("location", "x"),)
    assert readable(302, headers, None, request(origin=SHOP)) == headers
    assert readable(302, headers, application(STAFF_ONLY), request(origin=SHOP)) == headers


def test_what_lets_a_page_read_is_there_once():
    app = application(STAFF_ONLY, cors_headers=CORS)
    found = answered(LoginRequired(app, None), request(origin=SHOP), app)
    assert all_of(found, "access-control-allow-origin") == [SHOP]
    assert all_of(found, "access-control-allow-credentials") == ["true"]
    assert all_of(found, "vary") == ["Origin"]
    through = answered(Bypass(app, None), request(origin=SHOP), app)
    assert all_of(through, "access-control-allow-origin") == [SHOP]
    assert all_of(through, "vary") == []  # the route writes it, with or without an Origin


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", SHOP + ".evil.example", "https://a\r\nx: y"])
def test_g3_47_no_other_origin_is_named(origin):
    app = application(STAFF_ONLY, cors_headers=CORS)
    found = answered(Bypass(app, None), request(origin=origin), app)
    assert all_of(found, "access-control-allow-origin") == []


@pytest.mark.parametrize(
    ("cors", "granted"),
    [
        ({"allow_all_origins": True, "allow_all_methods": True}, []),
        ({"allowed_origins": (SHOP,), "allowed_methods": ("GET",)}, []),
        (CORS, ["true"]),
    ],
)
@pytest.mark.parametrize("origin", [SHOP, "https://evil.example"])
def test_g3_47_a_refusal_grants_no_more_than_the_settings_do(cors, granted, origin):
    app = application(STAFF_ONLY, cors_headers=cors)
    refusals = [LoginRequired(app, None)]
    refusals += [Deny(app, why, 401, None) for why in (Refusal.LOGIN_BY_SCRIPT, Refusal.SERVICE_AUTH_ONLY)]
    for refusal in refusals:
        found = answered(refusal, request(origin=origin), app)
        assert all_of(found, "access-control-allow-credentials") == (granted if origin == SHOP else [])
        assert all_of(found, "www-authenticate")


def test_without_cors_headers_a_refusal_to_a_script_has_the_documented_ones():
    found = script(origin="https://evil.example")
    assert all_of(found, "access-control-allow-credentials") == ["true"]
    assert all_of(found, "access-control-allow-origin") == []


def script(**fields):
    app = application(STAFF_ONLY)
    asked = request(fetch_mode="cors", fetch_dest="empty", path="/api", **fields)
    return answered(Deny(app, Refusal.LOGIN_BY_SCRIPT, 401, None), asked, app)


def test_a_script_is_told_where_the_login_is():
    body = json.loads(script(referer="https://wiki.example.com/page?x=1#part").body)
    assert body["login_url"].startswith("https://login.example.com/cdn-cgi/access/login/wiki.example.com?kid=")
    assert body["login_url"].endswith("&redirect_url=%2Fpage%3Fx%3D1")
    assert len(body["reference"]) == 16


@pytest.mark.parametrize(
    "referer",
    ["https://wiki.example.com.evil.test/", "http://wiki.example.com/", "https://wiki.example.com:8443/", "https://[",
     "https://wiki.example.com/" + "a" * 2048, "https://user@wiki.example.com/"],
)  # fmt: skip
def test_g7_94_another_page_is_not_come_back_to(referer):
    assert json.loads(script(referer=referer).body)["login_url"].endswith("&redirect_url=%2Fapi")


def test_without_a_record_there_is_no_reference():
    app = application(STAFF_ONLY)
    asked = request(accept="application/json", requested_with="XMLHttpRequest")
    found = answer(
        Deny(app, Refusal.LOGIN_BY_SCRIPT, 401, None), asked, snapshot(app), NOW, Fresh("0" * 16, recorded=False), str
    )
    assert "reference" not in json.loads(found.body)


@pytest.mark.parametrize("accept", ["text/html", "text/html, */*"])
def test_who_asks_for_html_gets_the_short_page(accept):
    assert b"401 Unauthorized" in script(accept=accept).body
