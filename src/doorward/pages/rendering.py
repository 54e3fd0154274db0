"""Pages to HTML. The templates escape everything; only a passkey is asked for by a script, which is a file of ours. A name
that is missing is an error, not a gap.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from doorward.organization import Organization
from doorward.pages import own
from doorward.pages.asking import Approve, AskReason, Waiting
from doorward.pages.design import design_css
from doorward.pages.links import form_target, link, picture
from doorward.pages.page import (
    Chooser,
    ConfirmCode,
    Denied,
    EnterCode,
    Found,
    Notice,
    Onward,
    OwnDenied,
    Page,
    Problem,
    Resume,
    SignedOut,
    Unauthorized,
)
from doorward.pages.second_factor import (
    ChooseFactor,
    EnrollPasskey,
    EnrollTotp,
    Recover,
    RecoveryCodes,
    ShowFactor,
)

ASSETS: Final = "/cdn-cgi/access/assets"
"""Stylesheets stand here, under names that change with their contents: answers may be kept for ever."""

_TEMPLATES: Final[dict[type[Page], str]] = {
    Chooser: "chooser.html",
    EnterCode: "enter_code.html",
    ConfirmCode: "confirm_code.html",
    Denied: "denied.html",
    SignedOut: "signed_out.html",
    Problem: "problem.html",
    Notice: "notice.html",
    Onward: "onward.html",
    Resume: "resume.html",
    Found: "found.html",
    Unauthorized: "unauthorized.html",
    AskReason: "ask_reason.html",
    Waiting: "waiting.html",
    Approve: "approve.html",
    ShowFactor: "show_factor.html",
    Recover: "recover.html",
    ChooseFactor: "choose_factor.html",
    EnrollTotp: "enroll_totp.html",
    EnrollPasskey: "enroll_passkey.html",
    RecoveryCodes: "recovery_codes.html",
}


class Pages:
    """Reads the templates and the stylesheet once."""

    def __init__(self) -> None:
        environment = Environment(
            loader=PackageLoader("doorward.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= {"form_target": form_target, "link": link, "picture": picture}
        self._templates = {page: environment.get_template(name) for page, name in _TEMPLATES.items()}
        stylesheet = files("doorward.pages").joinpath("door.css").read_bytes()
        self.stylesheet: tuple[str, bytes] = (_named("door", stylesheet), stylesheet)
        script = files("doorward.pages").joinpath("passkey.js").read_bytes()
        self.script: tuple[str, bytes] = (_named("passkey", script, "js"), script)

    def render(self, page: Page, organization: Organization) -> str:
        """The whole document. Its headers come from ``security_headers``, those of an own page also from ``own.denied``."""
        if isinstance(page, OwnDenied):
            return own.filled(page, organization)
        return self._templates[type(page)].render(
            page=page,
            organization=organization,
            stylesheets=[path for path, _ in self._stylesheets(organization)],
        )

    def design_css(self, organization: Organization) -> str:
        """The organization's own colours; empty when it chose none."""
        return design_css(organization.login_design)

    def asset(self, path: str, organization: Organization) -> bytes | None:
        """The stylesheet at a path that a page of this organization names (``text/css``, never changes), or None."""
        return dict(self._stylesheets(organization)).get(path)

    def _stylesheets(self, organization: Organization) -> tuple[tuple[str, bytes], ...]:
        design = self.design_css(organization).encode()
        return (self.stylesheet, (_named("design", design), design)) if design else (self.stylesheet,)


def _named(name: str, contents: bytes, kind: str = "css") -> str:
    return f"{ASSETS}/{name}.{hashlib.sha256(contents).hexdigest()[:16]}.{kind}"
