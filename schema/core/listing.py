"""Pages of records: what a client may see, filtered, ordered, and cut by a cursor that survives inserts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from models.access import Actor
from models.base import Record
from models.database import Param, Row, fetch, text_order
from models.errors import Invalid
from models.visibility import visible
from schema.core import cursors
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import Conditions

DEFAULT_PAGE = 50
LARGEST_PAGE = 200


@dataclass(frozen=True)
class Column:
    """A column that clients filter or order by: its SQL over the rows ``t``."""

    sql: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Listing:
    """What can be listed of a model: the columns by the names that filters and orders give them."""

    model: type[Record]
    columns: Mapping[str, Column]
    default: tuple[tuple[str, Direction], ...]

    @cached_property
    def expressions(self) -> dict[str, str]:
        """The SQL of each column."""
        return {name: column.sql for name, column in self.columns.items()}


@dataclass(frozen=True)
class Arguments:
    """The arguments of a connection, checked: a page of ``size`` from the front or the back."""

    order: tuple[tuple[str, Direction], ...]
    size: int
    backward: bool
    cursor: str | None
    filter: object = field(compare=False, default=None)


@dataclass(frozen=True)
class Page:
    """The ids of one page in order, a cursor for each, and whether there is more on either side."""

    ids: tuple[str, ...] = ()
    cursors: tuple[str, ...] = ()
    has_next: bool = False
    has_previous: bool = False


def arguments(
    listing: Listing,
    given_filter: object,
    order: Sequence[tuple[str, Direction]],
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Arguments:
    """The arguments as one page's request.

    Raises:
        Invalid: a negative or too large page, one from both ends at once, or an order by a field twice.
    """
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise Invalid("a page goes forward (first, after) or backward (last, before), not both", ["last"])
    backward = last is not None or before is not None
    name, size = ("last", last) if backward else ("first", first)
    size = DEFAULT_PAGE if size is None else size
    if not 0 <= size <= LARGEST_PAGE:
        raise Invalid(f"{name} is {size}; allowed: 0 to {LARGEST_PAGE}", [name])
    if len({column for column, _ in order}) < len(order):
        raise Invalid("orderBy names a field twice", ["orderBy"])
    return Arguments(
        tuple(order) or listing.default, size, backward, before if backward else after, given_filter
    )


@dataclass
class _Statement:
    """The parts of a page's SQL."""

    listing: Listing
    actor: Actor
    wanted: Arguments

    def __post_init__(self) -> None:
        seen = visible(self.listing.model, self.actor, "t")
        conditions = Conditions(self.listing.expressions)
        filtered = conditions.sql(self.wanted.filter) if self.wanted.filter is not None else "1 = 1"
        self.where = f"{seen.sql} and ({filtered})"
        self.params: dict[str, Param] = {**seen.params, **conditions.params}
        self.table = f'"{self.listing.model._meta.db_table}" t'
        names = [(self.listing.columns[name], direction) for name, direction in self.wanted.order]
        self.keys = [*names, (Column("t.id"), self.wanted.order[-1][1])]
        self._kinds = [column.kind for column, _ in self.keys]
        self._order = ",".join(f"{name}:{direction.value}" for name, direction in self.wanted.order)

    def order_by(self) -> str:
        """Missing values last in the client's order, so first when it is walked backward."""
        parts: list[str] = []
        for column, direction in self.keys:
            descending = (direction is Direction.DESC) != self.wanted.backward
            null = f"case when {column.sql} is null then 1 else 0 end"
            parts += [f"{null} {'desc' if self.wanted.backward else 'asc'}"] if column.sql != "t.id" else []
            expression = text_order(column.sql) if column.kind is Kind.TEXT else column.sql
            parts.append(f"{expression} {'desc' if descending else 'asc'}")
        return ", ".join(parts)

    def beyond(self) -> str:
        """The condition that a row is beyond the cursor in the direction of the walk."""
        if self.wanted.cursor is None:
            return "1 = 1"
        argument = "before" if self.wanted.backward else "after"
        values = cursors.decode(self.wanted.cursor, self._order, self._kinds, argument)
        for number, value in enumerate(values):
            self.params[f"c_{number}"] = value
        ways = []
        for number in range(len(self.keys)):
            same = [self._same(before, values[before]) for before in range(number)]
            ways.append(" and ".join([*same, self._past(number, values[number])]).join("()"))
        return " or ".join(ways).join("()")

    def cursor(self, row: Row) -> str:
        """The cursor of a row that was selected."""
        return cursors.encode(
            self._order, [row[f"k_{number}"] for number in range(len(self.keys))], self._kinds
        )

    def _same(self, number: int, value: Param) -> str:
        sql = self.keys[number][0].sql
        return f"{sql} is null" if value is None else f"{sql} = :c_{number}"

    def _past(self, number: int, value: Param) -> str:
        column, direction = self.keys[number]
        backward = self.wanted.backward
        if value is None:
            return f"{column.sql} is not null" if backward else "1 = 0"
        greater = (direction is Direction.ASC) != backward
        expression = text_order(column.sql) if column.kind is Kind.TEXT else column.sql
        past = f"{expression} {'>' if greater else '<'} :c_{number}"
        return past if backward else f"({past} or {column.sql} is null)"

    def selected(self) -> str:
        return ", ".join(f"{column.sql} as k_{number}" for number, (column, _) in enumerate(self.keys))


