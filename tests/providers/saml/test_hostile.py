"""The corpus of hostile responses (docs/attacks.md, G8). Each is refused, by the reason it deserves, and names nobody."""

from __future__ import annotations

import copy
import re
import subprocess
import sys

import pytest
import signxml
from lxml import etree
from tests.providers.saml.idp import (
    DS,
    EXPECTED,
    NAMESPACES,
    SAML,
    Answer,
    assertion_signed,
    both_signed,
    encoded,
    encrypt,
    provider,
    response_signed,
    sign,
    stranger,
    trust,
)

from doorward.providers.failure import Failure
from doorward.providers.saml.document import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, parser
from doorward.providers.saml.response import Trust, read_response

SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"


def flaw_of(xml, believed=None) -> str:
    with pytest.raises(Failure) as caught:
        read_response(encoded(xml), EXPECTED, believed or trust())
    found = re.match(r"saml ([a-z_]+): ", caught.value.detail)
    assert found is not None, caught.value.detail
    return found[1]


def tree(xml: str) -> etree._Element:
    return etree.fromstring(xml, parser())


def text(root: etree._Element) -> str:
    return etree.tostring(root).decode()


def evil(root: etree._Element, **ids: str) -> etree._Element:
    """A copy that names the administrator instead, without a signature, with other ids."""
    twin = copy.deepcopy(root)
    for found in list(twin.iter(f"{DS}Signature")):
        found.getparent().remove(found)
    for name in twin.iter(f"{SAML}NameID"):
        name.text = "admin@example.com"
    for found in twin.iter(f"{SAML}Assertion", f"{SAMLP}Response"):
        found.set("ID", ids.get(etree.QName(found).localname, "_evil-" + found.get("ID")))
    return twin


def xsw1() -> str:
    """The signed response inside the signature of an evil one."""
    signed = tree(response_signed())
    outer = evil(signed)
    signature = next(signed.iter(f"{DS}Signature"))
    detached = copy.deepcopy(signature)
    original = copy.deepcopy(signed)
    original.remove(next(original.iter(f"{DS}Signature")))
    detached.append(original)
    outer.insert(1, detached)
    return text(outer)


def xsw2() -> str:
    """The signed response before a detached signature in an evil one."""
    signed = tree(response_signed())
    outer = evil(signed)
    signature = copy.deepcopy(next(signed.iter(f"{DS}Signature")))
    original = copy.deepcopy(signed)
    original.remove(next(original.iter(f"{DS}Signature")))
    outer.insert(1, original)
    outer.insert(2, signature)
    return text(outer)


def assertions(place) -> str:
    signed = tree(assertion_signed())
    original = next(signed.iter(f"{SAML}Assertion"))
    place(signed, original, evil(original))
    return text(signed)


def xsw3() -> str:
    """An evil assertion before the signed one."""
    return assertions(lambda root, original, forged: original.addprevious(forged))


def xsw4() -> str:
    """The signed assertion inside an evil one."""

    def place(root, original, forged):
        root.replace(original, forged)
        forged.append(original)

    return assertions(place)


def xsw5() -> str:
    """The signature moved into an evil assertion, the original behind it."""

    def place(root, original, forged):
        forged.insert(1, next(original.iter(f"{DS}Signature")))
        root.replace(original, forged)
        root.append(original)

    return assertions(place)


def xsw6() -> str:
    """The original inside the signature inside an evil assertion."""

    def place(root, original, forged):
        signature = next(original.iter(f"{DS}Signature"))
        root.replace(original, forged)
        forged.insert(1, signature)
        signature.append(original)

    return assertions(place)


def xsw7() -> str:
    """An evil assertion in the extensions."""

    def place(root, original, forged):
        extensions = etree.Element(f"{SAMLP}Extensions")
        extensions.append(forged)
        root.insert(1, extensions)

    return assertions(place)


def xsw8() -> str:
    """The original in an object of the signature of an evil assertion."""

    def place(root, original, forged):
        signature = next(original.iter(f"{DS}Signature"))
        root.replace(original, forged)
        forged.insert(1, signature)
        holder = etree.SubElement(signature, f"{DS}Object")
        holder.append(original)

    return assertions(place)


WRAPPED = [
    (xsw1, "assertions"), (xsw2, "shape"), (xsw3, "assertions"), (xsw4, "assertions"), (xsw5, "assertions"),
    (xsw6, "assertions"), (xsw7, "assertions"), (xsw8, "assertions"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "flaw"), WRAPPED, ids=lambda value: getattr(value, "__name__", None))
