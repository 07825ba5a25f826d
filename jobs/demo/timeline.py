"""How deals got to where they are: the stages they went through and the close dates they moved."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from commands.journal import FieldChange
from jobs.demo.draft import Row, workday
from models.deals import CLOSED_STAGES, Stage

OPEN_STAGES = tuple(stage for stage in Stage if stage.is_open)
#: Days by which a close date moves when it is pushed.
PUSH = 28

Moves = list[tuple[Stage, date]]


def set_stages(deal: Row, moves: Moves) -> None:
    """Let the deal enter stages on days, the last of which is where it is now."""
    stage, since = moves[-1]
    deal.began = moves[0][1]
    deal.values |= _standing(stage, since)
    for (before, left), (after, entered) in pairwise(moves):
        was, became = _standing(before, left), _standing(after, entered)
        deal.history += [
            FieldChange(name, was[name], became[name], entered)
            for name in became
            if was[name] != became[name]
        ]


def _standing(stage: Stage, since: date) -> dict[str, object]:
    return {
        "stage": stage,
        "stage_since": since,
        "probability": stage.default_probability,
        "forecast_category": stage.default_category,
        "closed_on": since if stage in CLOSED_STAGES else None,
    }


def open_moves(began: date, today: date, stage: Stage) -> Moves:
    """The way of a deal that began on a day and stands in an open stage today."""
    passed = OPEN_STAGES[: OPEN_STAGES.index(stage) + 1]
    step = (today - began).days / (len(passed) + 0.5)
    return [(each, began + timedelta(days=round(step * index))) for index, each in enumerate(passed)]


def closed_moves(began: date, closed: date, end: Stage, reached: int) -> Moves:
    """The way of a deal that ended on a day, through the first ``reached`` open stages."""
    step = (closed - began).days / (reached + 0.5)
    passed = OPEN_STAGES[:reached]
    moves = [(each, began + timedelta(days=round(step * index))) for index, each in enumerate(passed)]
    return [*moves, (end, closed)]


def set_close(deal: Row, until: date, close_on: date, pushes: int) -> None:
    """Let the expected close be ``close_on`` after it was moved later ``pushes`` times before ``until``."""
    assert deal.began is not None
    dates = [close_on]
    for _ in range(pushes):
        dates.insert(0, workday(dates[0] - timedelta(days=PUSH)))
    deal.values["close_on"] = close_on
    step = (until - deal.began).days / (pushes + 1)
    deal.history += [
        FieldChange("close_on", before, after, deal.began + timedelta(days=round(step * (index + 1))))
        for index, (before, after) in enumerate(pairwise(dates))
    ]
