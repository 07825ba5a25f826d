"""Ways to forecast that look into the pipeline: what became of open deals like these in past windows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from math import exp2
from statistics import fmean
from typing import Protocol

from metrics.forecasting.history import DealHistory, Known
from metrics.forecasting.methods import YEAR, TooLittleHistory, past_origins

#: What open deals are told apart by: those alike share a rate.
Likeness = Callable[[DealHistory, date], Hashable]


def by_age(deal: DealHistory, on: date) -> Hashable:
    """Deals of the same age are alike, in steps of two weeks; those older than half a year all are."""
    return min((on - deal.created_on).days // 14, 13)


def by_stage(deal: DealHistory, _: date) -> Hashable:
    """Deals in one stage are alike."""
    return deal.stage


def by_stage_and_age(deal: DealHistory, on: date) -> Hashable:
    """Deals in one stage, and of about the same age in doubling steps from three weeks, are alike."""
    return deal.stage, ((on - deal.created_on).days // 21 + 1).bit_length()


@dataclass
class Yield:
    """What was open on past days, and how much of it was won in the windows after them."""

    open_minor: float = 0.0
    won_minor: float = 0.0

    def rate(self, usual: float, weight: float) -> float:
        """The share that was won; drawn to the usual one as if so much had been seen at that.

        0 if nothing like it was ever open and nothing draws it.
        """
        seen = self.open_minor + weight
        return (self.won_minor + usual * weight) / seen if seen else 0.0


@dataclass
class Past:
    """What past windows yielded: of the deals that were open, and of new ones in each, the latest first."""

    alike: dict[Hashable, Yield] = field(default_factory=dict)
    new_minor: list[float] = field(default_factory=list)

    @cached_property
    def open_minor(self) -> float:
        """All that was open when they began."""
        return sum(each.open_minor for each in self.alike.values())

    @cached_property
    def usual(self) -> float:
        """The share of it that was won."""
        return Yield(self.open_minor, sum(each.won_minor for each in self.alike.values())).rate(0.0, 0.0)


def observe(known: Known, origins: Iterable[Known], days: int, likeness: Likeness) -> Past:
    """What the windows after past days yielded, told apart by what the deals were on the day."""
    past = Past()
    for origin in origins:
        won = {
            deal.id: deal.worth_minor for deal in known.won_between(origin.day, origin.day + timedelta(days))
        }
        for deal in origin.open:
            alike = past.alike.setdefault(likeness(deal, origin.day), Yield())
            alike.open_minor += deal.worth_minor
            alike.won_minor += won.pop(deal.id, 0)
        past.new_minor.append(sum(won.values()))
    return past


class NewBusiness(Protocol):
    """What deals that are not open yet will yield, from what they did in past windows, the latest first."""

    def __call__(self, past_minor: Sequence[float], step: int, days: int) -> float:
        """The worth to come in a window of ``days``; past windows begin every ``step`` days."""
        ...


def mean_of_all(past_minor: Sequence[float], step: int, days: int) -> float:  # noqa: ARG001
    """Each past window counts alike."""
    return fmean(past_minor)


def fading(past_minor: Sequence[float], step: int, days: int) -> float:  # noqa: ARG001
    """A window of a year ago counts half as much as the last."""
    weights = [exp2(-step * back / YEAR) for back in range(len(past_minor))]
    return sum(w * value for w, value in zip(weights, past_minor, strict=True)) / sum(weights)


def seasonal(past_minor: Sequence[float], step: int, days: int) -> float:
    """Fading, times how the same window of past years compared with its year.

    The mean of those ratios is drawn to 1 as if one more year had no season.
    """
    year = round(YEAR / step)
    same = range(round((YEAR - days) / step), len(past_minor), year)
    around = {at: past_minor[max(0, at - year // 2) : at + year // 2 + 1] for at in same}
    ratios = [past_minor[at] / fmean(near) for at, near in around.items() if len(near) >= year and any(near)]
    return fading(past_minor, step, days) * (sum(ratios) + 1) / (len(ratios) + 1)


@dataclass(frozen=True)
class Pipeline:
    """Each open deal times the share of its like that was won in past windows, and new business.

    New business is what is won in a window of deals that were not open when it began. ``windows`` past
    windows are looked at, one every ``step`` share of a window. ``drawn`` is how many windows' worth of deals
    the rate of all deals counts as where that of a few alike is told.
    """

    name: str
    likeness: Likeness
    windows: int
    step: float = 1.0
    drawn: float = 0.0
    new_business: NewBusiness = mean_of_all

    def forecast(self, known: Known, days: int) -> float:
        """See ``Method``."""
        step = max(1, round(days * self.step))
        origins = past_origins(known, days, step, self.windows)
        if not origins:
            raise TooLittleHistory(f"no window of {days} days is recorded from its beginning to its end")
        past = observe(known, origins, days, self.likeness)
        return self._of_open(known, past) + self.new_business(past.new_minor, step, days)

    def _of_open(self, known: Known, past: Past) -> float:
        each_window = past.open_minor / len(past.new_minor) / max(1, len(past.alike))
        weight, none = self.drawn * each_window, Yield()
        alike = (past.alike.get(self.likeness(deal, known.day), none) for deal in known.open)
        rates = [each.rate(past.usual, weight) for each in alike]
        return sum(deal.worth_minor * rate for deal, rate in zip(known.open, rates, strict=True))


def age_curve() -> Pipeline:
    """Open deals by their age, in steps of two weeks, at the rates of the last window; its new business."""
    return Pipeline("age curve with new business", by_age, windows=1)


def stage_rates() -> Pipeline:
    """Open deals by their stage, at the rates of the last eight windows; the new business of those."""
    return Pipeline("stage rates with new business", by_stage, windows=8)


def pipeline_flow() -> Pipeline:
    """Open deals by stage and age, at the rates of windows that begin every third of a window.

    Windows that overlap use what is recorded better than those that follow each other.
    """
    return Pipeline("stage and age rates", by_stage_and_age, 60, 1 / 3, 1.0, fading)


def seasonal_flow() -> Pipeline:
    """The same, with new business as it is at this time of the year."""
    return Pipeline("stage and age rates with season", by_stage_and_age, 60, 1 / 3, 1.0, seasonal)
