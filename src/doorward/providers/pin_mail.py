"""The mail that carries a one-time PIN. Pure."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from html import escape
from typing import Final

from doorward.organization import Organization
from doorward.providers.email_address import is_identity_email
from doorward.providers.one_line import one_line
from doorward.signin import PIN_LIFETIME

_TEXT: Final = """\
Your code to sign in to {application}:

    {code}

Type it into the page that asked for it. It works once, in the browser that asked, within {minutes} minutes.
{or_link}
Somebody, probably you, asked for it at {asked_at}. If it was not you, do nothing: open no link and give
the code to nobody, whoever asks. Without the code nobody gets in.

{organization}
"""
_HTML: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:16px;line-height:1.5;padding:24px">
<p>Your code to sign in to <strong>{application}</strong>:</p>
<p style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:36px;font-weight:700;letter-spacing:6px">{code}</p>
<p>Type it into the page that asked for it. It works once, in the browser that asked, within {minutes} minutes.</p>
{or_link}
<p>Somebody, probably you, asked for it at {asked_at}. <strong>If it was not you, do nothing</strong>: open no link and
give the code to nobody, whoever asks. Without the code nobody gets in.</p>
<p>{organization}</p>
</body>
</html>
"""


def pin_message(
    organization: Organization, email: str, code: str, link: str, app_name: str, *, hostname: str = ""
) -> EmailMessage:
    """The mail, complete but for From, Date and Message-ID, which :func:`doorward.providers.mail.send` adds.

    Args:
        organization: whose team domain asked.
        email: a validated address.
        code: six digits.
        link: leads to the page with the code filled in; may be empty.
        app_name: the application that waits.
        hostname: its host, as the visitor asked for it; may be empty.

    Raises:
        ValueError: ``email`` is not an address. No other value can add a header: they are put on one line.
    """
    subject = f"Your code for {one_line(app_name)}"
    words = {
        "subject": subject,
        "application": one_line(app_name) + (f" ({one_line(hostname)})" if hostname else ""),
        "code": code,
        "minutes": str(PIN_LIFETIME // 60),
        "asked_at": one_line(organization.auth_domain),
        "organization": one_line(organization.name),
    }
    message = EmailMessage()
    message["To"] = mailbox("", email)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(_TEXT.format(**words, or_link=f"Or open this page in that browser:\n{link}\n" if link else ""))
    safe = {name: escape(word) for name, word in words.items()}
    button = f'<p>Or <a href="{escape(link)}">open this page</a> in that browser.</p>' if link else ""
    message.add_alternative(_HTML.format(**safe, or_link=button), subtype="html")
    return message


def mailbox(display_name: str, email: str) -> Address:
    """A header's value for one address. Raises ValueError if it is not one; the library's own parser is too kind."""
    if not is_identity_email(email):
        raise ValueError("not an e-mail address")
    username, domain = email.split("@")
    return Address(display_name, username, domain)
