"""Merging duplicates: whatever refers to one account refers to another from then on.

What refers to it is found out from the models, so that nothing is left behind. What was done is in the change
log and in an ``AccountMerge``, by which ``unmerging`` gives everything back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from tortoise import fields as columns
from tortoise.expressions import F

from commands.accounts import above, held, in_care
from commands.announcements import Happened, Topic
from commands.duplicates import check_undismissed
from commands.journal import BATCH, FieldChange, Repeat, Work, as_text, check_version, once, unit_of_work
from commands.permissions import SELL, require
from commands.plans import check_apart
from commands.references import references, twice
from models.access import Actor
from models.accounts import MERGED_INTO, Account, AccountMerge
from models.base import Record, utcnow
from models.errors import Invalid
from models.recommendations import Recommendation, RecommendationState, Risk, RiskState
from rules.reconcile import Standing, ceased

MERGE = "accounts.merge"
#: The field of the change log that tells what a row that would have stood twice gave way to.
SET_ASIDE = "set_aside"
#: What says which account it is, and is not taken from another.
_OWN = frozenset(
    {"id", "tenant_id", "parent_id", "source", "external_id", "valid_from", "known_on", "overdue_since"}
)
_TOPICS: Mapping[type[Standing], Topic] = {Recommendation: Topic.RECOMMENDATION, Risk: Topic.RISK}


async def merge(
    actor: Actor,
    into_id: str,
    from_id: str,
    version: int,
    from_version: int | None = None,
    *,
    idempotency_key: str | None = None,
) -> AccountMerge:
    """Make the account ``from_id`` part of ``into_id``, which the caller read at ``version``.

    All that refers to the one refers to the other, and so does its id. Columns of the survivor that are empty
    take the other's value, debts are added, and it is there since the earlier of both days. Of rows that
    would stand twice the duplicate's is set aside, but the survivor's where that alone was taken back; of two
    verdicts that say the same one lapses. Nothing is lost: ``undo`` gives it back.

    Raises:
        NotFound: one of them is none that the actor sees.
        Forbidden: the actor does not own or manage both.
        Invalid: they are one, one is a placeholder, they keep their books in different currencies, both have
            a plan of the same days that was not closed, or somebody said that they are not the same.
        Conflict: one of them was changed since it was read, or something was written to it meanwhile.
    """
    require(actor, SELL, "merge accounts")
    given = {"into": into_id, "from": from_id, "version": version, "from_version": from_version}
    repeat = Repeat.of(actor, MERGE, idempotency_key, given)

    async def make() -> AccountMerge:
        if into_id == from_id:
            raise Invalid("an account cannot be merged with itself", ["fromId"])
        for account_id, path in ((into_id, "intoId"), (from_id, "fromId")):
            await in_care(actor, account_id, path, "merged")
        async with unit_of_work(actor, MERGE, repeat=repeat) as work:
            survivor, duplicate = await held(actor, {"intoId": into_id, "fromId": from_id})
            check_version(survivor, version)
            check_version(duplicate, from_version, "fromVersion")
            _check_alike(survivor, duplicate)
            await check_apart(survivor, duplicate, "fromId")
            await check_undismissed(survivor, duplicate, "fromId")
            return await _Merging(work, survivor, duplicate).carry_out()

    return await once(actor, AccountMerge, repeat, make)


def _check_alike(survivor: Account, duplicate: Account) -> None:
    for account, path in ((survivor, "intoId"), (duplicate, "fromId")):
        if account.placeholder:
            raise Invalid(f"{account.id} is a placeholder, no customer; it cannot be merged", [path])
    if survivor.currency != duplicate.currency:
        raise Invalid(f"{duplicate.id} is in {duplicate.currency}, not in {survivor.currency}", ["fromId"])


@dataclass
class _Merging:
    """One merge under way, and what it came to so far."""

    work: Work
    survivor: Account
    duplicate: Account
    id: str = field(default_factory=AccountMerge.make_id)
    filled: dict[str, list[object]] = field(default_factory=dict)
    moved: Counter[str] = field(default_factory=Counter)
    set_aside: list[dict[str, object]] = field(default_factory=list)
    lapsed: list[dict[str, str]] = field(default_factory=list)

    async def carry_out(self) -> AccountMerge:
        survivor, duplicate, work = self.survivor, self.duplicate, self.work
        row = await stored(Account, duplicate.id)
        for model in (Recommendation, Risk):
            await self._say_once(model)
        await self._fill()
        await self._lead(Account, duplicate.id, survivor.id)
        await Account.filter(id=duplicate.id).delete()
        work.log_of(Account, duplicate.id, [FieldChange(MERGED_INTO, None, survivor.id, work.on)])
        work.written.append(survivor)
        return await work.create(
            AccountMerge(
                id=self.id,
                tenant_id=survivor.tenant_id,
                account_id=survivor.id,
                survivor_id=survivor.id,
                merged_id=duplicate.id,
                name=duplicate.name,
                source=duplicate.source,
                external_id=duplicate.external_id,
                merged_on=work.on,
                merged_by_id=work.actor.user_id or None,
                record=row,
                filled=self.filled,
                moved=dict(self.moved),
                set_aside=self.set_aside,
                lapsed=self.lapsed,
            )
        )

    async def _fill(self) -> None:
        """Have the survivor take what it lacks, and its place in the tree if it is below the other."""
        survivor, duplicate = self.survivor, self.duplicate
        values = taken(survivor, duplicate)
        is_below = duplicate.id in await above(survivor.tenant_id, survivor.id)
        if is_below or (survivor.parent_id is None and not await self._is_above(duplicate.parent_id)):
            values["parent_id"] = duplicate.parent_id
        before = {name: getattr(survivor, name) for name in values}
        self.filled = {
            name: [plain(before[name]), plain(value)]
            for name, value in values.items()
            if before[name] != value
        }
        await self.work.update(survivor, values)

    async def _is_above(self, account_id: str | None) -> bool:
        """Whether the survivor is another account or above it."""
        return account_id is not None and self.survivor.id in await above(self.survivor.tenant_id, account_id)

    async def _lead(self, to: type[Record], old: str, new: str) -> None:
        """Lead every reference to one record to another one."""
        for reference in references(to):
            model, column = reference.model, reference.column
            for one, other in await twice(self.work.actor.tenant_id, reference, old, new):
                if await _is_taken_back(model, other) and not await _is_taken_back(model, one):
                    await self._give_way(model, other, one, {"column": column, "from": old})
                else:
                    await self._give_way(model, one, other)
            known = model.filter(tenant_id=self.work.actor.tenant_id, **{column: old}).order_by("id")
            ids = [str(each) for each in await known.values_list("id", flat=True)]
            await lead(self.work, model, column, ids, new)
            for record_id in ids:
                self.work.log_of(model, record_id, [FieldChange(column, old, new, self.work.on)])
            if to is Account and ids:
                self.moved[reference.table] += len(ids)

    async def _give_way(
        self, model: type[Record], one: str, other: str, led: Mapping[str, str] | None = None
    ) -> None:
        """Set a row aside that would stand twice; what refers to it refers to the other.

        ``led`` says of another one that takes its place by which column, and what that referred to.
        """
        await self._lead(model, one, other)
        table = model._meta.db_table
        row = await stored(model, one)
        self.set_aside.append({"table": table, "instead": other, "row": row, **(led or {})})
        self.work.log_of(model, one, [FieldChange(SET_ASIDE, None, other, self.work.on)])
        await model.filter(id=one).delete()

    async def _say_once(self, model: type[Standing]) -> None:
        """Have verdicts on the duplicate be on the survivor; of two that say the same one lapses."""
        old, new = self.duplicate.id, self.survivor.id
        for row in await model.filter(tenant_id=self.survivor.tenant_id, account_id=old).order_by("id"):
            parts = row.subject_key.split("|")
            if old not in parts:
                continue
            key = "|".join(new if part == old else part for part in parts)
            other = await model.get_or_none(tenant_id=row.tenant_id, rule_key=row.rule_key, subject_key=key)
            if other is None:
                await self.work.update(row, {"subject_key": key})
                continue
            stays, lapses = (row, other) if _rank(row) > _rank(other) else (other, row)
            if stays is row:
                await model.filter(id=other.id).update(subject_key=self.id)
                await self.work.update(row, {"subject_key": key})
                await self.work.update(other, {"subject_key": "|".join(parts)})
            await self._lapse(stays, lapses)

    async def _lapse(self, stays: Standing, lapses: Standing) -> None:
        if values := ceased(lapses, self.work.on).values:
            await self.work.update(lapses, values)
            self.work.tell(_TOPICS[type(lapses)], lapses.id, self.survivor.id, Happened.LAPSED)
        kind = lapses._meta.db_table
        self.lapsed.append({"kind": kind, "id": lapses.id, "instead": stays.id})


async def _is_taken_back(model: type[Record], record_id: str) -> bool:
    """Whether a row stays only to tell that it was there once: it has a day of removal."""
    if "removed_on" not in model._meta.db_fields:
        return False
    return await model.filter(id=record_id, removed_on__isnull=False).exists()


def _rank(row: Standing) -> tuple[bool, bool, date, int]:
    """Which of two verdicts stays: what stands, then what was answered last, then what has held longest."""
    waiting = row.state in (RecommendationState.OPEN, RiskState.OPEN)
    answered_on = getattr(row, "answered_on", None) or date.min
    return row.lapsed_on is None, not waiting, answered_on, -row.held_since.toordinal()


def taken(survivor: Account, duplicate: Account) -> dict[str, object]:
    """What a survivor takes from a duplicate: what it lacks, the other's debts, and the earlier beginning."""
    values: dict[str, object] = {
        name: value
        for name, column in Account._meta.fields_map.items()
        if name in Account._meta.db_fields and name not in _OWN and column.null
        if getattr(survivor, name) is None and (value := getattr(duplicate, name)) is not None
    }
    for name in ("valid_from", "known_on"):
        days = [getattr(each, name) for each in (survivor, duplicate)]
        values[name] = None if None in days else min(days)
    if duplicate.overdue_minor:
        since = [each.overdue_since for each in (survivor, duplicate) if each.overdue_since]
        values["overdue_minor"] = survivor.overdue_minor + duplicate.overdue_minor
        values["overdue_since"] = min(since, default=None)
    return {name: value for name, value in values.items() if getattr(survivor, name) != value}


