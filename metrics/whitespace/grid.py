"""Whitespace as people read it: rows of accounts, sums of columns, and the largest gaps.

Who sees what is decided as of today: the accounts that somebody owns or manages. What they were, whose and
in which tree, is as of the date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from metrics.sales import AsOf, SalesFilter, members_of, node
from metrics.whitespace.cells import PEERS, cells
from metrics.whitespace.peers import Part, figures, groups_of, parts_of
from metrics.whitespace.positions import SIZES, is_true, positions
from models.access import Actor
from models.accounts import Account
from models.asof import ANY, as_of_rows, view_of
from models.database import Param, Row, as_date, as_int, fetch, listed, one_of, tabled, text_order
from models.view import View
from models.visibility import visible
from models.whitespace import AccountPotential, CellState, PeerGroup

#: What can still be sold, and is in no deal.
UNTOUCHED = frozenset({CellState.OWNED, CellState.COMPETITOR, CellState.LOST, CellState.NEVER})


@dataclass(frozen=True)
class Wanted:
    """Which accounts and columns; everything given must hold.

    ``account_id`` is that account, with those below it in the tree where ``below``. ``owner_id`` and
    ``team_id`` are whose the accounts were. ``families`` are the columns; None: all. With ``products_of``
    the columns are the products of that family.
    """

    account_id: str | None = None
    below: bool = True
    owner_id: str | None = None
    team_id: str | None = None
    segment: str | None = None
    families: frozenset[str] | None = None
    products_of: str | None = None


#: All accounts and families.
EVERYTHING = Wanted()


@dataclass(frozen=True)
class Records:
    """The ids of the records that say where a cell stands; ``competitors`` are those named in deals."""

    services: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    open_deals: tuple[str, ...] = ()
    won_deals: tuple[str, ...] = ()
    lost_deals: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    potentials: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them, but for the deals of lines."""
        return (
            *self.services,
            *self.delivered,
            *self.ended,
            *self.lines,
            *self.competitors,
            *self.potentials,
        )


@dataclass(frozen=True)
class Peers:
    """Whom an account is compared with, without itself; ``owners`` of the ``count`` own the part.

    ``least_employees`` and ``most_employees`` are the bounds of their size, None without a bound.
    """

    group: PeerGroup
    segment: str | None
    least_employees: int | None
    most_employees: int | None
    count: int
    owners: int

    @property
    def penetration(self) -> float | None:
        """The share of peers who own it, 0 to 1; None without peers."""
        return self.owners / self.count if self.count else None


@dataclass(frozen=True)
class Cell:
    """Where an account stands with a part; money in minor units of the tenant's currency.

    ``low_minor``, ``potential_minor`` and ``high_minor`` are what it would pay a month at the quartiles of
    its peers' rates, ``typed_minor`` what somebody says that it could; None where it is not known.
    """

    account_id: str
    part: Part
    state: CellState
    mrc_minor: int
    open_mrc_minor: int
    open_total_minor: int
    lost_on: date | None
    competitor_until: date | None
    peers: Peers
    low_minor: int | None
    potential_minor: int | None
    high_minor: int | None
    typed_minor: int | None
    gap_minor: int | None
    expected_minor: int | None
    records: Records = field(default=Records(), compare=False)


@dataclass(frozen=True)
class GridRow:
    """An account with a cell for each column; ``elsewhere_minor`` is owned and in none of them, a month."""

    account_id: str
    name: str
    elsewhere_minor: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """What a column comes to over all accounts that are asked for; money in minor units."""

    part: Part
    states: Mapping[CellState, int]
    mrc_minor: int
    open_mrc_minor: int
    open_total_minor: int
    gap_minor: int
    expected_minor: int


