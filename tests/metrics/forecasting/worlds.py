"""Histories whose truth is known, for tests of forecasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from metrics.forecasting.history import DealHistory, History, Outcome, Track, dated

BEGIN = date(2024, 1, 1)
#: Of the deals of a segment, so many are won.
WON_OF = {"CARE": 0.8, "TRADE": 0.2}


def day(number: int) -> date:
    """The day so many days after the beginning."""
    return BEGIN + timedelta(number)


def deal(
    name: str,
    created: int,
    worth: int,
    *,
    won: int | None = None,
    lost: int | None = None,
    stage: str = "PROPOSED",
    owner: str | None = None,
) -> DealHistory:
    """A deal in one stage, with the numbers of the days on which it was created, and won or lost."""
    ended = won if won is not None else lost
    outcome = Outcome.WON if won is not None else Outcome.LOST
    endings: Track[Outcome | None] = () if ended is None else (dated(outcome, day(ended)),)
    return DealHistory(
        name,
        day(created),
        day(created),
        stages=(dated(stage, day(created)),),
        amounts=(dated(worth, day(created)),),
        endings=endings,
        owners=(dated(owner, day(created)),),
    )


def steady(seed: int, days: int = 900, a_day: float = 1.0, growth: float = 0.0) -> History:
    """Deals come at random at a steady rate; half are won, in 10 to 70 days, for 500 to 1,500.

    ``growth`` is by how much of the rate it grows in a year.
    """
    random = Random(seed)
    deals: list[DealHistory] = []
    at = 0.0
    while (at := at + random.expovariate(a_day * (1 + growth * at / 365))) < days:
        ends = int(at) + random.randint(10, 70)
        worth = random.randint(50_000, 150_000)
        is_won = random.random() < 0.5
        deals.append(
            deal(
                f"d{len(deals)}", int(at), worth, won=ends if is_won else None, lost=None if is_won else ends
            )
        )
    return History(tuple(deals))


def segments_differ(seed: int, deals: int = 900) -> History:
    """Deals in two years of which those of CARE are won in 80 %, of TRADE in 20 %, each in 20 to 60 days."""
    random = Random(seed)
    found = []
    for index in range(deals):
        segment = random.choice(sorted(WON_OF))
        created = random.randint(0, 700)
        ends = created + random.randint(20, 60)
        is_won = random.random() < WON_OF[segment]
        one = deal(f"d{index}", created, 100_000, won=ends if is_won else None, lost=None if is_won else ends)
        found.append(replace(one, segment=segment))
    return History(tuple(found))
