"""How account plans stand against what really happens: progress by measures, and health with its reasons.

A plan is judged by what a manager approved last, never by what is being written: filling in fields changes
nothing. Only records other than the plan, and actions that were done, move it. How far what is written is, is
told beside it, for whoever is to approve it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from metrics.account_movements import moved_on
from models.plan_records import Health
from models.plans import AccountPlan, PlanAction, progress, time_passed
from rules.agreed_plans import Agreed, AgreedMeasure, AgreedObjective, Aims, agreed_of, written_of
from rules.measures import Value, values
from rules.plan_judgements import Judged, Measured, Reason, ReasonKind, Revenue, Standing, Written

#: An objective is behind when its progress lags the share of the time that has passed by more than this.
TOLERANCE = Fraction(1, 10)
#: Days without anything that happened after which that is told, and after which a plan is abandoned.
QUIET_DAYS, ABANDONED_DAYS = 30, 90
_NOTHING = Value(None, ())


async def judged(tenant_id: str, plans: Sequence[AccountPlan], as_of: date) -> dict[str, Judged]:
    """How plans stand as of a date, by id; one that was closed before, as of the day on which it was closed.

    A few statements for all of them together, and one for each kind of fact that is measured.
    """
    by_day: dict[date, list[AccountPlan]] = defaultdict(list)
    for plan in plans:
        closed = plan.closed_on is not None and plan.closed_on < as_of
        by_day[plan.closed_on if closed and plan.closed_on else as_of].append(plan)
    found: dict[str, Judged] = {}
    for day, of_day in by_day.items():
        found |= await _judged(tenant_id, of_day, day)
    return found


async def _judged(tenant_id: str, plans: Sequence[AccountPlan], as_of: date) -> dict[str, Judged]:
    agreed = await agreed_of(tenant_id, plans, as_of)
    begun = [plan for plan in plans if plan.id in agreed and agreed[plan.id].first_on <= as_of]
    asked = [each for plan in begun for each in agreed[plan.id].asked(plan)]
    found = await values(tenant_id, asked, as_of)
    moved = await moved_on(tenant_id, sorted({plan.account_id for plan in begun}), as_of)
    done = await _done(tenant_id, begun, as_of)
    judged = {
        plan.id: Judged(as_of, Health.NOT_BEGUN, agreed[plan.id].number if plan.id in agreed else None, None)
        for plan in plans
    }
    for plan in begun:
        judged[plan.id] = _judge(plan.id, agreed[plan.id], found, done, moved.get(plan.account_id), as_of)
    return judged


async def standing(tenant_id: str, plans: Sequence[AccountPlan], as_of: date) -> dict[str, Written]:
    """How far what is written of plans now is as of a date, by id, whether it was approved or not."""
    written = await written_of(plans)
    found = await values(tenant_id, [each for plan in plans for each in written[plan.id].asked(plan)], as_of)
    done = await _done(tenant_id, plans, as_of)
    return {
        plan.id: Written(
            as_of,
            _objectives(written[plan.id], found, done, as_of),
            _revenue(plan.id, written[plan.id], found, as_of),
        )
        for plan in plans
    }


async def _done(tenant_id: str, plans: Sequence[AccountPlan], as_of: date) -> dict[str, date]:
    """The days on which actions were done, by id."""
    ids = [plan.id for plan in plans]
    rows = PlanAction.filter(tenant_id=tenant_id, account_plan_id__in=ids, done_on__lte=as_of)
    return dict(await rows.values_list("id", "done_on"))


def _judge(
    plan_id: str,
    agreed: Agreed,
    found: Mapping[str, Value],
    done: Mapping[str, date],
    moved: date | None,
    as_of: date,
) -> Judged:
    objectives = _objectives(agreed, found, done, as_of)
    revenue = _revenue(plan_id, agreed, found, as_of)
    acted = [done[each.id] for each in agreed.actions if each.id in done]
    last = max([agreed.since, agreed.first_on, *acted, *([moved] if moved else [])])
    reasons = (
        *_behind(objectives, agreed.currency),
        *_short(revenue, agreed.currency),
        *_overdue(agreed, done, as_of),
        *_idle(objectives),
        *_quiet(last, as_of),
    )
    return Judged(as_of, _health(objectives, reasons), agreed.number, last, reasons, objectives, revenue)


def _health(objectives: Sequence[Standing], reasons: Iterable[Reason]) -> Health:
    counted = [each for each in objectives if each.status.counts]
    if counted and all(each.reached for each in counted):
        return Health.ACHIEVED
    deciding = {reason.kind for reason in reasons if reason.decides}
    if ReasonKind.NOTHING_MOVED in deciding:
        return Health.ABANDONED
    return Health.BEHIND if deciding else Health.ON_TRACK


def _objectives(
    aims: Aims, found: Mapping[str, Value], done: Mapping[str, date], as_of: date
) -> tuple[Standing, ...]:
    return tuple(_standing(each, aims, found, done, as_of) for each in aims.objectives)


def _standing(
    objective: AgreedObjective,
    agreed: Aims,
    found: Mapping[str, Value],
    done: Mapping[str, date],
    as_of: date,
) -> Standing:
    measures = tuple(
        _measured(each, found.get(each.id, _NOTHING))
        for each in agreed.measures
        if each.objective_id == objective.id
    )
    actions = [each for each in agreed.actions if each.objective_id == objective.id]
    finished = sum(each.id in done for each in actions)
    if measures:
        far = min(each.progress for each in measures)
    else:
        far = Fraction(finished, len(actions)) if actions else Fraction(0)
    passed = time_passed(agreed.first_on, objective.due_on, as_of)
    return Standing(
        id=objective.id,
        title=objective.title,
        due_on=objective.due_on,
        status=objective.status,
        progress=far,
        passed=passed,
        reached=bool(measures) and far == 1,
        behind=objective.status.counts and _lags(far, passed),
        measures=measures,
        actions=len(actions),
        actions_done=finished,
    )


def _lags(progress: Fraction, passed: Fraction) -> bool:
    """Whether progress lags the time that has passed by more than may be; at the end, by anything."""
    return progress < (1 if passed == 1 else passed - TOLERANCE)


def _measured(each: AgreedMeasure, value: Value) -> Measured:
    return Measured(
        id=each.id,
        title=each.title,
        fact_kind=each.fact_kind,
        is_money=each.measure is not None and each.measure.is_money,
        value=value.amount,
        baseline=each.baseline,
        target=each.target,
        progress=progress(value.amount, each.baseline, each.target, each.way),
        records=value.records,
    )


def _revenue(plan_id: str, agreed: Aims, found: Mapping[str, Value], as_of: date) -> Revenue | None:
    if agreed.target is None:
        return None
    annual, pipeline = found[f"{plan_id} annual"], found[f"{plan_id} pipeline"]
    sight = (annual.amount or Fraction(0)) + (pipeline.amount or Fraction(0))
    far = min(Fraction(1), sight / agreed.target) if agreed.target else Fraction(1)
    passed = time_passed(agreed.first_on, agreed.last_on, as_of)
    return Revenue(
        target=agreed.target,
        annual=annual.amount or Fraction(0),
        pipeline=pipeline.amount or Fraction(0),
        progress=far,
        passed=passed,
        behind=_lags(far, passed),
        records=(*annual.records, *pipeline.records),
    )


def _behind(objectives: Iterable[Standing], currency: str) -> Iterator[Reason]:
    for each in objectives:
        if each.behind:
            yield Reason(
                ReasonKind.OBJECTIVE_BEHIND,
                True,
                f"{each.title}: {_percent(each.progress)} % reached{_by(each, currency)},"
                f" {_percent(each.passed)} % of the time has passed",
                each.id,
                each.progress,
                each.passed,
                records=tuple(record for measured in each.measures for record in measured.records),
                measure=each.lagging,
            )


def _by(objective: Standing, currency: str) -> str:
    """What an objective is that far by: the measure that lags most, or its actions where it has none."""
    if lagging := objective.lagging:
        value = "nothing" if lagging.value is None else _amount(lagging.value, lagging, currency)
        return f" ({lagging.title}: {value}, target {_amount(Fraction(lagging.target), lagging, currency)})"
    if objective.actions:
        return f" ({objective.actions_done} of {objective.actions} actions done)"
    return ""


def _amount(number: Fraction, of: Measured, currency: str) -> str:
    """A number as a sentence has it: money with its currency, others with two places at most."""
    if of.is_money:
        return _money(number, currency)
    text = f"{float(number):,.2f}"
    return text.rstrip("0").rstrip(".")


def _money(amount: Fraction, currency: str) -> str:
    return f"{currency} {Decimal(amount.numerator) / amount.denominator:,.2f}"


def _short(revenue: Revenue | None, currency: str) -> Iterator[Reason]:
    if revenue and revenue.behind:
        yield Reason(
            ReasonKind.REVENUE_BEHIND,
            True,
            f"{_percent(revenue.progress)} % of the revenue target is in sight"
            f" ({_money(revenue.in_sight, currency)} of {_money(revenue.target, currency)}),"
            f" {_percent(revenue.passed)} % of the time has passed",
            None,
            revenue.progress,
            revenue.passed,
            records=revenue.records,
        )


def _overdue(agreed: Agreed, done: Mapping[str, date], as_of: date) -> Iterator[Reason]:
    for each in agreed.actions:
        if each.id not in done and each.due_on < as_of:
            days = (as_of - each.due_on).days
            yield Reason(
                ReasonKind.ACTION_OVERDUE,
                True,
                f"{each.title}: overdue by {_days(days)}",
                each.id,
                days=days,
            )


def _idle(objectives: Iterable[Standing]) -> Iterator[Reason]:
    for each in objectives:
        if each.status.counts and not each.reached and not each.actions:
            yield Reason(
                ReasonKind.OBJECTIVE_WITHOUT_ACTION,
                False,
                f"{each.title}: nobody is to do anything for it",
                each.id,
                each.progress,
                each.passed,
            )


def _quiet(last: date, as_of: date) -> Iterator[Reason]:
    days = (as_of - last).days
    if days > QUIET_DAYS:
        yield Reason(
            ReasonKind.NOTHING_MOVED,
            days > ABANDONED_DAYS,
            f"nothing that it is about has happened for {_days(days)}",
            days=days,
        )


def _percent(part: Fraction) -> int:
    """A part of 1 in whole percent, rounded down: what is not reached never reads as 100."""
    return int(part * 100)


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