def test_g8_118_signature_wrapping_is_refused(make, flaw):
    assert "admin@example.com" in make()
    assert flaw_of(make()) == flaw


@pytest.mark.parametrize("name", ["Assertion", "EncryptedAssertion"])
@pytest.mark.parametrize("namespace", ["", "urn:x", "urn:oasis:names:tc:SAML:1.0:assertion"])
def test_g8_118_an_assertion_of_any_namespace_is_a_second_one(name, namespace):
    other = f'<x:{name} xmlns:x="{namespace}"/>' if namespace else f"<{name}/>"
    extensions = f"<samlp:Extensions>{other}</samlp:Extensions>"
    assert flaw_of(assertion_signed(beside=extensions)) == "assertions"
    assert flaw_of(assertion_signed(beside=other)) in {"shape", "assertions"}


def test_g8_118_a_signature_that_stands_elsewhere_does_not_count():
    signed = tree(assertion_signed())
    found = next(signed.iter(f"{DS}Signature"))
    subject = next(signed.iter(f"{SAML}Subject"))
    found.getparent().remove(found)
    subject.append(found)
    assert flaw_of(text(signed)) == "signature_place"


def test_g8_118_the_signature_of_the_assertion_does_not_count_for_the_response():
    signed = tree(assertion_signed())
    found = next(signed.iter(f"{DS}Signature"))
    signed.insert(1, found)
    assert flaw_of(text(signed)) == "signature_form"


def test_g8_118_only_what_was_signed_is_read():
    """Around a signed assertion anything may stand that its place allows; nothing of it becomes part of the identity."""
    beside = "<samlp:Extensions><saml:Attribute Name='groups'/><saml:NameID>admin@example.com</saml:NameID></samlp:Extensions>"
    said = read_response(encoded(assertion_signed(beside=beside)), EXPECTED, trust())
    assert said.name_id == "ada@example.com"
    assert said.attributes["groups"].values == ("staff", "engineering")


def test_g8_119_two_signed_assertions_are_refused():
    first = sign(Answer().assertion())
    second = sign(Answer(assertion_id="_assertion-2", name_id="bob@example.com").assertion())
    assert flaw_of(Answer().response(first + second)) == "assertions"
    assert flaw_of(sign(Answer().response(first + second))) == "assertions"


def test_g8_119_an_unsigned_assertion_beside_an_encrypted_signed_one_is_refused():
    answer = Answer()
    both = encrypt(sign(answer.assertion())) + Answer(assertion_id="_evil", name_id="admin@example.com").assertion()
    assert flaw_of(answer.response(both), trust(encrypted=True)) == "assertions"


def test_g8_119_an_encrypted_assertion_cannot_be_swapped_in_a_signed_response():
    answer = Answer()
    signed = tree(sign(answer.response(encrypt(answer.assertion()))))
    forged = tree(encrypt(Answer(name_id="admin@example.com").assertion()))
    signed.replace(next(signed.iter(f"{SAML}EncryptedAssertion")), forged)
    assert flaw_of(text(signed), trust(encrypted=True)) == "signature"


def test_g8_119_a_signed_response_with_the_signature_cut_off_is_refused():
    signed = tree(response_signed())
    signed.remove(next(signed.iter(f"{DS}Signature")))
    assert flaw_of(text(signed)) == "not_signed"


@pytest.mark.parametrize(
    "name",
    ["ada@example.com<!---->.evil.test", "admin@example.com<!-- x -->", "<![CDATA[ada@example.com]]>", "ada<?x?>"],
)
@pytest.mark.parametrize("make", [assertion_signed, response_signed])
def test_g8_120_a_comment_or_the_like_in_a_name_is_refused(make, name):
    xml = make().replace("ada@example.com", name)
    assert flaw_of(xml) == "forbidden_markup"


def test_g8_120_a_comment_put_in_afterwards_is_refused_although_the_signature_would_hold():
    xml = assertion_signed(name_id="ada@example.com.evil.test")
    changed = xml.replace("ada@example.com.evil.test", "ada@example.com<!---->.evil.test")
    assert signxml.XMLVerifier().verify(
        text(next(tree(changed).iter(f"{SAML}Assertion"))),
        x509_cert=provider().certificate,
        id_attribute="ID",
        expect_config=signxml.SignatureConfiguration(location="./", verification_time=_moment()),
    )
    assert flaw_of(changed) == "forbidden_markup"


