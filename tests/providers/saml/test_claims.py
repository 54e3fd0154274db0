"""From a proven assertion to an identity."""

from __future__ import annotations

import pytest
from tests.providers.saml.idp import provider

from doorward.identity import Group
from doorward.organization import IdentityProvider
from doorward.providers.failure import Failure, Reason
from doorward.providers.saml.assertion import Assertion, Attribute
from doorward.providers.saml.claims import read_identity
from doorward.providers.saml.config import SamlConfig

IDP = IdentityProvider(id="idp-1", name="Company", type="saml")
SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


def said(attributes=None, *, name_id="ada@example.com", contexts=(), incomplete=()):
    found = {name: Attribute(name, tuple(values)) for name, values in (attributes or {}).items()}
    return Assertion("_1", name_id, "", found, contexts, 0, (), frozenset(incomplete))


def config(**fields):
    base = {"issuer_url": "urn:idp", "sso_target_url": "https://idp.example/", "idp_public_certs": (provider().pem,)}
    return SamlConfig.model_validate(base | fields)


def identity(told=None, /, *, name_id="ada@example.com", contexts=(), **fields):
    return read_identity(IDP, config(**fields), said(told, name_id=name_id, contexts=contexts))


def test_the_name_id_is_who_it_is_and_the_address_when_there_is_no_other():
    found = identity()
    assert (found.id, found.email, found.idp_id, found.idp_type) == (
        "ada@example.com",
        "ada@example.com",
        "idp-1",
        "saml",
    )
    assert (found.name, found.groups, dict(found.custom), found.amr) == ("", (), {}, ())


@pytest.mark.parametrize(
    "name", ["email", "mail", "Email", "emailAddress", SOAP + "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3"]
)
def test_the_usual_attributes_name_the_address(name):
    assert identity({name: ["bob@example.com"]}, name_id="x7").email == "bob@example.com"


def test_the_configured_attribute_counts_and_no_other():
    attributes = {"upn": ["bob@example.com"], "email": ["ada@example.com"]}
    assert identity(attributes, email_attribute_name="upn").email == "bob@example.com"
    with pytest.raises(Failure) as caught:
        identity({"email": ["ada@example.com"]}, email_attribute_name="upn")
    assert caught.value.reason is Reason.NO_EMAIL


@pytest.mark.parametrize(
    "attributes",
    [
        {"email": ["bob@example.com", "admin@example.com"]},
        {"email": ["not an address"]},
        {"email": ["ada@example.com@evil.test"]},
        {"email": [""]},
    ],
)
def test_an_address_that_is_not_one_is_no_reason_to_take_another(attributes):
    with pytest.raises(Failure, match="saml no_email"):
        identity(attributes)


def test_without_any_address_nobody_is_signed_in():
    with pytest.raises(Failure, match="NameID"):
        identity(name_id="x7")


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"displayName": ["Ada\tLovelace"]}, "Ada Lovelace"),
        ({"givenName": ["Ada"], "sn": ["Lovelace"]}, "Ada Lovelace"),
        ({SOAP + "givenname": ["Ada"]}, "Ada"),
        ({"name": ["x" * 300]}, "x" * 256),
    ],
)
def test_a_name_is_found_where_providers_put_it(attributes, name):
    assert identity(attributes).name == name


def test_the_listed_attributes_go_into_the_token_in_the_listed_order():
    attributes = {"b": ["2"], "a": ["1", "one"], "c": ["3"], "d": []}
    found = identity(attributes, attributes=("a", "missing", "d", "b"))
    assert list(found.custom.items()) == [("a", ["1", "one"]), ("d", []), ("b", "2")]
    assert found.saml_attributes == {"a": ["1", "one"], "b": "2", "c": "3", "d": []}


@pytest.mark.parametrize("name", ["groups", "Groups", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"])
def test_groups_are_found_once_each(name):
    assert identity({name: ["b", "a", "b", ""]}).groups == (Group(id="b", name="b"), Group(id="a", name="a"))


def test_five_thousand_groups_are_fine_and_more_are_refused_not_cut():
    assert len(identity({"groups": [f"g{n}" for n in range(5000)]}).groups) == 5000
    with pytest.raises(Failure, match="saml too_large"):
        identity({"groups": [f"g{n}" for n in range(5001)]})


def test_how_somebody_signed_in_is_told_in_the_words_of_rules():
    context = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    assert identity(contexts=(context, "urn:unknown")).amr == ("pwd",)
    assert identity({"amr": ["mfa", "otp"]}, contexts=(context,)).amr == ("mfa", "otp", "pwd")
    microsoft = {
        "http://schemas.microsoft.com/claims/authnmethodsreferences": [
            "http://schemas.microsoft.com/claims/multipleauthn"
        ]
    }
    assert identity(microsoft).amr == ("mfa",)


GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
LINK = "http://schemas.microsoft.com/claims/groups.link"


@pytest.mark.parametrize("values", [["https://graph.example/members"], []], ids=["link", "unreadable"])
def test_g7_107_groups_that_entra_keeps_elsewhere_are_not_none(values):
    found = identity({LINK: values, "ou": ["Sales"]})
    assert not found.groups_complete
    assert not found.knows(GROUPS, found.saml_attributes)
    assert found.knows("ou", found.saml_attributes)
    some = identity({LINK: values, GROUPS: ["a"]})
    assert not some.groups_complete
    assert not some.knows(GROUPS, some.saml_attributes)


def test_all_groups_are_known_when_nothing_was_left_out():
    for attributes in ({}, {"groups": []}, {"Groups": ["a", ""]}, {GROUPS: ["a"]}, {"ou": ["x\n"]}):
        found = identity(attributes)
        assert found.groups_complete
        assert found.incomplete == ()


def test_g7_107_a_group_that_cannot_be_read_leaves_the_others_incomplete():
    found = identity({"groups": ["a", "b\n"]})
    assert [group.id for group in found.groups] == ["a"]
    assert not found.groups_complete
    for name, complete in ((GROUPS, False), ("Groups", False), ("*", False), ("ou", True)):
        who = read_identity(IDP, config(), said({GROUPS: ["a"], "Groups": ["b"]}, incomplete=[name]))
        assert (who.groups_complete, who.incomplete) == (complete, (name,))
