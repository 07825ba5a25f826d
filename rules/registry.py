"""What a fact kind and its fields are: types, units, meanings and the operators each type allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FieldType(StrEnum):
    """The type of a fact's field; two fields compare only when their types are of one family."""

    NUMBER = "NUMBER"
    MONEY = "MONEY"
    STRING = "STRING"
    BOOLEAN = "BOOLEAN"
    DAYS = "DAYS"
    ID = "ID"

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


class Op(StrEnum):
    """The operators of conditions."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    NOT_IN = "not_in"
    BETWEEN = "between"
    IS_NULL = "is_null"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"


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

    ``values`` are the only values of an enumeration.
    """

    name: str
    type: FieldType
    unit: str
    meaning: str
    sql: str
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None


def comparable(one: FieldType, other: FieldType) -> bool:
    """Whether a condition may compare the two: money with money, days with days, text with text."""
    return one is other if one.is_numeric else one.tag == other.tag


@dataclass(frozen=True)
class FactKind:
    """A kind of fact with its fields by name; ``label`` is the field that names a fact to people."""

    name: str
    meaning: str
    fields: Mapping[str, FactField]
    label: str


ID_FIELD = FactField("id", FieldType.ID, "", "the record's id", "t.id")


class Registry:
    """Fact kinds by name."""

    def __init__(self, kinds: Iterable[FactKind]) -> None:
        self.kinds: Mapping[str, FactKind] = MappingProxyType({kind.name: kind for kind in kinds})

    def field(self, kind: str, name: str) -> FactField:
        """The field of a kind; every kind has ``id``.

        Raises:
            KeyError: there is no such kind or field.
        """
        return ID_FIELD if name == ID_FIELD.name else self.kinds[kind].fields[name]

    def field_names(self, kind: str) -> tuple[str, ...]:
        """Names of the kind's fields, ``id`` first."""
        return (ID_FIELD.name, *self.kinds[kind].fields)

    def including(self, kinds: Iterable[FactKind]) -> Registry:
        """These kinds and others."""
        return Registry((*self.kinds.values(), *kinds))
