"""How the demo's own pages look."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE: Final = Path(__file__).parent
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
_STYLESHEET: Final = (_HERE / "demo.css").read_text()

HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
}
"""For every page: it runs nothing and loads nothing. Forms are free, because the directory's ends at the door."""


def page(template: str, *, kind: str, **values: Any) -> str:
    """A whole page. ``kind`` chooses the colours."""
    return _ENVIRONMENT.get_template(template).render(kind=kind, stylesheet=_STYLESHEET, **values)
