"""Deals go through the pipelines of their kind, and leave stages with what these need."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from commands import (
    bids,
    deal_competitors,
    deal_lines,
    deal_people,
    deals,
    discounts,
    loss_reasons,
    pipelines,
    qualification,
)
from commands.access import system_actor
from commands.bulk import upsert
from commands.discounts import Level
from commands.incoming import Incoming
from metrics.exit_criteria import shown_by
from models.access import Actor, Role, Tenant
from models.accounts import Account
from models.base import today
from models.bids import BidApproval, BidDecision, BidState
from models.deals import ContactRole, Deal, DealKind, ForecastCategory, Stage, StageChange
from models.errors import Conflict, FactsMissing, Forbidden, Invalid, InvalidTransition
from models.history import Change
from models.pipelines import DEFAULT_LOSS_REASONS, ExitFact, LossReason, Pipeline, PipelineStage, StageWaiver
from models.qualification import Element, Known
from tests import factories

NEED = [ExitFact.AMOUNT_SET.value, ExitFact.CHAMPION_KNOWN.value]
STAGES: list[dict[str, object]] = [
    {"name": "Heard of", "stage": Stage.IDENTIFIED, "probability": 5, "required": NEED},
    {"name": "Surveyed", "stage": Stage.QUALIFIED, "required": [ExitFact.LINE_PRESENT.value]},
    {"name": "Offered", "stage": Stage.PROPOSED, "forecast_category": ForecastCategory.COMMIT},
]


@dataclass(frozen=True)
class Desk:
    """A manager, a director below, an account of the director's, and a pipeline for new deals by default."""

    manager: Actor
    director: Actor
    account: Account
    pipeline: Pipeline
    stages: list[PipelineStage]

    async def deal(self, **values: object) -> Deal:
        """A new deal of the director's."""
        return await deals.create(self.director, {"account_id": self.account.id, "name": "Harbour", **values})


@pytest.fixture
async def desk(db: str) -> Desk:
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    director = await factories.user(tenant, team_id=team.id)
    pipeline = await pipelines.create(
        await factories.actor(manager),
        {"name": "New business", "kinds": [DealKind.NEW, DealKind.WIN_BACK], "default_for": [DealKind.NEW]},
        STAGES,
    )
    return Desk(
        await factories.actor(manager),
        await factories.actor(director),
        await factories.account(director),
        pipeline,
        await pipelines.stages_of(pipeline.id),
    )


async def test_a_new_deal_goes_through_the_pipeline_of_its_kind_from_its_first_stage(desk: Desk) -> None:
    deal = await desk.deal()
    assert (deal.pipeline_id, deal.pipeline_stage_id) == (desk.pipeline.id, desk.stages[0].id)
    assert (deal.stage, deal.probability, deal.forecast_category) == (
        Stage.IDENTIFIED, 5, ForecastCategory.PIPELINE,
    )  # fmt: skip
    change = await StageChange.get(deal_id=deal.id)
    assert (change.from_pipeline_stage_id, change.to_pipeline_stage_id) == (None, desk.stages[0].id)

    later = await desk.deal(stage=Stage.PROPOSED)
    assert (later.pipeline_stage_id, later.forecast_category) == (desk.stages[2].id, ForecastCategory.COMMIT)
    with pytest.raises(Invalid, match="allowed: IDENTIFIED, QUALIFIED, PROPOSED"):
        await desk.deal(stage=Stage.NEGOTIATING)

    winback = await desk.deal(kind=DealKind.WIN_BACK)
    assert (winback.pipeline_id, winback.probability) == (None, 10)
    chosen = await desk.deal(kind=DealKind.WIN_BACK, pipeline_id=desk.pipeline.id)
    assert chosen.pipeline_id == desk.pipeline.id
    with pytest.raises(Invalid, match="the pipeline is not for RENEWAL; allowed: NEW, WIN_BACK"):
        await desk.deal(kind=DealKind.RENEWAL, pipeline_id=desk.pipeline.id)