def _moment():
    from datetime import UTC, datetime

    return datetime.fromtimestamp(EXPECTED.now, tz=UTC)


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE samlp:Response>",
        '<!DOCTYPE r [<!ENTITY a "ada@example.com">]>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE r [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
        '<!DOCTYPE r [<!ATTLIST samlp:Response ID CDATA "_assertion-1">]>',
        "<!-- -->",
        "<?xml-stylesheet href='x'?>",
        "<?xml version='1.0'?><?x?>",
    ],
)
def test_g8_121_document_types_entities_and_instructions_are_refused(head):
    assert flaw_of(head + assertion_signed()) == "forbidden_markup"


def test_g8_127_billion_laughs_are_refused_before_they_are_read():
    laughs = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    assert flaw_of(f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]><r>&l9;</r>') == "forbidden_markup"


@pytest.mark.parametrize("declaration", ["<?xml version='1.0'?>", '<?xml version="1.0" encoding="UTF-8"?>\n'])
def test_an_ordinary_xml_declaration_is_fine(declaration):
    assert read_response(encoded(declaration + assertion_signed()), EXPECTED, trust()).id == "_assertion-1"


@pytest.mark.parametrize(
    ("encoding", "flaw"),
    [
        ("utf-16", {"not_xml"}),
        ("utf-16-be", {"not_xml"}),
        ("utf-32", {"not_xml"}),
        ("utf-7", {"not_xml", "no_response"}),
    ],
)
def test_g8_121_other_encodings_are_refused(encoding, flaw):
    hidden = '<?xml version="1.0" encoding="' + encoding + '"?><!DOCTYPE r><r/>'
    assert flaw_of(hidden.encode(encoding)) in flaw | {"forbidden_markup"}


def test_g8_121_a_declared_encoding_that_is_not_utf8_is_refused():
    assert flaw_of('<?xml version="1.0" encoding="utf-7"?>' + assertion_signed()) == "forbidden_markup"
    assert flaw_of(b"\xff\xfe" + assertion_signed().encode()) == "not_xml"


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<",
        "<a>",
        "<a/><b/>",
        "<a>&b;</a>",
        "<a b='1' b='2'/>",
        "<a>\x00</a>",
        "<a>&#0;</a>",
        "<x:a/>",
        "{}",
        "a" * 100,
    ],
)
def test_g8_121_what_is_not_well_formed_is_refused(xml):
    assert flaw_of(xml or " ") == "not_xml"


@pytest.mark.parametrize(
    "xml",
    [
        "<Response/>",
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol"/>',
        f"<saml:Assertion {NAMESPACES}/>",
        f"<samlp:LogoutRequest {NAMESPACES}/>",
        f"<samlp:ArtifactResponse {NAMESPACES}/>",
    ],
)
def test_g8_126_anything_but_a_response_is_refused(xml):
    assert flaw_of(xml) == "shape"


def test_g8_126_a_signed_assertion_alone_is_no_response():
    assert flaw_of(sign(Answer().assertion())) == "shape"


def test_g8_124_the_key_in_the_document_is_not_believed():
    xml = assertion_signed(by=stranger())
    assert "X509Certificate" in xml
    assert flaw_of(xml) == "signature"


def test_g8_124_the_providers_certificate_beside_a_strangers_signature_is_not_believed():
    xml = assertion_signed(by=stranger())
    own = "".join(stranger().pem.splitlines()[1:-1])
    theirs = "".join(provider().pem.splitlines()[1:-1])
    swapped = re.sub(r"(<ds:X509Certificate>)[^<]*", lambda found: found[1] + theirs, xml)
    assert own not in swapped.replace("\n", "")
    assert flaw_of(swapped) == "signature"


@pytest.mark.parametrize("content", ["", "<ds:KeyName>x</ds:KeyName>", '<x:y xmlns:x="urn:x"/>'])
def test_g8_124_what_key_info_says_does_not_matter(content):
    xml = re.sub(
        r"<ds:KeyInfo>.*?</ds:KeyInfo>", f"<ds:KeyInfo>{content}</ds:KeyInfo>", assertion_signed(), flags=re.DOTALL
    )
    assert read_response(encoded(xml), EXPECTED, trust()).id == "_assertion-1"


