"""The mail that tells an approver of a request (access.md 4.6). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from typing import Final

from doorward.organization import Organization
from doorward.providers.one_line import one_line
from doorward.providers.pin_mail import mailbox

_TEXT: Final = """\
{email} asks for access to {application}.

The reason, in their own words:

    {reason}

To decide, open this page and sign in; nothing happens before you press a button there:

{link}

Whoever asks waits at {asked_at}. If you do not know what this is about, refuse, or do nothing: without
enough approvals nobody gets in, and the request ends by itself within {hours} hours.

{organization}
"""
_HTML: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:16px;line-height:1.5;padding:24px">
<p><strong>{email}</strong> asks for access to <strong>{application}</strong>.</p>
<p>The reason, in their own words:</p>
<blockquote style="margin:0;padding:8px 16px;border-left:4px solid #888">{reason}</blockquote>
<p><a href="{link}">Decide about it</a>: sign in there; nothing happens before you press a button.</p>
<p>Whoever asks waits at {asked_at}. If you do not know what this is about, refuse, or do nothing: without enough
approvals nobody gets in, and the request ends by itself within {hours} hours.</p>
<p>{organization}</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the mail says."""

    email: str
    """Who asks."""
    application: str
    hostname: str
    reason: str
    link: str
    hours: int


def approval_message(organization: Organization, approver: str, asked: Asked) -> EmailMessage:
    """The mail, complete but for From, Date and Message-ID, which :func:`doorward.providers.mail.send` adds.

    Raises:
        ValueError: ``approver`` is not an address. No other value can add a header: they are put on one line.
    """
    application = one_line(asked.application)
    words = {
        "subject": f"{one_line(asked.email)} asks for access to {application}",
        "email": one_line(asked.email),
        "application": application + (f" ({one_line(asked.hostname)})" if asked.hostname else ""),
        "reason": one_line(asked.reason, 500),
        "link": asked.link,
        "asked_at": one_line(organization.auth_domain),
        "hours": str(asked.hours),
        "organization": one_line(organization.name),
    }
    message = EmailMessage()
    message["To"] = mailbox("", approver)
    message["Subject"] = words["subject"]
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(_TEXT.format(**words))
    message.add_alternative(_HTML.format(**{name: escape(word) for name, word in words.items()}), subtype="html")
    return message
