"""How log lines are written: ours and the libraries' as JSON on standard error, without what was sent."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator

import structlog
from structlog.typing import EventDict, ExcInfo

from models import tracing
from models.outages import named, origins
from schema.core.current import current

#: Loggers of our own. Only they tell more where more is asked for: at DEBUG the database's libraries write
#: every statement with its values.
OURS = ("bellwether", "commands", "connectors", "jobs", "models", "rules", "schema")
#: What Python itself says with these is about the program; other texts may quote what was sent.
ABOUT_THE_PROGRAM = (AttributeError, ImportError, NameError, RecursionError)


def configure_logging(level: str) -> None:
    """Write every log line of this level, ours and the libraries', as one JSON object."""
    shared: list[structlog.typing.Processor] = [
        _of_request,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_is_without_values)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(_traceback),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    wanted = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(wanted, logging.INFO), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in OURS:
        logging.getLogger(name).setLevel(wanted)
    # It logs every mistake in a query with a traceback; our own error policy logs what is a bug.
    logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL)
    _take_over_from_the_server()


def _take_over_from_the_server() -> None:
    """Uvicorn, started by itself, writes in its own form, and every request with its address and query."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)


def _of_request(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the request and the trace that a line is about."""
    if request_id := current().id:
        event["request_id"] = request_id
    if trace_id := tracing.trace_id():
        event["trace_id"] = trace_id
    return event


def _is_without_values(record: logging.LogRecord) -> bool:
    """Whether a line may be written, made so where that can be.

    Asyncio prints the errors of tasks with their texts below its first line, and Uvicorn the address and
    the query with which a WebSocket is opened.
    """
    if record.name == "asyncio":
        record.msg, record.args = record.getMessage().partition("\n")[0], None
    return not (record.name == "uvicorn.error" and '"WebSocket ' in str(record.msg))


def _traceback(exc_info: ExcInfo) -> str:
    return told(exc_info[1])


def told(error: BaseException) -> str:
    """Where an error and those that it came from were raised, without texts that may quote what was sent."""
    return "\n".join(_told(error))


def _told(error: BaseException) -> Iterator[str]:
    for each in reversed(list(origins(error))):
        yield "".join(traceback.format_tb(each.__traceback__)) + _named(each)
        for within in each.exceptions if isinstance(each, BaseExceptionGroup) else ():
            yield from _told(within)


def _named(error: BaseException) -> str:
    return f"{named(error)}: {error}" if type(error) in ABOUT_THE_PROGRAM else named(error)
