"""The file of cases that ``doorward policy test`` runs: YAML or JSON, every mistake in it reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from doorward.cli.asking import Asked, read_moment
from doorward.lab.expectation import Expectation, Expected
from doorward.lab.question import UnusableQuestion
from doorward.policy.learned import RiskLevel
from doorward.settings import InvalidConfiguration
from doorward.settings.file.base import Line, MaybeEmpty, Name, Part
from doorward.settings.problems import Report
from doorward.settings.references import Written
from doorward.settings.source import Source, Unreadable, parse, read
from doorward.settings.validation import Kind, unknown_field, validate


def _moment(text: str) -> str:
    try:
        read_moment(text)
    except UnusableQuestion as error:
        raise ValueError(str(error)) from error
    return text


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[Line, ...], MaybeEmpty]
ClaimValue = Annotated[str | tuple[str, ...], BeforeValidator(_one_or_many)]


class RequestPart(Part):
    """``request`` of a case."""

    url: Annotated[Line, Field(min_length=1)]
    method: Line = "GET"
    email: Line = ""
    groups: Texts = ()
    idp: Line = ""
    auth_methods: Texts = ()
    claims: dict[str, ClaimValue] = Field(default_factory=dict)
    ip: Line = ""
    country: Line = ""
    service_token: Line = ""
    postures: dict[str, Literal["passed", "failed"]] = Field(default_factory=dict)
    risk: RiskLevel | Literal[""] = ""
    at: Annotated[Line, AfterValidator(_moment)] | None = None

    def asked(self) -> Asked:
        return Asked(**self.model_dump(exclude={"at"}))


class CasePart(Part):
    """One of ``tests``."""

    name: Name
    request: RequestPart
    expect: Expected
    policy: Line | None = None
    application: Line | None = None
    status: Annotated[int, Field(ge=0, le=599)] | None = None

    def expectation(self) -> Expectation:
        return Expectation(self.expect, self.policy, self.application, self.status)


_CASE: Final = Kind.of(CasePart)


def read_cases(file: Path) -> tuple[CasePart, ...]:
    """The cases, in order.

    Raises:
        InvalidConfiguration: with every mistake, each with its line, field and what would be right.
    """
    file = Path(file).absolute()
    report = Report(_source(file))
    data = report.source.data
    for path, position, message, hint in report.source.faults:
        report.error_at(position, path, message, hint)
    if not isinstance(data, dict) or not isinstance(data.get("tests"), list):
        report.error(("tests",), "there are no cases", "begin the file with 'tests:' and a list of cases below it")
        raise InvalidConfiguration(file, report.in_order())
    for name in data:
        if name != "tests":
            report.error((name,), *unknown_field(name, ["tests"], {}))
    cases = [validate(_CASE, item, ("tests", index), Written(), report) for index, item in enumerate(data["tests"])]
    if not cases:
        report.error(("tests",), "there are no cases", "add one with name, request and expect")
    _distinct([case for case in cases if case is not None], report)
    if report.failed:
        raise InvalidConfiguration(file, report.in_order())
    return tuple(case for case in cases if case is not None)


def _source(file: Path) -> Source:
    try:
        return parse(file, read(file))
    except Unreadable as error:
        report = Report(Source(file, positions={(): error.position}))
        report.error((), error.message, "check the file's name" if "exist" in error.message else error.hint)
        raise InvalidConfiguration(file, report.in_order()) from error


def _distinct(cases: list[CasePart], report: Report) -> None:
    seen: set[str] = set()
    for index, case in enumerate(cases):
        if case.name in seen:
            report.error(("tests", index, "name"), f"another case is named {case.name!r} already", "give each its own")
        seen.add(case.name)
