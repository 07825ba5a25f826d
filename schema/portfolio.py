"""The portfolio as clients see it: pipeline, recurring revenue and revenue at risk, in groups."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from metrics import portfolio as metric
from metrics.portfolio import Grouping
from models.access import Scope
from models.base import today
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.cost import costs
from schema.core.money import CurrencyCode, Money, certain_money, money
from schema.core.readable import needs


@strawberry.type
class PortfolioFigures:
    """The figures of a portfolio or of one group of it."""

    open_deals: int | None = strawberry.field(
        description="How many deals can still be won; null in groups by risk kind."
    )
    open_pipeline: Money | None = strawberry.field(
        description="The sum of their amounts; null in groups by risk kind."
    )
    weighted_pipeline: Money | None = strawberry.field(
        description="The sum of amount times probability; null in groups by risk kind."
    )
    active_contracts: int | None = strawberry.field(
        description="How many contracts run; null in groups by risk kind."
    )
    recurring_revenue: Money | None = strawberry.field(
        description="The monthly recurring charge of the contracts that run; null in groups by risk kind."
    )
    revenue_at_risk: Money = strawberry.field(
        description="The revenue lines (deals, contracts and services) that open risks name, each once."
    )
    revenue_at_risk_weighted: Money = strawberry.field(
        description="The same, each line times the probability of its most severe risk."
    )
    lines_at_risk: int = strawberry.field(description="How many revenue lines that is.")
    open_risks: int = strawberry.field(description="How many risks are open; several may name one line.")


@strawberry.type
class PortfolioGroup:
    """One group of a portfolio."""

    key: str | None = strawberry.field(
        description="The id of the owner, manager or team, or the segment or risk kind; null for what has"
        " none."
    )
    label: str = strawberry.field(
        description="Its name, for people; that of what has no owner, segment or the like is: nobody."
    )
    figures: PortfolioFigures = strawberry.field(description="Its figures, of what the caller may see.")


@strawberry.type
class Portfolio:
    """Everything that the caller may see, as of a date."""

    as_of: date = strawberry.field(description="The business date of the figures.")
    currency: CurrencyCode = strawberry.field(description="The currency of every amount: the tenant's.")
    total: PortfolioFigures = strawberry.field(description="The whole; a line in two groups is in it once.")
    groups: list[PortfolioGroup] = strawberry.field(
        description="The groups, largest revenue at risk first; none unless groupBy is given."
    )


@strawberry.type
class PortfolioQueries:
    """Reading the portfolio."""

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def portfolio(
        self,
        info: Info,
        as_of: AsOf = None,
        group_by: Annotated[
            Grouping | None, strawberry.argument(description="What the groups are; default: no groups.")
        ] = None,
    ) -> Portfolio:
        """Pipeline, recurring revenue and revenue at risk of what the caller may see.

        Who sees what is decided as of today, what it was as of the date.
        """
        found = await metric.portfolio(info.context.actor, as_of or today(), group_by)
        return Portfolio(
            as_of=found.as_of,
            currency=CurrencyCode(found.currency),
            total=_figures(found.total, found.currency),
            groups=[
                PortfolioGroup(
                    key=group.key, label=group.label, figures=_figures(group.figures, found.currency)
                )
                for group in found.groups
            ],
        )


def _figures(figures: metric.Figures, currency: str) -> PortfolioFigures:
    return PortfolioFigures(
        open_deals=figures.open_deals,
        open_pipeline=money(figures.open_pipeline_minor, currency),
        weighted_pipeline=money(figures.weighted_pipeline_minor, currency),
        active_contracts=figures.active_contracts,
        recurring_revenue=money(figures.recurring_minor, currency),
        revenue_at_risk=certain_money(figures.at_risk_minor, currency),
        revenue_at_risk_weighted=certain_money(figures.at_risk_weighted_minor, currency),
        lines_at_risk=figures.lines_at_risk,
        open_risks=figures.open_risks,
    )
