"""Everything below ``/cdn-cgi/access`` on the team domain and on applications' hosts (access.md 1.4, 1.10).

``routes`` says which address is answered by what; ``reception`` takes a request in, finds out which host it is for, and
makes a page of whatever goes wrong. In the order of a login: ``start`` · ``callback`` or ``pin`` and ``pin_code`` ·
``establish`` · ``entry`` · ``authorized`` · ``walk``; and beside it ``resume``, ``identity``, ``logout``, ``certs``, ``protected_resource``.
"""

from __future__ import annotations

from doorward.login.outbox import Outbox
from doorward.login.reception import Reception
from doorward.login.roads import Roads
from doorward.login.routes import application_routes, team_routes
from doorward.services import Services

__all__ = ["Reception", "application"]


def application(services: Services) -> Reception:
    """The ASGI application. Call its ``close`` (or speak the lifespan protocol) to let mails under way go out."""
    outbox, roads = Outbox(), Roads()
    return Reception(services, team_routes(services, outbox, roads), application_routes(services, roads), outbox)
