"""Writing many records that come from outside, safely repeatable: insert, update what differs, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from commands.accounts import hold_tree
from commands.incoming import Incoming, rounds
from commands.journal import BATCH, FieldChange, SourceRow, Work, as_text, differing, unit_of_work
from commands.people import erased_among
from commands.permissions import BRING_IN, require
from commands.placing import Pipelines, count_pushes, stage_changes
from models.access import Actor
from models.accounts import Account, AccountMerge
from models.base import Sourced
from models.database import fetch, listed, one_of
from models.deals import Deal, StageChange
from models.history import CREATED
from models.people import Contact, erased_key


@dataclass
class Upserted:
    """What a batch came to: ids by external id, and how many rows did what.

    ``erased`` of the unchanged are about people whose data was erased, and were left alone, as were
    ``merged`` about accounts that are part of others, whose ids they have. ``circular`` are keys of accounts
    that would have been above themselves, and were left out. ``told_of_new`` and ``told_of_known`` are the
    rows of the source that tell of changes which were logged: of new records, and of those that were there.
    ``late`` are those that tell of changes before others that are known, which were left out.
    """

    ids: dict[str, str] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    erased: int = 0
    merged: int = 0
    circular: list[str] = field(default_factory=list)
    told_of_new: set[SourceRow] = field(default_factory=set)
    told_of_known: set[SourceRow] = field(default_factory=set)
    late: set[SourceRow] = field(default_factory=set)

    def add(self, other: Upserted) -> None:
        """Count another batch in."""
        self.ids |= other.ids
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.erased += other.erased
        self.merged += other.merged
        self.circular += other.circular
        self.told_of_new |= other.told_of_new
        self.told_of_known |= other.told_of_known
        self.late |= other.late


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
    alone: the contact, and whatever names it; so is an account that was merged into another, or that would be
    above itself. Only integrations and administrators may.
    """
    require(actor, BRING_IN, "import records")
    erased = await _erased(actor, model, source, rows)
    merged = await _merged(actor, model, source, rows)
    rows = [row for row in rows if row.external_id not in erased and row.external_id not in merged]
    standing = await _standing(actor, model, source, [row.external_id for row in rows])
    total = Upserted(ids={key: record.id for key, record in standing.items()}, erased=len(erased))
    total.ids |= {key: record_id for key, record_id in erased.items() if record_id}
    total.ids |= merged
    total.merged = len(merged)
    pipelines = await Pipelines.of(actor.tenant_id) if model is Deal else None
    new = [row for row in rows if row.external_id not in standing]
    ways = await _ways(actor, [row for row in rows if row.external_id in standing], standing, on, pipelines)
    changed = [way for way in ways if way.steps]
    total.late = {told for way in ways for told in way.late}
    total.updated, total.created = len(changed), len(new)
    total.unchanged = len(erased) + len(merged) + len(rows) - len(changed) - len(new)
    if not new and not changed:
        return total
    async with unit_of_work(actor, f"import.{model._meta.db_table}", on=on, history=history) as work:
        if pipelines:
            await pipelines.hold(actor.tenant_id)
        if model is Account:
            changed = await _in_tree(work, changed, total)
        total.ids |= await _insert(work, model, source, new, pipelines)
        total.told_of_new = {change.told for row in new for change in row.history if change.told}
        for way in changed:
            await _update(work, way, pipelines)
        total.told_of_known = {step.told for way in changed for step in way.steps if step.told}
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


async def _merged(
    actor: Actor, model: type[Sourced], source: str, rows: Sequence[Incoming]
) -> dict[str, str]:
    """Keys of rows about accounts that became part of others, each with the id of what it is part of."""
    keys, found = [row.external_id for row in rows] if model is Account else [], dict[str, str]()
    for start in range(0, len(keys), BATCH):
        known = AccountMerge.filter(tenant_id=actor.tenant_id, source=source, undone_at=None)
        part = await known.filter(external_id__in=keys[start : start + BATCH])
        found |= {str(merge.external_id): merge.account_id for merge in part}
    return found


async def _in_tree(work: Work, ways: Sequence[_Way], total: Upserted) -> list[_Way]:
    """Those of the ways of accounts after which none is above itself; the others are told, and left out."""
    await hold_tree(work.actor.tenant_id)
    found, moved = list[_Way](), dict[str, str | None]()
    for way in ways:
        parents = [step.new for step in way.steps if step.field == "parent_id"]
        to = str(parents[-1]) if parents and parents[-1] is not None else None
        if to is not None and await _is_above(work.actor.tenant_id, way.record.id, to, moved):
            total.circular.append(way.row.external_id)
            total.updated -= 1
            continue
        if parents:
            moved[way.record.id] = to
        found.append(way)
    return found


async def _is_above(tenant_id: str, account_id: str, start: str, moved: Mapping[str, str | None]) -> bool:
    """Whether an account is another one or above it, where some are about to be moved."""
    at: str | None = start
    passed = set[str]()
    while at is not None and at != account_id and at not in passed:
        passed.add(at)
        if at in moved:
            at = moved[at]
        else:
            account = await Account.get_or_none(tenant_id=tenant_id, id=at).only("parent_id")
            at = account.parent_id if account else None
    return at == account_id


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


