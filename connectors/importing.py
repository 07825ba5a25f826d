"""Importing a folder by a mapping: read everything, then write step by step through the commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from datetime import date
from itertools import islice
from pathlib import Path
from time import monotonic

from commands.access import ensure_tenant, system_actor
from commands.incoming import Incoming
from commands.journal import SourceRow
from commands.validation import check_currency
from connectors import writing
from connectors.building import Builder, Built, Telltale, telltales
from connectors.mapping import Mapping
from connectors.reading import Known, RowProblem, fits, place
from connectors.report import Counts, ImportReport, write_rejects
from connectors.tables import Row, Rows, read_tables
from models.access import Actor, User
from models.database import refresh_statistics

BATCH = 500
MAX_KEY = 200
#: How many records one row may stand for.
MAX_REPEAT = 1_000

Progress = Callable[[str, int, int], None]
Groups = dict[str, list[Row]]


async def import_folder(
    mapping: Mapping,
    folder: Path,
    as_of: date,
    *,
    rejects: Path | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import the files of a folder; safe to repeat, and to run again after it was interrupted.

    The first import of a source brings its history, which was known there on its business dates; what later
    ones bring is known from the day of the import on.

    ``as_of`` is the business date of what the source does not date. ``rejects`` is written when rows were
    rejected. ``progress`` is told the step, how many records are done, and of how many.

    Raises:
        Invalid: a file cannot be read as the mapping needs it; nothing was written.
    """
    tables = read_tables(mapping, folder)
    tenant = await ensure_tenant(mapping.tenant.slug, mapping.tenant.name, mapping.currency)
    actor = system_actor(tenant, mapping.name)
    check_currency(actor, mapping.currency, "currency")
    report, started = ImportReport(tenant), monotonic()
    known, noted = Known(as_of, tables, history=await writing.is_first(actor)), Counter[str]()
    known.pipelines = await writing.ensure_pipelines(actor, mapping.pipelines)
    for name in mapping.steps:
        step = _Step(mapping, name, known, actor, noted)
        report.counts[name] = await step.run(progress)
        report.counts |= step.count_told()
    report.counts |= _left_over(mapping, tables)
    if known.history:
        await writing.note_complete(actor)
    await refresh_statistics()
    report.conclude(list(tables.values()), noted, monotonic() - started)
    report.notes += _unread(mapping, folder)
    if rejects is not None:
        write_rejects(rejects, [*report.rejects, *report.examples])
    return report


def _left_over(mapping: Mapping, tables: Dictionary[str, Rows]) -> dict[str, Counts]:
    """Set aside the rows of tables that steps read in part, and that none of them takes; how many."""
    found: dict[str, Counts] = {}
    partly = {step.table for step in mapping.steps.values() if step.given}
    for name in partly | {
        str(dated.rows) for step in mapping.steps.values() for dated in step.history if dated.rows
    }:
        rows = tables[name]
        if left := rows.left_over():
            for row in left:
                rows.reject(row.line, "the whole line", "is taken by no part of the mapping", "")
            counts = found[f"none of {name}"] = Counts(f"none of {name}", rows.file)
            counts.read = counts.rejected = len(left)
    return found


def _unread(mapping: Mapping, folder: Path) -> list[str]:
    """A remark on CSV files in the folder that no table of the mapping is."""
    read = {table.file for table in mapping.tables.values()}
    for pattern in [table.files for table in mapping.tables.values() if table.files]:
        read |= {str(each.relative_to(folder)) for each in folder.glob(pattern)}
    found = sorted(each.name for each in folder.glob("*.csv*") if each.is_file() and each.name not in read)
    return [f"Not read by the mapping: {', '.join(found)}"] if found else []


