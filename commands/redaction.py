"""Putting a mark into records in the place of what tells of a person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson
from tortoise.expressions import F
from tortoise.fields.data import CharEnumFieldInstance

from commands.journal import BATCH, Work
from commands.spellings import Spellings
from commands.traces import TELLING, Person, Text, about, evidence_for, evidence_of, mentions, verdicts_on
from models.base import Record, utcnow
from models.errors import Conflict
from models.history import AuditRecord
from models.people import ERASED, erased_key
from models.recommendations import Evidence
from models.rulebooks import EvaluationRun, Rule, Rulebook, RulebookState, RunState

#: Columns of verdicts and their evidence in which facts are quoted.
_SAID = ("because", "seen", "threshold")


@dataclass
class Redaction:
    """What is to stand in which records instead of what stands there."""

    records: dict[str, Record] = field(default_factory=dict)
    values: dict[str, dict[str, object]] = field(default_factory=dict)

    def now(self, text: Text) -> object:
        """What is to stand there, as far as it is known."""
        return self.values.get(text.record.id, {}).get(text.column, text.value)

    def put(self, text: Text, value: object) -> None:
        """Have something else stand there, as much of it as there is room for."""
        if value == text.value:
            return
        limit = getattr(text.record._meta.fields_map[text.column], "max_length", None)
        self.records[text.record.id] = text.record
        fitting = value[:limit] if isinstance(value, str) else value
        self.values.setdefault(text.record.id, {})[text.column] = fitting

    async def carry_out(self, work: Work) -> int:
        """Write it; how many values there were.

        Raises:
            Conflict: somebody wrote one of the records since it was read, or judges by a rule among them.
        """
        for record_id, values in self.values.items():
            record = self.records[record_id]
            known = type(record).filter(id=record_id, version=record.version)
            if not await known.update(**values, version=record.version + 1, updated_at=utcnow()):
                raise Conflict("somebody wrote of the person at the same moment; try again", ["id"])
            work.written.append(record)
        await self._rebuild_books(work)
        await self._forget_requests(work)
        return sum(map(len, self.values.values()))

    async def _rebuild_books(self, work: Work) -> None:
        """Have rules that name the person judged without the name from now on, by every process."""
        named = {record.rulebook_id for record in self.records.values() if isinstance(record, Rule)}
        books = Rulebook.filter(id__in=list(named))
        running = EvaluationRun.filter(tenant_id=work.actor.tenant_id, state=RunState.RUNNING)
        if await books.filter(state=RulebookState.ACTIVE).exists() and await running.exists():
            raise Conflict(
                "accounts are being judged by a rule that names the person; try again later", ["id"]
            )
        await books.update(version=F("version") + 1)

    async def _forget_requests(self, work: Work) -> None:
        """Take away the digests of what was asked when the records were made: they could be guessed at."""
        ids = list(self.records)
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            made = AuditRecord.filter(tenant_id=work.actor.tenant_id, object_id__in=part)
            await made.update(request=None)


async def redaction_of(person: Person) -> Redaction:
    """What must be done to the tenant's records so that none tells of the person."""
    found, known = Redaction(), set[tuple[str, str]]()
    async for text in about(person):
        known.add(text.place)
        if text.value is not None:
            found.put(text, _mark(text))
    async for text, told in _said(person):
        cut = getattr(text.record._meta.fields_map[text.column], "max_length", None)
        found.put(text, told.without(found.now(text), cut))
    async for text, told in mentions(person, known):
        found.put(text, told.without(found.now(text)))
    contact = person.contact
    if contact.external_id is not None:
        key = erased_key(contact.tenant_id, contact.source, contact.external_id)
        found.put(Text(contact, "external_id"), key)
    return found


async def _said(person: Person) -> AsyncIterator[tuple[Text, Spellings]]:
    """What verdicts say, and all that they go by, that go by something about the person.

    Each comes with what is taken out there: of sentences how the person was judged and what was heard, too.
    """
    seen = await evidence_of(person)
    verdicts = await verdicts_on(seen)
    quoted = Spellings(person.said.values | _texts_of(seen))
    for record in [*verdicts, *await evidence_for(verdicts)]:
        for column in filter(record._meta.fields_map.__contains__, _SAID):
            yield Text(record, column), quoted if column == "because" else person.said


def _texts_of(seen: Sequence[Evidence]) -> frozenset[str]:
    """The texts that evidence saw of the person."""
    values = [orjson.loads(each.seen) for each in seen if each.seen and each.field in TELLING]
    return frozenset(value for value in values if isinstance(value, str) and value.strip())


def _mark(text: Text) -> object:
    """The mark as the column has texts: those of evidence are JSON, and a list stays one.

    None where there is no text, but a value of a list: what was chosen says something without a name.
    """
    if isinstance(text.record._meta.fields_map[text.column], CharEnumFieldInstance):
        return None
    if not isinstance(text.record, Evidence):
        return ERASED
    many = isinstance(orjson.loads(str(text.value)), list)
    return orjson.dumps([ERASED] if many else ERASED).decode()
