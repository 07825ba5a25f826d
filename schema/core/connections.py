"""Relay connections: the types, and the fields that list records of a model under one set of arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from models.base import Record
from schema.context import Context, Info
from schema.core.arguments import After, Before, First, Last
from schema.core.cost import at_most, costs
from schema.core.listing import Arguments, Listing, Page, arguments, counts, page
from schema.core.readable import ById, Children, Connected, Related, readable
from schema.core.stored import Stored

T = TypeVar("T")
#: What null means where a field shows one other object.
UNSEEN = "Null when there is none, or none that the caller may see."


@strawberry.type
class PageInfo:
    """Where a page begins and ends, and whether there is more."""

    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(description="The first cursor; null for an empty page.")
    end_cursor: str | None = strawberry.field(description="The last cursor; null for an empty page.")


@strawberry.type
class Edge(Generic[T]):
    """One object of a page, with the cursor to go on from it."""

    node: T = strawberry.field(description="The object.")
    cursor: str = strawberry.field(
        description="Where it stands in this order, for `after` and `before`; good when others come or go."
    )


@strawberry.type
class Connection(Generic[T]):
    """A page of objects."""

    edges: list[Edge[T]] = strawberry.field(description="The objects with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether and from where to go on.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field
    def nodes(self) -> list[T]:
        """The objects alone."""
        return [edge.node for edge in self.edges]

    @costs(10)
    @strawberry.field
    async def total_count(self) -> int:
        """How many there are in all, on every page."""
        return await self.count()


def forward(
    edges: Sequence[Edge[T]], size: int, after: str | None, count: Callable[[], Awaitable[int]]
) -> Connection[T]:
    """A page that goes forward alone, of the first ``size`` edges; one more tells that there are more."""
    shown = list(edges[:size])
    return Connection(
        edges=shown,
        page_info=PageInfo(
            has_next_page=len(edges) > size,
            has_previous_page=after is not None,
            start_cursor=shown[0].cursor if shown else None,
            end_cursor=shown[-1].cursor if shown else None,
        ),
        count=count,
    )


@dataclass(frozen=True)
class Listed:
    """How the records of a model are listed: its type, filter and order inputs, and its columns.

    Types are named with their module, as they refer to one another.
    """

    module: str
    name: str
    listing: Listing

    def lazily(self, name: str) -> Any:
        """An annotation for a type of the module, which may not be imported yet."""
        return _lazy(self.module, name)

    @property
    def shown(self) -> type[Stored[Any]]:
        """The object type."""
        return _imported(self.module, self.name)

    async def connection(
        self, context: Context, wanted: Arguments, parent: str | None = None, parent_id: str = ""
    ) -> Connection[Any]:
        """A page of what the actor may see, of one parent's records where one is named."""
        found = (
            await page(self.listing, context.actor, wanted)
            if parent is None
            else await context.loaders.page(self.listing, wanted, parent, parent_id)
        )

        async def count() -> int:
            if parent is None:
                return (await counts(self.listing, context.actor, wanted, None, ()))[0]
            return await context.loaders.count(self.listing, wanted, parent, parent_id)

        return self._page(found, await context.loaders.many(self.listing.model, found.ids), count)

    def _page(
        self, found: Page, records: Sequence[Record], count: Callable[[], Awaitable[int]]
    ) -> Connection[Any]:
        cursors = dict(zip(found.ids, found.cursors, strict=True))
        edges = [Edge(node=self.shown.of(record), cursor=cursors[record.id]) for record in records]
        info = PageInfo(
            has_next_page=found.has_next,
            has_previous_page=found.has_previous,
            start_cursor=found.cursors[0] if found.cursors else None,
            end_cursor=found.cursors[-1] if found.cursors else None,
        )
        return Connection(edges=edges, page_info=info, count=count)


def _told(annotation: Any, description: str) -> Any:
    """The annotation of an argument that clients are told this of."""
    return Annotated[annotation, strawberry.argument(description=description)]


def _lazy(module: str, name: str) -> Any:
    return Annotated[name, strawberry.lazy(module)]


def _imported(module: str, name: str) -> type[Stored[Any]]:
    found: type[Stored[Any]] = getattr(import_module(module), name)
    return found


