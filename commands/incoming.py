"""What comes of a source: a record with its values, and the dated changes that led to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from commands.journal import FieldChange, SourceRow


@dataclass(frozen=True)
class Incoming:
    """One record of a source: its key there, its current values, and the dated changes behind them.

    ``began`` is since when the record exists, where the source says so. ``history`` holds changes in
    order; the last of a field ends at the value in ``values``.
    """

    external_id: str
    values: Mapping[str, object]
    began: date | None = None
    history: tuple[FieldChange, ...] = ()

    @property
    def beginning(self) -> dict[str, object]:
        """The values that the record had at first."""
        return {**self.values, **{change.field: change.old for change in reversed(self.history)}}


@dataclass
class Round:
    """What became of a record at once on a day; ``told`` is the row of the source that tells of it."""

    on: date
    told: SourceRow | None
    values: dict[str, object]


def rounds(changes: Iterable[FieldChange]) -> Iterator[Round]:
    """Changes in the order of their days: those of one row of the source at once, of each field one."""
    found: Round | None = None
    for change in sorted(changes, key=lambda each: each.on):
        if found and (found.on, found.told) == (change.on, change.told) and change.field not in found.values:
            found.values[change.field] = change.new
            continue
        if found:
            yield found
        found = Round(change.on, change.told, {change.field: change.new})
    if found:
        yield found
