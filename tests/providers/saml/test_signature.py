"""Proving one element, with a library that says something else than it was asked."""

from __future__ import annotations

import pytest
from lxml import etree
from tests.providers.saml.idp import NOW, Answer, provider, sign, stranger

from doorward.providers.failure import Failure
from doorward.providers.saml import signature
from doorward.providers.saml.document import MAX_BYTES, parser, read_document
from doorward.providers.saml.signature import proven


def element():
    return etree.fromstring(sign(Answer().assertion()), parser())


def test_what_comes_back_is_a_tree_of_its_own():
    given = element()
    found = proven(given, (provider().certificate,), NOW)
    assert found is not given
    assert found.getparent() is None
    assert "Signature" not in etree.tostring(found).decode()


@pytest.mark.parametrize("how", ["list", "other element", "other id", "other key", "nothing"])
def test_see_what_is_signed(monkeypatch, how):
    """Whatever the library returns, it has to be this element, by this key."""
    real = signature.XMLVerifier.verify

    def verify(self, data, **options):
        result = real(self, data, **options)
        if how == "list":
            return [result]
        found = result.signed_xml
        if how == "other element":
            found.tag = "other"
        elif how == "other id":
            found.set("ID", "_other")
        key = stranger().pem.encode() if how == "other key" else result.signature_key
        return type(result)(result.signed_data, None if how == "nothing" else found, result.signature_xml, key)

    monkeypatch.setattr(signature.XMLVerifier, "verify", verify)
    with pytest.raises(Failure, match="saml signature"):
        proven(element(), (provider().certificate,), NOW)


def test_bytes_are_counted_before_anything_else():
    with pytest.raises(Failure, match="saml too_large"):
        read_document(b"<" * (MAX_BYTES + 1))
