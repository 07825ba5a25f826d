"""The unit of work that every command runs in: one transaction, its change log and its audit record."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import NoReturn, TypeVar

import orjson
from tortoise import fields

from commands import actors, pending
from commands.announcements import Happened, Told, Topic, announce
from commands.validation import validate
from models import tracing
from models.access import Actor
from models.base import Record, today, utcnow
from models.database import is_collision
from models.errors import BellwetherError, Conflict, Invalid, InvalidTransition, NotFound
from models.history import CREATED, AuditRecord, Change
from models.transactions import transaction
from models.visibility import find, sees

R = TypeVar("R", bound=Record)
Values = Mapping[str, object]
BATCH = 500


#: A row of a source: the table, and the line in it.
SourceRow = tuple[str, int]


@dataclass(frozen=True)
class FieldChange:
    """A field that went from one value to another on a business date.

    ``told`` is the row of a source that tells of it, where there is one of its own.
    """

    field: str
    old: object
    new: object
    on: date
    told: SourceRow | None = dataclasses.field(default=None, compare=False)


@dataclass
class Work:
    """What one command does, collected for its change log.

    ``on`` is the business date of the command's own changes. What it writes is known from today on, unless
    it is ``history``, which was known all the time.
    """

    actor: Actor
    on: date
    history: bool = False
    changes: list[Change] = field(default_factory=list)
    object_id: str | None = None
    #: What facts may have been changed by.
    written: list[Record] = field(default_factory=list)
    #: Accounts that lost a record to another one.
    left: set[str] = field(default_factory=set)
    #: What followers are told once it is committed, by record.
    told: Told = field(default_factory=dict)

    async def create(self, record: R) -> R:
        """Save a new record and log its creation."""
        await self.create_all([record])
        self.object_id = self.object_id or record.id
        return record

    async def create_all(
        self, records: Sequence[R], began: Mapping[str, date | None] | None = None, *, log: bool = True
    ) -> None:
        """Save new records of one model; ``began`` gives business dates by id where known."""
        if not records:
            return
        model = type(records[0])
        tells = "known_on" in model._meta.fields_map and model.known_on_is_recording
        if tells and model is not Change and not self.history:
            for record in records:
                record.known_on = today()
        await model.bulk_create(records, batch_size=BATCH)
        self.written += records
        if log:
            for record in records:
                on = (began or {}).get(record.id) or getattr(record, "valid_from", None) or self.on
                self.log(record, [FieldChange(CREATED, None, record.id, on)])

    async def update(self, record: R, values: Values, version: int | None = None) -> R:
        """Change fields of a record and log each that differs; nothing differs, nothing is written.

        Raises:
            Conflict: the record has changed since ``version`` (or since it was read).
            InvalidTransition: the record stays as it was made in one of the fields.
        """
        check_version(record, version)
        expected = record.version
        changed = differing(record, values)
        if not changed:
            return record
        if fixed := sorted(record.immutable & set(changed)):
            raise InvalidTransition(
                f"{record.id} stays as it was made; {fixed[0]} cannot be changed", [fixed[0]]
            )
        now = utcnow()
        following = record.following({name: normalised(record, name, new) for name, new in changed.items()})
        written = (
            await type(record)
            .filter(id=record.id, version=expected)
            .update(**changed, **following, version=expected + 1, updated_at=now)
        )
        if not written:
            await self._met_another(record)
        self.log(
            record, [FieldChange(name, getattr(record, name), new, self.on) for name, new in changed.items()]
        )
        self.left |= pending.touched(record)
        self.written.append(record)
        record.update_from_dict({**changed, **following, "version": expected + 1, "updated_at": now})
        return record

    async def _met_another(self, record: Record) -> NoReturn:
        """Raise Conflict with the record as the other writer left it, unless that took it out of sight."""
        if not await sees(type(record), self.actor, record.id):
            raise Conflict(f"{record.id} was changed at the same moment and is no longer yours", ["version"])
        raise _conflict(await type(record).get(id=record.id), record.version)

    def tell(self, topic: Topic, record_id: str, part: str, happened: Happened) -> None:
        """Have followers told of a record; of what happens to it in one command they hear the first."""
        self.told.setdefault(record_id, (topic, part, happened))

    def log(self, record: Record, changes: Iterable[FieldChange]) -> None:
        """Add changes of a record to the command's change log."""
        self.log_of(type(record), record.id, changes)

    def log_of(self, model: type[Record], record_id: str, changes: Iterable[FieldChange]) -> None:
        """Add changes of the record of a model with this id to the command's change log."""
        for change in changes:
            if change.field in model.untracked:
                continue
            self.changes.append(
                Change(
                    id=Change.make_id(),
                    tenant_id=self.actor.tenant_id,
                    entity=model._meta.db_table,
                    entity_id=record_id,
                    field=change.field,
                    old=as_text(change.old),
                    new=as_text(change.new),
                    effective_on=change.on,
                    known_on=change.on if self.history else today(),
                    seq=len(self.changes),
                )
            )


