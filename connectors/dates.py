"""Days and moments as the files of a source write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from connectors.mapping import Table
from models.base import EARLIEST, LATEST


def as_date(text: str, table: Table) -> date:
    """A date in the table's own form; of one with a time of day, its day."""
    return as_moment(text, table).date()


def as_moment(text: str, table: Table) -> datetime:
    """A date in the table's own form with its time of day in UTC, midnight where it tells none."""
    return _parsed(text, table.dates)


@lru_cache(maxsize=50_000)
def _parsed(text: str, form: str) -> datetime:
    try:
        found = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        found = None
    if found is None or found.strftime(form) != text:
        raise ValueError(f"is no date of the form {form}")
    if not EARLIEST <= found.date() <= LATEST:
        raise ValueError(f"is out of range; allowed: {EARLIEST} to {LATEST}")
    return found
