"""How good forecasts were, by lead time, person and team: what was forecast, held up against what came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from statistics import fmean

from metrics.forecasting.record import bias, mape, mase, wape
from metrics.frozen_forecasts import Asked, Frozen, HandedIn, Made, Projected, frozen_forecasts
from metrics.organisation import Node, Organisation, organisation
from metrics.proportions import wilson
from models.access import Actor
from models.described import Described
from models.errors import NotFound
from models.forecast import period_before


class ForecastSource(Described):
    """Whose number a forecast is."""

    CALL = (
        "CALL",
        "What the owners called, as they handed it in; of whoever called no number, what DEALS has.",
    )
    ADJUSTED = "ADJUSTED", "The same with what managers put on top of it in that week, at every level."
    DEALS = (
        "DEALS",
        "The deals of the category and of better ones, as they were when the forecast was handed in.",
    )
    PROJECTION = "PROJECTION", "What a model expected of the person or the team, from what was known then."


#: The order in which they are shown.
SOURCES = tuple(ForecastSource)


@dataclass(frozen=True, slots=True)
class Pair:
    """A forecast of a period, what came, and what had come in the period before; minor units."""

    made: Made
    forecast_minor: int
    actual_minor: int
    before_minor: int

    @property
    def error_minor(self) -> int:
        """Forecast - actual: above 0 it was too high."""
        return self.forecast_minor - self.actual_minor


@dataclass(frozen=True)
class Accuracy:
    """How far forecasts of so many periods were from what came; sums in minor units.

    ``wape`` = sum |actual - forecast| / sum actual. ``bias`` = sum (forecast - actual) / sum actual: above
    0 they were too high. Both are None where nothing came. ``mase`` = sum |actual - forecast| / sum |actual
    - what came in the period before|: below 1 they were better than repeating that; None where repeating
    it was right. ``mape`` = mean of |actual - forecast| / actual; None where nothing came in a period.
    """

    periods: int
    forecast_minor: int
    actual_minor: int
    wape: float | None
    bias: float | None
    mase: float | None
    mape: float | None

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Accuracy:
        """That of some forecasts, one a period; of none there is nothing to say."""
        forecasts = [pair.forecast_minor for pair in pairs]
        actuals = [pair.actual_minor for pair in pairs]
        before = [pair.before_minor for pair in pairs]
        return cls(
            len(pairs),
            sum(forecasts),
            sum(actuals),
            wape(forecasts, actuals),
            bias(forecasts, actuals),
            mase(forecasts, actuals, before),
            mape(forecasts, actuals),
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which two amounts it was to be, with what confidence in percent, and what came; minor units."""

    low_minor: int
    high_minor: int
    confidence: int
    actual_minor: int

    @property
    def has_it(self) -> bool:
        """Whether what came lies in it, its ends included."""
        return self.low_minor <= self.actual_minor <= self.high_minor


@dataclass(frozen=True)
class Coverage:
    """How many of the intervals had what came in them, all shares from 0 to 1; None of no intervals.

    ``low`` and ``high`` are the sampling error of ``share``: its 95 % interval by Wilson's score, as if
    the intervals were independent. ``confidence`` is the mean of what they stated.
    """

    intervals: int
    inside: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None

    @classmethod
    def of(cls, intervals: Sequence[Interval]) -> Coverage:
        """That of some intervals."""
        if not intervals:
            return cls(0, 0)
        inside = sum(each.has_it for each in intervals)
        share = float(Fraction(inside, len(intervals)))
        low, high = wilson(share, len(intervals))
        return cls(
            len(intervals), inside, share, low, high, fmean(each.confidence for each in intervals) / 100
        )