@asynccontextmanager
async def unit_of_work(
    actor: Actor,
    command: str,
    *,
    on: date | None = None,
    repeat: Repeat | None = None,
    history: bool = False,
) -> AsyncIterator[Work]:
    """Run a command's writes in one transaction that ends with its change log and audit record.

    ``on`` is the business date (default: today, UTC). ``history`` was known on its business dates, anything
    else is known from today on. Anything raised inside leaves nothing behind.

    Raises:
        Conflict: somebody wrote the same records at the same moment.
    """
    work = Work(actor, on or today(), history)
    try:
        with tracing.span(command) as span:
            async with transaction():
                yield work
                await _record(work, command, repeat)
                touched = work.left | await pending.accounts_of(actor.tenant_id, work.written)
                await pending.note(actor.tenant_id, touched)
            span.set_attribute("bellwether.changes", len(work.changes))
    except Exception as error:
        if isinstance(error, BellwetherError) or not is_collision(error):
            raise
        raise Conflict("somebody wrote the same record at the same moment; read it and try again") from error
    if any(isinstance(record, actors.WRITTEN) for record in work.written):
        actors.forget()
    if touched:
        pending.announce()
    await announce(actor.tenant_id, work.told)


async def _record(work: Work, command: str, repeat: Repeat | None) -> None:
    audit = await AuditRecord.create(
        id=AuditRecord.make_id(),
        tenant_id=work.actor.tenant_id,
        actor_id=work.actor.user_id or None,
        on_behalf_of_id=work.actor.on_behalf_of,
        command=command,
        source=work.actor.source,
        object_id=work.object_id,
        idempotency_key=repeat.key if repeat else None,
        request=repeat.request if repeat else None,
        changes_count=len(work.changes),
    )
    for change in work.changes:
        change.audit_id = audit.id
    await Change.bulk_create(work.changes, batch_size=BATCH)


@dataclass(frozen=True)
class Repeat:
    """What makes a creating command safe to repeat: the caller's key, and what was asked with it."""

    command: str
    key: str
    request: str

    @classmethod
    def of(cls, actor: Actor, command: str, key: str | None, values: Values) -> Repeat | None:
        """What repeats the command by the actor's own key; None without a key, Invalid for a blank one."""
        if key is None:
            return None
        validate(AuditRecord, {"idempotency_key": key})
        request = orjson.dumps({name: as_text(value) for name, value in sorted(values.items())})
        whose = f"{actor.user_id} for {actor.on_behalf_of}" if actor.on_behalf_of else actor.user_id
        own = hashlib.sha256(f"{whose} {command} {key}".encode()).hexdigest()
        return cls(command, own, hashlib.sha256(request).hexdigest())


async def once(actor: Actor, model: type[R], repeat: Repeat | None, create: Callable[[], Awaitable[R]]) -> R:
    """What ``create`` makes, or what it made when the same was asked with the same key before.

    Raises:
        Invalid: with this key, something else was asked.
    """
    if (earlier := await _earlier(actor, model, repeat)) is not None:
        return earlier
    try:
        return await create()
    except (Conflict, NotFound):
        if (earlier := await _earlier(actor, model, repeat)) is not None:
            return earlier  # the same came twice at the same moment
        raise


async def _earlier(actor: Actor, model: type[R], repeat: Repeat | None) -> R | None:
    if repeat is None:
        return None
    record = await AuditRecord.get_or_none(tenant_id=actor.tenant_id, idempotency_key=repeat.key)
    if record is None:
        return None
    if record.request not in (None, repeat.request):  # None: of somebody whose data was erased
        raise Invalid("something else was asked with this key before", ["idempotencyKey"])
    return await find(model, actor, str(record.object_id), "idempotencyKey")


def check_version(record: Record, version: int | None) -> None:
    """Raise Conflict when the caller read the record at another version; None passes."""
    if version is not None and version != record.version:
        raise _conflict(record, version)


def differing(record: Record, values: Values) -> dict[str, object]:
    """Those of ``values`` that are not what the record holds already."""
    return {
        name: value
        for name, value in values.items()
        if as_text(normalised(record, name, value)) != as_text(getattr(record, name))
    }


def normalised(record: Record, name: str, value: object) -> object:
    """The value as the column would give it back."""
    column = record._meta.fields_map[name]
    return value if isinstance(column, fields.JSONField) else column.to_python_value(value)


def as_text(value: object) -> str | None:
    """A stored value as the change log keeps it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _conflict(current: Record, expected: int) -> Conflict:
    return Conflict(
        f"{current.id} is at version {current.version}, not {expected}; read it and try again",
        ["version"],
        current,
    )
