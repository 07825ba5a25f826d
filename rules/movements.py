"""How accounts moved between two days, counted in SQL by what they have in common: one statement for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from models.access import Actor
from models.asof import view_of
from models.database import Param, Row, as_int, fetch
from models.events import Dimension
from models.revenue import Contract
from models.view import View
from models.visibility import visible
from rules.events import MEASURES, WINDOW, Cell, Measure, Moved
from rules.kinds import REGISTRY
from rules.registry import Op
from rules.rows import on_day, parameters_on, rows_of

_ACCOUNT = REGISTRY.kinds["account"]
_DIMENSIONS: Mapping[Dimension, str] = {
    each: each.lower() for each in Dimension if each is not Dimension.TENANT
}
_SIGNS = {Op.GT: ">", Op.GTE: ">=", Op.LT: "<", Op.LTE: "<="}
_NUMBERS = range(len(MEASURES))


async def movements(
    actor: Actor,
    as_of: date,
    compared_on: date,
    *,
    usual: bool = False,
    account_ids: Sequence[str] | None = None,
) -> list[Cell]:
    """How the accounts of the actor moved between two days, by segment, industry and country.

    Those that the actor sees for deals on them alone are not counted. ``usual`` counts the window before
    besides. Placeholders do not count. With ``account_ids`` these alone.
    """
    days = {"now": as_of, "past": compared_on} | ({"before": compared_on - WINDOW} if usual else {})
    seen = visible(Contract, actor, "now")  # whose revenue the actor sees
    params: dict[str, Param] = dict(seen.params)
    for name, day in days.items():
        params |= parameters_on(actor.tenant_id, day, name, account_ids)
    view = await view_of(actor.tenant_id, min(days.values()))
    on = {name: f"({_on(name, view, chosen=account_ids is not None)}) {name}" for name in days}
    joined = "".join(
        f" left join {source} on {name}.account_id = now.account_id"
        for name, source in on.items()
        if name != "now"
    )
    rows = await fetch(
        f"select {', '.join(_DIMENSIONS.values())}{_counts()} from"
        f" (select now.account_id{_side_by_side(days)} from {on['now']}{joined} where {seen.sql}) y"
        f" where placeholder = 0 group by {', '.join(_DIMENSIONS.values())}",
        params,
    )
    return [_cell(row) for row in rows]


#: What is told of an account as of the latest day alone. Placeholders are not left out here, but by whoever
#: counts: a condition that hardly any row seems to meet misleads a planner.
_KNOWN = {
    **{name: _ACCOUNT.fields[name].sql for name in _DIMENSIONS.values()},
    "annual": _ACCOUNT.fields["annual_value"].sql,
    "placeholder": _ACCOUNT.fields["is_placeholder"].sql,
}


def _on(day: str, view: View, *, chosen: bool) -> str:
    """The accounts as of one of the days, with whether each measure is beyond its threshold."""
    measured = {f"m{each}": _beyond(measure) for each, measure in enumerate(MEASURES)}
    told = (_KNOWN if day == "now" else {}) | measured
    select = "".join(f", {sql} as {name}" for name, sql in told.items())
    source = rows_of(_ACCOUNT, told.values(), chosen=chosen, view=view)
    return on_day(f"select t.id as account_id, t.tenant_id{select} from {source}", day)


def _beyond(measure: Measure) -> str:
    """1 beyond the threshold, 0 on this side of it, null where the measure is missing."""
    sql = measure.fact_field.sql
    recorded = f" and {measure.known_from} <= :as_of" if measure.known_from else ""
    beyond = f"case when {sql} {_SIGNS[measure.op]} {measure.threshold} then 1 else 0 end"
    return f"case when {sql} is not null{recorded} then {beyond} end"


def _side_by_side(days: Iterable[str]) -> str:
    """What is known of an account, and each measure as of each day; null as of days not asked for."""
    kept = "".join(f", now.{name} as {name}" for name in _KNOWN)
    measured = "".join(
        f", {f'{day}.m{each}' if day in days else 'cast(null as bigint)'} as {day}{each}"
        for day in ("now", "past", "before")
        for each in _NUMBERS
    )
    return f"{kept}{measured}"


def _counts() -> str:
    return "".join(
        f", {_sum(f'now{n} = 1 and past{n} = 0')} as accounts{n}"
        f", {_sum(f'now{n} is not null and past{n} is not null')} as population{n}"
        f", {_sum(f'now{n} = 1 and past{n} = 0', 'coalesce(annual, 0)')} as exposure_minor{n}"
        f", {_sum(f'past{n} = 1 and before{n} = 0')} as earlier_accounts{n}"
        f", {_sum(f'past{n} is not null and before{n} is not null')} as earlier_population{n}"
        for n in _NUMBERS
    )


def _sum(condition: str, what: str = "1") -> str:
    return f"sum(case when {condition} then {what} else 0 end)"


def _cell(row: Row) -> Cell:
    parts = {each: None if row[name] is None else str(row[name]) for each, name in _DIMENSIONS.items()}
    return Cell(
        parts,
        {
            measure.field: Moved(**{name: as_int(row[f"{name}{n}"]) for name in Moved.__dataclass_fields__})
            for n, measure in enumerate(MEASURES)
        },
    )
