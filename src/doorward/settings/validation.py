"""Pydantic's errors in our words: where in the file, what is wrong, what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Generic, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from doorward.policy.rules import UNANSWERED, Rule
from doorward.settings.file.providers import LATER_TYPES
from doorward.settings.problems import Report
from doorward.settings.references import Written, shape
from doorward.settings.source import Path

T = TypeVar("T")
_RULE_PARTS: Final = frozenset({"include", "exclude", "require"})


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What may stand at a place of the file."""

    annotation: Any
    adapter: TypeAdapter[T]

    @classmethod
    def of(cls, annotation: Any) -> Kind[Any]:
        return Kind(annotation, TypeAdapter(annotation))


def validate(kind: Kind[T], value: Any, base: Path, written: Written, report: Report) -> T | None:
    """The value as its model, or None with every problem reported. ``base`` is where the value stands."""
    try:
        return kind.adapter.validate_python(value)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path, inner = _place(value, base, details)
            message, hint = _sentence(details, path, inner, written, kind.annotation)
            report.unreadable(path, message, hint)
        return None


def rest_of(kind: Kind[T], value: Any, base: Path, report: Report) -> T | None:
    """What is left of an invalid value without its unreadable fields, so that the others can still be checked."""
    if not isinstance(value, dict):
        return None
    readable = {name: inner for name, inner in value.items() if (*base, name) not in report.broken}
    try:
        return kind.adapter.validate_python(readable)
    except ValidationError:
        return None


def unknown_field(name: str, known: Iterable[str], unsupported: Mapping[str, str]) -> tuple[str, str]:
    """Message and hint about a field that no model has."""
    if name in unsupported:
        return f"{name!r} is not supported", unsupported[name]
    known = sorted(known)
    if close := nearest(name, known):
        return f"{name!r} is not a known field", f"did you mean {close!r}?"
    return f"{name!r} is not a known field", f"known here: {', '.join(known)}" if known else "remove it"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    lowered = {candidate.lower(): candidate for candidate in sorted(known)}
    found = get_close_matches(name.lower(), lowered, n=1, cutoff=0.65)
    return lowered[found[0]] if found else None


def _place(value: Any, base: Path, details: ErrorDetails) -> tuple[Path, Any]:
    """The path in the file that pydantic's ``loc`` means, and the value there.

    ``loc`` also names the member of a union that was tried (ours in angle brackets, a rule's by its selector).
    """
    path: Path = ()
    location = details["loc"]
    for index, part in enumerate(location):
        tag = isinstance(part, str) and (part.startswith("<") or _is_rule_tag(location, index))
        last = index == len(location) - 1
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if tag:
            continue
        if inside:
            value = value[part]
            path = (*path, part)
        elif last and details["type"] in ("missing", "extra_forbidden"):
            value, path = None, (*path, part)
    if details["type"] == "union_tag_invalid" and isinstance(value, dict) and "type" in value:
        return (*base, *path, "type"), value["type"]
    return (*base, *path), value


def _is_rule_tag(location: tuple[int | str, ...], index: int) -> bool:
    return index >= 2 and isinstance(location[index - 1], int) and location[index - 2] in _RULE_PARTS


def _sentence(details: ErrorDetails, path: Path, value: Any, written: Written, annotation: Any) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    shown = _WHAT.get(type(value)) or written.shown(path, value)
    if kind == "missing":
        return f"{path[-1]!r} is missing", f"add '{path[-1]}: …'"
    if kind == "extra_forbidden":
        models = _models_at(annotation, shape(path[:-1]))
        known = [name for model in models for name in model.model_fields]
        unsupported = {name: hint for model in models for name, hint in getattr(model, "UNSUPPORTED", {}).items()}
        return unknown_field(str(path[-1]), known, unsupported)
    if kind in ("value_error", "assertion_error"):
        message, hint = sentence_and_hint(str(context.get("error", details["msg"])))
        if isinstance(value, dict) and len(value) == 1 and "is not a selector" in message:
            return message, _selector_hint(str(next(iter(value))))
        return written.scrubbed(path, value, message), hint
    if kind in ("literal_error", "union_tag_invalid", "union_tag_not_found"):
        return _choice(details, path, value, shown)
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"fields are needed here, not {shown}", _fields_hint(path, value, annotation)
    if value is None:
        return "it has no value", f"write one behind '{path[-1]}:', or remove the field"
    if writer := _KINDS.get(kind):
        return writer(shown, context)
    return written.scrubbed(path, value, details["msg"]), ""


