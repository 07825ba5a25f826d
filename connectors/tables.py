"""Reading CSV files whole and strictly: a file that cannot be trusted is refused before any writing."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors import mapping as documents
from connectors.dates import as_moment
from models.errors import Invalid, allowed

#: Longest value of one field, in characters; nothing that is stored is longer.
MAX_FIELD = 10_000
SHOWN = 80
#: What was done with a row that was not imported.
REJECTED = "rejected"
#: How many rows that were taken although something was odd are named, of each kind.
EXAMPLES = 20


@dataclass(frozen=True)
class Row:
    """A row with its line in the file; every cell is text without white space around it."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """A row in which something is odd: where it is, what, the value at fault, shortened, and what was done.

    ``done`` is `REJECTED` for a row that was not imported, otherwise how it was taken all the same.
    """

    file: str
    line: int
    column: str
    reason: str
    value: str
    done: str = REJECTED

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """What findings that are alike have in common."""
        return self.file, self.column, self.reason, self.done

    def __str__(self) -> str:
        return f"{self.file} line {self.line}, {self.column}: {self.reason} ({self.value!r})"


@dataclass
class Rows:
    """A table as it was read: its rows, those that are not even rows, and what was repaired."""

    file: str
    rows: list[Row] = field(default_factory=list)
    rejected: dict[int, Finding] = field(default_factory=dict)
    #: What was odd in rows that were taken all the same: how often, and where first.
    oddities: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    examples: list[Finding] = field(default_factory=list)
    #: Lines that some part of the mapping takes; None when all of them are.
    taken: set[int] | None = field(default_factory=set)
    repairs: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: Of several files read as one: the name of each, and the lines before it.
    parts: list[tuple[int, str]] = field(default_factory=list)

    def reject(self, line: int, column: str, reason: str, value: str) -> None:
        """Set a row aside; the first reason stands."""
        self.rejected.setdefault(line, self._finding(line, column, reason, value, REJECTED))

    def remark(self, line: int, column: str, reason: str, value: str, taken: str) -> None:
        """Tell of something odd in a row, and how it was taken all the same."""
        found = self._finding(line, column, reason, value, taken)
        self.oddities[found.kind] += 1
        if self.oddities[found.kind] <= EXAMPLES:
            self.examples.append(found)

    def take(self, line: int) -> None:
        """Some part of the mapping takes a row."""
        if self.taken is not None:
            self.taken.add(line)

    def left_over(self) -> list[Row]:
        """Rows that no part of the mapping takes."""
        taken = self.taken
        return [] if taken is None else [row for row in self.rows if row.line not in taken]

    def _finding(self, line: int, column: str, reason: str, value: str, done: str) -> Finding:
        shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
        file, own = self._place(line)
        return Finding(file, own, column, reason, shown, done)

    def _place(self, line: int) -> tuple[str, int]:
        """The file and the line in it; lines of several files are counted through."""
        before, file = next(
            ((before, file) for before, file in reversed(self.parts) if before < line), (0, self.file)
        )
        return file, line - before


def read_tables(mapping: documents.Mapping, folder: Path) -> dict[str, Rows]:
    """Every table of the mapping, or Invalid naming file, line and column before anything is written."""
    return {
        name: _checked(_repaired(_read(mapping, name, folder), table), table)
        for name, table in mapping.tables.items()
    }


def _checked(found: Rows, table: documents.Table) -> Rows:
    """The rows, those set aside or remarked on of which a check does not hold."""
    for check in table.checks:
        fault = _repeats(found, check) if check.unique else _too_early(found, check, table)
        for row, reason in fault:
            value = row.cells[check.column]
            if check.taken is None:
                found.reject(row.line, check.column, reason, value)
            elif row.line not in found.rejected:
                found.remark(row.line, check.column, reason, value, check.taken)
    return found


def _repeats(found: Rows, check: documents.Check) -> Iterator[tuple[Row, str]]:
    seen: set[str] = set()
    for row in found.rows:
        cell = row.cells[check.column]
        if cell and cell in seen:
            yield row, "was there before"
        seen.add(cell)


def _too_early(found: Rows, check: documents.Check, table: documents.Table) -> Iterator[tuple[Row, str]]:
    for row in found.rows:
        try:
            day, earlier = [as_moment(row.cells[column], table) for column in check.columns]
        except ValueError:
            continue  # blank, or told of where it is read
        if day < earlier:
            yield row, f"is before {check.not_before}"


def _repaired(found: Rows, table: documents.Table) -> Rows:
    for column, slips in table.repair.items():
        for number, row in enumerate(found.rows):
            value = row.cells[column]
            if value in slips:
                found.repairs[(column, value, slips[value])] += 1
                found.rows[number] = Row(row.line, {**row.cells, column: slips[value]})
    return found


def _read(mapping: documents.Mapping, name: str, folder: Path) -> Rows:
    table = mapping.tables[name]
    if table.rows is not None:
        return Rows(f"({name})", [Row(line, cells) for line, cells in enumerate(table.rows, start=1)])
    if table.file is not None:
        found = Rows(table.file)
        _read_file(found, table, mapping.columns(name), folder / table.file, table.file)
        return found
    assert table.files is not None
    return _read_files(table, table.files, mapping.columns(name), folder)


def _read_files(table: documents.Table, pattern: str, columns: Sequence[str], folder: Path) -> Rows:
    """The rows of every file of a pattern, in the order of their names."""
    found = Rows(pattern)
    files = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise Invalid(f"no file of the form {pattern}; nothing was imported", [pattern])
    lines = 0
    for path in files:
        found.parts.append((lines, str(path.relative_to(folder))))
        lines += _read_file(found, table, columns, path, found.parts[-1][1], lines)
    return found


def _read_file(
    found: Rows, table: documents.Table, columns: Sequence[str], path: Path, file: str, before: int = 0
) -> int:
    """Add the rows of a file, whose lines are counted from ``before``; how many lines it has."""
    text = _decoded(file, _content(file, path), table.delimiter)
    with _unlimited(len(text)):
        records = _records(file, text, table.delimiter)
        header = _header(file, records, columns)
        for line, values in records:
            _add(found, file, header, before, line, values)
    return text.count("\n") + 1


def _content(file: str, path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if file.endswith(".gz") else content
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Invalid(f"{file} cannot be read: {reason}", [file]) from error


def _decoded(file: str, content: bytes, delimiter: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = _end_of(before, delimiter)
        raise _refused(file, line, column, f"is not UTF-8 (byte 0x{content[error.start]:02x})") from error


def _end_of(text: str, delimiter: str) -> tuple[int, str]:
    """The line and the column in which a piece of a file breaks off."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff") + "?", newline=""), delimiter=delimiter)
    with _unlimited(len(text)):
        records = list(reader)
    header, at = records[0], len(records[-1]) - 1
    known = reader.line_num > 1 and at < len(header)
    return reader.line_num, header[at].strip() if known else f"column {at + 1}"


