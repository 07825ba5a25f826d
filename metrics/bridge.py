"""The pipeline's change between two dates, and every deal's part in it, with one reason for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from metrics.sales import (
    ALWAYS,
    EVERYTHING,
    FORECAST,
    AsOf,
    DayRange,
    SalesFilter,
    fitting,
    members_of,
    node,
    params_of,
    quoted,
)
from models.access import Actor
from models.asof import both_ends, known_change, swift_view_of
from models.database import Param, Row, as_int, fetch, once
from models.deals import Deal, ForecastCategory
from models.described import Described
from models.view import View
from models.visibility import visible


class Reason(Described):
    """Why a deal changes the pipeline: what came in, what stays at another amount, what went out."""

    NEW = "NEW", "In: it was not there, or not known of, at the start."
    OWNER_IN = "OWNER_IN", "In: it belonged to somebody else at the start."
    TEAM_IN = "TEAM_IN", "In: its owner's team was elsewhere in the tree at the start."
    REOPENED = "REOPENED", "In: it had ended at the start, and is open again."
    CATEGORY_IN = "CATEGORY_IN", "In: its forecast category was none of those that count at the start."
    PULLED_IN = (
        "PULLED_IN",
        "In: it was expected to close after the period at the start, or on no day, and now within it.",
    )
    PUSHED_IN = "PUSHED_IN", "In: it was expected to close before the period at the start, and now within it."
    AMOUNT_UP = "AMOUNT_UP", "Stays: its amount rose."
    AMOUNT_DOWN = "AMOUNT_DOWN", "Stays: its amount fell."
    REVALUED = "REVALUED", "Stays: its amount changed by nothing but exchange rates."
    UNCHANGED = "UNCHANGED", "Stays: its amount is the same."
    DELETED = "DELETED", "Out: it is not there, or not known of, at the end."
    OWNER_OUT = "OWNER_OUT", "Out: it belongs to somebody else at the end."
    TEAM_OUT = "TEAM_OUT", "Out: its owner's team is elsewhere in the tree at the end."
    WON = "WON", "Out: it was won."
    LOST = "LOST", "Out: it was lost."
    CATEGORY_OUT = "CATEGORY_OUT", "Out: its forecast category is none of those that count at the end."
    PULLED_OUT = "PULLED_OUT", "Out: it is expected to close before the period at the end."
    PUSHED_OUT = "PUSHED_OUT", "Out: it is expected to close after the period at the end, or on no day."


@dataclass(frozen=True)
class Term:
    """The deals of one reason, and what they change in minor units: positive when the pipeline grows."""

    reason: Reason
    deals: int = 0
    change_minor: int = 0


@dataclass(frozen=True)
class PipelineChange:
    """A pipeline at two dates and everything between, in minor units; it adds up to the minor unit.

    ``opening_minor`` + the terms + ``revaluation_minor`` = ``closing_minor``. ``won_minor`` is what won
    deals were won at; the pipeline lost what they were worth at the start, and the difference is
    ``changed_at_close_minor``.
    """

    since: date
    as_of: date
    currency: str
    opening_minor: int = 0
    opening_deals: int = 0
    closing_minor: int = 0
    closing_deals: int = 0
    revaluation_minor: int = 0
    won_minor: int = 0
    changed_at_close_minor: int = 0
    terms: Mapping[Reason, Term] = field(default_factory=dict)


@dataclass(frozen=True)
class Movement:
    """A deal's part: its amounts at both dates (None where it was not there), its reason, and its change.

    ``change_minor`` is without ``revaluation_minor``, what exchange rates changed.
    """

    deal_id: str
    reason: Reason
    before_minor: int | None
    after_minor: int | None
    change_minor: int
    revaluation_minor: int

    @property
    def size_minor(self) -> int:
        """What it changes whatever the sign, exchange rates included: what movements are ordered by."""
        return abs(self.change_minor + self.revaluation_minor)


@dataclass(frozen=True)
class Asked:
    """What pipeline is looked at, and between which dates."""

    start: AsOf
    end: AsOf
    period: DayRange = ALWAYS
    wanted: SalesFilter = EVERYTHING
    categories: frozenset[ForecastCategory] = FORECAST


async def pipeline_change(actor: Actor, asked: Asked) -> PipelineChange:
    """The change of the open pipeline that closes in a period, between two dates, each as known on a day.

    opening + new + reopened + pulled in + pushed in + category in + owner in + team in + amount up
    + revaluation - won - lost - deleted - pulled out - pushed out - category out - owner out - team out
    - amount down = closing. A deal that enters counts at its end value, one that leaves at its start value,
    one that stays at the difference. Each has one reason, the first that applies of: whether it was there,
    whose it is, in which team, whether it is open, its category, its close date, its amount.

    Segment and kind are as of the end on both ends, products as now, the owner and the team tree as of each
    end; who may see a deal is decided as of today. Revaluation is what commands ``rates.revalue`` changed.
    """
    moves = await _moves(actor, asked)
    rows = await fetch(
        f"{moves.sql} select reason, count(*) as deals, sum(change) as change, sum(revaluation) as"
        " revaluation,"
        " sum(case when s_in then 1 else 0 end) as opened, sum(case when e_in then 1 else 0 end) as closed,"
        " sum(case when s_in then s_amount_minor else 0 end) as opening,"
        " sum(case when e_in then e_amount_minor else 0 end) as closing,"
        " sum(e_amount_minor) as after from moved group by reason",
        moves.params,
    )
    return _change(actor, asked, {Reason(str(row["reason"])): row for row in rows})


def _change(actor: Actor, asked: Asked, by_reason: Mapping[Reason, Row]) -> PipelineChange:
    def total(name: str) -> int:
        return sum(as_int(row[name]) for row in by_reason.values())

    def of(reason: Reason, name: str) -> int:
        return as_int(by_reason.get(reason, {}).get(name))

    terms = {reason: Term(reason, of(reason, "deals"), of(reason, "change")) for reason in Reason}
    won = of(Reason.WON, "after")
    return PipelineChange(
        since=asked.start.day,
        as_of=asked.end.day,
        currency=actor.currency,
        opening_minor=total("opening"),
        opening_deals=total("opened"),
        closing_minor=total("closing"),
        closing_deals=total("closed"),
        revaluation_minor=total("revaluation"),
        won_minor=won,
        changed_at_close_minor=won + terms[Reason.WON].change_minor,
        terms=terms,
    )


async def movements(
    actor: Actor,
    asked: Asked,
    reasons: Collection[Reason],
    first: int,
    after: tuple[int, str] | None = None,
) -> list[Movement]:
    """The first so many deals of some reasons, those that change most in absolute amount first, then by id.

    ``after`` is the absolute change (revaluation with it) and the id of the deal before the first.
    """
    moves = await _moves(actor, asked)
    beyond = "(size < :after_size or (size = :after_size and id > :after_id))" if after else "1 = 1"
    size, last = after or (None, None)
    rows = await fetch(
        f"{moves.sql} select * from (select moved.*, abs(change + revaluation) as size from moved"
        f" where reason in ({quoted(reasons)})) sized where {beyond} order by size desc, id limit :first",
        {**moves.params, "after_size": size, "after_id": last, "first": first},
    )
    return [_movement(row) for row in rows]


def _movement(row: Row) -> Movement:
    def amount(end: str) -> int | None:
        return as_int(row[f"{end}_amount_minor"]) if row[f"{end}_there"] else None

    return Movement(
        deal_id=str(row["id"]),
        reason=Reason(str(row["reason"])),
        before_minor=amount("s"),
        after_minor=amount("e"),
        change_minor=as_int(row["change"]),
        revaluation_minor=as_int(row["revaluation"]),
    )


@dataclass(frozen=True)
class _Moves:
    """A statement's beginning, which names the deals in either pipeline ``moved``, and its parameters."""

    sql: str
    params: dict[str, Param]


