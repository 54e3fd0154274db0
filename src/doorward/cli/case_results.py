"""What came of the cases: lines for people, JSON for scripts, JUnit's XML for build servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from rich.text import Text

from doorward.cli.rehearsed import as_json as rehearsal_json
from doorward.cli.rehearsed import said
from doorward.cli.speech import printable, result
from doorward.lab.rehearsal import Rehearsal
from doorward.policy.verdict import RuleTrace


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case that was run."""

    name: str
    failures: tuple[str, ...]
    """What was not as expected, or why the case cannot be run; empty: it passed."""
    rehearsal: Rehearsal | None
    """None: it could not be run."""


def as_json(results: Sequence[CaseResult], names: Mapping[str, str]) -> dict[str, Any]:
    failed = sum(bool(one.failures) for one in results)
    return {
        "passed": len(results) - failed,
        "failed": failed,
        "tests": [
            {
                "name": one.name,
                "passed": not one.failures,
                "failures": list(one.failures),
                "result": rehearsal_json(one.rehearsal, names) if one.rehearsal is not None else None,
            }
            for one in results
        ],
    }


def show(results: Sequence[CaseResult], names: Mapping[str, str]) -> None:
    """A line for each case; below a failure why, with each rule that was looked at."""
    console = result()
    for one in results:
        mark, style = ("✗", "red") if one.failures else ("✓", "green")
        console.print(Text.assemble((f"{mark} ", style), printable(one.name)))
        for failure in one.failures:
            console.print(Text(f"  {printable(failure)}", style="red"))
        for line in _evidence(one, names) if one.failures else ():
            console.print(Text(f"  {line}", style="dim"))
    failed = sum(bool(one.failures) for one in results)
    passed = len(results) - failed
    console.print(Text(f"{passed} passed, {failed} failed", style="bold red" if failed else "bold green"))


def junit(results: Sequence[CaseResult], names: Mapping[str, str]) -> str:
    """An XML document as build servers read it: one test case a case."""
    failed = sum(bool(one.failures) for one in results)
    suite = Element("testsuite", name="doorward policy test", tests=str(len(results)), failures=str(failed))
    for one in results:
        case = SubElement(suite, "testcase", classname="doorward.policy", name=printable(one.name))
        if one.failures:
            message = "; ".join(map(printable, one.failures))
            SubElement(case, "failure", message=message).text = "\n".join(_evidence(one, names))
    return tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _evidence(one: CaseResult, names: Mapping[str, str]) -> list[str]:
    if one.rehearsal is None or one.rehearsal.verdict is None:
        return []
    lines: list[str] = []
    for trace in one.rehearsal.verdict.trace:
        lines.append(f"{printable(trace.policy_name)} [{trace.decision}]: {trace.match.value}")
        for rule in trace.rules:
            lines.extend(_rule_lines(rule, names, "  "))
    return lines


def _rule_lines(rule: RuleTrace, names: Mapping[str, str], indent: str) -> list[str]:
    inner = [line for each in rule.inside for line in _rule_lines(each, names, indent + "  ")]
    return [f"{indent}{rule.part}: {rule.match.value}, {said(rule.because, names)}", *inner]
