"""What changes at customers of one tenant of the world, and who competes for them."""

from __future__ import annotations

from models.competition import (
    BattleNote,
    Competitor,
    CompetitorName,
    CompetitorPosition,
    PositionRole,
    spelling_key,
)
from models.severity import Severity
from models.trends import Confidence, Trend, TrendImpact, TrendKind, TrendOutcome, TrendState
from tests.schema.reads.odd_values import MONEY
from tests.schema.reads.records import Records

FAMILIES = ("WAN", "Voice é")


def furnish_trends(records: Records) -> None:
    """A trend and a position of every second account, and two competitors, one of whom is the other."""
    world, tenant = records.world, records.tenant
    people = sorted({*records.owners})
    rivals = []
    for name in ("Rival", 'The "other"'):
        rival = world.make(Competitor, tenant_id=tenant.id, name=name)
        world.make(
            CompetitorName, tenant_id=tenant.id, competitor_id=rival.id, name=name, key=spelling_key(name)
        )
        for replaced_on in (None, world.day()):
            world.make(
                BattleNote,
                tenant_id=tenant.id,
                competitor_id=rival.id,
                author_id=world.maybe(world.pick(people)),
                product_family=world.maybe(world.pick(FAMILIES)),
                text=world.text(4000),
                written_on=world.day(),
                replaced_on=replaced_on,
            )
        rivals.append(rival)
    rivals[1].merged_into_id = rivals[0].id
    for account in records.accounts[::2]:
        of = {"tenant_id": tenant.id, "account_id": account.id, "valid_from": world.maybe(world.day())}
        deals = [deal.id for deal in records.deals if deal.account_id == account.id]
        contracts = [each.id for each in records.contracts if each.account_id == account.id]
        world.make(
            Trend,
            kind=world.pick(list(TrendKind)),
            title=world.text(200),
            details=world.maybe(world.text(4000)),
            heard_from=world.maybe(world.text(500)),
            link=world.maybe("https://example.com/news"),
            observed_on=world.day(),
            impact=world.pick(list(TrendImpact)),
            severity=world.pick(list(Severity)),
            confidence=world.pick(list(Confidence)),
            families=list(FAMILIES[: world.pick((0, 1, 2))]),
            deal_ids=deals,
            contract_ids=contracts,
            course=world.maybe(world.text(200)),
            course_owner_id=world.maybe(world.pick(people)),
            course_due_on=world.maybe(world.day()),
            state=world.pick(list(TrendState)),
            outcome=world.maybe(world.pick(list(TrendOutcome))),
            outcome_note=world.maybe(world.text(1000)),
            outcome_on=world.maybe(world.day()),
            **of,
        )
        for rival, family in zip(rivals, FAMILIES, strict=True):
            world.make(
                CompetitorPosition,
                competitor_id=rival.id,
                product_family=family,
                role=world.pick(list(PositionRole)),
                share=world.maybe(world.pick((0, 40, 100))),
                contract_ends_on=world.maybe(world.day()),
                price_minor=world.maybe(world.pick(MONEY)),
                currency=tenant.currency,
                price_term_months=world.maybe(world.pick((0, 36))),
                heard_from=world.maybe(world.text(500)),
                confidence=world.pick(list(Confidence)),
                observed_on=world.day(),
                removed_on=world.maybe(world.day(), 0.2),
                **of,
            )
