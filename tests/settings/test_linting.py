"""Findings of the lab, each at its place in the file and none said twice."""

from __future__ import annotations

import pytest

from doorward.settings.linting import about_policies, lint

HEAD = """\
organization: {name: Local, auth_domain: login.localhost}
listen: {http: 8080}
ingress: [{hostname: '*.localhost', service: 'http://127.0.0.1:1'}]
identity_providers:
  - {name: Company, type: oidc, config: {issuer: 'https://idp.example.com', client_id: d}}
mail: {host: localhost, sender: door@example.com, security: none}
lists: [{name: empty}]
"""
IMPOSSIBLE = "include: [{email: {email: a@b.c}}], require: [{email: {email: x@y.z}}]"


def found(folder, text):
    (folder / "doorward.yaml").write_text(HEAD + text)
    return [(problem.path, problem.line, problem.message) for problem in lint(folder / "doorward.yaml", {})[1]]


def paths(folder, text):
    return [path for path, _, _ in found(folder, text)]


def test_a_reusable_policy_is_found_where_it_is_written_and_once(tmp_path):
    text = f"""\
policies: [{{name: P, decision: allow, {IMPOSSIBLE}}}, {{name: Q, decision: allow, include: [{{email: {{email: a@b.c}}}}]}}]
applications:
  - {{name: A, domain: a.localhost, policies: [P, Q]}}
  - {{name: B, domain: b.localhost, policies: [Q, P]}}
"""
    assert paths(tmp_path, text) == ["policies[0]"]


def test_a_shadowed_reusable_policy_is_found_where_it_is_used(tmp_path):
    text = """\
policies: [{name: Q, decision: allow, include: [{email: {email: a@b.c}}]}]
applications:
  - name: A
    domain: a.localhost
    policies: [{name: Wider, decision: allow, include: [{email_domain: {domain: b.c}}]}, Q]
"""
    assert [(path, line) for path, line, _ in found(tmp_path, text)] == [("applications[0].policies[1]", 12)]


def test_groups_and_rules_are_found_at_their_place(tmp_path):
    text = f"""\
groups: [{{name: G, {IMPOSSIBLE}}}]
applications:
  - name: A
    domain: a.localhost
    policies: [{{name: P, decision: allow, include: [{{email: {{email: a@b.c}}}}], exclude: [{{group: {{id: G}}}}]}}]
"""
    assert paths(tmp_path, text) == ["groups[0]", "applications[0].policies[0].exclude[0]"]


def test_a_wildcard_host_is_found_where_it_is_written(tmp_path):
    text = """\
applications:
  - name: A
    domain: a.localhost
    self_hosted_domains: [a.localhost, '*.localhost/b']
    policies: [{name: P, decision: allow, include: [{email: {email: a@b.c}}]}]
  - name: B
    destinations: [{uri: 'B-*.localhost'}]
    policies: [{name: P, decision: allow, include: [{email: {email: a@b.c}}]}]
"""
    assert paths(tmp_path, text) == ["applications[0].self_hosted_domains[1]", "applications[1].destinations[0].uri"]


NO_POLICY = "applications: [{name: A, domain: a.localhost}]"
BY_MAIL = """\
  - {name: Code, type: onetimepin}
applications:
  - {name: A, domain: a.localhost, policies: [{name: P, decision: allow, include: [{everyone: {}}]}]}
"""
EMPTY_LIST = """\
applications:
  - name: A
    domain: a.localhost
    policies: [{name: P, decision: allow, include: [{email: {email: a@b.c}}, {email_list: {id: empty}}]}]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NO_POLICY, ["applications[0].policies"]),
        (EMPTY_LIST, ["applications[0].policies[0].include[1].email_list.id"]),
    ],
)
def test_what_the_file_was_warned_about_is_not_said_twice(tmp_path, text, expected):
    assert paths(tmp_path, text) == expected


def test_a_policy_that_lets_the_world_in_is_not_found_twice(tmp_path):
    providers = HEAD.index("identity_providers:")
    head = HEAD[:providers] + HEAD[HEAD.index("mail:") :] + "identity_providers:\n"
    (tmp_path / "doorward.yaml").write_text(head + BY_MAIL)
    (problem,) = lint(tmp_path / "doorward.yaml", {})[1]
    assert (problem.path, problem.message) == (
        "applications[0].policies[0]",
        "anyone in the world with a mailbox can enter",
    )


def test_only_what_is_about_policies_counts_as_such(tmp_path):
    (tmp_path / "doorward.yaml").write_text(HEAD)
    (problem,) = lint(tmp_path / "doorward.yaml", {})[1]
    assert problem.path == "ingress[0].hostname"
    assert not about_policies(problem)