class Whitespace:
    """The grid that an actor sees as of a date; what peers pay is known, rows are read when asked for."""

    def __init__(self, actor: Actor, at: AsOf, wanted: Wanted, view: View) -> None:
        self.at = at
        self.parts: tuple[Part, ...] = ()
        self._actor, self._wanted, self._view = actor, wanted, view
        self._seen = visible(AccountPotential, actor, "u")
        self._in_family = wanted.products_of is not None
        self._params: dict[str, Param] = {}

    async def prepare(self) -> None:
        """Find the columns, and what peers own and pay."""
        tenant, family = self._actor.tenant_id, self._wanted.products_of
        known = await parts_of(tenant, self.at.day, self._view, family)
        chosen = self._wanted.families
        self.parts = tuple(part for part in known if chosen is None or part.family in chosen)
        groups = await groups_of(tenant, self.at.day, self._view, family)
        of_team = SalesFilter(self._wanted.owner_id, self._wanted.team_id)
        self._params = {
            **self._seen.params,
            "tenant": tenant,
            "as_of": self.at.day,
            "known_on": self.at.known_on,
            "family": family,
            "account": self._wanted.account_id,
            "owner": self._wanted.owner_id,
            "members": await members_of(self._actor, of_team, self.at),
            "segment": self._wanted.segment,
            PEERS: tabled(figures(groups, self.parts)),
        }

    async def count(self) -> int:
        """How many accounts there are in all."""
        (row,) = await fetch(f"{self._scope()} select count(*) as accounts from scope", self._params)
        return as_int(row["accounts"])

    async def rows(self, most: int, after: tuple[str, str] | None = None) -> list[GridRow]:
        """At most so many accounts by name, after the one with this name and id."""
        name, behind = text_order("n.name"), ANY
        if after is not None:
            behind = f"({name} > :name or ({name} = :name and {text_order('n.id')} > :id))"
        rows = await fetch(
            f"{self._scope()} select n.id, n.name from scope join account n on n.id = scope.id"
            f" where {behind} order by {name}, {text_order('n.id')} limit :most",
            {**self._params, "most": most, "name": after and after[0], "id": after and after[1]},
        )
        return await self._rows({str(row["id"]): str(row["name"]) for row in rows})

    async def of_accounts(self, account_ids: Collection[str]) -> dict[str, GridRow]:
        """Rows of these accounts by id, of those that the actor owns or manages."""
        rows = await fetch(
            f"{self._scope()} select n.id, n.name from scope join account n on n.id = scope.id"
            f" where {one_of('n.id', 'accounts')} order by n.id",
            {**self._params, "accounts": listed(account_ids)},
        )
        found = await self._rows({str(row["id"]): str(row["name"]) for row in rows})
        return {row.account_id: row for row in found}

    async def _rows(self, names: Mapping[str, str]) -> list[GridRow]:
        if not names:
            return []
        said = await self._said(names)
        records, elsewhere = _records(said), _elsewhere(said, {part.key for part in self.parts})
        found: dict[tuple[str, str], Cell] = {}
        sql = cells(self._view, _among_named, in_family=self._in_family)
        for row in await fetch(sql, {**self._params, "accounts": listed(names)}):
            cell = self._cell(row, records)
            found[cell.account_id, cell.part.key] = cell
        return [
            GridRow(
                account_id,
                name,
                elsewhere.get(account_id, 0),
                tuple(found[account_id, part.key] for part in self.parts),
            )
            for account_id, name in names.items()
        ]

    async def _said(self, account_ids: Iterable[str]) -> list[Row]:
        """What records say of these accounts."""
        return await fetch(
            f"select * from ({positions(self._view, _among_named, in_family=self._in_family)}) u"
            " order by account_id, part, what, record_id",
            {**self._params, "accounts": listed(account_ids)},
        )

    async def columns(self) -> list[Column]:
        """What each column comes to over all accounts."""
        sums = ", ".join(
            f"sum({column}) as {column}" for column in ("mrc", "open_mrc", "open_total", "gap", "expected")
        )
        part, state = text_order("x.part"), text_order("x.state")
        rows = await fetch(
            f"{self._scope()} select {part} as part, {state} as state, count(*) as cells, {sums}"
            f" from ({self._cells()}) x group by {part}, {state} order by {part}, {state}",
            self._params,
        )
        by_part: dict[str, list[Row]] = {}
        for row in rows:
            by_part.setdefault(str(row["part"]), []).append(row)
        return [_column(part, by_part.get(part.key, ())) for part in self.parts]

    async def gaps(
        self, most: int, states: Iterable[CellState] = UNTOUCHED, least_minor: int = 1
    ) -> list[Cell]:
        """The cells with the largest gaps by expected value, of these states; those without one last."""
        wanted = ", ".join(f"'{state.value}'" for state in sorted(set(states))) or "null"
        rows = await fetch(
            f"{self._scope()} select * from ({self._cells()}) x where x.state in ({wanted})"
            " and x.gap >= :least order by coalesce(x.expected, -1) desc, x.gap desc,"
            f" {text_order('x.account_id')}, {text_order('x.part')} limit :most",
            {**self._params, "most": most, "least": least_minor},
        )
        records = _records(await self._said({str(row["account_id"]) for row in rows}))
        return [self._cell(row, records) for row in rows]

    def _cells(self) -> str:
        return cells(self._view, _among_scope, in_family=self._in_family, quartiles=("mid",))

    def _scope(self) -> str:
        """The accounts that are asked for and that the actor owns or manages, as ``scope``."""
        wanted = self._wanted
        rows = as_of_rows(Account, ["owner_id", "parent_id", "segment", "placeholder"], self._view)
        conditions = [self._seen.sql, f"not {is_true('u.placeholder')}"]
        conditions.append(node(SalesFilter(wanted.owner_id, wanted.team_id), "u.owner_id"))
        if wanted.account_id is not None:
            conditions.append("u.id in (select id from tree)" if wanted.below else "u.id = :account")
        if wanted.segment is not None:
            conditions.append("u.segment = :segment")
        return (
            f"with recursive then_there as (select t.*, t.id as account_id from {rows} t),"
            " tree(id) as (select id from then_there where id = :account"
            " union select t.id from then_there t join tree on t.parent_id = tree.id),"
            f" scope as (select u.id from then_there u where {' and '.join(conditions)})"
        )

    def _cell(self, row: Row, records: Mapping[tuple[str, str], Records]) -> Cell:
        part = next(each for each in self.parts if each.key == row["part"])
        account_id = str(row["account_id"])
        return Cell(
            account_id=account_id,
            part=part,
            state=CellState(str(row["state"])),
            mrc_minor=as_int(row["mrc"]),
            open_mrc_minor=as_int(row["open_mrc"]),
            open_total_minor=as_int(row["open_total"]),
            lost_on=as_date(row["lost_on"]),
            competitor_until=as_date(row["held_until"]),
            peers=_peers(row),
            low_minor=_amount(row.get("low")),
            potential_minor=_amount(row["mid"]),
            high_minor=_amount(row.get("high")),
            typed_minor=_amount(row["typed"]),
            gap_minor=_amount(row["gap"]),
            expected_minor=_amount(row["expected"]),
            records=records.get((account_id, part.key), Records()),
        )


