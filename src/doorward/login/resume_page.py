"""The page that sends a kept form again."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from doorward.applications import Application
from doorward.login.answers import application_url, page_answer, widened
from doorward.login.visit import Visit
from doorward.pages import FormField, Resume
from doorward.resumption import MULTIPART, Field, KeptRequest, kept_path
from doorward.services import Services
from doorward.sessions import Session

_SHOWN: Final = 200
"""Characters of the target that the page shows."""


def resume_page(
    visit: Visit, services: Services, kept: KeptRequest, application: Application, session: Session
) -> Response:
    """Says where what was entered goes, as whom, and sends it when somebody presses the button."""
    target = application_url(visit.organization, kept.hostname, kept.target)
    page = Resume(
        application_name=application.name,
        target=target if len(target) <= _SHOWN else target[:_SHOWN] + "…",
        email=session.identity.email,
        known=bool(kept.former_user),
        action=kept_path(kept.id),
        enctype=kept.form.type,
        fields=tuple(_field(field) for field in kept.form.fields),
        files=len(kept.form.files) if kept.form.type == MULTIPART else 0,
        minutes=max(1, (kept.expires_at - visit.now) // 60),
        back_url=target,
    )
    return widened(page_answer(services.pages, visit.organization, page), visit.organization.public)


def _field(field: Field) -> FormField:
    kind = "hidden" if not field.file else "file" if field.value else "empty-file"
    return FormField(field.name, field.value, kind)
