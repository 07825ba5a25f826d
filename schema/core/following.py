"""Following an operation from its beginning to its end: how long it took, and its span in the trace."""

from __future__ import annotations

import time
from types import TracebackType

from models import tracing
from schema.core import metrics
from schema.core.current import Current


class Followed:
    """Around the running of the operation that a request is known to be about.

    Of what nothing answered in the end nothing is counted: another way will be tried.
    """

    __slots__ = ("_about", "_around", "_began", "_span")

    def __init__(self, about: Current) -> None:
        self._about = about

    def __enter__(self) -> None:
        self._about.answered = ""
        self._around = tracing.span(self._about.kind)
        self._span = self._around.__enter__()
        self._began = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        about = self._about
        if about.answered:
            metrics.operated(about.kind, about.answered, time.perf_counter() - self._began, about.cost)
        if tracing.is_on():
            self._tell()
        self._around.__exit__(kind, error, trace)

    def _tell(self) -> None:
        """Have the span say what the operation was; its document and variables are nobody's business."""
        about = self._about
        told: dict[str, str | int | list[str]] = {
            "graphql.operation.type": about.kind,
            "graphql.operation.name": about.operation,
            "bellwether.cost": about.cost,
            "bellwether.answered": about.answered,
            "bellwether.error.codes": sorted(set(about.codes)),
        }
        self._span.set_attributes({name: value for name, value in told.items() if value})
