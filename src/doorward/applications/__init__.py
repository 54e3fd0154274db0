"""What is protected, and which application a request is for (access.md 7.2, 7.6)."""

from doorward.applications.application import Application, CorsHeaders
from doorward.applications.index import Applications
from doorward.applications.pattern import Pattern

__all__ = ["Application", "Applications", "CorsHeaders", "Pattern"]
