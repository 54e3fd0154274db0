"""Logins: who ends up signed in as whom, where, and what a stranger can spoil (group 7)."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import quote, urlsplit

import httpx
import pytest
from tests.attacks.wire import ask
from tests.door.house import TEAM
from tests.door.markup import links_of
from tests.door.people import PEOPLE
from tests.door.running import browser, claims_of, eventually
from tests.door.visitor import Visitor, location, query_of, set_cookies, unseen_path

pytestmark = pytest.mark.edge

HOSTILE = [
    "//evil.example", "/\\evil.example", "\\/evil.example", "/%09/evil.example", "/%0a/evil.example", "https:evil.example", "https:///evil.example",
    "javascript:alert(1)", "data:text/html,x", "https://wiki.localhost@evil.example", "https://wiki.localhost.evil.example/", "/%5cevil.example",
    "/.//evil.example", "/..//evil.example", "/%2e%2e//evil.example", "///evil.example", "http://[::1%25eth0]/", "https://evil.example\\@wiki.localhost/",
    "/\t/evil.example", " //evil.example", "/%2f%2fevil.example", "/x\r\nSet-Cookie: a=b", "http:/\\evil.example", "/cdn-cgi/access/logout",
    "/%63dn-cgi/access/logout", "//login.localhost@evil.example/", "http://evil.example/", "/" + "a" * 9000, "//evil.example/%2e%2e", "\u2028//evil.example",
]  # fmt: skip
WAYS = [
    (TEAM, "/cdn-cgi/access/login/wiki.localhost?redirect_url="),
    ("wiki.localhost", "/cdn-cgi/access/login/wiki.localhost?redirect_url="),
    ("wiki.localhost", "/cdn-cgi/access/login?redirect_url="),
    ("wiki.localhost", "/cdn-cgi/access/logout?returnTo="),
    (TEAM, "/cdn-cgi/access/logout?returnTo="),
    ("wiki.localhost", "/cdn-cgi/access/authorized?nonce=x&state="),
    (TEAM, "/cdn-cgi/access/callback?state=x&redirect_url="),
    (TEAM, "/cdn-cgi/access/refresh-identity?success=true&redirect_url="),
]


def leads(answer):
    """Every address the answer sends somebody to, by itself or by a link or form."""
    targets = [*answer.all("location"), *(value.partition("url=")[2] for value in answer.all("refresh"))]
    return [*targets, *links_of(answer.body.decode("utf-8", "replace"))]


@pytest.mark.parametrize(("host", "way"), WAYS)
async def test_g7_94_no_address_of_the_door_leads_to_another_site(house, host, way):
    targets = [way + quote(hostile, safe="") for hostile in HOSTILE]
    for answer in await asyncio.gather(*(ask(house.door.port, host, target) for target in targets)):
        assert answer.status in {200, 302, 400, 401, 404}
        assert all(value.startswith(("CF_", "__Host-CF_")) for value in answer.all("set-cookie"))
        for there in leads(answer):
            assert leads_home(there, house.door.port), (there, answer.raw[:300])


def leads_home(address, port):
    """On one of our own two hosts, or an image in the page itself."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        return address.startswith("data:image/")
    if parts.scheme not in {"", "http"} or address.startswith("//"):
        return False
    if parts.hostname == "wiki.localhost":
        return parts.port == port and not parts.path.startswith(("//", "/cdn-cgi/access/logout"))
    return parts.hostname in {None, TEAM}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "wiki.localhost%40evil.example",
        "wiki.localhost%0d%0aX:y",
        "%2e%2e",
        "*.wild.localhost",
        "wiki.localhost%2fx",
        "%00",
        "a" * 300,
    ],
)
@pytest.mark.parametrize("where", [TEAM, "wiki.localhost"])
async def test_g7_94_no_host_in_a_login_link_leads_to_another_site(house, where, host):
    answer = await ask(house.door.port, where, f"/cdn-cgi/access/login/{host}?kid=x&redirect_url=/")
    assert answer.status in {302, 400, 404}
    for target in answer.all("location"):
        assert target.startswith(house.issuer + "/cdn-cgi/access/login/")
        assert "@" not in target
        again = await ask(house.door.port, TEAM, target.removeprefix(house.issuer))
        assert again.status in {302, 404}
        assert all(urlsplit(there).hostname == "wiki.localhost" for there in again.all("location"))


