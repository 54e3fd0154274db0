"""Whether what Envoy says of a certificate counts for a request."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.client_certificates.authority import Authority

from doorward.client_certificates import (
    ClientAuthorities,
    ClientAuthority,
    counts,
    read_certificate,
    read_lists,
    read_shown,
)

DEVICES = Authority.make("Devices")
CLIENT, LAPTOP = DEVICES.issue("device-1"), DEVICES.issue("device-2")
CERTIFICATE = read_certificate(CLIENT.pem)
HERE = ClientAuthorities.of([ClientAuthority("Devices", ("here.test", "there.test"), DEVICES.pem)])
VERSION = HERE.at("here.test").version
PEM = quote(CLIENT.pem.decode())
NOW = CERTIFICATE.not_before + 100


def test_what_envoy_writes_is_read():
    shown = read_shown(f"{VERSION} {PEM}")
    assert shown.checked_by == VERSION
    assert shown.certificate == CERTIFICATE
    assert CLIENT.pem.decode()[40:60] not in repr(shown)


@pytest.mark.parametrize(
    "said",
    [
        "",
        VERSION,
        f"{VERSION} -",
        PEM,
        f"{VERSION[:15]} {PEM}",
        f"{VERSION.upper()}x {PEM}",
        f"{VERSION} {PEM}, {VERSION} {PEM}",
        f"{VERSION} {PEM[:200]}",
        f"{VERSION} -----BEGIN%20CERTIFICATE-----%0AQUJD%0A-----END%20CERTIFICATE-----%0A",
        f"{VERSION} {PEM}{'A' * 40_000}",
    ],
)
def test_anything_else_is_no_certificate(said):
    assert read_shown(said) is None


SHOWN = read_shown(f"{VERSION} {PEM}")


def test_a_certificate_counts_at_every_host_of_its_authority():
    assert counts(SHOWN, "here.test", HERE, NOW) == CERTIFICATE
    assert counts(SHOWN, "there.test", HERE, NOW) == CERTIFICATE


def test_none_counts_where_none_was_shown():
    assert counts(None, "here.test", HERE, NOW) is None


def test_none_counts_where_nobody_vouches():
    assert counts(SHOWN, "elsewhere.test", HERE, NOW) is None


def test_none_counts_that_others_checked():
    other = ClientAuthorities.of([ClientAuthority("Others", ("here.test",), Authority.make("Others").pem)])
    assert counts(SHOWN, "here.test", other, NOW) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (CERTIFICATE.not_before - 1, None),
        (CERTIFICATE.not_before, CERTIFICATE),
        (CERTIFICATE.not_after, CERTIFICATE),
        (CERTIFICATE.not_after + 1, None),
    ],
)
def test_it_counts_for_as_long_as_it_is_valid(now, expected):
    assert counts(SHOWN, "here.test", HERE, now) == expected


def listed(*revoked, next_update=None):
    lists = read_lists(DEVICES.revoking(*revoked), [DEVICES.certificate])
    lists = tuple(replace(one, next_update=next_update) for one in lists)
    return ClientAuthorities.of([ClientAuthority("Devices", ("here.test",), DEVICES.pem, lists)])


def test_one_that_was_revoked_since_counts_no_more():
    shown = replace(SHOWN, checked_by=listed().at("here.test").version)
    assert counts(shown, "here.test", listed(), NOW) == CERTIFICATE
    assert counts(shown, "here.test", listed(LAPTOP), NOW) == CERTIFICATE
    assert counts(shown, "here.test", listed(CLIENT), NOW) is None


BETWEEN = Authority.make("Between", above=DEVICES)
PEMS = DEVICES.pem + BETWEEN.pem
SOMEBODY = BETWEEN.issue("laptop")
"""Made together with everything else here: these tests run minutes after they were read."""


def between(*contents):
    """The authority with one in the middle, and these lists."""
    lists = read_lists(b"".join(contents), [DEVICES.certificate, BETWEEN.certificate]) if contents else ()
    return ClientAuthorities.of([ClientAuthority("Devices", ("here.test",), PEMS, lists)])


@pytest.mark.parametrize("before", [(DEVICES.revoking(), BETWEEN.revoking()), ()], ids=["listed before", "first lists"])
@pytest.mark.parametrize("revoked", [BETWEEN, CLIENT], ids=["the one in the middle", "somebody else"])
def test_g10_148_none_counts_that_was_checked_before_an_authority_in_the_middle_was_revoked(before, revoked):
    """Which of them was in the chain of an open connection, nobody knows any more: all of them are checked again."""
    then = between(*before)
    shown = read_shown(f"{then.at('here.test').version} {quote(SOMEBODY.pem.decode())}")
    assert counts(shown, "here.test", then, NOW + 100) == read_certificate(SOMEBODY.pem)
    changed = between(DEVICES.revoking(revoked), BETWEEN.revoking())
    assert counts(shown, "here.test", changed, NOW + 100) is None


def test_g10_148_nor_one_checked_before_there_was_a_list_at_all():
    then = between()
    shown = read_shown(f"{then.at('here.test').version} {quote(SOMEBODY.pem.decode())}")
    assert counts(shown, "here.test", then, NOW + 100) is not None
    assert counts(shown, "here.test", between(DEVICES.revoking(BETWEEN)), NOW + 100) is None


def test_with_a_list_that_is_too_old_none_counts():
    shown = replace(SHOWN, checked_by=listed().at("here.test").version)
    assert counts(shown, "here.test", listed(next_update=NOW + 1), NOW) == CERTIFICATE
    assert counts(shown, "here.test", listed(next_update=NOW), NOW) is None
