"""What belongs to a deal, as clients see it: lines, people, competitors, stages, waivers and totals."""

from __future__ import annotations

from datetime import date

import strawberry

from metrics import deal_money
from models import deals as stored
from models import pipelines
from models.access import Scope
from models.catalog import Product
from models.deals import CompetitorStatus, ContactRole, Stage
from models.pipelines import ExitFact
from schema.context import Info
from schema.core.connections import related
from schema.core.money import Money, money
from schema.core.readable import in_sql, needs
from schema.core.stored import Stored, column


@strawberry.type
class DealLine(Stored[stored.DealLine]):
    """One product of a deal; the charges are for the whole quantity."""

    model = stored.DealLine

    id: strawberry.ID = column("The id of the line, unlike all others.")
    version: int = column("Grows by one with each change; an update names the one that it has read.")
    quantity: int = column("How many of the product, 0 or more.")
    mrc: Money = column("The monthly recurring charge of the whole quantity.")
    nrc: Money = column("The one-off charge of the whole quantity.")
    term_months: int = column("For how many months it is sold; 0 when it is sold without a term.")
    removed_on: date | None = column("The day on which it was taken out of the deal; null for one in it.")
    product = related("schema.catalog", "Product", "product_id", "What is sold.")

    @needs(Scope.READ_MONEY)
    async def list_discount(self, info: Info) -> float | None:
        """How far it is below the list price in percent, to two places; below 0 when it is above.

        100 x (1 - charge / (list price x quantity)), of the monthly charge of a product that is charged each
        month, else of the one-off charge; null where the list price comes to nothing.
        """
        product = await info.context.loaders.one(Product, self.record.product_id)
        found = deal_money.list_discount(self.record, product) if product else None
        return None if found is None else float(round(found * 100, 2))


@strawberry.type
class StageChange(Stored[stored.StageChange]):
    """A deal entering a stage."""

    model = stored.StageChange

    from_stage: Stage | None = column("The stage before; null for the first.")
    to_stage: Stage = column("The stage entered.")
    changed_on: date = column("The day on which it entered the stage.")
    from_pipeline_stage = related(
        "schema.pipelines", "PipelineStage", "from_pipeline_stage_id", "The stage of a pipeline before."
    )
    to_pipeline_stage = related(
        "schema.pipelines", "PipelineStage", "to_pipeline_stage_id", "The stage of a pipeline entered."
    )


@strawberry.type
class DealContact(Stored[stored.DealContact]):
    """A person taking part in a deal."""

    model = stored.DealContact

    id: strawberry.ID = column("The id of the part in the deal, unlike all others.")
    role: ContactRole = column("What the person is in the buying centre: one role in a deal.")
    removed_on: date | None = column("The day since when the person takes part no more; null while they do.")
    contact = related("schema.people", "Contact", "contact_id", "The person who takes part.")


@strawberry.type
class DealCompetitor(Stored[stored.DealCompetitor]):
    """Who else wants to sell what a deal is about."""

    model = stored.DealCompetitor

    id: strawberry.ID = column("The id of the competitor on this deal, unlike all others.")
    name: str = column("What the competitor is called, which tells it from others on the deal.")
    status: CompetitorStatus = column("How the competitor stands in the deal.")
    price: Money | None = column("What is known of the offer, for the whole deal; null when nothing is.")
    note: str | None = column("What else is known; null when nothing is.", Scope.READ_PERSONAL)
    removed_on: date | None = column("The day on which it was taken out of the deal; null for one in it.")


@strawberry.type
class StageWaiver(Stored[pipelines.StageWaiver]):
    """That a deal left a stage forward without what it needed, on somebody's word."""

    model = pipelines.StageWaiver

    id: strawberry.ID = column("The id of the waiver, unlike all others.")
    waived_on: date = column("The business day of the move.")
    reason: str = column("Why it was waived.", Scope.READ_PERSONAL)
    from_stage = related("schema.pipelines", "PipelineStage", "from_stage_id", "The stage that it left.")
    to_stage = related(
        "schema.pipelines",
        "PipelineStage",
        "to_stage_id",
        "The stage that it entered; none where it was won.",
    )
    waived_by = related("schema.access", "User", "waived_by_id", "Who waived it.")

    @strawberry.field
    def facts(self) -> list[ExitFact]:
        """What the deal lacked."""
        return [ExitFact(fact) for fact in self.record.facts]


@strawberry.type
class DealTotals(Stored[stored.Deal]):
    """What a deal comes to by its lines, each for itself; the amount of the deal is another matter."""

    model = stored.Deal

    @in_sql(deal_money.MRC_SQL)
    async def mrc(self, info: Info) -> Money | None:
        """The sum of the monthly recurring charges; null where it is larger than any amount can be."""
        return money((await self._totals(info)).mrc_minor, self.record.currency)

    @in_sql(deal_money.NRC_SQL)
    async def nrc(self, info: Info) -> Money | None:
        """The sum of the one-off charges; null where it is larger than any amount can be."""
        return money((await self._totals(info)).nrc_minor, self.record.currency)

    @in_sql(deal_money.TCV_SQL)
    async def tcv(self, info: Info) -> Money | None:
        """Total contract value: of each line, NRC + MRC x term months; null where larger than any amount."""
        return money((await self._totals(info)).tcv_minor, self.record.currency)

    @in_sql(deal_money.ACV_SQL)
    async def acv(self, info: Info) -> Money | None:
        """Annual contract value: of each line, MRC x 12; null where larger than any amount can be.

        Where the tenant says so (`acvWithOneOff`), NRC of the first year is in it.
        """
        return money((await self._totals(info)).acv_minor, self.record.currency)

    async def _totals(self, info: Info) -> deal_money.Totals:
        actor = info.context.actor
        found = await info.context.loaders.batched(
            "deal totals", lambda ids: deal_money.totals(actor, ids), self.record.id
        )
        assert isinstance(found, deal_money.Totals)
        return found
