"""Where a deal that comes from outside stands: in the pipeline of its kind, with what follows of its stage.

The source decides: it is not asked for what stages need, and what it says of a field does not follow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from commands.incoming import Incoming, rounds
from commands.journal import FieldChange, SourceRow, Values, Work, normalised
from models.deals import Deal, DealKind, ForecastCategory, Stage, StageChange, days_pushed, valued
from models.errors import Conflict
from models.pipelines import Pipeline, PipelineStage, nearest

#: The field in which a source may name the stage of a deal's pipeline; no column.
NAMED = "pipeline_stage"


@dataclass(frozen=True)
class Standing:
    """A stage that a deal is in since a day; ``told`` is the row of the source that tells of it.

    ``placed`` is the stage of its pipeline, ``named`` the name that the source says of that.
    """

    stage: Stage
    placed: PipelineStage | None
    on: date | None
    told: SourceRow | None = None
    named: object = None

    @property
    def placed_id(self) -> str | None:
        """The id of the stage of its pipeline; None for none."""
        return self.placed.id if self.placed else None

    @property
    def is_misnamed(self) -> bool:
        """Whether the source names a stage that the pipeline does not have, or that stands for another."""
        return bool(self.named and self.placed and self.placed.name != self.named)

    @property
    def entered(self) -> dict[str, object]:
        """What a deal becomes that enters it, as it does when a user moves it there."""
        found: dict[str, object] = {
            "pipeline_stage_id": self.placed_id,
            "probability": self.stage.default_probability,
            "forecast_category": self.stage.default_category,
            "stage_since": self.on,
            "closed_on": None if self.stage.is_open else self.on,
        }
        if self.placed:
            found["probability"] = self.placed.probability
            found["forecast_category"] = ForecastCategory(self.placed.forecast_category)
        return found


@dataclass(frozen=True)
class Pipelines:
    """The pipelines of a tenant: the default of each kind of deals, and the stages of each in order."""

    defaults: Mapping[DealKind, Pipeline]
    stages: Mapping[str, Sequence[PipelineStage]]

    @classmethod
    async def of(cls, tenant_id: str) -> Pipelines:
        """Those of a tenant as they are now."""
        active = await Pipeline.filter(tenant_id=tenant_id, active=True).order_by("-id")
        defaults = {DealKind(kind): each for each in active for kind in each.default_for}
        return cls(defaults, await _stages(tenant_id))

    async def hold(self, tenant_id: str) -> None:
        """Wait for whoever takes a stage out at this moment; they stand until the transaction ends.

        Raises:
            Conflict: one of them was taken out.
        """
        locked = PipelineStage.filter(tenant_id=tenant_id).order_by("id").select_for_update(no_key=True)
        gone = {stage.id for stage in await locked if stage.removed_on is not None}
        if any(stage.id in gone for stages in self.stages.values() for stage in stages):
            raise Conflict("a stage was taken out of its pipeline at this moment; import again")

    def default_of(self, values: Values) -> Pipeline | None:
        """The pipeline that a new deal with these values goes through."""
        return self.defaults.get(DealKind(str(values.get("kind") or DealKind.NEW)))

    def placed(self, row: Incoming) -> Incoming:
        """A new deal with what follows of its stages at every time."""
        pipeline = self.default_of(row.beginning)
        pipeline_id = pipeline.id if pipeline else None
        ways = self.way(row, pipeline_id)
        steps = [each.entered for each in ways]
        names = [name for name in steps[-1] if name not in row.values]
        if len(ways) == 1:  # since when it is there is not said
            names = [name for name in names if name not in ("stage_since", "closed_on")]
        history = [
            FieldChange(name, before[name], after[name], way.on, way.told)
            for (before, after), way in zip(pairwise(steps), ways[1:], strict=True)
            for name in names
            if before[name] != after[name] and way.on is not None
        ]
        values = {name: value for name, value in row.values.items() if name != NAMED}
        values |= {name: steps[-1][name] for name in names}
        values["pipeline_id"] = pipeline_id
        kept = tuple(change for change in row.history if change.field != NAMED)
        return replace(row, values=values, history=(*kept, *history))

    def named(self, row: Incoming, deal: Deal) -> Incoming:
        """The row of a deal that is there already, with the ids of the stages that it names.

        Names say nothing of a deal that goes through no pipeline, or through one that has no such stages.
        """
        if NAMED not in row.values:
            return row
        values = {name: value for name, value in row.values.items() if name != NAMED}
        history = tuple(change for change in row.history if change.field != NAMED)
        said = {row.values[NAMED], *(each.new for each in row.history if each.field == NAMED)}
        if said.isdisjoint(each.name for each in self.stages.get(deal.pipeline_id or "", ())):
            return replace(row, values=values, history=history)
        ways = self.way(row, deal.pipeline_id)
        ids = [each.placed_id for each in ways]
        moves = [
            FieldChange("pipeline_stage_id", before, after, way.on, way.told)
            for (before, after), way in zip(pairwise(ids), ways[1:], strict=True)
            if before != after and way.on is not None
        ]
        return replace(
            row, values={**values, "pipeline_stage_id": ids[-1]}, history=_among(row.history, history, moves)
        )

    def way(self, row: Incoming, pipeline_id: str | None) -> list[Standing]:
        """Where a source has a deal from its beginning on, one for each move, the last is where it is now."""
        found: list[Standing] = []
        for each in self.told(row, pipeline_id):
            if not found or (each.stage, each.placed_id) != (found[-1].stage, found[-1].placed_id):
                found.append(each)
        return found

    def told(self, row: Incoming, pipeline_id: str | None) -> Iterator[Standing]:
        """The same, one for each time that the source tells of it."""
        then = row.beginning
        stage, name = Stage(str(then.get("stage") or Stage.IDENTIFIED)), then.get(NAMED)
        yield Standing(stage, self._place(pipeline_id, stage, name), row.began, None, name)
        for moved in rounds(change for change in row.history if change.field in ("stage", NAMED)):
            stage, name = Stage(str(moved.values.get("stage", stage))), moved.values.get(NAMED, name)
            placed = self._place(pipeline_id, stage, name)
            yield Standing(stage, placed, moved.on, moved.told, name)

    async def move(
        self, work: Work, deal: Deal, values: Values, mapped: Collection[str]
    ) -> list[StageChange]:
        """Change a deal as its source has it; what the source does not say follows of its new stage."""
        before, left = Stage(deal.stage), deal.pipeline_stage_id
        stage, named = Stage(str(values.get("stage", before))), "pipeline_stage_id" in values
        moves = stage is not before or (named and values["pipeline_stage_id"] != left)
        if moves:
            placed = self._of_id(deal, values["pipeline_stage_id"]) if named else None
            placed = placed or self._place(deal.pipeline_id, stage)
            entered = Standing(stage, placed, work.on).entered
            values = {**{name: entered[name] for name in entered if name not in mapped}, **values}
        await work.update(deal, valued(values))
        return [stage_change(deal, before, stage, work.on, left, deal.pipeline_stage_id)] if moves else []

    def _place(self, pipeline_id: str | None, stage: Stage, name: object = None) -> PipelineStage | None:
        """The stage of a pipeline that stands for one of the lifecycle: the named one, else the nearest."""
        stages = self.stages.get(pipeline_id or "", ()) if stage.is_open else ()
        of_name = (each for each in stages if each.name == name and each.stage is stage)
        return next(of_name, None) or nearest(stages, stage)

    def _of_id(self, deal: Deal, stage_id: object) -> PipelineStage | None:
        return next(
            (each for each in self.stages.get(deal.pipeline_id or "", ()) if each.id == stage_id), None
        )


async def _stages(tenant_id: str) -> dict[str, list[PipelineStage]]:
    found: dict[str, list[PipelineStage]] = {}
    for stage in await PipelineStage.filter(tenant_id=tenant_id, removed_on=None).order_by("position", "id"):
        found.setdefault(stage.pipeline_id, []).append(stage)
    return found


def _among(
    whole: Sequence[FieldChange], kept: Sequence[FieldChange], moves: Sequence[FieldChange]
) -> tuple[FieldChange, ...]:
    """Changes with these moves, each where the row that tells of it has its first change."""
    order: dict[tuple[date, SourceRow | None], int] = {}
    for number, change in enumerate(whole):
        order.setdefault((change.on, change.told), number)
    return tuple(sorted([*kept, *moves], key=lambda change: order[change.on, change.told]))


def count_pushes(deal: Deal, row: Incoming) -> None:
    """Count how often and how far the expected close date moved later by a new deal's history."""
    told = [
        [normalised(deal, "close_on", value) for value in (step.old, step.new)]
        for step in row.history
        if step.field == "close_on"
    ]
    later = [days for days in (days_pushed(*move) for move in told) if days]
    deal.pushes, deal.days_pushed = len(later), sum(later)


def stage_changes(deal: Deal, ways: Sequence[Standing]) -> Iterator[StageChange]:
    """The stage history of a new deal, from where it stood since when."""
    if ways[0].on:
        yield stage_change(deal, None, ways[0].stage, ways[0].on, None, ways[0].placed_id)
    for before, after in pairwise(ways):
        if after.on:
            yield stage_change(deal, before.stage, after.stage, after.on, before.placed_id, after.placed_id)


def stage_change(
    deal: Deal, before: Stage | None, after: Stage, on: date, left: str | None, entered: str | None
) -> StageChange:
    """A row of a deal's stage history; ``left`` and ``entered`` are the stages of its pipeline."""
    return StageChange(
        id=StageChange.make_id(),
        tenant_id=deal.tenant_id,
        deal_id=deal.id,
        from_stage=before,
        to_stage=after,
        changed_on=on,
        from_pipeline_stage_id=left,
        to_pipeline_stage_id=entered,
    )
