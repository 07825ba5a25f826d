"""Open deals as they looked on a day: what is learned from, and what is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from metrics.forecasting.history import DealHistory, Known

#: The win rate of an owner is drawn to that of all as if so many more deals had ended.
DRAWN = 10

STAGE, KIND, SEGMENT, PRODUCT, CATEGORY = "stage", "kind", "segment", "product", "category"
AGE, STAGE_AGE, PUSHES = "age in days", "days in stage over the usual", "pushes"
SILENCE, DUE = "days since last activity", "days until expected close"
SIZE, OWNER = "size", "owner's win rate"


@dataclass(frozen=True)
class Surroundings:
    """What a deal is held against: how long stages usually take, and how often owners have won."""

    usual_days: Mapping[str | None, float]
    win_rates: Mapping[str | None, float]
    win_rate: float

    @classmethod
    def of(cls, known: Known) -> Surroundings:
        """As of what was known; an owner's rate is of deals that had ended by then."""
        stays: dict[str | None, list[int]] = defaultdict(list)
        for deal in known.deals:
            for stage, days in _stays(deal):
                stays[stage].append(days)
        overall = len(known.won) / len(known.ended) if known.ended else 0.5
        usual = {stage: max(1.0, median(days)) for stage, days in stays.items()}
        return cls(usual, _win_rates(known.ended, overall), overall)

    def snapshot(self, deal: DealHistory, on: date) -> dict[str, float | str | None]:
        """What is known of an open deal on the day, by the name of each feature; None is not known."""
        usual = self.usual_days.get(deal.stage)
        due = deal.expected_close
        return {
            STAGE: deal.stage,
            AGE: float((on - deal.created_on).days),
            STAGE_AGE: (on - deal.stage_since).days / usual if usual else None,
            PUSHES: float(deal.pushes),
            SILENCE: float((on - deal.last_touched_on).days) if deal.activities else None,
            DUE: float((due - on).days) if due else None,
            SIZE: deal.worth_minor / 100,
            OWNER: self.win_rates.get(deal.owner, self.win_rate),
            KIND: deal.kind,
            SEGMENT: deal.segment,
            PRODUCT: deal.product,
            CATEGORY: deal.categories[-1].value if deal.categories else None,
        }


def _stays(deal: DealHistory) -> list[tuple[str, int]]:
    """The stages that the deal has left, by going on or by ending, with how many days it was in each."""
    left = [(one.value, (other.on - one.on).days) for one, other in pairwise(deal.stages)]
    if deal.ending is not None and deal.stages:
        left.append((deal.stages[-1].value, (deal.ending.on - deal.stages[-1].on).days))
    return left


def _win_rates(ended: Iterable[DealHistory], overall: float) -> dict[str | None, float]:
    counts: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for deal in ended:
        counts[deal.owner][0] += deal.is_won
        counts[deal.owner][1] += 1
    return {owner: (won + DRAWN * overall) / (all_ + DRAWN) for owner, (won, all_) in counts.items()}
