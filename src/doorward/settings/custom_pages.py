"""Reading the operator's own pages, with everything that is wrong with them; and who uses which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Final

from doorward.custom_pages import LARGEST, CustomPage, problems
from doorward.settings.declared import Declared, Placed
from doorward.settings.file.custom_pages import CustomPagePart
from doorward.settings.file.objects import ApplicationPart, OrganizationPart
from doorward.settings.problems import Report
from doorward.settings.readable import readable
from doorward.settings.source import Path
from doorward.settings.validation import nearest

_MOST_PROBLEMS: Final = 10
"""That are told about one page."""


def read_custom_pages(declared: Declared, folder: FilePath, report: Report) -> Mapping[str, CustomPage]:
    """Every page that is good, by name and by id."""
    pages: dict[str, CustomPage] = {}
    for placed in declared.custom_pages:
        if (html := _html(placed, folder, report)) is not None:
            page = CustomPage(name=placed.value.name, type=placed.value.type, custom_html=html)
            pages |= {key: page for key in (placed.value.name, placed.value.id) if key}
    for path, name, wanted in _used(declared):
        _fitting(path, name, wanted, pages, declared, report)
    for placed_application in declared.applications:
        _one_of_each(placed_application, pages, report)
    return pages


def pages_of_application(part: ApplicationPart, pages: Mapping[str, CustomPage]) -> tuple[CustomPage, ...]:
    """In the file's order."""
    return tuple(pages[name] for name in part.custom_pages)


def pages_of_organization(part: OrganizationPart, pages: Mapping[str, CustomPage]) -> tuple[CustomPage, ...]:
    """At most one of each type."""
    return tuple(pages[name] for name in (part.custom_pages.identity_denied, part.custom_pages.forbidden) if name)


def _html(placed: Placed[CustomPagePart], folder: FilePath, report: Report) -> str | None:
    part = placed.value
    if (part.custom_html is None) == (not part.file):
        found = "neither is set" if part.custom_html is None else "both are set"
        message = f"exactly one of custom_html and file is needed; {found}"
        report.error((*placed.path, "file"), message, "name a file beside this one, like 'file: pages/denied.html'")
        return None
    where, what = (*placed.path, "file" if part.file else "custom_html"), ""
    if part.custom_html is not None:
        html = part.custom_html
    else:
        what = f"{folder / part.file}, "
        content = readable(where, folder / part.file, "the page", report)
        if content is None:
            return None
        try:
            html = content[: LARGEST * 4 + 4].decode("utf-8-sig")
        except UnicodeDecodeError:
            report.error(where, f"the page {folder / part.file} is not UTF-8 text", "save it as UTF-8")
            return None
    html = html.replace("\r\n", "\n").replace("\r", "\n")
    if not html.strip() or len(html) > LARGEST:
        size = "empty" if not html.strip() else f"larger than {LARGEST // 1024} KiB"
        report.error(where, f"{what}the page is {size}", "write a page of HTML; pictures may stand at other addresses")
        return None
    found_problems = list(problems(html))
    for line, sentence in found_problems[:_MOST_PROBLEMS]:
        report.error(
            where, f"{what}line {line}: {sentence}", "correct the page; docs/applications.md says what is possible"
        )
    return None if found_problems else html


def _used(declared: Declared) -> Iterator[tuple[Path, str, str]]:
    """Path, name and type (empty: any) of every use."""
    if declared.organization is not None:
        pages = declared.organization.custom_pages
        for wanted in ("identity_denied", "forbidden"):
            if (name := getattr(pages, wanted)) is not None:
                yield ("organization", "custom_pages", wanted), name, wanted
    for placed in declared.applications:
        for index, name in enumerate(placed.value.custom_pages):
            yield (*placed.path, "custom_pages", index), name, ""


def _fitting(
    path: Path, name: str, wanted: str, pages: Mapping[str, CustomPage], declared: Declared, report: Report
) -> None:
    known = declared.references.get("custom_pages")
    if known is not None and name not in known:
        close = nearest(name, known)
        hint = f"did you mean {close!r}?" if close else "declare it under 'custom_pages:'"
        report.error(path, f"there is no page named {name!r}", hint)
    elif wanted and name in pages and pages[name].type != wanted:
        report.error(path, f"{name!r} is a page of the type {pages[name].type}", f"name one of the type {wanted}")


def _one_of_each(placed: Placed[ApplicationPart], pages: Mapping[str, CustomPage], report: Report) -> None:
    seen: dict[str, str] = {}
    for index, name in enumerate(placed.value.custom_pages):
        if name not in pages:
            continue
        kind = pages[name].type
        if kind in seen:
            message = f"{seen[kind]!r} is a page of the type {kind} as well"
            report.error((*placed.path, "custom_pages", index), message, "keep one of the two")
        seen.setdefault(kind, name)
