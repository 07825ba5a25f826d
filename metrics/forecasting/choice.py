"""Which method to trust: the one, or the few, that did best on the tenant's own past windows.

Past windows are those that had ended by the day of the forecast. What each method would have said before
them is found from what was known then; nothing of the window that is forecast has a part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean

from metrics.forecasting.history import Known
from metrics.forecasting.intervals import Interval, Residual, independent, interval
from metrics.forecasting.methods import (
    FadingLevel,
    LastWindow,
    Method,
    OpenValue,
    SameWindowLastYear,
    TooLittleHistory,
    YearLevel,
    past_origins,
    recorded_days,
)
from metrics.forecasting.pipeline import age_curve, pipeline_flow, seasonal_flow, stage_rates

NAIVE = LastWindow()
METHODS: tuple[Method, ...] = (
    OpenValue(),
    NAIVE,
    YearLevel(),
    FadingLevel(),
    SameWindowLastYear(),
    age_curve(),
    stage_rates(),
    pipeline_flow(),
    seasonal_flow(),
)
#: How many past windows are tried at most, and how many windows back the first of them may begin.
MOST_TRIED, WINDOWS_BACK = 40, 20
#: A window a week where windows are quarters: closer ones would tell nothing new.
STEPS_A_WINDOW = 13
#: No method is trusted as if it erred by less.
LEAST_ERROR = 0.001
CONFIDENCE = 0.8


@dataclass(frozen=True)
class Trial:
    """A method on past windows: how many, its error there, what it says now and how much that counts.

    ``error`` is the root of the mean squared error over the mean of what was won in those windows.
    """

    method: str
    windows: int
    error: float | None
    says_minor: int
    share: float


@dataclass(frozen=True)
class Forecast:
    """What will be won in so many days after ``origin``, in minor units, within ``interval``."""

    origin: date
    days: int
    expected_minor: int
    interval: Interval
    trials: tuple[Trial, ...]


def forecast(known: Known, days: int, methods: Sequence[Method] = METHODS) -> Forecast:
    """The forecast of the methods that did best on past windows, weighted by their errors there.

    Where no window has ended yet that a method could be tried on, the last window is repeated.

    Raises:
        TooLittleHistory: not even the last window can be repeated, or nothing was ever won.
    """
    if not known.won:
        raise TooLittleHistory("no deal has been won yet")
    tried = (NAIVE, *(method for method in methods if method.name != NAIVE.name))
    says = {NAIVE.name: NAIVE.forecast(known, days)} | _says(known, days, tried[1:])
    past = _past(known, days, tried)
    shares = _shares(past, says, days) or {NAIVE.name: 1.0}
    expected = _mixed(shares, says)
    trials = tuple(_trial(name, past, round(value), shares.get(name, 0.0)) for name, value in says.items())
    found = interval(expected, _residuals(past, days), known, days, CONFIDENCE)
    return Forecast(known.day, days, round(expected), found, trials)


@dataclass(frozen=True)
class Window:
    """A past window: what each method said before it, and what was won in it."""

    begin: date
    recorded: int
    says: Mapping[str, float]
    won: int


def _says(known: Known, days: int, methods: Sequence[Method]) -> dict[str, float]:
    found = {}
    for method in methods:
        try:
            found[method.name] = method.forecast(known, days)
        except TooLittleHistory:
            continue
    return found


def _past(known: Known, days: int, methods: Sequence[Method]) -> list[Window]:
    """Past windows on which a method could be tried, the latest first, spread over the past."""
    reach = min(recorded_days(known) - days, days * WINDOWS_BACK)
    step = max(1, days // STEPS_A_WINDOW, reach // MOST_TRIED + 1)
    windows = (
        Window(
            origin.day,
            recorded_days(origin),
            _says(origin, days, methods),
            known.won_minor(origin.day, origin.day + timedelta(days)),
        )
        for origin in past_origins(known, days, step, MOST_TRIED)
    )
    return [window for window in windows if NAIVE.name in window.says]


def _shares(past: Sequence[Window], says: Mapping[str, float], days: int) -> dict[str, float]:
    """How much each method counts: the likelihood of its past errors, as if they were normal around nothing.

    That is the inverse of the error to the power of how many windows would fit beside each other: little
    past hardly prefers one, much past chooses. A method that could be tried on less than half of the windows
    has not proved itself.
    """
    tried = {name: sum(name in window.says for window in past) for name in says}
    errors = {name: _error(name, past) for name in says if 2 * tried[name] >= len(past)}
    known = {name: max(error, LEAST_ERROR) for name, error in errors.items() if error is not None}
    best, power = min(known.values(), default=1.0), independent([each.begin for each in past], days)
    weights = {name: (best / error) ** power for name, error in known.items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def _error(name: str, past: Sequence[Window]) -> float | None:
    tried = [window for window in past if name in window.says]
    mean = fmean(window.won for window in tried) if tried else 0.0
    if not mean:
        return None
    return sqrt(fmean((window.says[name] - window.won) ** 2 for window in tried)) / mean


def _mixed(shares: Mapping[str, float], says: Mapping[str, float]) -> float:
    given = {name: share for name, share in shares.items() if name in says}
    return sum(says[name] * share for name, share in given.items()) / sum(given.values())


def _residuals(past: Sequence[Window], days: int) -> list[Residual]:
    """What the same way of choosing would have said before each past window, and what came.

    Methods are weighted by the windows that do not overlap with the one that is looked at.
    """
    return [
        Residual(window.begin, window.recorded, _mixed(shares, window.says), window.won)
        for window, shares in ((each, _shares_beside(each, past, days)) for each in past)
    ]


def _shares_beside(window: Window, past: Sequence[Window], days: int) -> dict[str, float]:
    apart = [other for other in past if abs((other.begin - window.begin).days) >= days]
    return _shares(apart, window.says, days) or {NAIVE.name: 1.0}


def _trial(name: str, past: Sequence[Window], says_minor: int, share: float) -> Trial:
    return Trial(name, sum(name in window.says for window in past), _error(name, past), says_minor, share)
