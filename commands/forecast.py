"""The weekly forecast: quotas, shares in deals, handing in, adjusting, and the calendar that it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commands.journal import Work, check_version, unit_of_work
from commands.permissions import FORECAST, LEAD, require
from commands.validation import MAX_INT, MAX_MINOR, active_user, check_value
from metrics import forecast as metric
from metrics.forecast import OPEN, Categories
from metrics.organisation import organisation
from models.access import Actor, Team, Tenant, User
from models.base import check_day, is_id, today, utcnow
from models.deals import Deal, ForecastCategory
from models.errors import Forbidden, Invalid, InvalidTransition, NotFound, allowed
from models.forecast import (
    DealSplit,
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    Measure,
    Period,
    Quota,
    SubmissionState,
    deadline,
    week_of,
)
from models.visibility import find, sees

#: A period is no longer than a leap year.
LONGEST_PERIOD = 366
WHOLE = 100
_CALENDAR = {"fiscal_month": 12, "forecast_weekday": 7, "forecast_hour": 24}


@dataclass(frozen=True)
class Called:
    """What an owner calls for a category: minor units, None for no call, and what they say about it."""

    category: ForecastCategory
    amount_minor: int | None
    comment: str | None = None


async def set_quota(actor: Actor, subject_id: str, period: Period, measure: Measure, target: int) -> Quota:
    """Say what a user, or a team, is to win in a period; said again, the last number holds.

    Raises:
        Invalid: the period or the target is out of range.
        NotFound: there is no such active user or team.
        Forbidden: it is not one that the actor leads.
    """
    require(actor, LEAD, "set quotas")
    checked(period)
    most = MAX_MINOR if measure.is_money else MAX_INT
    if not 0 <= target <= most:
        raise Invalid(f"{target} is out of range; allowed: 0 to {most:,}", ["target"])
    subject = await _led(actor, subject_id)
    known = await Quota.get_or_none(tenant_id=actor.tenant_id, measure=measure, **subject, **_dates(period))
    async with unit_of_work(actor, "forecast.set_quota") as work:
        if known:
            return await work.update(known, {"target": target})
        return await work.create(
            Quota(
                id=Quota.make_id(),
                tenant_id=actor.tenant_id,
                measure=measure,
                target=target,
                currency=actor.currency,
                **subject,
                **_dates(period),
            )
        )


async def set_splits(
    actor: Actor, deal_id: str, shares: Mapping[str, int], on: date | None = None
) -> list[DealSplit]:
    """Share a deal among people from ``on`` (default today), in percent; without shares it is its owner's.

    Raises:
        Invalid: the shares do not come to 100, or one is not 1 to 100.
        NotFound: there is no such deal, or no such active user.
    """
    require(actor, LEAD, "share deals")
    deal = await find(Deal, actor, deal_id, "dealId")
    if shares and (sum(shares.values()) != WHOLE or min(shares.values()) < 1):
        raise Invalid("the shares of a deal are 1 to 100 percent each and come to 100", ["shares"])
    for number, user_id in enumerate(shares):
        await active_user(actor, user_id, f"shares.{number}.userId")
    on = on or today()
    check_day(on, "on")
    if on > today():
        raise Invalid(f"{on} is in the future; allowed: {today()} and earlier", ["on"])
    standing = {
        row.user_id: row for row in await DealSplit.filter(tenant_id=actor.tenant_id, deal_id=deal.id)
    }
    async with unit_of_work(actor, "forecast.set_splits", on=on) as work:
        for user_id, row in standing.items():
            await work.update(row, {"percent": shares.get(user_id, 0)})
        new = [
            DealSplit(
                id=DealSplit.make_id(),
                tenant_id=actor.tenant_id,
                deal_id=deal.id,
                user_id=user_id,
                percent=percent,
                valid_from=on,
            )
            for user_id, percent in shares.items()
            if user_id not in standing
        ]
        await work.create_all(new)
        work.object_id = deal.id
    return await DealSplit.filter(tenant_id=actor.tenant_id, deal_id=deal.id, percent__gt=0).order_by(
        "user_id"
    )


async def set_calendar(actor: Actor, values: Mapping[str, int], version: int | None = None) -> Tenant:
    """Say with which month fiscal years begin, and on which weekday and hour (UTC) forecasts are due.

    Raises:
        Invalid: a number is out of range.
        Conflict: somebody changed the tenant since ``version``.
    """
    require(actor, LEAD, "change the forecast's calendar")
    tenant = await Tenant.get(id=actor.tenant_id)
    check_version(tenant, version)
    for name, value in values.items():
        if not 1 <= value <= _CALENDAR[name]:
            raise Invalid(f"{value} is out of range; allowed: 1 to {_CALENDAR[name]}", [name])
    async with unit_of_work(actor, "forecast.set_calendar") as work:
        return await work.update(tenant, dict(values), version)


async def save(
    actor: Actor,
    week: date,
    period: Period,
    calls: Sequence[Called],
    *,
    user_id: str | None = None,
    comment: str | None = None,
) -> ForecastSubmission:
    """Write down what somebody calls for a period this week, without handing it in; default: for oneself.

    Raises:
        Invalid: a number is out of range, a category is called twice or cannot be, or the week is another
        one.
        InvalidTransition: the forecast is handed in; it must be opened again first.
        Forbidden: it is the forecast of somebody whom the actor does not lead.
    """
    require(actor, FORECAST, "forecast")
    owner = await _owner(actor, user_id)
    checked(period)
    _check_week(week, period)
    _check_calls(calls)
    check_value(ForecastSubmission, "comment", comment, "comment")
    standing = await _standing(actor, owner.id, week, period)
    if standing and standing.state == SubmissionState.SUBMITTED:
        raise InvalidTransition("the forecast is handed in; reopen it to change it", ["week"])
    async with unit_of_work(actor, "forecast.save") as work:
        if standing is None:
            standing = await work.create(_new(actor, owner, week, period, comment))
            await work.create_all([_call(standing, category) for category in OPEN])
        else:
            await work.update(standing, {"comment": comment})
        rows = {ForecastCategory(row.category): row for row in await _calls(standing)}
        for call in calls:
            await work.update(
                rows[call.category], {"draft_minor": call.amount_minor, "comment": call.comment}
            )
        work.object_id = standing.id
    return standing


async def submit(actor: Actor, submission_id: str, version: int | None = None) -> ForecastSubmission:
    """Hand in a forecast: what is called, and the deals of the period as they are, stand from now on.

    Raises:
        InvalidTransition: it is handed in already, or its week is over.
        Conflict: it was changed since ``version``.
    """
    require(actor, FORECAST, "hand in forecasts")
    submission = await find(ForecastSubmission, actor, submission_id, "id")
    owner = await _owner(actor, submission.user_id)
    check_version(submission, version)
    if submission.state == SubmissionState.SUBMITTED:
        raise InvalidTransition("the forecast is handed in already", ["id"])
    _check_week(submission.week, Period(submission.first_on, submission.last_on))
    period = Period(submission.first_on, submission.last_on)
    found = await metric.categories(_as_owner(actor, owner), period, today())
    deals, now = found.get(owner.id, Categories()), utcnow()
    won = deals.of(ForecastCategory.CLOSED)
    async with unit_of_work(actor, "forecast.submit") as work:
        await _freeze(work, submission, deals)
        return await work.update(
            submission,
            {
                "state": SubmissionState.SUBMITTED,
                "submitted_at": now,
                "submitted_by_id": actor.user_id or None,
                "team_id": owner.team_id,
                "is_late": now > await due(actor, submission.week),
                "won_minor": won.minor,
                "won_deals": won.deals,
            },
            version,
        )


async def reopen(
    actor: Actor, submission_id: str, reason: str, version: int | None = None
) -> ForecastSubmission:
    """Open a forecast again that was handed in: its owner until the deadline, a manager until the week's end.

    Until it is handed in anew it counts as it was.

    Raises:
        InvalidTransition: it is not handed in, or its week is over.
        Forbidden: the deadline is over, and the actor is its owner.
    """
    require(actor, FORECAST, "reopen forecasts")
    submission = await find(ForecastSubmission, actor, submission_id, "id")
    await _owner(actor, submission.user_id)
    check_version(submission, version)
    check_value(ForecastSubmission, "reopened_because", reason, "reason")
    if submission.state != SubmissionState.SUBMITTED:
        raise InvalidTransition("only a forecast that is handed in is opened again", ["id"])
    _check_week(submission.week, Period(submission.first_on, submission.last_on))
    is_own = submission.user_id == actor.principal_id
    if is_own and utcnow() > await due(actor, submission.week):
        raise Forbidden("the deadline is over; a manager may open it again", ["id"])
    async with unit_of_work(actor, "forecast.reopen") as work:
        return await work.update(
            submission, {"state": SubmissionState.REOPENED, "reopened_because": reason}, version
        )


async def adjust(
    actor: Actor,
    subject_id: str,
    week: date,
    period: Period,
    category: ForecastCategory,
    amount_minor: int,
    reason: str,
) -> ForecastAdjustment:
    """Put an amount on top of what a user or a team calls for a category this week, and say why.

    It replaces what was put on top of it before; 0 takes that back.

    Raises:
        Invalid: the amount is out of range, no reason is given, or the week is another one.
        NotFound: there is no such active user or team.
        Forbidden: it is oneself, or nobody whom the actor leads.
    """
    require(actor, LEAD, "adjust forecasts")
    checked(period)
    _check_week(week, period)
    _check_category(category)
    if not -MAX_MINOR <= amount_minor <= MAX_MINOR:
        raise Invalid(f"amount is out of range; allowed: {-MAX_MINOR} to {MAX_MINOR}", ["amount"])
    check_value(ForecastAdjustment, "reason", reason, "reason")
    subject = await _led(actor, subject_id)
    if subject_id == actor.principal_id:
        raise Forbidden("nobody adjusts their own forecast", ["subjectId"])
    known = await ForecastAdjustment.get_or_none(
        tenant_id=actor.tenant_id, week=week, category=category, **subject, **_dates(period)
    )
    async with unit_of_work(actor, "forecast.adjust") as work:
        if known:
            return await work.update(known, {"amount_minor": amount_minor, "reason": reason})
        return await work.create(
            ForecastAdjustment(
                id=ForecastAdjustment.make_id(),
                tenant_id=actor.tenant_id,
                made_by_id=actor.user_id,
                week=week,
                category=category,
                amount_minor=amount_minor,
                currency=actor.currency,
                reason=reason,
                **subject,
                **_dates(period),
            )
        )


async def due(actor: Actor, week: date) -> datetime:
    """When the forecasts of a week are due (UTC)."""
    tenant = await Tenant.get(id=actor.tenant_id)
    return deadline(week, tenant.forecast_weekday, tenant.forecast_hour)


async def _freeze(work: Work, submission: ForecastSubmission, deals: Categories) -> None:
    for row in await _calls(submission):
        category = ForecastCategory(row.category)
        await work.update(
            row,
            {
                "amount_minor": row.draft_minor,
                "deals": deals.of(category).deals,
                "single_minor": deals.of(category).minor,
                "cumulative_minor": deals.cumulative(category).minor,
            },
        )


def _as_owner(actor: Actor, owner: User) -> Actor:
    """Somebody who sees what the owner of a forecast is credited with, whoever hands it in."""
    return Actor(owner.id, actor.tenant_id, owner.name, actor.role, (owner.id,), actor.currency)


async def _owner(actor: Actor, user_id: str | None, path: str = "userId") -> User:
    """Whose it is: the actor's own, or that of somebody whom the actor leads."""
    owner = await active_user(actor, user_id or actor.principal_id, path)
    if actor.owners is not None and owner.id not in actor.owners:
        raise NotFound(f"no active user {owner.id!r}", [path])
    return owner


