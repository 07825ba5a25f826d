"""What a request has loaded: records by id and pages by parent, each batched into one statement."""

from __future__ import annotations

from asyncio import shield
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from strawberry.dataloader import DataLoader

from models.access import Actor
from models.accounts import Account
from models.base import Record
from models.database import Param, fetch
from models.visibility import successors, visible
from schema.core.listing import Arguments, Listing, Page, counts, pages

if TYPE_CHECKING:
    from schema.context import Context

R = TypeVar("R", bound=Record)
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
#: So many are loaded by one statement: making thousands of records would hold up everybody else.
AT_ONCE = 200
#: Listing, parent column, arguments, and the filter, which each field gets as an object of its own.
Key = tuple[int, str, Arguments, str]


def _loader(load: Callable[[list[K]], Awaitable[Sequence[T]]]) -> DataLoader[K, T]:
    return DataLoader(load, max_batch_size=AT_ONCE)


class Loaders:
    """The loaders of one request; what the actor may not see is not loaded.

    Several fields wait for one record or page. Where a field fails, its siblings are cancelled, and what
    they waited for is shielded: cancelled, it would fail for the others that wait.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._records: dict[type[Record], DataLoader[str, Record | None]] = {}
        self._listed: dict[type[Record], DataLoader[str, Record | None]] = {}
        self._children: dict[tuple[type[Record], str], DataLoader[str, list[Record]]] = {}
        self._batched: dict[Hashable, DataLoader[str, Any]] = {}
        self._pages: dict[Key, DataLoader[str, Page]] = {}
        self._counts: dict[Key, DataLoader[str, int]] = {}

    async def one(self, model: type[R], record_id: str | None) -> R | None:
        """The record with this id; None when there is none, or none that the actor may see."""
        if record_id is None:
            return None
        if model not in self._records:
            self._records[model] = _loader(lambda ids: visible_records(model, self._context.actor, ids))
        found = await shield(self._records[model].load(record_id))
        assert found is None or isinstance(found, model)
        return found

    async def by_id(self, model: type[R], record_id: str) -> R | None:
        """The record that a client calls by this id: of a duplicate that was merged, what it is part of."""
        found = await self.one(model, record_id)
        if found is not None or model is not Account:
            return found
        actor = self._context.actor
        led_to = await self.batched("successors", lambda ids: successors(actor, ids), record_id)
        return await self.one(model, led_to)

    async def many(self, model: type[R], ids: Sequence[str]) -> list[R]:
        """Records that were found visible by their listing, in this order."""
        if model not in self._listed:
            self._listed[model] = _loader(lambda wanted: records(model, wanted))
        found = await shield(self._listed[model].load_many(ids))
        return [record for record in found if isinstance(record, model)]

    async def children(self, model: type[R], parent: str, parent_id: str) -> list[R]:
        """All visible records of a parent, oldest first; for parents that have few."""
        key = (model, parent)
        if key not in self._children:
            actor = self._context.actor
            self._children[key] = _loader(lambda ids: visible_children(model, actor, parent, ids))
        found = await shield(self._children[key].load(parent_id))
        return [record for record in found if isinstance(record, model)]

    async def batched(
        self, key: Hashable, load: Callable[[list[str]], Awaitable[list[T]]], record_id: str
    ) -> T:
        """What ``load`` gives for a record; those of one ``key`` are loaded together."""
        if key not in self._batched:
            self._batched[key] = _loader(load)
        found: T = await shield(self._batched[key].load(record_id))
        return found

    async def page(self, listing: Listing, wanted: Arguments, parent: str, parent_id: str) -> Page:
        """A page of one parent's records; pages with the same arguments are loaded together."""
        key = (id(listing), parent, wanted, repr(wanted.filter))
        if key not in self._pages:
            actor = self._context.actor
            self._pages[key] = _loader(lambda ids: pages(listing, actor, wanted, parent, ids))
        return await shield(self._pages[key].load(parent_id))

    async def count(self, listing: Listing, wanted: Arguments, parent: str, parent_id: str) -> int:
        """How many records one parent has in all."""
        key = (id(listing), parent, wanted, repr(wanted.filter))
        if key not in self._counts:
            actor = self._context.actor
            self._counts[key] = _loader(lambda ids: counts(listing, actor, wanted, parent, ids))
        return await shield(self._counts[key].load(parent_id))


async def records(model: type[Record], ids: Sequence[str]) -> list[Record | None]:
    """The records with these ids, in order; for ids that a listing has found visible."""
    found = {record.id: record for record in await model.filter(id__in=list(ids))}
    return [found.get(record_id) for record_id in ids]


async def visible_records(model: type[R], actor: Actor, ids: Sequence[str]) -> list[R | None]:
    """The records with these ids, in order; None for each that the actor may not see."""
    seen = visible(model, actor, "t")
    names: dict[str, Param] = {f"i_{number}": record_id for number, record_id in enumerate(ids)}
    rows = await fetch(
        f'select t.id from "{model._meta.db_table}" t where {seen.sql}'
        f" and t.id in ({', '.join(f':{name}' for name in names)})",
        {**seen.params, **names},
    )
    found = {record.id: record for record in await model.filter(id__in=[row["id"] for row in rows])}
    return [found.get(record_id) for record_id in ids]


async def visible_children(
    model: type[Record], actor: Actor, parent: str, ids: Sequence[str]
) -> list[list[Record]]:
    """For each parent its records that the actor may see, oldest first."""
    seen = visible(model, actor, "t")
    names: dict[str, Param] = {f"i_{number}": parent_id for number, parent_id in enumerate(ids)}
    rows = await fetch(
        f'select t.id from "{model._meta.db_table}" t where {seen.sql}'
        f" and t.{parent} in ({', '.join(f':{name}' for name in names)})",
        {**seen.params, **names},
    )
    by_parent: dict[str, list[Record]] = {parent_id: [] for parent_id in ids}
    for record in await model.filter(id__in=[row["id"] for row in rows]).order_by("id"):
        by_parent[getattr(record, parent)].append(record)
    return list(by_parent.values())