async def whitespace(actor: Actor, at: AsOf, wanted: Wanted = EVERYTHING) -> Whitespace:
    """The grid of the accounts that the actor owns or manages, as of a date."""
    grid = Whitespace(actor, at, wanted, await view_of(actor.tenant_id, at.day, at.known_on))
    await grid.prepare()
    return grid


def _among_named(account: str) -> str:
    return one_of(account, "accounts")


def _among_scope(account: str) -> str:
    return f"{account} in (select id from scope)"


def _amount(value: object) -> int | None:
    return None if value is None else as_int(value)


def _peers(row: Row) -> Peers:
    band = None if row["band"] is None else as_int(row["band"])
    above = None if band is None else SIZES.get(band + 1)
    return Peers(
        group=PeerGroup(str(row["kind"])),
        segment=None if row["segment"] is None else str(row["segment"]),
        least_employees=None if band is None else SIZES[band],
        most_employees=None if above is None else above - 1,
        count=as_int(row["peers"]),
        owners=as_int(row["owners"]),
    )


#: Where the ids of records of each kind go; those of deals beside those of their lines.
_OF_RECORD = {
    "OWNED": "services",
    "DELIVERED": "delivered",
    "ENDED": "ended",
    "HELD": "competitors",
    "TYPED": "potentials",
}
_OF_DEAL = {"OPEN": "open_deals", "WON": "won_deals", "LOST": "lost_deals"}


def _records(rows: Sequence[Row]) -> dict[tuple[str, str], Records]:
    found: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    for row in rows:
        of = found.setdefault((str(row["account_id"]), str(row["part"])), {})
        what = str(row["what"])
        if what in _OF_RECORD:
            of.setdefault(_OF_RECORD[what], {})[str(row["record_id"])] = None
        else:
            of.setdefault("lines", {})[str(row["record_id"])] = None
            of.setdefault(_OF_DEAL[what], {})[str(row["deal_id"])] = None
    return {key: Records(**{name: tuple(ids) for name, ids in of.items()}) for key, of in found.items()}


def _elsewhere(rows: Iterable[Row], parts: Collection[str]) -> dict[str, int]:
    """What accounts pay a month for what they own that is none of these parts."""
    found: dict[str, int] = {}
    for row in rows:
        if row["what"] == "OWNED" and row["part"] not in parts:
            account_id = str(row["account_id"])
            found[account_id] = found.get(account_id, 0) + as_int(row["mrc_minor"])
    return found


def _column(part: Part, rows: Iterable[Row]) -> Column:
    states, sums = {}, dict.fromkeys(("mrc", "open_mrc", "open_total", "gap", "expected"), 0)
    for row in rows:
        states[CellState(str(row["state"]))] = as_int(row["cells"])
        for name in sums:
            sums[name] += as_int(row[name])
    return Column(
        part=part,
        states={state: states.get(state, 0) for state in CellState},
        mrc_minor=sums["mrc"],
        open_mrc_minor=sums["open_mrc"],
        open_total_minor=sums["open_total"],
        gap_minor=sums["gap"],
        expected_minor=sums["expected"],
    )