class _Step:
    """One step of a mapping being imported."""

    def __init__(self, mapping: Mapping, name: str, known: Known, actor: Actor, noted: Counter[str]) -> None:
        self.name, self.step = name, mapping.steps[name]
        self.known, self.actor, self.noted = known, actor, noted
        self.source = mapping.name
        self.rows: Rows = known.tables[self.step.table]
        self.counts = Counts(name, self.rows.file)
        self.builder = Builder(mapping, name, known)
        self.told = telltales(mapping, name, known)
        self.told_of_new, self.told_of_known = set[SourceRow](), set[SourceRow]()
        self.read = [str(each.rows) for each in self.step.history if each.rows]
        known.ids[name], known.values[name] = {}, {}

    async def run(self, progress: Progress | None) -> Counts:
        """Write the records of the step, those that others of the step refer to first."""
        groups = self._keyed()
        done, of = 0, len(groups)
        if self.builder.model is User:
            self.builder.claimed = await writing.claimed_emails(self.actor, self.source)
        for level in self._levels(groups):
            for keys in _batches(level):
                await self._write({key: groups[key] for key in keys})
                done += len(keys)
                if progress:
                    progress(self.name, done, of)
        return self.counts

    def count_told(self) -> dict[str, Counts]:
        """What became of the rows of other tables that tell of changes, by what the report calls them.

        Created and updated are those whose change was logged, of a new record or of one that was there.
        """
        for key in self.told.keys() - self.known.ids[self.name].keys():
            for number, row in self.told[key]:
                dated = self.step.history[number]
                reason = f"names none of the {self.name}"
                self.known.tables[str(dated.rows)].reject(row.line, str(dated.where), reason, key)
        found: dict[str, Counts] = {}
        for name in dict.fromkeys(self.read):
            rows = self.known.tables[name]
            lines = {
                row.line
                for dated in self.step.history
                if dated.rows == name
                for row in rows.rows
                if fits(row, dated.when)
            }
            called = f"{self.name} from {name}"
            counts = found[called] = Counts(called, rows.file, len(lines))
            counts.rejected = len(lines & rows.rejected.keys())
            kept = {(name, line) for line in lines - rows.rejected.keys()}
            counts.created, counts.updated = len(kept & self.told_of_new), len(kept & self.told_of_known)
            counts.unchanged = len(kept) - counts.created - counts.updated
        return found

    def _keyed(self) -> Groups:
        """The rows by key; those without one, rejected before, or with the key of another are set aside."""
        groups: Groups = {}
        for row in self.rows.rows:
            key = "/".join(row.cells[column] for column in self.step.keys)
            if not self._is_given(key, row):
                continue
            if row.line in self.rows.rejected:
                self._count_reject()
            elif blank := [column for column in self.step.keys if not row.cells[column]]:
                self._reject(row, blank[0], "is blank; it is the key", "")
            elif len(key) > MAX_KEY:
                self._reject(row, self.step.keys[0], f"is a key of more than {MAX_KEY} characters", key)
            elif self.step.repeat:
                self._repeat(groups, key, row, self.step.repeat)
            elif key in groups and not self.step.distinct:
                column, line = ", ".join(self.step.keys), groups[key][0].line
                self._reject(row, column, f"is the key of line {line} already", key)
                self._set_apart(key, row)
            else:
                groups.setdefault(key, []).append(row)
        return groups

    def _set_apart(self, key: str, second: Row) -> None:
        """Reject what a log tells of a key after its second record; what other tables tell is doubtful."""
        of_first: list[Telltale] = []
        for number, row in self.told.get(key, ()):
            dated = self.step.history[number]
            if dated.rows == self.step.table and row.line > second.line:
                reason = "is of the second record with this key"
                self.rows.reject(row.line, str(dated.where), reason, key)
                continue
            of_first.append((number, row))
            if dated.rows != self.step.table:
                reason, taken = "names a key that two rows have", "taken as of the first of them"
                self.known.tables[str(dated.rows)].remark(row.line, str(dated.where), reason, key, taken)
        self.told[key] = of_first

    def _is_given(self, key: str, row: Row) -> bool:
        """Whether a row is one of the step's; one of which that cannot be said is, and is rejected."""
        if self.step.given is None:
            self.rows.taken = None
            return True
        try:
            given = self.builder.is_given(key, row)
        except RowProblem as problem:
            self.rows.reject(row.line, problem.column, problem.reason, problem.value)
            given = True
        if given:
            self.rows.take(row.line)
        return given

    def _repeat(self, groups: Groups, key: str, row: Row, column: str) -> None:
        """As many records as the row says that it stands for, each with a key of its own."""
        text = row.cells[column] or "0"
        if not text.isdecimal() or int(text) > MAX_REPEAT:
            self._reject(row, column, f"is no whole number from 0 to {MAX_REPEAT:,}", text)
            return
        for number in range(1, int(text) + 1):
            groups.setdefault(f"{key}/{number}", []).append(row)

    def _levels(self, groups: Groups) -> Iterator[list[str]]:
        """Keys in the order of writing: a level refers only to those before it. A circle is rejected."""
        waits = {key: self.builder.refers_to(key, rows[0]) & groups.keys() for key, rows in groups.items()}
        pending = set(waits) if any(waits.values()) else set()
        if not pending:
            yield list(groups)
        while pending:
            ready = [key for key in groups if key in pending and not waits[key] & pending]
            if not ready:
                for key in (key for key in groups if key in pending):
                    self._reject_all(groups[key], "refers to itself in a circle", key)
                return
            yield ready
            pending -= set(ready)

    async def _write(self, batch: Groups) -> None:
        seen: Dictionary[str, date] = {}
        if self.builder.asks_first_seen:
            seen = await writing.first_seen(self.actor, self.builder.model, self.source, list(batch))
        records = [r for key, rows in batch.items() if (r := self._record(key, rows, seen.get(key)))]
        if not records:
            return
        written = await writing.write(
            self.actor,
            self.builder.model,
            self.source,
            records,
            self.known.as_of,
            history=self.known.history,
        )
        self.counts.created += written.created
        self.counts.updated += written.updated
        self.counts.unchanged += written.unchanged
        self.counts.read += len(records) - len(written.circular)
        for key in written.circular:
            self._reject_all(batch[key][:1], "would be above itself in the tree", key)
        if written.erased:
            told = f"rows of {self.name} are about people whose data was erased, and were left alone"
            self.noted[told] += written.erased
        if written.merged:
            told = f"rows of {self.name} are about accounts that were merged into others, and were left alone"
            self.noted[told] += written.merged
        self.told_of_new |= written.told_of_new
        self.told_of_known |= written.told_of_known
        self._leave_out(written.late)
        self.known.ids[self.name] |= {
            record.external_id: written.ids[record.external_id]
            for record in records
            if record.external_id in written.ids
        }
        self.known.began |= {
            written.ids[record.external_id]: record.began
            for record in records
            if record.began and record.external_id in written.ids
        }
        self.known.values[self.name] |= {
            record.external_id: self.builder.by_field(record) for record in records
        }

    def _record(self, key: str, rows: Sequence[Row], seen: date | None) -> Incoming | None:
        """The record of a key; every further row of it must say the same."""
        record: Incoming | None = None
        first = 0
        for row in rows:
            try:
                built = self.builder.build(key, row, seen, self.told.get(key, ()))
            except RowProblem as problem:
                self._reject(row, problem.column, problem.reason, problem.value)
                continue
            if record is None:
                record, first = built.record, row.line
                self._tell(built)
            elif built.record != record:
                column, value = self._difference(record, built.record)
                self._reject(row, column, f"differs from line {first}, which has the same key", value)
        return record

    def _tell(self, built: Built) -> None:
        """Take over what was noted of a row, and what was odd in it and in those that tell of changes."""
        self.noted.update(built.notes)
        for table, row, problem in built.refused:
            self.known.tables[table].reject(row.line, problem.column, problem.reason, problem.value)
        for odd in built.oddities:
            rows = self.known.tables[odd.table]
            rows.remark(odd.line, odd.column, odd.reason, odd.value, odd.taken)

    def _leave_out(self, late: Collection[SourceRow]) -> None:
        """Remark on rows that tell of changes which another import should have brought."""
        rows = {(name, row.line): row for name in self.read for row in self.known.tables[name].rows if late}
        for name, line in sorted(late):
            row = rows[name, line]
            dated = next(each for each in self.step.history if each.rows == name and fits(row, each.when))
            column, reason = place(dated.date), "is before later changes that are known already"
            taken = "left out; what is known stays"
            self.known.tables[name].remark(line, column, reason, row.cells.get(column, ""), taken)

    def _difference(self, one: Incoming, other: Incoming) -> tuple[str, str]:
        fields = [name for name, value in one.values.items() if other.values[name] != value]
        return (fields or ["history"])[0], one.external_id

    def _reject_all(self, rows: Sequence[Row], reason: str, key: str) -> None:
        for row in rows:
            self._reject(row, ", ".join(self.step.keys), reason, key)

    def _reject(self, row: Row, column: str, reason: str, value: str) -> None:
        self.rows.reject(row.line, column, reason, value)
        self._count_reject()

    def _count_reject(self) -> None:
        self.counts.read += 1
        self.counts.rejected += 1


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    walk = iter(keys)
    while batch := list(islice(walk, BATCH)):
        yield batch
