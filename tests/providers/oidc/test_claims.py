from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.scripted import config, provider

from doorward.identity import Group
from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.claims import MAX_GROUPS, merged, missing, read_identity


def read(claims, /, **changes):
    settings = config(**changes)
    return read_identity(provider(**changes), settings, {"sub": "user-1", "email": "alice@example.test", **claims})


def identity(claims, /, **changes):
    return read(claims, **changes).identity


def refusal(claims, /, **changes):
    with pytest.raises(Failure) as failure:
        read(claims, **changes)
    return failure.value.reason


def test_the_ordinary_claims_become_an_identity():
    who = identity({"name": "Alice  Example", "amr": ["pwd", "mfa"], "groups": ["staff"], "email_verified": True})
    assert (who.id, who.email, who.name, who.idp_id, who.idp_type) == (
        "user-1",
        "alice@example.test",
        "Alice Example",
        "idp-1",
        "oidc",
    )
    assert who.amr == ("pwd", "mfa")
    assert who.groups == (Group(id="staff", name="staff"),)


def test_the_address_stays_as_reported():
    assert identity({"email": "Alice@Example.TEST"}).email == "Alice@Example.TEST"


def test_the_configured_claim_comes_first_and_email_second():
    assert identity({"upn": "a@corp.test"}, email_claim_name="upn").email == "a@corp.test"
    assert identity({}, email_claim_name="upn").email == "alice@example.test"
    assert identity({"upn": None}, email_claim_name="upn").email == "alice@example.test"
    assert refusal({"upn": "not an address"}, email_claim_name="upn") is Reason.NO_EMAIL


@pytest.mark.parametrize("email", [["alice@example.test"]])
def test_a_list_of_one_address_is_that_address(email):
    assert identity({"email": email}).email == "alice@example.test"


@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        "a@evil.com@company.com",
        [],
        ["a@x.test", "b@x.test"],
        [["a@x.test"]],
        [7],
        7,
        {"value": "a@x.test"},
        True,
    ],
    ids=repr,
)
def test_g7_105_no_usable_address_means_no_identity(email):
    assert refusal({"email": email}) is Reason.NO_EMAIL


@pytest.mark.parametrize("value", [False, "false", "False", "no", 0, 1, None, [], {}, [True], ""], ids=repr)
def test_g7_105_an_address_that_is_not_verified_is_refused(value):
    assert refusal({"email_verified": value}) is Reason.EMAIL_NOT_VERIFIED
    assert refusal({"email_verified": value}, require_email_verified=True) is Reason.EMAIL_NOT_VERIFIED
    assert identity({"email_verified": value}, require_email_verified=False)


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_a_verified_address_is_taken(value):
    assert identity({"email_verified": value})
    assert identity({"email_verified": value}, require_email_verified=True)


def test_a_provider_that_does_not_say_is_trusted_unless_told_otherwise():
    assert identity({})
    assert refusal({}, require_email_verified=True) is Reason.EMAIL_NOT_VERIFIED


def test_verification_speaks_of_the_email_claim_only():
    assert identity({"upn": "a@corp.test", "email_verified": False}, email_claim_name="upn")
    assert refusal({"email_verified": False}, email_claim_name="upn") is Reason.EMAIL_NOT_VERIFIED


@pytest.mark.parametrize("name", ["groups", "Groups", "GROUPS"])
def test_groups_are_found_in_any_case(name):
    assert identity({name: ["a", "b", "a"]}).groups == (Group(id="a", name="a"), Group(id="b", name="b"))


def test_the_exact_name_wins():
    assert identity({"Groups": ["wrong"], "groups": ["right"]}).groups == (Group(id="right", name="right"),)


def test_groups_may_be_objects():
    told = [{"id": "1", "name": "Staff", "email": "staff@x.test", "more": 1}, {"id": "2"}, {"name": "Three"}, "four"]
    assert identity({"groups": told}).groups == (
        Group(id="1", name="Staff", email="staff@x.test"),
        Group(id="2", name="2"),
        Group(id="Three", name="Three"),
        Group(id="four", name="four"),
    )


