"""What users do with deals: open them, change them, move them along, win or lose them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from commands.exits import Way, among, check_exit, check_standing, check_takes, leaving
from commands.journal import Repeat, Values, Work, check_version, once, unit_of_work
from commands.loss_reasons import cause_of
from commands.permissions import SELL, check_owner, require
from commands.pipelines import default_for, stages_of
from commands.placing import stage_change
from commands.validation import check_reference, validate
from models.access import Actor
from models.accounts import Account
from models.base import check_day, latest_today
from models.deals import Deal, DealKind, Stage, valued
from models.errors import Invalid, InvalidTransition, allowed
from models.history import Change
from models.pipelines import Pipeline, PipelineStage, nearest, standing_for
from models.revenue import Contract
from models.visibility import find

#: What a deal that has ended has no more.
FORECAST = frozenset({"probability", "forecast_category", "close_on"})


async def create(actor: Actor, values: Values, *, idempotency_key: str | None = None) -> Deal:
    """Open a deal on an account, in stage IDENTIFIED unless ``values`` says another open stage.

    It goes through the pipeline that ``values`` names, else through the default of its kind where there is
    one: from the stage that stands for its stage, or from the first.

    Raises:
        InvalidTransition: the stage is an end, or the pipeline takes no deals.
        Invalid: the pipeline is for other kinds, or has no stage that stands for the stage.
    """
    require(actor, SELL, "create deals")
    repeat = Repeat.of(actor, "deals.create", idempotency_key, values)
    stage = Stage(str(values.get("stage") or Stage.IDENTIFIED))
    if not stage.is_open:
        raise InvalidTransition("a deal is created open; close it with closeDeal", ["stage"])
    owner = actor.principal_id if actor.owners else None

    async def make() -> Deal:
        await _check(actor, values)
        entered = await _first_stage(actor, values, stage)
        placed = {"owner_id": owner, **_entered(entered, stage), **values}
        placed |= {
            "stage": entered.stage if entered else stage,
            "pipeline_id": entered and entered.pipeline_id,
        }
        async with unit_of_work(actor, "deals.create", repeat=repeat) as work:
            if entered:
                await check_standing(entered)
            return await _open(work, _contested(placed))

    return await once(actor, Deal, repeat, make)


async def _first_stage(actor: Actor, values: Values, stage: Stage) -> PipelineStage | None:
    kind = DealKind(str(values.get("kind") or DealKind.NEW))
    if pipeline_id := values.get("pipeline_id"):
        pipeline = await find(Pipeline, actor, str(pipeline_id), "pipelineId")
        check_takes(pipeline, kind)
    elif (found := await default_for(actor.tenant_id, kind)) is not None:
        pipeline = found
    else:
        return None
    stages = await stages_of(pipeline.id)
    return standing_for(stages, stage) if values.get("stage") else stages[0]


async def _open(work: Work, values: Values) -> Deal:
    deal = await work.create(
        Deal(
            id=Deal.make_id(),
            tenant_id=work.actor.tenant_id,
            currency=work.actor.currency,
            valid_from=work.on,
            stage_since=work.on,
            **values,
        )
    )
    await work.create_all(
        [stage_change(deal, None, Stage(deal.stage), work.on, None, deal.pipeline_stage_id)], log=False
    )
    return deal


async def update(actor: Actor, deal_id: str, version: int, values: Values) -> Deal:
    """Change fields of a deal that the caller read at ``version``; the stage has its own commands.

    Raises:
        InvalidTransition: the deal has ended, and ``values`` would forecast it.
    """
    require(actor, SELL, "change deals")
    deal = await find(Deal, actor, deal_id, "id")
    await _check(actor, {"account_id": deal.account_id, **values})
    if not Stage(deal.stage).is_open and (ended := sorted(FORECAST & values.keys())):
        raise InvalidTransition(f"the deal is {deal.stage}; its forecast has ended", [ended[0]])
    async with unit_of_work(actor, "deals.update") as work:
        return await work.update(deal, valued(_contested(values)), version)


def _contested(values: Values) -> Values:
    """Whoever names a competitor says that there is one."""
    if values.get("competitor") and values.get("uncontested"):
        raise Invalid("a deal with a competitor is not uncontested", ["uncontested"])
    return {**values, "uncontested": False} if values.get("competitor") else values


async def advance(
    actor: Actor,
    deal_id: str,
    version: int,
    to: Stage | None,
    on: date | None = None,
    *,
    pipeline_stage_id: str | None = None,
    waiver: str | None = None,
) -> Deal:
    """Move an open deal to another open stage, with that stage's probability and forecast category.

    In a pipeline it goes to ``pipeline_stage_id``, or to the first stage that stands for ``to``; forward only
    with the facts that the stages on its way need, or with a reason why they are waived (``waiver``).

    Raises:
        InvalidTransition: ``to`` is an end (use ``close``), or the deal has ended.
        FactsMissing: it lacks facts that it needs.
        Forbidden: it lacks facts, and the actor may not waive them.
        Invalid: none or both of the two are given, or the stage is none of its pipeline.
    """
    require(actor, SELL, "move deals")
    if (to is None) == (pipeline_stage_id is None):
        raise Invalid("a deal moves to a stage, or to a stage of its pipeline: one of the two", ["stage"])
    if to is not None and not to.is_open:
        open_stages = allowed([stage for stage in Stage if stage.is_open])
        raise InvalidTransition(f"advance moves among open stages; allowed: {open_stages}", ["stage"])
    deal = await find(Deal, actor, deal_id, "id")
    if deal.pipeline_id is None:
        if pipeline_stage_id is not None:
            await find(PipelineStage, actor, pipeline_stage_id, "pipelineStageId")
            raise Invalid("the deal goes through no pipeline; allowed: stage", ["pipelineStageId"])
        assert to is not None
        return await _move(actor, deal, version, to, {}, on, "deals.advance")
    stages = await stages_of(deal.pipeline_id)
    path = "pipelineStageId" if pipeline_stage_id else "stage"
    if pipeline_stage_id is not None:
        after = await among(actor, stages, pipeline_stage_id)
    else:
        assert to is not None
        after = standing_for(stages, to)
    left = leaving(deal, stages, after)
    return await _move(
        actor, deal, version, Stage(after.stage), after.entered, on, "deals.advance",
        Way(left, after, waiver, path),
    )  # fmt: skip


async def move_to_pipeline(
    actor: Actor,
    deal_id: str,
    version: int,
    pipeline_id: str,
    pipeline_stage_id: str | None = None,
    on: date | None = None,
) -> Deal:
    """Move an open deal to another pipeline, by default to the stage that stands for its stage, or is before
    it.

    Both histories stay: its stage changes name the stages of either pipeline.

    Raises:
        InvalidTransition: the deal has ended or is in it, the pipeline takes no deals, or the stage is
        further
            on than the deal is: there, it is advanced.
        Invalid: the pipeline is for other kinds, or the stage is none of it.
    """
    require(actor, SELL, "move deals")
    deal = await find(Deal, actor, deal_id, "id")
    pipeline = await find(Pipeline, actor, pipeline_id, "pipelineId")
    deal.check_open("pipelineId")
    if deal.pipeline_id == pipeline.id:
        raise InvalidTransition("the deal goes through this pipeline already", ["pipelineId"])
    check_takes(pipeline, DealKind(deal.kind))
    stages = await stages_of(pipeline.id)
    entered = (
        await among(actor, stages, pipeline_stage_id)
        if pipeline_stage_id
        else nearest(stages, Stage(deal.stage))
    )
    assert entered
    if pipeline_stage_id and Stage(entered.stage).rank > Stage(deal.stage).rank:
        raise InvalidTransition(
            f"{entered.name!r} stands for {entered.stage}, and the deal is {deal.stage}; move it to a"
            " stage for that or an earlier one, and advance it there",
            ["pipelineStageId"],
        )
    return await _move(
        actor, deal, version, Stage(entered.stage), entered.entered, on, "deals.move_to_pipeline",
        Way(None, entered, None, "pipelineId"),
    )  # fmt: skip


async def close(
    actor: Actor,
    deal_id: str,
    version: int,
    to: Stage,
    *,
    loss_reason: str | None = None,
    cause: str | None = None,
    amount_minor: int | None = None,
    on: date | None = None,
    waiver: str | None = None,
) -> Deal:
    """Win or lose a deal on a business date (default today), at its final amount where given.

    A lost deal says why in words (``loss_reason``), and by one of the tenant's reasons (``cause``, its
    name). A deal is won out of a pipeline with the facts that the stages need which it has not left, or with
    a ``waiver``.

    Raises:
        InvalidTransition: it does not end so, or has ended.
        Invalid: a reason lacks or is too many, or the cause is none that is offered.
        FactsMissing: it is won, and lacks facts that it needs.
    """
    require(actor, SELL, "move deals")
    if to.is_open:
        raise InvalidTransition("a deal closes as WON or LOST", ["stage"])
    if (to is Stage.LOST) != bool(loss_reason):
        raise Invalid("a lost deal needs a reason, and only a lost deal has one", ["lossReason"])
    if to is Stage.WON and cause is not None:
        raise Invalid("only a lost deal has a reason", ["lossCause"])
    deal = await find(Deal, actor, deal_id, "id")
    values: dict[str, object] = {"loss_reason": loss_reason, "pipeline_stage_id": None}
    if amount_minor is not None:
        values["amount_minor"] = amount_minor
    stages = await stages_of(deal.pipeline_id) if deal.pipeline_id and to is Stage.WON else []
    way = Way(leaving(deal, stages, None), None, waiver, "stage")
    return await _move(actor, deal, version, to, values, on, "deals.close", way, cause)


async def _move(
    actor: Actor,
    deal: Deal,
    version: int,
    to: Stage,
    values: Values,
    on: date | None,
    command: str,
    way: Way | None = None,
    cause: str | None = None,
) -> Deal:
    if version == deal.version:
        _check_moves(deal, to, way)
    validate(Deal, {name: value for name, value in values.items() if name in ("loss_reason", "amount_minor")})
    async with unit_of_work(actor, command, on=on) as work:
        check_version(deal, version)
        before, left = Stage(deal.stage), deal.pipeline_stage_id
        moved = {"stage": to, "stage_since": work.on, **_stage_defaults(to), **values}
        if not to.is_open:
            moved["closed_on"] = work.on
        await _check_date(work, deal, moved.keys())
        if to is Stage.LOST:
            moved["loss_cause_id"] = await cause_of(work, cause)
        if way and way.entered:
            await check_standing(way.entered)
        if way:
            await check_exit(work, deal, way, sets_amount=bool(values.get("amount_minor")))
        await work.update(deal, valued(moved), version)
        await work.create_all(
            [stage_change(deal, before, to, work.on, left, deal.pipeline_stage_id)], log=False
        )
        return deal


def _check_moves(deal: Deal, to: Stage, way: Way | None) -> None:
    """Raise InvalidTransition where a deal has ended, or is where it would go."""
    if way is None or way.entered is None:
        deal.check_transition(to)
        return
    deal.check_open(way.path)
    if deal.pipeline_stage_id == way.entered.id:
        raise InvalidTransition(f"the deal is in {way.entered.name!r} already", [way.path])


async def _check_date(work: Work, deal: Deal, fields: Collection[str]) -> None:
    """Refuse a day in the future, and one before a later change of the same fields."""
    if work.on > (latest := latest_today()):
        raise Invalid(f"{work.on} is in the future; allowed: {latest} and earlier", ["on"])
    check_day(work.on, "on")
    changes = Change.filter(tenant_id=deal.tenant_id, entity="deal", entity_id=deal.id, field__in=fields)
    last = await changes.order_by("-effective_on").first()
    known = [deal.stage_since or deal.valid_from, last.effective_on if last else None]
    since = max((day for day in known if day is not None), default=work.on)
    if work.on < since:
        raise Invalid(f"the deal last moved on {since}; allowed: that day or later", ["on"])


def _entered(entered: PipelineStage | None, stage: Stage) -> Values:
    return entered.entered if entered else _stage_defaults(stage)


def _stage_defaults(stage: Stage) -> dict[str, object]:
    return {"probability": stage.default_probability, "forecast_category": stage.default_category}


async def _check(actor: Actor, values: Values) -> None:
    validate(Deal, values)
    await check_reference(actor, Account, str(values["account_id"]), "accountId")
    await check_owner(actor, values)
    contract_id = values.get("contract_id")
    if contract_id is not None:
        contract = await find(Contract, actor, str(contract_id), "contractId")
        if contract.account_id != values["account_id"]:
            raise Invalid("the contract belongs to another account", ["contractId"])
