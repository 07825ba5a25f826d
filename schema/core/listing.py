"""Pages of records: what a client may see, filtered, ordered, and cut by a cursor that survives inserts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from models.access import Actor
from models.base import Record
from models.database import Param, Row, fetch, is_sqlite, text_order
from models.errors import Invalid
from models.visibility import visible
from schema.core import cursors
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import Conditions
from schema.core.later import Later, Value, now, through

DEFAULT_PAGE = 50
LARGEST_PAGE = 200


@dataclass(frozen=True)
class Column:
    """A column that clients filter or order by: its SQL over the rows ``t``."""

    sql: str
    kind: Kind = Kind.TEXT
    #: Whether rows may lack a value; a column of the model says it itself.
    may_lack: bool = True

    def on(self, alias: str) -> str:
        """The SQL over rows of another name."""
        return on_alias(self.sql, alias)


@dataclass(frozen=True)
class Through:
    """A parent that rows have by another record: their column ``key`` is the id of one of ``model``."""

    key: str
    model: type[Record]


@dataclass(frozen=True)
class Listing:
    """What can be listed of a model: the columns by the names that filters and orders give them.

    ``through`` are the parents that are no columns of the model, by the column that names them in another.
    """

    model: type[Record]
    columns: Mapping[str, Column]
    default: tuple[tuple[str, Direction], ...]
    through: Mapping[str, Through] = field(default_factory=dict)

    def may_lack(self, column: Column) -> bool:
        """Whether rows may lack a value of the column."""
        stored = self.model._meta.fields_map.get(column.sql.removeprefix("t."))
        return column.may_lack if stored is None else stored.null


@dataclass(frozen=True)
class Arguments:
    """The arguments of a connection, checked: a page of ``size`` from the front or the back."""

    order: tuple[tuple[str, Direction], ...]
    size: int | Later[int]
    backward: bool
    cursor: str | Later[str] | None
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
    first: int | Later[int] | None,
    after: str | Later[str] | None,
    last: int | Later[int] | None,
    before: str | Later[str] | None,
) -> Arguments:
    """The arguments as one page's request.

    Raises:
        Invalid: a negative or too large page, one from both ends at once, or an order by a field twice.
    """
    if (first is not None or after is not None) and (last is not None or before is not None):
        raise Invalid("a page goes forward (first, after) or backward (last, before), not both", ["last"])
    backward = last is not None or before is not None
    name, size = ("last", last) if backward else ("first", first)
    if len({column for column, _ in order}) < len(order):
        raise Invalid("orderBy names a field twice", ["orderBy"])
    return Arguments(
        tuple(order) or listing.default,
        DEFAULT_PAGE if size is None else through(lambda given: _sized(given, name), size),
        backward,
        before if backward else after,
        given_filter,
    )


def page_size(first: int | None) -> int:
    """How many objects a page has that goes forward alone.

    Raises:
        Invalid: it is none of the sizes that pages have.
    """
    return DEFAULT_PAGE if first is None else _sized(first, "first")


def _sized(size: int, name: str) -> int:
    if not 0 <= size <= LARGEST_PAGE:
        raise Invalid(f"{name} is {size}; allowed: 0 to {LARGEST_PAGE}", [name])
    return size


_ROW = re.compile(r"\bt\.")


def on_alias(sql: str, alias: str) -> str:
    """SQL over rows ``t``, over rows of another name."""
    return sql if alias == "t" else _ROW.sub(f"{alias}.", sql)


class Statement:
    """The parts of a page's SQL, over rows called ``alias``; parameters' names begin with it.

    ``few`` says that the rows are those of one parent, which are sought by it, and then looked at and sorted.
    """

    def __init__(
        self, listing: Listing, actor: Actor, wanted: Arguments, alias: str = "t", *, few: bool = False
    ) -> None:
        self.listing = listing
        self.wanted = wanted
        self.alias = alias
        # SQLite would rather walk the index of a whole list in its order until it has met enough of a
        # parent's, or one on a column of the filter; no index is for an expression with a sign.
        self.sign = "+" if few and is_sqlite() else ""
        seen = visible(listing.model, actor, alias)
        columns = {name: f"{self.sign}{column.on(alias)}" for name, column in listing.columns.items()}
        conditions = Conditions(columns, f"{alias}_")
        filtered = conditions.sql(wanted.filter) if wanted.filter is not None else "1 = 1"
        self.where = f"{seen.sql} and ({filtered})"
        #: SQL for how many objects the page has, and for the rows that are read: one more tells of more.
        self.size = f":{alias}_size"
        self.limit = f"{self.size} + 1"
        self.params: dict[str, Value] = {
            f"{alias}_size": wanted.size,
            **seen.params,
            **conditions.params,
        }
        self.table = f'"{listing.model._meta.db_table}" {alias}'
        names = [(listing.columns[name], direction) for name, direction in wanted.order]
        self.keys = [*names, (Column("t.id"), wanted.order[-1][1])]
        self.kinds = [column.kind for column, _ in self.keys]
        self.order = ",".join(f"{name}:{direction.value}" for name, direction in wanted.order)

    def order_by(self, *, shown: bool = False) -> list[str]:
        """The order in which rows are walked, or with ``shown`` the client's.

        Missing values come last in the client's order, so first when it is walked backward.
        """
        turned = self.wanted.backward and not shown
        parts = []
        for column, direction in self.keys:
            way = "desc" if (direction is Direction.DESC) != turned else "asc"
            nulls = f" nulls {'first' if turned else 'last'}" if self.listing.may_lack(column) else ""
            parts.append(f"{self.sign}{self._compared(column)} {way}{nulls}")
        return parts

    def beyond(self) -> str:
        """The condition that a row is beyond the cursor in the direction of the walk."""
        cursor = self.wanted.cursor
        if cursor is None:
            return "1 = 1"
        argument = "before" if self.wanted.backward else "after"
        decoded = through(lambda given: cursors.decode(given, self.order, self.kinds, argument), cursor)
        values = now(decoded)
        for number in range(len(values)):
            self.params[self._cursor(number)] = through(itemgetter(number), decoded)
        ways = []
        for number in range(len(self.keys)):
            same = [self._same(before, values[before]) for before in range(number)]
            ways.append(" and ".join([*same, self._past(number, values[number])]).join("()"))
        return " and ".join([*self._from_first(values[0]), " or ".join(ways).join("()")])

    def _from_first(self, value: Param) -> Iterator[str]:
        """What an index needs to begin at the cursor: a bound on the first key alone."""
        column, direction = self.keys[0]
        if value is not None and not self.listing.may_lack(column):
            greater = (direction is Direction.ASC) != self.wanted.backward
            yield f"{self._compared(column)} {'>=' if greater else '<='} :{self._cursor(0)}"

    def parent(self, name: str) -> str:
        """SQL for the id of the parent that ``name`` names."""
        through = self.listing.through.get(name)
        if through is None:
            return f"{self.alias}.{name}"
        table = through.model._meta.db_table
        return f'(select v.{name} from "{table}" v where v.id = {self.alias}.{through.key})'

    def below(self, name: str, ids: str) -> str:
        """The condition that the id of this parent is one of ``ids``: expressions, with commas between.

        A parent by another record is sought there, so that both are found by indexes.
        """
        through = self.listing.through.get(name)
        if through is None:
            return f"{self.alias}.{name} in ({ids})"
        found = f'select v.id from "{through.model._meta.db_table}" v where v.tenant_id = :v_tenant'
        return f"{self.alias}.{through.key} in ({found} and v.{name} in ({ids}))"

    def cursor(self, row: Row) -> str:
        """The cursor of a row that was selected."""
        return cursors.encode(
            self.order, [row[f"k_{number}"] for number in range(len(self.keys))], self.kinds
        )

    def selected(self) -> str:
        """The values that a cursor is made of."""
        return ", ".join(f"{column.on(self.alias)} as k_{n}" for n, (column, _) in enumerate(self.keys))

    def _cursor(self, number: int) -> str:
        return f"{self.alias}_c_{number}"

    def _compared(self, column: Column) -> str:
        sql = column.on(self.alias)
        return text_order(sql) if column.kind is Kind.TEXT else sql

    def _same(self, number: int, value: Param) -> str:
        sql = self.keys[number][0].on(self.alias)
        return f"{sql} is null" if value is None else f"{sql} = :{self._cursor(number)}"

    def _past(self, number: int, value: Param) -> str:
        column, direction = self.keys[number]
        backward = self.wanted.backward
        if value is None:
            return f"{column.on(self.alias)} is not null" if backward else "1 = 0"
        greater = (direction is Direction.ASC) != backward
        past = f"{self._compared(column)} {'>' if greater else '<'} :{self._cursor(number)}"
        if backward or not self.listing.may_lack(column):
            return past
        return f"({past} or {column.on(self.alias)} is null)"


async def page(listing: Listing, actor: Actor, wanted: Arguments) -> Page:
    """One page of what the actor may see.

    Raises:
        InvalidCursor: the cursor was not made for this order.
    """
    parts = Statement(listing, actor, wanted)
    rows = await fetch(
        f"select {parts.selected()} from {parts.table} where {parts.where} and {parts.beyond()}"
        f" order by {', '.join(parts.order_by())} limit {parts.limit}",
        _known(parts.params),
    )
    return _page(wanted, rows, parts)


async def pages(
    listing: Listing, actor: Actor, wanted: Arguments, parent: str, ids: Sequence[str]
) -> list[Page]:
    """The same page of each parent's records, in one statement; ``parent`` is the column that names it."""
    parts = Statement(listing, actor, wanted)
    among = _among(parts.params, ids)
    rows = await fetch(
        f"select * from (select {parts.parent(parent)} as parent, {parts.selected()}, row_number() over"
        f" (partition by {parts.parent(parent)} order by {', '.join(parts.order_by())}) as place"
        f" from {parts.table} where {parts.below(parent, among)} and {parts.where} and {parts.beyond()}) x"
        f" where place <= {parts.limit} order by parent, place",
        _known(parts.params),
    )
    by_parent: dict[str, list[Row]] = {parent_id: [] for parent_id in ids}
    for row in rows:
        by_parent[str(row["parent"])].append(row)
    return [_page(wanted, by_parent[parent_id], parts) for parent_id in ids]


