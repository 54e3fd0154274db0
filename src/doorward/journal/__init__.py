"""The log: one line an event, with the request id, as JSON or as text; no secret in it, no line that a visitor forged.

Everything written through structlog or the standard library's ``logging`` goes the same way, so uvicorn's own lines too
(give uvicorn ``log_config=None``).
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import AbstractContextManager, suppress
from typing import Literal, Protocol

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import Processor

from doorward.journal.redaction import redact, remove_secrets
from doorward.journal.rendering import Text, json_order, single_line

__all__ = ["COLOUR", "Format", "Stream", "configure", "redact", "request_bound", "single_line"]

Format = Literal["json", "text"]

COLOUR = "DOORWARD_COLOUR"
_CHATTY = ("aiosqlite", "alembic", "asyncio", "grpc", "httpcore", "httpx", "sqlalchemy", "uvicorn")
"""Libraries whose lines below a warning repeat ours, or carry addresses with queries and statements with values."""


class Stream(Protocol):
    """What is written to: standard error, a file."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


def configure(
    form: Format = "text", level: str = "info", *, stream: Stream | None = None, colour: bool | None = None
) -> None:
    """Send every log line of this process to ``stream`` (standard error), from ``level`` upwards.

    ``level``: debug, info, warning or error. ``colour`` is used in text only; by default on a terminal, and where the
    process around this one says that its terminal is where the lines end up (``DOORWARD_COLOUR=1``).
    """
    target = sys.stderr if stream is None else stream
    handler = _Output(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_shared()),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                remove_secrets,
                *_rendering(form, colour=_on_terminal(target) if colour is None else colour),
            ],
        )
    )
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    _quieten(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers made at import, before this call, follow it
    )


class _Output(logging.StreamHandler[Stream]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Say that a line was lost, without its content: logging's own report prints it, secrets and all."""
        with suppress(OSError, ValueError):
            error = sys.exc_info()[0]
            self.stream.write(f"A log line of {record.name} was lost: {error.__name__ if error else 'unknown'}\n")


def request_bound(request_id: str) -> AbstractContextManager[None]:
    """Every line logged inside, by whatever code of the same task, carries ``request_id``."""
    return bound_contextvars(request_id=request_id)


def _on_terminal(target: Stream) -> bool:
    return target.isatty() or os.environ.get(COLOUR) == "1"


def _shared() -> tuple[Processor, ...]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%S.%fZ", utc=True),
    )


def _rendering(form: Format, *, colour: bool) -> tuple[Processor, ...]:
    if form == "json":
        # JSON in pure ASCII: every control character and every look-alike is escaped by the encoder itself.
        return (json_order, structlog.processors.JSONRenderer(ensure_ascii=True))
    return (Text(colour=colour),)


def _quieten(level: str) -> None:
    least = max(logging.getLevelNamesMapping()[level.upper()], logging.WARNING)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(least)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # its warnings are of forms, which have a record
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # it may have brought handlers and levels of its own
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(least)
        logger.propagate = True
