"""``approval_groups`` and the purpose fields in the file (access.md 4.3)."""

from __future__ import annotations

import pytest
from tests.settings.reading import ENVIRON, GOOD, InvalidConfiguration, write

from doorward.policy.approval import ApprovalGroup
from doorward.settings import Severity, fingerprint, load, names, resolve
from doorward.store.objects import ObjectId

POLICY = """\
policies:
  - name: Partners may
    decision: allow
    include:
      - email_list: {id: Partners}
"""
BOSS = "[{approvals_needed: 1, email_addresses: [Boss@Example.com, '@Partner.example']}]"


def read(path):
    return load(path, ENVIRON)


def problems(path):
    with pytest.raises(InvalidConfiguration) as caught:
        read(path)
    return [one for one in caught.value.problems if one.severity is Severity.ERROR]


def file(tmp_path, *lines, text=GOOD):
    assert POLICY in text
    return write(tmp_path, text.replace(POLICY, POLICY + "".join(f"    {line}\n" for line in lines)))


def approved(tmp_path, groups=BOSS, *more, text=GOOD):
    return file(
        tmp_path, "purpose_justification_required: true", "approval_required: true", f"approval_groups: {groups}", *more,
        text=text,
    )  # fmt: skip


def resolved(settings):
    ids = {
        kind: {name: ObjectId(f"{kind}-{name}", "a" * 64) for name in wanted}
        for kind, wanted in names(settings).items()
    }
    return resolve(settings, ids, "0" * 32, {})


def policy(settings):
    return resolved(settings).applications[0].policies[0]


def test_without_a_word_nothing_is_asked(tmp_path):
    found = policy(read(file(tmp_path)))
    assert (found.purpose_justification_required, found.approval_required, found.approval_groups) == (False, False, ())


def test_all_fields_are_those_of_the_api(tmp_path):
    groups = "[{approvals_needed: 1, email_addresses: [Boss@Example.com, '@Partner.example']}, {approvals_needed: 1, email_list_uuid: Partners}]"
    found = policy(read(approved(tmp_path, groups, "purpose_justification_prompt: Which ticket?")))
    assert found.purpose_justification_required
    assert found.purpose_justification_prompt == "Which ticket?"
    assert found.approval_required
    assert found.approval_groups == (
        ApprovalGroup(approvals_needed=1, email_addresses=("boss@example.com", "@partner.example")),
        ApprovalGroup(approvals_needed=1, email_list_uuid="list-Partners"),
    )


def test_a_reason_alone_needs_no_approvers(tmp_path):
    assert policy(read(file(tmp_path, "purpose_justification_required: true"))).purpose_justification_required


@pytest.mark.parametrize(
    ("lines", "path", "message"),
    [
        (("approval_required: true", f"approval_groups: {BOSS}"), "approval_required", "needs a reason"),
        (("purpose_justification_required: true", "approval_required: true"), "approval_groups", "nobody is asked"),
    ],
)
def test_half_of_it_is_refused(tmp_path, lines, path, message):
    (found,) = problems(file(tmp_path, *lines))
    assert found.path == f"policies[0].{path}"
    assert message in found.message


@pytest.mark.parametrize(
    ("groups", "path", "message"),
    [
        ("[{approvals_needed: 0, email_addresses: [boss@example.com]}]", "approval_groups", "nobody is asked"),
        ("[{approvals_needed: 2, email_addresses: [boss@example.com, BOSS@example.com]}]", "approval_groups[0].approvals_needed", "the group has 1"),
        ("[{approvals_needed: 2, email_list_uuid: Partners}]", "approval_groups[0].approvals_needed", "the group has 1"),
        ("[{approvals_needed: 1, email_list_uuid: Partnrs}]", "approval_groups[0].email_list_uuid", "no list named"),
        ("[{approvals_needed: -1, email_addresses: [boss@example.com]}]", "approval_groups[0].approvals_needed", "too small"),
        ("[{approvals_needed: 1, email_addresses: [boss]}]", "approval_groups[0].email_addresses[0]", "not an e-mail address"),
        ("[{approvals_needed: 1, email_addresses: ['@']}]", "approval_groups[0].email_addresses[0]", "not an e-mail domain"),
        ("[{email_addresses: [boss@example.com]}]", "approval_groups[0].approvals_needed", "missing"),
        ("[{approvals_needed: 1, emails: [boss@example.com]}]", "approval_groups[0].emails", "not a known field"),
    ],
)  # fmt: skip
def test_groups_that_could_never_agree_are_refused_where_they_stand(tmp_path, groups, path, message):
    (found, *_) = problems(approved(tmp_path, groups))
    assert found.path == f"policies[0].{path}"
    assert message in found.message


@pytest.mark.parametrize("decision", ["deny", "bypass", "non_identity"])
def test_only_allow_policies_ask(tmp_path, decision):
    everyone = GOOD.replace(
        "    include:\n      - email_list: {id: Partners}\n", "    include:\n      - everyone: {}\n", 1
    )
    text = everyone.replace("decision: allow", f"decision: {decision}", 1)
    path = write(
        tmp_path,
        text.replace(
            f"    decision: {decision}\n", f"    decision: {decision}\n    purpose_justification_required: true\n", 1
        ),
    )
    assert [one.path for one in problems(path)] == ["policies[0].purpose_justification_required"]


def test_groups_that_nobody_asks_and_a_missing_mail_server_are_warned_of(tmp_path):
    (found,) = [one for one in read(file(tmp_path, f"approval_groups: {BOSS}")).warnings if "approval" in one.path]
    assert found.path == "policies[0].approval_groups"
    text = GOOD.replace("mail:\n  host: smtp.example.com\n  sender: login@example.com\n", "").replace(
        "  - name: Code\n    type: onetimepin\n", ""
    )
    (found,) = [one for one in read(approved(tmp_path, text=text)).warnings if "approval" in one.path]
    assert found.path == "policies[0].approval_required"
    assert "mail" in found.message


def test_a_change_of_approvers_is_a_change_of_the_rules(tmp_path):
    def mark(path):
        found = resolved(read(path))
        return fingerprint(found.applications[0], found.directory, found.identity_providers)

    by_list = "[{approvals_needed: 1, email_list_uuid: Office people}]"
    lists = "lists:\n  - name: Office people\n    emails: [{}]\n"
    first = approved(tmp_path, by_list, text=GOOD.replace("lists:\n", lists.format("a@example.com"), 1))
    before = mark(first)
    assert mark(first) == before
    second = approved(tmp_path, by_list, text=GOOD.replace("lists:\n", lists.format("b@example.com"), 1))
    assert mark(second) != before
    assert mark(approved(tmp_path)) != mark(approved(tmp_path, BOSS.replace("Boss", "Chief")))
