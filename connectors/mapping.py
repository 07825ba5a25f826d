"""The mapping document: how the tables of a source become records; nothing is read here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from connectors import templates
from models.deals import DealKind, ForecastCategory, Stage
from models.errors import allowed


def _scalar(given: object) -> object:
    if given is not None and not isinstance(given, str | int | bool):
        raise ValueError(
            f"is {type(given).__name__}; allowed: text in quotes, a whole number, true, false, null"
        )
    return given


def _text(given: object) -> object:
    if not isinstance(given, str):
        raise ValueError(f"{given!r} is {type(given).__name__}; allowed: quoted text")
    return given


E = TypeVar("E", bound=Enum)


def _member(of: type[E], allows: Callable[[E], bool] = lambda _: True) -> Callable[[object], object]:
    """What turns a text into a member of an enumeration; a value that it does not allow is an error."""
    members = {str(each.value): each for each in of if allows(each)}

    def member(given: object) -> object:
        if given is None or isinstance(given, of):
            return given
        if not isinstance(given, str) or given not in members:
            raise ValueError(f"{given!r} is no {of.__name__}; allowed: {allowed(list(members))}")
        return members[given]

    return member


_A_DAY = datetime(1987, 11, 23)  # noqa: DTZ001 - a day has no zone
Cell = Annotated[str, BeforeValidator(_text)]
Scalar = Annotated[str | int | bool | None, BeforeValidator(_scalar)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]


class Part(BaseModel):
    """A part of the document; a key that it does not know is an error that lists those it does."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: object) -> object:
        if not isinstance(given, dict):
            raise ValueError(f"is {type(given).__name__}; allowed: a mapping")
        keys = [field.alias or name for name, field in cls.model_fields.items()]
        if unknown := [str(key) for key in given if key not in keys]:
            raise ValueError(f"unknown key {unknown[0]!r}; allowed: {allowed(keys)}")
        return given


class Band(Part):
    """Numbers below ``below`` become ``then``; a last band without ``below`` takes the rest."""

    below: int | None = None
    then: str


class Picked(Part):
    """A ``pick`` among the rows of a table whose ``where`` is the record's own key.

    ``when`` takes only rows where a column has one of these cells.
    """

    table: str
    where: str
    pick: str
    when: dict[Cell, list[Cell]] = {}

    @property
    def columns(self) -> list[str]:
        """The columns of the table that are read."""
        return [self.where, self.pick, *self.when]


def _plain_is_const(given: object) -> object:
    """A plain value in the place of a source stands for itself."""
    return given if isinstance(given, dict | Source) else {"const": given}


