"""Where who is refused is sent, and where not."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from tests.access.world import INSIDE, OFFICE, STAFF_ONLY, application, policy, snapshot
from tests.sessions.build import identity

from doorward.access.deny_page import deny_url
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence

BOSS = policy("allow", {"email": {"email": "boss@example.com"}})
ADA = Evidence(identity=identity(), ip=ip_address("203.0.113.7"))
BACK = "https://vault.example.com/a?b=c"
ADDED = "original_url=https%3A%2F%2Fvault.example.com%2Fa%3Fb%3Dc"


def sent(deny: str, *others, evidence: Evidence = ADA, **fields) -> str:
    vault = application(BOSS, domain="vault.example.com", **({"custom_deny_url": deny} | fields))
    state = snapshot(vault, *others)
    verdict = evaluate(vault.policies, evidence, state.directory)
    return deny_url(vault, verdict, evidence, state, BACK)


def other(number: int, domain: str, *policies):
    return application(*policies, id=f"other-{number}", aud=f"{number:064x}", domain=domain)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://help.example.org/no", f"https://help.example.org/no?{ADDED}"),
        ("https://help.example.org/no?a=b", f"https://help.example.org/no?a=b&{ADDED}"),
        ("http://help.example.org", f"http://help.example.org?{ADDED}"),
        ("https://help.example.org/#part", f"https://help.example.org/?{ADDED}#part"),
    ],
)
def test_a_page_elsewhere_is_gone_to_with_the_address_that_was_wanted(url, target):
    assert sent(url) == target


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "/no", "https:///no", "data:text/html,x"])
def test_g7_94_what_is_no_web_address_is_not_gone_to(url):
    assert sent(url) == ""


def test_each_kind_of_refusal_has_its_own_page():
    urls = {"custom_deny_url": "https://a.example/", "custom_non_identity_deny_url": "https://b.example/"}
    assert sent("", **urls).startswith("https://a.example/")
    inside = policy("allow", require=[OFFICE])
    shut = application(inside, **urls)
    state, evidence = snapshot(shut), ADA.model_copy(update={"identity": None})
    verdict = evaluate(shut.policies, evidence, state.directory)
    assert deny_url(shut, verdict, evidence, state, BACK).startswith("https://b.example/")


def test_a_page_behind_the_door_is_gone_to_if_it_lets_this_visitor_in():
    staff = other(1, "staff.example.com", STAFF_ONLY)
    assert sent("https://staff.example.com/no", staff)
    assert (
        sent(
            "https://staff.example.com/no",
            staff,
            evidence=ADA.model_copy(update={"identity": identity(email="x@y.test")}),
        )
        == ""
    )
    lobby = other(2, "lobby.example.com", policy("bypass", OFFICE), BOSS)
    assert sent("https://lobby.example.com", lobby) == ""
    assert sent("https://lobby.example.com", lobby, evidence=ADA.model_copy(update={"ip": ip_address(INSIDE)}))


def test_two_pages_that_would_send_each_other_a_visitor_are_not_gone_to():
    twin = other(1, "twin.example.com", BOSS)
    assert sent("https://twin.example.com/", twin) == ""
    assert sent("https://vault.example.com/no") == ""
    assert sent("https://VAULT.example.com.:443/no") == ""


def test_who_is_not_known_is_not_sent_to_a_page_that_asks_for_a_login():
    staff = other(1, "staff.example.com", STAFF_ONLY)
    nobody = ADA.model_copy(update={"identity": None})
    assert sent("https://staff.example.com/no", staff, evidence=nobody, custom_non_identity_deny_url="") == ""
