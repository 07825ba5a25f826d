"""What was known of each deal, and when: the one thing that forecasts are made from.

A method of forecasting is given a ``Known`` and never a ``History``: what came later is not in it, so that
no mistake of a method can see it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


class Outcome(StrEnum):
    """How a deal ended."""

    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """A value that holds from the day ``on``, and was known by the end of the day ``known_on``."""

    value: T
    on: date
    known_on: date


def dated(value: T, on: date) -> Dated[T]:
    """A value that was known on the day from which it holds."""
    return Dated(value, on, on)


Track: TypeAlias = tuple[Dated[T], ...]
_TRACKS = ("stages", "amounts", "expected_closes", "categories", "owners", "endings", "activities")


@dataclass(frozen=True)
class DealHistory:
    """One deal: what it is, and every change of what may change.

    Amounts are in minor units of one currency. An ending of None reopens the deal. ``list_minor`` is what the
    deal comes to at list price, for deals that have no amount yet. Kind, segment, product and list price
    count as known since the deal is: what is filled in or corrected later does not belong there.
    """

    id: str
    created_on: date
    known_on: date
    stages: Track[str] = ()
    amounts: Track[int | None] = ()
    expected_closes: Track[date | None] = ()
    categories: Track[str | None] = ()
    owners: Track[str | None] = ()
    endings: Track[Outcome | None] = ()
    activities: Track[str] = ()
    kind: str | None = None
    segment: str | None = None
    product: str | None = None
    list_minor: int | None = None

    def __post_init__(self) -> None:
        for name in _TRACKS:
            entries = getattr(self, name)
            if any(_order(one) > _order(other) for one, other in pairwise(entries)):
                object.__setattr__(self, name, tuple(sorted(entries, key=_order)))

    def known_at(self, day: date) -> DealHistory | None:
        """The deal as known by the end of the day; None if there was none yet."""
        if max(self.created_on, self.known_on) > day:
            return None
        if self.settled_on <= day:
            return self
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return DealHistory(**given | {name: _cut(given[name], day) for name in _TRACKS})

    @cached_property
    def settled_on(self) -> date:
        """The day since which nothing was learned of the deal."""
        tracks: Iterable[Track[object]] = (getattr(self, name) for name in _TRACKS)
        days = [max(entry.on, entry.known_on) for track in tracks for entry in track]
        return max([self.created_on, self.known_on, *days])

    @cached_property
    def ending(self) -> Dated[Outcome] | None:
        """How and when it ended; None while it is open."""
        last = self.endings[-1] if self.endings else None
        if last is None or last.value is None:
            return None
        return Dated(last.value, last.on, last.known_on)

    @property
    def is_open(self) -> bool:
        """Whether it can still be won."""
        return self.ending is None

    @property
    def is_won(self) -> bool:
        """Whether it ended by being won."""
        return self.ending is not None and self.ending.value is Outcome.WON

    @property
    def stage(self) -> str | None:
        """The stage it is in, or was in when it ended."""
        return self.stages[-1].value if self.stages else None

    @property
    def stage_since(self) -> date:
        """The day on which it entered that stage."""
        return self.stages[-1].on if self.stages else self.created_on

    @property
    def owner(self) -> str | None:
        """Who carries it."""
        return self.owners[-1].value if self.owners else None

    @property
    def worth_minor(self) -> int:
        """Its amount, what it comes to at list price while it has none, or 0."""
        amount = self.amounts[-1].value if self.amounts else None
        return next((value for value in (amount, self.list_minor) if value is not None), 0)

    @property
    def expected_close(self) -> date | None:
        """The day on which it is expected to close."""
        return self.expected_closes[-1].value if self.expected_closes else None

    @property
    def pushes(self) -> int:
        """How often the day on which it is expected to close moved later."""
        days = [entry.value for entry in self.expected_closes if entry.value is not None]
        return sum(later > earlier for earlier, later in pairwise(days))

    @property
    def last_touched_on(self) -> date:
        """The day of the last activity, or of its creation if there was none."""
        return max([self.created_on, *(entry.on for entry in self.activities)])


def _order(entry: Dated[T]) -> tuple[date, date]:
    return entry.on, entry.known_on


def _cut(track: Track[T], day: date) -> Track[T]:
    return tuple(entry for entry in track if entry.known_on <= day and entry.on <= day)


@dataclass(frozen=True)
class Known:
    """What was known by the end of ``day``, and nothing that came later.

    Cuts at earlier days are kept beside each other, as cutting a cut again is cutting at the earlier day.
    """

    day: date
    deals: tuple[DealHistory, ...]
    _cuts: dict[date, Known] = field(default_factory=dict, repr=False, compare=False)

    def known_at(self, day: date) -> Known:
        """What was known by the end of an earlier day.

        Raises:
            ValueError: the day is a later one.
        """
        if day > self.day:
            raise ValueError(f"what is known on {day} is not known on {self.day} yet")
        if day == self.day:
            return self
        if day not in self._cuts:
            self._cuts[day] = Known(day, _known_deals(self.deals, day), self._cuts)
        return self._cuts[day]

    @cached_property
    def open(self) -> tuple[DealHistory, ...]:
        """The deals that can still be won."""
        return tuple(deal for deal in self.deals if deal.is_open)

    @cached_property
    def ended(self) -> tuple[DealHistory, ...]:
        """The deals that were won or lost, the first to end first."""
        return tuple(deal for _, deal in sorted(_by_end(self.deals), key=lambda pair: pair[0]))

    @cached_property
    def won(self) -> tuple[DealHistory, ...]:
        """The deals that were won, the first to end first."""
        return tuple(deal for deal in self.ended if deal.is_won)

    @cached_property
    def outcomes_since(self) -> date | None:
        """The day of the first outcome: before it, that nothing was won says nothing."""
        return _ended_on(self.ended[0]) if self.ended else None

    @cached_property
    def _won_days(self) -> list[date]:
        return [_ended_on(deal) for deal in self.won]

    @cached_property
    def _won_sums(self) -> list[int]:
        return [0, *accumulate(deal.worth_minor for deal in self.won)]

    def won_minor(self, after: date, until: date) -> int:
        """The worth of what was won after one day and until the end of another."""
        first, last = (bisect_right(self._won_days, day) for day in (after, until))
        return self._won_sums[max(first, last)] - self._won_sums[first]

    def won_between(self, after: date, until: date) -> tuple[DealHistory, ...]:
        """The deals that were won after one day and until the end of another."""
        first, last = (bisect_right(self._won_days, day) for day in (after, until))
        return self.won[first:last]


def _known_deals(deals: Iterable[DealHistory], day: date) -> tuple[DealHistory, ...]:
    return tuple(known for deal in deals if (known := deal.known_at(day)) is not None)


def _by_end(deals: Iterable[DealHistory]) -> list[tuple[tuple[date, str], DealHistory]]:
    return [((deal.ending.on, deal.id), deal) for deal in deals if deal.ending is not None]


def _ended_on(deal: DealHistory) -> date:
    assert deal.ending is not None
    return deal.ending.on


@dataclass(frozen=True)
class History:
    """Everything that is known now, of which each forecast gets what was known on its day."""

    deals: tuple[DealHistory, ...]

    def known_at(self, day: date) -> Known:
        """What was known by the end of the day."""
        return Known(day, _known_deals(self.deals, day))