def altered(found: str, put: str) -> str:
    xml = assertion_signed()
    assert found in xml
    return xml.replace(found, put, 1)


ALGORITHMS = [
    ("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", ""),
    ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
    ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#md5"),
]


@pytest.mark.parametrize(("found", "put"), ALGORITHMS)
def test_g8_124_weak_and_symmetric_algorithms_are_refused(found, put):
    assert flaw_of(altered(found, put)) == "signature_algorithm"


def test_g8_124_a_signature_by_the_certificate_as_a_shared_secret_is_refused():
    root = tree(Answer().assertion())
    maker = signxml.XMLSigner(
        signature_algorithm="hmac-sha256", c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"
    )
    root.insert(1, etree.Element(f"{DS}Signature", {"Id": "placeholder"}))
    signed = maker.sign(root, key=provider().pem, reference_uri=root.get("ID"), id_attribute="ID")
    assert flaw_of(Answer().response(text(signed))) == "signature_algorithm"


def test_g8_124_sha1_in_earnest_is_refused():
    class Old(signxml.XMLSigner):
        def check_deprecated_methods(self):
            pass

    root = tree(Answer().assertion())
    root.insert(1, etree.Element(f"{DS}Signature", {"Id": "placeholder"}))
    maker = Old(
        signature_algorithm="rsa-sha1",
        digest_algorithm="sha1",
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    signed = maker.sign(
        root, key=provider().key, cert=[provider().certificate], reference_uri="_assertion-1", id_attribute="ID"
    )
    assert flaw_of(Answer().response(text(signed))) == "signature_algorithm"


TRANSFORMS = [
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "http://www.w3.org/2002/06/xmldsig-filter2",
    "http://www.w3.org/2000/09/xmldsig#base64",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
]


@pytest.mark.parametrize("algorithm", TRANSFORMS)
def test_g8_124_other_transforms_are_refused(algorithm):
    extra = f'<ds:Transform Algorithm="{algorithm}"/></ds:Transforms>'
    assert flaw_of(altered("</ds:Transforms>", extra)) == "signature_form"
    plain = '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    if "enveloped" not in algorithm:
        assert flaw_of(altered(plain, f'<ds:Transform Algorithm="{algorithm}"/>')) == "signature_form"


@pytest.mark.parametrize("content", ['<ds:XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">1</ds:XPath>', "<x/>"])
def test_g8_124_transforms_with_content_are_refused(content):
    enveloped = '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
    assert flaw_of(altered(enveloped, f"{enveloped[:-2]}>{content}</ds:Transform>")) == "signature_form"
    exclusive = '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    assert flaw_of(altered(exclusive, f"{exclusive[:-2]}>{content}</ds:Transform>")) == "signature_form"


def test_a_short_list_of_prefixes_is_fine_and_a_long_one_is_not():
    answer = Answer()
    reference = [signxml.SignatureReference(URI="_assertion-1", inclusive_ns_prefixes=[])]
    short = answer.response(sign(answer.assertion(), reference=reference, inclusive_ns_prefixes=["xs", "xsi"]))
    assert "PrefixList" in short
    assert read_response(encoded(short), EXPECTED, trust()).id == "_assertion-1"
    assert flaw_of(short.replace('PrefixList="xs xsi"', f'PrefixList="{"a " * 200}"')) == "signature_form"


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ('URI="#_assertion-1"', 'URI=""'),
        ('URI="#_assertion-1"', ""),
        ('URI="#_assertion-1"', 'URI="#_response-1"'),
        ('URI="#_assertion-1"', "URI=\"#xpointer(id('_assertion-1'))\""),
        ('URI="#_assertion-1"', 'URI="http://127.0.0.1:1/"'),
        ('URI="#_assertion-1"', 'URI="file:///etc/passwd"'),
        ("</ds:SignedInfo>", "<ds:Reference/></ds:SignedInfo>"),
        ("</ds:SignatureValue>", "</ds:SignatureValue><ds:SignatureValue>AA==</ds:SignatureValue>"),
        ("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object/>"),
        ("</ds:KeyInfo>", "</ds:KeyInfo><ds:KeyInfo/>"),
        ('CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"',
         'CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"'),
        ("<ds:DigestValue>", "<ds:DigestValue/><ds:DigestValue>"),
    ],
)  # fmt: skip
def test_g8_125_one_reference_to_the_element_itself_and_nothing_else(found, put):
    assert flaw_of(altered(found, put)) == "signature_form"


