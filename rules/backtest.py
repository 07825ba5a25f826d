"""How well rules would have done: what they flagged at past dates against what happened afterwards.

At each date every unit (deal, contract or account) is flagged by a rule or not, and something happens to it
within the horizon or not. The dates of one unit are much the same case seen again, so the intervals (Wilson
score, 95 %) count each distinct unit once, and for the base rate the largest number there was at one date.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from metrics.outcomes import UNIT_OF, OutcomeKind, Unit
from metrics.proportions import wilson
from rules.explain import Verdict
from rules.tree import Rule

#: A rule that flags a larger share of what there is, is hardly news to anybody.
LARGE_SHARE = 0.2


@dataclass(frozen=True)
class Trial:
    """Rules tried at one date.

    ``flagged`` are the ids of what each rule flags. By outcome, ``population`` is how many units there were,
    ``units`` those of them, by id, that were flagged by any rule or to which it happened. A date is
    ``decided`` when its horizon is over. ``failed`` counts accounts that could not be judged.
    """

    as_of: date
    decided: bool
    flagged: Mapping[str, frozenset[str]]
    population: Mapping[OutcomeKind, int]
    units: Mapping[OutcomeKind, Mapping[str, Unit]]
    accounts: int
    failed: int


@dataclass(frozen=True)
class Share:
    """Part of a whole, with its 95 % interval; ``value`` is None when the whole is empty."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AtDate:
    """What a rule did at one date: how many it flagged, and how many of them not at the date before."""

    as_of: date
    decided: bool
    flagged: int
    new: int
    population: int


@dataclass(frozen=True)
class Score:
    """How a rule did against one outcome.

    ``precision`` is how many of those flagged it happened to, ``recall`` how many of those to which it
    happened were flagged, ``base_rate`` to how many of all it happened; each counts units at dates.
    ``lift`` is precision over base rate. ``events`` are distinct things that happened, ``caught`` those that
    were flagged before. ``lead_days`` are from the first time that a unit was flagged to the event: the
    lower quartile, the median and the upper quartile. Money is in minor units, each event once: of
    everything that happened, and of what was caught. ``undecided`` are flagged units at dates whose horizon
    is not over.
    """

    rule_key: str
    outcome: OutcomeKind
    precision: Share
    recall: Share
    base_rate: Share
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    units_flagged: int
    events: int
    caught: int
    undecided: int
    lead_days: tuple[float, float, float] | None
    value_minor: int
    value_caught_minor: int
    share_flagged: float
    dates: tuple[AtDate, ...]

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting the figures."""
        found = []
        if self.share_flagged > LARGE_SHARE:
            found.append(
                f"{self.rule_key} flags {self.share_flagged:.0%} of all, more than {LARGE_SHARE:.0%}"
            )
        if self.lift_high is not None and self.lift_low is not None and self.lift_low <= 1 <= self.lift_high:
            found.append(f"{self.rule_key} is not told apart from chance: lift {self.lift:.2f}")
        return found


def outcomes_of(rule: Rule) -> tuple[OutcomeKind, ...]:
    """What a rule may be held up against: what can happen to what it is about."""
    kind = unit_kind(rule)
    if kind == "account":
        return (OutcomeKind.CHURNED,) if rule.flag else (OutcomeKind.CHURNED, OutcomeKind.EXPANDED)
    return tuple(outcome for outcome, of in UNIT_OF.items() if of == kind)


def unit_kind(rule: Rule) -> str:
    """What a rule flags: the deal or contract whose money it names, or the account."""
    ref = rule.flag.exposure if rule.flag else rule.advice.value if rule.advice else None
    if ref is not None:
        kind = rule.kind_of(ref.alias)
        return {"service": "contract", "whitespace": "account"}.get(kind, kind)
    kinds = [rule.kind_of(alias) for alias in rule.subjects]
    return next((kind for kind in kinds if kind in ("deal", "contract")), "account")


def units_flagged(verdict: Verdict) -> Iterator[str]:
    """The ids of the deal, contracts or account that a verdict flags."""
    rule, kind = verdict.rule, unit_kind(verdict.rule)
    if kind == "account":
        yield verdict.account_id
    elif rule.flag:
        yield from (line.part_of if line.kind == "SERVICE" else line.id for line in verdict.lines)
    else:
        subjects = zip(rule.subjects, verdict.subject_key.split("|"), strict=False)
        yield from (fact_id for alias, fact_id in subjects if rule.kind_of(alias) == kind)


def score(rule_key: str, outcome: OutcomeKind, trials: Sequence[Trial]) -> Score:
    """What a rule's flags at the dates of some trials were worth; trials are in the order of their dates."""
    decided = [trial for trial in trials if trial.decided]
    cases = [case for trial in decided for case in _cases(rule_key, outcome, trial)]
    hits = [case for case in cases if case.flagged and case.unit.event_on]
    flagged = [case for case in cases if case.flagged]
    happened = [case for case in cases if case.unit.event_on]
    precision = _share(len(hits), len(flagged), _distinct(flagged))
    populations = [trial.population.get(outcome, 0) for trial in decided]
    base_rate = _share(len(happened), sum(populations), max(populations, default=0))
    lift = _lift(precision, base_rate)
    events = {_event(case): case.unit.value_minor for case in happened}
    caught = {_event(case) for case in hits}
    dates = tuple(_at_dates(rule_key, outcome, trials))
    return Score(
        rule_key=rule_key,
        outcome=outcome,
        precision=precision,
        recall=_share(len(hits), len(happened), len(events)),
        base_rate=base_rate,
        lift=lift[0],
        lift_low=lift[1],
        lift_high=lift[2],
        units_flagged=_distinct(flagged),
        events=len(events),
        caught=len(caught),
        undecided=sum(each.flagged for each in dates if not each.decided),
        lead_days=_lead(hits),
        value_minor=sum(events.values()),
        value_caught_minor=sum(value for event, value in events.items() if event in caught),
        share_flagged=_mean([each.flagged / each.population for each in dates if each.population]),
        dates=dates,
    )