_COLUMNS = ["account_id", "owner_id", "stage", "forecast_category", "close_on", "amount_minor", "kind"]


async def _moves(actor: Actor, asked: Asked) -> _Moves:
    end = await swift_view_of(actor.tenant_id, asked.end.day, asked.end.known_on)
    start = View(asked.start.known_on, None, "since", "since_known")
    seen = visible(Deal, actor, "t")
    whole = both_ends(Deal, _COLUMNS, start, end, seen.sql, [asked.period.sought("close_on")])
    kind = "case when t.e_there then t.e_kind else t.s_kind end"
    revalued = await _is_revalued(actor)
    sql = (
        f"with pair as {once()}(select t.*, {_at('s', asked)}, {_at('e', asked)} from {whole} t"
        f" where {fitting(asked.wanted, end, 't', f'({kind})')}),"
        f" ends as {once()}(select p.*, {_in('s')} as s_in, {_in('e')} as e_in from pair p),"
        f" valued as (select n.*, {_revaluation(start, end) if revalued else '0'} as revaluation from ends n"
        " where s_in or e_in),"
        " moved as (select v.*, case when e_in and s_in then e_amount_minor - s_amount_minor - revaluation"
        f" when e_in then e_amount_minor else - s_amount_minor end as change, {_REASON} as reason from"
        " valued v)"
    )
    params = params_of(actor, asked.wanted, asked.period) | {
        "as_of": asked.end.day,
        "known_on": asked.end.known_on,
        "since": asked.start.day,
        "since_known": asked.start.known_on,
        "s_members": await members_of(actor, asked.wanted, asked.start),
        "e_members": await members_of(actor, asked.wanted, asked.end),
    }
    return _Moves(sql, params)