def test_g8_125_two_references_both_right_are_refused():
    signed = tree(assertion_signed())
    reference = next(signed.iter(f"{DS}Reference"))
    reference.addnext(copy.deepcopy(reference))
    assert flaw_of(text(signed)) == "signature_form"


def test_g8_125_two_signatures_on_one_element_are_refused():
    signed = tree(assertion_signed())
    found = next(signed.iter(f"{DS}Signature"))
    found.addnext(copy.deepcopy(found))
    assert flaw_of(text(signed)) == "shape"


@pytest.mark.parametrize("name", ["ID", "Id", "id", "xml:id"])
def test_g8_125_an_id_that_stands_there_twice_is_refused(name):
    xml = both_signed().replace("<saml:Subject>", f'<saml:Subject {name}="_assertion-1">', 1)
    assert flaw_of(xml) == "duplicate_id"


def test_g8_125_response_and_assertion_of_one_id_are_refused():
    assert flaw_of(assertion_signed(assertion_id="_response-1")) == "duplicate_id"


@pytest.mark.parametrize("place", ["samlp:Response", "saml:Assertion"])
def test_g8_125_an_element_without_id_has_no_signature_that_counts(place):
    xml = re.sub(rf'(<{place}[^>]*) ID="[^"]*"', r"\1", both_signed(), count=1)
    assert flaw_of(xml) == "signature_form"


def test_g8_127_a_document_that_is_too_large_is_refused_before_it_is_read():
    filler = f"<samlp:Extensions>{'x' * MAX_BYTES}</samlp:Extensions>"
    assert flaw_of(assertion_signed(beside=filler)) == "too_large"


def test_g8_127_too_many_elements_are_refused_before_they_are_read():
    filler = f"<samlp:Extensions>{'<a></a>' * (MAX_ELEMENTS + 1)}</samlp:Extensions>"
    assert flaw_of(assertion_signed(beside=filler)) == "too_large"


@pytest.mark.parametrize(("levels", "fine"), [(MAX_DEPTH - 2, True), (MAX_DEPTH - 1, False), (3000, False)])
def test_g8_127_too_deep_a_document_is_refused(levels, fine):
    filler = f"<samlp:Extensions>{'<a>' * levels}{'</a>' * levels}</samlp:Extensions>"
    xml = assertion_signed().replace("</samlp:Status>", "</samlp:Status>" + filler)
    if fine:
        assert read_response(encoded(xml), EXPECTED, trust()).id == "_assertion-1"
    else:
        assert flaw_of(xml) in {"too_large", "not_xml"}


def test_g8_127_too_many_attributes_or_namespaces_are_refused():
    many = " ".join(f'a{n}="x"' for n in range(40))
    assert flaw_of(assertion_signed(beside=f"<samlp:Extensions {many}/>")) == "too_large"
    many = " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(60))
    assert flaw_of(assertion_signed(beside=f"<samlp:Extensions {many}/>")) == "too_large"


def test_g8_127_base64_that_is_too_long_is_not_even_decoded():
    with pytest.raises(Failure, match="saml too_large"):
        read_response("A" * (2 * MAX_BYTES), EXPECTED, trust())


def test_g8_118_unknown_elements_in_response_or_assertion_are_refused():
    assert flaw_of(assertion_signed(beside="<saml:Subject/>")) == "shape"
    assert flaw_of(assertion_signed(more="<x/>")) == "shape"


def test_g8_118_a_second_subject_or_conditions_has_no_meaning():
    assert flaw_of(assertion_signed(more="<saml:Subject/>")) == "shape"
    assert flaw_of(assertion_signed(more="<saml:Conditions/>")) == "shape"


def test_no_certificate_at_all_means_nobody():
    assert flaw_of(assertion_signed(), Trust(())) == "certificate"


def test_g8_129_python_without_assertions_changes_nothing():
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.providers.saml.test_hostile import *\n"
        "from tests.providers.saml.idp import *\n"
        "for make, _ in WRAPPED + [(lambda: Answer().response(Answer().assertion()), 0), (lambda: assertion_signed(by=stranger()), 0)]:\n"
        "    try:\n        read_response(encoded(make()), EXPECTED, trust())\n"
        "    except Failure:\n        print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["refused"] * (len(WRAPPED) + 2)
