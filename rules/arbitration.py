"""What is offered first: priority in visible parts, and likelihood that moves with what really happened.

priority = likelihood x value (in whole units) x urgency x lever. Likelihood is the mean of a Beta
distribution: the author's estimate weighs as much as STRENGTH cases, and each recommendation that worked, was
dismissed or failed is one more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from models.recommendations import Recommendation

#: How many cases the author's estimate counts as.
STRENGTH = 10
#: What levers together can make of a priority at least and at most.
LEAST, MOST = 0.25, 4.0
#: What a single lever can take off or put on top, in percent.
LEAST_PERCENT, MOST_PERCENT = -75, 300
#: Figures are kept to so many places.
PLACES = 4


@dataclass(frozen=True)
class Record:
    """What became of the recommendations of one rule; ``accepted`` includes those that were carried out."""

    prior: float
    accepted: int = 0
    dismissed: int = 0
    worked: int = 0
    failed: int = 0

    @property
    def alpha(self) -> float:
        """What speaks for the rule: its estimate, and what worked."""
        return self.prior * STRENGTH + self.worked

    @property
    def beta(self) -> float:
        """What speaks against it: its estimate, what was dismissed and what failed."""
        return (1 - self.prior) * STRENGTH + self.dismissed + self.failed

    @property
    def likelihood(self) -> float:
        """The mean of Beta(alpha, beta)."""
        return round(self.alpha / (self.alpha + self.beta), PLACES)

    @property
    def accept_rate(self) -> float | None:
        """Of those that were answered, the share that was accepted; None when nobody answered."""
        answered = self.accepted + self.dismissed
        return self.accepted / answered if answered else None

    @property
    def outcome_rate(self) -> float | None:
        """Of those with a known outcome, the share that worked; None when none is known."""
        known = self.worked + self.failed
        return self.worked / known if known else None


def lever(percents: Iterable[int]) -> float:
    """What levers come to together: 55 makes 1.55, and 55 with -20 makes 1.24."""
    together = prod(1 + percent / 100 for percent in percents)
    return round(min(max(together, LEAST), MOST), PLACES)


def priority(likelihood: float, value_minor: int, urgency: float, lever: float) -> float:
    """The product of the factors, the value in whole units."""
    return likelihood * (value_minor / 100) * urgency * lever


def pressing(recommendation: Recommendation) -> tuple[object, ...]:
    """Sorts recommendations, the one to be offered first before the others; no two are equal."""
    return (
        -recommendation.priority,
        -recommendation.value_minor,
        recommendation.held_since,
        recommendation.rule_key,
        recommendation.subject_key,
    )
