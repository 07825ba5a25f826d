"""How accounts moved between two days, counted in SQL by what they have in common: one statement for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from models.access import Actor
from models.database import Param, Row, as_int, fetch
from models.events import Dimension
from models.revenue import Contract
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
    days = [as_of, compared_on, *([compared_on - WINDOW] if usual else [])]
    seen = visible(Contract, actor, "x")  # whose revenue the actor sees
    params: dict[str, Param] = dict(seen.params)
    for number, day in enumerate(days):
        params |= parameters_on(actor.tenant_id, day, str(number), account_ids)
    union = " union all ".join(_on(number, chosen=account_ids is not None) for number in range(len(days)))
    rows = await fetch(
        f"select {', '.join(_DIMENSIONS.values())}{_counts()} from (select x.account_id as account_id"
        f"{_turned()} from ({union}) x where {seen.sql} group by x.account_id) y"
        f" where placeholder = 0 group by {', '.join(_DIMENSIONS.values())}",
        params,
    )
    return [_cell(row) for row in rows]


#: What is told of an account as of the latest day, and left out as of the others. Placeholders are not
#: left out here, but by whoever counts: a condition that hardly any row seems to meet misleads a planner.
_KNOWN = {
    **{name: _ACCOUNT.fields[name].sql for name in _DIMENSIONS.values()},
    "annual": _ACCOUNT.fields["annual_value"].sql,
    "placeholder": _ACCOUNT.fields["is_placeholder"].sql,
}
_UNKNOWN = {name: f"cast(null as {'text' if name in _DIMENSIONS.values() else 'bigint'})" for name in _KNOWN}


def _on(number: int, *, chosen: bool) -> str:
    """The accounts as of one of the days, with whether each measure is beyond its threshold."""
    measured = {f"m{each}": _beyond(measure) for each, measure in enumerate(MEASURES)}
    told = (_KNOWN if number == 0 else _UNKNOWN) | measured
    select = "".join(f", {sql} as {name}" for name, sql in told.items())
    source = rows_of(_ACCOUNT, told.values(), chosen=chosen)
    return on_day(
        f"select t.id as account_id, t.tenant_id, {number} as day{select} from {source}", str(number)
    )


def _beyond(measure: Measure) -> str:
    """1 beyond the threshold, 0 on this side of it, null where the measure is missing."""
    sql = measure.fact_field.sql
    recorded = f" and {measure.known_from} <= :as_of" if measure.known_from else ""
    beyond = f"case when {sql} {_SIGNS[measure.op]} {measure.threshold} then 1 else 0 end"
    return f"case when {sql} is not null{recorded} then {beyond} end"


def _turned() -> str:
    """What an account was on each day, side by side."""
    kept = "".join(f", max(x.{name}) as {name}" for name in _KNOWN)
    days = "".join(
        f", max(case when x.day = {day} then x.m{each} end) as {name}{each}"
        for day, name in enumerate(("now", "then", "before"))
        for each in _NUMBERS
    )
    return f"{kept}{days}"


def _counts() -> str:
    return "".join(
        f", {_sum(f'now{n} = 1 and then{n} = 0')} as accounts{n}"
        f", {_sum(f'now{n} is not null and then{n} is not null')} as population{n}"
        f", {_sum(f'now{n} = 1 and then{n} = 0', 'coalesce(annual, 0)')} as exposure_minor{n}"
        f", {_sum(f'then{n} = 1 and before{n} = 0')} as earlier_accounts{n}"
        f", {_sum(f'then{n} is not null and before{n} is not null')} as earlier_population{n}"
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
