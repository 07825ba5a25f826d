"""What will be won in a period, deal by deal: open deals at their likelihood, and new business on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from statistics import NormalDist

from metrics.forecasting.choice import CONFIDENCE
from metrics.forecasting.history import Known
from metrics.forecasting.intervals import independent, student
from metrics.forecasting.likelihood import LikelihoodModel
from metrics.forecasting.methods import TooLittleHistory, past_origins
from metrics.forecasting.pipeline import Past, Yield, by_stage_and_age, fading, observe

DRAWS, SEED = 2000, 20170930
#: A past window is looked at every so manieth of a window, and so many at most.
STEP_SHARE, MOST_WINDOWS = 3, 24
#: Fewer past windows than this tell little of how much a period may swing; the forecast says so.
FEW_WINDOWS = 8


@dataclass(frozen=True)
class PeriodForecast:
    """What will be won in so many days after ``origin``, in minor units, between two bounds.

    ``expected_minor`` = ``open_minor`` (the worth of open deals times their probability in the period) +
    ``new_minor`` (of deals that are not open yet). ``few_windows`` says that little is known of the swing.
    """

    origin: date
    days: int
    open_minor: int
    new_minor: int
    low_minor: int
    high_minor: int
    confidence: float
    windows: int
    few_windows: bool

    @property
    def expected_minor(self) -> int:
        """Of open deals and of new business."""
        return self.open_minor + self.new_minor


@dataclass(frozen=True)
class Swing:
    """A past window: how its open deals did over the usual, and what new business it brought."""

    over_usual: float
    new_minor: float


def forecast_period(
    known: Known, days: int, model: LikelihoodModel, draws: int = DRAWS, seed: int = SEED
) -> PeriodForecast:
    """The forecast by a model that was learned on ``known.day`` or before; the interval is by simulation.

    In each draw every open deal is won or not by its probability, and the period swings as one that was: how
    open deals did over the usual rates, and the new business, are both taken from one past window. As few
    windows cannot show all that may happen, the interval is widened as Student's t does.

    Raises:
        TooLittleHistory: no window of that length has been recorded.
    """
    swings, new, apart = _swings(known, days)
    worths = {deal.id: deal.worth_minor for deal in known.open}
    chances = [(worths[each.deal_id], each.won_within(days)) for each in model.judge(known)]
    of_open = sum(worth * chance for worth, chance in chances)
    drawn = _draws(chances, swings, new, draws, Random(seed))  # noqa: S311 - a simulation, no secret
    low, high = _bounds(drawn, of_open + new, apart)
    return PeriodForecast(
        known.day,
        days,
        round(of_open),
        round(new),
        low,
        high,
        CONFIDENCE,
        len(swings),
        len(swings) < FEW_WINDOWS,
    )


def _bounds(drawn: Sequence[float], expected: float, apart: float) -> tuple[int, int]:
    ranked, tail = sorted(drawn), round(len(drawn) * (1 - CONFIDENCE) / 2)
    wider = student(apart, CONFIDENCE) / NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    low, high = (expected + wider * (ranked[at] - expected) for at in (tail, -tail - 1))
    return max(0, round(min(low, expected))), round(max(high, expected))


def _swings(known: Known, days: int) -> tuple[list[Swing], float, float]:
    """Past windows, the new business that is expected of the next, and how many would fit side by side."""
    step = max(1, days // STEP_SHARE)
    origins = past_origins(known, days, step, MOST_WINDOWS)
    if not origins:
        raise TooLittleHistory(f"no window of {days} days is recorded from its beginning to its end")
    whole = observe(known, origins, days, by_stage_and_age)
    each = [observe(known, [origin], days, by_stage_and_age) for origin in origins]
    swings = [Swing(_over_usual(past, whole), past.new_minor[0]) for past in each]
    return swings, fading(whole.new_minor, step, days), independent([origin.day for origin in origins], days)


def _over_usual(past: Past, whole: Past) -> float:
    usual = sum(
        alike.open_minor * whole.alike.get(key, Yield()).rate(0.0, 0.0) for key, alike in past.alike.items()
    )
    return sum(alike.won_minor for alike in past.alike.values()) / usual if usual else 1.0


def _draws(
    chances: Sequence[tuple[int, float]], swings: Sequence[Swing], new: float, draws: int, random: Random
) -> list[float]:
    mean_swing = sum(swing.over_usual for swing in swings) / len(swings) or 1.0
    mean_new = sum(swing.new_minor for swing in swings) / len(swings) or 1.0
    found = []
    for _ in range(draws):
        swing = random.choice(swings)
        level = swing.over_usual / mean_swing
        won = sum(worth for worth, chance in chances if random.random() < min(1.0, chance * level))
        found.append(won + new * swing.new_minor / mean_new)
    return found
