"""Handing in forecasts, adjusting them, quotas, and shares in deals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import strawberry
from strawberry import UNSET

from commands import forecast
from commands.forecast import Called
from commands.validation import LARGEST
from models import access
from models import forecast as stored
from models.access import Actor
from models.deals import ForecastCategory
from models.errors import Invalid, under
from models.forecast import Measure
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.deals import DealSplit
from schema.forecast import ForecastAdjustment, ForecastCalendar, ForecastSubmission, PeriodInput
from schema.mutations.translation import READ_AT_IF_TOLD, MoneyInput, attempt, columns, minor
from schema.quotas import Quota


@strawberry.input
class SetQuotaInput:
    """What somebody or a team is to win in a period; set again, the last number holds."""

    subject_id: strawberry.ID = strawberry.field(
        description="The id of an active user whom the caller leads, or of a team that they lead or one"
        " below it."
    )
    period: PeriodInput = strawberry.field(description="The period in which it is to be won.")
    measure: Measure = strawberry.field(
        default=Measure.TCV, description="What it counts of the deals that are won."
    )
    amount: MoneyInput | None = strawberry.field(
        default=None, description="What is to be won; absent or null where deals are counted."
    )
    deals: int | None = strawberry.field(
        default=None, description="How many deals are to be won; absent or null where money is counted."
    )


@strawberry.input
class ShareInput:
    """Somebody's share in a deal."""

    user_id: strawberry.ID = strawberry.field(description="The id of an active user of the tenant.")
    percent: int = strawberry.field(description="Their share in percent, 1 to 100.")


@strawberry.input
class SetDealSplitsInput:
    """Among whom a deal is shared from a day on: all shares come to 100 percent."""

    deal_id: strawberry.ID = strawberry.field(description="The id of the deal.")
    shares: list[ShareInput] = strawberry.field(
        description="The shares, one for each user; none makes the deal its owner's alone."
    )
    on: date | None = strawberry.field(
        default=None, description="The day since when, not in the future; default: today (UTC)."
    )


@strawberry.input
class CallInput:
    """What is called for a category."""

    category: ForecastCategory = strawberry.field(description="COMMIT, BEST_CASE or PIPELINE, each once.")
    amount: MoneyInput | None = strawberry.field(
        default=None,
        description="What will have been won by the end of the period if the deals of the category and of"
        " better ones are; absent or null for no call.",
    )
    comment: str | None = strawberry.field(
        default=None, description="What to say about it, up to 2,000 characters; null for nothing."
    )


@strawberry.input
class SaveForecastInput:
    """A forecast of the present week for a period, before it is handed in."""

    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is: the caller's own (the default), or somebody's whom they lead."
    )
    week: date = strawberry.field(description="The Monday of the present week (UTC).")
    period: PeriodInput = strawberry.field(description="The period that is forecast; it is not over.")
    calls: list[CallInput] = strawberry.field(
        description="What is called; a category that is absent stays as it was."
    )
    comment: str | None = strawberry.field(
        default=None, description="What to say about the week, up to 2,000 characters; null for nothing."
    )


