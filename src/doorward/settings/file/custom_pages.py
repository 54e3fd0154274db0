"""The operator's own pages in the file (access.md 1.3, 7.2, 7.8)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from doorward.settings.file.base import Line, Name, ObjectId, Part


class CustomPagePart(Part):
    """One of ``custom_pages``: the HTML itself, or the file that holds it."""

    UNSUPPORTED: ClassVar[dict[str, str]] = {
        "contract_version": "there are no templates here, only placeholders; remove it",
        "app_count": "it is counted by the API; remove it",
    }

    name: Name
    id: ObjectId | None = None
    type: Literal["identity_denied", "forbidden"]
    custom_html: Annotated[str, Field(min_length=1)] | None = None
    file: Line = ""


class OrganizationPagesPart(Part):
    """``custom_pages`` of the organization: names, for every application that has none of its own."""

    identity_denied: Name | None = None
    forbidden: Name | None = None