def related(module: str, name: str, key: str, description: str) -> Any:
    """A field that shows one other object: of type ``name`` in ``module``, by the id in the column ``key``.

    Null where the record names none, or one that the caller may not see; the description need not say it.
    """

    async def resolve(self: Any, info: Info) -> Any:
        shown = _imported(module, name)
        found = await info.context.loaders.one(shown.model, getattr(self.record, key))
        return shown.of(found) if found else None

    resolve.__annotations__ |= {"info": Info, "return": _lazy(module, name) | None}
    meaning = Related(partial(_imported, module, name), key)
    said = f"{description} {UNSEEN}"
    return strawberry.field(resolver=resolve, description=said, metadata=readable(meaning))


def by_id(module: str, name: str, description: str) -> Any:
    """A field of the query type that shows the object of type ``name`` whose id its argument ``id`` is.

    Null where there is none, or none that the caller may see; the description need not say it.
    """

    async def resolve(self: Any, info: Info, id: strawberry.ID) -> Any:  # noqa: ARG001 - the root value
        shown = _imported(module, name)
        found = await info.context.loaders.by_id(shown.model, id)
        return shown.of(found) if found else None

    wanted = _told(strawberry.ID, f"The id of the {name.lower()}, as its field `id` has it.")
    resolve.__annotations__ |= {"info": Info, "id": wanted, "return": _lazy(module, name) | None}
    meaning = ById(partial(_imported, module, name))
    said = f"{description} {UNSEEN}"
    return strawberry.field(resolver=resolve, description=said, metadata=readable(meaning))


def children(
    module: str,
    name: str,
    key: str,
    description: str,
    *order: str,
    standing: str | None = None,
    most: int | None = None,
) -> Any:
    """A field that shows all objects of type ``name`` whose column ``key`` is the id of the object it is on.

    For few, ``most`` where that is enforced; in the order of these columns, by default of their ids. With
    ``standing`` those alone that have no value in that column.
    """
    columns = (*order, "id")

    async def resolve(self: Any, info: Info) -> Any:
        shown = _imported(module, name)
        found = await info.context.loaders.children(shown.model, key, self.id)
        kept = [record for record in found if standing is None or getattr(record, standing) is None]
        return [shown.of(record) for record in sorted(kept, key=attrgetter(*columns))]

    resolve.__annotations__ |= {"info": Info, "return": list[_lazy(module, name)]}  # type: ignore[misc]
    meaning = Children(partial(_imported, module, name), key, columns, standing)
    metadata = {**readable(meaning), **at_most(most)}
    return strawberry.field(resolver=resolve, description=description, metadata=metadata)


def connection(of: Listed, description: str, parent: str | None = None) -> Any:
    """A field that lists records; ``parent`` is their column that holds the id of the object it is on.

    Arguments: ``filter``, ``orderBy``, and ``first`` with ``after`` or ``last`` with ``before``. A page
    has 50 objects unless told, at most 200.
    """

    async def resolve(
        self: Any,
        info: Info,
        filter: Any = None,
        order_by: Any = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Any:
        order = [(entry.field.value, entry.direction) for entry in order_by or ()]
        wanted = arguments(of.listing, filter, order, first, after, last, before)
        return await of.connection(info.context, wanted, parent, self.id if parent else "")

    resolve.__annotations__ |= {
        "info": Info,
        "filter": _told(of.lazily(f"{of.name}Filter") | None, _FILTER),
        "order_by": _told(list[of.lazily(f"{of.name}Order")] | None, _order(of.listing)),  # type: ignore[misc]
        "return": Connection[of.lazily(of.name)],  # type: ignore[misc]
    }
    return strawberry.field(
        resolver=resolve, description=description, metadata=readable(Connected(of, parent))
    )


_FILTER = "Which objects; default: all. A condition that is null is as if it were not there."


def _order(listing: Listing) -> str:
    """What the order of a connection is told to be."""
    steps = [f"`{to_camel_case(name)}` {direction.name}" for name, direction in listing.default]
    return (
        f"What the objects are ordered by, one field after another, none twice; default: {', '.join(steps)}."
        " Texts sort by code points: capitals before small letters. What is equal in all fields sorts by id."
    )
