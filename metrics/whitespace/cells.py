"""The cells of the grid in SQL: where each account stands with each part, its potential, and the gap.

Potential = median of what peers pay a month per employee for services of it x the account's employees,
rounded to the nearest minor unit, a half up; one that somebody typed stands before it and is told beside it.
Gap = potential - monthly charge of what is owned, never below 0. Penetration = peers who own it / peers.
Expected value = gap x penetration.
"""

from __future__ import annotations

from collections.abc import Iterable

from metrics.whitespace.peers import (
    ENDINGS,
    LEAST_OWNERS,
    LEAST_PEERS,
    PER_MINOR,
    QUARTILES,
    peers_in,
    rate,
    whole,
)
from metrics.whitespace.positions import MOST, Among, accounts, positions
from models.asof import as_of_rows
from models.catalog import Compatibility, CompatibilityRule
from models.database import is_sqlite, once
from models.view import View

#: What cells tell of themselves besides what figures are made of.
TOLD = (
    *("family", "name", "digest", "lost_on", "held_until"),
    *("kind", "segment", "band", "sites_band"),
)
#: Those of them that the account's own records say.
_SAID = ("lost_on", "held_until")
#: The parameter that lists the figures of peers, see ``peers.figures``.
PEERS = "found_peers"

_SUMMED = (
    "select account_id, part,"
    " count(case when what = 'OWNED' then 1 end) as owned,"
    " cast(sum(case when what = 'OWNED' then mrc_minor else 0 end) as bigint) as mrc,"
    " count(case when what = 'BOUGHT' then 1 end) as bought,"
    " count(case when what = 'DELIVERED' then 1 end) as delivered,"
    " count(case when what = 'OPEN' then 1 end) as open,"
    " cast(sum(case when what = 'OPEN' then mrc_minor else 0 end) as bigint) as open_mrc,"
    " cast(sum(case when what = 'OPEN' then total_minor else 0 end) as bigint) as open_total,"
    " count(case when what = 'WON' then 1 end) as won,"
    " max(case when what = 'WON' then on_day end) as won_on,"
    " count(case when what = 'OVERDUE' then 1 end) as overdue,"
    " max(case when what = 'OVERDUE' then on_day end) as overdue_on,"
    " count(case when what = 'ENDED' then 1 end) as ended,"
    " max(case when what = 'ENDED' then on_day end) as ended_on,"
    " count(case when what in ('LOST', 'ENDED') then 1 end) as lost,"
    " max(case when what in ('LOST', 'ENDED') then on_day end) as lost_on,"
    " count(case when what = 'HELD' then 1 end) as held,"
    " min(case when what = 'HELD' and until_day >= :as_of then until_day end) as held_until,"
    " max(case when what = 'TYPED' then mrc_minor end) as typed"
)
#: It was sold, and no service of it has ended since.
_ORDERED = "(e.delivered > 0 or (e.won > 0 and (e.ended = 0 or e.won_on > e.ended_on)))"
#: It was sold long ago, and no service of it has ended since.
_OVERDUE = "(e.overdue > 0 and (e.ended = 0 or e.overdue_on > e.ended_on))"
#: A service of it runs, or it was bought once.
_OWNS = "(e.owned > 0 or e.bought > 0)"
_STATE = (
    f"case when {_OWNS} then 'OWNED' when {_ORDERED} then 'ORDERED' when e.open > 0 then 'OPEN'"
    " when (a.account_id, s.family) in (select account_id, family from blocked) then 'NOT_POSSIBLE'"
    f" when e.held > 0 then 'COMPETITOR' when {_OVERDUE} then 'NOT_DELIVERED'"
    " when e.lost > 0 then 'LOST' else 'NEVER' end"
)


def cells(
    view: View,
    among: Among,
    *,
    in_family: bool = False,
    quartiles: Iterable[str] = QUARTILES,
    told: Iterable[str] = TOLD,
) -> str:
    """SELECT of the cells of accounts, a row for each account and part.

    Parameters: ``:tenant``, ``:as_of`` (``:known_on``, ``:family``), ``:found_peers``. Columns:
    ``account_id``, ``part``, ``state``, ``mrc``, ``open_mrc``, ``open_total``, ``typed``, ``peers``,
    ``owners``, what is ``told`` besides (the part's ``family``, ``name`` and ``digest``; ``lost_on``,
    ``held_until``; ``kind``, ``segment``, ``band`` and ``sites_band`` of the group), ``mid`` and what else is
    asked for of ``quartiles`` (the potential by these of the owners' rates), ``gap``, ``expected``. What is
    not known is null.
    """
    names, besides = list(quartiles), list(told)
    return (
        f"with peers as {once()}(select * from {peers_in(PEERS)} f),"
        f" said as {once()}({_SUMMED} from ({positions(view, among, in_family=in_family)}) u"
        " group by account_id, part),"
        f" units as {once()}({_units(view, among)}),"
        f" blocked as {once()}({_blocked(view)})"
        " select v.*, case when v.peers > 0 and v.gap is not null"
        f" then {held('cast(v.gap as double precision) * v.owners / v.peers + 0.5')} end as expected from ("
        " select w.*, case when coalesce(w.typed, w.mid) > w.mrc then coalesce(w.typed, w.mid) - w.mrc"
        " when coalesce(w.typed, w.mid) is not null then 0 end as gap from ("
        " select r.account_id, r.part, r.state, r.mrc, r.open_mrc, r.open_total, r.typed, r.peers, r.owners,"
        f" {', '.join([*(f'r.{each}' for each in besides), *(f'{_potential(q)} as {q}' for q in names)])}"
        f" from ({_compared(names, besides)}) r {_once()}) w {_once()}) v"
    )


