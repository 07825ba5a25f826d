"""The record of a forecaster: how far forecasts were from what came, at one stated lead time.

Pure functions over pairs of sequences, the forecasts and the actual values of the same windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


def wape(forecasts: Sequence[float], actuals: Sequence[float]) -> float | None:
    """Weighted absolute percentage error: sum |actual - forecast| / sum actual; None if nothing came."""
    return _over(sum(abs(a - f) for f, a in _pairs(forecasts, actuals)), sum(actuals))


def bias(forecasts: Sequence[float], actuals: Sequence[float]) -> float | None:
    """Sum (forecast - actual) / sum actual: above 0 is forecast too high; None if nothing came."""
    return _over(sum(f - a for f, a in _pairs(forecasts, actuals)), sum(actuals))


def shortfall_bias(forecasts: Sequence[float], actuals: Sequence[float]) -> float | None:
    """The same with the other sign, sum (actual - forecast) / sum actual: above 0 is forecast too low."""
    found = bias(forecasts, actuals)
    return None if found is None else -found


def mase(forecasts: Sequence[float], actuals: Sequence[float], naives: Sequence[float]) -> float | None:
    """Mean absolute scaled error: below 1 is better than the naive forecasts of the same windows.

    None if the naive ones have no error.
    """
    own = sum(abs(a - f) for f, a in _pairs(forecasts, actuals))
    return _over(own, sum(abs(a - n) for n, a in _pairs(naives, actuals)))


def mase_of_series(forecasts: Sequence[float], actuals: Sequence[float], earlier: float) -> float | None:
    """MASE where each window follows the one before: the naive forecast is what came in that one.

    ``earlier`` is what came in the window before the first.
    """
    series = [earlier, *actuals]
    return mase(forecasts, actuals, [before for before, _ in pairwise(series)])


def mape(forecasts: Sequence[float], actuals: Sequence[float]) -> float | None:
    """Mean of |actual - forecast| / actual; None where an actual value is zero, or there is none."""
    pairs = _pairs(forecasts, actuals)
    if not pairs or any(actual == 0 for _, actual in pairs):
        return None
    return sum(abs(a - f) / abs(a) for f, a in pairs) / len(pairs)


def coverage(intervals: Sequence[tuple[float, float]], actuals: Sequence[float]) -> float | None:
    """The share of actual values within their interval, its ends included; None if there are none."""
    if len(intervals) != len(actuals):
        raise ValueError(f"{len(intervals)} intervals of {len(actuals)} values")
    inside = sum(low <= actual <= high for (low, high), actual in zip(intervals, actuals, strict=True))
    return _over(inside, len(actuals))


@dataclass(frozen=True)
class Bin:
    """Deals of about the same stated probability: how many, the mean of it, and the share that was won."""

    count: int
    stated: float
    observed: float


def calibration_bins(probabilities: Sequence[float], won: Sequence[bool], bins: int = 10) -> list[Bin]:
    """The stated probabilities in bins of equal width from 0 to 1, without the empty ones."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for probability, was_won in zip(probabilities, won, strict=True):
        held.setdefault(min(int(probability * bins), bins - 1), []).append((probability, was_won))
    return [_bin(members) for _, members in sorted(held.items())]


def calibration_error(probabilities: Sequence[float], won: Sequence[bool], bins: int = 10) -> float | None:
    """Expected calibration error: the mean over all deals of |stated - observed| of their bin."""
    found = calibration_bins(probabilities, won, bins)
    return _over(sum(each.count * abs(each.stated - each.observed) for each in found), len(probabilities))


def brier(probabilities: Sequence[float], won: Sequence[bool]) -> float | None:
    """The mean squared difference of the probability and what came, 1 for won; None of nothing."""
    return _over(sum((p - w) ** 2 for p, w in zip(probabilities, won, strict=True)), len(probabilities))


def _bin(members: Sequence[tuple[float, bool]]) -> Bin:
    stated, observed = (sum(column) / len(members) for column in zip(*members, strict=True))
    return Bin(len(members), stated, observed)


def _pairs(forecasts: Sequence[float], actuals: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(forecasts, actuals, strict=True))


def _over(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None