async def handed_off(visitor, host="wiki.localhost"):
    """The address at the application that ends a login of Alice's, not yet asked for."""
    return location(await visitor.sign_in(host, until="/cdn-cgi/access/authorized"))


async def test_g7_96_a_hand_off_is_good_for_one_browser_one_host_and_one_time(house, visitor):
    address = await handed_off(visitor)
    async with Visitor(house) as thief:
        await thief.get("wiki.localhost")
        stolen = await thief.ask("GET", address)
        assert stolen.status_code == 400
        assert "CF_Authorization" not in set_cookies(stolen)
    owner = await visitor.ask("GET", address)  # it was used up by the attempt: nobody has it now
    assert owner.status_code == 400
    assert visitor.cookie("wiki.localhost") == ""


async def test_g7_96_a_hand_off_is_refused_at_another_host(house, visitor):
    address = await handed_off(visitor)
    await visitor.get("notes.localhost")
    response = await visitor.ask("GET", address.replace("wiki.localhost", "notes.localhost"))
    assert response.status_code == 400
    assert visitor.cookie("notes.localhost") == ""


async def test_g7_96_of_twenty_uses_at_once_one_counts(house, visitor):
    address = await handed_off(visitor)
    answers = await asyncio.gather(*(visitor.ask("GET", address) for _ in range(20)))
    minted = [
        set_cookies(answer)["CF_Authorization"]["value"]
        for answer in answers
        if "CF_Authorization" in set_cookies(answer)
    ]
    assert len(minted) == 1


async def test_g7_97_a_link_made_for_the_attackers_browser_signs_nobody_in_at_the_victims(house, alice):
    """The attacker sends his own link to somebody with a live session. It ends at the application, refused, and is used up."""
    async with Visitor(house) as attacker:
        link = location(await attacker.get("notes.localhost", unseen_path()))
        ended = await alice.follow(await alice.ask("GET", link))
        assert ended.status_code == 400
        assert alice.cookie("notes.localhost") == ""
        (address,) = [
            str(answer.url) for answer in alice.trail if "/authorized" in str(answer.url) and "notes" in str(answer.url)
        ]
        assert (await attacker.ask("GET", address)).status_code == 400
        assert attacker.cookie("notes.localhost") == ""


async def test_g7_97_98_an_answer_of_the_provider_counts_in_the_browser_that_asked_and_once(house, visitor):
    page = await visitor.open("wiki.localhost")
    form = await visitor.choose_directory(page)
    answer = await visitor.submit(form, {"sub": "mallory"}, until="/cdn-cgi/access/callback")
    callback = location(answer)
    async with Visitor(house) as victim:
        await victim.open("wiki.localhost")
        response = await victim.ask("GET", callback)
        assert response.status_code == 400
        assert victim.cookie(TEAM) == ""
    assert (await visitor.ask("GET", callback)).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"state": ""},
        {"state": "x"},
        {"state": "a" * 10_000},
        {"code": ""},
        {"error": "<script>"},
        {"iss": "https://evil.example"},
    ],
)
async def test_g7_98_110_no_step_of_a_login_can_be_left_out_or_made_up(house, visitor, change):
    page = await visitor.open("wiki.localhost")
    form = await visitor.choose_directory(page)
    values = query_of(location(await visitor.submit(form, {"sub": "alice"}, until="/cdn-cgi/access/callback"))) | change
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
    response = await visitor.get(TEAM, f"/cdn-cgi/access/callback?{query}")
    assert response.status_code in {400, 403, 502}
    assert visitor.cookie(TEAM) == ""
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/callback"), ("GET", "/callback"), ("GET", "/callback?code=123456&nonce=x"), ("GET", "/verify-code/pin.localhost"),
        ("GET", "/verify-code/pin.localhost?nonce=x"), ("POST", "/verify-code/pin.localhost"), ("GET", "/resend-code?nonce=x"),
        ("GET", "/refresh-identity"), ("GET", "/start/x/wiki.localhost"), ("GET", "/authorized?nonce=x&state=y"), ("POST", "/authorized"),
    ],
)  # fmt: skip
async def test_g7_110_asking_for_a_later_step_signs_nobody_in(house, visitor, method, path):
    for host in (TEAM, "pin.localhost"):
        response = await visitor.ask(method, house.url(host, f"/cdn-cgi/access{path}"))
        assert response.status_code in {302, 400, 401, 404, 405}
        assert visitor.cookie(host) == ""