def _records(file: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it starts on; empty lines are no records."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for values in reader:
            if values:
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refused(file, line, "the whole line", f"is no CSV: {error}") from error


def _header(file: str, records: Iterator[tuple[int, list[str]]], needed: Sequence[str]) -> list[str]:
    line, values = next(records, (1, []))
    header = [value.strip() for value in values]
    if not any(header):
        raise _refused(file, line, "header", f"is empty; needed: {allowed(needed)}")
    for column in needed:
        if header.count(column) != 1:
            what = "is missing" if column not in header else "is there more than once"
            raise _refused(file, line, column, f"{what}; the file has: {allowed(header)[:500]}")
    return header


def _add(
    found: Rows, file: str, header: Sequence[str], before: int, line: int, values: Sequence[str]
) -> None:
    for number, value in enumerate(values):
        if len(value) > MAX_FIELD or "\x00" in value:
            column = header[number] if number < len(header) else f"column {number + 1}"
            fault = "holds a NUL character" if "\x00" in value else f"has {len(value):,} characters"
            raise _refused(file, line, column, f"{fault}; allowed: {MAX_FIELD:,} characters of text")
    if len(values) != len(header):
        column = header[len(values)] if len(values) < len(header) else f"column {len(header) + 1}"
        reason = f"the row has {len(values)} fields, the header {len(header)}"
        found.reject(before + line, column, reason, values[-1])
    cells = {name: value.strip() for name, value in zip(header, values, strict=False)}
    found.rows.append(Row(before + line, {**dict.fromkeys(header, ""), **cells}))


def _refused(file: str, line: int, column: str, reason: str) -> Invalid:
    return Invalid(f"{file} line {line}, {column}: {reason}; nothing was imported", [file, str(line), column])


@contextmanager
def _unlimited(length: int) -> Iterator[None]:
    """Let the parser pass on over-long fields, so that we can say where they are."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, length + 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)
