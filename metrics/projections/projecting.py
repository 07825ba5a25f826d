"""Judging open deals, and projecting a period for each node of the organisation, from a history alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import ceil

from metrics.forecasting.choice import CONFIDENCE, METHODS, Forecast, forecast
from metrics.forecasting.history import DealHistory, History, Known, Outcome
from metrics.forecasting.intervals import Basis
from metrics.forecasting.likelihood import Likelihood, LikelihoodModel
from metrics.forecasting.methods import LEAST_OF_A_CLASS, Method, TooLittleHistory
from metrics.forecasting.snapshots import (
    AGE,
    CATEGORY,
    DUE,
    KIND,
    OWNER,
    PRODUCT,
    PUSHES,
    SEGMENT,
    SILENCE,
    SIZE,
    STAGE,
    STAGE_AGE,
)
from metrics.projections.deal_by_deal import DealByDeal, learned_models
from models.forecast import Period
from models.projections import LikelihoodFeature, ProjectionMethod, StoredReason

#: Fewer past windows than this, side by side, have no such quantile as an interval of 80 percent needs.
LEAST_WINDOWS = ceil(CONFIDENCE / (1 - CONFIDENCE) - 1e-9)
_METHODS = {
    "open value x win rate": ProjectionMethod.OPEN_VALUE,
    "last window repeated": ProjectionMethod.LAST_WINDOW,
    "level of the last year": ProjectionMethod.YEAR_LEVEL,
    "fading level": ProjectionMethod.FADING_LEVEL,
    "same window a year ago": ProjectionMethod.SAME_WINDOW_LAST_YEAR,
    "age curve with new business": ProjectionMethod.AGE_CURVE,
    "stage rates with new business": ProjectionMethod.STAGE_RATES,
    "stage and age rates": ProjectionMethod.STAGE_AND_AGE_RATES,
    "stage and age rates with season": ProjectionMethod.SEASONAL_RATES,
    DealByDeal.name: ProjectionMethod.DEAL_BY_DEAL,
}
_FEATURES = {
    STAGE: LikelihoodFeature.STAGE,
    AGE: LikelihoodFeature.AGE,
    STAGE_AGE: LikelihoodFeature.TIME_IN_STAGE,
    PUSHES: LikelihoodFeature.PUSHES,
    SILENCE: LikelihoodFeature.SILENCE,
    DUE: LikelihoodFeature.DUE,
    SIZE: LikelihoodFeature.SIZE,
    OWNER: LikelihoodFeature.OWNER,
    KIND: LikelihoodFeature.KIND,
    SEGMENT: LikelihoodFeature.SEGMENT,
    PRODUCT: LikelihoodFeature.PRODUCT,
    CATEGORY: LikelihoodFeature.CATEGORY,
}
#: Reasons that move the odds by less than this are none.
_LEAST_EFFECT = 0.005
_WHOLE = 100


@dataclass(frozen=True)
class Subject:
    """Whose projection is made: a person, a team or the tenant, by its id.

    ``shares`` has the percent that the subject has in each deal that is (partly) theirs; None is all of every
    deal. ``won_minor`` is what they have won of the period by the last day that is known, in minor units.
    """

    id: str
    won_minor: int
    shares: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Projected:
    """What a subject will have won in the period, in minor units, or why nothing is said (``refused``)."""

    subject_id: str
    won_minor: int | None = None
    expected_minor: int | None = None
    low_minor: int | None = None
    high_minor: int | None = None
    windows: int | None = None
    method: ProjectionMethod | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Judged:
    """How likely a deal is to be won: as ``models.projections.DealLikelihood`` has it."""

    deal_id: str
    probability: int
    in_period: int
    close_early_on: date | None
    close_on: date | None
    close_late_on: date | None
    reasons: list[StoredReason]


@dataclass(frozen=True)
class Projections:
    """All that is said of a tenant: of its open deals, and of a period by subject.

    Open deals are judged as known on ``known_on`` by what was learned on ``learned_on``; ``refused`` is why
    none is.
    """

    known_on: date
    learned_on: date
    judged: Sequence[Judged] = ()
    projected: Sequence[Projected] = ()
    refused: str | None = None
    #: What was learned, the latest first; for whoever measures it.
    models: Sequence[LikelihoodModel] = field(default=(), compare=False)


def project(
    history: History,
    subjects: Sequence[Subject],
    period: Period,
    learned_on: date,
    known_on: date,
) -> Projections:
    """Learn from what was known on one day, judge open deals as known on another, and project a period.

    Projections rest on ``learned_on``, which is before the period's last day. Nothing that became known later
    has a part in any of them.
    """
    whole, days = history.known_at(learned_on), (period.last - learned_on).days
    methods: tuple[Method, ...] = METHODS
    models: list[LikelihoodModel] = []
    refused, judged = None, list[Judged]()
    try:
        models = learned_models(whole, days)
    except TooLittleHistory as reason:
        refused = likelihood_refused(whole, reason)
    else:
        methods = (*METHODS, DealByDeal(whole, days, models))
        now = whole if known_on == learned_on else history.known_at(known_on)
        left = max(0, (period.last - known_on).days)
        judged = [_judged(each, left) for each in models[0].judge(now)]
    projected = [_projected(subject, whole, days, methods) for subject in subjects]
    return Projections(known_on, learned_on, judged, projected, refused, models)


def likelihood_refused(known: Known, reason: TooLittleHistory) -> str:
    """Why no deal is judged, and what would be enough."""
    won, ended = len(known.won), len(known.ended)
    return (
        f"{reason}: {won} were won and {ended - won} lost by {known.day}; with at least {LEAST_OF_A_CLASS} of"
        " each, whose days before are recorded, deals are judged"
    )


def _projected(subject: Subject, whole: Known, days: int, methods: Sequence[Method]) -> Projected:
    known = whole if subject.shares is None else _of(subject.shares, whole)
    try:
        found = forecast(known, days, methods)
    except TooLittleHistory as reason:
        return Projected(subject.id, refused=_refused(known, days, f"{reason}"))
    if found.interval.basis is not Basis.PAST_ERRORS:
        seen = f"{found.interval.independent:.1f} past windows of {days} days can be seen side by side"
        return Projected(subject.id, refused=_refused(known, days, seen))
    won, interval = subject.won_minor, found.interval
    return Projected(
        subject.id,
        won,
        won + found.expected_minor,
        won + interval.low_minor,
        won + interval.high_minor,
        interval.windows,
        _method(found),
    )


def _refused(known: Known, days: int, reason: str) -> str:
    """Why a subject has no projection, and what would be enough."""
    since = known.outcomes_since
    if since is None or not known.won:
        return f"{reason}; {LEAST_WINDOWS} windows of {days} days after the first deal that is won are enough"
    # The windows that are looked at end by the day of the forecast, a step apart.
    enough = since + timedelta((LEAST_WINDOWS + 1) * days)
    if enough <= known.day:
        return f"{reason}, of which too few had anything that was won; {LEAST_WINDOWS} such are enough"
    return (
        f"{reason}; {LEAST_WINDOWS} are enough: for a period as long that is from {enough} on, as"
        " outcomes are"
        f" recorded since {since}"
    )


def _method(found: Forecast) -> ProjectionMethod:
    most = max(found.trials, key=lambda trial: (trial.share, trial.method))
    return _METHODS[most.method]


def _of(shares: Mapping[str, int], whole: Known) -> Known:
    """What was known of the deals in which somebody has a share, at their share of the amount."""
    return Known(whole.day, tuple(_part(deal, shares[deal.id]) for deal in whole.deals if deal.id in shares))


def _part(deal: DealHistory, percent: int) -> DealHistory:
    if percent == _WHOLE:
        return deal
    known = deal.known_at(date.max)
    assert known is not None
    parts = tuple(
        replace(each, value=None if each.value is None else each.value * percent // _WHOLE)
        for each in known.amounts
    )
    return replace(known, amounts=parts)


def _judged(likelihood: Likelihood, left: int) -> Judged:
    """A judgement as it is stored: probabilities in whole percent, quantiles as days."""

    def day(share: float) -> date | None:
        days = likelihood.days_to_close(Outcome.WON, share)
        return None if days is None else likelihood.on + timedelta(days)

    return Judged(
        likelihood.deal_id,
        round(likelihood.probability * _WHOLE),
        round(likelihood.won_within(left) * _WHOLE),
        day(0.1),
        day(0.5),
        day(0.9),
        [
            StoredReason(
                feature=_FEATURES[each.feature].value,
                value=_shown(each.value),
                usual=_shown(each.typical),
                log_odds=round(each.log_odds, 3),
            )
            for each in likelihood.reasons
            if abs(each.log_odds) >= _LEAST_EFFECT
        ],
    )


def _shown(value: float | str | None) -> float | str | None:
    return round(value, 3) if isinstance(value, float) else value