async def test_a_stage_is_left_forward_with_what_it_needs_alone(desk: Desk) -> None:
    deal = await desk.deal()
    with pytest.raises(FactsMissing) as refused:
        await _advance(desk.director, deal, desk.stages[1])
    assert [(each.code, each.path) for each in refused.value.problems] == [
        ("FACTS_MISSING", ("pipelineStageId", "AMOUNT_SET")),
        ("FACTS_MISSING", ("pipelineStageId", "CHAMPION_KNOWN")),
    ]
    assert await StageChange.filter(deal_id=deal.id).count() == 1

    deal = await deals.update(desk.director, deal.id, 1, {"amount_minor": 1_000_00})
    contact = await factories.contact(desk.account)
    part = await deal_people.set_contact(desk.director, deal.id, contact.id, ContactRole.CHAMPION)
    deal = await _advance(desk.director, deal, desk.stages[1])
    assert (deal.stage, deal.probability, deal.pipeline_stage_id) == (Stage.QUALIFIED, 25, desk.stages[1].id)

    back = await deals.advance(desk.director, deal.id, deal.version, Stage.IDENTIFIED)  # needs nothing
    await deal_people.remove_contact(desk.director, part.id)
    with pytest.raises(FactsMissing) as refused:
        await deals.advance(desk.director, deal.id, back.version, Stage.PROPOSED)
    assert [each.path for each in refused.value.problems] == [
        ("stage", "LINE_PRESENT"), ("stage", "CHAMPION_KNOWN"),
    ]  # fmt: skip
    assert not await StageWaiver.all().exists()


async def test_a_manager_waives_what_lacks_with_a_reason_and_a_director_does_not(desk: Desk) -> None:
    deal = await desk.deal()
    with pytest.raises(Forbidden, match="may not waive what a stage needs"):
        await _advance(desk.director, deal, desk.stages[2], waiver="I am sure")
    with pytest.raises(Invalid, match="waiver may not be blank"):
        await _advance(desk.manager, deal, desk.stages[2], waiver=" ")
    deal = await _advance(desk.manager, deal, desk.stages[2], waiver="the board has said yes")
    waiver = await StageWaiver.get(deal_id=deal.id)
    assert waiver.facts == ["AMOUNT_SET", "LINE_PRESENT", "CHAMPION_KNOWN"]
    assert (waiver.from_stage_id, waiver.to_stage_id) == (desk.stages[0].id, desk.stages[2].id)
    assert (waiver.waived_by_id, waiver.waived_on) == (desk.manager.user_id, today())
    assert waiver.reason == "the board has said yes"
    await deals.close(desk.manager, deal.id, deal.version, Stage.WON, waiver="needless")
    assert await StageWaiver.all().count() == 1  # the last stage needs nothing


async def test_winning_needs_what_the_stages_ahead_need_and_losing_needs_nothing(desk: Desk) -> None:
    won, lost = await desk.deal(), await desk.deal()
    with pytest.raises(FactsMissing) as refused:
        await deals.close(desk.director, won.id, 1, Stage.WON, amount_minor=500_00)
    assert [each.path[-1] for each in refused.value.problems] == ["LINE_PRESENT", "CHAMPION_KNOWN"]
    lost = await deals.close(desk.director, lost.id, 1, Stage.LOST, loss_reason="too dear")
    assert (lost.pipeline_id, lost.pipeline_stage_id) == (desk.pipeline.id, None)
    last = await StageChange.filter(deal_id=lost.id).order_by("-id").first()
    assert last and (last.from_pipeline_stage_id, last.to_pipeline_stage_id, last.to_stage) == (
        desk.stages[0].id, None, Stage.LOST,
    )  # fmt: skip


