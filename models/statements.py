"""Every statement that the database is given passes through here: counted, timed and told to traces.

Values are never looked at: what is told of a statement is its text without literals.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from models import outages, tracing

T = TypeVar("T")

SQLITE, POSTGRES = "sqlite", "postgresql"
SECONDS = Histogram(
    "bellwether_statement_seconds",
    "Seconds that statements took, with the wait for a connection, by database and kind.",
    ["database", "kind"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=None,
)
#: So many characters of a statement are told.
LONGEST = 4_000
_KINDS = frozenset({"select", "insert", "update", "delete"})
OTHER = "other"
#: Characters that tell what a statement does.
_ENOUGH = 7
_TABLE = re.compile(r'\b(?:from|into|update)\s+"?([a-z_][a-z0-9_]*)', re.IGNORECASE)
_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w$.\"])\d+(?:\.\d+)?\b")


@dataclass(slots=True)
class Count:
    """What the database was asked: so many statements, which gave so many rows to Python or into JSON."""

    statements: int = 0
    rows: int = 0


_count: ContextVar[Count | None] = ContextVar("statements", default=None)


def counted() -> Count:
    """What is asked from now on by whoever calls this, and by the tasks that they start."""
    count = Count()
    _count.set(count)
    return count


def counted_rows(more: int) -> None:
    """The statement that was seen last stands for so many rows more."""
    if (count := _count.get()) is not None:
        count.rows += more


async def seen(database: str, sql: str, work: Awaitable[T], rows: Callable[[T], int]) -> T:
    """What a statement gives, which is as many ``rows``."""
    began = time.perf_counter()
    try:
        found = await (_told(database, sql, work, rows) if tracing.is_recorded() else work)
    finally:
        _seconds(database, sql.lstrip()[:_ENOUGH]).observe(time.perf_counter() - began)
    outages.over()
    if (count := _count.get()) is not None:
        count.statements += 1
        count.rows += rows(found)
    return found


async def _told(database: str, sql: str, work: Awaitable[T], rows: Callable[[T], int]) -> T:
    """What a statement gives, with a span around it; only within another one: polling would fill traces."""
    kind, table, text = about(sql)
    told = {"db.system.name": database, "db.operation.name": kind, "db.query.text": text}
    if table:
        told["db.collection.name"] = table
    with tracing.span(f"{kind} {table}".rstrip(), told, SpanKind.CLIENT) as span:
        found = await work
        span.set_attribute("db.response.returned_rows", rows(found))
        return found


@lru_cache(256)
def _seconds(database: str, beginning: str) -> Histogram:
    return SECONDS.labels(database, _kind(beginning))


def _kind(sql: str) -> str:
    """What a statement does, by its first word; one with named parts reads."""
    word = sql.split(maxsplit=1)[0].lower() if sql else OTHER
    return "select" if word == "with" else word if word in _KINDS else OTHER


@lru_cache(256)
def about(sql: str) -> tuple[str, str, str]:
    """What a statement does, the table that it is about, and its text with ``?`` for every literal.

    The table is the first of those that are named outermost.
    """
    text = _LITERAL.sub("?", sql)
    table = min(
        _TABLE.finditer(text),
        key=lambda found: text.count("(", 0, found.start()) - text.count(")", 0, found.start()),
        default=None,
    )
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return _kind(sql), table[1] if table else "", shown