async def _led(actor: Actor, subject_id: str) -> dict[str, Any]:
    """The columns that name a user or a team of the actor's team or below.

    Raises:
        NotFound: there is no such active user whom the actor leads, and no such team.
        Forbidden: the team is not one that the actor leads.
    """
    if not is_id(subject_id, Team.prefix):
        return {"user_id": (await _owner(actor, subject_id, "subjectId")).id, "team_id": None}
    if not await sees(Team, actor, subject_id):
        raise NotFound(f"no team {subject_id!r}", ["subjectId"])
    tree = await organisation(actor, today())
    if subject_id not in tree.nodes:
        raise Forbidden("it is not a team that you lead, or one below it", ["subjectId"])
    return {"user_id": None, "team_id": subject_id}


def checked(period: Period) -> Period:
    """The period.

    Raises:
        Invalid: it is none, or too long.
    """
    check_day(period.first, "period.first")
    check_day(period.last, "period.last")
    if not 0 < period.days <= LONGEST_PERIOD:
        raise Invalid(f"a period has 1 to {LONGEST_PERIOD} days, not {period.days}", ["period"])
    return period


def _check_week(week: date, period: Period) -> None:
    """Refuse another week than the present one, and one after the period."""
    present = week_of(today())
    if week != present:
        raise Invalid(f"{week} is not the present week; allowed: {present}", ["week"])
    if period.last < week:
        raise Invalid(f"the period ended on {period.last}", ["period"])


