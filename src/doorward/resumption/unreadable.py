"""Why a body is not kept."""

from __future__ import annotations

from doorward.errors import DoorwardError


class UnreadableFormError(DoorwardError):
    """A body that no form of ours could send again as it came."""

    code = "unreadable_form"
