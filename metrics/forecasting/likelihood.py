"""How likely an open deal is to be won, and when, learned from the tenant's own past deals.

Time after a snapshot of an open deal goes in steps. In each the deal is won, is lost or stays open; the
chances of that are learned from snapshots of past days and what was known to become of them by the day of
learning. Deals that are still open have their part: they stayed open for so many steps. A deal gets older
with each step, and its expected close comes nearer; whatever else is known of it stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING

from metrics.forecasting.history import DealHistory, Known, Outcome
from metrics.forecasting.methods import TooLittleHistory, recorded_days
from metrics.forecasting.snapshots import AGE, DUE, Surroundings

if TYPE_CHECKING:
    from metrics.forecasting.learning import Features, Floats, Learned, Value, Whole

STEPS = 24
#: Days of a step at least and at most; in between a quarter of the usual days from creation to end.
SHORTEST, LONGEST = 7, 45
#: Past days on which snapshots are taken at most, and steps that are learned from at most.
MOST_DAYS, MOST_EXAMPLES = 26, 150_000
STEP = "steps ahead"
#: Features that move by a day with each day ahead, and in which direction.
MOVING = MappingProxyType({AGE: 1, DUE: -1})
OPEN, WON, LOST = range(3)


@dataclass(frozen=True)
class Reason:
    """What one feature of a deal does to the log-odds of winning it, beside a deal that is typical in it.

    Below 0 it speaks against the deal. Reasons need not add up: chances over time are no sum.
    """

    feature: str
    value: Value
    typical: Value
    log_odds: float


@dataclass(frozen=True)
class Likelihood:
    """What may become of an open deal within ``STEPS`` steps of ``step_days`` days after ``on``.

    ``won`` and ``lost`` have the chance of each step; what they lack to 1 is that it is still open then.
    Reasons come from the weightiest down.
    """

    deal_id: str
    on: date
    step_days: int
    won: tuple[float, ...]
    lost: tuple[float, ...]
    reasons: tuple[Reason, ...]

    @property
    def probability(self) -> float:
        """Of being won within all the steps."""
        return sum(self.won)

    def won_within(self, days: int) -> float:
        """The probability of being won in so many days, even within a step; beyond the last nothing is."""
        whole, rest = divmod(days, self.step_days)
        begun = self.won[whole] * rest / self.step_days if whole < len(self.won) else 0.0
        return sum(self.won[:whole]) + begun

    def days_to_close(self, outcome: Outcome, share: float = 0.5) -> int | None:
        """In how many days so large a share of the chance of that outcome has passed; None without chance."""
        steps = self.won if outcome is Outcome.WON else self.lost
        wanted, passed = sum(steps) * share, 0.0
        for index, chance in enumerate(steps):
            if chance > 0 and passed + chance >= wanted:
                return round((index + (wanted - passed) / chance) * self.step_days)
            passed += chance
        return None


@dataclass(frozen=True)
class LikelihoodModel:
    """What was learned by a day: judges deals as known on that day or later."""

    learned_on: date
    step_days: int
    learned: Learned
    snapshots: int

    def judge(self, known: Known, deals: Sequence[DealHistory] | None = None) -> list[Likelihood]:
        """The likelihood of open deals, all of them if none are named.

        Raises:
            ValueError: they are asked for as of a day before the model was learned.
        """
        if known.day < self.learned_on:
            raise ValueError(f"learned on {self.learned_on}, which is after {known.day}")
        judged = [deal for deal in (known.open if deals is None else deals) if deal.is_open]
        if not judged:
            return []
        around = Surroundings.of(known)
        rows = [around.snapshot(deal, known.day) for deal in judged]
        return _likelihoods(self, known.day, judged, rows)


def learn_likelihood(known: Known) -> LikelihoodModel:
    """Learn from snapshots of past days, taken from what was known on each.

    Raises:
        TooLittleHistory: too few deals were won, or lost, to learn from.
    """
    examples = _examples(known, _step_days(known))
    if not examples.snapshots:
        raise TooLittleHistory("no deal that was open on a past day has ended since")
    from metrics.forecasting.learning import Encoding, learn_encoded

    encoding = Encoding.of([{**row, STEP: 0.0} for row in examples.snapshots])
    encoded = encoding.encode([{**row, STEP: 0.0} for row in examples.snapshots])[examples.of]
    for name, days in _moves(examples.step_days).items():
        encoded[:, encoding.names.index(name)] += [step * days for step in examples.step]
    learned = learn_encoded(encoding, encoded, examples.labels(), [examples.deals[at] for at in examples.of])
    return LikelihoodModel(known.day, examples.step_days, learned, len(examples.snapshots))


@dataclass
class _Examples:
    """Snapshots, and for each step after one (``of`` which, ``step`` ahead) what became of the deal in it."""

    step_days: int
    snapshots: list[Features]
    deals: list[str]
    of: list[int]
    step: list[int]
    became: list[int]

    def add(self, row: Features, deal: str, steps: Sequence[int]) -> None:
        """A snapshot with what the deal became in each step after it."""
        self.of += [len(self.snapshots)] * len(steps)
        self.step += range(len(steps))
        self.became += steps
        self.snapshots.append(row)
        self.deals.append(deal)

    def labels(self) -> Whole:
        """The classes as an array."""
        import numpy as np

        return np.array(self.became, dtype=np.int64)


def _step_days(known: Known) -> int:
    cycles = [(deal.ending.on - deal.created_on).days for deal in known.ended if deal.ending]
    return min(LONGEST, max(SHORTEST, round(median(cycles) / 4))) if cycles else SHORTEST


def _examples(known: Known, step_days: int) -> _Examples:
    examples = _Examples(step_days, [], [], [], [], [])
    became = {deal.id: deal for deal in known.deals}
    days = _past_days(known, step_days)
    for past in days:
        around = Surroundings.of(past)
        for deal in _thinned(past.open, MOST_EXAMPLES // (STEPS * len(days))):
            if steps := _steps(became[deal.id], past.day, known.day, step_days):
                examples.add(around.snapshot(deal, past.day), deal.id, steps)
    return examples


def _past_days(known: Known, step_days: int) -> list[Known]:
    """Past days, evenly spread since outcomes are recorded, each at least a step ago."""
    recorded = recorded_days(known)
    every = max(step_days, -(-recorded // MOST_DAYS))
    return [known.known_at(known.day - timedelta(back)) for back in range(step_days, recorded, every)]


def _thinned(deals: Sequence[DealHistory], most: int) -> Sequence[DealHistory]:
    """Every so manieth, where there are too many."""
    return deals[:: -(-len(deals) // max(1, most))] if deals else deals


def _steps(deal: DealHistory, begin: date, until: date, step_days: int) -> list[int]:
    """What the deal became in each step after a day, as far as it is known until another."""
    if deal.ending is not None and deal.ending.on > begin:
        whole = ((deal.ending.on - begin).days - 1) // step_days
        end = WON if deal.is_won else LOST
        return [OPEN] * STEPS if whole >= STEPS else [OPEN] * whole + [end]
    return [OPEN] * min(STEPS, (until - begin).days // step_days)


def _moves(step_days: int) -> dict[str, int]:
    """How far each feature that moves does in a step."""
    return {STEP: 1} | {name: sign * step_days for name, sign in MOVING.items()}


def _likelihoods(
    model: LikelihoodModel, on: date, deals: Sequence[DealHistory], rows: Sequence[Features]
) -> list[Likelihood]:
    names, typical = model.learned.encoding.names, model.learned.encoding.typical
    parts = _parts_over_time(model, rows)
    won, lost = _over_time(parts.sum(axis=2) + model.learned.base)
    effects = _effects(parts, _parts_over_time(model, [typical]), model.learned.base)
    return [
        Likelihood(
            deal.id,
            on,
            model.step_days,
            tuple(won[at].tolist()),
            tuple(lost[at].tolist()),
            _reasons(names[:-1], row, typical, effects[at].tolist()),
        )
        for at, (deal, row) in enumerate(zip(deals, rows, strict=True))
    ]


def _parts_over_time(model: LikelihoodModel, rows: Sequence[Features]) -> Floats:
    """By deal, step, feature and outcome: what the feature adds to the log-odds against staying open."""
    import numpy as np

    names, moves = model.learned.encoding.names, _moves(model.step_days)
    begun = [{**row, STEP: 0.0} for row in rows]
    still = model.learned.parts(begun)
    over_time = np.repeat(still[:, None], STEPS, axis=1)
    for name, move in moves.items():
        at = names.index(name)
        ahead = [_moved(row, name, step * move) for row in begun for step in range(STEPS)]
        over_time[:, :, at] = model.learned.parts_of(name, ahead).reshape(len(rows), STEPS, -1)
    return over_time


def _moved(row: Features, name: str, by: int) -> Value:
    value = row[name]
    return value + by if isinstance(value, float) else None


def _reasons(
    names: Sequence[str], row: Features, typical: Features, effects: Sequence[float]
) -> tuple[Reason, ...]:
    found = [
        Reason(name, row[name], typical[name], effect) for name, effect in zip(names, effects, strict=True)
    ]
    return tuple(sorted(found, key=lambda reason: (-abs(reason.log_odds), reason.feature)))


def _over_time(log_odds: Floats) -> tuple[Floats, Floats]:
    """By deal and step: the chance to be won in it, and to be lost in it, being open until then."""
    import numpy as np

    odds = np.exp(np.clip(log_odds, -30, 30))
    stays = 1 / (1 + odds.sum(axis=2))
    reached = np.cumprod(np.hstack([np.ones((len(odds), 1)), stays[:, :-1]]), axis=1)
    chance = odds * (reached * stays)[:, :, None]
    return chance[:, :, WON - 1], chance[:, :, LOST - 1]


def _effects(parts: Floats, typical: Floats, base: Floats) -> Floats:
    """By deal and feature: the log-odds of winning, less what they were with a typical value of it."""
    import numpy as np

    whole = parts.sum(axis=2) + base
    own = _logit(_over_time(whole)[0].sum(axis=1))
    beside = [whole - parts[:, :, at] + typical[:, :, at] for at in range(parts.shape[2] - 1)]
    return np.stack([own - _logit(_over_time(each)[0].sum(axis=1)) for each in beside], axis=1)


def _logit(probability: Floats) -> Floats:
    import numpy as np

    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)