def _check_calls(calls: Sequence[Called]) -> None:
    seen = set[ForecastCategory]()
    for number, call in enumerate(calls):
        path = f"calls.{number}"
        _check_category(call.category, f"{path}.category")
        if call.category in seen:
            raise Invalid(f"{call.category} is called twice", [f"{path}.category"])
        seen.add(call.category)
        if call.amount_minor is not None and not 0 <= call.amount_minor <= MAX_MINOR:
            raise Invalid(f"amount is out of range; allowed: 0 to {MAX_MINOR}", [f"{path}.amount"])
        check_value(ForecastCall, "comment", call.comment, f"{path}.comment")


def _check_category(category: ForecastCategory, path: str = "category") -> None:
    if category not in OPEN:
        raise Invalid(f"{category} is not called; allowed: {allowed(list(OPEN))}", [path])


async def _standing(actor: Actor, user_id: str, week: date, period: Period) -> ForecastSubmission | None:
    return await ForecastSubmission.get_or_none(
        tenant_id=actor.tenant_id, user_id=user_id, week=week, **_dates(period)
    )


async def _calls(submission: ForecastSubmission) -> list[ForecastCall]:
    return await ForecastCall.filter(tenant_id=submission.tenant_id, submission_id=submission.id)


def _new(actor: Actor, owner: User, week: date, period: Period, comment: str | None) -> ForecastSubmission:
    return ForecastSubmission(
        id=ForecastSubmission.make_id(),
        tenant_id=actor.tenant_id,
        user_id=owner.id,
        team_id=owner.team_id,
        week=week,
        currency=actor.currency,
        comment=comment,
        **_dates(period),
    )


def _call(submission: ForecastSubmission, category: ForecastCategory) -> ForecastCall:
    return ForecastCall(
        id=ForecastCall.make_id(),
        tenant_id=submission.tenant_id,
        submission_id=submission.id,
        category=category,
        currency=submission.currency,
    )


def _dates(period: Period) -> dict[str, Any]:
    return {"first_on": period.first, "last_on": period.last}
