"""``mtls_certificates`` and ``mtls_settings``: every mistake at its place, all at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from tests.client_certificates.authority import DAY, Authority, name, now
from tests.settings.reading import GOOD, changed, errors_of, refusal_of, settings_of

from doorward.applications import Application
from doorward.client_certificates import ClientAuthorities, ClientAuthority, read_lists
from doorward.policy.model import AccessGroup, Directory, Policy
from doorward.settings import Severity, fingerprint
from doorward.settings.client_authorities import LARGEST, authority, read_files
from doorward.settings.file.client_certificates import MtlsCertificatePart

DEVICES, OTHERS = Authority.make("Devices"), Authority.make("Others")
PART = """\
mtls_certificates:
  - name: Devices
    certificate: devices.pem
    crl: devices.crl
    associated_hostnames: [build.example.com]
mtls_settings:
  - hostname: build.example.com
    client_certificate_forwarding: true
"""
BY_DEVICE = changed("          - everyone: {}\n", "          - certificate: {}\n").replace(
    "        decision: allow\n        include:\n          - certificate",
    "        decision: non_identity\n        include:\n          - certificate",
)
TEXT = BY_DEVICE + PART


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "devices.pem").write_bytes(DEVICES.pem)
    (tmp_path / "others.pem").write_bytes(OTHERS.pem)
    (tmp_path / "devices.crl").write_bytes(DEVICES.revoking())
    (tmp_path / "others.crl").write_bytes(OTHERS.revoking(encoding=Encoding.DER))
    (tmp_path / "nothing.pem").write_bytes(b"nothing")
    (tmp_path / "client.pem").write_bytes(DEVICES.issue().pem)
    return tmp_path


def part(**fields):
    return MtlsCertificatePart.model_validate({"name": "Devices", "certificate": "devices.pem"} | fields)


def read(folder, **fields):
    found = part(**fields)
    return authority(found, read_files(found, folder))


def test_the_file_is_read(folder):
    settings = settings_of(folder, TEXT)
    (found,) = settings.mtls_certificates
    assert (found.name, found.certificate, found.crl) == ("Devices", ("devices.pem",), ("devices.crl",))
    assert found.associated_hostnames == ("build.example.com",)
    assert settings.mtls_settings[0].client_certificate_forwarding
    assert settings.warnings == ()


def test_without_it_there_is_none(folder):
    settings = settings_of(folder, GOOD)
    assert settings.mtls_certificates == settings.mtls_settings == ()


def test_several_files_and_text_as_in_the_api(folder):
    found, faults = read(folder, certificate=["devices.pem", OTHERS.pem.decode()], crl=["devices.crl", "others.crl"])
    assert faults == ()
    assert found.certificates == DEVICES.pem + OTHERS.pem
    assert [one.issuer for one in found.lists] == ["CN=Devices", "CN=Others"]


def test_an_entry_may_be_without_lists_and_hosts(folder):
    assert read(folder, crl=None, associated_hostnames=None)[0].lists == ()


WRONG = {
    "no file": ("certificate: devices.pem", "certificate: missing.pem #!", "mtls_certificates[0].certificate"),
    "no certificate": ("certificate: devices.pem", "certificate: nothing.pem #!", "mtls_certificates[0].certificate"),
    "no authority": ("certificate: devices.pem", "certificate: [devices.pem, client.pem] #!", "mtls_certificates[0].certificate[1]"),
    "nothing": ("certificate: devices.pem", "certificate: [] #!", "mtls_certificates[0].certificate"),
    "empty name": ("certificate: devices.pem", "certificate: ' ' #!", "mtls_certificates[0].certificate"),
    "two lines": ("certificate: devices.pem", 'certificate: "a\\nb" #!', "mtls_certificates[0].certificate"),
    "no list": ("crl: devices.crl", "crl: nothing.pem #!", "mtls_certificates[0].crl"),
    "no list there": ("crl: devices.crl", "crl: [devices.crl, missing.crl] #!", "mtls_certificates[0].crl[1]"),
    "list of another authority": ("crl: devices.crl", "crl: others.crl #!", "mtls_certificates[0].crl"),
    "bad host": ("[build.example.com]", "['*.example.com'] #!", "mtls_certificates[0].associated_hostnames[0]"),
    "team domain": ("[build.example.com]", "[login.example.com] #!", "mtls_certificates[0].associated_hostnames[0]"),
    "unknown field": ("    crl: devices.crl", "    fingerprint: x #!", "mtls_certificates[0].fingerprint"),
    "two of one name": (
        "mtls_settings:",
        "  - {name: Devices, certificate: others.pem, associated_hostnames: [wiki.example.com]} #!\nmtls_settings:",
        "mtls_certificates[1].name",
    ),
    "lists for some": (
        "mtls_settings:",
        "  - {name: Others, certificate: others.pem, associated_hostnames: [build.example.com]} #!\nmtls_settings:",
        "mtls_certificates[1].associated_hostnames[0]",
    ),
    "China": ("    client_certificate_forwarding: true", "    china_network: true #!", "mtls_settings[0].china_network"),
    "two settings": ("  - hostname: build.example.com\n    client", "  - hostname: build.example.com\n  - hostname: build.example.com #!\n    client", "mtls_settings[1].hostname"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_mistake_is_reported_at_its_place(folder, kind):
    old, new, path = WRONG[kind]
    text = changed(old, new, TEXT)
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "#!" in one)
    assert errors_of(folder, text) == [(path, line)]


def test_all_mistakes_are_reported_at_once(folder):
    text = TEXT
    for kind in ("no certificate", "bad host", "China"):
        text = changed(*WRONG[kind][:2], text)
    assert [path for path, _ in errors_of(folder, text)] == [
        WRONG[kind][2] for kind in ("no certificate", "bad host", "China")
    ]


@pytest.mark.parametrize("kind", WRONG)
def test_every_mistake_says_what_would_be_right(folder, kind):
    old, new, _ = WRONG[kind]
    errors = [one for one in refusal_of(folder, changed(old, new, TEXT)).problems if one.severity is Severity.ERROR]
    assert all(error.message and error.hint for error in errors)


WITHOUT_TLS = changed("  https: 443\n  tls: local\n", "  http: 8080\npublic: {scheme: https, port: 443}\n", TEXT)


def warnings_of(folder, text):
    return [(one.path, one.message) for one in settings_of(folder, text).warnings]


def test_without_a_tls_listener_rules_about_certificates_are_warned_of(folder):
    found = dict(warnings_of(folder, WITHOUT_TLS))
    assert set(found) == {"mtls_certificates[0]", "applications[1].policies[1].include[0]"}
    assert all("nobody can show a client certificate" in message for message in found.values())


def test_a_common_name_in_a_group_too(folder):
    text = changed(
        "      - email_domain: {domain: example.com}\n",
        "      - email_domain: {domain: example.com}\n      - common_name: {common_name: x}\n",
        WITHOUT_TLS,
    )
    assert "groups[0].include[1]" in dict(warnings_of(folder, text))


NOT_THERE = {
    "no authority for the host": ("[build.example.com]", "[wiki.example.com]", "applications[1].policies[1]"),
    "settings of another host": ("  - hostname: build.example.com\n    client", "  - hostname: wiki.example.com\n    client", "mtls_settings[0].hostname"),
    "no host": ("    associated_hostnames: [build.example.com]\n", "", "mtls_certificates[0].associated_hostnames"),
    "no application": ("[build.example.com]", "[build.example.com, other.example.com]", "mtls_certificates[0].associated_hostnames[1]"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_THERE)
def test_what_can_never_match_is_warned_of(folder, kind):
    old, new, path = NOT_THERE[kind]
    assert path in dict(warnings_of(folder, changed(old, new, TEXT)))


def test_also_by_a_reusable_policy_and_through_groups(folder):
    text = changed("      - email_domain: {domain: example.com}\n", "      - group: {id: Devices}\n", TEXT)
    text = changed("groups:\n", "groups:\n  - name: Devices\n    include: [{certificate: {}}, {everyone: {}}]\n", text)
    text = changed(
        "      - email_list: {id: Partners}\n",
        "      - email_list: {id: Partners}\n    require: [{certificate: {}}]\n",
        text,
    )
    found = dict(warnings_of(folder, text))
    assert {"applications[0].policies[0]", "applications[0].policies[1]"} <= set(found)


def test_a_group_that_is_not_there_or_leads_back_does_not_confuse_that(folder):
    text = changed("      - email_domain: {domain: example.com}\n", "      - group: {id: Staff}\n", TEXT)
    assert errors_of(folder, text)
    text = changed("group: {id: Staff}", "group: {id: Gone}", TEXT)
    assert errors_of(folder, text)


def test_service_policies_may_ask_for_certificates(folder):
    text = changed("certificate: {}", "common_name: {common_name: x}", TEXT)
    assert settings_of(folder, text).warnings == ()


def test_a_file_that_is_too_large_is_refused(folder):
    with (folder / "devices.crl").open("wb") as file:
        file.truncate(LARGEST + 1)
    _, (fault,) = read(folder, crl="devices.crl")
    assert (fault.place, "larger than 32 MiB" in fault.message) == (("crl", 0), True)


def certificate(*extensions):
    builder = (
        x509.CertificateBuilder().subject_name(name("Odd")).issuer_name(name("Odd")).public_key(DEVICES.key.public_key())
        .serial_number(5).not_valid_before(now() - DAY).not_valid_after(now() + DAY)
    )  # fmt: skip
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(DEVICES.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def usage(*, signs):
    values = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    return x509.KeyUsage(**values, key_cert_sign=signs)


@pytest.mark.parametrize(
    ("extensions", "fit"),
    [
        ([], False),
        ([x509.BasicConstraints(ca=False, path_length=None)], False),
        ([x509.BasicConstraints(ca=True, path_length=None)], True),
        ([x509.BasicConstraints(ca=True, path_length=None), usage(signs=True)], True),
        ([x509.BasicConstraints(ca=True, path_length=None), usage(signs=False)], False),
    ],
)
def test_only_who_may_sign_certificates_is_an_authority(folder, extensions, fit):
    found, faults = read(folder, certificate=certificate(*extensions))
    assert (found is not None, bool(faults)) == (fit, not fit)


def test_an_allow_policy_that_only_wants_a_certificate_is_warned_of(folder):
    text = changed("        decision: non_identity\n", "        decision: allow\n", TEXT)
    assert dict(warnings_of(folder, text)) == {
        "applications[1].policies[1].include[0]": "whoever shows such a certificate and can sign in with any account enters"
    }


def policies(*rules):
    return tuple(
        Policy.model_validate({"id": f"p{index}", "name": "p", "decision": "non_identity", "include": [rule]})
        for index, rule in enumerate(rules)
    )


def application(*rules, domain="here.test"):
    return Application(id="a", aud="0" * 64, name="a", domain=domain, policies=policies(*rules))


def test_who_vouches_is_one_of_the_rules_where_a_certificate_is_asked_for():
    nobody = ClientAuthorities()
    some = [ClientAuthority("a", ("here.test",), DEVICES.pem)]
    listed = [replace(some[0], lists=read_lists(DEVICES.revoking(DEVICES.issue()), [DEVICES.certificate]))]
    others = [ClientAuthority("a", ("here.test",), OTHERS.pem)]
    devices = AccessGroup.model_validate({"id": "g", "name": "g", "include": [{"common_name": {"common_name": "x"}}]})
    among = Directory(groups={"g": devices})

    def marks(app):
        return [
            fingerprint(app, among, (), one) for one in (nobody, *map(ClientAuthorities.of, (some, listed, others)))
        ]

    for rule in ({"certificate": {}}, {"common_name": {"common_name": "x"}}, {"group": {"id": "g"}}):
        assert len(set(marks(application(rule)))) == 4
        assert len(set(marks(application(rule, domain="*.test")))) == 4
        assert len(set(marks(application(rule, domain="there.test")))) == 1
    assert len(set(marks(application({"everyone": {}})))) == 1
    assert fingerprint(application({"certificate": {}}), among, ()) == marks(application({"certificate": {}}))[0]


def test_a_list_that_is_renewed_without_a_change_is_no_change():
    lists = [read_lists(DEVICES.revoking(days=days), [DEVICES.certificate]) for days in (3, 9)]
    first, second = (ClientAuthorities.of([ClientAuthority("a", ("here.test",), DEVICES.pem, one)]) for one in lists)
    app = application({"certificate": {}})
    assert fingerprint(app, Directory(), (), first) == fingerprint(app, Directory(), (), second)
