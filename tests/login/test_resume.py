"""A form that met an ended session waits for the login and is sent again (docs/sessions.md)."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs
from tests.login.world import BOARD, BOTH, HTTP, NOTES, TEAM, VAULT, WIKI, Browser, aud, person
from tests.pages.build import Document
from tests.tokens.material import ring

from doorward.errors import StoreError
from doorward.login import resume
from doorward.pages import Denied, FormField, Problem, Resume
from doorward.resumption import KEPT_FOR, read_form
from doorward.sessions import META_LIFETIME, app_session_cookies, app_session_values
from doorward.signin import secret_hash
from doorward.store.kept_requests import Space
from doorward.tokens.claims import MetaClaims
from doorward.tokens.jwt import mint_meta, verify_meta

HOST = "wiki.example.com"
FORM = "application/x-www-form-urlencoded"
BODY = b"title=Caf%C3%A9&text=one%0D%0Atwo"


def sent_to(world, browser, *, path="/edit?page=1", letter=WIKI, host=HOST, former="", **changes):
    """What the door answers a form with: the address that keeps it, and CF_AppSession in the browser."""
    public = world.organization.public
    present = app_session_values(browser.cookies_of(host, "/"), public, "GET", fetch_metadata=True)
    value = present[0] if present else world.token()[:16]
    for cookie in () if present else app_session_cookies(value, public, world.time):
        browser.keep(host, cookie)
    values = {
        "aud": aud(letter), "hostname": host, "redirect_url": path, "app_session_hash": secret_hash(value),
        "iat": world.time, "exp": world.time + META_LIFETIME, "real_country": "NL", "former_user": former,
    }  # fmt: skip
    meta = mint_meta(MetaClaims(**(values | changes)), ring().current(world.time))
    query = httpx.QueryParams(kid=aud(letter), meta=meta, redirect_url=path)
    return f"{world.origin(host)}/cdn-cgi/access/resume?{query}"


async def post(world, browser, url, body=BODY, kind=FORM, **changes):
    """As a browser sends a form of the application's own page. ``changes``: headers, None leaves one out."""
    own = world.origin(urlsplit(url).hostname)
    sent = {"content-type": kind, "origin": own, "sec-fetch-site": "same-origin"}
    sent |= {name.replace("_", "-"): value for name, value in changes.items()}
    left_out = [name for name, value in sent.items() if value is None]
    asking = Browser(world, {name: value for name, value in browser.headers.items() if name not in left_out})
    asking.jar = browser.jar
    return await asking.ask("POST", url, body=body, headers={k: v for k, v in sent.items() if v is not None})


async def keep(world, browser, body=BODY, kind=FORM, **rest):
    """Have a form kept; where the login begins."""
    response = await post(world, browser, sent_to(world, browser, **rest), body, kind)
    assert response.status_code == 200, response.text
    return response.headers["refresh"].removeprefix("0;url=")


async def sign_in(browser, login, code="ada"):
    """From the login link, by the provider where one is asked, to the first page of an application."""
    response = await browser.get(login)
    if response.status_code == 200:
        back = await browser.choose()
        response = await browser.get(back.replace("code=ada", f"code={code}"))
    while response.status_code == 302:
        response = await browser.get(response.headers["location"])
    return response


async def resumed(world, browser, body=BODY, kind=FORM, **rest):
    """The page with the form."""
    response = await sign_in(browser, await keep(world, browser, body, kind, **rest))
    assert isinstance(world.shown, Resume), world.shown
    return response


async def rows(world):
    from sqlalchemy import text

    return await world.store._database.read(
        lambda connection: connection.execute(text("SELECT * FROM kept_requests")).all()
    )


