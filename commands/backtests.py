"""Trying rules at past dates against what happened afterwards; nothing but the backtest itself is written."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import TypeAdapter

from commands import rulebooks, scopes
from commands.access import system_actor
from commands.actors import actor_of
from commands.dry_runs import joined
from commands.evaluations import look
from commands.journal import unit_of_work
from commands.permissions import TRY_RULES, require
from metrics.outcomes import OutcomeKind, Unit, units
from models.access import Actor, Tenant
from models.base import check_day, latest_today, utcnow
from models.errors import BellwetherError, Invalid
from models.rulebooks import Backtest, BacktestState, Rulebook, Step
from models.services import months_before
from rules.backtest import Score, Trial, outcomes_of, score, units_flagged
from rules.engine.pool import EnginePool
from rules.files import Document
from rules.tree import Book, Rule

MAX_DATES = 60
MAX_HORIZON_DAYS = 730
#: A backtest that was not heard of for this long belongs to a process that is gone.
SILENT = timedelta(minutes=10)

#: Told how many of the dates are tried, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Period:
    """The dates of a backtest, how far ahead it looks, and the last day of which anything is known."""

    from_on: date
    until_on: date
    step: Step
    horizon_days: int
    known_until: date

    @property
    def dates(self) -> list[date]:
        """The dates at which rules are tried; of months too short for the day, the last day."""
        found: list[date] = []
        for number in range(MAX_DATES + 1):
            day = _after(self.from_on, self.step, number)
            if day > self.until_on:
                break
            found.append(day)
        return found

    def check(self) -> None:
        """Raise Invalid unless the dates are in order, in the past, and not too many."""
        for name in ("from_on", "until_on", "known_until"):
            check_day(getattr(self, name), _path(name))
        if not self.from_on <= self.until_on <= self.known_until:
            raise Invalid(
                f"{self.from_on}, {self.until_on} and {self.known_until} are not in order", ["fromOn"]
            )
        if self.known_until > latest_today():
            raise Invalid(f"{self.known_until} is in the future", ["knownUntil"])
        if len(self.dates) > MAX_DATES:
            raise Invalid(f"more than {MAX_DATES} dates; allowed: {MAX_DATES}", ["untilOn"])
        if not 1 <= self.horizon_days <= MAX_HORIZON_DAYS:
            raise Invalid(
                f"{self.horizon_days} days ahead; allowed: 1 to {MAX_HORIZON_DAYS}", ["horizonDays"]
            )


def _path(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


def _after(day: date, step: Step, number: int) -> date:
    if step is Step.WEEK:
        return day + timedelta(weeks=number)
    month = months_before(day, -number * (1 if step is Step.MONTH else 3))
    return month.replace(day=min(day.day, calendar.monthrange(month.year, month.month)[1]))


@dataclass(frozen=True)
class Report:
    """How rules did: a score for each rule and outcome; ``accounts`` were there at the last date.

    ``failed`` is how often an account could not be judged, at any of the dates.
    """

    dates: tuple[date, ...]
    horizon_days: int
    known_until: date
    accounts: int
    failed: int
    scores: tuple[Score, ...]

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting the figures."""
        return [warning for each in self.scores for warning in each.warnings]


_REPORT = TypeAdapter(Report)


async def backtest(
    actor: Actor,
    engine: EnginePool,
    name: str,
    documents: Sequence[Document],
    period: Period,
    progress: Progress | None = None,
) -> Report:
    """Try the rules of a rulebook at each date of a period against what happened afterwards.

    They see what was known at the end of the date, beside the other live rulebooks; what happened is as it is
    known now. Only accounts that the actor answers for count.

    Raises:
        Invalid: the period is not in order, in the future, or too long.
        InvalidRulebook: with every problem of the documents.
    """

    async def tell(done: int) -> None:
        if progress:
            progress(done, len(period.dates))

    return await _reported(actor, engine, name, documents, period, tell)


async def _reported(
    actor: Actor,
    engine: EnginePool,
    name: str,
    documents: Sequence[Document],
    period: Period,
    tell: Callable[[int], Awaitable[object]],
) -> Report:
    """The report; ``tell`` is told of each date how many are tried by then."""
    require(actor, TRY_RULES, "try rules")
    period.check()
    book = joined(await rulebooks.documents_besides(actor, name), (name, documents))
    own = [rule for rule in book.rules if rule.key not in book.origins and (rule.flag or rule.advice)]
    trials: list[Trial] = []
    for as_of in period.dates:
        trials.append(await _trial(actor, engine, book, own, period, as_of))
        await tell(len(trials))
    return Report(
        tuple(period.dates),
        period.horizon_days,
        period.known_until,
        trials[-1].accounts,
        sum(trial.failed for trial in trials),
        tuple(score(rule.key, outcome, trials) for rule in own for outcome in outcomes_of(rule)),
    )


