"""What a vendor does otherwise than OpenID Connect says, in the places where the generic client can be told so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from doorward.providers.listing import Listing
from doorward.providers.oidc.id_token import VerifiedClaims


def _everything(_: VerifiedClaims) -> bool:
    return True


def _unchanged(claims: VerifiedClaims) -> VerifiedClaims:
    return claims


@dataclass(frozen=True, slots=True)
class Dialect:
    """By default nothing is otherwise."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """More of them in the authorization request."""
    adapt: Callable[[VerifiedClaims], VerifiedClaims] = _unchanged
    """The claims as the generic reader expects them. Raises Failure."""
    listings: Callable[[str, VerifiedClaims], tuple[Listing, ...]] | None = None
    """Access token and claims → where the groups are; none: in the claims. Raises Failure."""
    claims_tell_groups: Callable[[VerifiedClaims], bool] = _everything
    """Where no listing is read: whether the claims, or that there is none, tell all groups."""


PLAIN = Dialect()