def sentence_and_hint(text: str) -> tuple[str, str]:
    """The two halves of an error's text: ``what is wrong; what would be right``."""
    message, _, hint = text.rpartition("; ")
    if not message:
        message, _, example = text.partition(", like ")
        hint = f"write it like {example}" if example else "correct the value"
    return message, hint


def _selector_hint(name: str) -> str:
    known = [next(iter(model.model_fields)) for model in _models_in(Rule) if len(model.model_fields) == 1]
    known = sorted({*known, *UNANSWERED} - {"id"})
    close = nearest(name, known)
    return f"did you mean {close!r}?" if close else f"known here: {', '.join(known)}"


def _fields_hint(path: Path, value: Any, annotation: Any) -> str:
    fields = [name for model in _models_at(annotation, shape(path)) for name in model.model_fields]
    if len(path) and not fields:
        return f"write '{path[-1]}: {{}}'"
    if len(fields) == 1 and isinstance(value, str):
        return f"write {path[-1]}: {{{fields[0]}: …}}"
    return f"write 'name: value' lines below it; known here: {', '.join(sorted(set(fields)))}"


def _choice(details: ErrorDetails, path: Path, value: Any, shown: str) -> tuple[str, str]:
    if details["type"] == "union_tag_not_found" or (path and path[-1] in _RULE_PARTS):
        return f"{shown} is not a rule", 'a rule has exactly one selector, like "email: {email: name@example.com}"'
    expected = str(details.get("ctx", {}).get("expected") or details.get("ctx", {}).get("expected_tags") or "")
    allowed = [word.strip(" '<>") for part in expected.split(" or ") for word in part.split(",")]
    if details["type"] == "union_tag_invalid" and isinstance(value, str):
        return _provider_type(value, shown, allowed)
    if details["type"] == "union_tag_invalid":
        return "'type' is missing", f"add 'type: …' with one of {', '.join(allowed)}"
    if isinstance(value, str) and (close := nearest(value, allowed)):
        return f"{shown} is not possible here", f"did you mean {close!r}? possible: {_listed(allowed)}"
    return f"{shown} is not possible here", f"possible: {_listed(allowed)}"


def _provider_type(kind: str, shown: str, allowed: list[str]) -> tuple[str, str]:
    if kind in LATER_TYPES:
        hint = "most providers speak OpenID Connect: use type oidc with issuer, client_id and client_secret"
        return f"identity providers of type {shown} are not supported", hint
    close = nearest(kind, allowed)
    hint = f"did you mean {close!r}?" if close else f"possible: {_listed(allowed)}"
    return f"{shown} is not a type of identity provider", hint


def _listed(words: Iterable[str]) -> str:
    return ", ".join(word or "''" for word in words)


_Writer = Callable[[str, Mapping[str, Any]], tuple[str, str]]
_KINDS: Final[Mapping[str, _Writer]] = {
    "bool_parsing": lambda shown, _: (f"{shown} is neither true nor false", "write true or false"),
    "bool_type": lambda shown, _: (f"{shown} is neither true nor false", "write true or false"),
    "int_parsing": lambda shown, _: (f"{shown} is not a number", "write a whole number"),
    "int_parsing_size": lambda shown, _: (f"{shown} is too large", "write a smaller number"),
    "int_type": lambda shown, _: (f"{shown} is not a number", "write a whole number"),
    "int_from_float": lambda shown, _: (f"{shown} is not a whole number", "write a whole number"),
    "string_type": lambda _, __: ("text is needed here, not a list or a mapping", "write one value"),
    "string_too_short": lambda _, __: ("it is empty", "write a value, or remove the field"),
    "string_too_long": lambda _, context: (
        f"it is longer than {context['max_length']} characters",
        "shorten it",
    ),
    "too_short": lambda _, context: (
        "it is empty",
        f"add at least {context['min_length']} entry",
    ),
    "tuple_type": lambda shown, _: (f"a list is needed here, not {shown}", "write [a, b], or one '- …' a line"),
    "too_long": lambda _, context: (f"it has more than {context['max_length']} entries", "remove some"),
    "greater_than_equal": lambda shown, context: (f"{shown} is too small", f"write at least {context['ge']}"),
    "less_than_equal": lambda shown, context: (f"{shown} is too large", f"write at most {context['le']}"),
}


_WHAT: Final = {dict: "fields", list: "a list", type(None): "nothing"}


def _models_at(annotation: Any, path: tuple[str, ...]) -> list[type[BaseModel]]:
    """The models that may stand at a path, for the names of their fields. The first part names the section."""
    models = list(_models_in(annotation))
    for name in path[1:]:
        fields = [model.model_fields[name] for model in models if name in model.model_fields]
        models = [inner for field in fields for inner in _models_in(field.annotation)]
    return models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
