"""What a filter and an order mean, said again in plain Python over rows: nothing here knows SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import partial

from models.accounts import Tier
from models.deals import STAGE_RANK
from models.people import Seniority
from models.plan_records import Health
from models.severity import Severity
from tests.schema.reads.names import snake
from tests.schema.reads.oracle import Row

Given = Mapping[str, object]
#: How bad the health of a plan is, the worst first.
_WORST: Mapping[object, int] = {
    health: rank
    for rank, health in enumerate(
        (Health.ABANDONED, Health.BEHIND, Health.NOT_BEGUN, Health.ON_TRACK, Health.ACHIEVED)
    )
}
#: Fields that are called otherwise than their columns, by type and field.
_COMPUTED: Mapping[tuple[str, str], Callable[[Row], object]] = {
    ("AccountMerge", "undone"): lambda row: row["undone_at"] is not None,
    ("Contact", "erased"): lambda row: row["erased_at"] is not None,
    ("EngineAlarm", "resolved"): lambda row: row["resolved_at"] is not None,
    ("ForecastProjection", "isRefused"): lambda row: row["refused"] is not None,
    ("PopulationEvent", "part"): lambda row: row["part"] or None,
    ("Deal", "IDENTIFIED_ON"): lambda row: row["valid_from"],
    ("Deal", "STAGE"): lambda row: STAGE_RANK[row["stage"]],  # type: ignore[index]
    ("AccountPlan", "JUDGED_HEALTH"): lambda row: _WORST.get(row["judged_health"]),
    ("Account", "TIER"): lambda row: list(Tier).index(Tier(str(row["tier"]))),
    ("Contact", "SENIORITY"): lambda row: list(Seniority).index(Seniority(str(row["seniority"]))),
    ("Ticket", "SEVERITY"): lambda row: Severity(str(row["severity"])).rank,
    ("Risk", "SEVERITY"): lambda row: Severity(str(row["severity"])).rank,
    ("EvaluationRun", "STARTED"): lambda row: row["id"],
    ("EngineAlarm", "FOUND"): lambda row: row["id"],
    ("Backtest", "ASKED"): lambda row: row["id"],
    ("ApiKey", "CREATED"): lambda row: row["id"],
    ("ApiKey", "revoked"): lambda row: row["revoked_at"] is not None,
    ("Delegation", "CREATED"): lambda row: row["id"],
    ("Delegation", "ended"): lambda row: row["ended_at"] is not None,
    ("Backtest", "UNTIL"): lambda row: row["until_on"],
}


def meets(of: str, given: Given, row: Row) -> bool:
    """Whether a row meets a filter; what is missing meets no comparison, and so does not ``not`` of one."""
    return all(_part(of, name, value, row) for name, value in given.items() if value is not None)


def _part(of: str, name: str, value: object, row: Row) -> bool:
    if name == "not":
        assert isinstance(value, dict)
        return not meets(of, value, row)
    if name in ("and", "or"):
        assert isinstance(value, list)
        return (all if name == "and" else any)(meets(of, each, row) for each in value)
    assert isinstance(value, dict)
    stored = value_of(of, name, row)
    return all(_compare(stored, op, asked) for op, asked in value.items() if asked is not None)


def _compare(stored: object, op: str, asked: object) -> bool:
    if op == "isNull":
        return (stored is None) is asked
    if stored is None:
        return False
    if op == "in":
        assert isinstance(asked, list)
        return any(stored == _like(stored, each) for each in asked)
    if op == "contains":
        return _small(str(asked)) in _small(str(stored))
    other = _like(stored, asked)
    if op == "eq":
        return stored == other
    less = bool(stored < other)  # type: ignore[operator]
    return less if op == "lt" else not less


def _like(stored: object, asked: object) -> object:
    """What is asked for, in the form of what is stored."""
    if isinstance(stored, Money):
        return Money(Decimal(str(asked)) * 100)
    return date.fromisoformat(str(asked)) if isinstance(stored, date) else asked


class Money(Decimal):
    """An amount in minor units."""


def value_of(of: str, name: str, row: Row) -> object:
    """The value of a field, by which rows are filtered, or of one by which they are ordered, in capitals."""
    if computed := _COMPUTED.get((of, name)):
        return computed(row)
    column = name.lower() if name.isupper() else snake(name)
    if column not in row:
        amount = row[f"{column}_minor"]
        return None if amount is None else Money(str(amount))
    value = row[column]
    return value.value if isinstance(value, Enum) else value


def ordered(of: str, order: Sequence[Mapping[str, str]], rows: Sequence[Row]) -> list[Row]:
    """Rows in an order: what is missing last whichever way, those alike by id in the last direction."""
    found = sorted(rows, key=lambda row: str(row["id"]), reverse=_down(order[-1]))
    for step in reversed(order):
        by = partial(value_of, of, step["field"])
        rest = [row for row in found if by(row) is None]
        known = [row for row in found if by(row) is not None]
        known.sort(key=by, reverse=_down(step))  # type: ignore[arg-type]
        found = [*known, *rest]
    return found


def _down(step: Mapping[str, str]) -> bool:
    return step.get("direction") == "DESC"


def _small(text: str) -> str:
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)
