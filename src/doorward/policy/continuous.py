"""Which policies must be looked at again on every request, because what they ask can change between two requests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from doorward.policy.groups import reachable, rules_of
from doorward.policy.model import Directory, Policy
from doorward.policy.rules import Geo, Ip, IpList


def changes_between_requests(policies: Sequence[Policy], directory: Directory) -> bool:
    """True when any policy asks for the address or the country, itself or through groups (access.md 4.4).

    Everything else that can be asked is settled at the login and stays so for as long as the token lives.
    """
    own = tuple(chain.from_iterable(map(rules_of, policies)))
    nested = (rules_of(directory.groups[group]) for group in reachable(own, directory))
    return any(isinstance(rule, Ip | IpList | Geo) for rule in chain(own, *nested))
