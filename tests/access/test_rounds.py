"""Going round in circles is noticed, and nobody can make use of that."""

from __future__ import annotations

import re

import pytest
from tests.access.world import FRESH, NOW, STAFF_ONLY, application, credential, request, snapshot
from tests.sessions.build import HTTP, HTTPS, session

from doorward.access import rounds
from doorward.access.credential import Credential
from doorward.access.decide import decide
from doorward.access.decision import Allow, Deny, LoginRequired, Refusal
from doorward.access.rounds import MOST, SOON, Why

WIKI = application(STAFF_ONLY)
PAGE = "/a page/ü?x=1"


def kept(set_cookie: str) -> tuple[str, str]:
    """What a browser sends back."""
    name, _, value = set_cookie.partition(";")[0].partition("=")
    return name, value


def asked(*cookies: tuple[str, str], path: str = "/a%20page/%C3%BC", **fields):
    return request(path=path, cookies=cookies, **fields)


def decided(asked, now, app=WIKI, **given):
    return decide(asked, app, given.get("credential"), given.get("session"), snapshot(app), now, FRESH)


def rounds_of(app=WIKI, public=HTTPS, *, most=20, path=PAGE, step=1):
    """Login after login whose cookie never arrives: how often somebody is sent to the login before it ends."""
    now, note, count = NOW, (), 0
    while count < most:
        wanted = asked(*note)
        decision = rounds.ended(LoginRequired(app, None), wanted, public, now)
        if isinstance(decision, Deny):
            return count, decision
        count += 1
        note = tuple(kept(one) for one in rounds.counted(wanted, app, public, now)) or note
        now += step
        note = (kept(rounds.arrived(note, app, path, public, now)),)
        now += step
    return count, None


@pytest.mark.parametrize("public", [HTTP, HTTPS])
@pytest.mark.parametrize("step", [0, 1, SOON])
def test_the_third_round_for_nothing_is_the_last(public, step):
    count, decision = rounds_of(public=public, step=step)
    assert count == MOST
    assert (decision.refusal, decision.status) == (Refusal.GOING_ROUND, 400)


def test_logins_that_are_needed_are_no_circles():
    """The shortest token lives ten seconds: who is asked to sign in after that had it."""
    assert rounds_of(step=SOON + 1) == (20, None)


def test_another_page_is_another_matter():
    assert rounds_of(path="/elsewhere") == (20, None)


def test_a_note_is_for_its_application():
    note = kept(rounds.arrived((), WIKI, PAGE, HTTPS, NOW))
    assert rounds.for_nothing(asked(note), WIKI, HTTPS, NOW) == 1
    assert rounds.for_nothing(asked(note), application(STAFF_ONLY, aud="f" * 64), HTTPS, NOW) == 0


@pytest.mark.parametrize("decision", [Allow, Deny])
def test_who_gets_in_or_is_refused_is_never_told_about_circles(decision):
    note = (
        "__Host-CF_Rounds_" + WIKI.aud[:8],
        kept(rounds.arrived((), WIKI, "/", HTTPS, NOW))[1].replace("-0-", "-9-"),
    )
    if decision is Allow:
        found = decided(asked(note, path="/"), NOW, credential=credential(), session=session())
    else:
        found = decided(asked(note, path="/", requested_with="XMLHttpRequest"), NOW)
    assert isinstance(found, decision)
    assert getattr(found, "refusal", None) is not Refusal.GOING_ROUND


def planted(app=WIKI, path="/", when=NOW, count=9):
    name, value = kept(rounds.arrived((), app, path, HTTPS, when))
    return name, value.replace("-0-", f"-{count}-")


def test_the_worst_a_planted_note_does_is_to_show_a_page_in_place_of_a_redirect():
    found = decided(asked(planted(), path="/"), NOW)
    assert isinstance(found, Deny)
    assert found.refusal is Refusal.GOING_ROUND
    assert isinstance(decided(asked(path="/"), NOW), LoginRequired)


