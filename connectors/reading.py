"""What a mapping's sources give for one row: its values before they become a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from commands.placing import Pipelines
from connectors import templates
from connectors.mapping import Picked, Source, Table
from connectors.records import as_number
from connectors.tables import Row, Rows
from models.errors import allowed

Raw = str | int | bool


class RowProblem(Exception):
    """Why a row cannot be imported: the column, the reason, and the value at fault."""

    def __init__(self, column: str, reason: str, value: object) -> None:
        super().__init__(column, reason, value)
        self.column = column
        self.reason = reason
        self.value = str(value)


@dataclass
class Known:
    """What the import knows when it reads a row: all tables, and what the steps before have made.

    ``ids`` and ``values`` are by step and key. ``history`` says that it is the source's first import.
    """

    as_of: date
    tables: Mapping[str, Rows]
    history: bool = False
    pipelines: Pipelines = field(default_factory=lambda: Pipelines({}, {}))
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Since when records exist, by their id.
    began: dict[str, date] = field(default_factory=dict)
    values: dict[str, dict[str, Mapping[str, object]]] = field(default_factory=dict)
    _common: dict[str, dict[str, str]] = field(default_factory=dict)
    _first: dict[str, dict[str, str]] = field(default_factory=dict)

    def first(self, wanted: Picked, key: str) -> str | None:
        """The value in the first row of a key that has one."""
        at = repr(wanted)
        if at not in self._first:
            found = self._first[at] = {}
            for where, value in self._picked(wanted):
                found.setdefault(where, value)
        return self._first[at].get(key)

    def most_common(self, wanted: Picked, key: str) -> str | None:
        """The most frequent value among the rows of a key; of equally frequent ones the first by name."""
        at = repr(wanted)
        if at not in self._common:
            self._common[at] = self._count(wanted)
        return self._common[at].get(key)

    def _picked(self, wanted: Picked) -> Iterator[tuple[str, str]]:
        """What is picked and what for, where there is something; rows in their order."""
        for row in self.tables[wanted.table].rows:
            if (value := row.cells[wanted.pick]) and fits(row, wanted.when):
                yield row.cells[wanted.where], value

    def _count(self, wanted: Picked) -> dict[str, str]:
        counts: dict[str, Counter[str]] = {}
        for where, value in self._picked(wanted):
            counts.setdefault(where, Counter())[value] += 1
        return {key: min(count, key=lambda v: (-count[v], v)) for key, count in counts.items()}


@dataclass
class Reading:
    """One row being read.

    ``first_seen`` is since when we know the record, ``noted`` the remarks that the row earned.
    """

    known: Known
    table: Table
    row: Row
    key: str
    first_seen: date
    noted: list[str] = field(default_factory=list)

    def value(self, source: Source, convert: Callable[[Raw], object]) -> object:
        """What a source gives, as ``convert`` makes it; None when it is blank.

        Raises:
            RowProblem: the value is needed and blank, is unknown, or cannot be converted.
        """
        applies = fits(self.row, source.when)
        raw = self.raw(source) if applies else None
        if raw is not None:
            found = self._final(source, raw, convert)
            self.noted += [source.note] if source.note else []
            return found
        if applies and source.required:
            raise RowProblem(place(source), "is blank; a value is needed", "")
        return self.value(source.default, convert) if source.default else None

    def raw(self, source: Source) -> Raw | date | None:
        """The value before it is looked up or converted."""
        origin = self._origin(source)
        if origin is None or origin == "" or isinstance(origin, date):
            return origin or None
        if source.values:
            origin = self._translated(source, str(origin))
        if source.times and origin is not None:
            origin = self._scaled(source, str(origin))
        if source.divided_by and origin is not None:
            origin = self._share(source, str(origin), source.divided_by)
        if origin is None:
            return None
        return self._band(source, str(origin)) if source.bands else origin

    def _origin(self, source: Source) -> Raw | date | None:
        if source.column:
            return self.row.cells[source.column]
        if source.template:
            return templates.fill(source.template, self.row.cells)
        if source.most_common:
            return self.known.most_common(source.most_common, self.key)
        if source.first:
            return self.known.first(source.first, self.key)
        return self.first_seen if source.first_seen else source.const

    def _translated(self, source: Source, origin: str) -> Raw | None:
        if origin not in source.values:
            raise RowProblem(place(source), f"is unknown; allowed: {allowed(list(source.values))}", origin)
        return source.values[origin]

    def _scaled(self, source: Source, origin: str) -> int:
        """A number in another unit, as a whole number: half of one goes to the even neighbour."""
        return int((self._number(source, origin) * (source.times or 1)).to_integral_value())

    def _share(self, source: Source, origin: str, by: str) -> str:
        """An amount divided by the number in another column, with two decimals, halves to even."""
        try:
            number = as_number(self.row.cells[by], self.table)
        except ValueError as error:
            raise RowProblem(by, str(error), self.row.cells[by]) from error
        if number <= 0:
            raise RowProblem(by, "is not above 0; something is divided by it", number)
        return f"{self._number(source, origin) / number:.2f}".replace(".", self.table.decimal)

    def _number(self, source: Source, origin: str) -> Decimal:
        try:
            return as_number(origin, self.table)
        except ValueError as error:
            raise RowProblem(place(source), str(error), origin) from error

    def _band(self, source: Source, origin: str) -> str:
        number = self._number(source, origin)
        for band in source.bands:
            if band.below is None or number < band.below:
                return band.then
        raise RowProblem(place(source), "is in no band", origin)

    def _final(self, source: Source, raw: Raw | date, convert: Callable[[Raw], object]) -> object:
        if source.lookup:
            return self._looked_up(source, source.lookup, str(raw))
        if isinstance(raw, date):
            return raw
        try:
            return convert(raw)
        except ValueError as error:
            raise RowProblem(place(source), str(error), raw) from error

    def _looked_up(self, source: Source, step: str, key: str) -> object:
        if key not in self.known.ids[step]:
            raise RowProblem(place(source), f"names none of the {step}", key)
        return self.known.values[step][key][source.take] if source.take else self.known.ids[step][key]


def fits(row: Row, when: Mapping[str, Sequence[str]]) -> bool:
    """Whether each of these columns has one of its cells."""
    return not when or all(row.cells[column] in cells for column, cells in when.items())


def place(source: Source) -> str:
    """The columns that a source reads, as an error message names them."""
    if source.most_common:
        return f"most common {source.most_common.pick}"
    if source.first:
        return f"first {source.first.pick}"
    return source.column or ", ".join(templates.columns_in(source.template or "")) or "the mapping"
