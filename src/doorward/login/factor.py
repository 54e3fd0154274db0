"""Where a visitor shows a second factor, or sets one up: between the identity provider and the application (access.md 4.7).

One address, ``/factor/<host>``, with the login link's proof; ``way`` says which page of it: nothing for the one that comes
next, ``code``, ``passkey`` and ``recovery`` for what is shown, a kind of authenticator for setting one up.
"""

from __future__ import annotations

from starlette.responses import Response

from doorward.login.factor_enroll import choose_kind, enroll, enrollment_page
from doorward.login.factor_problems import no_factor
from doorward.login.factor_show import recovery_page, show_code, show_page, show_passkey, show_recovery_code
from doorward.login.factor_visit import FactorVisit, gathered
from doorward.login.visit import Visit
from doorward.policy.mfa import Authenticator
from doorward.second_factor import Step
from doorward.services import Services

_SHOWN = {"code": show_code, "passkey": show_passkey, "recovery": show_recovery_code}


async def factor(visit: Visit, services: Services, host: str) -> Response:
    """``GET|POST /factor/<host>?kid&meta&redirect_url[&way]``."""
    found = await gathered(visit, services, host)
    if isinstance(found, Response):
        return found
    way = visit.query.get("way")
    if visit.method == "POST":
        return await _act(found, way)
    if found.step is Step.REFUSED:
        raise no_factor(found.back)
    if found.step is Step.ENROLL:
        return await (enrollment_page(found, Authenticator(way)) if way in set(Authenticator) else choose_kind(found))
    return recovery_page(found) if way == "recovery" else await show_page(found)


async def _act(found: FactorVisit, way: str) -> Response:
    if way in set(Authenticator):
        found.demand_own_form(way)
        return await enroll(found, Authenticator(way))
    if way not in _SHOWN or not found.factors:
        return found.onward()
    found.demand_own_form(way)
    await found.count_try()
    return await _SHOWN[way](found)
