"""An identity provider that failed: the visitor gets a page, the operator a log line and a record."""

from __future__ import annotations

from typing import Final

import structlog

from doorward.applications import Application
from doorward.login.problems import RefusedVisitError, provider_failed
from doorward.login.recording import record_failed
from doorward.login.visit import Visit
from doorward.organization import IdentityProvider
from doorward.providers import ProviderError, Reason
from doorward.services import Services

_STATUS: Final = {
    Reason.UNAVAILABLE: 503,
    Reason.REFUSED: 403,
    Reason.INVALID_ANSWER: 502,
    Reason.NO_EMAIL: 403,
    Reason.EMAIL_NOT_VERIFIED: 403,
    Reason.CONFIGURATION: 502,
}
log = structlog.get_logger(__name__)


def provider_trouble(
    visit: Visit,
    services: Services,
    error: ProviderError,
    idp: IdentityProvider,
    application: Application | None,
    *,
    again: str,
) -> RefusedVisitError:
    """Log, record, and the page to raise. ``again``: where to start once more; empty for nowhere."""
    status = _STATUS[error.reason]
    log.warning(
        "provider_failed",
        request_id=visit.id,
        identity_provider=idp.name,
        reason=error.reason.value,
        detail=error.detail,
    )
    record_failed(
        visit,
        services,
        f"provider_{error.reason.value}",
        status,
        application=application,
        idp_id=idp.id,
        detail=error.detail,
    )
    headers = (("retry-after", "30"),) if status == 503 else ()
    return provider_failed(status, str(error), again, headers)
