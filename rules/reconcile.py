"""Comparing what holds now with what stands: what opens, is refreshed, lapses or re-opens.

Pure decisions; writing them is a command. People's answers are respected: what was accepted, snoozed,
dismissed or done stays so while its condition lasts, and a snooze ends on its day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from models.recommendations import Recommendation, RecommendationState, Risk, RiskState
from rules.explain import Verdict

Identity = tuple[str, str]
Standing = Recommendation | Risk
Values = dict[str, object]


class Step(StrEnum):
    """What an evaluation does to one recommendation or risk."""

    OPENED = "opened"
    REFRESHED = "refreshed"
    LAPSED = "lapsed"
    REOPENED = "reopened"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Decision:
    """One step: the row that stands (None to open one), the verdict behind it, and the values to write."""

    step: Step
    standing: Standing | None
    verdict: Verdict | None
    values: Values


def reconcile(
    standing: Iterable[Standing],
    holding: Mapping[Identity, tuple[Verdict, Values]],
    as_of: date,
    dismissal_days: int = 30,
) -> list[Decision]:
    """What to do about each row that stands and each verdict that holds.

    ``holding`` gives for each identity the verdict and the values that a row of it has as of the date,
    which is not before the one that the rows stand as of. What was dismissed does not come back within
    ``dismissal_days``. Doing it and asking again gives only UNCHANGED.
    """
    rows = {(row.rule_key, row.subject_key): row for row in standing}
    decisions = [
        _holds(rows.get(identity), verdict, values, as_of, dismissal_days)
        for identity, (verdict, values) in holding.items()
    ]
    return decisions + [ceased(row, as_of) for identity, row in rows.items() if identity not in holding]


def _holds(
    row: Standing | None, verdict: Verdict, values: Values, as_of: date, dismissal_days: int
) -> Decision:
    if row is None:
        return Decision(Step.OPENED, None, verdict, values)
    if isinstance(row, Recommendation) and _kept_away(row, as_of, dismissal_days):
        values = {**values, "lapsed_on": None}
        if row.lapsed_on is not None:
            values["held_since"] = as_of
    elif row.lapsed_on is not None or _came_back(row):
        return Decision(Step.REOPENED, row, verdict, {**values, **_reopened(row, verdict, as_of)})
    step = Step.REFRESHED
    if isinstance(row, Recommendation) and _snooze_over(row, as_of):
        step = Step.REOPENED
        values = {**values, "state": RecommendationState.OPEN, "snoozed_until": None}
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    return Decision(step if changed else Step.UNCHANGED, row, verdict, changed)


def _kept_away(row: Recommendation, as_of: date, days: int) -> bool:
    """Whether it was dismissed so lately that it may not come back."""
    if row.state != RecommendationState.DISMISSED or row.answered_on is None:
        return False
    return as_of < row.answered_on + timedelta(days=days)


def _came_back(row: Standing) -> bool:
    """Whether it was dismissed, has lapsed since, and holds again: it is not what was dismissed any more."""
    dismissed = isinstance(row, Recommendation) and row.state == RecommendationState.DISMISSED
    answered_on = row.answered_on if isinstance(row, Recommendation) else None
    return dismissed and answered_on is not None and row.held_since > answered_on


def _reopened(row: Standing, verdict: Verdict, as_of: date) -> Values:
    values: Values = {
        "held_since": as_of,
        "lapsed_on": None,
        "reopened_count": row.reopened_count + 1,
    }
    if isinstance(row, Risk):
        return {**values, "state": RiskState.OPEN}
    return {
        **values,
        "state": RecommendationState.OPEN,
        "due_on": due_on(verdict, as_of),
        "snoozed_until": None,
        "dismissed_reason": None,
        "outcome": None,
        "answered_on": None,
    }


def _snooze_over(row: Recommendation, as_of: date) -> bool:
    return (
        row.state == RecommendationState.SNOOZED
        and row.snoozed_until is not None
        and row.snoozed_until <= as_of
    )


#: States that stay when the condition ends: they say what people did about it.
_ANSWERED = frozenset({RecommendationState.DISMISSED, RecommendationState.DONE})
_SETTLED = frozenset({RiskState.MITIGATED, RiskState.REALISED})


def ceased(row: Standing, as_of: date) -> Decision:
    """What becomes of a row whose condition does not hold any more."""
    if row.lapsed_on is not None:
        return Decision(Step.UNCHANGED, row, None, {})
    values: Values = {"lapsed_on": as_of}
    if isinstance(row, Recommendation) and row.state not in _ANSWERED:
        values["state"] = RecommendationState.LAPSED
    if isinstance(row, Risk) and row.state not in _SETTLED:
        values["state"] = RiskState.LAPSED
    return Decision(Step.LAPSED, row, None, values)


def due_on(verdict: Verdict, as_of: date) -> date:
    """The day by which the advice should be followed."""
    advice = verdict.rule.advice
    return as_of + timedelta(days=advice.due_in_days if advice else 0)
