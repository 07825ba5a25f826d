"""The pipeline's change between two dates as clients see it, down to the deals of each reason."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from metrics import bridge
from metrics.bridge import Asked, Reason
from models import deals as stored
from models.access import Scope
from models.deals import ForecastCategory
from models.errors import Invalid
from schema import sales
from schema.context import Info
from schema.core import cursors
from schema.core.arguments import After, AsOf, First
from schema.core.connections import Connection, Edge, forward
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.listing import LARGEST_PAGE, page_size
from schema.core.money import Money, certain_money, money
from schema.core.readable import needs
from schema.core.stored import column
from schema.deals import Deal

_ORDER, _KINDS = "change:desc", (Kind.NUMBER, Kind.TEXT)


@strawberry.type
class MovedDeal:
    """A deal's part in the change of the pipeline."""

    movement: strawberry.Private[bridge.Movement]
    reason: Reason = column("The one reason that it counts under.")

    @strawberry.field
    async def deal(self, info: Info) -> Deal | None:
        """The deal as it is now; null when the caller may not see it any more."""
        record = await info.context.loaders.one(stored.Deal, self.movement.deal_id)
        return Deal.of(record) if record else None

    @strawberry.field
    def change(self, info: Info) -> Money:
        """What it adds to the pipeline, or takes from it, exchange rates apart."""
        return certain_money(self.movement.change_minor, info.context.actor.currency)

    @strawberry.field
    def revaluation(self, info: Info) -> Money:
        """What exchange rates changed of it; zero unless it stays."""
        return certain_money(self.movement.revaluation_minor, info.context.actor.currency)

    @strawberry.field
    def amount_before(self, info: Info) -> Money | None:
        """Its amount at the start; null when it was not there."""
        return money(self.movement.before_minor, info.context.actor.currency)

    @strawberry.field
    def amount_after(self, info: Info) -> Money | None:
        """Its amount at the end; null when it is not there."""
        return money(self.movement.after_minor, info.context.actor.currency)

    @classmethod
    def of(cls, movement: bridge.Movement) -> MovedDeal:
        """The object that shows a deal's part."""
        return cls(movement=movement, reason=movement.reason)


@strawberry.type
class PipelineTerm:
    """The deals that count under one reason."""

    reason: Reason = column("Why they change it.")
    deals: int = column("How many deals.")
    change: Money = column("What they add to the pipeline, or with a minus take from it.")


@strawberry.type
class PipelineChange:
    """A pipeline at two dates, and everything between: opening, terms and revaluation add up to closing."""

    asked: strawberry.Private[Asked]
    found: strawberry.Private[bridge.PipelineChange]
    since: date = column("The earlier date.")
    as_of: date = column("The later date.")
    opening: Money = column("The open pipeline at the earlier date.")
    opening_deals: int = column("How many deals that is.")
    closing: Money = column("The open pipeline at the later date.")
    closing_deals: int = column("How many deals that is.")
    terms: list[PipelineTerm] = column("What changed, by reason: every reason once, in a fixed order.")
    revaluation: Money = column("What exchange rates changed of the deals that stay.")
    won: Money = column("What the deals that were won out of the pipeline were won at.")
    changed_at_close: Money = column("By how much that is more than what they were in the pipeline with.")

    @costs(500)
    @strawberry.field
    async def deals(
        self,
        info: Info,
        reasons: Annotated[
            list[Reason] | None,
            strawberry.argument(description="Only deals of these reasons; default: all but UNCHANGED."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[MovedDeal]:
        """The deals behind it, those that change most first, whatever the sign; as many as there are."""
        chosen = [each for each in Reason if each is not Reason.UNCHANGED] if reasons is None else reasons
        size = page_size(first)
        found = await bridge.movements(
            info.context.actor, self.asked, frozenset(chosen), size + 1, _decoded(after)
        )
        edges = [Edge(node=MovedDeal.of(each), cursor=_cursor(each)) for each in found]

        async def count() -> int:
            return sum(self.found.terms[reason].deals for reason in set(chosen))

        return forward(edges, size, after, count)


def _cursor(movement: bridge.Movement) -> str:
    return cursors.encode(_ORDER, (movement.size_minor, movement.deal_id), _KINDS)


def _decoded(after: str | None) -> tuple[int, str] | None:
    if after is None:
        return None
    size, deal_id = cursors.decode(after, _ORDER, _KINDS, "after", whole=True)
    return int(str(size)), str(deal_id)


@strawberry.type
class PipelineChangeQueries:
    """Reading what changed the pipeline."""

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def pipeline_change(
        self,
        info: Info,
        since: sales.Since,
        as_of: AsOf = None,
        period: sales.Closing = None,
        filter: sales.Filter = None,
        categories: sales.Categories = None,
        since_known_at: sales.SinceKnownAt = None,
        known_at: sales.KnownAt = None,
    ) -> PipelineChange:
        """What changed the open pipeline that closes in a period between two dates; it adds up to the cent.

        Each deal has one reason, the first that applies of: whether it was there, whose it is, in which
        team, whether it is open, its forecast category, its close date, its amount.
        """
        asked = await _asked(info, since, as_of, period, filter, categories, since_known_at, known_at)
        found = await bridge.pipeline_change(info.context.actor, asked)
        currency = found.currency
        return PipelineChange(
            asked=asked,
            found=found,
            since=found.since,
            as_of=found.as_of,
            opening=certain_money(found.opening_minor, currency),
            opening_deals=found.opening_deals,
            closing=certain_money(found.closing_minor, currency),
            closing_deals=found.closing_deals,
            terms=[
                PipelineTerm(
                    reason=term.reason, deals=term.deals, change=certain_money(term.change_minor, currency)
                )
                for term in found.terms.values()
            ],
            revaluation=certain_money(found.revaluation_minor, currency),
            won=certain_money(found.won_minor, currency),
            changed_at_close=certain_money(found.changed_at_close_minor, currency),
        )

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def largest_movers(
        self,
        info: Info,
        since: sales.Since,
        as_of: AsOf = None,
        period: sales.Closing = None,
        filter: sales.Filter = None,
        categories: sales.Categories = None,
        since_known_at: sales.SinceKnownAt = None,
        known_at: sales.KnownAt = None,
        first: Annotated[
            int, strawberry.argument(description=f"How many deals at most, 0 to {LARGEST_PAGE}.")
        ] = 10,
    ) -> list[MovedDeal]:
        """The deals that changed the pipeline most, whatever the sign, each with its reason."""
        asked = await _asked(info, since, as_of, period, filter, categories, since_known_at, known_at)
        moved = frozenset(Reason) - {Reason.UNCHANGED}
        return [
            MovedDeal.of(each)
            for each in await bridge.movements(info.context.actor, asked, moved, page_size(first))
        ]


async def _asked(
    info: Info,
    since: date,
    as_of: date | None,
    period: sales.DayRange | None,
    filter: sales.SalesFilter | None,
    categories: list[ForecastCategory] | None,
    since_known_at: date | None,
    known_at: date | None,
) -> Asked:
    start, end = sales.at(since, since_known_at, "since", "sinceKnownAt"), sales.at(as_of, known_at)
    if start.day > end.day:
        raise Invalid(f"{since} is after {end.day}; allowed: a day before it, or the same", ["since"])
    return Asked(
        start,
        end,
        sales.period(period, "period"),
        await sales.wanted(info.context.actor, filter),
        sales.counting(categories),
    )
