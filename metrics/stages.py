"""How deals go through the stages: what became of those that entered one, and how long they stay in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from metrics.rounding import share
from metrics.sales import EVERYTHING, AsOf, DayRange, Deals, SalesFilter, deals_as_of
from models.access import Actor
from models.asof import known_change, known_row, log_of
from models.database import Row, as_int, fetch, once
from models.deals import STAGE_RANK, Deal, Stage


@dataclass(frozen=True)
class StagePassage:
    """What became of the deals that entered a stage within a window, as of a date.

    ``skipped`` of those ``entered`` were never in the stage, but passed over it. ``advanced`` came further
    later on. ``won`` and ``lost`` of them have ended so. Days are those spent in the stage: of the stays
    that began in the window, ``ended`` ones are over, ``standing`` ones not yet; ``median_days`` is None
    while fewer than half are known to have ended.
    """

    stage: Stage
    entered: int
    skipped: int
    advanced: int
    won: int
    lost: int
    ended: int
    standing: int
    median_days: int | None

    @property
    def conversion(self) -> float | None:
        """Advanced / entered, 0 to 1; None when none entered."""
        return share(self.advanced, self.entered)

    @property
    def win_rate(self) -> float | None:
        """Won / (won + lost), 0 to 1; None when none has ended."""
        return share(self.won, self.won + self.lost)


@dataclass(frozen=True)
class Stay:
    """How many stays in a stage ended after so many days, and how many had lasted so long on the date."""

    days: int
    ended: int
    standing: int


async def stage_passages(
    actor: Actor, at: AsOf, entered: DayRange, wanted: SalesFilter = EVERYTHING
) -> list[StagePassage]:
    """What became, as of a date, of the deals that entered each open stage within a window of days.

    Stage win rate = won / (won + lost) of the deals that entered the stage in the window, whatever stage they
    ended from; those still open are in neither. Conversion = those that later came further than the stage /
    those that entered it. A stage that a deal skipped on its way forward, or to WON, counts as entered on
    the day of that move; one that came before the stage in which it was identified does not. A deal that
    entered a stage several times counts once. A lost deal advanced if it had come further before it was lost.

    Time in stage: days from entering it to leaving it for any other, won and lost among them; a stay that
    lasts is known to be at least as long as it is on the date. The median is that of Kaplan and Meier, see
    ``median_stay``.
    """
    deals = await deals_as_of(actor, at, wanted, ("stage",), entered)
    rows = await fetch(
        f"{_moves(deals, entered)} {_passed(entered)} union all {_stays(entered)}", deals.params
    )
    passed = {str(row["stage"]): row for row in rows if row["days"] is None}
    stays = defaultdict[str, list[Stay]](list)
    for row in rows:
        if row["days"] is not None:
            stays[str(row["stage"])].append(_stay(row))
    return [_passage(stage, passed.get(stage.value, {}), stays[stage.value]) for stage in _OPEN]


def _passage(stage: Stage, row: Row, stays: list[Stay]) -> StagePassage:
    counted = {name: as_int(row.get(name)) for name in _FIGURES}
    return StagePassage(
        stage=stage,
        **counted,
        ended=sum(stay.ended for stay in stays),
        standing=sum(stay.standing for stay in stays),
        median_days=median_stay(stays),
    )


def median_stay(stays: Iterable[Stay]) -> int | None:
    """The median of Kaplan and Meier: the first day after which at most half of the stays last.

    S(t) = product over the days d up to t on which stays ended of (1 - ended(d) / at risk(d)), where those
    at risk have lasted d days or longer; the median is the least t with S(t) <= 1/2, None when there is none.
    """
    ordered = sorted(stays, key=lambda stay: stay.days)
    at_risk = sum(stay.ended + stay.standing for stay in ordered)
    lasting = Fraction(1)
    for stay in ordered:
        lasting *= 1 - Fraction(stay.ended, at_risk)
        if lasting <= Fraction(1, 2):
            return stay.days
        at_risk -= stay.ended + stay.standing
    return None


def _stay(row: Row) -> Stay:
    return Stay(as_int(row["days"]), as_int(row["ended"]), as_int(row["standing"]))


_RANK = " ".join(
    f"when '{stage.value}' then {rank}" for stage, rank in STAGE_RANK.items() if stage != Stage.LOST
)
_FIGURES = ("entered", "skipped", "advanced", "won", "lost")
_OPEN = [stage for stage in Stage if stage.is_open]
_STAGES = " union all ".join(f"select '{stage.value}' as stage, {stage.rank} as rank" for stage in _OPEN)


def _moves(deals: Deals, window: DayRange) -> str:
    """Named parts of a statement: the wanted deals' moves ``n`` since the window began.

    Each has the furthest rank reached from then on, and the day of the next move. The first is into
    the stage in which a deal was identified, on the day on which it was: that before its next move, or its
    only one.
    """
    view = deals.view
    known = f" and {known_change('c', view)}" if view.known else ""
    there = f" and {known_row('d', view)}" if view.known else ""
    since = DayRange(window.from_on)
    return (
        "with moved as (select c.entity_id as deal_id, c.old as before, c.new as after,"
        f" case c.new {_RANK} else 0 end as to_rank, c.effective_on as day, c.created_at as at, c.seq from "
        f"{log_of(Deal, 'stage')} and {since.holds('c.effective_on')}"
        f" and c.effective_on <= :as_of{known}"
        " union all select d.id, null, null, null, d.valid_from, d.created_at, -1 from deal d"
        f" where d.tenant_id = :tenant and {since.holds('d.valid_from')} and d.valid_from <= :as_of{there}),"
        " w as (select deal_id, before, day, coalesce(after, lead(before) over later) as after,"
        " lead(day) over later as until_on, max(to_rank) over later as later_rank from moved"
        " window later as (partition by deal_id order by day, at, seq"
        " rows between current row and unbounded following)),"
        " m as (select v.deal_id, v.before, v.day, v.until_on, v.later_rank, t.stage as final,"
        " coalesce(v.after, t.stage) as after"
        f" from w v cross join {deals.rows} where t.id = v.deal_id and {deals.where}),"
        f" r as (select m.*, case before {_RANK} else 0 end as from_rank, case after {_RANK} else 0 end as"
        " to_rank from m),"
        f" n as {once()}(select deal_id, after, day, final, until_on, from_rank, to_rank,"
        " case when later_rank > to_rank then later_rank else to_rank end as top from r)"
    )


def _passed(window: DayRange) -> str:
    """What became of the deals that entered each stage in the window; without days.

    A deal counts once: it was in a stage at all if one of its moves led there, and not only past it.
    """
    each, sums, whens = list[str](), list[str](), defaultdict[str, str](str)
    for rank in (stage.rank for stage in _OPEN):
        into = f"to_rank = {rank}"
        entered = f"({into} or (from_rank > 0 and from_rank < {rank} and to_rank > {rank}))"
        each += [
            f"max(case when {entered} then 1 else 0 end) as entered{rank}",
            f"max(case when {into} then 1 else 0 end) as stood{rank}",
            f"max(case when {entered} and top > {rank} then 1 else 0 end) as advanced{rank}",
        ]
        sums += [
            f"sum(entered{rank}) as entered{rank}",
            f"sum(entered{rank}) - sum(stood{rank}) as skipped{rank}",
            f"sum(advanced{rank}) as advanced{rank}",
            f"sum(case when final = 'WON' then entered{rank} else 0 end) as won{rank}",
            f"sum(case when final = 'LOST' then entered{rank} else 0 end) as lost{rank}",
        ]
        for figure in _FIGURES:
            whens[figure] += f" when {rank} then {figure}{rank}"
    shown = ", ".join(f"case s.rank{whens[figure]} end as {figure}" for figure in _FIGURES)
    return (
        f"select s.stage, null as days, {shown}, 0 as ended, 0 as standing from"
        f" (select {', '.join(sums)} from"
        f" (select max(final) as final, {', '.join(each)} from n where {window.holds('n.day')}"
        f" group by deal_id) deals) together cross join ({_STAGES}) s"
    )


def _stays(window: DayRange) -> str:
    """Stays that began in the window, by stage and days: how many ended, and how many last on the date."""
    return (
        "select stage, DAYS(k.last_on, k.day), 0, 0, 0, 0, 0,"
        " sum(case when until_on is null then 0 else 1 end), sum(case when until_on is null then 1 else"
        " 0 end)"
        " from (select n.after as stage, n.until_on, coalesce(n.until_on, :as_of) as last_on, n.day from n"
        f" where {window.holds('n.day')} and n.after not in ('WON', 'LOST')) k group by 1, 2"
    )
