"""What a mapping can fill: the kinds of records, their fields, and how text becomes a field's value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, StrEnum, auto
from functools import cache

from tortoise import fields
from tortoise.fields import Field
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance, ManyToManyFieldInstance

from commands.placing import NAMED
from commands.validation import LARGEST, MAX_INT
from connectors.dates import as_date, as_moment
from connectors.mapping import Table
from models.access import Team, User, as_email
from models.accounts import Account
from models.base import Record
from models.catalog import Product
from models.deals import Deal, DealContact, DealLine
from models.errors import allowed
from models.people import Contact, Interaction
from models.revenue import Contract
from models.services import Service, UsageMonth
from models.signals import Signal
from models.tickets import Ticket

#: Kinds of records by the name that a mapping calls them.
MODELS: Mapping[str, type[Record]] = {
    model._meta.db_table: model
    for model in (
        *(Team, User, Account, Contact, Product, Deal, DealLine),
        *(DealContact, Contract, Service, UsageMonth, Ticket, Signal, Interaction),
    )
}
_TABLES = {model.__name__: name for name, model in MODELS.items()}
#: What the importer fills itself, or nobody but a command; money is in the mapping's currency.
_NOT_MAPPED = frozenset(
    {
        *("id", "tenant", "source", "external_id", "valid_from", "currency", "erased_at", "removed_on"),
        *("pipeline", "loss_cause", "pushes", "days_pushed", "offered_minor", "offered_currency"),
        *Record.untracked,
    }
)
_PERCENT = frozenset({"probability", "etl_share"})
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_NUMBER = {mark: re.compile(rf"-?[0-9]{{1,18}}({re.escape(mark)}[0-9]{{1,18}})?") for mark in ".,"}


class Kind(StrEnum):
    """What a field holds."""

    TEXT = auto()
    INTEGER = auto()
    MONEY = auto()
    DATE = auto()
    MOMENT = auto()
    YES_NO = auto()
    CHOICE = auto()
    REFERENCE = auto()


def fields_of(model: type[Record]) -> set[str]:
    """The fields that a mapping may fill; a reference goes by its name without ``_id``."""
    declared = {name: field for name, field in model._meta.fields_map.items() if _is_mapped(field)}
    references = {
        f"{name}_id" for name, field in declared.items() if isinstance(field, ForeignKeyFieldInstance)
    }
    return set(declared) - _NOT_MAPPED - references


def must_be_given(model: type[Record]) -> list[str]:
    """Fields without which there is no record."""
    return sorted(name for name in fields_of(model) if not _optional(model._meta.fields_map[name]))


@cache
def kind_of(model: type[Record], name: str) -> Kind:
    """What a field holds, from its column."""
    field = model._meta.fields_map[name]
    if name == NAMED:
        return Kind.TEXT  # a stage of whichever pipeline the deal goes through
    if isinstance(field, ForeignKeyFieldInstance):
        return Kind.REFERENCE
    if isinstance(field, CharEnumFieldInstance):
        return Kind.CHOICE
    if isinstance(field, fields.DateField):
        return Kind.DATE
    if isinstance(field, fields.DatetimeField):
        return Kind.MOMENT
    if isinstance(field, fields.BooleanField):
        return Kind.YES_NO
    if isinstance(field, fields.IntField | fields.BigIntField):
        return Kind.MONEY if name.endswith("_minor") else Kind.INTEGER
    return Kind.TEXT


def target_of(model: type[Record], name: str) -> str:
    """The kind of record that a reference refers to."""
    field = model._meta.fields_map[name]
    assert isinstance(field, ForeignKeyFieldInstance)
    return _TABLES[str(field.model_name).removeprefix("models.")]


def column_name(model: type[Record], name: str) -> str:
    """The stored column behind a field."""
    return f"{name}_id" if kind_of(model, name) is Kind.REFERENCE else name


def blank(model: type[Record], name: str) -> object:
    """What a field holds when the source gives nothing; raises ValueError when it must give something."""
    field = model._meta.fields_map[name]
    if field.null:
        return None
    if not _optional(field):
        raise ValueError("is blank; a value is needed")
    return field.default


def convert(model: type[Record], name: str, value: str | int | bool, table: Table) -> object:
    """A value as the field holds it; raises ValueError with the reason when it cannot be one."""
    kind = kind_of(model, name)
    if kind is Kind.CHOICE:
        return _choice(model._meta.fields_map[name], str(value))
    if kind is Kind.DATE:
        return as_date(str(value), table)
    if kind is Kind.MOMENT:
        return as_moment(str(value), table)
    if kind is Kind.YES_NO:
        return value if isinstance(value, bool) else _yes_no(str(value))
    if kind is Kind.MONEY:
        return as_minor(str(value), table)
    if kind is Kind.INTEGER:
        return _integer(str(value), 100 if name in _PERCENT else MAX_INT, table)
    text = _text(str(value), getattr(model._meta.fields_map[name], "max_length", None))
    return as_email(text) if model is User and name == "email" else text


def as_number(text: str, table: Table) -> Decimal:
    """A number with the table's decimal mark, without marks between thousands."""
    if not _NUMBER[table.decimal].fullmatch(text):
        raise ValueError(f"is no number (decimal mark {table.decimal!r}, no marks between thousands)")
    return Decimal(text.replace(",", "."))


def as_minor(text: str, table: Table) -> int:
    """An amount of money in minor units; it has at most two decimals and is not negative."""
    amount = as_number(text, table)
    if amount < 0:
        raise ValueError("is negative; money is 0 or more")
    if amount > LARGEST:
        raise ValueError(f"is too large; money is at most {LARGEST:,}")
    if amount != round(amount, 2):
        raise ValueError("has parts of a minor unit; money has at most two decimals")
    return int(amount * 100)


def _integer(text: str, largest: int, table: Table) -> int:
    number = as_number(text, table)
    if not 0 <= number <= largest or number != int(number):
        raise ValueError(f"is out of range; allowed: whole numbers from 0 to {largest}")
    return int(number)


def _text(text: str, limit: int | None) -> str:
    if limit is not None and len(text) > limit:
        raise ValueError(f"has {len(text):,} characters; allowed: {limit:,}")
    return text


def _yes_no(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(f"is neither yes nor no; allowed: {allowed(list(_WORDS))}")
    return _WORDS[text.lower()]


def _choice(field: object, text: str) -> Enum:
    assert isinstance(field, CharEnumFieldInstance)
    members = {str(member.value): member for member in field.enum_type}
    if text not in members:
        raise ValueError(f"is no {field.enum_type.__name__}; allowed: {allowed(list(members))}")
    return members[text]


def _optional(field: Field[object]) -> bool:
    return field.null or field.default is not None or isinstance(field, fields.BooleanField)


def _is_mapped(field: Field[object]) -> bool:
    """Whether it is a column or a reference, not the other end of somebody's reference."""
    return not isinstance(field, BackwardFKRelation | ManyToManyFieldInstance)
