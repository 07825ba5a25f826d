"""The cells of the grid in SQL: where each account stands with each part, its potential, and the gap.

Potential = median of what peers who own it pay a month per employee x the account's employees, rounded to
the nearest minor unit, a half up; a potential that somebody typed stands before it and is told beside it.
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

#: The parameter that lists the figures of peers, see ``peers.figures``.
PEERS = "found_peers"

_SUMMED = (
    "select account_id, part,"
    " count(case when what = 'OWNED' then 1 end) as owned,"
    " cast(sum(case when what = 'OWNED' then mrc_minor else 0 end) as bigint) as mrc,"
    " count(case when what = 'DELIVERED' then 1 end) as delivered,"
    " count(case when what = 'OPEN' then 1 end) as open,"
    " cast(sum(case when what = 'OPEN' then mrc_minor else 0 end) as bigint) as open_mrc,"
    " cast(sum(case when what = 'OPEN' then total_minor else 0 end) as bigint) as open_total,"
    " count(case when what = 'WON' then 1 end) as won,"
    " max(case when what = 'WON' then on_day end) as won_on,"
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
_STATE = (
    f"case when e.owned > 0 then 'OWNED' when {_ORDERED} then 'ORDERED' when e.open > 0 then 'OPEN'"
    " when b.account_id is not null then 'NOT_POSSIBLE' when e.held > 0 then 'COMPETITOR'"
    " when e.lost > 0 then 'LOST' else 'NEVER' end"
)


def cells(view: View, among: Among, *, in_family: bool = False, quartiles: Iterable[str] = QUARTILES) -> str:
    """SELECT of the cells of accounts, a row for each account and part.

    Parameters: ``:tenant``, ``:as_of`` (``:known_on``, ``:family``), ``:found_peers``. Columns:
    ``account_id``, ``part``, ``family``, ``name``, ``digest``, ``state``, ``mrc``, ``open_mrc``,
    ``open_total``, ``lost_on``, ``held_until``; ``kind`` of the group, ``segment``, ``band``, ``peers``,
    ``owners``, ``mid`` and what else is asked for of ``quartiles`` (the potential by these of the owners'
    rates, null where it is not known), ``typed``, ``gap``, ``expected`` (null where it is not known).
    """
    names = list(quartiles)
    return (
        f"with peers as {once()}(select * from {peers_in(PEERS)} f),"
        f" said as {once()}({_SUMMED} from ({positions(view, among, in_family=in_family)}) u"
        " group by account_id, part),"
        f" units as {once()}({_units(view, among)}),"
        f" blocked as {once()}({_blocked(view)})"
        " select v.*, case when v.peers > 0 and v.gap is not null"
        f" then {_held('cast(v.gap as double precision) * v.owners / v.peers + 0.5')} end as expected from ("
        " select w.*, case when coalesce(w.typed, w.mid) > w.mrc then coalesce(w.typed, w.mid) - w.mrc"
        " when coalesce(w.typed, w.mid) is not null then 0 end as gap from ("
        " select r.account_id, r.part, r.family, r.name, r.digest, r.state, r.mrc, r.open_mrc, r.open_total,"
        " r.lost_on, r.held_until, r.kind, r.segment, r.band, r.peers, r.owners, r.typed,"
        f" {', '.join(f'{_potential(each)} as {each}' for each in names)}"
        f" from ({_compared(names)}) r {_once()}) w {_once()}) v"
    )


def _units(view: View, among: Among) -> str:
    """Accounts with the number of their group, and whether they are in it themselves."""
    return (
        "select a.account_id, a.employees, coalesce(near.number, wide.number, 0) as number,"
        " case when a.band is not null and c.account_id is not null then 1 else 0 end as member"
        f" from ({accounts(view, among)}) a"
        " left join (select account_id from said where owned > 0 group by account_id) c"
        " on c.account_id = a.account_id"
        " left join (select distinct number, segment, band from peers) near"
        " on near.segment = a.segment and near.band = a.band"
        " left join (select distinct number, segment from peers where band is null) wide"
        " on wide.segment = a.segment"
    )


def _blocked(view: View) -> str:
    """Families that an account cannot have: what it has excludes them, or it lacks what they require."""
    rules = as_of_rows(CompatibilityRule, ["family", "other_family", "kind", "removed_on"], view)
    standing = f"(select * from {rules} c where c.removed_on is null or c.removed_on > :as_of)"
    has = f"(select e.account_id, e.part from said e where e.owned > 0 or {_ORDERED} or e.open > 0)"
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


def _standing() -> str:
    """Each account and part with what is known of it."""
    return (
        f"select a.account_id, a.employees, a.number, a.member, s.part, {_STATE} as state,"
        " coalesce(e.mrc, 0) as mrc, coalesce(e.open_mrc, 0) as open_mrc,"
        " coalesce(e.open_total, 0) as open_total, e.lost_on, e.held_until, e.typed,"
        " case when a.member = 1 and e.owned > 0 then 1 else 0 end as owns"
        " from units a join peers s on s.number = a.number"
        " left join said e on e.account_id = a.account_id and e.part = s.part"
        f" left join blocked b on b.account_id = a.account_id and b.family = s.family {_once()}"
    )


def _compared(names: Iterable[str]) -> str:
    """The same with the figures of its peers, of whom it is none."""
    quartiles = "".join(f", s.{each}{ending}" for each in names for ending in ENDINGS)
    return (
        "select c.*, s.family, s.name, s.digest, s.kind, s.segment, s.band, s.members - c.member as peers,"
        f" s.owners - c.owns as owners, case when c.owns = 1 then {rate('c.mrc', 'c.employees')} end as own"
        f"{quartiles} from ({_standing()}) c join peers s on s.number = c.number and s.part = c.part"
    )


def _potential(name: str) -> str:
    """What the account would pay at a quartile of its peers' rates; null where too few of them own it."""
    without = (
        f"case when r.own is null then r.{name} when r.own < r.{name}_pivot then r.{name}_less"
        f" when r.own > r.{name}_pivot then r.{name}_more else r.{name}_same end"
    )
    amount = f"cast({without} as double precision) * r.employees / {PER_MINOR} + 0.5"
    return (
        f"case when r.peers >= {LEAST_PEERS} and r.owners >= {LEAST_OWNERS} and r.employees > 0"
        f" then {_held(amount)} end"
    )


def _held(amount: str) -> str:
    """SQL for an amount in whole minor units, never more than can be held."""
    least = "min" if is_sqlite() else "least"
    return whole(f"{least}({amount}, cast({MOST} as double precision))")


def _once() -> str:
    """Ends a subquery whose columns are computed once, however often they are spoken of."""
    return "limit -1" if is_sqlite() else "offset 0"
