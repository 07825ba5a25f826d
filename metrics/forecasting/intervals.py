"""How far off a forecast may be: from the errors on past windows, and from chance while those are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil, sqrt
from statistics import fmean

from metrics.forecasting.history import Known
from metrics.forecasting.methods import recorded_days, won_per_window

#: As many windows as the error that chance alone makes counts for, where past windows are few.
CHANCE_WINDOWS = 4


class Basis(StrEnum):
    """What an interval rests on."""

    PAST_ERRORS = "PAST_ERRORS"
    FEW_PAST_ERRORS = "FEW_PAST_ERRORS"
    CHANCE_ALONE = "CHANCE_ALONE"


@dataclass(frozen=True)
class Interval:
    """Between what the value will be with so much confidence, and what that rests on.

    ``windows`` past windows were looked at; as many of them as ``independent`` would fit beside each other.
    """

    low_minor: int
    high_minor: int
    confidence: float
    basis: Basis
    windows: int
    independent: float


@dataclass(frozen=True)
class Residual:
    """What was forecast for a past window on the day before it, and what came.

    ``recorded`` is for how many days outcomes had been recorded then.
    """

    day: date
    recorded: int
    said: float
    came: float


def interval(
    expected: float, residuals: Sequence[Residual], known: Known, days: int, confidence: float
) -> Interval:
    """The interval around what is expected.

    With enough past windows it is split conformal: the finite-sample quantile of the past relative errors,
    where overlapping windows count for as many as would fit beside each other. With fewer that quantile does
    not exist. Then the mean squared error is drawn to what chance alone makes of deals of these amounts, and
    Student's t widens it for how little it rests on.
    """
    usable = [residual for residual in residuals if residual.said > 0]
    errors = sorted(_error(residual, days) for residual in usable)
    apart = independent([each.day for each in usable], days)
    level = confidence * (1 + 1 / apart) if apart else 2.0
    if level <= 1:
        half, basis = errors[ceil(level * len(errors)) - 1], Basis.PAST_ERRORS
    else:
        half = _widened(errors, apart, known, days, confidence)
        basis = Basis.FEW_PAST_ERRORS if errors else Basis.CHANCE_ALONE
    size = expected or won_per_window(known, days, recorded_days(known))  # where none are expected, the usual
    reach = size * half * _greenness(recorded_days(known), days)
    low, high = max(0, round(expected - reach)), round(expected + reach)
    return Interval(low, high, confidence, basis, len(errors), apart)


def _error(residual: Residual, days: int) -> float:
    return abs(residual.came - residual.said) / residual.said / _greenness(residual.recorded, days)


def _greenness(recorded: int, days: int) -> float:
    """How much more a forecast errs by chance while less than a window is recorded: 1 from then on.

    The forecast of a level has the variance of what it was seen on and that of the window itself.
    """
    return sqrt((1 + days / max(1, min(recorded, days))) / 2)


def independent(begins: Sequence[date], days: int) -> float:
    """How many windows of so many days would fit beside each other where those that begin then lie."""
    if not begins:
        return 0.0
    return min(float(len(begins)), 1 + (max(begins) - min(begins)).days / days)


def _widened(errors: Sequence[float], apart: float, known: Known, days: int, confidence: float) -> float:
    seen = apart * fmean(error**2 for error in errors) if errors else 0.0
    freedom = CHANCE_WINDOWS + apart
    variance = (CHANCE_WINDOWS * chance(known, days) ** 2 + seen) / freedom
    return student(freedom, confidence) * sqrt(variance)


def student(freedom: float, confidence: float) -> float:
    """How many deviations to each side hold so much of Student's distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))


def chance(known: Known, days: int) -> float:
    """The relative error of repeating a window, if deals of these amounts are won at random at a steady rate.

    With amounts a won in a window, both windows have the variance sum a^2 around the same mean sum a.
    """
    seen = max(1, min(recorded_days(known), days))
    won = [deal.worth_minor for deal in known.won_between(known.day - timedelta(seen), known.day)]
    total, squares = sum(won), sum(worth**2 for worth in won)
    return sqrt(2 * squares * seen / days) / total if total else 1.0
