"""How a tenant sells: its pipelines with their stages, and how contract value is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

from commands.journal import Repeat, Values, Work, check_version, once, unit_of_work
from commands.permissions import CONFIGURE_SALES, require
from commands.validation import validate
from models.access import Actor, Tenant
from models.deals import Deal, DealKind, ForecastCategory, Stage
from models.errors import BellwetherError, Invalid, InvalidTransition, allowed
from models.pipelines import ExitFact, Pipeline, PipelineStage
from models.visibility import find

#: A pipeline has at most so many stages.
MOST_STAGES = 20
_ACT = "configure pipelines"


async def create(
    actor: Actor, values: Values, stages: Sequence[Values], *, idempotency_key: str | None = None
) -> Pipeline:
    """Make a pipeline with its stages in order; a kind that it is the default for had none, or loses it.

    Raises:
        Invalid: it has no stage or too many, they do not follow the lifecycle, or the name is taken.
    """
    require(actor, CONFIGURE_SALES, _ACT)
    repeat = Repeat.of(actor, "pipelines.create", idempotency_key, {**values, "stages": stages})

    async def make() -> Pipeline:
        if not stages:
            raise Invalid("a pipeline has one stage at least", ["stages"])
        new = _pipeline(actor, values)
        made = [
            _stage(actor, new.id, number, each, ("stages", str(number - 1)))
            for number, each in enumerate(stages, 1)
        ]
        _check_order(made)
        async with _configuring(actor, "pipelines.create", repeat) as work:
            await _check_name(actor, new.name)
            await _take_defaults(work, new.id, new.default_for)
            await work.create(new)
            await work.create_all(made)
        return new

    return await once(actor, Pipeline, repeat, make)


async def update(actor: Actor, pipeline_id: str, values: Values, version: int | None = None) -> Pipeline:
    """Change a pipeline's name, its kinds, or the kinds whose new deals go through it.

    Raises:
        Invalid: the name is taken, or it would be the default for a kind that it is not for.
        InvalidTransition: it is retired, and would be the default for a kind.
    """
    require(actor, CONFIGURE_SALES, _ACT)
    pipeline = await find(Pipeline, actor, pipeline_id, "id")
    merged = _checked({"kinds": pipeline.kinds, "default_for": pipeline.default_for, **values})
    changed = {name: merged[name] for name in values}
    if not pipeline.active and merged["default_for"]:
        raise InvalidTransition("the pipeline is retired; it takes no deals", ["defaultFor"])
    async with _configuring(actor, "pipelines.update") as work:
        if changed.get("name", pipeline.name) != pipeline.name:
            await _check_name(actor, str(changed["name"]))
        await _take_defaults(work, pipeline.id, changed.get("default_for") or ())  # type: ignore[arg-type]
        return await work.update(pipeline, changed, version)


async def retire(actor: Actor, pipeline_id: str, version: int | None = None) -> Pipeline:
    """Have a pipeline take no more deals; those that are in it go on through its stages."""
    require(actor, CONFIGURE_SALES, _ACT)
    pipeline = await find(Pipeline, actor, pipeline_id, "id")
    async with _configuring(actor, "pipelines.retire") as work:
        return await work.update(pipeline, {"active": False, "default_for": []}, version)


async def add_stage(actor: Actor, pipeline_id: str, values: Values, position: int | None = None) -> Pipeline:
    """Put a stage into a pipeline at a position from 1, after the last unless told.

    Raises:
        Invalid: the stages would not follow the lifecycle, or there are too many.
    """
    require(actor, CONFIGURE_SALES, _ACT)
    pipeline = await find(Pipeline, actor, pipeline_id, "pipelineId")
    async with _configuring(actor, "pipelines.add_stage") as work:
        standing = await stages_of(pipeline.id)
        at = _check_position(position, len(standing) + 1)
        new = _stage(actor, pipeline.id, at, values)
        await _arrange(work, [*standing[: at - 1], new, *standing[at - 1 :]])
        await work.create(new)
    return pipeline


async def update_stage(
    actor: Actor, stage_id: str, values: Values, position: int | None = None, version: int | None = None
) -> Pipeline:
    """Change a stage or its position; deals in it keep the probability and category that they have.

    Raises:
        InvalidTransition: it was taken out, or deals are in it and it would stand for another state.
        Invalid: the stages would not follow the lifecycle.
    """
    require(actor, CONFIGURE_SALES, _ACT)
    stage = await _standing(actor, stage_id)
    checked = _checked_stage(values)
    async with _configuring(actor, "pipelines.update_stage") as work:
        check_version(stage, version)
        if "stage" in checked and checked["stage"] is not stage.stage:
            await _check_empty(stage, "stand for another state")
        others = [each for each in await stages_of(stage.pipeline_id) if each.id != stage.id]
        at = _check_position(position or stage.position, len(others) + 1)
        await work.update(stage, checked)
        await _arrange(work, [*others[: at - 1], stage, *others[at - 1 :]])
    return await Pipeline.get(id=stage.pipeline_id)


async def remove_stage(actor: Actor, stage_id: str, version: int | None = None) -> Pipeline:
    """Take a stage out of its pipeline; the history of deals that were in it keeps it.

    Raises:
        InvalidTransition: open deals are in it, or it is the last one.
    """
    require(actor, CONFIGURE_SALES, _ACT)
    stage = await _standing(actor, stage_id)
    async with _configuring(actor, "pipelines.remove_stage") as work:
        await _check_empty(stage, "be taken out")
        others = [each for each in await stages_of(stage.pipeline_id) if each.id != stage.id]
        if not others:
            raise InvalidTransition("a pipeline has one stage at least; retire the pipeline instead", ["id"])
        await work.update(stage, {"removed_on": work.on}, version)
        await _arrange(work, others)
    return await Pipeline.get(id=stage.pipeline_id)


async def stages_of(pipeline_id: str) -> list[PipelineStage]:
    """The stages of a pipeline that were not taken out, in order."""
    return await PipelineStage.filter(pipeline_id=pipeline_id, removed_on=None).order_by("position", "id")


async def default_for(tenant_id: str, kind: DealKind) -> Pipeline | None:
    """The pipeline that new deals of a kind go through."""
    active = await Pipeline.filter(tenant_id=tenant_id, active=True).order_by("id")
    return next((each for each in active if kind in each.default_for), None)


async def set_contract_value(actor: Actor, *, with_one_off: bool, version: int | None = None) -> Tenant:
    """Say whether the annual contract value has the one-off charges of the first year in it."""
    require(actor, CONFIGURE_SALES, "say how contract value is counted")
    tenant = await Tenant.get(id=actor.tenant_id)
    async with unit_of_work(actor, "contract_value.set") as work:
        return await work.update(tenant, {"acv_with_one_off": with_one_off}, version)


@asynccontextmanager
async def _configuring(actor: Actor, command: str, repeat: Repeat | None = None) -> AsyncIterator[Work]:
    """A unit of work that waits for whoever configures the same tenant at this moment."""
    async with unit_of_work(actor, command, repeat=repeat) as work:
        await Tenant.filter(id=actor.tenant_id).select_for_update(no_key=True).get()
        yield work


async def _check_name(actor: Actor, name: str) -> None:
    if await Pipeline.filter(tenant_id=actor.tenant_id, name=name).exists():
        raise Invalid(f"there is a pipeline {name!r} already", ["name"])


def _pipeline(actor: Actor, values: Values) -> Pipeline:
    checked = _checked({"default_for": [], **values})
    return Pipeline(id=Pipeline.make_id(), tenant_id=actor.tenant_id, active=True, **checked)


def _checked(values: Values) -> dict[str, object]:
    """The values of a pipeline, its kinds in the order of the enumeration."""
    validate(Pipeline, values)
    kinds, default_for = (_kinds(values[name]) for name in ("kinds", "default_for"))
    if not kinds:
        raise Invalid(
            f"a pipeline is for one kind of deals at least; allowed: {allowed(list(DealKind))}", ["kinds"]
        )
    if other := [kind for kind in default_for if kind not in kinds]:
        raise Invalid(f"the pipeline is not for {other[0]}; allowed: {allowed(kinds)}", ["defaultFor"])
    return {**values, "kinds": kinds, "default_for": default_for}


def _kinds(given: object) -> list[str]:
    named = set(given if isinstance(given, list | tuple | set) else ())
    return [kind.value for kind in DealKind if kind in named]


async def _take_defaults(work: Work, pipeline_id: str, kinds: Collection[str]) -> None:
    """Have no other pipeline be the default for these kinds."""
    for other in await Pipeline.filter(tenant_id=work.actor.tenant_id).exclude(id=pipeline_id):
        if not set(other.default_for).isdisjoint(kinds):
            left = [kind for kind in other.default_for if kind not in kinds]
            await work.update(other, {"default_for": left})


def _stage(
    actor: Actor, pipeline_id: str, position: int, values: Values, under: Sequence[str] = ()
) -> PipelineStage:
    """A new stage; it has the category and probability of the state that it stands for unless told."""
    try:
        checked = _checked_stage(values)
    except BellwetherError as error:
        error.path = (*under, *error.path)
        raise
    stage = Stage(str(checked["stage"]))
    defaults: dict[str, object] = {
        "forecast_category": stage.default_category,
        "probability": stage.default_probability,
        "required": [],
    }
    return PipelineStage(
        id=PipelineStage.make_id(),
        tenant_id=actor.tenant_id,
        pipeline_id=pipeline_id,
        position=position,
        **{**defaults, **checked},
    )


def _checked_stage(values: Values) -> dict[str, object]:
    """The values of a stage, its facts once each in the order of the enumeration."""
    validate(PipelineStage, values)
    if "stage" in values and not Stage(str(values["stage"])).is_open:
        open_stages = allowed([stage for stage in Stage if stage.is_open])
        raise Invalid(f"a stage stands for an open state; allowed: {open_stages}", ["stage"])
    if values.get("forecast_category") is ForecastCategory.CLOSED:
        raise Invalid("CLOSED is for deals that are won; allowed: the others", ["forecastCategory"])
    required = values.get("required")
    if "required" not in values:
        return dict(values)
    named = set(required) if isinstance(required, list) else set()
    return {**values, "required": [fact.value for fact in ExitFact if fact in named]}


def _check_position(position: int | None, most: int) -> int:
    if position is not None and not 1 <= position <= most:
        raise Invalid(f"position is out of range; allowed: 1 to {most}", ["position"])
    return position or most


async def _arrange(work: Work, ordered: Sequence[PipelineStage]) -> None:
    """Number stages in this order; one that is not stored yet has its number already."""
    _check_order(ordered)
    for position, stage in enumerate(ordered, 1):
        if stage.position != position:
            await work.update(stage, {"position": position})


def _check_order(stages: Sequence[PipelineStage]) -> None:
    if len(stages) > MOST_STAGES:
        raise Invalid(f"{len(stages)} stages; allowed: {MOST_STAGES}", ["stages"])
    for before, after in pairwise(stages):
        if Stage(before.stage).rank > Stage(after.stage).rank:
            raise Invalid(
                f"{after.name!r} stands for {after.stage}, and comes after {before.name!r}, which stands for"
                f" {before.stage}; allowed: the order of the lifecycle",
                ["stages"],
            )


async def _standing(actor: Actor, stage_id: str) -> PipelineStage:
    stage = await find(PipelineStage, actor, stage_id, "id")
    if stage.removed_on is not None:
        raise InvalidTransition("the stage was taken out of its pipeline", ["id"])
    return stage


async def _check_empty(stage: PipelineStage, act: str) -> None:
    """Raise InvalidTransition while open deals are in a stage; whoever moves one into it waits for this."""
    await PipelineStage.filter(id=stage.id).select_for_update(no_key=True).get()
    deals = await Deal.filter(tenant_id=stage.tenant_id, pipeline_stage_id=stage.id).count()
    if deals:
        raise InvalidTransition(
            f"{deals} open deal(s) are in the stage; it cannot {act} until they have left", ["id"]
        )
