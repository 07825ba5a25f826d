"""The funnel as clients see it, and how deals go through its stages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from metrics import funnel as metric
from metrics import stages
from models.access import Scope
from models.deals import ForecastCategory, Stage
from schema import sales
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.cost import costs
from schema.core.money import Money, certain_money
from schema.core.readable import needs
from schema.core.stored import column


@strawberry.type
class FunnelLine:
    """Deals of a stage or a category, or all of them."""

    deals: int = column("How many deals.")
    amount: Money = column("The sum of their amounts.")
    weighted_amount: Money = column("The sum of amount times probability; of what has ended zero.")
    median_days: float | None = column(
        "The median of the days that they have been in their stage; null where it is not known of any."
    )
    mean_days: float | None = column("The mean of these days; null where they are not known of any.")

    @classmethod
    def of(cls, line: metric.Line, currency: str) -> FunnelLine:
        """The object that shows a line."""
        return cls(
            deals=line.deals,
            amount=certain_money(line.amount_minor, currency),
            weighted_amount=certain_money(line.weighted_minor, currency),
            median_days=line.median_days,
            mean_days=line.mean_days,
        )


@strawberry.type
class FunnelStage:
    """What is in one open stage."""

    stage: Stage = column("The stage, one of the open ones.")
    line: FunnelLine = column("Its figures.")


@strawberry.type
class FunnelCategory:
    """What is in one forecast category."""

    category: ForecastCategory = column("The category, one of those that count.")
    line: FunnelLine = column("Its figures.")


@strawberry.type
class Funnel:
    """What is open and closes in a period, and what has closed in it."""

    as_of: date = column("The business date of the figures.")
    total: FunnelLine = column("All that is open and counts.")
    stages: list[FunnelStage] = column("The same by stage: the open stages in order.")
    categories: list[FunnelCategory] = column("The same by forecast category.")
    won: FunnelLine = column("What was won in the period, by the day on which it was.")
    lost: FunnelLine = column("What was lost in the period, by the day on which it was.")


@strawberry.type
class StagePassage:
    """What became of the deals that entered a stage within a range of days."""

    stage: Stage = column("The stage, one of the open ones.")
    entered: int = column("How many deals entered it, those that passed over it on their way forward too.")
    skipped: int = column("How many of them passed over it and were never in it.")
    advanced: int = column("How many of them came further later on.")
    won: int = column("How many of them have been won.")
    lost: int = column("How many of them have been lost.")
    conversion: float | None = column("Advanced of entered, 0 to 1; null when none entered.")
    win_rate: float | None = column("Won of those that have ended, 0 to 1; null when none has.")
    stays: int = column("How many times a deal began to be in the stage.")
    standing: int = column("How many of these stays last.")
    median_days: int | None = column(
        "The median of the days in the stage, by Kaplan and Meier, as stays that last count until now;"
        " null while"
        " more than half of the stays are not known to end."
    )


@strawberry.type
class FunnelQueries:
    """Reading the funnel."""

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def funnel(
        self,
        info: Info,
        period: sales.Closing = None,
        filter: sales.Filter = None,
        categories: sales.Categories = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> Funnel:
        """Open deals that the caller sees and that close in a period, by stage and by category."""
        actor = info.context.actor
        found = await metric.funnel(
            actor,
            sales.at(as_of, known_at),
            sales.period(period, "period"),
            await sales.wanted(actor, filter),
            sales.counting(categories),
        )
        return Funnel(
            as_of=found.as_of,
            total=FunnelLine.of(found.total, found.currency),
            stages=[
                FunnelStage(stage=stage, line=FunnelLine.of(line, found.currency))
                for stage, line in found.stages.items()
            ],
            categories=[
                FunnelCategory(category=category, line=FunnelLine.of(line, found.currency))
                for category, line in found.categories.items()
            ],
            won=FunnelLine.of(found.won, found.currency),
            lost=FunnelLine.of(found.lost, found.currency),
        )

    @costs(500)
    @strawberry.field
    async def stage_passages(
        self,
        info: Info,
        entered: Annotated[
            sales.DayRange, strawberry.argument(description="The days on which deals entered a stage.")
        ],
        filter: sales.Filter = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> list[StagePassage]:
        """What became of the deals that entered each open stage within a range of days."""
        actor = info.context.actor
        found = await stages.stage_passages(
            actor,
            sales.at(as_of, known_at),
            sales.period(entered, "entered"),
            await sales.wanted(actor, filter),
        )
        return [
            StagePassage(
                stage=each.stage,
                entered=each.entered,
                skipped=each.skipped,
                advanced=each.advanced,
                won=each.won,
                lost=each.lost,
                conversion=each.conversion,
                win_rate=each.win_rate,
                stays=each.ended + each.standing,
                standing=each.standing,
                median_days=each.median_days,
            )
            for each in found
        ]