async def page(listing: Listing, actor: Actor, wanted: Arguments) -> Page:
    """One page of what the actor may see.

    Raises:
        InvalidCursor: the cursor was not made for this order.
    """
    parts = _Statement(listing, actor, wanted)
    rows = await fetch(
        f"select {parts.selected()} from {parts.table} where {parts.where} and {parts.beyond()}"
        f" order by {parts.order_by()} limit {wanted.size + 1}",
        parts.params,
    )
    return _page(wanted, rows, parts)


async def pages(
    listing: Listing, actor: Actor, wanted: Arguments, parent: str, ids: Sequence[str]
) -> list[Page]:
    """The same page of each parent's records, in one statement; ``parent`` is the column that names it."""
    parts = _Statement(listing, actor, wanted)
    among = _among(parts.params, ids)
    order = parts.order_by()
    rows = await fetch(
        f"select * from (select t.{parent} as parent, {parts.selected()}, row_number() over"
        f" (partition by t.{parent} order by {order}) as place from {parts.table}"
        f" where t.{parent} in ({among}) and {parts.where} and {parts.beyond()}) x"
        f" where place <= {wanted.size + 1} order by parent, place",
        parts.params,
    )
    by_parent: dict[str, list[Row]] = {parent_id: [] for parent_id in ids}
    for row in rows:
        by_parent[str(row["parent"])].append(row)
    return [_page(wanted, by_parent[parent_id], parts) for parent_id in ids]


async def counts(
    listing: Listing, actor: Actor, wanted: Arguments, parent: str | None, ids: Sequence[str]
) -> list[int]:
    """How many records there are in all (of each parent, where one is named), whatever the page."""
    parts = _Statement(listing, actor, wanted)
    if parent is None:
        (row,) = await fetch(f"select count(*) as n from {parts.table} where {parts.where}", parts.params)
        return [int(str(row["n"]))]
    among = _among(parts.params, ids)
    rows = await fetch(
        f"select t.{parent} as parent, count(*) as n from {parts.table}"
        f" where t.{parent} in ({among}) and {parts.where} group by t.{parent}",
        parts.params,
    )
    found = {str(row["parent"]): int(str(row["n"])) for row in rows}
    return [found.get(parent_id, 0) for parent_id in ids]


def _among(params: dict[str, Param], ids: Sequence[str]) -> str:
    names = {f"p_{number}": parent_id for number, parent_id in enumerate(ids)}
    params.update(names)
    return ", ".join(f":{name}" for name in names)


def _page(wanted: Arguments, rows: list[Row], parts: _Statement) -> Page:
    more = len(rows) > wanted.size
    kept = rows[: wanted.size]
    if wanted.backward:
        kept = kept[::-1]
    last = len(parts.keys) - 1
    return Page(
        ids=tuple(str(row[f"k_{last}"]) for row in kept),
        cursors=tuple(parts.cursor(row) for row in kept),
        has_next=wanted.cursor is not None if wanted.backward else more,
        has_previous=more if wanted.backward else wanted.cursor is not None,
    )
