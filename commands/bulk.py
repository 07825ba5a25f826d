"""Writing many records that come from outside, safely repeatable: insert, update what differs, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from commands.journal import (
    BATCH,
    FieldChange,
    SourceRow,
    Work,
    as_text,
    differing,
    normalised,
    unit_of_work,
)
from commands.people import erased_among
from commands.permissions import BRING_IN, require
from models.access import Actor
from models.base import Sourced
from models.database import Param, fetch
from models.deals import Deal, Stage, StageChange, days_pushed, valued
from models.history import CREATED
from models.people import Contact, erased_key
from models.pipelines import PipelineStage, nearest


@dataclass(frozen=True)
class Incoming:
    """One record of a source: its key there, its current values, and the dated changes behind them.

    ``began`` is since when the record exists, where the source says so. ``history`` holds changes in
    order; the last of a field ends at the value in ``values``.
    """

    external_id: str
    values: Mapping[str, object]
    began: date | None = None
    history: tuple[FieldChange, ...] = ()


@dataclass
class Upserted:
    """What a batch came to: ids by external id, and how many rows did what.

    ``erased`` of the unchanged are about people whose data was erased, and were left alone. ``told`` are the
    rows of the source that tell of changes which were logged: of new records, and of those that were there.
    """

    ids: dict[str, str] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    erased: int = 0
    told_of_new: set[SourceRow] = field(default_factory=set)
    told_of_known: set[SourceRow] = field(default_factory=set)

    def add(self, other: Upserted) -> None:
        """Count another batch in."""
        self.ids |= other.ids
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.erased += other.erased
        self.told_of_new |= other.told_of_new
        self.told_of_known |= other.told_of_known


async def upsert(
    actor: Actor,
    model: type[Sourced],
    source: str,
    rows: Sequence[Incoming],
    *,
    on: date,
    history: bool = False,
) -> Upserted:
    """Write one batch of a source's records in one transaction.

    A record is known by ``(source, external_id)``. ``on`` is the business date of changes for which the
    row has no history. ``history`` was known to the source on its business dates; anything else is known
    from today on. Repeating a batch writes nothing. What is about a person whose data was erased is left
    alone: the contact, and whatever names it. Only integrations and administrators may.
    """
    require(actor, BRING_IN, "import records")
    erased = await _erased(actor, model, source, rows)
    rows = [row for row in rows if row.external_id not in erased]
    standing = await _standing(actor, model, source, [row.external_id for row in rows])
    total = Upserted(ids={key: record.id for key, record in standing.items()}, erased=len(erased))
    total.ids |= {key: record_id for key, record_id in erased.items() if record_id}
    new = [row for row in rows if row.external_id not in standing]
    logged = await _logged(actor, standing, rows)
    changed = [
        (record, ways)
        for row in rows
        if (record := standing.get(row.external_id)) and (ways := _ways(record, row, on, logged))
    ]
    total.updated, total.created = len(changed), len(new)
    total.unchanged = len(erased) + len(rows) - len(changed) - len(new)
    if not new and not changed:
        return total
    async with unit_of_work(actor, f"import.{model._meta.db_table}", on=on, history=history) as work:
        total.ids |= await _insert(work, model, source, new)
        total.told_of_new = {change.told for row in new for change in row.history if change.told}
        for record, ways in changed:
            total.told_of_known |= await _update(work, record, ways)
    return total


async def _erased(
    actor: Actor, model: type[Sourced], source: str, rows: Sequence[Incoming]
) -> dict[str, str | None]:
    """Keys of rows about people whose data was erased, each with the id of what is stored already."""
    if model is Contact:
        keys = {erased_key(actor.tenant_id, source, row.external_id): row.external_id for row in rows}
        return {
            keys[key]: record.id
            for key, record in (await _standing(actor, model, source, list(keys))).items()
        }
    named = {row.external_id: str(row.values["contact_id"]) for row in rows if row.values.get("contact_id")}
    gone = await erased_among(actor.tenant_id, named.values())
    about = [key for key, contact_id in named.items() if contact_id in gone]
    standing = await _standing(actor, model, source, about)
    return {key: standing[key].id if key in standing else None for key in about}


async def _standing(
    actor: Actor, model: type[Sourced], source: str, keys: Sequence[str]
) -> dict[str, Sourced]:
    found: dict[str, Sourced] = {}
    for start in range(0, len(keys), BATCH):
        part = await model.filter(
            tenant_id=actor.tenant_id, source=source, external_id__in=keys[start : start + BATCH]
        )
        found |= {str(record.external_id): record for record in part}
    return found


async def _insert(work: Work, model: type[Sourced], source: str, rows: Sequence[Incoming]) -> dict[str, str]:
    records = [
        model(
            id=model.make_id(),
            tenant_id=work.actor.tenant_id,
            source=source,
            external_id=row.external_id,
            valid_from=row.began,
            **row.values,
        )
        for row in rows
    ]
    for record, row in zip(records, rows, strict=True):
        if isinstance(record, Deal):
            _count_pushes(record, row)
    await work.create_all(records)
    stages: list[StageChange] = []
    for record, row in zip(records, rows, strict=True):
        work.log(record, row.history)
        if isinstance(record, Deal):
            stages += stage_changes(record, row)
    await work.create_all(stages, log=False)
    return {row.external_id: record.id for record, row in zip(records, rows, strict=True)}


async def _update(work: Work, record: Sourced, steps: Sequence[FieldChange]) -> set[SourceRow]:
    """Take the record along the way that its history tells, a step for each date; the rows that tell it."""
    business_date = work.on
    stages: list[StageChange] = []
    for on in sorted({step.on for step in steps}):
        work.on = on
        values = {step.field: step.new for step in steps if step.on == on}
        if isinstance(record, Deal):
            stages += await _update_deal(work, record, values)
        else:
            await work.update(record, values)
    work.on = business_date
    await work.create_all(stages, log=False)
    return {step.told for step in steps if step.told}


Logged = Mapping[tuple[str, str], str]


async def _logged(actor: Actor, standing: Mapping[str, Sourced], rows: Sequence[Incoming]) -> Logged:
    """The day of the last change in the log, by record and field: of records that rows tell changes of."""
    ids = [
        standing[row.external_id].id
        for row in rows
        if row.external_id in standing and any(change.told for change in row.history)
    ]
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(ids), BATCH):
        among: dict[str, Param] = {f"id_{n}": each for n, each in enumerate(ids[start : start + BATCH])}
        last = await fetch(
            "select entity_id, field, max(effective_on) as last from change where tenant_id = :tenant"
            f" and entity_id in ({', '.join(f':{name}' for name in among)}) group by entity_id, field",
            {**among, "tenant": actor.tenant_id},
        )
        found |= {(str(each["entity_id"]), str(each["field"])): str(each["last"]) for each in last}
    return found


def _ways(record: Sourced, row: Incoming, on: date, logged: Logged) -> list[FieldChange]:
    """The steps of all fields to where the source has them; some lead away and back again."""
    changed = differing(record, row.values)
    moved = {change.field for change in row.history if (record.id, CREATED) in logged}
    steps: list[FieldChange] = []
    for name in {**dict.fromkeys(row.values), **dict.fromkeys(moved)}:
        standing, since = as_text(getattr(record, name)), logged.get((record.id, name), "")
        told = [change for change in row.history if change.field == name and str(change.on) > since]
        if name in moved and told and as_text(told[0].old) == standing:
            steps += told
        elif name in changed:
            steps += _way(record, row, name, on)
    return steps


async def _update_deal(work: Work, deal: Deal, values: dict[str, object]) -> list[StageChange]:
    """Change a deal; in a pipeline it goes to the stage that stands for the one that its source has it in."""
    before, left = Stage(deal.stage), deal.pipeline_stage_id
    if deal.pipeline_id and values.get("stage", before) != before:
        values["pipeline_stage_id"] = await _stage_in(deal.pipeline_id, Stage(str(values["stage"])))
    await work.update(deal, valued(values))
    if deal.stage == before:
        return []
    return [stage_change(deal, before, Stage(deal.stage), work.on, left)]


async def _stage_in(pipeline_id: str, stage: Stage) -> str | None:
    stages = PipelineStage.filter(pipeline_id=pipeline_id, removed_on=None).order_by("position", "id")
    found = nearest(await stages, stage) if stage.is_open else None
    return found.id if found else None


def _count_pushes(deal: Deal, row: Incoming) -> None:
    """Count how often and how far the expected close date moved later by a new deal's history."""
    told = [
        [normalised(deal, "close_on", value) for value in (step.old, step.new)]
        for step in row.history
        if step.field == "close_on"
    ]
    later = [days for days in (days_pushed(*move) for move in told) if days]
    deal.pushes, deal.days_pushed = len(later), sum(later)


