"""Which deals a figure of sales is about: whose, of which segment, family and kind, closing when.

Whose a deal is, and in which team its owner is, below which teams, is as of the date of the figure: users'
and teams' changes are logged. So are the account's segment and the deal's kind. The products of a deal, and
who may see it, are as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from models.access import Actor, Team, User
from models.accounts import Account
from models.asof import ANY, Sought, as_of_rows, swift_view_of
from models.database import Param, fetch, is_sqlite, listed
from models.deals import Deal, DealKind, ForecastCategory
from models.view import View
from models.visibility import Predicate, visible

#: What counts as pipeline unless said otherwise: what is omitted from the forecast counts nowhere.
FORECAST = frozenset(ForecastCategory) - {ForecastCategory.OMITTED, ForecastCategory.CLOSED}
#: The condition that a deal ``t`` can still be won.
OPEN = "t.stage not in ('WON', 'LOST')"


@dataclass(frozen=True)
class SalesFilter:
    """Which deals count; everything given must hold, nothing given is every deal that the actor sees.

    ``team_id`` is a node of the team tree: the deals whose owners are in it or in a team below it.
    A deal is of each product family of its lines. No ``kinds`` are all of them.
    """

    owner_id: str | None = None
    team_id: str | None = None
    segment: str | None = None
    product_family: str | None = None
    kinds: frozenset[DealKind] = frozenset()


@dataclass(frozen=True)
class DayRange:
    """Days from and to, both included; None is without bound.

    A statement with two periods names the parameters of one of them otherwise: ``named`` begins them.
    """

    from_on: date | None = None
    until_on: date | None = None
    named: str = ""

    @property
    def params(self) -> dict[str, Param]:
        """The bounds, as statements call them."""
        return {f"{self.named}from_on": self.from_on, f"{self.named}until_on": self.until_on}

    def holds(self, column: str) -> str:
        """SQL for whether the day in a column is within; one that is null is in no period with a bound."""
        bounds = []
        if self.from_on:
            bounds.append(f"{column} >= :{self.named}from_on")
        if self.until_on:
            bounds.append(f"{column} <= :{self.named}until_on")
        return " and ".join(bounds) or ANY

    def sought(self, column: str) -> Sought:
        """That a deal's day in a column is within."""
        return Sought(column, self.holds)


#: The filter of everything, and the period without bounds.
EVERYTHING, ALWAYS = SalesFilter(), DayRange()


@dataclass(frozen=True)
class AsOf:
    """A business date and the last day whose knowledge counts; None: all that is known now."""

    day: date
    known_on: date | None = None


def quoted(names: Iterable[str]) -> str:
    """Values of an enumeration as a list in SQL; none of them is said by a client as text."""
    return ", ".join(f"'{name}'" for name in sorted(names)) or "null"


def node(wanted: SalesFilter, owner: str, members: str = "members") -> str:
    """SQL for whether a deal with this owner is the wanted owner's or team's; ``1 = 1`` for all.

    ``members`` is the parameter that lists who is in the wanted team, see ``members_of``.
    """
    parts = []
    if wanted.owner_id:
        parts.append(f"{owner} = :owner")
    if wanted.team_id:
        parts.append(f"{owner} in ({_listed(members)})")
    return " and ".join(parts) or ANY


def _listed(name: str) -> str:
    """Many texts of a parameter, as a statement that PostgreSQL makes a table to look them up of."""
    if is_sqlite():
        return f"select value from json_each(:{name})"
    return f"select jsonb_array_elements_text(cast(:{name} as jsonb))"


async def members_of(actor: Actor, wanted: SalesFilter, at: AsOf) -> str:
    """The users in the wanted team and in the teams below it as of a date, as a parameter."""
    if not wanted.team_id:
        return listed(())
    view = View(at.known_on)
    rows = await fetch(
        "with recursive team_then as (select t.id, t.parent_id from"
        f" {as_of_rows(Team, ['parent_id'], view)} t),"
        " below(id) as (select id from team_then where id = :team"
        " union select g.id from team_then g join below on g.parent_id = below.id)"
        f" select u.id from {as_of_rows(User, ['team_id'], view)} u join below on below.id = u.team_id",
        {"tenant": actor.tenant_id, "team": wanted.team_id, "as_of": at.day, "known_on": at.known_on},
    )
    return listed(str(row["id"]) for row in rows)


def fitting(wanted: SalesFilter, view: View, row: str = "t", kind: str = "t.kind") -> str:
    """SQL for whether a deal is of the wanted segment (as of the view), product family and kinds."""
    parts = []
    if wanted.segment is not None:
        accounts = as_of_rows(Account, ["segment"], view)
        parts.append(f"{row}.account_id in (select a.id from {accounts} a where a.segment = :segment)")
    if wanted.product_family is not None:
        parts.append(
            f"{row}.id in (select f.deal_id from deal_line f join product p on p.id = f.product_id"
            " where f.tenant_id = :tenant and p.family = :family)"
        )
    if wanted.kinds:
        parts.append(f"{kind} in ({quoted(wanted.kinds)})")
    return " and ".join(parts) or ANY


def params_of(actor: Actor, wanted: SalesFilter, period: DayRange = ALWAYS) -> dict[str, Param]:
    """The parameters of what is said here, and of who sees what."""
    return {
        **visible(Deal, actor, "t").params,
        **period.params,
        "tenant": actor.tenant_id,
        "owner": wanted.owner_id,
        "segment": wanted.segment,
        "family": wanted.product_family,
    }


@dataclass(frozen=True)
class Deals:
    """The deals that a figure is about, as rows ``t`` of a statement, and its parameters."""

    rows: str
    where: str
    params: dict[str, Param]
    view: View


_FOR_FILTERS = ("account_id", "owner_id", "kind")


async def deals_as_of(
    actor: Actor,
    at: AsOf,
    wanted: SalesFilter,
    columns: Iterable[str],
    period: DayRange = ALWAYS,
    sought: Sequence[Sought] = (),
) -> Deals:
    """The wanted deals that the actor sees, with ``columns`` as of a date: rows ``t`` and a condition on
    them.

    Where ``sought`` are given, one of them holds for each deal that is looked for.
    """
    view = await swift_view_of(actor.tenant_id, at.day, at.known_on)
    seen: Predicate = visible(Deal, actor, "t")
    spoken = list(dict.fromkeys([*_FOR_FILTERS, *columns]))
    return Deals(
        rows=f"{as_of_rows(Deal, spoken, view, which=seen.sql, sought=sought)} t",
        where=f"{node(wanted, 't.owner_id')} and {fitting(wanted, view)}",
        params={
            **params_of(actor, wanted, period),
            "as_of": at.day,
            "known_on": at.known_on,
            "members": await members_of(actor, wanted, at),
        },
        view=view,
    )