@dataclass
class Tally:
    """All forecasts at one node and one lead time; of each source at most one a period.

    ``handed_in`` is how many forecasts of people they rest on.
    """

    pairs: defaultdict[ForecastSource, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    intervals: list[Interval] = field(default_factory=list)
    handed_in: int = 0

    def accuracy(self) -> dict[ForecastSource, Accuracy]:
        """How far each source was off."""
        return {source: Accuracy.of(self.pairs.get(source, ())) for source in SOURCES}


@dataclass(frozen=True)
class NodeRecord:
    """The record of somebody or a team at a lead time; of all that the actor sees where ``node`` is None.

    ``coverage`` is that of the node's own projections.
    """

    node: Node | None
    depth: int
    handed_in: int
    accuracy: Mapping[ForecastSource, Accuracy]
    coverage: Coverage


@dataclass(frozen=True)
class ForecastRecord:
    """The record of everybody, node by node from the top down, and of all of them together.

    ``coverage`` is that of the projections of all nodes, and of the tenant.
    """

    total: NodeRecord
    nodes: Sequence[NodeRecord]
    coverage: Coverage


@dataclass(frozen=True)
class PersonForecast:
    """One person's forecast of a period; minor units.

    ``put_on_top_minor`` is what managers put on the person's own number, ``expected_minor`` what a model
    expected of them, None for nothing.
    """

    handed_in: HandedIn
    put_on_top_minor: int
    expected_minor: int | None
    actual_minor: int

    @property
    def error_minor(self) -> int:
        """What was called - what came: above 0 it was too high."""
        return self.handed_in.called_minor - self.actual_minor


@dataclass(frozen=True)
class PeriodRecord:
    """What was forecast of one period at a node, by source, with the forecasts of people that it rests on."""

    made: Made
    pairs: Mapping[ForecastSource, Pair]
    interval: Interval | None
    people: Sequence[PersonForecast]


async def forecast_record(actor: Actor, asked: Asked, lead_days: int) -> ForecastRecord:
    """The record of everybody and every team that the actor sees, at one lead time.

    At a node people's forecasts of a period are added up before they are held up against what came, so that
    errors of people may cancel out; what came is what those won who handed in, at a projection what all
    its people did. Who was where is taken as of the week of the forecast; the tree that is shown is as of
    ``asked.until``.
    """
    frozen = await frozen_forecasts(actor, asked, [lead_days])
    tree = await _shown(actor, asked, frozen)
    tallies = _tallies(frozen, lead_days)
    nodes = [_node(tallies, node, depth) for node, depth in tree.walked()]
    subjects = {None, *(node.id for node, _ in tree.walked())} & tallies.keys()
    return ForecastRecord(
        _node(tallies, None, 0),
        nodes,
        Coverage.of([each for subject in subjects for each in tallies[subject].intervals]),
    )


async def record_by_lead(
    actor: Actor, asked: Asked, node_id: str | None, leads: Collection[int]
) -> dict[int, NodeRecord]:
    """The record at one node, or of all that the actor sees (None), at several lead times.

    Raises:
        NotFound: there is no such node in the tree that the actor sees.
    """
    frozen = await frozen_forecasts(actor, asked, leads, node_id or actor.tenant_id)
    node, depth = await _found(actor, asked, frozen, node_id)
    return {lead: _node(_tallies(frozen, lead, frozenset([node_id])), node, depth) for lead in leads}


async def record_by_period(
    actor: Actor, asked: Asked, node_id: str | None, lead_days: int
) -> list[PeriodRecord]:
    """What was forecast of each period at one node, or of all that the actor sees (None), the latest first.

    Raises:
        NotFound: there is no such node in the tree that the actor sees.
    """
    frozen = await frozen_forecasts(actor, asked, [lead_days])
    await _found(actor, asked, frozen, node_id)
    tally = _tallies(frozen, lead_days, frozenset([node_id])).get(node_id, Tally())
    pairs: dict[Made, dict[ForecastSource, Pair]] = {}
    for source, each in tally.pairs.items():
        for pair in each:
            pairs.setdefault(pair.made, {})[source] = pair
    own = {each.made: each for each in frozen.projected if each.subject_id == node_id}
    return [
        PeriodRecord(
            made,
            {source: of[source] for source in SOURCES if source in of},
            _interval(frozen, own[made]) if made in own else None,
            _people(frozen, made, node_id),
        )
        for made, of in sorted(pairs.items(), reverse=True)
    ]


async def _shown(actor: Actor, asked: Asked, frozen: Frozen) -> Organisation:
    """The tree as of the end, with everybody whose forecasts there are, whatever they have become."""
    forecasters = frozenset(each.user_id for each in frozen.handed_in)
    return await organisation(actor, asked.until, asked.along, forecasters)


async def _found(actor: Actor, asked: Asked, frozen: Frozen, node_id: str | None) -> tuple[Node | None, int]:
    if node_id is None:
        return None, 0
    tree = await _shown(actor, asked, frozen)
    if node_id not in tree.nodes:
        raise NotFound(f"no user or team {node_id!r} in the tree that you see", ["nodeId"])
    return tree.nodes[node_id], len(tree.lines[node_id]) - 1


def _node(tallies: Mapping[str | None, Tally], node: Node | None, depth: int) -> NodeRecord:
    tally = tallies.get(node.id if node else None, Tally())
    return NodeRecord(node, depth, tally.handed_in, tally.accuracy(), Coverage.of(tally.intervals))


@dataclass(slots=True)
class _Sum:
    """What the people at a node and below it forecast of one period, and what they won."""

    called: int = 0
    put_on_top: int = 0
    deals: int = 0
    actual: int = 0
    before: int = 0
    people: int = 0


def _tallies(
    frozen: Frozen, lead_days: int, wanted: frozenset[str | None] | None = None
) -> Mapping[str | None, Tally]:
    """What there is at one lead time at each node, or at those wanted; under None what there is in all."""
    found: defaultdict[str | None, Tally] = defaultdict(Tally)
    for made, handed_in in groupby(frozen.handed_in, lambda each: each.made):
        if made.is_at(lead_days):
            for node_id, summed in _sums(frozen, made, handed_in, wanted).items():
                _tell(found[node_id], made, summed)
    for projected in frozen.projected:
        is_wanted = wanted is None or projected.subject_id in wanted
        if is_wanted and projected.made.is_at(lead_days):
            tally, interval = found[projected.subject_id], _interval(frozen, projected)
            before = frozen.came(period_before(projected.made.period), projected.people)
            pair = Pair(projected.made, projected.expected_minor, interval.actual_minor, before)
            tally.pairs[ForecastSource.PROJECTION].append(pair)
            tally.intervals.append(interval)
    return found


def _sums(
    frozen: Frozen, made: Made, handed_in: Iterable[HandedIn], wanted: frozenset[str | None] | None
) -> Mapping[str | None, _Sum]:
    """What was handed in of a period, and put on top of it, added up at each node and in all."""
    found: defaultdict[str | None, _Sum] = defaultdict(_Sum)
    forecast = set[str | None]()
    won, won_before = frozen.won[made.period], frozen.won[period_before(made.period)]
    for each in handed_in:
        line = (*frozen.line(each), None)
        forecast.update(line)
        actual, before = won.get(each.user_id, 0), won_before.get(each.user_id, 0)
        for node_id in line if wanted is None else wanted.intersection(line):
            summed = found[node_id]
            summed.called += each.called_minor
            summed.deals += each.deals_minor
            summed.actual += actual
            summed.before += before
            summed.people += 1
    lines = frozen.lines(made)
    for top in frozen.put_on_top:
        if top.made == made and top.subject_id in forecast and top.subject_id in lines:
            for node_id in found.keys() & {*lines[top.subject_id], None}:
                found[node_id].put_on_top += top.amount_minor
    return found


def _tell(tally: Tally, made: Made, summed: _Sum) -> None:
    for source, minor in (
        (ForecastSource.CALL, summed.called),
        (ForecastSource.ADJUSTED, summed.called + summed.put_on_top),
        (ForecastSource.DEALS, summed.deals),
    ):
        tally.pairs[source].append(Pair(made, minor, summed.actual, summed.before))
    tally.handed_in += summed.people


def _interval(frozen: Frozen, projected: Projected) -> Interval:
    actual = frozen.came(projected.made.period, projected.people)
    return Interval(projected.low_minor, projected.high_minor, projected.confidence, actual)


def _people(frozen: Frozen, made: Made, node_id: str | None) -> list[PersonForecast]:
    """Those who handed in at a node and below it, in the order of their ids."""
    on_top: dict[str, int] = {
        each.subject_id: each.amount_minor for each in frozen.put_on_top if each.made == made
    }
    expected = {each.subject_id: each.expected_minor for each in frozen.projected if each.made == made}
    return [
        PersonForecast(
            each,
            on_top.get(each.user_id, 0),
            expected.get(each.user_id),
            frozen.came(made.period, [each.user_id]),
        )
        for each in sorted(frozen.handed_in, key=lambda each: each.user_id)
        if each.made == made
        and (node_id is None or node_id in frozen.lines(made).get(each.user_id, (each.user_id,)))
    ]
