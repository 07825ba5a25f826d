"""Win rates, the speed of selling and slippage as clients see them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from metrics import pace as metric
from metrics import slippage as slipping
from metrics.pace import WinRateGrouping
from models.access import Scope
from schema import sales
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.cost import costs
from schema.core.money import Money, certain_money, money
from schema.core.readable import needs
from schema.core.stored import column


@strawberry.type
class WinRate:
    """What share of the deals that closed was won, of one group or of all."""

    key: str | None = column(
        "The id of the owner or team, or the value of the group; null for none, and for all."
    )
    label: str = column("Its name, for people; that of what has none is: nobody.")
    won: int = column("How many were won.")
    lost: int = column("How many were lost.")
    won_amount: Money = column("The sum of what was won.")
    lost_amount: Money = column("The sum of what was lost.")
    by_count: float | None = column("Won of won and lost, 0 to 1; null when nothing closed.")
    by_amount: float | None = column(
        "The amount won of the amount won and lost, 0 to 1; null when nothing of any amount closed."
    )

    @classmethod
    def of(cls, rate: metric.WinRate, currency: str) -> WinRate:
        """The object that shows a win rate."""
        return cls(
            key=rate.key,
            label=rate.label,
            won=rate.won,
            lost=rate.lost,
            won_amount=certain_money(rate.won_minor, currency),
            lost_amount=certain_money(rate.lost_minor, currency),
            by_count=rate.by_count,
            by_amount=rate.by_amount,
        )


@strawberry.type
class WinRates:
    """Win rates of the deals that closed within a range of days."""

    as_of: date = column("The business date of the figures.")
    total: WinRate = column("Of all that closed; a deal in two groups is in it once.")
    groups: list[WinRate] = column("Of the groups, most deals first; none unless groupBy is given.")


@strawberry.type
class SalesVelocity:
    """How fast selling is."""

    as_of: date = column("The business date of the figures.")
    open_deals: int = column("How many deals are open.")
    open_amount: Money = column("The sum of their amounts.")
    average_amount: Money | None = column("Their average amount; null when none is open.")
    won: int = column("How many deals were won in the range of days.")
    lost: int = column("How many deals were lost in it.")
    win_rate: float | None = column("Won of won and lost, 0 to 1; null when nothing closed.")
    cycle_days: float | None = column(
        "The median of the days from the day on which a deal was identified to that on which it closed;"
        " null when"
        " none closed."
    )
    won_cycle_days: float | None = column(
        "The same median of days, of won deals alone; null when none was won."
    )
    per_day: Money | None = column(
        "Open deals times average amount times win rate divided by cycle days: money a day; null when one of"
        " them is missing, or a cycle takes no day."
    )


@strawberry.type
class Slippage:
    """What was to close in a range of days and did not."""

    as_of: date = column("The business date until which it is told what became of the deals.")
    due: int = column("How many deals were to close in it, as known on the first day: this does not change.")
    due_amount: Money = column("The sum of their amounts on the first day.")
    slipped: int = column("How many of them were neither won nor lost by the last day.")
    slipped_amount: Money = column("The sum of the amounts of these on the first day.")
    won: int = column("How many of them were won.")
    won_amount: Money = column("The sum of the amounts of these on the first day.")
    lost: int = column("How many of them were lost.")
    lost_amount: Money = column("The sum of the amounts of these on the first day.")
    by_count: float | None = column("Slipped of due, 0 to 1; null when none was due.")
    by_amount: float | None = column("Slipped amount of the amount due, 0 to 1; null when there was none.")
    pushes: int = column("How often the close date of any deal was moved later after the first day.")
    pushed_deals: int = column("How many deals that happened to.")
    pushed_days: int = column("By how many days together.")


@strawberry.type
class PaceQueries:
    """Reading how fast and how well is sold."""

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def win_rates(
        self,
        info: Info,
        closed: sales.Closed,
        group_by: Annotated[
            WinRateGrouping | None,
            strawberry.argument(description="What the groups are; default: no groups."),
        ] = None,
        filter: sales.Filter = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> WinRates:
        """Won of won and lost, by count and by amount, over deals that closed within a range of days."""
        actor = info.context.actor
        found = await metric.win_rates(
            actor,
            sales.at(as_of, known_at),
            sales.period(closed, "closed"),
            group_by,
            await sales.wanted(actor, filter),
        )
        return WinRates(
            as_of=found.as_of,
            total=WinRate.of(found.total, found.currency),
            groups=[WinRate.of(group, found.currency) for group in found.groups],
        )

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def sales_velocity(
        self,
        info: Info,
        closed: sales.Closed,
        period: sales.Closing = None,
        filter: sales.Filter = None,
        categories: sales.Categories = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> SalesVelocity:
        """How much money a day selling comes to, by the pace of what closed within a range of days."""
        actor = info.context.actor
        found = await metric.pace(
            actor,
            sales.at(as_of, known_at),
            sales.period(closed, "closed"),
            sales.period(period, "period"),
            await sales.wanted(actor, filter),
            sales.counting(categories),
        )
        return SalesVelocity(
            as_of=found.as_of,
            open_deals=found.open_deals,
            open_amount=certain_money(found.open_minor, found.currency),
            average_amount=money(found.average_minor, found.currency),
            won=found.won,
            lost=found.lost,
            win_rate=found.win_rate,
            cycle_days=found.cycle_days,
            won_cycle_days=found.won_cycle_days,
            per_day=money(found.velocity_minor, found.currency),
        )

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def slippage(
        self,
        info: Info,
        from_: Annotated[
            date,
            strawberry.argument(name="from", description="The first day, as of whose end deals are due."),
        ],
        until: Annotated[date, strawberry.argument(description="The last day by which they were to close.")],
        filter: sales.Filter = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> Slippage:
        """What was to close from one day until another, as known on the first, and what became of it."""
        sales.days(from_, until)
        actor, asked = info.context.actor, sales.at(as_of, known_at)
        chosen = await sales.wanted(actor, filter)
        found = await slipping.slippage(actor, asked, from_, until, chosen)
        pushed = await slipping.pushes(actor, asked, from_, until, chosen)
        return Slippage(
            as_of=found.as_of,
            due=found.due,
            due_amount=certain_money(found.due_minor, found.currency),
            slipped=found.slipped,
            slipped_amount=certain_money(found.slipped_minor, found.currency),
            won=found.won,
            won_amount=certain_money(found.won_minor, found.currency),
            lost=found.lost,
            lost_amount=certain_money(found.lost_minor, found.currency),
            by_count=found.by_count,
            by_amount=found.by_amount,
            pushes=pushed.pushes,
            pushed_deals=pushed.deals,
            pushed_days=pushed.days,
        )
