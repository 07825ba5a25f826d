"""Building one record from one row: its values, since when it exists, and its dated history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from commands.bulk import Incoming
from commands.journal import FieldChange
from connectors import records
from connectors.mapping import Mapping, Source
from connectors.reading import Known, Raw, Reading, RowProblem, place
from connectors.tables import Row
from models.access import Team, User
from models.base import Record
from models.deals import Deal, Stage

#: Fields that only one record of a tenant may hold, by kind of record.
UNIQUE: dict[type[Record], str] = {Team: "name", User: "email"}


class Builder:
    """Builds the records of one step; ``claimed`` says who holds the values that are unique."""

    def __init__(self, mapping: Mapping, name: str, known: Known) -> None:
        self.name, self.step = name, mapping.steps[name]
        self.table = mapping.tables[self.step.table]
        self.model = records.MODELS[self.step.into]
        self.known = known
        self.claimed: dict[str, str] = {}
        sources = [source for _, source in self.step.sources()]
        self.asks_first_seen = any(source.first_seen for source in sources)
        self._own = [source for source in sources if source.lookup == name and not source.take]
        has_currency = "currency" in self.model._meta.fields_map
        self._constants = {"currency": mapping.currency} if has_currency else {}

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

    def build(self, key: str, row: Row, seen: date | None) -> tuple[Incoming, list[str]]:
        """The record that a row tells of, and the remarks it earned; raises RowProblem."""
        reading = Reading(self.known, self.table, row, key, seen or self.known.as_of)
        values = {name: self._field(reading, name, source) for name, source in self.step.fields.items()}
        began = self._day(reading, self.step.began) if self.step.began else None
        history = self._history(reading, values, began)
        if issubclass(self.model, Deal):
            values, history = follow_stage(values, history)
        self._claim(key, values)
        stored = {records.column_name(self.model, name): value for name, value in values.items()}
        return Incoming(key, stored | self._constants, began, tuple(history)), reading.noted

    def by_field(self, record: Incoming) -> dict[str, object]:
        """A record's values by the names that a mapping gives them, for later steps to take."""
        return {name: record.values[records.column_name(self.model, name)] for name in self.step.fields}

    def _field(self, reading: Reading, name: str, source: Source) -> object:
        found = reading.value(source, self._converter(name))
        if found is not None:
            return found
        try:
            return records.blank(self.model, name)
        except ValueError as error:
            raise RowProblem(place(source), str(error), "") from error

    def _converter(self, name: str) -> Callable[[Raw], object]:
        return lambda raw: records.convert(self.model, name, raw, self.table)

    def _day(self, reading: Reading, source: Source) -> date | None:
        found = reading.value(source, lambda raw: records.as_date(str(raw), self.table))
        assert found is None or isinstance(found, date)
        return found

    def _history(self, reading: Reading, values: dict[str, object], began: date | None) -> list[FieldChange]:
        """The dated changes in order; each ends where the next one of its field starts."""
        dated = []
        for each in self.step.history:
            on = self._day(reading, each.date)
            if on is not None and began is not None and on < began:
                raise RowProblem(place(each.date), f"is before {began}, when the record began", on)
            if on is not None:
                dated += [(on, name, self._field(reading, name, s)) for name, s in each.before.items()]
        after = dict(values)
        changes = []
        for on, name, before in sorted(dated, key=lambda change: change[0])[::-1]:
            if before != after[name]:
                changes.append(FieldChange(records.column_name(self.model, name), before, after[name], on))
            after[name] = before
        return changes[::-1]

    def _claim(self, key: str, values: dict[str, object]) -> None:
        field = UNIQUE.get(self.model)
        if field is None:
            return
        value = str(values[field])
        if self.claimed.setdefault(value, key) != key:
            place_of = place(self.step.fields[field])
            raise RowProblem(place_of, f"gives the {field} that {self.claimed[value]!r} has already", value)


def follow_stage(
    values: dict[str, object], history: list[FieldChange]
) -> tuple[dict[str, object], list[FieldChange]]:
    """A deal whose mapping names no forecast category or probability has those of its stage, always."""
    if "stage" not in values:
        return values, history
    defaults: dict[str, Callable[[Stage], object]] = {
        "forecast_category": lambda stage: stage.default_category,
        "probability": lambda stage: stage.default_probability,
    }
    moves = [change for change in history if change.field == "stage"]
    for name in [name for name in defaults if name not in values]:
        default = defaults[name]
        values = {**values, name: default(Stage(str(values["stage"])))}
        for move in moves:
            old, new = default(Stage(str(move.old))), default(Stage(str(move.new)))
            history = [*history, FieldChange(name, old, new, move.on)] if old != new else history
    return values, history
