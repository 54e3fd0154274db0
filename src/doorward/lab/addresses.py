"""Sets of IP addresses as sorted spans of numbers, for asking whether any address is in all of several networks.

IPv6 addresses are their numbers; IPv4 addresses stand behind the last of them. A visitor that a socket reports as
``::ffff:192.0.2.1`` is in the IPv4 network 192.0.2.0/24 as well as in IPv6 networks (``policy.selectors``), so an IPv4
network is two spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

Span = tuple[int, int]
"""First and last number."""

_V4: Final = 1 << 128
_MAPPED: Final = 0xFFFF << 32
_LAST: Final = _V4 + (1 << 32) - 1
EVERYWHERE: Final[Sequence[Span]] = ((0, _LAST),)
"""Every address."""


def spans_of(networks: Iterable[IPv4Network | IPv6Network]) -> Sequence[Span]:
    """All addresses that are in one of the networks."""
    return _merged(sorted(span for network in networks for span in _spans(network)))


def intersection(one: Sequence[Span], other: Sequence[Span]) -> Sequence[Span]:
    """What is in both."""
    met, first, second = [], 0, 0
    while first < len(one) and second < len(other):
        low, high = max(one[first][0], other[second][0]), min(one[first][1], other[second][1])
        if low <= high:
            met.append((low, high))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return met


def subtraction(one: Sequence[Span], other: Sequence[Span]) -> Sequence[Span]:
    """What is in ``one`` and not in ``other``."""
    gaps, begin = [], 0
    for low, high in other:
        if low > begin:
            gaps.append((begin, low - 1))
        begin = high + 1
    if begin <= _LAST:
        gaps.append((begin, _LAST))
    return intersection(one, gaps)


def _spans(network: IPv4Network | IPv6Network) -> tuple[Span, ...]:
    low, high = int(network.network_address), int(network.broadcast_address)
    if isinstance(network, IPv6Network):
        return ((low, high),)
    return (_MAPPED + low, _MAPPED + high), (_V4 + low, _V4 + high)


def _merged(spans: Sequence[Span]) -> Sequence[Span]:
    merged: list[Span] = []
    for low, high in spans:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged
