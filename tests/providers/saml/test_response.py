"""What a response has to be, check by check; every refusal by its own reason. Numbers are those of docs/attacks.md."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.providers.saml.idp import (
    EXPECTED,
    ISSUER,
    NOW,
    OURS,
    Answer,
    Signer,
    assertion_signed,
    at,
    both_signed,
    encoded,
    encrypt,
    ours,
    provider,
    response_signed,
    sign,
    signer,
    stranger,
    trust,
)

from doorward.providers.failure import Failure, Reason
from doorward.providers.saml.response import Trust, read_response

WAYS = [
    pytest.param(assertion_signed, id="assertion"),
    pytest.param(response_signed, id="response"),
    pytest.param(both_signed, id="both"),
]


def read(xml, *, expected=EXPECTED, believed=None):
    return read_response(encoded(xml), expected, believed or trust())


def flaw_of(xml, **options) -> str:
    with pytest.raises(Failure) as caught:
        read(xml, **options)
    found = re.match(r"saml ([a-z_]+): ", caught.value.detail)
    assert found is not None, caught.value.detail
    return found[1]


@pytest.mark.parametrize("make", WAYS)
def test_a_signed_response_is_read(make):
    said = read(make())
    assert (said.id, said.name_id, said.expires_at) == ("_assertion-1", "ada@example.com", NOW + 300 + 120)
    assert {name: attribute.values for name, attribute in said.attributes.items()} == {
        "email": ("ada@example.com",),
        "groups": ("staff", "engineering"),
        "department": ("R&D",),
    }
    assert said.contexts == ("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_an_elliptic_key_may_sign(curve):
    own = signer(ec.generate_private_key(curve))
    answer = Answer()
    xml = answer.response(sign(answer.assertion(), own, method="ecdsa-sha256"))
    assert read(xml, believed=Trust((own.certificate,))).name_id == "ada@example.com"
    assert flaw_of(xml) == "signature"


@pytest.mark.parametrize("method", ["rsa-sha384", "rsa-sha512", "sha256-rsa-MGF1", "sha512-rsa-MGF1"])
def test_other_strong_signatures_are_read(method):
    answer = Answer()
    assert read(answer.response(sign(answer.assertion(), method=method, digest="sha512"))).id == "_assertion-1"


def test_while_a_provider_changes_its_certificate_both_count():
    old, new = stranger(), provider()
    both = Trust((old.certificate, new.certificate))
    assert read(assertion_signed(by=old), believed=both).id == read(assertion_signed(by=new), believed=both).id
    assert flaw_of(assertion_signed(by=old), believed=Trust((new.certificate,))) == "signature"


@pytest.mark.parametrize(("begin", "end"), [(-172_800, -1), (1, 86_400)])
def test_a_certificate_outside_its_dates_proves_nothing(begin, end):
    late = signer(provider().key, begin=begin, end=end)
    assert flaw_of(assertion_signed(by=late), believed=Trust((late.certificate,))) == "certificate"
    assert read(assertion_signed(by=late), believed=Trust((late.certificate, provider().certificate))).id


@pytest.mark.parametrize("make", WAYS)
def test_a_stranger_signs_in_vain(make):
    assert flaw_of(make(by=stranger())) == "signature"


@pytest.mark.parametrize("make", WAYS)
@pytest.mark.parametrize(
    ("found", "put"),
    [("ada@example.com", "eve@example.com"), ("engineering", "admins"), ("DigestValue>", "DigestValue>AAAA")],
)
def test_a_changed_response_is_refused(make, found, put):
    xml = make()
    assert flaw_of(xml.replace(found, put, 1)) in {"signature", "shape"}


def test_without_any_signature_nobody_comes_in():
    answer = Answer()
    assert flaw_of(answer.response(answer.assertion())) == "not_signed"


def test_g8_119_a_signed_response_with_an_assertion_signed_by_somebody_else_is_refused():
    answer = Answer()
    assert flaw_of(sign(answer.response(sign(answer.assertion(), stranger())))) == "signature"


def test_g8_119_a_signed_assertion_in_a_response_signed_by_somebody_else_is_refused():
    answer = Answer()
    assert flaw_of(sign(answer.response(sign(answer.assertion())), stranger())) == "signature"


@pytest.mark.parametrize("make", WAYS)
@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"assertion_version": "1.1"}, "version"),
        ({"assertion_issuer": "<saml:Issuer>https://other.example</saml:Issuer>"}, "issuer"),
        ({"assertion_issuer": "<saml:Issuer/>"}, "issuer"),
        ({"assertion_issued": at(121)}, "not_yet_valid"),
        ({"assertion_issued": at(-151)}, "stale"),
        ({"assertion_issued": "yesterday"}, "time"),
        ({"assertion_issued": "2027-01-15T08:00:00+02:00"}, "time"),
        ({"assertion_issued": "2027-13-15T08:00:00Z"}, "time"),
        ({"name_id": ""}, "subject"),
        ({"name_id": "a" * 1025}, "subject"),
        ({"name_id": "ada\u0085@example.com"}, "subject"),
        ({"name_id": "ada<saml:Audience/>@example.com"}, "shape"),
        ({"subject": ""}, "subject"),
        ({"subject": "<saml:Subject><saml:NameID>ada@example.com</saml:NameID></saml:Subject>"}, "subject"),
        ({"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"}, "subject"),
        ({"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"}, "subject"),
        ({"recipient": None}, "recipient"),
        ({"recipient": "https://other.example/callback"}, "recipient"),
        ({"recipient": OURS + "/"}, "recipient"),
        ({"confirmed_request": None}, "unsolicited"),
        ({"confirmed_request": "_request-2"}, "in_response_to"),
        ({"confirmed_until": None}, "subject"),
        ({"confirmed_until": at(-120)}, "expired"),
        ({"confirmed_from": at(121)}, "not_yet_valid"),
        ({"conditions": ""}, "audience"),
        ({"audience": ""}, "audience"),
        ({"audience": "<saml:AudienceRestriction/>"}, "audience"),
        (
            {
                "audience": "<saml:AudienceRestriction><saml:Audience>https://a</saml:Audience></saml:AudienceRestriction>"
            },
            "audience",
        ),
        (
            {
                "audience": f"<saml:AudienceRestriction><saml:Audience>{OURS}</saml:Audience></saml:AudienceRestriction>"
                "<saml:AudienceRestriction><saml:Audience>https://a</saml:Audience></saml:AudienceRestriction>"
            },
            "audience",
        ),
        ({"begin": at(121)}, "not_yet_valid"),
        ({"end": at(-120)}, "expired"),
        (
            {
                "audience": f"<saml:AudienceRestriction><saml:Audience>{OURS}</saml:Audience></saml:AudienceRestriction>"
                '<saml:Condition xsi:type="xs:string"/>'
            },
            "condition",
        ),
        ({"sign_in": ""}, "no_sign_in"),
        (
            {"sign_in": f'<saml:AuthnStatement AuthnInstant="{at(-9)}" SessionNotOnOrAfter="{at(-120)}"/>'},
            "expired",
        ),
    ],
)
def test_g8_122_every_condition_of_an_assertion_counts(make, changes, flaw):
    assert flaw_of(make(**changes)) == flaw


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"response_version": "1.1"}, "version"),
        ({"response_issuer": "<saml:Issuer>https://other.example</saml:Issuer>"}, "issuer"),
        ({"destination": "https://other.example/callback"}, "destination"),
        ({"in_response_to": None}, "unsolicited"),
        ({"in_response_to": "_request-2"}, "in_response_to"),
        ({"response_issued": at(121)}, "not_yet_valid"),
        ({"response_issued": at(-151)}, "stale"),
        ({"status": ""}, "status"),
        ({"status": '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>'}, "status"),
    ],
)
@pytest.mark.parametrize("make", WAYS)
def test_g8_122_every_statement_of_the_response_counts(make, changes, flaw):
    assert flaw_of(make(**changes)) == flaw


def test_g8_122_a_signed_response_has_to_say_where_it_goes():
    assert flaw_of(response_signed(destination=None)) == "destination"
    assert read(assertion_signed(destination=None)).id == "_assertion-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"assertion_issued": at(120), "response_issued": at(120)},
        {"assertion_issued": at(-150)},
        {"begin": at(120)},
        {"end": at(-119)},
        {"confirmed_until": at(-119)},
        {"begin": None, "end": None},
        {"assertion_issued": at(-5).replace("Z", ".123Z")},
        {"assertion_issued": at(-5).replace("Z", "+00:00")},
        {"response_issuer": ""},
        {"attributes": {}},
        {"attributes": None},
    ],
)
def test_clocks_may_differ_a_little_and_what_is_optional_may_be_left_out(changes):
    assert read(assertion_signed(**changes)).name_id == "ada@example.com"


@pytest.mark.parametrize("allowed", [True, False])
def test_several_audiences_are_fine_when_we_are_one_of_them(allowed):
    named = OURS if allowed else "https://c"
    audience = (
        f"<saml:AudienceRestriction><saml:Audience>https://a</saml:Audience><saml:Audience>{named}</saml:Audience>"
        "</saml:AudienceRestriction><saml:OneTimeUse/>"
    )
    if allowed:
        assert read(assertion_signed(audience=audience)).id
    else:
        assert flaw_of(assertion_signed(audience=audience)) == "audience"


def test_several_confirmations_have_no_single_meaning():
    one = (
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
        f'Recipient="{OURS}" NotOnOrAfter="{at(300)}" InResponseTo="_request-1"/></saml:SubjectConfirmation>'
    )
    subject = f"<saml:Subject><saml:NameID>ada@example.com</saml:NameID>{one}{one}</saml:Subject>"
    assert flaw_of(assertion_signed(subject=subject)) == "subject"


def test_who_is_to_sign_in_afresh_must_have_done_so():
    fresh = replace(EXPECTED, fresh=True)
    old = f'<saml:AuthnStatement AuthnInstant="{at(-3600)}"/>'
    assert read(assertion_signed(), expected=fresh).id
    assert read(assertion_signed(sign_in=old)).id
    assert flaw_of(assertion_signed(sign_in=old), expected=fresh) == "stale"
    assert flaw_of(assertion_signed(sign_in="<saml:AuthnStatement/>"), expected=fresh) == "stale"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Responder", Reason.REFUSED),
        ("AuthnFailed", Reason.REFUSED),
        ("Requester", Reason.CONFIGURATION),
        ("InvalidNameIDPolicy", Reason.CONFIGURATION),
    ],
)
def test_a_provider_that_says_no_is_quoted(code, reason):
    status = (
        '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode '
        f'Value="urn:oasis:names:tc:SAML:2.0:status:{code}"/></samlp:StatusCode>'
        "<samlp:StatusMessage>not today</samlp:StatusMessage>"
    )
    answer = Answer(status=status)
    with pytest.raises(Failure) as caught:
        read(sign(answer.response("")))
    assert (caught.value.reason, caught.value.said) == (reason, "not today")
    assert f"Responder, {code}: not today" in caught.value.detail


def test_a_refusal_need_not_be_signed_to_refuse():
    answer = Answer(status='<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>')
    assert flaw_of(answer.response("")) == "status"


def test_a_response_that_says_yes_and_nothing_else_is_refused():
    assert flaw_of(sign(Answer().response(""))) == "assertions"


@pytest.mark.parametrize("text", ["", "   ", "!!!!", "YQ"])
def test_what_is_not_base64_is_no_response(text):
    with pytest.raises(Failure, match="saml no_response"):
        read_response(text, EXPECTED, trust())


def test_line_breaks_in_base64_are_fine():
    text = encoded(assertion_signed())
    lines = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    assert read_response(lines, EXPECTED, trust()).id == "_assertion-1"


ENCRYPTED = [(mode, bits, transport) for mode in ("gcm", "cbc") for bits, transport in
             [(128, "rsa-oaep"), (192, "rsa-oaep-mgf1p"), (256, "rsa-oaep"), (256, "rsa-oaep-mgf1p")]]  # fmt: skip


@pytest.mark.parametrize(("mode", "bits", "transport"), ENCRYPTED)
def test_encrypted_assertions_are_read(mode, bits, transport):
    answer = Answer()
    inner = encrypt(sign(answer.assertion()), algorithm=mode, bits=bits, transport=transport)
    assert read(answer.response(inner), believed=trust(encrypted=True)).name_id == "ada@example.com"
    outer = encrypt(answer.assertion(), algorithm=mode, bits=bits, transport=transport)
    assert read(sign(answer.response(outer)), believed=trust(encrypted=True)).name_id == "ada@example.com"


def test_an_encrypted_assertion_may_use_the_namespaces_around_it():
    answer = Answer()
    bare = re.sub(r' xmlns:\w+="[^"]*"', "", answer.assertion())
    bare = re.sub(r' xsi:type="[^"]*"', "", bare)
    assert "xmlns" not in bare
    assert read(sign(answer.response(encrypt(bare))), believed=trust(encrypted=True)).name_id == "ada@example.com"


def test_an_encrypted_assertion_without_any_signature_is_refused():
    answer = Answer()
    assert flaw_of(answer.response(encrypt(answer.assertion())), believed=trust(encrypted=True)) == "not_signed"


def test_an_encrypted_assertion_signed_by_a_stranger_is_refused():
    answer = Answer()
    inner = encrypt(sign(answer.assertion(), stranger()))
    assert flaw_of(answer.response(inner), believed=trust(encrypted=True)) == "signature"
    assert flaw_of(sign(answer.response(inner)), believed=trust(encrypted=True)) == "signature"


def test_encryption_has_to_be_expected():
    answer = Answer()
    assert flaw_of(answer.response(encrypt(sign(answer.assertion())))) == "not_expected_encrypted"


def test_what_was_encrypted_to_somebody_else_cannot_be_read():
    answer = Answer()
    inner = encrypt(sign(answer.assertion()), key=provider().key)
    assert flaw_of(answer.response(inner), believed=trust(encrypted=True)) == "decryption"


def test_any_key_of_ours_opens_it():
    answer = Answer()
    both = Trust((provider().certificate,), (stranger().key, ours()))
    assert read(answer.response(encrypt(sign(answer.assertion()))), believed=both).id == "_assertion-1"


def test_g8_124_pkcs1_v1_5_key_transport_is_refused_before_it_is_tried():
    answer = Answer()
    inner = encrypt(sign(answer.assertion()), transport="rsa-1_5")
    assert flaw_of(answer.response(inner), believed=trust(encrypted=True)) == "encryption_algorithm"


@pytest.mark.parametrize(
    ("found", "put", "flaw"),
    [
        ("xmlenc11#aes256-gcm", "xmlenc11#aes256-gcm2", "encryption_algorithm"),
        (
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
            "encryption_algorithm",
        ),
        ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm", "decryption"),
        ("<xenc:CipherData>", "<xenc:CipherReference/><xenc:CipherData>", None),
        ("<xenc:CipherValue>", "<xenc:CipherReference URI='file:///etc/passwd'/><xenc:CipherValue>!", "decryption"),
        ("<xenc:CipherData>", "<xenc:Other>", "shape"),
        ("EncryptedKey>", "Encrypted>", "shape"),
        ("EncryptedData", "EncryptedDatum", "shape"),
        ("mgf1sha256", "mgf1md5", "encryption_algorithm"),
    ],
)
def test_encryption_that_is_not_understood_is_refused(found, put, flaw):
    answer = Answer()
    xml = answer.response(encrypt(sign(answer.assertion()), transport="rsa-oaep"))
    closing = put.replace("<xenc:Other>", "</xenc:Other>")
    xml = xml.replace(found, put).replace("</xenc:CipherData>", closing if "Other" in put else "</xenc:CipherData>")
    if flaw is None:
        assert read(xml, believed=trust(encrypted=True)).id == "_assertion-1"  # a reference is not followed
    else:
        assert flaw_of(xml, believed=trust(encrypted=True)) == flaw


def test_g8_118_what_is_decrypted_is_judged_like_anything_else():
    answer = Answer()
    wrapped = f"<saml:Advice>{answer.assertion()}</saml:Advice>"
    for plain, flaw in [
        (sign(Answer(more=wrapped, assertion_id="_evil").assertion()), "assertions"),
        (sign(answer.response(answer.assertion())), "assertions"),
        (sign(answer.assertion()) + sign(answer.assertion()), "decryption"),
        ("</around><around>" + sign(answer.assertion()), "decryption"),
        ("<!DOCTYPE a>" + sign(answer.assertion()), "decryption"),
        ("not xml", "decryption"),
        ("", "decryption"),
    ]:
        assert flaw_of(answer.response(encrypt(plain)), believed=trust(encrypted=True)) == flaw


@pytest.mark.parametrize("mode", ["gcm", "cbc"])
def test_all_ways_in_which_decryption_fails_look_the_same(mode):
    """Somebody who may try many changed texts learns nothing from the answers."""
    answer = Answer()
    details = set()
    for cut in (1, 2, 16, 17, 40, 10_000):
        xml = answer.response(encrypt(sign(answer.assertion()), algorithm=mode))
        found = re.search(r"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>([^<]+)<", xml)
        import base64

        changed = bytearray(base64.b64decode(found[1]))
        changed = changed[:-cut] if cut > 2 else changed[:-1] + bytes([changed[-1] ^ cut])
        with pytest.raises(Failure) as caught:
            read(xml.replace(found[1], base64.b64encode(changed).decode()), believed=trust(encrypted=True))
        details.add(caught.value.detail)
    assert details == {"saml decryption: it cannot be decrypted with any key of ours"}


def test_values_that_are_no_text_are_left_out_and_noted():
    nested = "<saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue>"
    more = (
        f'<saml:AttributeStatement><saml:Attribute Name="nested">{nested}<saml:AttributeValue>plain</saml:AttributeValue>'
        '</saml:Attribute><saml:Attribute Name=""/><saml:Attribute Name="email"><saml:AttributeValue>b@c.d'
        "</saml:AttributeValue></saml:Attribute><saml:EncryptedAttribute/></saml:AttributeStatement>"
    )
    said = read(assertion_signed(more=more))
    assert said.attributes["nested"].values == ("plain",)
    assert said.attributes["email"].values == ("ada@example.com", "b@c.d")
    assert len(said.notes) == 3
    assert said.incomplete >= {"nested", "email", "*"}, "an encrypted attribute may be more of any"


def test_g7_107_attributes_of_which_something_was_left_out_are_named():
    long = f"<saml:AttributeValue>{'x' * 1025}</saml:AttributeValue>"
    more = f'<saml:AttributeStatement><saml:Attribute Name="ou">{long}</saml:Attribute></saml:AttributeStatement>'
    assert read(assertion_signed(more=more)).incomplete == {"ou"}
    assert read(assertion_signed(more=more.replace("ou", ""))).incomplete == {"*"}
    assert read(assertion_signed()).incomplete == frozenset()


def test_five_thousand_groups_work():
    groups = tuple(f"group-{number:05}-with-a-name" for number in range(5000))
    said = read(both_signed(attributes={"groups": groups}))
    assert said.attributes["groups"].values == groups


def test_too_many_attributes_are_refused():
    assert flaw_of(assertion_signed(attributes={f"a{n}": ("x",) for n in range(201)})) == "too_large"
    assert ISSUER
    assert isinstance(provider(), Signer)


def test_what_is_left_out_of_an_assertion_is_missed():
    unnamed = Answer(assertion_issuer="<saml:Subject/>")  # the signer wants a first child
    assert flaw_of(unnamed.response(sign(unnamed.assertion()))) in {"issuer", "shape"}
    answer = Answer()
    undated = answer.assertion().replace(f' IssueInstant="{answer.assertion_issued}"', "")
    assert flaw_of(answer.response(sign(undated))) == "time"
    data = re.sub(r"<saml:SubjectConfirmationData[^>]*/>", "", answer.assertion())
    assert flaw_of(answer.response(sign(data))) == "subject"
    nameless = answer.assertion().replace(answer.assertion_issuer, "")
    assert flaw_of(sign(answer.response(nameless))) == "issuer"


def test_oaep_parameters_are_refused():
    answer = Answer()
    xml = answer.response(encrypt(sign(answer.assertion())))
    method = '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">'
    xml = xml.replace(method, f"{method}<xenc:OAEPparams>AA==</xenc:OAEPparams>")
    assert flaw_of(xml, believed=trust(encrypted=True)) == "encryption_algorithm"
