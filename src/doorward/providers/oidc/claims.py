"""From a provider's claims to our :class:`Identity` (access.md 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from doorward.identity import ANY_OTHER, METHODS, Group, Identity
from doorward.organization import IdentityProvider
from doorward.providers.email_address import is_identity_email
from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.config import OidcConfig
from doorward.providers.oidc.id_token import VerifiedClaims
from doorward.providers.one_line import one_line

MAX_GROUPS: Final = 5000
_LONGEST_TEXT: Final = 1024
_MOST_FIELDS: Final = 200
_MOST_ITEMS: Final = MAX_GROUPS
_PROTOCOL: Final = frozenset(
    {
        "acr", "acrs", "aio", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "exp", "iat", "iss", "jti", "nbf",
        "nonce", "rh", "s_hash", "sid", "sub", "uti",
    }
)  # fmt: skip
"""Claims about the token and the login, which only the signed id_token may state."""
_NOT_ATTRIBUTES: Final = _PROTOCOL - {"acr", "acrs", "iss", "sub"}
"""Of these, the ones that say nothing lasting about the person and stay out of ``oidc_fields``."""
_TOP: Final = 2**53


@dataclass(frozen=True, slots=True)
class Read:
    """An identity, and what in the claims was not usable (for the log)."""

    identity: Identity
    notes: tuple[str, ...]


def missing(config: OidcConfig, claims: Mapping[str, Any]) -> bool:
    """True if the userinfo endpoint may know something that is wanted and not in the id_token."""
    return (
        all(name not in claims for name in _email_claims(config))
        or groups_claim(claims) is None
        or any(name not in claims for name in config.claims)
    )


def merged(claims: VerifiedClaims, userinfo: Mapping[str, Any]) -> VerifiedClaims:
    """Both together. The signed claims win, and userinfo says nothing about the token or the login.

    ``email_verified`` counts from where the address came from, and a denial counts from anywhere.
    """
    extra = {name: value for name, value in userinfo.items() if name not in _PROTOCOL}
    union = {name: value for name, value in {**extra, **claims}.items() if name != "email_verified"}
    source = claims if claims.get("email") is not None else extra
    denials = [side for side in (claims, extra) if not _verified(side)]
    for side in (*denials, source):
        if "email_verified" in side:
            return VerifiedClaims({**union, "email_verified": side["email_verified"]})
    return VerifiedClaims(union)


def read_identity(idp: IdentityProvider, config: OidcConfig, claims: VerifiedClaims) -> Read:
    """Who signed in.

    Raises:
        Failure: NO_EMAIL, EMAIL_NOT_VERIFIED.
    """
    email = _email(config, claims)
    groups, note = _groups(claims)
    fields, methods = _fields(claims), _methods(claims.get(METHODS))
    identity = Identity(
        id=claims["sub"],
        email=email,
        name=_name(claims),
        idp_id=idp.id,
        idp_type=idp.type,
        amr=methods,
        groups=groups,
        groups_complete=not note,
        incomplete=_incomplete(claims, fields, methods),
        custom={name: claims[name] for name in config.claims if claims.get(name) is not None},
        oidc_fields=fields,
    )
    return Read(identity, (note,) if note else ())


def _email_claims(config: OidcConfig) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (config.email_claim_name, "email") if name))


def _email(config: OidcConfig, claims: Mapping[str, Any]) -> str:
    name = next((name for name in _email_claims(config) if claims.get(name) is not None), None)
    if name is None:
        raise Failure(Reason.NO_EMAIL, f"claims: none of {', '.join(_email_claims(config))}")
    value = claims[name]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not is_identity_email(value):
        raise Failure(Reason.NO_EMAIL, f"claims: {name} is not one unambiguous e-mail address")
    unsaid = config.require_email_verified and "email_verified" not in claims
    if name == "email" and config.require_email_verified is not False and (unsaid or not _verified(claims)):
        raise Failure(Reason.EMAIL_NOT_VERIFIED, "claims: email_verified is not true")
    return str(value)


def _verified(claims: Mapping[str, Any]) -> bool:
    """Missing is fine: many directories never say. ``"true"`` as text is what some services send."""
    value = claims.get("email_verified", True)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _name(claims: Mapping[str, Any]) -> str:
    parts = [claims.get("name")]
    if not isinstance(parts[0], str) or not parts[0].strip():
        parts = [claims.get("given_name"), claims.get("family_name")]
    text = " ".join(part for part in parts if isinstance(part, str))
    return one_line(text, 256)


def _methods(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 32:
        return ()
    if not all(isinstance(method, str) and 0 < len(method) <= 64 and method.isprintable() for method in value):
        return ()
    return tuple(value)


def groups_claim(claims: Mapping[str, Any]) -> str | None:
    """The name of the claim with the groups; None: there is none."""
    named = [name for name in claims if name.lower() == "groups"]
    return "groups" if "groups" in named else next(iter(named), None)


def _groups(claims: Mapping[str, Any]) -> tuple[tuple[Group, ...], str]:
    """The groups, or none and why. One item that is not a group makes the whole claim unusable."""
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, dict) and any(name.lower() == "groups" for name in elsewhere):
        return (), "groups: too many for the token, the provider keeps them elsewhere (_claim_names); none are used"
    name = groups_claim(claims)
    value = claims[name] if name is not None else []
    if not isinstance(value, list):
        return (), f"groups: {type(value).__name__} instead of a list; none are used"
    if len(value) > MAX_GROUPS:
        return (), f"groups: more than {MAX_GROUPS}; none are used"
    groups = [_group(item) for item in value]
    usable = tuple(dict.fromkeys(group for group in groups if group is not None))
    if None in groups:
        return (), "groups: an item is neither a name nor an object with id or name; none are used"
    return usable, ""


def _group(item: Any) -> Group | None:
    if _is_text(item):
        return Group(id=item, name=item)
    if not isinstance(item, dict):
        return None
    given = {member: item[member] for member in ("id", "name", "email") if item.get(member) is not None}
    if not all(map(_is_text, given.values())) or not given.keys() & {"id", "name"}:
        return None
    identifier = given.get("id", given.get("name", ""))
    return Group(id=identifier, name=given.get("name", identifier), email=given.get("email"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable()


def _fields(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What ``oidc`` rules may look at: single values and lists of them, in the provider's order."""
    fitting = {
        name: value
        for name, value in claims.items()
        if name not in _NOT_ATTRIBUTES and len(name) <= _LONGEST_TEXT and (_is_value(value) or _is_list(value))
    }
    return dict(list(fitting.items())[:_MOST_FIELDS])


def _incomplete(claims: Mapping[str, Any], fields: Mapping[str, Any], methods: tuple[str, ...]) -> tuple[str, ...]:
    """What a rule could look for and not find though it was said: claims left out, and those kept elsewhere."""
    elsewhere = claims.get("_claim_names")
    names = dict.fromkeys(elsewhere if isinstance(elsewhere, dict) else ())
    if any(name.lower() == "groups" for name in names):
        names["groups"] = None
    if claims.get(METHODS) not in (None, [], list(methods)):
        names[METHODS] = None
    left_out = claims.keys() - fields.keys() - _NOT_ATTRIBUTES
    names |= dict.fromkeys(name for name in claims if name in left_out and claims[name] is not None)
    if len(names) > _MOST_FIELDS or any(len(name) > _LONGEST_TEXT for name in names):
        return tuple(dict.fromkeys((ANY_OTHER, *(name for name in names if name in fields or name == METHODS))))
    return tuple(names)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_ITEMS and all(map(_is_value, value))


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    return isinstance(value, bool | float) or (isinstance(value, int) and -_TOP < value < _TOP)
