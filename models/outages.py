"""Whether the database is there: told once when it is gone, and once when it answers again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import structlog

log = structlog.get_logger("bellwether.database")

#: Since when the database is gone.
_gone: float | None = None


def noted(error: BaseException) -> None:
    """The database could not be reached: this error came of it."""
    global _gone
    if _gone is None:
        _gone = time.monotonic()
        log.error("database unreachable", reason=reason(error))


def over() -> None:
    """The database has answered."""
    global _gone
    if _gone is not None:
        seconds, _gone = round(time.monotonic() - _gone, 1), None
        log.warning("database answers again", after_seconds=seconds)


def is_gone() -> bool:
    """Whether nothing was heard of the database since it could not be reached."""
    return _gone is not None


def reason(error: BaseException) -> str:
    """What went wrong, without the texts of errors: drivers quote values in them."""
    return ", from ".join(map(named, origins(error)))


def named(error: BaseException) -> str:
    """The class of an error, with the code that a database or the operating system gave it."""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    if isinstance(error, OSError):
        code = code or error.errno
    return f"{type(error).__qualname__} {code}" if code else type(error).__qualname__


def origins(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
