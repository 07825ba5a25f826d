"""What a fact kind and its fields are: types, units, meanings and the operators each type allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.described import Described
from models.view import View

if TYPE_CHECKING:  # the worker, which needs no records, is to start fast
    from models.base import Record


class FieldType(Described):
    """The type of a fact's field; two fields compare only when their types are of one family."""

    NUMBER = "NUMBER", "A number, in the unit of the field."
    MONEY = (
        "MONEY",
        "An amount of the tenant's currency; rules write it in whole units, with up to two places.",
    )
    STRING = "STRING", "A text."
    BOOLEAN = "BOOLEAN", "True or false."
    DAYS = "DAYS", "A whole number of days, as of the date on which facts are looked at."
    ID = "ID", "The id of another record."

    @property
    def is_numeric(self) -> bool:
        """Whether values have an order."""
        return self in (FieldType.NUMBER, FieldType.MONEY, FieldType.DAYS)

    @property
    def tag(self) -> str:
        """One letter for how the engine holds a value: ``n`` number, ``s`` text, ``b`` boolean."""
        if self.is_numeric:
            return "n"
        return "b" if self is FieldType.BOOLEAN else "s"


class Op(Described):
    """The operators of conditions."""

    EQ = "eq", "Equal to the value."
    NE = "ne", "There, and not equal to the value."
    LT = "lt", "Less than the value."
    LTE = "lte", "The value or less."
    GT = "gt", "More than the value."
    GTE = "gte", "The value or more."
    IN = "in", "One of the values of a list."
    NOT_IN = "not_in", "There, and none of the values of a list."
    BETWEEN = "between", "From the first to the second of two values, both of them included."
    IS_NULL = "is_null", "With true: missing; with false: there. Nothing else is met by what is missing."
    CONTAINS = "contains", "Has the text somewhere in it, whatever the case of letters."
    STARTS_WITH = "starts_with", "Begins with the text, whatever the case of letters."


_EQUALITY = (Op.EQ, Op.NE)
_ORDER = (Op.LT, Op.LTE, Op.GT, Op.GTE)
#: Operators that compare two fields as well as a field and a value.
COMPARISONS = frozenset(_EQUALITY + _ORDER)
OPERATORS: Mapping[FieldType, tuple[Op, ...]] = MappingProxyType(
    {
        type_: (
            (*_EQUALITY, *_ORDER, Op.IN, Op.NOT_IN, Op.BETWEEN, Op.IS_NULL)
            if type_.is_numeric
            else (*_EQUALITY, Op.IS_NULL)
            if type_ is FieldType.BOOLEAN
            else (*_EQUALITY, Op.IN, Op.NOT_IN, Op.CONTAINS, Op.STARTS_WITH, Op.IS_NULL)
        )
        for type_ in FieldType
    }
)


@dataclass(frozen=True)
class FactField:
    """One field of a fact kind; ``sql`` yields it as of a date, ``minimum`` to ``maximum`` is its range.

    ``values`` are the only values of an enumeration. A relative field is the percentile of another field,
    ``ranks``, among the tenant's accounts, or among those of the account's segment.
    """

    name: str
    type: FieldType
    unit: str
    meaning: str
    sql: str
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None
    ranks: str | None = None
    within_segment: bool = False


#: What the names of relative fields end with, the longer one first: whether they are within the segment.
RELATIVE: Mapping[str, bool] = MappingProxyType({"_segment_percentile": True, "_percentile": False})


def comparable(one: FieldType, other: FieldType) -> bool:
    """Whether a condition may compare the two: money with money, days with days, text with text."""
    return one is other if one.is_numeric else one.tag == other.tag


#: Makes SQL that reads rows as of ``:as_of`` in a view.
Subquery = Callable[[View], str]


#: Finds rows for a tenant as of a date, with what was known by the end of a day if that is given.
Finder = Callable[[str, date, date | None], Awaitable[Sequence[Mapping[str, object]]]]


@dataclass(frozen=True)
class Rows:
    """Where the facts of a kind come from: the rows of a model as of a date, called ``t``.

    ``joins`` are subqueries, by the name under which the fields speak of them, with what they are joined
    on; only those that are spoken of are run. ``where`` is what a row must meet to be a fact at all.
    Rows that are no model's are given whole, in ``subquery``. Subqueries are made for a view.
    ``narrowed``: ``where`` lets rows of the accounts that are asked for alone through. Said twice, PostgreSQL
    would take it that hardly any row is left.
    ``found`` are figures of the whole tenant that subqueries read, by the parameter that lists them, whose
    name begins with ``found_``: they are found once for an evaluation, and not with each of its statements.
    """

    model: type[Record] | None = None
    account: str = "t.account_id"
    source: str = "t.source"
    where: str = "1 = 1"
    narrowed: bool = False
    joins: Mapping[str, tuple[Subquery, str]] = field(default_factory=dict)
    subquery: Subquery | None = None
    found: Mapping[str, Finder] = field(default_factory=dict)


@dataclass(frozen=True)
class FactKind:
    """A kind of fact with its fields by name; ``label`` is the field that names a fact to people.

    A kind without rows is one that rules conclude.
    """

    name: str
    meaning: str
    fields: Mapping[str, FactField]
    label: str
    rows: Rows | None = None

    @cached_property
    def relative(self) -> Mapping[str, FactField]:
        """Where a fact stands among all and within its segment: two percentiles of each numeric field."""
        if self.rows is None:
            return {}
        numeric = [each for each in self.fields.values() if each.type.is_numeric]
        fields = [_relative(each, ending) for each in numeric for ending in RELATIVE]
        return {each.name: each for each in fields}


def _relative(ranked: FactField, ending: str) -> FactField:
    among = "accounts of the same segment" if RELATIVE[ending] else "all accounts"
    return FactField(
        name=f"{ranked.name}{ending}",
        type=FieldType.NUMBER,
        unit="percent",
        meaning=f"where {ranked.name} stands among {among}: the share that is lower, and half of those equal",
        sql="",
        minimum=0,
        maximum=100,
        ranks=ranked.name,
        within_segment=RELATIVE[ending],
    )


ID_FIELD = FactField("id", FieldType.ID, "", "the record's id", "t.id")


class Registry:
    """Fact kinds by name."""

    def __init__(self, kinds: Iterable[FactKind]) -> None:
        self.kinds: Mapping[str, FactKind] = MappingProxyType({kind.name: kind for kind in kinds})

    def field(self, kind: str, name: str) -> FactField:
        """The field of a kind, a relative one too; every kind has ``id``.

        Raises:
            KeyError: there is no such kind or field.
        """
        if name == ID_FIELD.name:
            return ID_FIELD
        of = self.kinds[kind]
        return of.fields[name] if name in of.fields else of.relative[name]

    def field_names(self, kind: str) -> tuple[str, ...]:
        """Names of the kind's own fields, ``id`` first; numeric ones have relative ones besides."""
        return (ID_FIELD.name, *self.kinds[kind].fields)

    def including(self, kinds: Iterable[FactKind]) -> Registry:
        """These kinds and others."""
        return Registry((*self.kinds.values(), *kinds))
