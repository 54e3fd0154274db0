"""Which policies must be looked at again on every request, because what they ask can change between two requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from doorward.policy.groups import rules_within
from doorward.policy.model import Directory, Policy
from doorward.policy.rules import AnyValidServiceToken, Certificate, CommonName, Geo, Ip, IpList, ServiceTokenRule
from doorward.policy.rules_elsewhere import DevicePosture, LinkedAppToken, UserRiskScore

_SHOWN: Final = (ServiceTokenRule, AnyValidServiceToken, Certificate, CommonName, LinkedAppToken)
"""What a request shows or does not; one that shows nothing is known to show nothing."""
_PERSONAL: Final = (*_SHOWN, DevicePosture, UserRiskScore)
"""What changes between two requests of a person."""


def changes_between_requests(policies: Sequence[Policy], directory: Directory) -> bool:
    """True when any policy asks for the address or the country, itself or through groups (access.md 4.4).

    So does an allow or deny policy that asks for what is reported about the person or the device, or for a service token
    or another application's: a person may have shown one together with the login and none now. In service auth and
    bypass policies those rules may stand: a request that brings a service token is decided by them each time, and one
    without finds them unmatched, now as before.

    Everything else that can be asked is settled at the login and stays so for as long as the token lives.
    """
    personal = [policy for policy in policies if policy.decision in {"allow", "deny"}]
    return any(isinstance(rule, Ip | IpList | Geo) for rule in rules_within(policies, directory)) or any(
        isinstance(rule, _PERSONAL) for rule in rules_within(personal, directory)
    )


def looks_at_what_is_shown(policies: Sequence[Policy], directory: Directory) -> bool:
    """True when it matters whether a request shows a service token, a client certificate or another application's token."""
    return any(isinstance(rule, _SHOWN) for rule in rules_within(policies, directory))