@pytest.mark.parametrize(
    "note",
    [
        planted(when=NOW + 1), planted(when=NOW - SOON - 1), planted(path="/other"),
        ("CF_Rounds_" + WIKI.aud[:8], planted()[1]), (planted()[0], "x"), (planted()[0], ""), (planted()[0], "1-9-"),
        (planted()[0], planted()[1] + "\n"), (planted()[0], planted()[1].replace("-9-", "-99-")),
        (planted()[0], "9" * 400 + "-9-" + "0" * 16), (planted()[0], planted()[1].replace("-9-", "-\u0669-")),
    ],
)  # fmt: skip
def test_g6_84_a_note_that_is_not_ours_or_not_now_counts_for_nothing(note):
    assert isinstance(decided(asked(note, path="/"), NOW), LoginRequired)


def test_g6_83_two_notes_count_for_nothing():
    other = (planted()[0], planted()[1].replace("-9-", "-8-"))
    assert isinstance(decided(asked(planted(), other, path="/"), NOW), LoginRequired)


def test_g6_84_on_https_no_other_host_can_plant_it():
    assert rounds.arrived((), WIKI, "/", HTTPS, NOW).startswith("__Host-CF_Rounds_")
    assert "Path=/; Secure; HttpOnly" in rounds.arrived((), WIKI, "/", HTTPS, NOW)
    assert rounds.arrived((), WIKI, "/", HTTP, NOW).startswith("CF_Rounds_")


@pytest.mark.parametrize("same_site", ["strict", "lax", "none", ""])
def test_it_is_sent_where_the_applications_own_cookie_is_sent(same_site):
    """A page elsewhere that opens the application does not bring a strict cookie along; then nothing is counted."""
    app = application(STAFF_ONLY, same_site_cookie_attribute=same_site)
    wanted = f"SameSite={(same_site or 'none').capitalize()}"
    for cookie in (rounds.arrived((), app, "/", HTTPS, NOW), rounds.forgotten(app, HTTPS)):
        assert cookie.endswith(wanted)


def test_ten_tabs_whose_logins_end_one_after_the_other_are_no_circle():
    note: tuple[tuple[str, str], ...] = ()
    for _ in range(10):
        note = (kept(rounds.arrived(note, WIKI, "/", HTTPS, NOW)),)
    assert rounds.for_nothing(asked(*note, path="/"), WIKI, HTTPS, NOW) == 1
    assert isinstance(decided(asked(*note, path="/"), NOW), LoginRequired)


def test_nothing_is_counted_where_no_login_just_ended():
    assert rounds.counted(asked(), WIKI, HTTPS, NOW) == ()
    assert rounds.counted(asked(planted(when=NOW - 60), path="/"), WIKI, HTTPS, NOW) == ()


def test_taking_the_note_away_names_it_with_the_same_attributes():
    set_, cleared = rounds.arrived((), WIKI, "/", HTTPS, NOW), rounds.forgotten(WIKI, HTTPS)
    attributes = [re.sub(r"(Expires|Max-Age)=[^;]*; ", "", one.partition("; ")[2]) for one in (set_, cleared)]
    assert attributes[0] == attributes[1] == "Path=/; Secure; HttpOnly; SameSite=None"
    assert kept(set_)[0] == kept(cleared)[0]
    assert "Max-Age=0" in cleared


@pytest.mark.parametrize(
    ("cookies", "refused", "malformed", "reason"),
    [
        (0, (), False, Why.NOT_KEPT),
        (1, (), True, Why.UNREADABLE),
        (2, (("cookie", "ambiguous"),), False, Why.SEVERAL),
        (1, (("cookie", "expired"),), False, Why.CLOCK),
        (1, (("cookie", "not_yet_valid"),), False, Why.CLOCK),
        (1, (("cookie", "binding"),), False, Why.UNBOUND),
        (1, (("cookie", "revoked"),), False, Why.NOT_TAKEN),
        (1, (), False, Why.NOT_TAKEN),
    ],
)
def test_the_likely_reason(cookies, refused, malformed, reason):
    sent = request(
        cookies=tuple(("CF_Authorization", f"token-{number}") for number in range(cookies)), malformed_cookies=malformed
    )
    assert rounds.why(Credential(refused=refused), sent) is reason
