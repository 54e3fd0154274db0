"""What a login redirect says of a client certificate, both ways."""

from __future__ import annotations

import pytest

from doorward.client_certificates import CertificateFacts
from doorward.tokens.mtls import LONGEST, read_mtls, write_mtls

FACTS = CertificateFacts("device-1", "1f", "CN=Devices", "ab" * 20)


@pytest.mark.parametrize("facts", [None, FACTS, CertificateFacts("", "1", "", "")])
def test_what_is_written_is_read(facts):
    assert read_mtls({"mtls_auth": write_mtls(facts)}) == facts


def test_none_and_one_have_the_same_members():
    assert write_mtls(None).keys() == write_mtls(FACTS).keys()
    assert write_mtls(None)["auth_status"] == "NONE"
    assert write_mtls(FACTS)["auth_status"] == "SUCCESS"


def test_a_token_that_says_nothing_of_it_says_there_was_none():
    assert read_mtls({}) is None


def test_long_names_are_cut():
    long = write_mtls(CertificateFacts("x", "1", "CN=" + "y" * 1000, ""))
    assert len(long["cert_issuer_dn"]) == LONGEST
    assert read_mtls({"mtls_auth": long}) is not None


@pytest.mark.parametrize("status", ["NONE", "FAILED", "", None, True, "success"])
def test_only_one_that_counted_counts(status):
    assert read_mtls({"mtls_auth": {**write_mtls(FACTS), "auth_status": status}}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"common_name": None},
        {"cert_issuer_dn": 5},
        {"cert_serial": "x" * (LONGEST + 1)},
        {"cert_issuer_ski": "a\nb"},
        {"cert_presented": False},
        {"cert_presented": 1},
    ],
    ids=str,
)
def test_anything_else_is_refused(change):
    with pytest.raises(ValueError, match="which certificate"):
        read_mtls({"mtls_auth": {**write_mtls(FACTS), **change}})


def test_it_is_an_object():
    with pytest.raises(ValueError, match="not an object"):
        read_mtls({"mtls_auth": "SUCCESS"})
