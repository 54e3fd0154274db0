"""Names become ids, everywhere, and fingerprints notice what matters."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.settings.reading import GOOD, changed, settings_of

from doorward.policy.rules import GroupRule, IpList, LoginMethod, Oidc, Saml
from doorward.settings import fingerprint, names, resolve

ACCOUNT = "0" * 32


@dataclass(frozen=True)
class Identity:
    id: str
    aud: str | None


def identities(settings):
    """An id made from kind and name, so that tests can tell which is which."""
    return {
        kind: {name: Identity(f"{kind}:{name}", f"{index:064x}" if kind == "application" else None)
               for index, name in enumerate(listed)}
        for kind, listed in names(settings).items()
    }  # fmt: skip


def resolved(folder, text=GOOD, not_before=None):
    settings = settings_of(folder, text)
    return resolve(settings, identities(settings), ACCOUNT, not_before or {})


def test_everything_with_an_identity_is_named(tmp_path):
    listed = names(settings_of(tmp_path))
    assert {kind: len(set(found)) for kind, found in listed.items()} == {
        "application": 2, "group": 1, "identity_provider": 2, "list": 2, "policy": 4,
        "service_token": 0,
    }  # fmt: skip


def test_policies_of_the_same_name_in_two_applications_are_two(tmp_path):
    settings = settings_of(tmp_path, changed("name: Staff only", "name: Office"))
    assert len(set(names(settings)["policy"])) == 4


def test_applications_come_out_complete(tmp_path):
    wiki, build = resolved(tmp_path, not_before={"application:Wiki": 7}).applications
    assert (wiki.id, wiki.aud, wiki.not_before) == ("application:Wiki", f"{0:064x}", 7)
    assert (build.id, build.aud, build.not_before) == ("application:Build", f"{1:064x}", 0)
    assert (wiki.domain, wiki.self_hosted_domains) == ("wiki.example.com", ("wiki.example.com",))
    assert build.allowed_idps == ("identity_provider:Company",)
    assert [policy.name for policy in wiki.policies] == ["Partners may", "Staff only"]
    assert wiki.policies[0].id == "policy:Partners may"
    assert wiki.policies[1].id.endswith("Staff only")
    assert wiki.policies[1].id.startswith("policy:Wiki")


def test_references_in_rules_become_ids(tmp_path):
    result = resolved(tmp_path)
    staff = result.applications[0].policies[1]
    assert staff.include[0] == GroupRule.model_validate({"group": {"id": "group:Staff"}})
    assert staff.require[0] == LoginMethod.model_validate({"login_method": {"id": "identity_provider:Company"}})
    office = result.applications[1].policies[0].include[0]
    assert office == IpList.model_validate({"ip_list": {"id": "list:Office"}})
    assert set(result.directory.groups) == {"group:Staff"}
    assert result.directory.lists["list:Partners"].emails == {"ann@partner.example"}
    assert str(result.directory.lists["list:Office"].networks[0]) == "192.0.2.0/24"


@pytest.mark.parametrize(
    ("rule", "kind", "field"),
    [
        ("oidc: {claim_name: a, claim_value: b, identity_provider_id: Company}", Oidc, "oidc"),
        ("saml: {attribute_name: a, attribute_value: b, identity_provider_id: Company}", Saml, "saml"),
    ],
)
def test_rules_about_one_provider_name_its_id(tmp_path, rule, kind, field):
    result = resolved(tmp_path, changed("- everyone: {}", f"- {rule}"))
    found = result.applications[1].policies[1].include[0]
    assert isinstance(found, kind)
    assert getattr(found, field).identity_provider_id == "identity_provider:Company"


def test_ids_of_the_file_win_and_may_be_referred_to(tmp_path):
    uuid = "5f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10"
    text = changed("  - name: Staff\n", f"  - name: Staff\n    id: {uuid}\n")
    text = changed("group: {id: Staff}", f"group: {{id: {uuid}}}", text)
    text = changed("  - name: Wiki\n", f"  - name: Wiki\n    aud: {'AB' * 32}\n    id: {uuid}\n", text)
    result = resolved(tmp_path, text)
    assert set(result.directory.groups) == {uuid}
    assert result.applications[0].policies[1].include[0].group.id == uuid
    assert (result.applications[0].id, result.applications[0].aud) == (uuid, "ab" * 32)


def test_a_reusable_policy_may_be_named_by_its_id(tmp_path):
    uuid = "5f0c7c3e-1a7b-4a3e-9c55-0d2f5b8a1e10"
    text = changed("  - name: Partners may\n", f"  - name: Partners may\n    id: {uuid}\n")
    text = changed("      - Partners may\n", f"      - {uuid}\n", text)
    assert resolved(tmp_path, text).applications[0].policies[0].id == uuid


def test_providers_get_their_configuration_with_the_secret(tmp_path):
    result = resolved(tmp_path)
    assert list(result.identity_providers) == ["identity_provider:Company", "identity_provider:Code"]
    company, code = result.identity_providers.values()
    assert (company.type, company.config["client_secret"]) == ("oidc", "correct-horse-battery")
    assert company.config["pkce_enabled"] is True
    assert "require_email_verified" not in company.config
    assert "correct-horse" not in repr(company)
    assert (code.type, code.config) == ("onetimepin", {})


def test_the_organization_has_the_public_address(tmp_path):
    organization = resolved(tmp_path).organization
    assert (organization.id, organization.issuer) == (ACCOUNT, "https://login.example.com")


def test_origins_are_carried_over(tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"x")
    text = changed(
        "service: https://10.0.0.13",
        "service: https://10.0.0.13\n    path: /x/\n"
        "    originRequest: {caPool: ca.pem, connectTimeout: 5s, noTLSVerify: true, http2Origin: true}",
    )
    text = changed("    domain: build.example.com", "    domain: build.example.com/x", text)
    wiki, build = resolved(tmp_path, text).ingress
    assert (wiki.hostname, wiki.path, wiki.service) == ("wiki.example.com", "", "http://10.0.0.12:8080")
    assert (build.path, build.originRequest.caPool) == ("/x", str(tmp_path / "ca.pem"))
    assert build.originRequest.connectTimeout.total_seconds() == 5
    assert (build.originRequest.noTLSVerify, build.originRequest.http2Origin) == (True, True)


def prints(folder, text):
    result = resolved(folder, text)
    return [
        fingerprint(application, result.directory, result.identity_providers) for application in result.applications
    ]


@pytest.mark.parametrize(
    ("old", "new", "which"),
    [
        ("{domain: example.com}", "{domain: example.org}", {0}),
        ("[192.0.2.0/24]", "[192.0.2.0/25]", {1}),
        ("[Ann@Partner.example]", "[bob@partner.example]", {0}),
        ("    allowed_idps: [Company]\n", "    allowed_idps: [Company, Code]\n", {1}),
        ("        decision: bypass\n", "        decision: deny\n", {1}),
        ("session_duration: 8h", "session_duration: 9h", set()),
        ("  name: Example", "  name: Other", set()),
        ("https://10.0.0.13", "https://10.0.0.14", set()),
    ],
)
def test_a_fingerprint_changes_with_the_rules_and_only_with_them(tmp_path, old, new, which):
    before, after = prints(tmp_path, GOOD), prints(tmp_path, changed(old, new))
    assert {index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]} == which


def test_a_fingerprint_reaches_through_nested_groups(tmp_path):
    nested = changed("groups:\n", "groups:\n  - name: Inner\n    include: [{email_domain: {domain: a.example}}]\n")
    nested = changed("- email_domain: {domain: example.com}", "- group: {id: Inner}", nested)
    other = changed("{domain: a.example}", "{domain: b.example}", nested)
    assert prints(tmp_path, nested)[0] != prints(tmp_path, other)[0]
    assert prints(tmp_path, nested)[1] == prints(tmp_path, other)[1]


def test_the_order_of_a_list_of_addresses_does_not_matter(tmp_path):
    one = changed("[Ann@Partner.example]", "[a@x.example, b@x.example, c@x.example]")
    two = changed("[Ann@Partner.example]", "[c@x.example, b@x.example, a@x.example]")
    assert prints(tmp_path, one) == prints(tmp_path, two)


def test_a_provider_that_is_removed_changes_the_fingerprint_of_those_who_took_it(tmp_path):
    result = resolved(tmp_path, GOOD)
    removed = dict(result.identity_providers)
    gone, _ = removed.popitem()
    for application in result.applications:
        before = fingerprint(application, result.directory, result.identity_providers)
        after = fingerprint(application, result.directory, removed)
        assert (before != after) == (not application.allowed_idps or gone in application.allowed_idps)


def test_a_fingerprint_is_the_same_every_time(tmp_path):
    assert prints(tmp_path, GOOD) == prints(tmp_path, GOOD)
