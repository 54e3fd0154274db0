"""Spans against the library's own idea of which address is in which network."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.policy.build import directory, evidence

from doorward.lab.addresses import EVERYWHERE, intersection, spans_of, subtraction
from doorward.policy.model import RuleList
from doorward.policy.rules import IpList, Reference
from doorward.policy.selectors import answer
from doorward.policy.verdict import Match

NETWORKS = st.sampled_from(
    list(
        map(
            ip_network,
            ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.128/25", "192.0.2.7/32", "255.255.255.255/32", "::/0", "::/1",
             "2001:db8::/64", "::fffe:0:0/95", "ffff::/16"],
        )
    )
)  # fmt: skip
SETS = st.lists(NETWORKS, max_size=4)
ADDRESSES = [
    "0.0.0.0", "192.0.2.7", "192.0.2.200", "255.255.255.255", "::", "::ffff:192.0.2.7", "::ffff:8.8.8.8", "::fffe:1:1",
    "2001:db8::1", "8000::", "ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
]  # fmt: skip


def number(text: str) -> int:
    address = ip_address(text)
    return int(address) + (1 << 128 if address.version == 4 else 0)


def has(spans, text: str) -> bool:
    return any(low <= number(text) <= high for low, high in spans)


def matches(networks: list[IPv4Network | IPv6Network], text: str) -> bool:
    """What the selector says."""
    rules = directory(lists=(RuleList(id="l", name="l", networks=tuple(networks)),))
    return answer(IpList(ip_list=Reference(id="l")), evidence(ip=text), rules).match is Match.YES


@given(SETS)
def test_spans_hold_the_addresses_that_the_selector_matches(networks):
    for address in ADDRESSES:
        assert has(spans_of(networks), address) is matches(networks, address)


@given(SETS, SETS)
def test_an_address_is_in_the_intersection_when_it_is_in_both(one, other):
    met = intersection(spans_of(one), spans_of(other))
    for address in ADDRESSES:
        assert has(met, address) is (matches(one, address) and matches(other, address))


@given(SETS, SETS)
def test_an_address_is_in_the_difference_when_it_is_in_the_first_alone(one, other):
    left = subtraction(spans_of(one), spans_of(other))
    rest = subtraction(EVERYWHERE, spans_of(other))
    for address in ADDRESSES:
        assert has(left, address) is (matches(one, address) and not matches(other, address))
        assert has(rest, address) is not matches(other, address)


@given(SETS)
def test_spans_are_sorted_and_apart(networks):
    spans = spans_of(networks)
    assert all(first[1] + 1 < second[0] for first, second in pairwise(spans))
    assert not subtraction(spans, spans)