@pytest.fixture
def directory(house):
    """Change what the directory says about somebody; it says the old again afterwards."""

    def say(sub, **claims):
        httpx.put(f"{house.provider.issuer}/users/{sub}", json=PEOPLE[sub] | claims, trust_env=False).raise_for_status()

    yield say
    for sub in PEOPLE:
        say(sub)


async def test_g7_108_a_new_login_uses_what_the_provider_says_now(house, directory):
    """``team`` is for the group engineering. Alice leaves it; her next login knows."""
    async with Visitor(house) as before:
        assert (await before.sign_in("team.localhost", unseen_path())).status_code == 200
    directory("alice", groups=["staff"])
    async with Visitor(house) as after:
        target = unseen_path()
        assert (await after.sign_in("team.localhost", target)).status_code == 403
        assert not house.reached(target)


async def test_g7_108_refresh_identity_brings_the_changes_and_ends_what_the_old_facts_earned(house, directory):
    async with Visitor(house) as visitor:
        assert (await visitor.sign_in("team.localhost", unseen_path())).status_code == 200
        directory("alice", groups=["staff"])
        form = await visitor.follow(await visitor.team("/refresh-identity"))
        ended = await visitor.submit(form, {"sub": "alice"})
        assert "success=true" in str(ended.url)
        target = unseen_path()

        async def status():
            return (await visitor.get("team.localhost", target)).status_code

        await until_it_is(status, 302)
        reached = len(house.all_at_origin(target))
        assert await status() == 302
        assert len(house.all_at_origin(target)) == reached
        assert (await visitor.open("team.localhost", unseen_path())).status_code == 403


async def test_g7_109_signing_out_ends_what_is_under_way_at_the_same_moment(house):
    """Logout, a hand-off and requests with the token, all at once: afterwards no token of the session counts."""
    async with Visitor(house) as visitor:
        await visitor.sign_in("wiki.localhost")
        address = location(await visitor.open("notes.localhost", unseen_path(), until="/cdn-cgi/access/authorized"))
        token = visitor.cookie("wiki.localhost")
        _, handed, *_ = await asyncio.gather(
            visitor.team("/logout"),
            visitor.ask("GET", address),
            *(visitor.get("wiki.localhost", unseen_path()) for _ in range(5)),
        )
    got = [set_cookies(handed)["CF_Authorization"]["value"]] if "CF_Authorization" in set_cookies(handed) else []
    await asyncio.sleep(1.5)
    for host, value in [("wiki.localhost", token), *(("notes.localhost", value) for value in got)]:
        target = unseen_path()
        assert (await ask(house.door.port, host, target, cookie=f"CF_Authorization={value}")).status == 302
        assert not house.reached(target)


async def test_g5_79_a_revoked_token_does_not_come_back_when_its_time_is_up(house):
    """Envoy takes a token for a second after its end. Somebody else's logout in that second must not shorten the list."""
    async with Visitor(house) as visitor, Visitor(house) as other:
        await visitor.sign_in("moment.localhost")
        await other.sign_in("wiki.localhost", who="bob")
        token = visitor.cookie("moment.localhost")
        ends, session = claims_of(token)["exp"], claims_of(token)["identity_nonce"]
        async with house.store() as store:
            await store.sessions.revoke(session, int(time.time()))
        target, cookie = unseen_path(), f"CF_Authorization={token}"

        async def status():
            return (await ask(house.door.port, "moment.localhost", target, cookie=cookie)).status

        await until_it_is(status, 302)
        reached = len(house.all_at_origin(target))
        await asyncio.sleep(max(0.0, ends + 0.02 - time.time()))
        async with house.store() as store:
            await store.sessions.revoke(claims_of(other.cookie("wiki.localhost"))["identity_nonce"], int(time.time()))
        while time.time() < ends + 2.5:
            assert await status() == 302, f"{time.time() - ends:.2f} s after its end"
            await asyncio.sleep(0.05)
        assert len(house.all_at_origin(target)) == reached


async def until_it_is(status, wanted, seconds=5):
    """A revocation is in force a moment after it was made."""
    for _ in range(seconds * 20):
        if await status() == wanted:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"not {wanted} within {seconds} s")


async def asked_for_code(visitor, address):
    return await visitor.submit(await visitor.open("pin.localhost"), {"email": address})


