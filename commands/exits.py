"""Whether a deal may leave its stage forward: it has the facts that are needed, or somebody waives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands.journal import Work
from commands.permissions import WAIVE, require
from commands.validation import check_value
from metrics.exit_criteria import shown_by
from models.access import Actor
from models.deals import Deal, DealKind
from models.errors import FactMissing, FactsMissing, Invalid, InvalidTransition, allowed
from models.pipelines import ExitFact, Pipeline, PipelineStage, StageWaiver, passed
from models.visibility import find


@dataclass(frozen=True)
class Leaving:
    """A deal's way forward: the stages that it leaves, and the one that it enters; None where it is won."""

    before: PipelineStage
    after: PipelineStage | None
    stages: Sequence[PipelineStage]

    @property
    def needed(self) -> list[ExitFact]:
        """The facts that the stages need which the deal leaves forward, each once."""
        named = {fact for stage in passed(self.stages, self.before, self.after) for fact in stage.facts}
        return [fact for fact in ExitFact if fact in named]


@dataclass(frozen=True)
class Way:
    """How a deal moves: what it leaves forward if it does, what it enters, and why what it lacks is waived.

    ``path`` names the input that says where it goes.
    """

    leaving: Leaving | None
    entered: PipelineStage | None
    waiver: str | None
    path: str


def leaving(deal: Deal, stages: Sequence[PipelineStage], after: PipelineStage | None) -> Leaving | None:
    """What a deal leaves forward; None where it goes back, or is in none of its pipeline's stages."""
    before = next((stage for stage in stages if stage.id == deal.pipeline_stage_id), None)
    if before is None or (after and after.position <= before.position):
        return None
    return Leaving(before, after, stages)


async def among(actor: Actor, stages: Sequence[PipelineStage], stage_id: str) -> PipelineStage:
    """The one of a pipeline's stages that has this id.

    Raises:
        NotFound: there is no such stage.
        Invalid: it is of another pipeline, or was taken out.
    """
    found = await find(PipelineStage, actor, stage_id, "pipelineStageId")
    if found.id not in {stage.id for stage in stages}:
        known = ", ".join(f"{stage.id} ({stage.name})" for stage in stages)
        raise Invalid(f"no stage of the deal's pipeline; allowed: {known}", ["pipelineStageId"])
    return found


def check_takes(pipeline: Pipeline, kind: DealKind) -> None:
    """Raise InvalidTransition for a pipeline that is retired, Invalid for one that is for other kinds."""
    if not pipeline.active:
        raise InvalidTransition("the pipeline is retired; it takes no deals", ["pipelineId"])
    if kind not in pipeline.kinds:
        raise Invalid(f"the pipeline is not for {kind}; allowed: {allowed(pipeline.kinds)}", ["pipelineId"])


async def check_standing(entered: PipelineStage) -> None:
    """Wait for whoever takes the stage out at this moment; it is entered only while it stands."""
    stage = await PipelineStage.filter(id=entered.id).select_for_update(no_key=True).get()
    if stage.removed_on is not None:
        raise InvalidTransition("the stage was taken out of its pipeline", ["pipelineStageId"])


async def check_exit(work: Work, deal: Deal, way: Way, *, sets_amount: bool = False) -> None:
    """Let a deal leave its stage, or record that somebody waives what it lacks; a needless waiver is none.

    ``sets_amount`` says that the move itself gives it an amount. The path of each error is that of the way,
    and the name of the fact.

    Raises:
        FactsMissing: it lacks facts, and nobody waives them.
        Forbidden: the actor may waive nothing.
    """
    if way.waiver is not None:
        require(work.actor, WAIVE, "waive what a stage needs")
        check_value(StageWaiver, "reason", way.waiver, "waiver")
    if way.leaving is None:
        return
    shown = await shown_by(deal, work.on)
    if sets_amount:
        shown[ExitFact.AMOUNT_SET] = deal.id
    missing = [fact for fact in way.leaving.needed if fact not in shown]
    if missing and way.waiver is None:
        raise _missing(way.leaving.before, missing, way.path)
    if missing:
        await work.create_all([_waiver(work, deal, way.leaving, missing, str(way.waiver))])


def _waiver(work: Work, deal: Deal, left: Leaving, missing: Sequence[ExitFact], reason: str) -> StageWaiver:
    return StageWaiver(
        id=StageWaiver.make_id(),
        tenant_id=deal.tenant_id,
        deal_id=deal.id,
        from_stage_id=left.before.id,
        to_stage_id=left.after.id if left.after else None,
        waived_by_id=work.actor.user_id or None,
        waived_on=work.on,
        facts=[fact.value for fact in missing],
        reason=reason,
    )


def _missing(before: PipelineStage, missing: Sequence[ExitFact], path: str) -> FactsMissing:
    names = ", ".join(missing)
    problems = [FactMissing(f"{fact} is missing: {fact.meaning}", [path, fact.value]) for fact in missing]
    return FactsMissing(f"{before.name!r} is left forward with {names}, which the deal lacks", problems)