@pytest.mark.parametrize(
    "groups",
    [
        "admins",
        "admins,staff",
        {"admins": True},
        7,
        True,
        None,
        ["staff", 7],
        ["staff", None],
        ["staff", ["admins"]],
        ["staff", ""],
        ["staff", {}],
        ["staff", {"id": 7}],
        ["staff", {"email": "x@x.test"}],
        ["staff", {"id": "1", "name": ["x"]}],
        ["staff", {"id": {"id": "1"}}],
        ["staff", "a\nb"],
        ["staff", "x" * 2000],
        ["x"] * (MAX_GROUPS + 1),
    ],
    ids=lambda groups: repr(groups)[:40],
)
def test_g7_107_groups_of_a_wrong_type_are_no_groups_and_noted(groups):
    found = read({"groups": groups})
    assert found.identity.groups == ()
    assert found.notes[0].startswith("groups: ")
    assert not found.identity.groups_complete


def test_g7_107_groups_kept_elsewhere_are_no_groups_and_noted():
    overage = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.test/"}}}
    found = read({**overage, "groups": ["leftover"]})
    assert found.identity.groups == ()
    assert "_claim_names" in found.notes[0]
    assert not found.identity.groups_complete
    assert not found.identity.knows("groups", found.identity.oidc_fields)


def test_g7_107_no_groups_claim_is_no_groups_and_nothing_to_note():
    assert read({}).identity.groups == ()
    assert read({}).notes == ()
    assert read({"memberOf": ["admins"], "roles": ["admins"], "_claim_names": {"photo": "src1"}}).identity.groups == ()
    assert read({"groups": []}).notes == ()
    for claims in ({}, {"groups": []}, {"groups": ["a"]}, {"_claim_names": {"photo": "src1"}}):
        assert identity(claims).groups_complete
    assert identity({"groups": ["a"], "dept": None, "exp": 1, "aud": ["x"], "amr": ["pwd"]}).incomplete == ()


LONG = "x" * 1025


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"roles": ["barred", LONG]}, ("roles",)),
        ({"roles": ["barred", {"a": 1}], "address": {"street": "x"}}, ("roles", "address")),
        ({"roles": LONG, "number": 2**60}, ("roles", "number")),
        ({"_claim_names": {"roles": "src1"}}, ("roles", "_claim_names")),
        ({"_claim_names": {"Groups": "src1"}}, ("Groups", "groups", "_claim_names")),
        ({"_claim_names": {"roles": "src1"}, "roles": ["left"]}, ("roles", "_claim_names")),
        ({"_claim_names": ["roles"]}, ()),
        ({LONG: "x"}, ("*",)),
        ({LONG: "x", "_claim_names": {"roles": "s", "gone": "s"}, "roles": ["left"]}, ("*", "roles")),
        ({f"c{n}": {} for n in range(201)}, ("*",)),
        ({f"c{n}": "1" for n in range(199)}, ("c198",)),
        ({"amr": "mfa"}, ("amr",)),
        ({"amr": ["pwd"] * 33, LONG: "x"}, ("*", "amr")),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_g7_107_claims_that_are_left_out_are_named(claims, names):
    assert identity(claims).incomplete == names


@pytest.mark.parametrize(
    "amr", [None, "mfa", ["mfa", 7], [""], ["a\n"], ["x" * 65], ["x"] * 33, {"mfa": 1}], ids=lambda amr: repr(amr)[:20]
)
def test_methods_of_a_wrong_type_are_no_methods(amr):
    assert identity({"amr": amr}).amr == ()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Alice"}, "Alice"),
        ({"given_name": "Alice", "family_name": "Example"}, "Alice Example"),
        ({"name": "", "family_name": "Example"}, "Example"),
        ({"name": ["Alice"]}, ""),
        ({"name": "A\r\nB\u202ec\x00"}, "A B c"),
        ({"name": "x" * 1000}, "x" * 256),
        ({}, ""),
    ],
)
def test_the_name_is_one_printable_line(claims, name):
    assert identity(claims).name == name


def test_chosen_claims_go_into_custom_in_configured_order():
    who = identity(
        {"a": 1, "b": {"x": [1]}, "c": None, "groups": ["g"], "z": "no"}, claims=["groups", "b", "missing", "c", "a"]
    )
    assert list(who.custom.items()) == [("groups", ["g"]), ("b", {"x": [1]}), ("a", 1)]


