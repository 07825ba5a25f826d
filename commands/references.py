"""Which columns of which tables refer to records of a model, found out from the models themselves.

A table that is new is among them before anybody thinks of it. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tortoise import Tortoise
from tortoise.fields.relational import ForeignKeyFieldInstance

from models.base import Record
from models.database import fetch


@dataclass(frozen=True)
class Reference:
    """A column of a model that holds ids of records of another one."""

    model: type[Record]
    column: str

    @property
    def table(self) -> str:
        """The table that it is in."""
        return self.model._meta.db_table


def models() -> dict[str, type[Record]]:
    """Every model by its table, in the order of those names."""
    assert Tortoise.apps is not None
    found = (each for each in Tortoise.apps.get_models_iterable() if issubclass(each, Record))
    return {each._meta.db_table: each for each in sorted(found, key=lambda model: model._meta.db_table)}


def references(to: type[Record]) -> list[Reference]:
    """Every column that refers to records of ``to``, its own among them."""
    return [
        Reference(model, column)
        for model in models().values()
        for column, other in referred(model).items()
        if other is to
    ]


def referred(model: type[Record]) -> dict[str, type[Record]]:
    """The columns of a model that refer to others, with the models of these."""
    return {
        str(column.source_field): other
        for name in sorted(model._meta.fk_fields | model._meta.o2o_fields)
        if isinstance(column := model._meta.fields_map[name], ForeignKeyFieldInstance)
        and isinstance(other := column.related_model, type)
        and issubclass(other, Record)
    }


async def twice(tenant_id: str, reference: Reference, old: str, new: str) -> list[tuple[str, str]]:
    """Rows that refer to ``old`` and would stand twice if they referred to ``new``, each with its double."""
    same = [
        " and ".join(f'o."{column}" = n."{column}"' for column in unique)
        for unique in _unique_with(reference)
    ]
    if not same:
        return []
    rows = await fetch(
        f'select o.id as one, min(n.id) as other from "{reference.table}" o join "{reference.table}" n'
        f" on n.tenant_id = o.tenant_id and ({' or '.join(f'({each})' for each in same)})"
        f' where o.tenant_id = :tenant and o."{reference.column}" = :old'
        f' and n."{reference.column}" = :new group by o.id order by o.id',
        {"tenant": tenant_id, "old": old, "new": new},
    )
    return [(str(row["one"]), str(row["other"])) for row in rows]


def _unique_with(reference: Reference) -> Iterator[Sequence[str]]:
    """The other columns of each constraint that a value of the column is part of."""
    meta = reference.model._meta
    columns = {name: str(field.source_field or name) for name, field in meta.fields_map.items()}
    alone = [(name,) for name, field in meta.fields_map.items() if field.unique and not field.pk]
    for names in (*meta.unique_together, *alone):
        unique = [columns[name] for name in names]
        if reference.column in unique:
            yield [column for column in unique if column not in (reference.column, "tenant_id")] or [
                "tenant_id"
            ]