class Source(Part):
    """Where a value comes from (exactly one of the first six) and what is done to it, in this order."""

    column: str | None = None
    const: Scalar = None
    template: str | None = None
    most_common: Picked | None = None
    first: Picked | None = None
    first_seen: bool = False

    when: dict[Cell, list[Cell]] = {}
    values: dict[Cell, Scalar] = {}
    times: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    divided_by: str | None = None
    bands: list[Band] = []
    lookup: str | None = None
    take: str | None = None
    required: bool = False
    default: Annotated[Source | None, BeforeValidator(_plain_is_const)] = None
    note: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = ("column", "const", "template", "most_common", "first", "first_seen")
        given = [name for name in origins if name in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(f"has {len(given)} origins; allowed: exactly one of {allowed(origins)}")
        if self.take and not self.lookup:
            raise ValueError("take without lookup; allowed: take together with lookup")
        if any(band.below is None for band in self.bands[:-1]):
            raise ValueError("a band without below hides those after it; allowed: only as the last one")
        return self


Value = Annotated[Source, BeforeValidator(_plain_is_const)]
Possible = Annotated[Source | None, BeforeValidator(lambda v: None if v is None else _plain_is_const(v))]


class Dated(Part):
    """Fields that changed on ``date``: what they were ``before``, and what they ``became``.

    Without ``rows``, the record's own row tells of it. With it, each row of that table does whose ``where``
    is the record's key, and where the columns of ``when`` have one of their cells.
    """

    date: Value
    before: dict[str, Value] = {}
    became: dict[str, Value] = {}
    rows: str | None = None
    where: str | None = None
    when: dict[Cell, list[Cell]] = {}

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if not self.before and not self.became:
            raise ValueError("tells of no field; allowed: before, became, or both")
        if (self.rows is None) != (self.where is None):
            raise ValueError("allowed: rows together with where, or neither")
        if self.rows is None and self.when:
            raise ValueError("when without rows; allowed: when of a source, or together with rows")
        if self.rows is not None and (alone := [name for name in self.before if name not in self.became]):
            raise ValueError(f"does not tell what {alone[0]} became; allowed: before of fields in became")
        return self

    def sources(self) -> list[tuple[tuple[str, ...], Source]]:
        """Every source with its path, defaults not included."""
        return [
            (("date",), self.date),
            *((("before", name), source) for name, source in self.before.items()),
            *((("became", name), source) for name, source in self.became.items()),
        ]


class Step(Part):
    """The rows of a table becoming records of one kind, known by ``key`` (one or more columns).

    ``repeat`` names the column that says how many records a row stands for. Rows for which ``given`` is blank
    are left to other parts of the mapping. A record exists from ``began`` on with the values of
    ``initially``; nothing of it changes after ``ended``.
    """

    into: str
    table: str = Field(alias="from")
    key: str | list[str]
    distinct: bool = False
    repeat: str | None = None
    given: Possible = None
    began: Possible = None
    ended: Possible = None
    fields: dict[str, Value]
    initially: dict[str, Value] = {}
    history: list[Dated] = []

    @property
    def keys(self) -> list[str]:
        """The key's columns."""
        return [self.key] if isinstance(self.key, str) else self.key

    @property
    def filled(self) -> list[str]:
        """The fields that the step gives a value, by the row or by what is told of its changes."""
        return list({**self.fields, **self.initially})

    def sources(self) -> list[tuple[tuple[str, ...], Source]]:
        """Every source of the step with its path, defaults included."""
        found = self.own_sources()
        for number, dated in enumerate(self.history):
            if dated.rows is not None:
                found += [
                    (("history", str(number), *path), source) for path, source in _whole(dated.sources())
                ]
        return found

    def own_sources(self) -> list[tuple[tuple[str, ...], Source]]:
        """Those of them that read the rows of the step's own table."""
        found: list[tuple[tuple[str, ...], Source]] = []
        found += [(("fields", name), source) for name, source in self.fields.items()]
        found += [(("initially", name), source) for name, source in self.initially.items()]
        for name, source in (("given", self.given), ("began", self.began), ("ended", self.ended)):
            found += [((name,), source)] if source else []
        for number, dated in enumerate(self.history):
            if dated.rows is None:
                found += [(("history", str(number), *path), source) for path, source in dated.sources()]
        return _whole(found)


def _whole(found: list[tuple[tuple[str, ...], Source]]) -> list[tuple[tuple[str, ...], Source]]:
    """Sources with their defaults, and the defaults of those."""
    for path, source in found:  # grows while it is walked
        if source.default:
            found.append(((*path, "default"), source.default))
    return found


class Check(Part):
    """What should hold of every row of a table, and what becomes of one of which it does not.

    Either ``column`` is a day that is not before the one in ``not_before``, or its cell is ``unique``; a
    blank cell is no fault. Without ``taken`` a row is rejected; ``taken`` says how it is taken all the same.
    """

    column: str
    not_before: str | None = None
    unique: bool = False
    taken: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.not_before is None) != self.unique:
            raise ValueError("allowed: exactly one of not_before, unique")
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that are compared."""
        return [self.column, *([self.not_before] if self.not_before else [])]


class Table(Part):
    """A CSV file, several of one form, or rows written in the mapping itself.

    ``files`` is a pattern below the folder. A name that ends in ``.gz`` is a compressed file. ``repair``
    corrects known slips by column.
    """

    file: str | None = None
    files: str | None = None
    rows: list[dict[Cell, Cell]] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    dates: str = "%Y-%m-%d"
    decimal: Annotated[str, StringConstraints(pattern=r"^[.,]$")] = "."
    repair: dict[Cell, dict[Cell, Cell]] = {}
    checks: list[Check] = []

    @model_validator(mode="after")
    def _file_or_rows(self) -> Self:
        if sum(given is not None for given in (self.file, self.files, self.rows)) != 1:
            raise ValueError("allowed: exactly one of file, files, rows")
        if self.file is not None and Path(self.file).name != self.file:
            raise ValueError(f"{self.file!r} is a path; allowed: the name of a file in the folder")
        if self.files is not None and (self.files.startswith("/") or ".." in Path(self.files).parts):
            raise ValueError(f"{self.files!r} leaves the folder; allowed: a pattern below it")
        if not _tells_a_day(self.dates):
            raise ValueError(
                f"the form of dates {self.dates!r} does not tell a day; allowed: such as %Y-%m-%d"
            )
        return self


def _tells_a_day(form: str) -> bool:
    if _A_DAY.strftime(form) == _A_DAY.replace(year=_A_DAY.year + 1).strftime(form):
        return False
    try:
        return datetime.strptime(_A_DAY.strftime(form), form) == _A_DAY  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False


class StageNames(Part):
    """A stage of a pipeline, which stands for an open stage of a deal; null is what that has by itself."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    stage: Annotated[Stage, BeforeValidator(_member(Stage, lambda each: each.is_open))]
    probability: Annotated[int, Field(ge=0, le=100)] | None = None
    forecast_category: (
        Annotated[
            ForecastCategory,
            BeforeValidator(_member(ForecastCategory, lambda each: each is not ForecastCategory.CLOSED)),
        ]
        | None
    ) = None
    usual_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class PipelineNames(Part):
    """A pipeline that the tenant gets where it has none of this name, for deals of these kinds."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    kinds: Annotated[list[Annotated[DealKind, BeforeValidator(_member(DealKind))]], Field(min_length=1)]
    stages: Annotated[list[StageNames], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError("two stages have one name; allowed: a name of its own for each")
        ranks = [stage.stage.rank for stage in self.stages]
        if ranks != sorted(ranks):
            raise ValueError("the stages are not in the order of what they stand for")
        return self


class TenantNames(Part):
    """The tenant that the records go to, made when there is none."""

    slug: Name
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Mapping(Part):
    """A whole document; ``name`` is also the source that records are known by."""

    name: Name
    tenant: TenantNames
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    pipelines: list[PipelineNames] = []
    tables: dict[Name, Table]
    steps: dict[Name, Step]

    def columns(self, table: str) -> list[str]:
        """The columns that the mapping needs of a table, each once, in the order of their first use."""
        found: dict[str, None] = dict.fromkeys(self.tables[table].repair)
        for check in self.tables[table].checks:
            found |= dict.fromkeys(check.columns)
        for step in self.steps.values():
            if step.table == table:
                found |= dict.fromkeys([*step.keys, *([step.repeat] if step.repeat else [])])
                for _, source in step.own_sources():
                    found |= dict.fromkeys(columns_of(source))
            for dated in (each for each in step.history if each.rows == table):
                found |= dict.fromkeys([str(dated.where), *dated.when])
                for _, source in _whole(dated.sources()):
                    found |= dict.fromkeys(columns_of(source))
            picked = [each for _, s in step.sources() for each in (s.most_common, s.first) if each]
            found |= dict.fromkeys(
                column for each in picked if each.table == table for column in each.columns
            )
        return list(found)


def columns_of(source: Source) -> list[str]:
    """The columns of its own row that a source reads, its default not included."""
    own = [each for each in (source.column, source.divided_by) if each]
    return [*own, *templates.columns_in(source.template or ""), *source.when]