async def test_each_fact_is_shown_by_its_record_and_by_no_other(desk: Desk) -> None:
    for fact in ExitFact:
        await pipelines.update_stage(desk.manager, desk.stages[0].id, {"required": [fact.value]})
        deal = await desk.deal()
        with pytest.raises(FactsMissing, match=fact.value):
            await _advance(desk.director, deal, desk.stages[1])
        await _show(desk, deal, fact)
        await pipelines.update_stage(desk.manager, desk.stages[0].id, {"required": list(ExitFact)})
        with pytest.raises(FactsMissing) as refused:
            await _advance(desk.director, await Deal.get(id=deal.id), desk.stages[1])
        assert {each.path[-1] for each in refused.value.problems} == {*ExitFact} - {fact}


async def _show(desk: Desk, deal: Deal, fact: ExitFact) -> None:
    """Give a deal a fact, and no other."""
    values: dict[ExitFact, dict[str, object]] = {
        ExitFact.AMOUNT_SET: {"amount_minor": 1},
        ExitFact.CLOSE_DATE_SET: {"close_on": today()},
        ExitFact.NEXT_STEP_PLANNED: {"next_step": "call", "next_step_on": today()},
        ExitFact.COMPETITION_KNOWN: {"uncontested": True},
    }
    name = fact.value.removesuffix("_KNOWN").removesuffix("_VALIDATED")
    if fact in values:
        await deals.update(desk.director, deal.id, deal.version, values[fact])
    elif fact is ExitFact.LINE_PRESENT:
        product = await factories.product(await Tenant.get(id=deal.tenant_id))
        await deal_lines.add(desk.director, deal.id, {"product_id": product.id})
    elif fact in (ExitFact.BID_DECIDED, ExitFact.OFFER_APPROVED):
        bid = await bids.create(desk.director, deal.id, "Backbone", today())
        if fact is ExitFact.BID_DECIDED:
            await bids.decide(desk.director, bid.id, BidDecision.NO_GO, "too small")
        else:
            await bids.record_round(desk.director, bid.id, {"listed_minor": 100, "offered_minor": 90})
    elif fact.value.endswith("_KNOWN"):
        contact = await factories.contact(desk.account)
        await deal_people.set_contact(desk.director, deal.id, contact.id, ContactRole(name))
    else:
        told = {"state": Known.VALIDATED, "evidence": "a mail", "confirmed_on": today()}
        await qualification.qualify(desk.director, deal.id, Element(name), told)


async def test_an_offer_is_approved_once_nobodys_word_is_needed(desk: Desk) -> None:
    await pipelines.update_stage(
        desk.manager, desk.stages[0].id, {"required": [ExitFact.OFFER_APPROVED.value]}
    )
    await discounts.set_levels(desk.manager, [Level(5, Role.DIRECTOR), Level(50, Role.MANAGER)])
    deal = await desk.deal()
    first, second = [await bids.create(desk.director, deal.id, name, today()) for name in ("East", "West")]
    await bids.record_round(desk.director, first.id, {"listed_minor": 100, "offered_minor": 96})
    await bids.record_round(desk.director, second.id, {"listed_minor": 100, "offered_minor": 80})
    with pytest.raises(FactsMissing, match="OFFER_APPROVED"):
        await _advance(desk.director, deal, desk.stages[1])
    await discounts.approve(desk.manager, (await BidApproval.get(bid_id=second.id)).id)
    deal = await _advance(desk.director, deal, desk.stages[1])
    await bids.record_round(desk.director, second.id, {"listed_minor": 100, "offered_minor": 70})
    assert ExitFact.OFFER_APPROVED not in await shown_by(deal, today())
    await bids.decide(desk.director, second.id, BidDecision.NO_GO, "too much")
    assert (await shown_by(deal, today()))[ExitFact.OFFER_APPROVED] == first.id
    await bids.decide(desk.director, second.id, BidDecision.GO, "after all")
    assert ExitFact.OFFER_APPROVED not in await shown_by(deal, today())
    await bids.close(desk.director, second.id, BidState.WITHDRAWN)
    assert (await shown_by(deal, today()))[ExitFact.OFFER_APPROVED] == first.id