@dataclass(frozen=True)
class _Case:
    """One unit at one date."""

    as_of: date
    unit: Unit
    flagged: bool


def _cases(rule_key: str, outcome: OutcomeKind, trial: Trial) -> Iterator[_Case]:
    flagged = trial.flagged.get(rule_key, frozenset())
    units = trial.units.get(outcome, {})
    return (_Case(trial.as_of, unit, unit.id in flagged) for unit in units.values())


def _distinct(cases: Iterable[_Case]) -> int:
    return len({case.unit.id for case in cases})


def _event(case: _Case) -> tuple[str, date | None]:
    return case.unit.id, case.unit.event_on


def _at_dates(rule_key: str, outcome: OutcomeKind, trials: Iterable[Trial]) -> Iterator[AtDate]:
    before: frozenset[str] = frozenset()
    for trial in trials:
        units = trial.units.get(outcome, {})
        flagged = trial.flagged.get(rule_key, frozenset()) & units.keys()
        population = trial.population.get(outcome, 0)
        yield AtDate(trial.as_of, trial.decided, len(flagged), len(flagged - before), population)
        before = frozenset(flagged)


def _lead(hits: Iterable[_Case]) -> tuple[float, float, float] | None:
    """Quartiles of the days from the first time that a unit was flagged to what happened to it."""
    first: dict[tuple[str, date | None], date] = {}
    for case in hits:
        first[_event(case)] = min(case.as_of, first.get(_event(case), case.as_of))
    days = sorted((on - as_of).days for (_, on), as_of in first.items() if on)
    if not days:
        return None
    if len(days) == 1:
        return (days[0], days[0], days[0])
    low, middle, high = statistics.quantiles(days, n=4, method="inclusive")
    return (low, middle, high)


def _share(part: int, whole: int, cases: int) -> Share:
    """A share with its interval, as of so many distinct cases."""
    if not whole:
        return Share(part, whole, None, None, None)
    value = part / whole
    low, high = wilson(value, cases)
    return Share(part, whole, value, low, high)


def _lift(precision: Share, base: Share) -> tuple[float | None, float | None, float | None]:
    """Precision over base rate, with the interval of the precision."""
    if precision.value is None or precision.low is None or precision.high is None or not base.value:
        return None, None, None
    return precision.value / base.value, precision.low / base.value, precision.high / base.value


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0
