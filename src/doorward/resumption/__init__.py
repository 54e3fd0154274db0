"""A form that was sent while nobody was signed in, and is sent again after the login: what may be kept, and as what. Pure."""

from __future__ import annotations

from doorward.resumption.form import (
    FORM_TYPES,
    MULTIPART,
    Field,
    Form,
    media_type,
    read_form,
)
from doorward.resumption.kept import KEPT_FOR, LONGEST_BODY, KeptRequest, kept_id, kept_path, recorded_path
from doorward.resumption.unreadable import UnreadableFormError

__all__ = [
    "FORM_TYPES",
    "KEPT_FOR",
    "LONGEST_BODY",
    "MULTIPART",
    "Field",
    "Form",
    "KeptRequest",
    "UnreadableFormError",
    "kept_id",
    "kept_path",
    "media_type",
    "read_form",
    "recorded_path",
]
