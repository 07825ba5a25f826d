"""Building one record from one row: its values, since when it exists, and its dated history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from commands.incoming import Incoming
from commands.journal import FieldChange
from commands.placing import NAMED
from connectors import records
from connectors.dates import as_date, as_moment
from connectors.mapping import Dated, Mapping, Source, Table
from connectors.reading import Known, Raw, Reading, RowProblem, fits, place
from connectors.tables import Row
from connectors.timelines import UNSAID, Telling, Timeline, timeline
from models.access import Team, User
from models.base import Record, latest_today
from models.deals import Deal
from models.people import Contact, Fault, Interaction, contact_faults, interaction_faults

#: Fields that only one record of a tenant may hold, by kind of record.
UNIQUE: dict[type[Record], str] = {Team: "name", User: "email"}
#: What cannot be in the values of a record, by kind of record.
_FAULTS: dict[type[Record], Callable[[Dictionary[str, object], date], Iterable[Fault]]] = {
    Contact: contact_faults,
    Interaction: interaction_faults,
}
#: A row of another table that tells of a change, with the number of the part of the history that it fits.
Telltale = tuple[int, Row]


@dataclass(frozen=True)
class Oddity:
    """Something odd in a row of a table that is taken all the same, and how."""

    table: str
    line: int
    column: str
    reason: str
    value: str
    taken: str


@dataclass
class Built:
    """What a row came to: the record, the remarks that the row earned, and what was odd.

    ``refused`` are the rows of other tables that tell of changes which cannot be.
    """

    record: Incoming
    notes: list[str]
    oddities: list[Oddity] = field(default_factory=list)
    refused: list[tuple[str, Row, RowProblem]] = field(default_factory=list)


class Builder:
    """Builds the records of one step; ``claimed`` says who holds the values that are unique."""

    def __init__(self, mapping: Mapping, name: str, known: Known) -> None:
        self.name, self.step = name, mapping.steps[name]
        self.tables = mapping.tables
        self.table = mapping.tables[self.step.table]
        self.model = records.MODELS[self.step.into]
        self.known = known
        self.claimed: dict[str, str] = {}
        sources = [source for _, source in self.step.sources()]
        self.asks_first_seen = any(source.first_seen for source in sources)
        self._own = [source for source in sources if source.lookup == name and not source.take]
        self._tells_stages = self.model is Deal and any(
            each.rows and "stage" in each.became for each in self.step.history
        )
        has_currency = "currency" in self.model._meta.fields_map
        self._constants = {"currency": mapping.currency} if has_currency else {}
        self._references = [
            name for name in self.step.filled if records.kind_of(self.model, name) is records.Kind.REFERENCE
        ]

    def is_given(self, key: str, row: Row) -> bool:
        """Whether a row makes a record at all; raises RowProblem."""
        if self.step.given is None:
            return True
        reading = Reading(self.known, self.table, row, key, self.known.as_of)
        return reading.value(self.step.given, lambda raw: raw) is not None

    def refers_to(self, key: str, row: Row) -> set[str]:
        """Keys of the same step that a row refers to."""
        reading = Reading(self.known, self.table, row, key, self.known.as_of)
        found: set[str] = set()
        for source in self._own:
            try:
                found.add(str(reading.raw(source)))
            except RowProblem:
                continue
        return found

    def build(self, key: str, row: Row, seen: date | None, told: Sequence[Telltale] = ()) -> Built:
        """The record that a row, and those that tell of its changes, make; raises RowProblem."""
        reading = Reading(self.known, self.table, row, key, seen or self.known.as_of)
        values = {name: self._field(reading, name, source) for name, source in self.step.fields.items()}
        began = self._day(reading, self.step.began)
        built = Built(Incoming(key, {}), reading.noted)
        self._check_began(built, row, values, began)
        history = self._history(reading, built, values, began, told)
        self._check_possible(built, row, values)
        if self._tells_stages and began and not any(change.field == "stage" for change in history):
            values.setdefault("stage_since", began)
        self._claim(key, values)
        if self.model is Deal:
            self._check_named(built, row, Incoming(key, values, began, tuple(history)))
        stored = {records.column_name(self.model, name): value for name, value in values.items()}
        built.record = Incoming(key, stored | self._constants, began, tuple(history))
        return built

    def by_field(self, record: Incoming) -> dict[str, object]:
        """A record's values by the names that a mapping gives them, for later steps to take."""
        return {name: record.values[records.column_name(self.model, name)] for name in self.step.filled}

    def _field(self, reading: Reading, name: str, source: Source) -> object:
        found = reading.value(source, self._converter(name, reading.table))
        if found is not None:
            return found
        try:
            return records.blank(self.model, name)
        except ValueError as error:
            raise RowProblem(place(source), str(error), "") from error

    def _converter(self, name: str, table: Table) -> Callable[[Raw], object]:
        return lambda raw: records.convert(self.model, name, raw, table)

    def _day(self, reading: Reading, source: Source | None) -> date | None:
        found = reading.value(source, lambda raw: as_date(str(raw), reading.table)) if source else None
        assert found is None or isinstance(found, date)
        return found

    def _check_possible(self, built: Built, row: Row, values: dict[str, object]) -> None:
        """Refuse what no other way of writing takes either; what is no mail address is left out."""
        faults = _FAULTS.get(self.model)
        for fault in faults(values, latest_today()) if faults else ():
            source, value = self.step.fields.get(fault.column), values[fault.column]
            column = place(source) if source else "the mapping"
            if fault.column != "email":
                raise RowProblem(column, fault.reason, value)
            values["email"] = None
            built.oddities.append(
                Oddity(self.step.table, row.line, column, fault.reason, str(value), "left out")
            )

    def _check_began(
        self, built: Built, row: Row, values: Dictionary[str, object], began: date | None
    ) -> None:
        """Remark on a record that began before one that it refers to."""
        for name in self._references if began and self.step.began else ():
            since = self.known.began.get(str(values.get(name)))
            if since is not None and began is not None and began < since:
                assert self.step.began is not None
                column, taken = place(self.step.began), f"taken; the {name} counts from its own day on"
                reason = f"is before the day on which the {name} began"
                built.oddities.append(Oddity(self.step.table, row.line, column, reason, str(began), taken))

    def _history(
        self,
        reading: Reading,
        built: Built,
        values: dict[str, object],
        began: date | None,
        told: Sequence[Telltale],
    ) -> list[FieldChange]:
        """The dated changes in order; the values that they lead to are put in where the row gives none."""
        initially = {name: self._field(reading, name, s) for name, s in self.step.initially.items()}
        tellings: dict[str, list[Telling]] = {}
        for number, each in enumerate(self.step.history):
            if each.rows is None:
                self._tell_own(tellings, reading, number, each, began)
        if told:
            ended = self._day(reading, self.step.ended)
            for number, row in told:
                self._tell(tellings, reading, built, number, row, began, ended)
        changes: list[tuple[datetime, FieldChange]] = []
        for name in {**initially, **tellings}:
            line = timeline(
                records.column_name(self.model, name),
                tellings.get(name, ()),
                present=values.get(name, UNSAID),
                initially=initially.get(name, UNSAID),
                as_of=self.known.as_of,
            )
            values[name] = line.last
            changes += zip(line.moments, line.changes, strict=True)
            built.oddities += self._odd(reading, name, line)
        return [change for _, change in sorted(changes, key=lambda each: each[0])]

    def _tell_own(
        self,
        tellings: dict[str, list[Telling]],
        reading: Reading,
        number: int,
        each: Dated,
        began: date | None,
    ) -> None:
        """What the record's own row tells: at the end of its day, after what other rows tell of that."""
        on = self._day(reading, each.date)
        if on is None:
            return
        if began is not None and on < began:
            raise RowProblem(place(each.date), f"is before {began}, when the record began", on)
        moment = datetime.combine(on, time.max, UTC)
        for name in {**each.before, **each.became}:
            tellings.setdefault(name, []).append(self._telling(reading, each, name, moment, number))

    def _telling(self, reading: Reading, each: Dated, name: str, moment: datetime, number: int) -> Telling:
        before, became = (
            self._field(reading, name, side[name]) if name in side else UNSAID
            for side in (each.before, each.became)
        )
        told = (each.rows, reading.row.line) if each.rows is not None else None
        said = _said(reading.row, each.before[name]) if name in each.before else ""
        return Telling(moment, number, before, became, told, said)

    def _tell(
        self,
        tellings: dict[str, list[Telling]],
        reading: Reading,
        built: Built,
        number: int,
        row: Row,
        began: date | None,
        ended: date | None,
    ) -> None:
        """What a row of another table tells; one that tells of what cannot be is refused."""
        each = self.step.history[number]
        assert each.rows is not None
        of = Reading(self.known, self.tables[each.rows], row, reading.key, reading.first_seen, reading.noted)
        try:
            moment = self._moment(of, each.date)
            if began is not None and moment.date() < began:
                raise RowProblem(place(each.date), "is before the record began", moment.date())
            if ended is not None and moment.date() > ended:
                raise RowProblem(place(each.date), "is after the record ended", moment.date())
            said = {name: self._telling(of, each, name, moment, number) for name in each.became}
        except RowProblem as problem:
            built.refused.append((each.rows, row, problem))
            return
        for name, telling in said.items():
            tellings.setdefault(name, []).append(telling)

    def _moment(self, reading: Reading, source: Source) -> datetime:
        found = reading.value(source, lambda raw: as_moment(str(raw), reading.table))
        if found is None:
            raise RowProblem(place(source), "is blank; a value is needed", "")
        if isinstance(found, datetime):
            return found
        assert isinstance(found, date)
        return datetime.combine(found, time.min, UTC)

    def _odd(self, reading: Reading, name: str, line: Timeline) -> Iterator[Oddity]:
        """What of a field's changes does not fit together."""
        for telling, _ in line.misfits:
            if telling.told is not None:
                table, at = telling.told
                column = place(self.step.history[telling.order].before[name])
                reason, taken = f"is not the {name} before", "taken; what it was before is as told before"
                yield Oddity(table, at, column, reason, telling.said, taken)
        if line.closing is not None:
            column, taken = place(self.step.fields[name]), "taken; it became so on the day of the import"
            reason, said = (
                f"is not what the {name} was changed to last",
                _said(reading.row, self.step.fields[name]),
            )
            yield Oddity(self.step.table, reading.row.line, column, reason, said, taken)

    def _check_named(self, built: Built, row: Row, deal: Incoming) -> None:
        """Remark on names of stages of pipelines that say nothing."""
        if NAMED not in deal.values:
            return
        pipeline = self.known.pipelines.default_of(deal.beginning)
        if pipeline is None:
            built.notes.append("deals name stages of a pipeline, and there is none for their kind")
            return
        for each in self.known.pipelines.told(deal, pipeline.id):
            if each.is_misnamed:
                table, line = each.told or (self.step.table, row.line)
                reason = f"names no stage of the pipeline {pipeline.name!r} that stands for {each.stage}"
                taken = "taken; the deal is in the stage that stands for that, or in the one before"
                built.oddities.append(Oddity(table, line, NAMED, reason, str(each.named), taken))

    def _claim(self, key: str, values: dict[str, object]) -> None:
        field = UNIQUE.get(self.model)
        if field is None:
            return
        value = str(values[field])
        if self.claimed.setdefault(value, key) != key:
            place_of = place(self.step.fields[field])
            raise RowProblem(place_of, f"gives the {field} that {self.claimed[value]!r} has already", value)


def _said(row: Row, source: Source) -> str:
    """What stands in the column that a source reads."""
    return row.cells.get(source.column or "", "")


def telltales(mapping: Mapping, name: str, known: Known) -> dict[str, list[Telltale]]:
    """The rows of other tables that tell of changes of a step's records, by key; without rejected ones."""
    found: dict[str, list[Telltale]] = {}
    for number, each in enumerate(mapping.steps[name].history):
        if each.rows is None or each.where is None:
            continue
        rows = known.tables[each.rows]
        for row in rows.rows:
            if fits(row, each.when):
                rows.take(row.line)
                if row.line not in rows.rejected:
                    found.setdefault(row.cells[each.where], []).append((number, row))
    return found
