"""How rows of the past are read; what reads them is in ``asof``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class View:
    """How rows are read as of ``:as_of``.

    With ``known_on`` only what was known by its end counts. ``moved`` are the tables and
    columns with changes that must be undone, None where any may have some: to undo costs a statement most of
    its time, and as of today there is next to nothing to undo. A statement with two views names the
    parameters of one of them otherwise: ``day`` and ``known_day``.
    """

    known_on: date | None = None
    moved: frozenset[tuple[str, str]] | None = None
    day: str = "as_of"
    known_day: str = "known_on"

    @property
    def known(self) -> bool:
        """Whether only what was known by ``:known_on`` counts."""
        return self.known_on is not None


#: All that is known now, whatever has changed since.
WHOLE = View()
