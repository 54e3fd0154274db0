"""One login at an application with several host names (access.md 1.3, 7.6)."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from tests.login.world import BOTH, NOTES, TEAM, WIKI, Browser, World, aud, parameter, policy, protected
from tests.tokens.material import ring

from doorward.login.roads import PATIENCE, REST
from doorward.tokens.jwt import verify_app

FAMILY = "9"
HOSTS = ("a.example.com", "b.example.com", "c.example.com")


@pytest.fixture
def family(world):
    """An application with three names."""
    add(world, protected(FAMILY, "Family", HOSTS[0], policy(), self_hosted_domains=HOSTS))
    return world


def add(world: World, *applications):
    world.applications = (*world.applications, *applications)


async def walked(world, browser, url, stop=""):
    """Follow every redirect; the hosts and paths on the way, and the last answer."""
    way = []
    response = await browser.get(url)
    for _ in range(60):
        target = response.headers.get("location") or response.headers.get("refresh", "").removeprefix("0;url=")
        parts = urlsplit(str(response.url))
        way.append((parts.hostname, parts.path.removeprefix("/cdn-cgi/access")))
        if not target or (stop and stop in target):
            return way, response, target
        if urlsplit(target).path == "/page":
            return way, response, target
        response = await browser.get(target)
    raise AssertionError(way)


async def signed_in(world, browser, host=HOSTS[0], letter=FAMILY, path="/page?x=1"):
    await browser.get(world.door(browser, letter, host, path))
    return await walked(world, browser, await browser.choose())


def valid(world, browser, host, letter=FAMILY):
    token = browser.cookie(host, "CF_Authorization")
    if not token:
        return None
    return verify_app(token, ring(), issuer=world.organization.issuer, aud=aud(letter), now=world.time)


class TestEager:
    @pytest.mark.parametrize("public", BOTH, indirect=True)
    async def test_one_login_gives_every_host_its_cookie(self, family, browser, public):
        way, _, target = await signed_in(family, browser)
        assert target == family.origin(HOSTS[0]) + "/page?x=1"
        claims = [valid(family, browser, host) for host in HOSTS]
        assert len({claim.identity_nonce for claim in claims}) == 1
        assert len({claim.nonce for claim in claims}) == 3
        assert way == [
            (TEAM, "/callback"), ("a.example.com", "/authorized"),
            ("b.example.com", "/walk"), (TEAM, "/walk/b.example.com"), ("b.example.com", "/authorized"),
            ("c.example.com", "/walk"), (TEAM, "/walk/c.example.com"), ("c.example.com", "/authorized"),
        ]  # fmt: skip

    async def test_it_begins_and_ends_at_the_host_that_was_asked_for_and_keeps_the_listed_order(self, family, browser):
        way, _, target = await signed_in(family, browser, HOSTS[1])
        assert target == family.origin(HOSTS[1]) + "/page?x=1"
        assert [host for host, path in way if path == "/authorized"] == [HOSTS[1], HOSTS[0], HOSTS[2]]

    async def test_the_first_host_is_open_before_any_other_is_asked(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        _, response, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
        assert target.startswith(family.origin("b.example.com") + "/cdn-cgi/access/walk?")
        assert valid(family, browser, HOSTS[0])
        assert response.status_code == 302

    @pytest.mark.parametrize(("hosts", "pages"), [(5, []), (6, ["h0", "h4"]), (10, ["h0", "h4", "h8"])])
    async def test_browsers_count_redirects_so_there_are_pages_on_long_ways(self, world, browser, hosts, pages):
        names = tuple(f"h{number}.example.com" for number in range(hosts))
        add(world, protected(FAMILY, "Family", names[0], policy(), self_hosted_domains=names))
        await browser.get(world.door(browser, FAMILY, names[0], "/page"))
        found, response = [], await browser.get(await browser.choose())
        while not (target := response.headers.get("location") or response.headers["refresh"]).endswith("/page"):
            if "refresh" in response.headers:
                found.append(response.url.host.partition(".")[0])
            response = await browser.get(target.removeprefix("0;url="))
        assert found == pages
        assert all(valid(world, browser, name) for name in names)

    async def test_a_program_gets_redirects_alone(self, world):
        names = tuple(f"h{number}.example.com" for number in range(8))
        add(world, protected(FAMILY, "Family", names[0], policy(), self_hosted_domains=names))
        program = Browser(world, {"user-agent": "curl"})
        await program.get(world.door(program, FAMILY, names[0], "/page"))
        _, response, _ = await walked(world, program, await program.choose(), stop="h1.example.com")
        assert response.status_code == 302

    async def test_head_is_not_walked(self, family):
        """cloudflared looks for the cookie in the first answer of ``/authorized`` (access.md 8.4)."""
        browser = Browser(family)
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        response = await browser.get(await browser.choose())
        answer = await browser.ask("HEAD", response.headers["location"])
        assert (answer.status_code, answer.headers["location"]) == (302, family.origin(HOSTS[0]) + "/page")
        assert valid(family, browser, HOSTS[0])

    async def test_a_host_that_has_a_valid_cookie_is_passed_by(self, family, browser):
        await signed_in(family, browser)
        before = browser.cookie(HOSTS[1], "CF_Authorization")
        browser.jar.pop((HOSTS[2], "CF_Authorization", "/"))
        way, _, target = await walked(family, browser, family.door(browser, FAMILY, HOSTS[2], "/page"))
        assert target == family.origin(HOSTS[2]) + "/page"
        assert browser.cookie(HOSTS[1], "CF_Authorization") == before
        assert [host for host, path in way if path == "/authorized"] == [HOSTS[2]]
        assert [host for host, path in way if path == "/walk"] == [HOSTS[0], HOSTS[1]]

    async def test_signing_out_ends_them_all(self, family, browser):
        await signed_in(family, browser)
        nonces = {valid(family, browser, host).nonce for host in HOSTS}
        await browser.get(family.origin(HOSTS[1]) + "/cdn-cgi/access/logout")
        assert family.revoked[f"app-{FAMILY}"] == nonces
        for host in HOSTS:
            identity = await browser.get(family.origin(host) + "/cdn-cgi/access/get-identity")
            assert identity.status_code == 401

    async def test_wildcard_hosts_are_not_walked_to_but_from(self, world, browser):
        add(world, protected(FAMILY, "Family", "*.wild.example.com", policy(), self_hosted_domains=("b.example.com",)))
        way, _, target = await signed_in(world, browser, "x.wild.example.com")
        assert target == world.origin("x.wild.example.com") + "/page?x=1"
        assert [host for host, path in way if path == "/authorized"] == ["x.wild.example.com", "b.example.com"]

    async def test_not_more_than_ten_hosts(self, world, browser):
        hosts = tuple(f"h{number}.example.com" for number in range(14))
        add(world, protected(FAMILY, "Family", hosts[0], policy(), self_hosted_domains=hosts))
        way, _, target = await signed_in(world, browser, hosts[0])
        assert target == world.origin(hosts[0]) + "/page?x=1"
        assert [host for host, path in way if path == "/authorized"] == list(hosts[:10])

    async def test_strict_cookies_end_with_a_page_of_their_own_host(self, world, browser):
        add(
            world,
            protected(FAMILY, "F", HOSTS[0], policy(), self_hosted_domains=HOSTS, same_site_cookie_attribute="strict"),
        )
        way, response, target = await signed_in(world, browser)
        assert target == world.origin(HOSTS[0]) + "/page?x=1"
        assert way[-1] == (HOSTS[0], "/walk")
        assert response.status_code == 200


class TestLazy:
    async def test_where_it_is_off_each_host_gets_its_cookie_at_its_first_visit(self, world, browser):
        add(
            world,
            protected(FAMILY, "F", HOSTS[0], policy(), self_hosted_domains=HOSTS, eager_redirect_cookie_setting=False),
        )
        way, _, _ = await signed_in(world, browser)
        assert way == [(TEAM, "/callback"), (HOSTS[0], "/authorized")]
        assert not browser.cookie(HOSTS[1], "CF_Authorization")
        way, _, target = await walked(world, browser, world.door(browser, FAMILY, HOSTS[1], "/page"))
        assert way == [(TEAM, f"/login/{HOSTS[1]}"), (HOSTS[1], "/authorized")]
        assert target == world.origin(HOSTS[1]) + "/page"

    async def test_an_application_with_one_host_walks_nowhere(self, world, browser):
        way, _, _ = await signed_in(world, browser, "wiki.example.com", WIKI)
        assert way == [(TEAM, "/callback"), ("wiki.example.com", "/authorized")]

    async def test_a_host_that_two_applications_share_is_left_to_its_first_visit(self, world, browser):
        add(
            world,
            protected(FAMILY, "F", HOSTS[0], policy(), self_hosted_domains=(*HOSTS[:2], "c.example.com/part")),
            protected("8", "Other", "c.example.com", policy()),
        )
        way, _, _ = await signed_in(world, browser)
        assert [host for host, path in way if path == "/authorized"] == list(HOSTS[:2])

    async def test_unless_each_has_a_cookie_for_its_own_path(self, world, browser):
        family = protected(
            FAMILY,
            "F",
            HOSTS[0],
            policy(),
            self_hosted_domains=(*HOSTS[:2], "c.example.com/part"),
            path_cookie_attribute=True,
        )
        add(world, family, protected("8", "Other", "c.example.com", policy(), path_cookie_attribute=True))
        await signed_in(world, browser)
        assert (HOSTS[2], "CF_Authorization", "/part") in browser.jar
        assert (HOSTS[2], "CF_Authorization", "/") not in browser.jar

    async def test_tokens_that_are_over_in_a_moment_are_not_handed_out_in_advance(self, world, browser):
        add(world, protected(FAMILY, "F", HOSTS[0], policy(), self_hosted_domains=HOSTS, session_duration="0s"))
        way, _, _ = await signed_in(world, browser)
        assert way == [(TEAM, "/callback"), (HOSTS[0], "/authorized")]

    async def test_a_page_whose_address_is_too_long_is_not_walked_with(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page?" + "x" * 1900))
        way, _, target = await walked(family, browser, await browser.choose())
        assert [host for host, path in way if path == "/walk"] == []
        assert target.endswith("x" * 1900)


class TestNothingOnTheWayEndsIt:
    async def test_a_host_where_nobody_arrived_is_left_out_for_ten_minutes(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        await walked(family, browser, await browser.choose(), stop="b.example.com")  # and there is no b
        family.time += PATIENCE + 1
        other = Browser(family)
        way, _, target = await signed_in(family, other)
        assert target == family.origin(HOSTS[0]) + "/page?x=1"
        assert [host for host, path in way if path == "/authorized"] == [HOSTS[0], HOSTS[2]]
        family.time += REST
        way, _, _ = await signed_in(family, Browser(family))
        assert [host for host, path in way if path == "/authorized"] == list(HOSTS)

    async def test_who_arrives_late_opens_the_road_again(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
        family.time += PATIENCE + 1
        await walked(family, browser, target)
        way, _, _ = await signed_in(family, Browser(family))
        assert [host for host, path in way if path == "/authorized"] == list(HOSTS)

    async def test_ten_people_at_once_are_all_walked(self, family):
        for _ in range(10):
            browser = Browser(family)
            await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
            _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
            assert "b.example.com" in target

    async def test_a_session_that_ended_on_the_way_asks_nobody(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
        await family.store.sessions.revoke(valid(family, browser, HOSTS[0]).identity_nonce, family.time)
        way, _, end = await walked(family, browser, target)
        assert end == family.origin(HOSTS[0]) + "/page"
        assert not browser.cookie(HOSTS[1], "CF_Authorization")
        assert (TEAM, "/login/b.example.com") not in way

    async def test_policies_that_changed_on_the_way_show_no_refusal_there(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
        family.change(FAMILY, policies=(policy("allow", {"email": {"email": "boss@example.com"}}),))
        _, _, end = await walked(family, browser, target)
        assert end == family.origin(HOSTS[0]) + "/page"
        assert not browser.cookie(HOSTS[1], "CF_Authorization")

    async def test_a_browser_that_keeps_no_cookie_there_comes_home_all_the_same(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
        _, _, target = await walked(family, browser, target, stop="b.example.com/cdn-cgi/access/authorized")
        for key in [key for key in browser.jar if key[0] == HOSTS[1]]:
            del browser.jar[key]
        _, _, end = await walked(family, browser, target)
        assert end == family.origin(HOSTS[0]) + "/page"
        assert not browser.cookie(HOSTS[1], "CF_Authorization")
        assert browser.cookie(HOSTS[2], "CF_Authorization")

    async def test_a_proof_of_the_way_that_is_too_old_comes_home(self, family, browser):
        await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
        _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
        response = await browser.get(target)
        family.time += 301
        _, _, end = await walked(family, browser, response.headers["location"])
        assert end == family.origin(HOSTS[0]) + "/page"


class TestAttacks:
    async def stop_url(self, world, browser):
        await browser.get(world.door(browser, FAMILY, HOSTS[0], "/page"))
        return (await walked(world, browser, await browser.choose(), stop="b.example.com"))[2]

    async def test_g7_97_a_hand_off_of_somebody_elses_walk_signs_nobody_in(self, family, browser):
        target = await self.stop_url(family, browser)
        _, _, authorized = await walked(family, browser, target, stop="b.example.com/cdn-cgi/access/authorized")
        victim = Browser(family)
        await victim.get(target)  # which gives it a CF_AppSession of its own
        await walked(family, victim, authorized)
        assert not victim.cookie(HOSTS[1], "CF_Authorization")

    async def test_g7_98_each_hand_off_works_once(self, family, browser):
        target = await self.stop_url(family, browser)
        _, _, authorized = await walked(family, browser, target, stop="b.example.com/cdn-cgi/access/authorized")
        await browser.get(authorized)
        browser.jar.pop((HOSTS[1], "CF_Authorization", "/"))
        assert (await browser.get(authorized)).status_code == 400
        assert not browser.cookie(HOSTS[1], "CF_Authorization")

    async def test_g6_91_and_at_its_host_only(self, family, browser):
        target = await self.stop_url(family, browser)
        _, _, authorized = await walked(family, browser, target, stop="b.example.com/cdn-cgi/access/authorized")
        await browser.get(family.door(browser, FAMILY, HOSTS[2], "/"))  # c has a CF_AppSession as well
        response = await browser.get(authorized.replace("b.example.com/", "c.example.com/", 1))
        assert response.status_code == 302
        assert not browser.cookie(HOSTS[2], "CF_Authorization")
        assert (await browser.get(authorized)).status_code == 400
        assert not browser.cookie(HOSTS[1], "CF_Authorization")

    @pytest.mark.parametrize(
        ("changes", "leads_to"),
        [
            ({"to": "evil.test"}, "https://b.example.com/"),
            ({"to": TEAM}, "https://b.example.com/"),
            ({"kid": aud(NOTES)}, "https://b.example.com/"),
            ({"step": "x"}, "https://b.example.com/"),
            ({"step": "99", "redirect_url": "//evil.test"}, "https://a.example.com/"),
            ({"step": "99", "redirect_url": "/\\evil.test"}, "https://a.example.com/"),
            ({"step": "99", "redirect_url": "https://evil.test"}, "https://a.example.com/"),
            ({"step": "99", "redirect_url": "/cdn-cgi/access/logout"}, "https://a.example.com/"),
        ],
    )
    async def test_g7_94_a_walk_leads_nowhere_but_home(self, family, browser, changes, leads_to):
        await signed_in(family, browser)
        values = {"kid": aud(FAMILY), "to": HOSTS[0], "redirect_url": "/", "step": "1"} | changes
        url = f"{family.origin(HOSTS[1])}/cdn-cgi/access/walk?{httpx.QueryParams(values)}"
        response = await browser.get(url)
        assert response.status_code == 302
        assert response.headers["location"] == leads_to

    async def test_g7_96_a_forged_proof_gives_no_hand_off(self, family, browser):
        await signed_in(family, browser)
        browser.jar.pop((HOSTS[1], "CF_Authorization", "/"))
        _, response, _ = await walked(family, browser, family.door(browser, FAMILY, HOSTS[0], "/page"), stop=HOSTS[1])
        response = await browser.get(response.headers["location"])
        meta = parameter(response.headers["location"], "meta")
        forged = response.headers["location"].replace(meta, meta[:-6] + "AAAAAA")
        _, _, end = await walked(family, browser, forged)
        assert end == family.origin(HOSTS[0]) + "/page"
        assert not browser.cookie(HOSTS[1], "CF_Authorization")

    async def test_a_login_page_with_the_address_of_a_walk_asks_as_always(self, family, browser):
        response = await browser.get(family.door(browser, FAMILY, HOSTS[0], "/cdn-cgi/access/walk?kid=x"))
        assert response.status_code == 200

    async def test_the_endpoints_do_nothing_for_who_only_looks(self, family, browser):
        target = await self.stop_url(family, browser)
        assert (await browser.ask("HEAD", target)).status_code == 200
        response = await browser.get(target)
        assert (await browser.ask("HEAD", response.headers["location"])).status_code == 200
        assert (await browser.team("/walk/b.example.com")).status_code == 404
        assert (await browser.get(family.origin(HOSTS[1]) + "/cdn-cgi/access/walk")).status_code == 302


async def test_a_provider_that_the_application_does_not_take_is_no_way_round(family, browser):
    """The session is of another provider than the application allows: no stop gets a cookie."""
    await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
    _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
    family.change(FAMILY, allowed_idps=("partner-idp",))
    _, _, end = await walked(family, browser, target)
    assert end == family.origin(HOSTS[0]) + "/page"
    assert not browser.cookie(HOSTS[1], "CF_Authorization")


async def test_g7_110_without_the_second_factor_a_stop_hands_nothing_over_and_records_nothing(family, browser):
    await browser.get(family.door(browser, FAMILY, HOSTS[0], "/page"))
    _, _, target = await walked(family, browser, await browser.choose(), stop="b.example.com")
    family.change(FAMILY, policies=(policy(mfa_config={"allowed_authenticators": ["totp"]}),))
    family.records.clear()
    way, _, end = await walked(family, browser, target)
    assert end == family.origin(HOSTS[0]) + "/page"
    assert {path for _, path in way} == {"/walk", "/walk/b.example.com", "/walk/c.example.com"}
    assert family.records == []
