"""Object types that show a stored record: their fields are its columns under the same names."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, Generic, Self, TypeVar

import strawberry

from models.access import Scope
from models.base import Record
from schema.core.money import money
from schema.core.readable import needing

R = TypeVar("R", bound=Record)


@strawberry.interface
class Node:
    """Anything that has an id of its own and can be fetched by it."""

    id: strawberry.ID = strawberry.field(
        description="The object's own id, a TypeID: the kind of object and a UUIDv7, so that later ones sort"
        " after earlier ones."
    )


def column(description: str, *needs: Scope) -> Any:
    """A field that shows the record's column of the same name; to keys and tokens with these scopes alone."""
    return strawberry.field(description=description, metadata=needing(*needs))


class Stored(Generic[R]):
    """Makes an object type's instances from records.

    A field called like a column takes its value; one called like a money column without its unit
    (``amount`` for ``amount_minor``) takes it with the record's currency. Relations and computed fields
    are resolvers, which find the record itself in ``record``.
    """

    model: ClassVar[type[Record]]
    record: strawberry.Private[R]

    @classmethod
    def of(cls, record: R) -> Self:
        """The object that shows this record."""
        shown = [field.name for field in fields(cls) if field.init]  # type: ignore[arg-type]
        values = {name: _value(record, name) for name in shown}
        found = cls(**values)
        found.record = record
        return found


def _value(record: Record, name: str) -> object:
    if name in record._meta.fields_map or not hasattr(record, f"{name}_minor"):
        return getattr(record, name)
    return money(getattr(record, f"{name}_minor"), record.currency)  # type: ignore[attr-defined]