async def lead(work: Work, model: type[Record], column: str, ids: list[str], to: str) -> None:
    """Have a column of these rows refer to another record."""
    values = {column: to, "version": F("version") + 1, "updated_at": utcnow()}
    for start in range(0, len(ids), BATCH):
        known = model.filter(tenant_id=work.actor.tenant_id, id__in=ids[start : start + BATCH])
        await known.update(**values)


async def stored(model: type[Record], record_id: str) -> dict[str, object]:
    """A row as JSON has it; ``restored`` reads it."""
    (row,) = await model.filter(id=record_id).values(*model._meta.db_fields)
    return {name: plain(value) for name, value in row.items()}


def restored(model: type[Record], row: Mapping[str, object]) -> Record:
    """The record that a row was, not saved yet, one version on."""
    values = {name: typed(model, name, value) for name, value in row.items()}
    record = model(**values)
    record.version += 1
    return record


def plain(value: object) -> object:
    """A value as JSON has it."""
    return as_text(value) if isinstance(value, Enum | date | datetime) else value


def typed(model: type[Record], name: str, value: object) -> object:
    """A value of a column of a model, from JSON or from the change log."""
    column = model._meta.fields_map[name]
    if value is None or isinstance(column, columns.JSONField):
        return value
    if isinstance(column, columns.BooleanField) and isinstance(value, str):
        return value == "true"
    return column.to_python_value(value)