def _way(record: Sourced, row: Incoming, name: str, on: date) -> list[FieldChange]:
    """The steps of a field from where it stands to where the source has it."""
    standing = as_text(getattr(record, name))
    told = [change for change in row.history if change.field == name]
    starts = [index for index, change in enumerate(told) if as_text(change.old) == standing]
    if starts:
        return told[starts[-1] :]
    return [FieldChange(name, standing, row.values[name], told[-1].on if told else on)]


def stage_changes(deal: Deal, row: Incoming) -> list[StageChange]:
    """The stage history of a new deal, from the dated changes it came with."""
    moves = [change for change in row.history if change.field == "stage"]
    first = Stage(str(moves[0].old)) if moves else Stage(deal.stage)
    entered = [stage_change(deal, None, first, row.began)] if row.began else []
    return entered + [
        stage_change(deal, Stage(str(move.old)), Stage(str(move.new)), move.on) for move in moves
    ]


def stage_change(
    deal: Deal, before: Stage | None, after: Stage, on: date, left: str | None = None
) -> StageChange:
    """A row of a deal's stage history; ``left`` is the pipeline stage that it was in, it is in the next."""
    return StageChange(
        id=StageChange.make_id(),
        tenant_id=deal.tenant_id,
        deal_id=deal.id,
        from_stage=before,
        to_stage=after,
        changed_on=on,
        from_pipeline_stage_id=left,
        to_pipeline_stage_id=deal.pipeline_stage_id,
    )
