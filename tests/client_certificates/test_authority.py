"""Who vouches at which host."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.client_certificates.authority import Authority

from doorward.client_certificates import (
    NO_AUTHORITIES,
    ClientAuthorities,
    ClientAuthority,
    read_certificate,
    read_lists,
)

DEVICES, OTHERS = Authority.make("Devices"), Authority.make("Others")
STOLEN, KEPT = DEVICES.issue(), DEVICES.issue()
LISTS = read_lists(DEVICES.revoking(STOLEN, days=7), [DEVICES.certificate])
EMPTY = read_lists(OTHERS.revoking(days=3), [OTHERS.certificate])
A = ClientAuthority("a", ("one.test", "both.test"), DEVICES.pem, LISTS)
B = ClientAuthority("b", ("both.test", "two.test"), OTHERS.pem, EMPTY)


def test_a_host_has_the_authorities_that_name_it():
    found = ClientAuthorities.of([B, A])
    assert sorted(found.hosts) == ["both.test", "one.test", "two.test"]
    assert [found.at(host).names for host in ("one.test", "both.test", "two.test")] == [("a",), ("a", "b"), ("b",)]
    assert found.at("both.test").certificates.count(b"BEGIN CERTIFICATE") == 2
    assert found.at("both.test").lists == LISTS + EMPTY


@pytest.mark.parametrize("host", ["three.test", "", "x.one.test", "ONE.test", "*"])
def test_elsewhere_nobody_vouches(host):
    assert ClientAuthorities.of([A, B]).at(host) is None
    assert NO_AUTHORITIES.at(host) is None


def test_forwarding_is_by_host():
    found = ClientAuthorities.of([A, B], ["one.test", "unknown.test"])
    assert [found.at(host).forwarding for host in ("one.test", "both.test")] == [True, False]


def test_the_version_changes_with_the_authorities_and_with_nothing_else():
    before = ClientAuthorities.of([A, B]).at("both.test").version
    assert ClientAuthorities.of([B, A]).at("both.test").version == before
    assert ClientAuthorities.of([A]).at("both.test").version != before
    assert ClientAuthorities.of([A, replace(B, certificates=DEVICES.pem)]).at("both.test").version != before
    assert len(before) == 16
    later = replace(A, lists=read_lists(DEVICES.revoking(STOLEN, days=9), [DEVICES.certificate]))
    assert ClientAuthorities.of([later, B]).at("both.test").version == before


def test_with_one_list_the_version_stays_whatever_it_names_and_with_several_it_does_not():
    more = replace(A, lists=read_lists(DEVICES.revoking(STOLEN, KEPT), [DEVICES.certificate]))
    one, both = (ClientAuthorities.of(found).at("both.test").version for found in ([A], [A, B]))
    assert ClientAuthorities.of([more]).at("both.test").version == one
    assert ClientAuthorities.of([more, B]).at("both.test").version != both


def test_the_version_changes_with_which_authorities_have_a_list():
    """A first list makes demands of every certificate in a chain."""
    lists = {"none": (), "one": LISTS, "another": EMPTY, "both": LISTS + EMPTY, "twice": LISTS + LISTS}
    pem = DEVICES.pem + OTHERS.pem
    of = [
        ClientAuthorities.of([ClientAuthority("a", ("h.test",), pem, one)]).at("h.test").version
        for one in lists.values()
    ]
    assert len(set(of)) == len(lists)


def test_what_is_revoked_has_a_digest_that_changes_with_it():
    host = ClientAuthorities.of([A]).at("one.test")
    again = replace(A, lists=read_lists(DEVICES.revoking(STOLEN, days=9), [DEVICES.certificate]))
    more = replace(A, lists=read_lists(DEVICES.revoking(STOLEN, KEPT), [DEVICES.certificate]))
    assert host.revoked == ClientAuthorities.of([again]).at("one.test").revoked != ""
    assert ClientAuthorities.of([more]).at("one.test").revoked != host.revoked
    assert ClientAuthorities.of([B]).at("two.test").revoked == ""


def test_a_list_names_certificates_of_its_own_authority_only():
    host = ClientAuthorities.of([A, B]).at("both.test")
    stolen = read_certificate(STOLEN.pem)
    assert host.revokes(stolen)
    assert not host.revokes(read_certificate(KEPT.pem))
    assert not host.revokes(replace(stolen, issuer="CN=Others"))
    assert not ClientAuthorities.of([replace(A, lists=())]).at("one.test").revokes(stolen)


def test_the_first_list_that_becomes_too_old_counts():
    both = ClientAuthorities.of([A, B]).at("both.test")
    assert both.until == EMPTY[0].next_update < LISTS[0].next_update
    endless = replace(A, lists=(replace(LISTS[0], next_update=None),))
    assert ClientAuthorities.of([endless]).at("one.test").until is None
    assert ClientAuthorities.of([replace(A, lists=())]).at("one.test").until is None
