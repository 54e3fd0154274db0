"""A made-up request and what came of it, as JSON and as a table for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from doorward.access.decision import Deny
from doorward.cli.reasons import CODES, MARKS, WORDS, named
from doorward.cli.speech import printable
from doorward.lab.rehearsal import Rehearsal
from doorward.policy.verdict import Match, RuleTrace

_OUTCOMES: Final = {
    "allow": ("let in", "bold green"),
    "service_auth": ("let in without a person (service auth)", "bold green"),
    "bypass": ("let through without a look (bypass)", "bold green"),
    "open": ("let through: no application covers this address, and such addresses are open", "bold yellow"),
    "login": ("sent to sign in", "bold yellow"),
    "deny": ("refused", "bold red"),
    "preflight": ("preflight answered", "bold green"),
}


def as_json(rehearsal: Rehearsal, names: Mapping[str, str]) -> dict[str, Any]:
    """For scripts. Rules have names in place of ids, as the configuration file has them."""
    request, decision, application, policy = (
        rehearsal.request, rehearsal.decision, rehearsal.application, rehearsal.policy,
    )  # fmt: skip
    identity = rehearsal.session.identity if rehearsal.session is not None else None
    token = rehearsal.service_token
    rejection = token.rejection(rehearsal.now) if token is not None else None
    return {
        "request": {
            "method": request.method,
            "host": request.host,
            "path": request.path,
            "ip": str(request.ip) if request.ip is not None else None,
            "country": request.country,
            "at": _moment(rehearsal.now),
        },
        "application": None
        if application is None
        else {"id": application.id, "name": application.name, "pattern": str(rehearsal.pattern)},
        "identity": None
        if identity is None
        else identity.model_dump(
            mode="json", include={"email", "idp_id", "amr", "groups", "oidc_fields", "saml_attributes"}
        )
        | {"identity_provider": names.get(identity.idp_id, identity.idp_id)},
        "service_token": None
        if token is None
        else {"id": token.id, "name": token.name, "rejection": rejection.value if rejection is not None else None},
        "decision": rehearsal.outcome,
        "status": rehearsal.status,
        "refusal": decision.refusal.value if isinstance(decision, Deny) else None,
        "policy": None if policy is None else {"id": policy.id, "name": policy.name, "decision": policy.decision},
        "policies": [_policy_json(trace, names) for trace in _traced(rehearsal)]
        + [
            {"policy_id": one.id, "policy_name": one.name, "decision": one.decision, "match": None, "rules": []}
            for one in rehearsal.unreached
        ],
    }


def show(rehearsal: Rehearsal, names: Mapping[str, str]) -> None:
    """What happens, by which application, and a table of every policy with every rule that was looked at."""
    wide = None if sys.stdout.isatty() else 10_000
    console = Console(highlight=False, width=wide)
    words, style = _OUTCOMES[rehearsal.outcome]
    head = Text(words, style=style)
    if rehearsal.status:
        head.append(f" (HTTP {rehearsal.status})", style="dim")
    if rehearsal.policy is not None:
        head.append(f" by the policy {printable(rehearsal.policy.name)}")
    console.print(head)
    for name, value in _facts(rehearsal, names):
        console.print(Text.assemble((f"{name}: ", "bold"), printable(value)))
    if rehearsal.application is None:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("policy and rule", "outcome", "why"):
        table.add_column(column, overflow="fold")
    for row in _rows(rehearsal, names):
        table.add_row(*row)
    if table.row_count:
        console.print(table)


def _facts(rehearsal: Rehearsal, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    request, application, session = rehearsal.request, rehearsal.application, rehearsal.session
    yield "request", f"{request.method} {request.host}{request.path}"
    if application is None:
        yield "application", "none covers this address"
    else:
        yield "application", f"{application.name}, by {rehearsal.pattern}"
    if isinstance(rehearsal.decision, Deny):
        yield "because", CODES.get(rehearsal.decision.refusal.value, rehearsal.decision.refusal.value)
    if session is None:
        yield "visitor", "nobody is signed in"
    else:
        provider = names.get(session.identity.idp_id, session.identity.idp_id)
        yield "visitor", f"{session.identity.email}, signed in with {provider}"
        if (
            application is not None
            and application.allowed_idps
            and session.identity.idp_id not in application.allowed_idps
        ):
            yield "note", f"{application.name} takes no login with {provider}, so this visitor counts as not signed in"
    if (token := rehearsal.service_token) is not None:
        rejection = token.rejection(rehearsal.now)
        yield "service token", f"{token.name} ({rejection.value if rejection is not None else 'valid'})"
    if request.ip is not None or request.country is not None:
        yield "address", f"{request.ip or 'not given'} ({request.country or 'country not known'})"


def _rows(rehearsal: Rehearsal, names: Mapping[str, str]) -> Iterator[tuple[Text, Text, Text]]:
    decided = rehearsal.policy.id if rehearsal.policy is not None else None
    for trace in _traced(rehearsal):
        title = Text(printable(f"{trace.policy_name} [{trace.decision}]"), style="bold")
        yield title, _outcome(trace.match), Text("← decided" if trace.policy_id == decided else "", style="bold")
        for rule in trace.rules:
            yield from _rule_rows(rule, names, 1)
    for policy in rehearsal.unreached:
        title = Text(printable(f"{policy.name} [{policy.decision}]"), style="dim")
        yield title, Text("not looked at", style="dim"), Text("")


def _rule_rows(rule: RuleTrace, names: Mapping[str, str], depth: int) -> Iterator[tuple[Text, Text, Text]]:
    shown = json.dumps(named(rule.rule, names), ensure_ascii=False)
    yield Text("  " * depth + printable(f"{rule.part} {shown}")), _outcome(rule.match), Text(said(rule.because, names))
    for inner in rule.inside:
        yield from _rule_rows(inner, names, depth + 1)


def said(because: str, names: Mapping[str, str]) -> str:
    """A reason with names in place of the ids that it quotes."""
    return printable(" ".join(names.get(word.rstrip(","), word) for word in because.split(" ")))


def _outcome(match: Match) -> Text:
    mark, style = MARKS[match.value]
    return Text(f"{mark} {WORDS[match.value]}", style=style)


def _policy_json(trace: Any, names: Mapping[str, str]) -> dict[str, Any]:
    dumped: dict[str, Any] = trace.model_dump(mode="json")
    return dumped | {"rules": [_rule_json(rule, names) for rule in dumped["rules"]]}


def _rule_json(rule: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    inside = [_rule_json(inner, names) for inner in rule["inside"]]
    return {**rule, "rule": named(rule["rule"], names), "because": said(rule["because"], names), "inside": inside}


def _traced(rehearsal: Rehearsal) -> tuple[Any, ...]:
    return rehearsal.verdict.trace if rehearsal.verdict is not None else ()


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
