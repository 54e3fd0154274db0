"""The operator's own pages for who is refused (access.md 1.3, 7.2)."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from tests.door.markup import links_of
from tests.door_settings.place import FILES

pytestmark = pytest.mark.edge


async def test_who_is_refused_after_a_login_sees_the_applications_own_page(house, visitor):
    page = await visitor.sign_in("own.localhost", "/x?a=b")
    assert page.status_code == 403
    assert page.headers["cf-access-error"] == "1"
    assert "Example Company: this door stays shut" in page.text
    assert "Ask &lt;Paula&gt; &amp; nobody else." in page.text
    assert "<b>alice@example.test</b>" in page.text
    assert house.url("own.localhost", "/x?a=b") in links_of(page.text)
    assert any("/cdn-cgi/access/logout?returnTo=" in link for link in links_of(page.text))
    (reference,) = re.findall(r"<code>([0-9a-f]{16})</code>", page.text)
    assert "no policy lets this visitor in" in house.door.run("explain", reference).stdout


async def test_nothing_runs_on_it_and_only_its_own_styles_count(visitor):
    page = await visitor.sign_in("own.localhost")
    style = FILES["refusal.html"].partition(b"<style>")[2].partition(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "no-store" in page.headers["cache-control"]


async def test_nothing_of_the_login_stands_on_it(visitor):
    page = await visitor.sign_in("own.localhost")
    tokens = [cookie.value or "" for cookie in visitor.client.cookies.jar]
    assert any(token.startswith("eyJ") for token in tokens)
    assert not [token for token in tokens if len(token) > 12 and token in page.text]
    for word in ("eyJ", "state=", "code=", "meta=", "nonce="):
        assert word not in page.text


async def test_who_is_refused_before_any_login_sees_the_organizations_page(visitor):
    page = await visitor.get("away.localhost")
    assert page.status_code == 403
    assert "<h1>away.localhost is not for there</h1>" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'none'; ")


async def test_a_page_of_the_other_type_is_not_shown(visitor):
    page = await visitor.sign_in("paula2.localhost")
    assert page.status_code == 403
    assert "That account does not have access." in page.text


async def test_a_deny_address_goes_before_a_page(visitor):
    end = await visitor.sign_in("elsewhere.localhost", until="denied.example")
    assert end.headers["location"].startswith("https://denied.example/?original_url=")