def test_rules_may_look_at_plain_values_and_lists_of_them():
    who = identity(
        {
            "department": "Sales",
            "level": 7,
            "ratio": 0.5,
            "active": True,
            "roles": ["a", 1, False],
            "address": {"city": "X"},
            "nested": [["a"]],
            "mixed": ["a", {}],
            "nothing": None,
            "huge": 2**60,
            "long": "x" * 2000,
            "nonce": "n",
            "exp": 1,
            "sid": "s",
            "at_hash": "h",
        }
    )
    assert who.oidc_fields == {
        "sub": "user-1",
        "email": "alice@example.test",
        "department": "Sales",
        "level": 7,
        "ratio": 0.5,
        "active": True,
        "roles": ["a", 1, False],
    }


def test_the_fields_are_bounded():
    who = identity({f"claim{number}": number for number in range(10_000)})
    assert len(who.oidc_fields) == 200


def test_userinfo_is_asked_only_for_what_is_wanted_and_missing():
    whole = {"email": "a@x.test", "groups": []}
    assert not missing(config(), whole)
    assert missing(config(), {"email": "a@x.test"})
    assert missing(config(), {"groups": []})
    assert missing(config(claims=["department"]), whole)
    assert not missing(config(claims=["department"]), {**whole, "department": 1})
    assert not missing(config(email_claim_name="upn"), {"upn": "a@x.test", "Groups": []})


def test_signed_claims_win_over_userinfo():
    both = merged(
        {"sub": "user-1", "email": "a@x.test", "amr": ["pwd"]}, {"sub": "user-1", "email": "b@x.test", "groups": ["g"]}
    )
    assert both == {"sub": "user-1", "email": "a@x.test", "amr": ["pwd"], "groups": ["g"]}


def test_g7_101_userinfo_says_nothing_about_the_login():
    both = merged(
        {"sub": "user-1"}, {"sub": "user-1", "amr": ["mfa"], "acr": "high", "auth_time": 1, "iss": "x", "x": 1}
    )
    assert both == {"sub": "user-1", "x": 1}


@pytest.mark.parametrize(
    ("signed", "extra", "outcome"),
    [
        ({"email": "a@x.test"}, {"email_verified": False}, False),
        ({"email_verified": True}, {"email": "a@x.test", "email_verified": False}, False),
        ({"email_verified": False}, {"email": "a@x.test", "email_verified": True}, False),
        ({"email": "a@x.test", "email_verified": True}, {"email": "b@x.test"}, True),
        ({}, {"email": "a@x.test", "email_verified": True}, True),
        ({"email_verified": True}, {"email": "a@x.test"}, ...),
        ({"email": "a@x.test"}, {"email": "b@x.test", "email_verified": True}, ...),
    ],
)
def test_g7_105_an_address_is_verified_by_who_names_it_and_a_denial_counts_from_anywhere(signed, extra, outcome):
    assert merged(signed, extra).get("email_verified", ...) is outcome


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["email", "email_verified", "groups", "Groups", "name", "amr", "_claim_names", "x", "given_name"]
        ),
        json_values,
    )
)
def test_whatever_a_provider_claims_gives_an_identity_or_a_reason(claims):
    try:
        found = read_identity(provider(claims=["x"]), config(claims=["x"]), {"sub": "user-1", **claims})
    except Failure as failure:
        reason, found = failure.reason, None
    if found is None:
        assert reason in {Reason.NO_EMAIL, Reason.EMAIL_NOT_VERIFIED}
        return
    assert found.identity.email.count("@") == 1
    assert all(group.id and group.name for group in found.identity.groups)


def test_g7_110_the_authentication_contexts_of_a_login_are_only_what_the_signed_token_says():
    signed = {"sub": "user-1", "email": "alice@example.test"}
    assert "acrs" not in identity(merged(signed, {"acrs": ["c1"]})).oidc_fields
    both = merged(signed | {"acrs": ["c2"]}, {"acrs": ["c1"]})
    assert identity(both).oidc_fields["acrs"] == ["c2"]