@strawberry.input
class SubmitForecastInput:
    """Which forecast is handed in."""

    id: strawberry.ID = strawberry.field(description="The id of the forecast.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class ReopenForecastInput:
    """Which forecast is opened again, and why."""

    id: strawberry.ID = strawberry.field(description="The id of the forecast.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    reason: str = strawberry.field(description="Why, up to 500 characters, not blank.")


@strawberry.input
class AdjustForecastInput:
    """What is put on top of somebody's or a team's number this week; it replaces what was there."""

    subject_id: strawberry.ID = strawberry.field(
        description="Whose number: the id of an active user whom the caller leads, other than they"
        " themselves, or of a team that they lead or one below it."
    )
    week: date = strawberry.field(description="The Monday of the present week (UTC).")
    period: PeriodInput = strawberry.field(description="The period that is forecast; it is not over.")
    category: ForecastCategory = strawberry.field(description="COMMIT, BEST_CASE or PIPELINE.")
    amount: Decimal = strawberry.field(
        description="What is added, in whole units of the tenant's currency with at most two places; below"
        " 0 takes from the number, 0 takes an adjustment back."
    )
    reason: str = strawberry.field(description="Why, up to 500 characters, not blank.")


@strawberry.input
class SetForecastCalendarInput:
    """What changes of the calendar that forecasts follow."""

    fiscal_month: int | None = strawberry.field(
        default=UNSET,
        description="The number of the month with which fiscal years begin: 1 for January to 12. Absent or"
        " null leaves it as it is.",
    )
    forecast_weekday: int | None = strawberry.field(
        default=UNSET,
        description="The number of the weekday on which forecasts are due: 1 for Monday to 7 for Sunday."
        " Absent or null leaves it as it is.",
    )
    forecast_hour: int | None = strawberry.field(
        default=UNSET,
        description="The number of the hour of that day by whose end they are due (UTC): 1 to 24. Absent or"
        " null leaves it as it is.",
    )
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class QuotaPayload:
    """The quota as it is now, or what was wrong."""

    quota: Quota | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class DealSplitsPayload:
    """The shares in a deal as they are now, or what was wrong."""

    splits: list[DealSplit] | None = column(
        "The shares that there are now, in the order of the ids of their people; null when nothing was"
        " written."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ForecastPayload:
    """The forecast as it is now, or what was wrong."""

    submission: ForecastSubmission | None = column(
        "As it is now; null when nothing was written, but for a conflict."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ForecastAdjustmentPayload:
    """The adjustment as it is now, or what was wrong."""

    adjustment: ForecastAdjustment | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ForecastCalendarPayload:
    """The calendar as it is now, or what was wrong."""

    calendar: ForecastCalendar | None = column(
        "As it is now; null when nothing was written, but for a conflict."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ForecastMutations:
    """What owners and managers do each week."""

    @strawberry.mutation
    async def set_quota(self, info: Info, input: SetQuotaInput) -> QuotaPayload:
        """Say what somebody, or a team, is to win in a period."""
        actor = info.context.actor

        async def command() -> stored.Quota:
            return await forecast.set_quota(
                actor, input.subject_id, input.period.period(), input.measure, _target(actor, input)
            )

        quota, errors = await attempt(stored.Quota, command)
        return QuotaPayload(quota=Quota.of(quota) if quota else None, errors=errors)

    @strawberry.mutation
    async def set_deal_splits(self, info: Info, input: SetDealSplitsInput) -> DealSplitsPayload:
        """Share a deal among people, whose quotas it counts for from then on."""
        actor = info.context.actor

        async def command() -> list[stored.DealSplit]:
            shares: dict[str, int] = {}
            for number, each in enumerate(input.shares):
                if each.user_id in shares:
                    raise Invalid(f"{each.user_id} has a share twice", [f"shares.{number}.userId"])
                shares[each.user_id] = each.percent
            return await forecast.set_splits(actor, input.deal_id, shares, input.on)

        splits, errors = await attempt(list, command)
        shown = None if errors else [DealSplit.of(each) for each in splits or ()]
        return DealSplitsPayload(splits=shown, errors=errors)

    @strawberry.mutation
    async def save_forecast(self, info: Info, input: SaveForecastInput) -> ForecastPayload:
        """Write down what is called this week, without handing it in."""
        actor = info.context.actor

        async def command() -> stored.ForecastSubmission:
            return await forecast.save(
                actor,
                input.week,
                input.period.period(),
                list(_calls(actor, input.calls)),
                user_id=input.user_id,
                comment=input.comment,
            )

        return _payload(*await attempt(stored.ForecastSubmission, command))

    @strawberry.mutation
    async def submit_forecast(self, info: Info, input: SubmitForecastInput) -> ForecastPayload:
        """Hand in a forecast: its numbers, and the deals of the period as they are, stand from now on."""
        actor = info.context.actor
        return _payload(
            *await attempt(stored.ForecastSubmission, lambda: forecast.submit(actor, input.id, input.version))
        )

    @strawberry.mutation
    async def reopen_forecast(self, info: Info, input: ReopenForecastInput) -> ForecastPayload:
        """Open a forecast again that was handed in: its owner until the deadline, then a manager."""
        actor = info.context.actor
        return _payload(
            *await attempt(
                stored.ForecastSubmission,
                lambda: forecast.reopen(actor, input.id, input.reason, input.version),
            )
        )

    @strawberry.mutation
    async def adjust_forecast(self, info: Info, input: AdjustForecastInput) -> ForecastAdjustmentPayload:
        """Put an amount on top of what somebody or a team calls, and say why."""
        actor = info.context.actor

        async def command() -> stored.ForecastAdjustment:
            return await forecast.adjust(
                actor,
                input.subject_id,
                input.week,
                input.period.period(),
                input.category,
                _signed(input.amount),
                input.reason,
            )

        found, errors = await attempt(stored.ForecastAdjustment, command)
        return ForecastAdjustmentPayload(
            adjustment=ForecastAdjustment.of(found) if found else None, errors=errors
        )

    @strawberry.mutation
    async def set_forecast_calendar(
        self, info: Info, input: SetForecastCalendarInput
    ) -> ForecastCalendarPayload:
        """Say when fiscal years begin, and when the forecasts of a week are due."""
        actor = info.context.actor
        given = {name: value for name, value in columns(actor, input).items() if isinstance(value, int)}
        tenant, errors = await attempt(
            access.Tenant, lambda: forecast.set_calendar(actor, given, input.version)
        )
        return ForecastCalendarPayload(
            calendar=ForecastCalendar.of(tenant) if tenant else None, errors=errors
        )


def _payload(found: stored.ForecastSubmission | None, errors: list[UserError]) -> ForecastPayload:
    return ForecastPayload(submission=ForecastSubmission.of(found) if found else None, errors=errors)


def _target(actor: Actor, given: SetQuotaInput) -> int:
    """The target in the unit of the measure.

    Raises:
        Invalid: it is missing, or given in another unit.
    """
    is_money = given.measure.is_money
    if (given.amount is None) == is_money or (given.deals is not None) == is_money:
        raise Invalid(f"a quota in {given.measure} has {'amount' if is_money else 'deals'} alone", ["amount"])
    if given.deals is not None:
        return given.deals
    found = minor(actor, given.amount, "amount")
    assert found is not None
    return found


def _calls(actor: Actor, given: list[CallInput]) -> list[Called]:
    found = []
    for number, call in enumerate(given):
        with under(f"calls.{number}"):
            found.append(Called(call.category, minor(actor, call.amount, "amount"), call.comment))
    return found


def _signed(amount: Decimal) -> int:
    """An amount that may be less than nothing, in minor units.

    Raises:
        Invalid: not a number, too large, or a fraction of a cent.
    """
    if not amount.is_finite() or not -LARGEST <= amount <= LARGEST or amount != round(amount, 2):
        raise Invalid(
            f"amount is out of range; allowed: {-LARGEST:,} to {LARGEST:,} with two decimals", ["amount"]
        )
    return int(amount * 100)