async def test_g7_111_a_stranger_does_not_lock_somebody_out_by_asking_for_codes(house):
    """SECURITY.md: a stranger must not be able to use up anybody's login. He has another address than Carol."""
    address, refused = "carol@example.test", 0
    async with Visitor(house) as carol, Visitor(house) as stranger:
        stranger.client = browser(local_address="127.0.0.2")
        for _ in range(12):
            refused += (await asked_for_code(stranger, address)).status_code == 429
        assert refused
        page = await asked_for_code(carol, address)
        assert page.status_code == 200
        sent = len(house.mailbox.to(address))
        await eventually(lambda: len(house.mailbox.to(address)) > sent or sent > 5)
        code = await house.mailbox.code_for(address, len(house.mailbox.to(address)))
        assert (await carol.submit(page, {"code": code})).status_code == 200


async def test_g7_111_codes_cannot_be_guessed_across_challenges(house):
    """Five wrong ones end a challenge, and new challenges for the address do not go on for ever."""
    address, tried = "dave@example.test", 0
    async with Visitor(house) as guesser:
        for _ in range(12):
            page = await asked_for_code(guesser, address)
            if page.status_code == 429:
                break
            for number in range(6):
                answer = await guesser.submit(page, {"code": f"{number:06d}"})
                if answer.status_code == 429 or "no longer valid" in answer.text:
                    break
                tried += 1
        else:
            pytest.fail("nothing stopped the guessing")
    assert tried <= 25
    await eventually(lambda: len(house.mailbox.to(address)) <= 5)


async def test_g7_111_112_a_known_and_an_unknown_address_look_the_same(house):
    pages = []
    for address in ("erin@example.test", "nobody@elsewhere.test"):
        async with Visitor(house) as visitor:
            page = await asked_for_code(visitor, address)
            nonce = query_of(str(page.url))["nonce"]
            pages.append((page.status_code, page.text.replace(nonce, "").replace(address, ""), sorted(page.headers)))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "foreign",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_g7_97_111_a_form_on_another_site_asks_for_no_code_and_types_none(house, foreign):
    async with Visitor(house, headers={"user-agent": "x", **foreign}) as visitor:
        page = await visitor.open("pin.localhost")
        action = page.text.partition("/cdn-cgi/access/verify-code/")[2].partition('"')[0].replace("&amp;", "&")
        asked = await visitor.ask("POST", house.team("/verify-code/" + action), data={"email": "frank@example.test"})
        assert asked.status_code == 400
        typed = await visitor.ask("POST", house.team("/callback"), data={"nonce": "x", "code": "123456"})
        assert typed.status_code == 400
    assert house.mailbox.to("frank@example.test") == []


async def test_g6_90_whatever_session_value_a_browser_brings_a_login_replaces_it(house):
    async with Visitor(house) as visitor:
        fixed = "f" * 43
        visitor.client.cookies.set("CF_Session", fixed, domain=TEAM, path="/")
        await visitor.sign_in("wiki.localhost")
        assert visitor.cookie(TEAM, "CF_Session") != fixed
        first = claims_of(visitor.cookie(TEAM))["identity_nonce"]
        await visitor.team("/logout")
        await asyncio.sleep(1)
        await visitor.sign_in("wiki.localhost")
        assert claims_of(visitor.cookie(TEAM))["identity_nonce"] != first


@pytest.mark.parametrize("path", ["/login/wiki.localhost?kid=<script>", "/login/<img%20src=x>", "/callback?error=<b>&error_description=<script>", "/<script>", "/verify-code/%3Cscript%3E?nonce=%3Cscript%3E", "/logout?returnTo=javascript:alert(1)"])  # fmt: skip
@pytest.mark.parametrize("host", [TEAM, "wiki.localhost", "nobody.example"])
async def test_g7_114_115_every_page_keeps_hostile_words_out_and_may_not_be_framed(house, host, path):
    answer = await ask(house.door.port, host, "/cdn-cgi/access" + path)
    body = answer.body.decode("utf-8", "replace")
    assert "<script" not in body.lower()
    assert "<img src=x" not in body.lower()
    assert "javascript:" not in body.lower()
    (policy,) = answer.all("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert answer.all("x-content-type-options") == ["nosniff"]
    assert "no-store" in answer.all("cache-control")[0]