async def counts(
    listing: Listing, actor: Actor, wanted: Arguments, parent: str | None, ids: Sequence[str]
) -> list[int]:
    """How many records there are in all (of each parent, where one is named), whatever the page."""
    parts = Statement(listing, actor, wanted)
    if parent is None:
        (row,) = await fetch(
            f"select count(*) as n from {parts.table} where {parts.where}", _known(parts.params)
        )
        return [int(str(row["n"]))]
    among = _among(parts.params, ids)
    rows = await fetch(
        f"select parent, count(*) as n from (select {parts.parent(parent)} as parent from {parts.table}"
        f" where {parts.below(parent, among)} and {parts.where}) x group by parent",
        _known(parts.params),
    )
    found = {str(row["parent"]): int(str(row["n"])) for row in rows}
    return [found.get(parent_id, 0) for parent_id in ids]


def _among(params: dict[str, Value], ids: Sequence[str]) -> str:
    names = {f"p_{number}": parent_id for number, parent_id in enumerate(ids)}
    params.update(names)
    return ", ".join(f":{name}" for name in names)


def _known(params: Mapping[str, Value]) -> dict[str, Param]:
    return {name: now(value) for name, value in params.items()}


def _page(wanted: Arguments, rows: list[Row], parts: Statement) -> Page:
    size = now(wanted.size)
    more = len(rows) > size
    kept = rows[:size]
    if wanted.backward:
        kept = kept[::-1]
    last = len(parts.keys) - 1
    return Page(
        ids=tuple(str(row[f"k_{last}"]) for row in kept),
        cursors=tuple(parts.cursor(row) for row in kept),
        has_next=wanted.cursor is not None if wanted.backward else more,
        has_previous=more if wanted.backward else wanted.cursor is not None,
    )
