"""The mapping document: how the tables of a source become records; nothing is read here."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from connectors import templates
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
    """A ``pick`` among the rows of a table whose ``where`` is the record's own key."""

    table: str
    where: str
    pick: str


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


class Dated(Part):
    """Fields that changed on ``date``: ``before`` gives what they were until then."""

    date: Value
    before: dict[str, Value]


class Step(Part):
    """The rows of a table becoming records of one kind, known by ``key`` (one or more columns).

    ``repeat`` names the column that says how many records a row stands for.
    """

    into: str
    table: str = Field(alias="from")
    key: str | list[str]
    distinct: bool = False
    repeat: str | None = None
    began: Annotated[Source | None, BeforeValidator(lambda v: v and _plain_is_const(v))] = None
    fields: dict[str, Value]
    history: list[Dated] = []

    @property
    def keys(self) -> list[str]:
        """The key's columns."""
        return [self.key] if isinstance(self.key, str) else self.key

    def sources(self) -> list[tuple[tuple[str, ...], Source]]:
        """Every source of the step with its path, defaults included."""
        found: list[tuple[tuple[str, ...], Source]] = []
        found += [(("fields", name), source) for name, source in self.fields.items()]
        found += [(("began",), self.began)] if self.began else []
        for number, dated in enumerate(self.history):
            found.append((("history", str(number), "date"), dated.date))
            found += [(("history", str(number), "before", name), s) for name, s in dated.before.items()]
        for path, source in found:  # grows while it is walked: defaults have defaults
            if source.default:
                found.append(((*path, "default"), source.default))
        return found


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


class TenantNames(Part):
    """The tenant that the records go to, made when there is none."""

    slug: Name
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Mapping(Part):
    """A whole document; ``name`` is also the source that records are known by."""

    name: Name
    tenant: TenantNames
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    tables: dict[Name, Table]
    steps: dict[Name, Step]

    def columns(self, table: str) -> list[str]:
        """The columns that the mapping needs of a table, each once, in the order of their first use."""
        found: dict[str, None] = dict.fromkeys(self.tables[table].repair)
        for step in self.steps.values():
            sources = [source for _, source in step.sources()]
            if step.table == table:
                found |= dict.fromkeys([*step.keys, *([step.repeat] if step.repeat else [])])
                for source in sources:
                    found |= dict.fromkeys(columns_of(source))
            picked = [each for s in sources for each in (s.most_common, s.first) if each]
            found |= dict.fromkeys(
                column for each in picked if each.table == table for column in (each.where, each.pick)
            )
        return list(found)


def columns_of(source: Source) -> list[str]:
    """The columns of its own row that a source reads, its default not included."""
    own = [source.column] if source.column else []
    return [*own, *templates.columns_in(source.template or ""), *source.when]
