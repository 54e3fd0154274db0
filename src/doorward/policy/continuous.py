"""Which policies must be looked at again on every request, because what they ask can change between two requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from doorward.policy.groups import reachable, rules_of
from doorward.policy.model import Directory, Policy
from doorward.policy.rules import AnyValidServiceToken, Geo, Ip, IpList, Rule, ServiceTokenRule


def changes_between_requests(policies: Sequence[Policy], directory: Directory) -> bool:
    """True when any policy asks for the address or the country, itself or through groups (access.md 4.4).

    So does an allow or deny policy that asks for a service token: a person may have shown one together with the login
    and none now. In service auth and bypass policies those rules may stand: a request that brings a service token is
    decided by them each time, and one without finds them unmatched, now as before.

    Everything else that can be asked is settled at the login and stays so for as long as the token lives.
    """
    personal = [policy for policy in policies if policy.decision in {"allow", "deny"}]
    return any(isinstance(rule, Ip | IpList | Geo) for rule in _rules(policies, directory)) or any(
        isinstance(rule, ServiceTokenRule | AnyValidServiceToken) for rule in _rules(personal, directory)
    )


def _rules(policies: Sequence[Policy], directory: Directory) -> Iterator[Rule]:
    """Every rule of the policies and of the groups they lead to."""
    own = tuple(chain.from_iterable(map(rules_of, policies)))
    nested = (rules_of(directory.groups[group]) for group in reachable(own, directory))
    return chain(own, *nested)
