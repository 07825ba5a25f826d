"""Ways to forecast what will be won in a window, each from what was known on the day before it begins.

Those that look at what was won before; those that look into the pipeline are in ``pipeline``.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from math import exp2, sqrt
from typing import Protocol

from metrics.forecasting.history import Known

#: A method that looks back needs this share of a window of recorded outcomes.
LEAST_RECORDED = 0.25
YEAR = 365


class TooLittleHistory(Exception):
    """Nothing sound can be said from so little; the message says what is missing."""


class Method(Protocol):
    """A way to forecast."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    def forecast(self, known: Known, days: int) -> float:
        """The worth, in minor units, of what will be won in so many days after ``known.day``.

        Raises:
            TooLittleHistory: there is nothing to tell it from.
        """
        ...


def recorded_days(known: Known) -> int:
    """For how many days outcomes have been recorded."""
    return 0 if known.outcomes_since is None else (known.day - known.outcomes_since).days + 1


def won_per_window(known: Known, days: int, span: int) -> float:
    """What was won in the last ``span`` days or for as long as outcomes are recorded, per window of ``days``.

    Raises:
        TooLittleHistory: less than a quarter of a window is recorded.
    """
    recorded = recorded_days(known)
    if recorded < days * LEAST_RECORDED:
        raise TooLittleHistory(f"outcomes are recorded for {recorded} days, less than a quarter of {days}")
    seen = min(span, recorded)
    return known.won_minor(known.day - timedelta(seen), known.day) * days / seen


class OpenValue:
    """Open deals, at their amount or list price, times the share of ended deals that were won.

    It knows nothing of time: a deal counts in full whenever it may close, and new business not at all.
    """

    name = "open value x win rate"

    def forecast(self, known: Known, days: int) -> float:  # noqa: ARG002 - it knows nothing of time
        """See ``Method``."""
        if not known.ended:
            raise TooLittleHistory("no deal has ended yet")
        return sum(deal.worth_minor for deal in known.open) * len(known.won) / len(known.ended)


class LastWindow:
    """The last window of the same length repeated: what every other method is held up against."""

    name = "last window repeated"

    def forecast(self, known: Known, days: int) -> float:
        """See ``Method``; while less than a window is recorded, what is recorded in proportion."""
        return won_per_window(known, days, days)


class YearLevel:
    """What was won in the last year, or for as long as is recorded, in proportion to the window."""

    name = "level of the last year"

    def forecast(self, known: Known, days: int) -> float:
        """See ``Method``."""
        return won_per_window(known, days, max(days, YEAR))


class FadingLevel:
    """The mean of past windows, each counting half as much as the one after it."""

    name = "fading level"

    def forecast(self, known: Known, days: int) -> float:
        """See ``Method``."""
        windows = recorded_days(known) // days
        if windows < 2:
            raise TooLittleHistory(f"fewer than two windows of {days} days are recorded")
        ends = [known.day - timedelta(days * back) for back in range(min(windows, 8))]
        won = [known.won_minor(end - timedelta(days), end) for end in ends]
        weights = [exp2(-back) for back in range(len(won))]
        return sum(w * value for w, value in zip(weights, won, strict=True)) / sum(weights)


class SameWindowLastYear:
    """What was won in the same window a year ago, times the square root of the growth since.

    Growth is the last year over the one before it, and 1 until two years are recorded; the root takes half
    of it, since growth measured on few deals is mostly chance.
    """

    name = "same window a year ago"

    def forecast(self, known: Known, days: int) -> float:
        """See ``Method``."""
        recorded = recorded_days(known)
        if recorded < YEAR + days:
            raise TooLittleHistory("the same window a year ago, and one before it, are not recorded")
        begin = known.day - timedelta(YEAR)
        return known.won_minor(begin, begin + timedelta(days)) * sqrt(_growth(known, recorded))


def _growth(known: Known, recorded: int) -> float:
    year = timedelta(YEAR)
    before = known.won_minor(known.day - 2 * year, known.day - year)
    return known.won_minor(known.day - year, known.day) / before if before and recorded >= 2 * YEAR else 1.0


def past_origins(known: Known, days: int, step: int, most: int) -> list[Known]:
    """What was known on past days whose windows have ended, the latest first.

    Only days since outcomes are recorded: before, that nothing was won says nothing.
    """
    if known.outcomes_since is None:
        return []
    ended = (known.day - timedelta(days + step * back) for back in range(most))
    return [known.known_at(day) for day in takewhile(known.outcomes_since.__le__, ended)]