async def _trial(
    actor: Actor, engine: EnginePool, book: Book, own: Sequence[Rule], period: Period, as_of: date
) -> Trial:
    seen = await look(actor, engine, as_of, book, known_on=as_of)
    keys = {rule.key for rule in own}
    flagged: dict[str, set[str]] = defaultdict(set)
    for verdict in seen.verdicts:
        if verdict.rule.key in keys:
            flagged[verdict.rule.key].update(units_flagged(verdict))
    horizon = as_of + timedelta(days=period.horizon_days)
    there = await _units(actor, own, as_of, min(horizon, period.known_until))
    anywhere = set().union(*flagged.values())
    return Trial(
        as_of=as_of,
        decided=horizon <= period.known_until,
        flagged={key: frozenset(ids) for key, ids in flagged.items()},
        population={outcome: len(of) for outcome, of in there.items()},
        units={
            outcome: {unit.id: unit for unit in of if unit.event_on or unit.id in anywhere}
            for outcome, of in there.items()
        },
        accounts=seen.accounts,
        failed=len(seen.failures),
    )


async def _units(
    actor: Actor, own: Sequence[Rule], as_of: date, until: date
) -> dict[OutcomeKind, list[Unit]]:
    """What there was for the actor to flag as of a date, by outcome."""
    ours = None
    if actor.owners is not None:
        ours = set(await scopes.answered_for(actor, as_of, known_on=as_of))
    wanted = dict.fromkeys(outcome for rule in own for outcome in outcomes_of(rule))
    return {
        outcome: [
            unit
            for unit in await units(actor.tenant_id, outcome, as_of, until, as_of)
            if ours is None or unit.account_id in ours
        ]
        for outcome in wanted
    }


async def request(
    actor: Actor,
    name: str,
    documents: Sequence[Document],
    period: Period,
    rulebook: Rulebook | None = None,
) -> Backtest:
    """Have rules tried in the background; the server takes it up within seconds.

    Raises:
        Invalid: the period is not in order, in the future, or too long.
        InvalidRulebook: with every problem of the documents; nothing is kept.
    """
    require(actor, TRY_RULES, "try rules")
    period.check()
    joined(await rulebooks.documents_besides(actor, name), (name, documents))
    async with unit_of_work(actor, "backtests.request") as work:
        return await work.create(
            Backtest(
                id=Backtest.make_id(),
                tenant_id=actor.tenant_id,
                actor_id=actor.user_id or None,
                rulebook_id=rulebook.id if rulebook else None,
                name=name,
                documents=[dict(document) for document in documents],
                total=len(period.dates),
                **period.__dict__,
            )
        )


async def carry_out_waiting(engine: EnginePool) -> int:
    """Try the rules of every backtest that waits, and of those whose process is gone; how many."""
    lost = Backtest.filter(state=BacktestState.RUNNING, updated_at__lt=utcnow() - SILENT)
    await lost.update(state=BacktestState.WAITING)
    done = 0
    while (waiting := await Backtest.filter(state=BacktestState.WAITING).order_by("id").first()) is not None:
        taken = await Backtest.filter(id=waiting.id, state=BacktestState.WAITING).update(
            state=BacktestState.RUNNING, done=0, version=waiting.version + 1, updated_at=utcnow()
        )
        if taken:
            await _carry_out(await Backtest.get(id=waiting.id), engine)
            done += 1
    return done


async def _carry_out(record: Backtest, engine: EnginePool) -> None:
    actor = await _asker(record)

    async def tell(done: int) -> None:
        await Backtest.filter(id=record.id).update(done=done, updated_at=utcnow())

    try:
        report = await _reported(actor, engine, record.name, record.documents, _period(record), tell)
    except BellwetherError as error:
        await _end(actor, record, {"state": BacktestState.FAILED, "failure": error.message})
    else:
        await _end(
            actor,
            record,
            {"state": BacktestState.COMPLETE, "report": _REPORT.dump_python(report, mode="json")},
        )


def _period(record: Backtest) -> Period:
    return Period(record.from_on, record.until_on, Step(record.step), record.horizon_days, record.known_until)


async def _asker(record: Backtest) -> Actor:
    """Who asked, with what may be seen today."""
    if record.actor_id:
        return await actor_of(record.actor_id, record.tenant_id)
    return system_actor(await Tenant.get(id=record.tenant_id))


async def _end(actor: Actor, record: Backtest, values: dict[str, object]) -> None:
    async with unit_of_work(actor, "backtests.finish") as work:
        await work.update(record, {**values, "finished_at": utcnow()})


def report_of(record: Backtest) -> Report | None:
    """The report of a backtest that is complete."""
    return _REPORT.validate_python(record.report) if record.report else None