async def test_what_a_stage_needs_of_bids_is_waived_as_anything_else(desk: Desk) -> None:
    need = [ExitFact.BID_DECIDED.value, ExitFact.OFFER_APPROVED.value]
    await pipelines.update_stage(desk.manager, desk.stages[0].id, {"required": need})
    deal = await desk.deal()
    await bids.create(desk.director, deal.id, "East", today())
    with pytest.raises(FactsMissing) as refused:
        await _advance(desk.director, deal, desk.stages[1])
    assert [each.path[-1] for each in refused.value.problems] == need
    await _advance(desk.manager, deal, desk.stages[1], waiver="the board decides tomorrow")
    assert (await StageWaiver.get(deal_id=deal.id)).facts == need


async def test_a_person_who_has_left_and_a_rival_named_show_what_they_show(desk: Desk) -> None:
    need = [ExitFact.CHAMPION_KNOWN.value, ExitFact.COMPETITION_KNOWN.value]
    await pipelines.update_stage(desk.manager, desk.stages[0].id, {"required": need})
    deal = await desk.deal()
    gone = await factories.contact(desk.account, left_on=today())
    await deal_people.set_contact(desk.director, deal.id, gone.id, ContactRole.CHAMPION)
    await deal_competitors.put(desk.director, deal.id, "Rival", {})
    with pytest.raises(FactsMissing) as refused:
        await _advance(desk.director, await Deal.get(id=deal.id), desk.stages[1])
    assert [each.path[-1] for each in refused.value.problems] == ["CHAMPION_KNOWN"]


async def test_a_deal_that_moves_to_another_pipeline_keeps_both_histories(desk: Desk) -> None:
    other = await pipelines.create(
        desk.manager,
        {"name": "Bids", "kinds": [DealKind.NEW]},
        [{"name": "Read", "stage": Stage.IDENTIFIED}, {"name": "Sent", "stage": Stage.PROPOSED}],
    )
    read, sent = await pipelines.stages_of(other.id)
    deal = await desk.deal()
    with pytest.raises(InvalidTransition, match="'Sent' stands for PROPOSED, and the deal is IDENTIFIED"):
        await deals.move_to_pipeline(desk.director, deal.id, 1, other.id, sent.id)
    deal = await _advance(desk.manager, deal, desk.stages[1], waiver="known for years")
    deal = await deals.move_to_pipeline(desk.director, deal.id, deal.version, other.id)
    assert (deal.pipeline_stage_id, deal.stage) == (read.id, Stage.IDENTIFIED)
    steps = await StageChange.filter(deal_id=deal.id).order_by("id")
    assert [(step.from_pipeline_stage_id, step.to_pipeline_stage_id) for step in steps] == [
        (None, desk.stages[0].id), (desk.stages[0].id, desk.stages[1].id), (desk.stages[1].id, read.id),
    ]  # fmt: skip
    log = await Change.filter(entity_id=deal.id, field="pipeline_id")
    assert [(change.old, change.new) for change in log] == [(desk.pipeline.id, other.id)]
    with pytest.raises(InvalidTransition, match="goes through this pipeline already"):
        await deals.move_to_pipeline(desk.director, deal.id, deal.version, other.id)
    with pytest.raises(Invalid, match="no stage of the deal's pipeline"):
        await _advance(desk.director, deal, desk.stages[0])


async def test_a_deal_without_a_pipeline_goes_on_as_before(desk: Desk) -> None:
    deal = await desk.deal(kind=DealKind.RENEWAL)
    with pytest.raises(Invalid, match="the deal goes through no pipeline"):
        await _advance(desk.director, deal, desk.stages[1])
    deal = await deals.advance(desk.director, deal.id, 1, Stage.NEGOTIATING)
    assert (deal.probability, deal.pipeline_id) == (75, None)
    with pytest.raises(Invalid, match="one of the two"):
        await deals.advance(desk.director, deal.id, 2, None)