def _units(view: View, among: Among) -> str:
    """Accounts with the number of their group, and whether they are in it themselves."""
    return (
        "select a.account_id, a.employees, coalesce(same.number, near.number, wide.number, 0) as number,"
        " case when a.band is not null and c.account_id is not null then 1 else 0 end as member"
        f" from ({accounts(view, among)}) a"
        f" left join (select e.account_id from said e where {_OWNS} group by e.account_id) c"
        " on c.account_id = a.account_id"
        " left join (select distinct number, segment, band, sites_band from peers) same"
        " on same.segment = a.segment and same.band = a.band and same.sites_band = a.sites_band"
        " left join (select distinct number, segment, band from peers where sites_band is null) near"
        " on near.segment = a.segment and near.band = a.band"
        " left join (select distinct number, segment from peers where band is null) wide"
        " on wide.segment = a.segment"
    )


def _blocked(view: View) -> str:
    """Families that an account cannot have: what it has excludes them, or it lacks what they require."""
    rules = as_of_rows(CompatibilityRule, ["family", "other_family", "kind", "removed_on"], view)
    standing = f"(select * from {rules} c where c.removed_on is null or c.removed_on > :as_of)"
    has = f"(select e.account_id, e.part from said e where {_OWNS} or {_ORDERED} or e.open > 0)"
    excludes, requires = Compatibility.EXCLUDES.value, Compatibility.REQUIRES.value
    return (
        f"select h.account_id, r.family from {standing} r join {has} h on h.part = r.other_family"
        f" where r.kind = '{excludes}'"
        f" union select h.account_id, r.other_family from {standing} r join {has} h on h.part = r.family"
        f" where r.kind = '{excludes}'"
        f" union select a.account_id, r.family from {standing} r cross join units a"
        f" left join {has} h on h.account_id = a.account_id and h.part = r.other_family"
        f" where r.kind = '{requires}' and h.account_id is null"
    )


def _compared(quartiles: Iterable[str], told: Iterable[str]) -> str:
    """Each account and part with where it stands, and the figures of its peers, of whom it is none."""
    figures = [f"s.{each}{ending}" for each in quartiles for ending in ENDINGS]
    besides = [f"{'e' if each in _SAID else 's'}.{each}" for each in told]
    owns, pays = f"a.member = 1 and {_OWNS}", "a.member = 1 and e.owned > 0"
    return (
        f"select a.account_id, a.employees, s.part, {_STATE} as state, coalesce(e.mrc, 0) as mrc,"
        " coalesce(e.open_mrc, 0) as open_mrc, coalesce(e.open_total, 0) as open_total, e.typed,"
        f" s.members - a.member as peers, s.owners - case when {owns} then 1 else 0 end as owners,"
        f" s.payers - case when {pays} then 1 else 0 end as payers,"
        f" case when {pays} then {rate('e.mrc', 'a.employees')} end as own,"
        f" {', '.join([*besides, *figures])}"
        " from units a join peers s on s.number = a.number"
        f" left join said e on e.account_id = a.account_id and e.part = s.part {_once()}"
    )


def _potential(name: str) -> str:
    """What the account would pay at a quartile of its peers' rates; null where too few of them own it."""
    without = (
        f"case when r.own is null then r.{name} when r.own < r.{name}_pivot then r.{name}_less"
        f" when r.own > r.{name}_pivot then r.{name}_more else r.{name}_same end"
    )
    amount = f"cast({without} as double precision) * r.employees / {PER_MINOR} + 0.5"
    return (
        f"case when r.peers >= {LEAST_PEERS} and r.payers >= {LEAST_OWNERS} and r.employees > 0"
        f" then {held(amount)} end"
    )


def held(amount: str) -> str:
    """SQL for an amount in whole minor units, never more than can be held."""
    least = "min" if is_sqlite() else "least"
    return whole(f"{least}({amount}, cast({MOST} as double precision))")


def _once() -> str:
    """Ends a subquery whose columns are computed once, however often they are spoken of."""
    return "limit -1" if is_sqlite() else "offset 0"
