"""What an import came to, counted so that no row can get lost, and how that is shown."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table
from rich.text import Text

from connectors.tables import REJECTED, Finding, Rows
from models.access import Tenant

#: Rejected rows that the closing table shows; the file has them all.
SHOWN_REJECTS = 20
#: Kinds of oddities that it shows, the most frequent ones.
SHOWN_KINDS = 40


@dataclass
class Counts:
    """What became of a step's records: ``read`` is always the sum of the other four."""

    step: str
    file: str
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def written(self) -> int:
        """Records that the step changed."""
        return self.created + self.updated


@dataclass(frozen=True)
class Repair:
    """A known slip of the source that was corrected, and in how many rows."""

    file: str
    column: str
    found: str
    became: str
    count: int


@dataclass(frozen=True)
class Oddity:
    """A kind of fault of the source: what was odd, what was done about it, and in how many rows."""

    file: str
    column: str
    reason: str
    done: str
    count: int


@dataclass
class ImportReport:
    """What an import did, step by step; ``rejects`` has every row that was set aside.

    ``oddities`` count those and the rows that were taken although something was odd, by kind.
    """

    tenant: Tenant
    counts: dict[str, Counts] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)
    rejects: list[Finding] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    #: The first rows of each kind that was taken all the same.
    examples: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: How long it took, in seconds of the wall clock.
    seconds: float = 0.0

    def conclude(self, tables: Sequence[Rows], noted: Counter[str], seconds: float) -> None:
        """Take over what reading the tables found, and the mapping's remarks with their counts."""
        self.repairs = [
            Repair(rows.file, *slip, count) for rows in tables for slip, count in sorted(rows.repairs.items())
        ]
        self.rejects = [rows.rejected[line] for rows in tables for line in sorted(rows.rejected)]
        self.notes = [f"{count:,} {note}" for note, count in noted.items()]
        self.seconds = seconds
        kinds = Counter(each.kind for each in self.rejects)
        for rows in tables:
            kinds.update(rows.oddities)
            self.examples += rows.examples
        self.oddities = [Oddity(*kind, count) for kind, count in kinds.items()]

    @property
    def speed(self) -> str:
        """How many rows were read, and how fast."""
        read = sum(counts.read for counts in self.counts.values())
        rate = read / self.seconds if self.seconds else 0.0
        return f"{read:,} rows in {self.seconds:,.1f} s, {rate:,.0f} a second"

    def tables(self) -> list[Table]:
        """The closing tables: imported, and where there was something to tell, repaired and rejected."""
        imported = _table(
            "imported", "records", "file", "read", "created", "updated", "unchanged", "rejected"
        )
        for each in self.counts.values():
            numbers = (each.read, each.created, each.updated, each.unchanged, each.rejected)
            _add(imported, each.step, each.file, *numbers)
        return [imported, *self._repaired(), *self._odd(), *self._rejected()]

    def _odd(self) -> list[Table]:
        odd = _table("odd", "file", "column", "what", "done", "rows")
        for each in sorted(self.oddities, key=lambda each: -each.count)[:SHOWN_KINDS]:
            _add(odd, each.file, each.column, each.reason, each.done, each.count)
        if (more := len(self.oddities) - SHOWN_KINDS) > 0:
            odd.caption = f"and {more:,} more kinds"
        many = len(self.rejects) > SHOWN_REJECTS
        return [odd] if many or any(each.done != REJECTED for each in self.oddities) else []

    def _repaired(self) -> list[Table]:
        repaired = _table("repaired", "file", "column", "found", "became", "rows")
        for each in self.repairs:
            _add(repaired, each.file, each.column, each.found, each.became, each.count)
        return [repaired] if self.repairs else []

    def _rejected(self) -> list[Table]:
        rejected = _table("rejected", "file", "line", "column", "reason", "value")
        for each in self.rejects[:SHOWN_REJECTS]:
            _add(rejected, each.file, each.line, each.column, each.reason, each.value)
        if more := len(self.rejects) - SHOWN_REJECTS:
            rejected.caption = f"and {more:,} more" if more > 0 else None
        return [rejected] if self.rejects else []


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add(table: Table, *cells: str | int) -> None:
    """A row of text as it is: what a file says is no markup."""
    table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else cell) for cell in cells))


def write_rejects(path: Path, rejects: Sequence[Finding]) -> None:
    """Write rejected and odd rows as CSV in place of an earlier file, which goes away without any."""
    if not rejects:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "line", "column", "reason", "value", "done"])
        writer.writerows(
            [each.file, each.line, each.column, each.reason, each.value, each.done] for each in rejects
        )
    os.replace(unfinished, path)