def _at(end: str, asked: Asked) -> str:
    """What decides whether a deal is in the pipeline at one end, each by itself."""
    conditions = {
        "node": node(asked.wanted, f"t.{end}_owner_id", f"{end}_members"),
        "open": f"t.{end}_stage not in ('WON', 'LOST')",
        "counts": f"t.{end}_forecast_category in ({quoted(asked.categories)})",
        "closing": asked.period.holds(f"t.{end}_close_on"),
        "before": f"t.{end}_close_on < :from_on" if asked.period.from_on else "1 = 0",
    }
    return ", ".join(f"coalesce({sql}, false) as {end}_{name}" for name, sql in conditions.items())


def _in(end: str) -> str:
    return " and ".join(f"{end}_{name}" for name in ("there", "node", "open", "counts", "closing")).join("()")


def _first_difference(other: str, way: str) -> str:
    """The reason for a deal that is in the pipeline at one end and not at this other one."""
    absent, ended, sooner, later = {
        "IN": ("'NEW'", "'REOPENED'", "'PUSHED_IN'", "'PULLED_IN'"),
        "OUT": ("'DELETED'", f"{other}_stage", "'PULLED_OUT'", "'PUSHED_OUT'"),
    }[way]
    return (
        f"case when not {other}_there then {absent}"
        f" when not {other}_node and coalesce(s_owner_id, '') <> coalesce(e_owner_id, '') then 'OWNER_{way}'"
        f" when not {other}_node then 'TEAM_{way}' when not {other}_open then {ended}"
        f" when not {other}_counts then 'CATEGORY_{way}' when {other}_before then {sooner} else {later} end"
    )


_STAYS = (
    "case when e_amount_minor - s_amount_minor - revaluation > 0 then 'AMOUNT_UP'"
    " when e_amount_minor - s_amount_minor - revaluation < 0 then 'AMOUNT_DOWN'"
    " when revaluation <> 0 then 'REVALUED' else 'UNCHANGED' end"
)
_REASON = (
    f"case when s_in and e_in then {_STAYS} when e_in then {_first_difference('s', 'IN')}"
    f" else {_first_difference('e', 'OUT')} end"
)

#: The command that changes amounts because exchange rates did.
REVALUE = "rates.revalue"


async def _is_revalued(actor: Actor) -> bool:
    return bool(
        await fetch(
            "select 1 as found from audit_record where tenant_id = :tenant and command = :command limit 1",
            {"tenant": actor.tenant_id, "command": REVALUE},
        )
    )


def _revaluation(start: View, end: View) -> str:
    """SQL for what exchange rates changed in a deal ``n`` that stays: seen at the end, not at the start."""

    def seen(view: View) -> str:
        known = f" and {known_change('c', view)}" if view.known else ""
        return f"(c.effective_on <= :{view.day}{known})"

    return (
        "case when s_in and e_in then coalesce((select"
        f" sum((case when {seen(end)} then 1 else 0 end - case when {seen(start)} then 1 else 0 end)"
        " * (cast(c.new as bigint) - cast(c.old as bigint)))"
        " from change c join audit_record a on a.id = c.audit_id where c.tenant_id = :tenant"
        " and c.entity = 'deal' and c.entity_id = n.id and c.field = 'amount_minor' and a.command ="
        f" '{REVALUE}'),"
        " 0) else 0 end"
    )
