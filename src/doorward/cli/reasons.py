"""A recorded decision as a tree for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from rich.text import Text
from rich.tree import Tree

from doorward.access.record import DecisionRecord
from doorward.cli.speech import printable

_OUTCOMES: Final = {
    "allow": ("let in", "bold green"),
    "bypass": ("let through without a look (bypass)", "bold green"),
    "login": ("sent to sign in", "bold yellow"),
    "deny": ("refused", "bold red"),
    "error": ("sign-in failed", "bold red"),
    "preflight": ("preflight answered", "bold green"),
    "logout": ("signed out", "bold green"),
    "asked": ("asked for access", "bold yellow"),
    "approved": ("approved; more approvals are needed", "bold yellow"),
    "granted": ("approved", "bold green"),
    "refused": ("refused by an approver", "bold red"),
    "revoked": ("taken back", "bold red"),
}
MARKS: Final = {"yes": ("✓", "green"), "no": ("✗", "red"), "unknown": ("?", "yellow")}
WORDS: Final = {"yes": "matched", "no": "did not match", "unknown": "could not be known without signing in"}
CODES: Final = {
    "no_application": "no application covers this address",
    "policy": "no policy lets this visitor in",
    "login_by_script": "a script asked, and nobody was signed in",
    "service_auth_only": "only services may enter, and no valid service credential was shown",
    "service_token": "the service token in the request could not be authenticated",
    "service_token_not_permitted": "the service token is valid, and no service auth policy lets it in",
    "going_round": "the browser was sent to the login again and again, and its token never counted",
    "preflight": "a preflight without a session, and the application has no CORS settings",
    "method": "the method is never allowed",
}


def tree_of(record: DecisionRecord, names: Mapping[str, str]) -> Tree:
    """The whole record; nothing in it is taken as markup or as control codes.

    ``names``: id to name of what rules refer to; an id that is not in it is shown as it is.
    """
    words, style = _OUTCOMES.get(record.outcome, (record.outcome or "recorded", "bold"))
    head = Text(f"{record.reference}: {printable(words)}", style=style)
    if record.status:
        head.append(f" (HTTP {record.status})", style="dim")
    tree = Tree(head)
    for name, value in _facts(record):
        tree.add(Text.assemble((f"{name}: ", "bold"), printable(value)))
    if record.trace:
        policies = tree.add(Text("policies, in the order they were looked at", style="bold"))
        for policy in record.trace:
            decided = bool(record.policy_id) and policy.get("policy_id") == record.policy_id
            _policy(policies, policy, names, decided=decided)
    else:
        tree.add(Text("no policy was looked at"))
    return tree


def _facts(record: DecisionRecord) -> list[tuple[str, str]]:
    identity = record.evidence.get("identity") or {}
    program = record.evidence.get("service_token") or {}
    groups = ", ".join(str(group.get("name") or group.get("id")) for group in identity.get("groups", ()))
    facts = (
        ("when", datetime.fromtimestamp(record.at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        (record.kind, " ".join(part for part in (record.method, record.host + record.path) if part)),
        ("application", record.application_name or record.application_id),
        ("because", CODES.get(record.refusal, record.refusal)),
        ("visitor", record.user_email or ("" if program else "nobody was signed in")),
        ("service token", f"{program.get('name', '')} ({program.get('client_id', '')})" if program else ""),
        ("client certificate", _certificate(record.evidence.get("client_certificate") or {})),
        ("signed in by", " ".join(identity.get("amr", ()))),
        ("groups", groups),
        ("address", record.ip + (f" ({record.country})" if record.country else "")),
        ("detail", record.detail),
    )
    return [(name, value) for name, value in facts if value]


def _certificate(shown: Mapping[str, Any]) -> str:
    if not shown:
        return ""
    name = shown.get("common_name") or "without a common name"
    return f"{name}, by {shown.get('issuer', '')}, serial {shown.get('serial', '')}, SHA-256 {shown.get('fingerprint', '')}"


def _policy(parent: Tree, policy: Mapping[str, Any], names: Mapping[str, str], *, decided: bool) -> None:
    match = str(policy.get("match", ""))
    line = _marked(match, f"{policy.get('policy_name', '')} [{policy.get('decision', '')}]")
    line.append(f": {WORDS.get(match, match)}", style="dim")
    if decided:
        line.append("  ← decided", style="bold")
    branch = parent.add(line)
    for rule in policy.get("rules", ()):
        _rule(branch, rule, names)


def _rule(parent: Tree, rule: Mapping[str, Any], names: Mapping[str, str]) -> None:
    shown = json.dumps(named(rule.get("rule", {}), names), ensure_ascii=False)
    line = _marked(str(rule.get("match", "")), f"{rule.get('part', '')} {shown}")
    line.append(f": {printable(str(rule.get('because', '')))}", style="dim")
    branch = parent.add(line)
    for inner in rule.get("inside", ()):
        _rule(branch, inner, names)


def named(value: Any, names: Mapping[str, str]) -> Any:
    """A rule with names in place of ids, as the configuration file has it."""
    if isinstance(value, Mapping):
        return {key: named(inner, names) for key, inner in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


def _marked(match: str, text: str) -> Text:
    mark, style = MARKS.get(match, ("·", "dim"))
    return Text.assemble((f"{mark} ", style), printable(text))
