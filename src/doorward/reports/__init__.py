"""Reports about people and their devices, by programs that the operator trusts to make them: postures and risk scores.

``source`` says who may report what, ``delivery`` reads a signed delivery, ``holding`` says what holds of it at a time.
"""

from doorward.reports.delivery import LONGEST, Delivery, Report, ReportRefusedError, Why, read_delivery
from doorward.reports.holding import Held, learned, next_look
from doorward.reports.source import SCORE, ReportKey, ReportSource, public_key, shared_secret

__all__ = [
    "LONGEST",
    "SCORE",
    "Delivery",
    "Held",
    "Report",
    "ReportKey",
    "ReportRefusedError",
    "ReportSource",
    "Why",
    "learned",
    "next_look",
    "public_key",
    "read_delivery",
    "shared_secret",
]
