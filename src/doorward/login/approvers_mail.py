"""Telling approvers of a request by mail (access.md 4.6)."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Final

import structlog
from prometheus_client import Counter

from doorward.applications import Application
from doorward.grants import WAITING, Grant, recipients
from doorward.login.answers import team_url
from doorward.login.outbox import MailKind, Outbox
from doorward.login.visit import Visit
from doorward.policy.model import Policy
from doorward.providers.approval_mail import Asked, approval_message
from doorward.providers.mail import send
from doorward.services import Services

MOST: Final = 50
"""Mails about one request; further approvers can be given the link."""
MAILS_EACH: Final = 60
"""Mails to one approver in ``WINDOW`` seconds, whoever asks."""
WINDOW: Final = 3600
MAILS: Final = Counter(
    "doorward_approval_mails", "Mails to approvers by what became of them", ["outcome"], registry=None
)
"""The process adds it to its own registry."""
_KIND: Final = MailKind(MAILS, "approval_mail_dropped", "approval_mail_failed")

log = structlog.get_logger(__name__)


async def tell_approvers(
    visit: Visit,
    services: Services,
    outbox: Outbox,
    grant: Grant,
    application: Application,
    policy: Policy,
    hostname: str,
) -> None:
    """Post a mail to each; they go out after the answer. What cannot be sent is logged: the link works without."""
    if services.settings.mail is None:
        log.warning("approval_mail_not_configured", grant=grant.id, hint="add a mail section to the configuration")
        return
    asked = Asked(
        email=grant.email,
        application=application.name,
        hostname=hostname,
        reason=grant.reason,
        link=team_url(visit.organization, f"/approve/{grant.id}"),
        hours=WAITING // 3600,
    )
    approvers = recipients(grant, policy, visit.snapshot.directory)
    if len(approvers) > MOST:
        log.warning("approval_mails_left_out", grant=grant.id, approvers=len(approvers), told=MOST)
    for approver in approvers[:MOST]:
        if not await services.store.limits.hit(f"ask-mail:{approver}", MAILS_EACH, WINDOW, visit.now):
            MAILS.labels("dropped").inc()
            log.warning("approval_mail_limit_reached", grant=grant.id)
            continue
        message = approval_message(visit.organization, approver, asked)
        outbox.post(_deliver(services, message), visit.id, _KIND)


async def _deliver(services: Services, message: EmailMessage) -> None:
    if services.settings.mail is not None:
        await send(services.settings.mail, message)