async def _insert(
    work: Work, model: type[Sourced], source: str, rows: Sequence[Incoming], pipelines: Pipelines | None
) -> dict[str, str]:
    whole = [pipelines.placed(row) for row in rows] if pipelines else rows
    records = [
        model(
            id=model.make_id(),
            tenant_id=work.actor.tenant_id,
            source=source,
            external_id=row.external_id,
            valid_from=row.began,
            **row.values,
        )
        for row in whole
    ]
    for record, row in zip(records, whole, strict=True):
        if isinstance(record, Deal):
            count_pushes(record, row)
    await work.create_all(records)
    stages: list[StageChange] = []
    for record, row, told in zip(records, whole, rows, strict=True):
        work.log(record, row.history)
        if isinstance(record, Deal) and pipelines:
            stages += stage_changes(record, pipelines.way(told, record.pipeline_id))
    await work.create_all(stages, log=False)
    return {row.external_id: record.id for record, row in zip(records, rows, strict=True)}


@dataclass(frozen=True)
class _Way:
    """The steps of a record that is there to where its source has it; ``late`` are rows that are left out."""

    record: Sourced
    row: Incoming
    steps: list[FieldChange]
    late: set[SourceRow]


async def _update(work: Work, way: _Way, pipelines: Pipelines | None) -> None:
    """Take a record along its way, one change after the other, each on its day."""
    business_date, record = work.on, way.record
    stages: list[StageChange] = []
    for each in rounds(way.steps):
        work.on = each.on
        if isinstance(record, Deal) and pipelines:
            stages += await pipelines.move(work, record, each.values, way.row.values.keys())
        else:
            await work.update(record, each.values)
    work.on = business_date
    await work.create_all(stages, log=False)


async def _ways(
    actor: Actor,
    rows: Sequence[Incoming],
    standing: Mapping[str, Sourced],
    on: date,
    pipelines: Pipelines | None,
) -> list[_Way]:
    """The ways of records that are there, some of whose steps lead away and back again."""
    pairs = [(standing[row.external_id], row) for row in rows]
    told = [record.id for record, row in pairs if any(change.told for change in row.history)]
    logged = await _logged(actor, told)
    found = []
    for record, row in pairs:
        named = pipelines.named(row, record) if pipelines and isinstance(record, Deal) else row
        found.append(_way(record, named, on, logged.get(record.id)))
    return found


#: How often a field of a record was changed to a value on a day, by the change log.
Logged = Counter[tuple[str, str, str | None]]


async def _logged(actor: Actor, ids: Sequence[str]) -> dict[str, Logged]:
    """What the change log has of each of these records."""
    found: dict[str, Logged] = {each: Counter() for each in ids}
    for start in range(0, len(ids), BATCH):
        rows = await fetch(
            "select c.entity_id, c.field, c.effective_on, c.new from change c where c.tenant_id = :tenant"
            f" and {one_of('c.entity_id', 'ids')}",
            {"tenant": actor.tenant_id, "ids": listed(ids[start : start + BATCH])},
        )
        for row in rows:
            new = None if row["new"] is None else str(row["new"])
            found[str(row["entity_id"])][str(row["field"]), str(row["effective_on"]), new] += 1
    return found


def _way(record: Sourced, row: Incoming, on: date, logged: Logged | None) -> _Way:
    changed = differing(record, row.values)
    moved = {change.field for change in row.history} if logged and _is_whole(logged) else set()
    fresh = _fresh(row, logged or Counter())
    steps: list[FieldChange] = []
    for name in {**dict.fromkeys(row.values), **dict.fromkeys(moved)}:
        standing = as_text(getattr(record, name))
        since = max((day for field_, day, _ in logged or () if field_ == name), default="")
        ahead = [change for change in fresh if change.field == name and str(change.on) >= since]
        if name in moved and ahead and as_text(ahead[0].old) == standing:
            steps += ahead
        elif name in changed:
            steps += _onwards(ahead, standing, row.values[name], name, on)
    order = {id(change): number for number, change in enumerate(row.history)}
    steps.sort(key=lambda step: order.get(id(step), len(order)))
    taken = {step.told for step in steps}
    late = {change.told for change in fresh if change.told and change.told not in taken}
    return _Way(record, row, steps, late)


def _is_whole(logged: Logged) -> bool:
    """Whether the log has a record from its creation on."""
    return any(field_ == CREATED for field_, _, _ in logged)


def _fresh(row: Incoming, logged: Logged) -> list[FieldChange]:
    """The changes that a row tells of and the log does not have."""
    left, found = Counter(logged), list[FieldChange]()
    for change in row.history:
        key = (change.field, str(change.on), as_text(change.new))
        if left[key]:
            left[key] -= 1
        else:
            found.append(change)
    return found


def _onwards(
    ahead: Sequence[FieldChange], standing: str | None, present: object, name: str, on: date
) -> list[FieldChange]:
    """The steps of a field from where it stands to where the source has it."""
    starts = [index for index, change in enumerate(ahead) if as_text(change.old) == standing]
    if starts:
        return list(ahead[starts[-1] :])
    last = ahead[-1] if ahead else None
    return [FieldChange(name, standing, present, last.on if last else on, last.told if last else None)]
