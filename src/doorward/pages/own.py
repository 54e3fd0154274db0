"""The operator's own HTML in place of the page for who is refused."""

from __future__ import annotations

from doorward.custom_pages import CustomPage
from doorward.organization import Organization
from doorward.pages.links import link
from doorward.pages.page import Denied, OwnDenied

Headers = tuple[tuple[str, str], ...]


def denied(own: CustomPage | None, ours: Denied) -> tuple[Denied | OwnDenied, Headers]:
    """The page to show, and the headers that stand in place of those of the other pages."""
    if own is None:
        return ours, ()
    return OwnDenied(own, ours), (("content-security-policy", own.content_security_policy),)


def filled(page: OwnDenied, organization: Organization) -> str:
    """The document. There is nothing of a login among the values but its reference."""
    ours = page.denied
    return page.page.filled(
        {
            "application_name": ours.application_name,
            "organization_name": organization.name,
            "message": ours.message,
            "email": ours.email,
            "reference": ours.reference,
            "try_again_url": link(ours.try_again_url),
            "sign_out_url": link(ours.sign_out_url),
        }
    )
