"""Whitespace as people read it: rows of accounts, sums of columns, and the largest gaps.

Who sees what is decided as of today: the accounts that somebody owns or manages. What they were, whose and
in which tree, is as of the date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from metrics.sales import AsOf, SalesFilter, members_of, node
from metrics.whitespace.cells import PEERS, cells
from metrics.whitespace.peers import Part, figures, groups_of, parts_of
from metrics.whitespace.positions import is_true, positions
from metrics.whitespace.results import (
    Cell,
    Column,
    GridRow,
    Records,
    cell_of,
    column_of,
    elsewhere,
    records_of,
)
from models.access import Actor
from models.accounts import Account
from models.asof import ANY, as_of_rows, view_of
from models.database import Param, Row, as_int, fetch, listed, one_of, tabled, text_order
from models.view import View
from models.visibility import visible
from models.whitespace import AccountPotential, CellState

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
        found = await self._cells_of(names, said)
        others = elsewhere(said, {part.key for part in self.parts})
        return [
            GridRow(
                account_id,
                name,
                others.get(account_id, 0),
                tuple(found[account_id, part.key] for part in self.parts),
            )
            for account_id, name in names.items()
        ]

    async def _cells_of(self, account_ids: Iterable[str], said: Sequence[Row]) -> dict[tuple[str, str], Cell]:
        """All cells of these accounts, by account and part."""
        records, parts = records_of(said), {part.key: part for part in self.parts}
        sql = cells(self._view, _among_named, in_family=self._in_family)
        rows = await fetch(sql, {**self._params, "accounts": listed(account_ids)})
        keys = [(str(row["account_id"]), str(row["part"])) for row in rows]
        return {
            key: cell_of(row, parts[key[1]], records.get(key, Records()))
            for key, row in zip(keys, rows, strict=True)
        }

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
            f" from ({self._figures()}) x group by {part}, {state} order by {part}, {state}",
            self._params,
        )
        by_part: dict[str, list[Row]] = {}
        for row in rows:
            by_part.setdefault(str(row["part"]), []).append(row)
        return [column_of(part, by_part.get(part.key, ())) for part in self.parts]

    async def gaps(
        self, most: int, states: Iterable[CellState] = UNTOUCHED, least_minor: int = 1
    ) -> list[Cell]:
        """The cells with the largest gaps by expected value, of these states; those without one last."""
        wanted = ", ".join(f"'{state.value}'" for state in sorted(set(states))) or "null"
        rows = await fetch(
            f"{self._scope()} select x.account_id, x.part from ({self._figures()}) x"
            f" where x.state in ({wanted}) and x.gap >= :least"
            " order by coalesce(x.expected, -1) desc, x.gap desc,"
            f" {text_order('x.account_id')}, {text_order('x.part')} limit :most",
            {**self._params, "most": most, "least": least_minor},
        )
        account_ids = {str(row["account_id"]) for row in rows}
        found = await self._cells_of(account_ids, await self._said(account_ids))
        return [found[str(row["account_id"]), str(row["part"])] for row in rows]

    def _figures(self) -> str:
        """SQL for the figures of all cells, without what they tell besides."""
        return cells(self._view, _among_scope, in_family=self._in_family, quartiles=("mid",), told=())

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


async def whitespace(actor: Actor, at: AsOf, wanted: Wanted = EVERYTHING) -> Whitespace:
    """The grid of the accounts that the actor owns or manages, as of a date."""
    grid = Whitespace(actor, at, wanted, await view_of(actor.tenant_id, at.day, at.known_on))
    await grid.prepare()
    return grid


def _among_named(account: str) -> str:
    return one_of(account, "accounts")


def _among_scope(account: str) -> str:
    return f"{account} in (select id from scope)"