async def test_a_stage_with_deals_in_it_is_not_taken_out(desk: Desk) -> None:
    deal = await desk.deal()
    first, second, third = desk.stages
    with pytest.raises(InvalidTransition, match="1 open deal"):
        await pipelines.remove_stage(desk.manager, first.id)
    with pytest.raises(InvalidTransition, match="1 open deal"):
        await pipelines.update_stage(desk.manager, first.id, {"stage": Stage.QUALIFIED})
    deal = await _advance(desk.manager, deal, third, waiver="in a hurry")
    await pipelines.remove_stage(desk.manager, first.id)
    left = await pipelines.stages_of(desk.pipeline.id)
    assert [(stage.id, stage.position) for stage in left] == [(second.id, 1), (third.id, 2)]
    with pytest.raises(Invalid, match="no stage of the deal's pipeline"):
        await _advance(desk.director, deal, first)


async def test_a_stage_is_taken_out_or_entered_whoever_is_faster(desk: Desk) -> None:
    for round_ in range(4):
        name = f"Visited {round_}"
        await pipelines.add_stage(desk.manager, desk.pipeline.id, {"name": name, "stage": Stage.QUALIFIED}, 2)
        stage = await PipelineStage.get(name=name)
        deal = await desk.deal()
        await asyncio.gather(
            _advance(desk.manager, deal, stage, waiver="at once"),
            pipelines.remove_stage(desk.manager, stage.id),
            return_exceptions=True,
        )
        is_in_it = (await Deal.get(id=deal.id)).pipeline_stage_id == stage.id
        is_gone = (await PipelineStage.get(id=stage.id)).removed_on is not None
        assert is_in_it != is_gone


async def test_stages_stay_in_the_order_of_the_lifecycle(desk: Desk) -> None:
    with pytest.raises(Invalid, match="'Early' stands for IDENTIFIED, and comes after 'Offered'"):
        await pipelines.add_stage(
            desk.manager, desk.pipeline.id, {"name": "Early", "stage": Stage.IDENTIFIED}
        )
    await pipelines.add_stage(
        desk.manager, desk.pipeline.id, {"name": "Visited", "stage": Stage.QUALIFIED, "usual_days": 14}, 2
    )
    names = [stage.name for stage in await pipelines.stages_of(desk.pipeline.id)]
    assert names == ["Heard of", "Visited", "Surveyed", "Offered"]
    await pipelines.update_stage(desk.manager, desk.stages[1].id, {"name": "Measured"}, position=2)
    names = [stage.name for stage in await pipelines.stages_of(desk.pipeline.id)]
    assert names == ["Heard of", "Measured", "Visited", "Offered"]
    with pytest.raises(Invalid, match="a stage stands for an open state"):
        await pipelines.add_stage(desk.manager, desk.pipeline.id, {"name": "Won", "stage": Stage.WON})


async def test_a_kind_has_one_default_pipeline_and_a_retired_one_takes_no_deals(desk: Desk) -> None:
    one = {"name": "Other", "kinds": [DealKind.NEW, DealKind.RENEWAL], "default_for": [DealKind.NEW]}
    other = await pipelines.create(desk.manager, one, STAGES[1:])
    assert (await Pipeline.get(id=desk.pipeline.id)).default_for == []
    in_it = await desk.deal()
    assert in_it.pipeline_id == other.id
    await pipelines.retire(desk.manager, other.id)
    assert (await desk.deal()).pipeline_id is None
    with pytest.raises(InvalidTransition, match="the pipeline is retired"):
        await desk.deal(pipeline_id=other.id)
    moved = await _advance(desk.manager, in_it, (await pipelines.stages_of(other.id))[1], waiver="it goes on")
    assert moved.stage is Stage.PROPOSED
    with pytest.raises(Invalid, match="there is a pipeline 'Other' already"):
        await pipelines.update(desk.manager, desk.pipeline.id, {"name": "Other"})
    with pytest.raises(Invalid, match="the pipeline is not for RENEWAL"):
        await pipelines.update(desk.manager, desk.pipeline.id, {"default_for": [DealKind.RENEWAL]})
    with pytest.raises(Conflict):
        await pipelines.update(desk.manager, desk.pipeline.id, {"name": "Late"}, version=1)