class TestTheWay:
    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_a_form_waits_for_the_login_and_is_shown_with_a_button(self, world, browser, public):
        login = await keep(world, browser)
        assert login.startswith(f"{world.origin(TEAM)}/cdn-cgi/access/login/{HOST}?")
        response = await sign_in(browser, login)
        assert (response.status_code, response.url.host) == (200, HOST)
        page = world.shown
        assert (page.target, page.email) == (f"{world.origin(HOST)}/edit?page=1", "ada@example.com")
        assert page.enctype == FORM
        assert page.fields == (FormField("title", "Café", "hidden"), FormField("text", "one\ntwo", "hidden"))
        assert browser.cookie(HOST, "CF_Authorization")

    async def test_the_page_sends_it_once_and_the_browser_takes_it_to_where_it_was_sent(self, world, browser):
        page = await resumed(world, browser)
        form = Document(page.text).one("form")
        assert (form["method"], form["enctype"], form["accept-charset"]) == ("post", FORM, "utf-8")
        there = world.origin(HOST) + form["action"]
        sent = await post(world, browser, there)
        assert (sent.status_code, sent.headers["location"]) == (307, world.origin(HOST) + "/edit?page=1")
        again = await post(world, browser, there)
        assert again.status_code == 404
        assert world.shown.title == "There is nothing to send"
        assert await rows(world) == []

    async def test_g7_96_of_twenty_presses_at_once_one_goes_through(self, world, browser):
        page = await resumed(world, browser)
        there = world.origin(HOST) + Document(page.text).one("form")["action"]
        answers = await asyncio.gather(*(post(world, browser, there) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [307] + [404] * 19

    async def test_looking_at_the_page_uses_nothing_up(self, world, browser):
        page = await resumed(world, browser)
        assert (await browser.get(str(page.url))).text == page.text
        assert (await browser.ask("HEAD", str(page.url))).status_code == 200
        assert len(await rows(world)) == 1

    async def test_with_a_session_that_holds_nobody_is_asked(self, world, browser):
        await browser.sign_in(NOTES, "notes.example.com")
        response = await browser.get(await keep(world, browser))
        assert response.status_code == 302
        response = await browser.get(response.headers["location"])
        response = await browser.get(response.headers["location"])
        assert isinstance(world.shown, Resume)

    async def test_the_waiting_form_itself_leads_to_the_login_again(self, world, browser):
        """The link "start again" of a page in between: the form is not lost by it."""
        link = await keep(world, browser)
        waiting = (
            world.origin(HOST)
            + verify_meta(dict(parse_qsl(urlsplit(link).query))["meta"], ring(), now=world.time).redirect_url
        )
        response = await browser.get(waiting)
        assert response.status_code == 302
        assert response.headers["location"].startswith(f"{world.origin(TEAM)}/cdn-cgi/access/login/{HOST}?")
        await sign_in(browser, response.headers["location"])
        assert isinstance(world.shown, Resume)

    async def test_whoever_may_not_enter_sends_nothing(self, world, browser):
        link = await keep(world, browser, letter=VAULT, host="vault.example.com")
        response = await sign_in(browser, link)
        assert response.status_code == 403
        assert isinstance(world.shown, Denied)

    async def test_a_session_that_ended_meanwhile_has_to_sign_in_again(self, world, browser):
        page = await resumed(world, browser)
        (row,) = await rows(world)
        await world.store.sessions.revoke(row.session_nonce, world.time)
        there = world.origin(HOST) + Document(page.text).one("form")["action"]
        assert (await post(world, browser, there)).status_code == 404
        assert (await browser.get(there)).status_code == 302
        assert len(await rows(world)) == 1

    async def test_g7_99_ten_forms_in_ten_tabs_all_arrive(self, world, browser):
        links = [await keep(world, browser, body=b"tab=%d" % number) for number in range(10)]
        pages = [await sign_in(browser, link) for link in links]
        values = [Document(page.text).one("input", name="tab")["value"] for page in pages]
        assert values == [str(number) for number in range(10)]
        for page in pages:
            there = world.origin(HOST) + Document(page.text).one("form")["action"]
            assert (await post(world, browser, there)).status_code == 307

    async def test_the_form_that_the_browser_sends_again_is_read_to_its_end_and_forgotten(self, world, browser):
        page = await resumed(world, browser)
        there = world.origin(HOST) + Document(page.text).one("form")["action"]
        assert (await post(world, browser, there, b"x" * 300_000)).status_code == 307

    async def test_going_back_to_where_it_was_kept_leads_to_the_application(self, world, browser):
        response = await browser.get(sent_to(world, browser))
        assert (response.status_code, response.headers["location"]) == (302, world.origin(HOST) + "/edit?page=1")


class TestWho:
    async def user_id(self, world, code="ada"):
        browser = Browser(world)
        await browser.sign_in(code=code)
        (session,) = await world.store.sessions.live_of(
            await world.store.users.resolve(world.providers.people[code].email, "", world.time), world.time
        )
        return session.user_id

    async def test_the_same_person_need_not_be_asked_whether_it_was_them(self, world, browser):
        await resumed(world, browser, former=await self.user_id(world))
        assert world.shown.known
        assert "Did you enter this?" not in world.pages.render(world.shown, world.organization)

    async def test_without_a_token_that_told_it_the_page_asks(self, world, browser):
        page = await resumed(world, browser)
        assert not world.shown.known
        assert "Did you enter this?" in page.text
        assert f"{world.origin(HOST)}/edit?page=1" in page.text

    async def test_g6_90_another_person_does_not_send_it_and_it_is_gone(self, world, browser):
        world.providers.people["bob"] = person("bob@example.com")
        link = await keep(world, browser, former=await self.user_id(world))
        response = await sign_in(browser, link, code="bob")
        assert response.status_code == 403
        assert world.shown.title == "Somebody else entered this"
        assert "Caf" not in response.text
        assert await rows(world) == []

    async def test_g6_90_nor_by_a_page_of_before_after_signing_in_as_another(self, world, browser):
        world.providers.people["bob"] = person("bob@example.com")
        page = await resumed(world, browser, former=await self.user_id(world))
        there = world.origin(HOST) + Document(page.text).one("form")["action"]
        (row,) = await rows(world)
        bob = Browser(world)
        await bob.sign_in(code="bob")
        user = await world.store.users.resolve("bob@example.com", "", world.time)
        (session,) = await world.store.sessions.live_of(user, world.time)
        await world.store.kept_requests.admit(there.rpartition("/")[2], row.browser_hash, session.nonce, world.time)
        assert (await post(world, browser, there)).status_code == 403
        assert await rows(world) == []


class TestAttacks:
    FOREIGN = (
        {"sec_fetch_site": "cross-site", "origin": "https://evil.test"},
        {"sec_fetch_site": "same-site", "origin": "https://notes.example.com"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": None},
        {"sec_fetch_site": None, "origin": "https://evil.test"},
        {"sec_fetch_site": None, "origin": "http://wiki.example.com"},
        {"sec_fetch_site": None, "origin": "https://wiki.example.com:8443"},
        {"sec_fetch_site": None, "origin": None},
    )

    @pytest.mark.parametrize("headers", FOREIGN)
    async def test_g7_97_a_form_of_another_site_is_never_kept(self, world, browser, headers):
        response = await post(world, browser, sent_to(world, browser), **headers)
        assert response.status_code == 403
        assert world.shown.title == "Another site sent this"
        assert "refresh" not in response.headers
        assert await rows(world) == []

    @pytest.mark.parametrize("headers", FOREIGN)
    async def test_g7_97_nor_can_another_site_press_the_button(self, world, browser, headers):
        page = await resumed(world, browser)
        there = world.origin(HOST) + Document(page.text).one("form")["action"]
        response = await post(world, browser, there, **headers)
        assert response.status_code == 403
        assert "location" not in response.headers
        assert len(await rows(world)) == 1

    async def test_an_older_browser_that_sends_no_fetch_metadata_is_believed_by_its_origin(self, world, browser):
        old = {"sec_fetch_site": None, "sec_fetch_mode": None, "sec_fetch_dest": None}
        assert (await post(world, browser, sent_to(world, browser), **old)).status_code == 200

    async def test_g6_84_a_proof_for_another_browser_keeps_nothing(self, world, browser):
        link = sent_to(world, browser)
        thief = Browser(world)
        sent_to(world, thief)  # which has a CF_AppSession of its own
        assert (await post(world, thief, link)).status_code == 400
        assert await rows(world) == []

    async def test_g7_98_a_form_waits_for_the_browser_that_sent_it(self, world, browser):
        page = await resumed(world, browser)
        thief = Browser(world)
        await thief.sign_in()
        response = await thief.get(str(page.url))
        assert response.status_code == 400
        assert "Caf" not in response.text
        assert (await post(world, thief, str(page.url))).status_code == 400
        assert len(await rows(world)) == 1

    async def test_g7_98_a_login_in_another_browser_does_not_admit_it(self, world, browser):
        link = await keep(world, browser)
        path = verify_meta(dict(parse_qsl(urlsplit(link).query))["meta"], ring(), now=world.time).redirect_url
        thief = Browser(world)
        await sign_in(thief, world.door(thief, WIKI, HOST, path))
        (row,) = await rows(world)
        assert row.session_nonce == ""
        assert not isinstance(world.shown, Resume)

    async def test_g6_91_nor_at_another_host(self, world, browser):
        page = await resumed(world, browser)
        elsewhere = str(page.url).replace(HOST, "notes.example.com")
        assert (await browser.get(elsewhere)).status_code == 404

    @pytest.mark.parametrize("changes", [{"hostname": "notes.example.com"}, {"aud": aud(NOTES)}])
    async def test_g7_96_a_proof_for_something_else_keeps_nothing(self, world, browser, changes):
        response = await post(world, browser, sent_to(world, browser, **changes))
        assert response.status_code == 400
        assert await rows(world) == []

    async def test_g7_96_a_proof_that_was_not_signed_here_keeps_nothing(self, world, browser):
        link = sent_to(world, browser)
        broken = link.replace("meta=", "meta=x")
        assert (await post(world, browser, broken)).status_code == 400
        assert await rows(world) == []

    @pytest.mark.parametrize("path", ["//evil.test/", "/a b", "/cdn-cgi/access/logout", "/a#b", "/%2e%2e/cdn-cgi/x"])
    async def test_g7_94_only_a_place_on_the_host_can_be_where_it_goes(self, world, browser, path):
        response = await post(world, browser, sent_to(world, browser, path=path))
        assert response.status_code == 400
        assert await rows(world) == []

    async def test_g7_100_a_parameter_twice_keeps_nothing(self, world, browser):
        response = await post(world, browser, sent_to(world, browser) + "&kid=x")
        assert response.status_code == 400
        assert await rows(world) == []

    async def test_g7_114_whatever_was_entered_stays_text(self, world, browser):
        page = await resumed(world, browser, body=b"%22%3E%3Cscript%3Ealert(1)%3C/script%3E=%22%3E%3Cb%20autofocus")
        assert "<script" not in page.text
        assert "<b " not in page.text
        field = Document(page.text).one("input")
        assert (field["name"], field["value"]) == ('"><script>alert(1)</script>', '"><b autofocus')

    async def test_g7_115_the_page_cannot_be_framed_and_runs_nothing(self, world, browser):
        page = await resumed(world, browser)
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "form-action 'self' https:;" in policy
        assert "no-store" in page.headers["cache-control"]
        assert page.headers["referrer-policy"] == "same-origin"

    @pytest.mark.parametrize("public", [pytest.param(HTTP, id="http")], indirect=True)
    async def test_on_plain_http_its_answer_may_lead_to_plain_http(self, world, browser, public):
        page = await resumed(world, browser)
        assert "form-action 'self' https: http:;" in page.headers["content-security-policy"]

    @pytest.mark.parametrize("made_up", ["x" * 43, "", "..%2flogout", "x"])
    async def test_an_id_that_is_not_known_shows_nothing(self, world, browser, made_up):
        response = await browser.get(f"{world.origin(HOST)}/cdn-cgi/access/resume/{made_up}")
        assert response.status_code == 404

    async def test_the_team_domain_keeps_nothing(self, world, browser):
        link = sent_to(world, browser).replace(HOST, TEAM, 1)
        assert (await post(world, browser, link)).status_code == 404


class TestWhatIsKept:
    async def test_it_is_encrypted_and_its_id_is_not_in_the_database(self, world, browser):
        page = await resumed(world, browser, body=b"password=correct-horse-battery")
        (row,) = await rows(world)
        stored = repr(row)
        assert str(page.url).rpartition("/")[2] not in stored
        for secret in ("correct-horse", "password", "/edit", "203.0.113.7"):
            assert secret not in stored

    async def test_it_is_forgotten_after_ten_minutes(self, world, browser):
        page = await resumed(world, browser)
        world.time += KEPT_FOR
        assert (await browser.get(str(page.url))).status_code == 404
        assert (await post(world, browser, str(page.url))).status_code == 404
        await world.store.prune(world.time)
        assert await rows(world) == []

    async def test_it_is_there_until_the_second_before(self, world, browser):
        page = await resumed(world, browser)
        world.time += KEPT_FOR - 1
        assert (await browser.get(str(page.url))).status_code == 200
        assert (await post(world, browser, str(page.url))).status_code == 307

    async def test_an_application_that_is_gone_gets_nothing(self, world, browser):
        page = await resumed(world, browser)
        world.change(WIKI, aud="9" * 64)
        assert (await browser.get(str(page.url))).status_code == 400

    @pytest.mark.parametrize("of", ["organization", "application"])
    async def test_where_it_is_switched_off_the_login_goes_on_without_it(self, world, browser, of):
        link = sent_to(world, browser)
        if of == "application":
            world.change(WIKI, resume_posts=False)
        else:
            world.organization = world.organization.model_copy(update={"resume_posts": False})
        response = await post(world, browser, link)
        assert response.headers["refresh"] == f"0;url={world.origin(HOST)}/edit?page=1"
        assert await rows(world) == []

    async def test_a_way_here_that_took_too_long_keeps_nothing(self, world, browser):
        link = sent_to(world, browser)
        world.time += META_LIFETIME
        response = await post(world, browser, link)
        assert response.status_code == 400
        assert world.shown.title == "What you entered was not sent"
        assert await rows(world) == []

    async def test_files_have_to_be_chosen_again(self, world, browser):
        body = (
            b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
            b'--B\r\nContent-Disposition: form-data; name="scan"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n'
            b'\r\n%PDF\r\n--B\r\nContent-Disposition: form-data; name="more"; filename=""\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n\r\n--B--\r\n"
        )
        page = await resumed(world, browser, body=body, kind="multipart/form-data; boundary=B")
        assert world.shown.files == 1
        document = Document(page.text)
        assert document.one("form")["enctype"] == "multipart/form-data"
        assert document.one("input", type="hidden") == {"type": "hidden", "name": "note", "value": "hello"}
        assert document.one("input", name="scan")["type"] == "file"
        assert "hidden" in document.one("input", name="more")
        assert "Choose a.pdf again" in document.text
        assert "Files cannot be kept. Choose it again." in document.text

    async def test_text_plain_comes_back_as_it_was(self, world, browser):
        page = await resumed(world, browser, body=b"a=1\r\nb=2=3\r\n", kind="text/plain")
        assert Document(page.text).one("form")["enctype"] == "text/plain"
        assert [field.value for field in world.shown.fields] == ["1", "2=3"]


class TestTooMuch:
    def bodies(self, size):
        return {"announced": b"a=" + b"x" * (size - 2), "in pieces": pieces(b"a=" + b"x" * (size - 2))}

    @pytest.mark.parametrize("how", ["announced", "in pieces"])
    async def test_what_is_as_large_as_the_limit_is_kept(self, world, browser, how):
        body = self.bodies(world.organization.resume_posts_max_size)[how]
        assert (await post(world, browser, sent_to(world, browser), body)).status_code == 200

    @pytest.mark.parametrize("how", ["announced", "in pieces"])
    async def test_a_byte_more_is_not_and_the_page_says_how_to_go_on(self, world, browser, how):
        body = self.bodies(world.organization.resume_posts_max_size + 1)[how]
        response = await post(world, browser, sent_to(world, browser), body)
        assert response.status_code == 413
        page = world.shown
        assert isinstance(page, Problem)
        assert "64 KiB" in page.message
        assert "go back one page" in page.next_step
        link = Document(response.text).one("a")
        assert (link["href"], link["target"]) == (f"{world.origin(HOST)}/edit?page=1", "_blank")
        assert await rows(world) == []

    async def test_not_more_is_read_than_can_be_kept(self, world, browser):
        read = 0

        async def endless():
            nonlocal read
            for _ in range(1000):
                read += 1
                yield b"a" * 16_384

        scope_ends = asyncio.timeout(30)
        async with scope_ends:
            answer = await streamed(world, browser, sent_to(world, browser), endless())
        assert answer == 413
        assert read <= 6

    @pytest.mark.parametrize(
        ("kind", "body"),
        [(FORM, b"no equals sign"), (FORM, b"a=%FF"), ("application/json", b"{}"), ("multipart/form-data", b"--x")],
    )
    async def test_what_no_form_of_ours_could_send_again_is_not_kept(self, world, browser, kind, body):
        response = await post(world, browser, sent_to(world, browser), body, kind)
        assert response.status_code == 400
        assert world.shown.title == "What you entered was not sent"
        assert await rows(world) == []

    async def test_one_client_may_not_fill_the_space(self, world, browser, monkeypatch):
        monkeypatch.setattr(resume, "SPACE", Space(of_client=2000, in_all=10_000))
        answers = [(await post(world, browser, sent_to(world, browser), b"a=" + b"x" * 500)).status_code for _ in "123"]
        assert answers == [200, 200, 429]
        world.ip = "203.0.113.8"
        assert (await post(world, browser, sent_to(world, browser))).status_code == 200
        world.ip = "203.0.113.7"
        world.time += KEPT_FOR
        assert (await post(world, browser, sent_to(world, browser))).status_code == 200

    async def test_all_together_neither(self, world, browser, monkeypatch):
        monkeypatch.setattr(resume, "SPACE", Space(of_client=2000, in_all=3000))
        answers = []
        for number in range(5):
            world.ip = f"203.0.113.{number}"
            answers.append((await post(world, browser, sent_to(world, browser), b"a=" + b"x" * 500)).status_code)
        assert answers == [200, 200, 200, 429, 429]

    async def test_nor_send_one_form_after_the_other(self, world, browser, monkeypatch):
        monkeypatch.setattr(resume, "FORMS", 2)
        answers = [await post(world, browser, sent_to(world, browser), b"a=1") for _ in "123"]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == str(KEPT_FOR)

    async def test_g10_162_who_sends_too_many_is_refused_before_anything_is_read(self, world, browser, monkeypatch):
        monkeypatch.setattr(resume, "FORMS", 1)
        read = 0

        async def body():
            nonlocal read
            while True:
                read += 1
                yield b"a" * 16_384

        link = sent_to(world, browser)
        assert await streamed(world, browser, link, body()) == 413
        assert read > 0
        read = 0
        assert await streamed(world, browser, link, body()) == 429
        assert read == 0

    async def test_g10_162_what_cannot_be_kept_counts_as_well(self, world, browser, monkeypatch):
        monkeypatch.setattr(resume, "FORMS", 2)
        answers = [await post(world, browser, sent_to(world, browser), b"no equals sign") for _ in "123"]
        assert [answer.status_code for answer in answers] == [400, 400, 429]

    async def test_g8_127_nobody_waits_while_a_form_is_taken_apart(self, world, browser, monkeypatch):
        loop, going_on = asyncio.get_running_loop(), threading.Event()

        def slowly(content_type, body):
            loop.call_soon_threadsafe(going_on.set)
            assert going_on.wait(10)
            return read_form(content_type, body)

        monkeypatch.setattr(resume, "read_form", slowly)
        assert (await post(world, browser, sent_to(world, browser))).status_code == 200

    async def test_g8_127_a_deeply_nested_form_is_told_so(self, world, browser):
        nested = b"".join(b"Content-Type: multipart/a; boundary=y%d\r\n\r\n--y%d\r\n" % (n, n) for n in range(1200))
        body = b"--x\r\n" + nested + b"\r\n--x--\r\n"
        response = await post(world, browser, sent_to(world, browser), body, "multipart/form-data; boundary=x")
        assert response.status_code == 400
        assert world.shown.title == "What you entered was not sent"

    async def test_g10_162_strangers_leave_room_for_who_was_signed_in(self, world, browser, monkeypatch):
        monkeypatch.setattr(resume, "SPACE", Space(of_client=2000, in_all=3000, reserved=1500))
        answers = []
        for number in range(3):
            world.ip = f"203.0.113.{number}"
            answers.append((await post(world, browser, sent_to(world, browser), b"a=" + b"x" * 500)).status_code)
        assert answers[-1] == 429
        known = sent_to(world, browser, former="user")
        assert (await post(world, browser, known, b"a=" + b"x" * 500)).status_code == 200

    def test_g10_162_half_of_the_space_is_theirs(self):
        assert resume.SPACE.reserved * 2 == resume.SPACE.in_all


class TestRecords:
    async def test_g10_154_the_id_of_a_kept_form_is_in_no_record(self, world, browser):
        page = await resumed(world, browser)
        world.records.clear()
        thief = Browser(world)
        await thief.get(str(page.url))
        await post(world, browser, str(page.url), origin="https://evil.test")
        assert {record.path for record in world.records} == {"/cdn-cgi/access/resume/"}
        assert page.url.path.rpartition("/")[2] not in repr(world.records)

    @pytest.mark.parametrize("error", [StoreError("The disk is full."), RuntimeError("broken")])
    async def test_g10_154_nor_in_a_line_of_the_log(self, world, browser, monkeypatch, error):
        page = await resumed(world, browser)

        async def failing(*_):
            raise error

        monkeypatch.setattr(world.store.kept_requests, "find", failing)
        with capture_logs() as lines:
            assert (await browser.get(str(page.url))).status_code in {500, 503}
        assert [line["path"] for line in lines] == ["/cdn-cgi/access/resume/"]


async def pieces(body):
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


async def streamed(world, browser, url, chunks):
    """The status that comes while the body is still being sent: httpx would send all of it first."""
    parts = urlsplit(url)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies_of(parts.hostname, parts.path))
    headers = {
        "host": parts.hostname, "origin": world.origin(parts.hostname), "content-type": FORM, "cookie": cookie,
        "sec-fetch-site": "same-origin", "x-request-id": "0" * 32,
    }  # fmt: skip
    scope = {
        "type": "http", "method": "POST", "path": parts.path, "raw_path": parts.path.encode(), "root_path": "",
        "query_string": parts.query.encode(), "http_version": "1.1", "scheme": "https", "server": None, "client": None,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    answers = []

    async def receive():
        return {"type": "http.request", "body": await anext(chunks), "more_body": True}

    async def send(message):
        answers.append(message)

    await world.application(scope, receive, send)
    return answers[0]["status"]


async def test_a_form_for_an_application_without_the_persons_provider_asks_for_another(world, browser):
    """The session holds, but not for this application: the chooser comes in between, and the form is still there."""
    await browser.sign_in(NOTES, "notes.example.com")
    link = await keep(world, browser, letter=BOARD, host="board.example.com")
    response = await sign_in(browser, link)
    assert response.status_code == 200
    assert isinstance(world.shown, Resume)


async def test_a_kept_form_is_forgotten_with_a_restored_backup(world, browser):
    await keep(world, browser)
    await world.store.revocations.forget_older_state(world.time, 10**6)
    assert await rows(world) == []


def test_a_value_is_never_in_the_representation_of_a_kept_form():
    from doorward.resumption import Field, Form, KeptRequest

    kept = KeptRequest("i" * 43, "a" * 64, HOST, "/secret", Form(FORM, (Field("p", "secret"),)), "", "", "", 0, 1)
    assert "secret" not in repr(kept)
    assert "iii" not in repr(replace(kept, hostname="x"))
