"""Deals that a source brings go through the pipeline of their kind, as if users had moved them day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pytest

from commands import deal_lines, deals, pipelines
from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming, rounds
from commands.journal import FieldChange
from metrics.deal_money import totals
from metrics.pushes import pushes
from models.access import Actor, Role, Tenant
from models.accounts import Account
from models.deals import Deal, DealKind, DealLine, ForecastCategory, Stage, StageChange
from models.history import Change
from models.pipelines import PipelineStage
from tests import factories

STAGES: list[dict[str, object]] = [
    {"name": "Heard of", "stage": Stage.IDENTIFIED, "probability": 5},
    {"name": "Surveyed", "stage": Stage.QUALIFIED, "probability": 20, "required": ["CHAMPION_KNOWN"]},
    {"name": "Priced", "stage": Stage.QUALIFIED, "probability": 30},
    {"name": "Offered", "stage": Stage.PROPOSED, "forecast_category": ForecastCategory.COMMIT},
]
JANUARY, FEBRUARY, MARCH, APRIL, MAY = (date(2026, month, 5) for month in range(1, 6))
FOLLOWING = (
    "stage", "stage_since", "probability", "forecast_category", "pipeline_id", "pipeline_stage_id",
    "closed_on", "close_on", "amount_minor", "pushes", "days_pushed",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """A source, a manager with an account, and a pipeline for new deals."""

    crm: Actor
    manager: Actor
    account: Account
    pipeline_id: str
    stages: list[PipelineStage]

    def values(self, **values: object) -> dict[str, object]:
        """What a source says of a deal now."""
        return {"account_id": self.account.id, "name": "Harbour", "currency": "EUR", **values}

    async def bring(self, on: date, *history: FieldChange, key: str = "D1", **values: object) -> Deal:
        """A deal as an import of a day has it."""
        row = Incoming(key, self.values(**values), JANUARY, history)
        await upsert(self.crm, Deal, "crm", [row], on=on)
        return await Deal.get(external_id=key)

    async def moves(self, deal: Deal) -> list[tuple[object, ...]]:
        """The stage history: day, stages of the lifecycle, numbers of those of the pipeline from 1."""
        numbers: dict[str | None, int | None] = {stage.id: n for n, stage in enumerate(self.stages, 1)}
        numbers[None] = None
        return [
            (each.changed_on, each.from_stage, each.to_stage, numbers[each.from_pipeline_stage_id],
             numbers[each.to_pipeline_stage_id])
            for each in await StageChange.filter(deal_id=deal.id).order_by("changed_on", "id")
        ]  # fmt: skip


@pytest.fixture
async def desk(db: str) -> Desk:
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    user = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    manager = await factories.actor(user)
    made = await pipelines.create(
        manager, {"name": "New", "kinds": [DealKind.NEW], "default_for": [DealKind.NEW]}, STAGES
    )
    stages = await pipelines.stages_of(made.id)
    return Desk(
        system_actor(await Tenant.get(id=tenant.id), "crm"), manager, await factories.account(user), made.id,
        stages,
    )  # fmt: skip


def _shown(deal: Deal) -> dict[str, object]:
    return {name: getattr(deal, name) for name in FOLLOWING}


def _moved(*stages: tuple[Stage, date]) -> list[FieldChange]:
    days = [on for _, on in stages[1:]]
    return [
        FieldChange("stage", before, after, on)
        for (before, _), (after, _), on in zip(stages, stages[1:], days, strict=False)
    ]


WON = _moved(
    (Stage.IDENTIFIED, JANUARY), (Stage.QUALIFIED, FEBRUARY), (Stage.NEGOTIATING, MARCH), (Stage.WON, APRIL)
)


async def test_a_deal_enters_the_pipeline_of_its_kind_and_has_been_in_its_stages(desk: Desk) -> None:
    deal = await desk.bring(MAY, *WON, stage=Stage.WON)
    assert await desk.moves(deal) == [
        (JANUARY, None, Stage.IDENTIFIED, None, 1),
        (FEBRUARY, Stage.IDENTIFIED, Stage.QUALIFIED, 1, 2),
        (MARCH, Stage.QUALIFIED, Stage.NEGOTIATING, 2, 4),  # none stands for it: the last one before it
        (APRIL, Stage.NEGOTIATING, Stage.WON, 4, None),
    ]
    assert (deal.pipeline_id, deal.pipeline_stage_id) == (desk.pipeline_id, None)
    assert (deal.stage_since, deal.closed_on, deal.probability) == (APRIL, APRIL, 100)
    told = await Change.filter(entity_id=deal.id, field="probability").order_by("effective_on")
    assert [(each.old, each.new, each.effective_on) for each in told] == [
        ("5", "20", FEBRUARY), ("20", "50", MARCH), ("50", "100", APRIL),
    ]  # fmt: skip


async def test_whole_or_step_by_step_or_moved_by_a_user_a_deal_ends_the_same(desk: Desk) -> None:
    pushed = [
        FieldChange("close_on", MARCH, APRIL, FEBRUARY),
        FieldChange("close_on", APRIL, MARCH, FEBRUARY),
        FieldChange("close_on", MARCH, MAY, MARCH),
    ]
    whole = await desk.bring(MAY, *WON[:2], *pushed, key="D1", stage=Stage.NEGOTIATING, close_on=MAY)
    for on, stage, close_on in (
        (JANUARY, Stage.IDENTIFIED, MARCH), (FEBRUARY, Stage.QUALIFIED, APRIL),
        (FEBRUARY, Stage.QUALIFIED, MARCH), (MARCH, Stage.NEGOTIATING, MAY),
    ):  # fmt: skip
        stepwise = await desk.bring(on, key="D2", stage=stage, close_on=close_on)
    assert _shown(whole) == _shown(stepwise)
    # 5 March to 5 April are 31 days, to 5 May 61
    assert (whole.pushes, whole.days_pushed) == (2, 31 + 61)
    counted = (await pushes(desk.manager, [whole.id], MAY))[whole.id]
    assert (counted.times, counted.days) == (whole.pushes, whole.days_pushed)
    assert await desk.moves(whole) == await desk.moves(stepwise)
    assert await _log(whole) == await _log(stepwise)

    by_user = await desk.bring(JANUARY, key="D3", stage=Stage.IDENTIFIED)
    for stage, on in ((Stage.QUALIFIED, FEBRUARY), (Stage.PROPOSED, MARCH)):
        by_user = await deals.advance(
            desk.manager, by_user.id, by_user.version, stage, on, waiver="no champion yet"
        )
    same = _moved((Stage.IDENTIFIED, JANUARY), (Stage.QUALIFIED, FEBRUARY), (Stage.PROPOSED, MARCH))
    brought = await desk.bring(MAY, *same, key="D4", stage=Stage.PROPOSED)
    assert _shown(brought) == _shown(by_user)
    assert await desk.moves(brought) == await desk.moves(by_user)


async def _log(deal: Deal) -> list[tuple[object, ...]]:
    changes = await Change.filter(entity_id=deal.id).exclude(field__in=("created", "stage_since"))
    return sorted((each.effective_on, each.field, str(each.old), str(each.new)) for each in changes)


async def test_steps_of_one_day_are_kept_one_by_one(desk: Desk) -> None:
    deal = await desk.bring(JANUARY, stage=Stage.IDENTIFIED, close_on=MARCH)
    twice = [
        FieldChange("close_on", MARCH, APRIL, FEBRUARY, ("log", 2)),
        FieldChange("close_on", APRIL, MARCH, FEBRUARY, ("log", 3)),
        FieldChange("close_on", MARCH, MAY, FEBRUARY, ("log", 4)),
    ]
    deal = await desk.bring(MAY, *twice, stage=Stage.IDENTIFIED, close_on=MAY)
    assert (deal.pushes, deal.days_pushed) == (2, 31 + 61)
    assert [each.values for each in rounds(twice)] == [
        {"close_on": APRIL}, {"close_on": MARCH}, {"close_on": MAY},
    ]  # fmt: skip


async def test_what_a_user_decided_stays_until_the_source_moves_the_deal(desk: Desk) -> None:
    deal = await desk.bring(JANUARY, stage=Stage.QUALIFIED)
    assert deal.pipeline_stage_id == desk.stages[1].id
    deal = await deals.advance(
        desk.manager, deal.id, 1, None, pipeline_stage_id=desk.stages[2].id, waiver="no champion yet"
    )
    deal = await deals.update(desk.manager, deal.id, deal.version, {"probability": 33})
    deal = await desk.bring(MAY, stage=Stage.QUALIFIED)
    assert (deal.pipeline_stage_id, deal.probability) == (desk.stages[2].id, 33)
    deal = await desk.bring(MAY, stage=Stage.PROPOSED)
    assert (deal.pipeline_stage_id, deal.probability) == (desk.stages[3].id, 50)
    assert deal.forecast_category is ForecastCategory.COMMIT


async def test_deals_of_other_kinds_and_those_that_were_there_before_go_through_none(desk: Desk) -> None:
    other = await desk.bring(MAY, *WON, key="D2", kind=DealKind.RENEWAL, stage=Stage.WON)
    assert (other.pipeline_id, other.probability) == (None, 100)
    assert [move[3:] for move in await desk.moves(other)] == [(None, None)] * 4
    await pipelines.create(
        desk.manager,
        {"name": "Again", "kinds": [DealKind.RENEWAL], "default_for": [DealKind.RENEWAL]},
        STAGES,
    )
    again = await desk.bring(MAY, *WON, key="D2", kind=DealKind.RENEWAL, stage=Stage.WON)
    assert (again.version, again.pipeline_id) == (other.version, None)
    # what the source says itself does not follow
    said = await desk.bring(MAY, key="D3", stage=Stage.PROPOSED, probability=61, closed_on=APRIL)
    assert (said.probability, said.closed_on, said.forecast_category) == (61, APRIL, ForecastCategory.COMMIT)
    assert said.pipeline_stage_id == desk.stages[3].id


async def test_lines_that_are_brought_come_to_what_lines_that_are_added_do(desk: Desk) -> None:
    brought, by_user = [await desk.bring(MAY, key=key, stage=Stage.PROPOSED) for key in ("D1", "D2")]
    product = await factories.product(await Tenant.get(id=desk.crm.tenant_id))
    charges: Sequence[dict[str, object]] = (
        {"mrc_minor": 1_000_00, "nrc_minor": 5_000_00, "term_months": 36},
        {"mrc_minor": 0, "nrc_minor": 250_50, "term_months": 0, "quantity": 2},
    )
    for number, each in enumerate(charges):
        line = {"product_id": product.id, **each}
        await deal_lines.add(desk.manager, by_user.id, line)
        row = Incoming(f"L{number}", {**line, "deal_id": brought.id, "currency": "EUR"}, JANUARY)
        await upsert(desk.crm, DealLine, "crm", [row], on=MAY)
    one, other = await totals(desk.manager, [brought.id, by_user.id])
    assert one == other
    # 36 months at 1,000.00 and 5,000.00 once, and 250.50 once
    assert (one.tcv_minor, one.acv_minor) == (41_250_50, 12_000_00)
