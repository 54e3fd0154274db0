"""From a proven assertion to our :class:`Identity` (access.md 2.6, 6.3). Pure."""

from __future__ import annotations

from typing import Any, Final

from doorward.identity import ANY_OTHER, Group, Identity
from doorward.organization import IdentityProvider
from doorward.providers.email_address import is_identity_email
from doorward.providers.failure import Failure, Reason
from doorward.providers.one_line import one_line
from doorward.providers.saml.assertion import Assertion
from doorward.providers.saml.config import SamlConfig

MAX_GROUPS: Final = 5000
_SOAP: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_EMAIL: Final = ("email", "mail", "emailaddress", f"{_SOAP}emailaddress", "urn:oid:0.9.2342.19200300.100.1.3")
_NAME: Final = (
    "name", "displayname", "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.16.840.1.113730.3.1.241", f"{_SOAP}name",
)  # fmt: skip
_GIVEN: Final = ("givenname", "firstname", f"{_SOAP}givenname", "urn:oid:2.5.4.42")
_FAMILY: Final = ("surname", "sn", "lastname", f"{_SOAP}surname", "urn:oid:2.5.4.4")
_GROUPS: Final = ("groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups")
_TOO_MANY: Final = "http://schemas.microsoft.com/claims/groups.link"
"""Entra sends it instead of more than 150 groups, whatever the attribute with the groups is called."""
_METHODS: Final = ("amr", "http://schemas.microsoft.com/claims/authnmethodsreferences")
_KNOWN_METHODS: Final = {
    "http://schemas.microsoft.com/claims/multipleauthn": "mfa",
    "https://refeds.org/profile/mfa": "mfa",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password": "pwd",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport": "pwd",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos": "kerberos",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:X509": "swk",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI": "sc",
}
"""How somebody signed in, in the words of RFC 8176 that ``auth_method`` rules use."""


def read_identity(idp: IdentityProvider, config: SamlConfig, said: Assertion) -> Identity:
    """Who signed in.

    Raises:
        Failure: NO_EMAIL.
    """
    return Identity(
        id=said.name_id,
        email=_email(config, said),
        name=_name(said),
        idp_id=idp.id,
        idp_type=idp.type,
        amr=_methods(said),
        groups=_groups(said),
        groups_complete=_knows_groups(said),
        incomplete=_incomplete(said),
        custom={name: _value(said.attributes[name].values) for name in config.attributes if name in said.attributes},
        saml_attributes={name: _value(attribute.values) for name, attribute in said.attributes.items()},
    )


def _value(values: tuple[str, ...]) -> Any:
    """One value as text, several or none as a list."""
    return values[0] if len(values) == 1 else list(values)


def _email(config: SamlConfig, said: Assertion) -> str:
    """From the configured attribute; without one from the usual ones, then from the NameID. Never from a second choice
    because the first is malformed: then somebody else could be meant.
    """
    if config.email_attribute_name:
        found = said.attributes.get(config.email_attribute_name)
        values, where = (found.values if found is not None else ()), f"attribute {config.email_attribute_name}"
    elif usual := _first(said, _EMAIL):
        values, where = usual, "the e-mail attribute"
    else:
        values, where = (said.name_id,), "NameID"
    if len(values) != 1 or not is_identity_email(values[0]):
        raise Failure(Reason.NO_EMAIL, f"saml no_email: {where} is not one unambiguous e-mail address")
    return values[0]


def _name(said: Assertion) -> str:
    text = " ".join(_first(said, _NAME)[:1]) or " ".join((*_first(said, _GIVEN)[:1], *_first(said, _FAMILY)[:1]))
    return one_line(text, 256)


def _groups(said: Assertion) -> tuple[Group, ...]:
    names = dict.fromkeys(
        value
        for name, attribute in said.attributes.items()
        if name.lower() in _GROUPS
        for value in attribute.values
        if value and value.isprintable()
    )
    if len(names) > MAX_GROUPS:
        raise Failure(Reason.INVALID_ANSWER, f"saml too_large: more than {MAX_GROUPS} groups")
    return tuple(Group(id=name, name=name) for name in names)


def _knows_groups(said: Assertion) -> bool:
    missing = {name.lower() for name in _incomplete(said)}
    values = (value for name, found in said.attributes.items() if name.lower() in _GROUPS for value in found.values)
    return not missing & {*_GROUPS, ANY_OTHER} and all(not value or value.isprintable() for value in values)


def _incomplete(said: Assertion) -> tuple[str, ...]:
    kept_elsewhere = any(name.lower() == _TOO_MANY for name in said.attributes)
    groups = (name for name in said.attributes if name.lower() in _GROUPS)
    return tuple(sorted({*said.incomplete, *((ANY_OTHER, *groups) if kept_elsewhere else ())}))


def _methods(said: Assertion) -> tuple[str, ...]:
    told = (*_first(said, _METHODS), *said.contexts)
    methods = (_KNOWN_METHODS.get(method, "" if ":" in method else method) for method in told)
    return tuple(dict.fromkeys(method for method in methods if 0 < len(method) <= 64 and method.isprintable()))[:32]


def _first(said: Assertion, names: tuple[str, ...]) -> tuple[str, ...]:
    """The values of the first of these attributes that has any, whatever the case of its name."""
    by_name: dict[str, tuple[str, ...]] = {}
    for name, attribute in said.attributes.items():
        by_name.setdefault(name.lower(), attribute.values)
    return next((by_name[name] for name in map(str.lower, names) if by_name.get(name)), ())