async def test_a_director_configures_no_pipelines(desk: Desk) -> None:
    with pytest.raises(Forbidden, match="a DIRECTOR may not configure pipelines"):
        await pipelines.retire(desk.director, desk.pipeline.id)


async def test_a_source_that_moves_a_deal_takes_it_along_its_pipeline(desk: Desk) -> None:
    tenant = await Tenant.get(id=desk.account.tenant_id)
    values = {
        "account_id": desk.account.id, "name": "Fibre", "currency": "EUR", "stage": Stage.IDENTIFIED,
        "kind": DealKind.WIN_BACK,  # imports bring such deals into no pipeline, as none is their default
    }  # fmt: skip
    crm = system_actor(tenant, "crm")
    await upsert(crm, Deal, "crm", [Incoming("D1", values)], on=today())
    deal = await Deal.get(external_id="D1")
    deal = await deals.move_to_pipeline(desk.director, deal.id, 1, desk.pipeline.id)
    for stage, expected in (
        (Stage.NEGOTIATING, desk.stages[2].id),  # the last one before it
        (Stage.QUALIFIED, desk.stages[1].id),
        (Stage.WON, None),
    ):
        await upsert(crm, Deal, "crm", [Incoming("D1", {**values, "stage": stage})], on=today())
        assert (await Deal.get(id=deal.id)).pipeline_stage_id == expected
    steps = await StageChange.filter(deal_id=deal.id).order_by("id")
    assert [step.to_pipeline_stage_id for step in steps[-3:]] == [desk.stages[2].id, desk.stages[1].id, None]


async def test_reasons_of_losses_are_a_list_of_the_tenants_or_a_small_set(desk: Desk) -> None:
    tenant_id = desk.director.tenant_id
    assert await loss_reasons.offered(tenant_id) == list(DEFAULT_LOSS_REASONS)
    first, second, third, fourth = [await desk.deal() for _ in range(4)]
    lost = await deals.close(desk.director, first.id, 1, Stage.LOST, loss_reason="dear", cause="Price")
    assert (await LossReason.get(id=lost.loss_cause_id)).name == "Price"
    await deals.close(desk.director, second.id, 1, Stage.LOST, loss_reason="no idea")  # there is no list yet

    await loss_reasons.put(desk.manager, "Fibre too late")
    assert await loss_reasons.offered(tenant_id) == ["Fibre too late"]
    for cause in (None, "Price"):
        with pytest.raises(Invalid, match="allowed: Fibre too late"):
            await deals.close(desk.director, third.id, 1, Stage.LOST, loss_reason="late", cause=cause)
    with pytest.raises(Invalid, match="a lost deal needs a reason"):
        await deals.close(desk.director, third.id, 1, Stage.LOST, cause="Fibre too late")
    await deals.close(desk.director, third.id, 1, Stage.LOST, loss_reason="late", cause="Fibre too late")
    with pytest.raises(Invalid, match="only a lost deal has a reason"):
        await deals.close(desk.manager, fourth.id, 1, Stage.WON, cause="Fibre too late", waiver="signed")
    await loss_reasons.put(desk.manager, "Fibre too late", active=False)
    assert await loss_reasons.offered(tenant_id) == list(DEFAULT_LOSS_REASONS)


async def test_a_move_is_dated_and_not_into_the_future(desk: Desk) -> None:
    deal = await desk.deal(amount_minor=1)
    with pytest.raises(Invalid, match="is in the future"):
        await _advance(desk.manager, deal, desk.stages[1], waiver="soon", days=3)


async def _advance(
    actor: Actor, deal: Deal, to: PipelineStage, waiver: str | None = None, days: int = 0
) -> Deal:
    return await deals.advance(
        actor,
        deal.id,
        deal.version,
        None,
        today() + timedelta(days=days),
        pipeline_stage_id=to.id,
        waiver=waiver,
    )
