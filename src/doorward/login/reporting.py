"""``POST /reports``: programs that the operator trusts say what holds about people and their devices.

The body is JSON, ``{"token": "<a signed delivery>"}`` (``reports.delivery``); so is every answer. Nobody is signed in
here, and no cookie is looked at: the signature is everything.
"""

from __future__ import annotations

from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from doorward.login.answers import json_answer
from doorward.login.visit import Visit
from doorward.reports import LONGEST, ReportRefusedError, Why, read_delivery
from doorward.services import Services
from doorward.tokens.encoding import read_object

MOST: Final = 600
"""Deliveries of one source in ``WINDOW`` seconds."""
WINDOW: Final = 60
LONGEST_BODY: Final = LONGEST + 1024
"""Bytes."""
_STATUS: Final = {
    Why.UNREADABLE: 400,
    Why.UNPROVEN: 401,
    Why.NOT_FOR_US: 400,
    Why.STALE: 400,
    Why.CLAIMS: 400,
    Why.NOT_PERMITTED: 403,
    Why.REPLAYED: 409,
}

log = structlog.get_logger(__name__)


async def report(visit: Visit, services: Services, request: Request) -> Response:
    """Keep what a delivery says; in force for requests at once, for open streams within a second."""
    try:
        token = await _token(request)
        delivery = read_delivery(token, visit.snapshot.report_sources, visit.organization.issuer, visit.now)
    except ReportRefusedError as error:
        return _not_accepted(visit, error)
    # Only now is anything written: strangers cannot make us do that.
    if not await services.store.limits.hit(f"report:{delivery.source}", MOST, WINDOW, visit.now):
        log.warning("reports_limited", request_id=visit.id, source=delivery.source)
        return _refused(429, "limited", f"More than {MOST} deliveries in {WINDOW} seconds. Wait, then go on.")
    delivered = await services.store.reports.deliver(delivery, visit.now)
    if delivered is None:
        return _not_accepted(visit, ReportRefusedError(Why.REPLAYED, "its jti was used before"))
    log.info("report_delivered", source=delivery.source, accepted=delivered.accepted, stale=delivered.stale)
    return json_answer({"success": True, "accepted": delivered.accepted, "stale": delivered.stale})


def _not_accepted(visit: Visit, error: ReportRefusedError) -> Response:
    log.warning("report_refused", request_id=visit.id, reason=error.why.value)
    return _refused(_STATUS[error.why], error.why.value, str(error))


def _refused(status: int, code: str, sentence: str) -> Response:
    answer = json_answer({"success": False, "err": code, "message": sentence}, status)
    if status == 429:
        answer.headers["retry-after"] = str(WINDOW)
    return answer


async def _token(request: Request) -> str:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_BODY:
                raise ReportRefusedError(Why.UNREADABLE, f"the body is larger than {LONGEST_BODY} bytes")
        token = read_object(bytes(body)).get("token")
    except (ValueError, ClientDisconnect) as error:
        raise ReportRefusedError(Why.UNREADABLE, "the body is not a JSON object, or did not arrive whole") from error
    if not isinstance(token, str):
        raise ReportRefusedError(Why.UNREADABLE, 'the body has no token; send {"token": "…"}')
    return token
