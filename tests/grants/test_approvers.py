from __future__ import annotations

import pytest
from tests.grants.build import approval, directory, grant, policy

from doorward.grants import is_approver, is_own, missing, recipients
from doorward.policy.model import Directory

NOBODY = Directory()
BY_LIST = {"approvals_needed": 1, "email_list_uuid": "list-1"}
BY_DOMAIN = {"approvals_needed": 1, "email_addresses": ["@Partner.example"]}


@pytest.mark.parametrize("email", ["boss@example.com", "Boss@Example.COM", "deputy@example.com"])
def test_who_stands_in_a_group_may_approve(email):
    assert is_approver(email, policy(), NOBODY)


@pytest.mark.parametrize(
    "email",
    ["ann@example.com", "boss@example.com.evil.example", "xboss@example.com", "boss", "", "boss@", "@example.com"],
)
def test_nobody_else_may(email):
    assert not is_approver(email, policy(), NOBODY)


def test_a_letter_that_only_looks_like_another_is_another():
    mark = policy({"approvals_needed": 1, "email_addresses": ["mark@example.com"]})
    assert is_approver("MARK@example.com", mark, NOBODY)
    assert not is_approver("mar\u212a@example.com", mark, NOBODY)


def test_everybody_of_a_domain_may_approve_and_of_no_other():
    partner = policy(BY_DOMAIN)
    assert is_approver("anybody@partner.example", partner, NOBODY)
    assert is_approver("Anybody@PARTNER.example", partner, NOBODY)
    assert not is_approver("anybody@sub.partner.example", partner, NOBODY)
    assert not is_approver("anybody@notpartner.example", partner, NOBODY)
    for nobody in ("partner.example", "@partner.example", ""):
        assert not is_approver(nobody, partner, NOBODY)


def test_a_list_names_approvers_and_a_list_that_is_gone_names_nobody():
    listed = policy(BY_LIST)
    assert is_approver("cleo@example.com", listed, directory("cleo@example.com"))
    assert not is_approver("boss@example.com", listed, directory("cleo@example.com"))
    assert not is_approver("cleo@example.com", listed, NOBODY)


def test_a_list_and_addresses_add_up():
    both = policy(BY_LIST | {"email_addresses": ["boss@example.com"]})
    assert is_approver("boss@example.com", both, directory("cleo@example.com"))
    assert is_approver("cleo@example.com", both, directory("cleo@example.com"))


@pytest.mark.parametrize(
    ("user_id", "email", "own"),
    [
        ("user-ann", "ann@example.com", True),
        ("user-ann", "other@example.com", True),
        ("somebody", "ANN@example.com", True),
        ("somebody", "boss@example.com", False),
    ],
)
def test_a_request_is_ones_own_by_account_or_by_address(user_id, email, own):
    assert is_own(grant(), user_id, email) is own


def agreed(*names, **fields):
    return grant(approvals=tuple(approval(name) for name in names), **fields)


def test_so_many_have_to_agree():
    two = policy({"approvals_needed": 2, "email_addresses": ["boss@example.com", "deputy@example.com"]})
    assert missing(agreed(), two, NOBODY) == 2
    assert missing(agreed("boss"), two, NOBODY) == 1
    assert missing(agreed("boss", "boss"), two, NOBODY) == 1, "each person once"
    assert missing(agreed("boss", "mallory"), two, NOBODY) == 1
    assert missing(agreed("boss", "deputy"), two, NOBODY) == 0


def test_every_group_has_to_agree():
    groups = policy(
        {"approvals_needed": 1, "email_addresses": ["boss@example.com"]},
        {"approvals_needed": 1, "email_addresses": ["deputy@example.com"]},
    )
    assert missing(agreed("boss"), groups, NOBODY) == 1
    assert missing(agreed("deputy"), groups, NOBODY) == 1
    assert missing(agreed("boss", "deputy"), groups, NOBODY) == 0


def test_who_stands_in_two_groups_counts_in_both():
    group = {"approvals_needed": 1, "email_addresses": ["boss@example.com"]}
    assert missing(agreed("boss"), policy(group, group), NOBODY) == 0


def test_a_group_that_needs_nobody_holds_nobody_up():
    extra = {"approvals_needed": 0, "email_addresses": ["deputy@example.com"]}
    assert (
        missing(agreed("boss"), policy({"approvals_needed": 1, "email_addresses": ["boss@example.com"]}, extra), NOBODY)
        == 0
    )


def test_without_anybody_to_ask_nobody_gets_in():
    assert missing(agreed("boss"), policy(approval_groups=()), NOBODY) > 0
    assert missing(agreed("boss"), policy({"approvals_needed": 0, "email_addresses": ["boss@example.com"]}), NOBODY) > 0


def test_a_refusal_is_no_approval():
    assert missing(grant(approvals=(approval(approved=False),)), policy(), NOBODY) == 1


def test_ones_own_approval_never_counts():
    own = policy({"approvals_needed": 1, "email_addresses": ["ann@example.com", "@example.com"]})
    assert missing(agreed("ann"), own, NOBODY) == 1
    assert missing(grant(approvals=(approval("x", approver_id="user-ann"),)), own, NOBODY) == 1
    assert missing(grant(approvals=(approval("ann", approver_id="elsewhere"),)), own, NOBODY) == 1


def test_everybody_who_is_named_is_told_but_the_one_who_asks():
    groups = policy(
        {"approvals_needed": 1, "email_addresses": ["boss@example.com", "@partner.example", "ann@example.com"]},
        {"approvals_needed": 1, "email_addresses": ["boss@example.com"], "email_list_uuid": "list-1"},
    )
    people = directory("cleo@example.com", "bea@example.com", "ann@example.com")
    assert recipients(grant(), groups, people) == ("boss@example.com", "bea@example.com", "cleo@example.com")
