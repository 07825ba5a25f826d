"""Where people at customers worked, since when and as what, as far as the reader sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tortoise.expressions import Q

from models.access import Actor
from models.history import Change
from models.people import Contact, Seniority
from models.visibility import sees

_TOLD = ("title", "seniority")
_STAYS = ("joined_on", "left_on")


@dataclass(frozen=True)
class Step:
    """What a person was at a customer from ``since`` (None: not known) until ``until`` (None: still)."""

    contact_id: str
    account_id: str
    title: str | None
    seniority: Seniority
    since: date | None
    until: date | None


async def same_person(contact: Contact) -> list[Contact]:
    """The contact itself, and those at other accounts that it moved from or to, however often.

    The contact first, the others in the order in which they were made. Whoever may see them.
    """
    found, fresh = {contact.id: contact}, [contact]
    while fresh:
        named = [each.moved_from_id for each in fresh if each.moved_from_id]
        next_to = Q(moved_from_id__in=[each.id for each in fresh]) | Q(id__in=named)
        there = await Contact.filter(next_to, tenant_id=contact.tenant_id)
        fresh = [each for each in there if each.id not in found]
        found |= {each.id: each for each in fresh}
    return [contact, *sorted((each for each in found.values() if each is not contact), key=lambda c: c.id)]


async def career(actor: Actor, contact: Contact) -> list[Step]:
    """What a person was at each customer that the actor sees the person at, in order.

    Changes of title and seniority begin another step, and so does coming back after having left; what was
    never changed is as it was all the time.
    """
    seen = [each for each in await same_person(contact) if await sees(Contact, actor, each.id)]
    steps = [step for each in seen for step in _steps(each, await _changes(each))]
    return sorted(steps, key=lambda each: (each.since or date.min, each.contact_id))


async def _changes(contact: Contact) -> list[Change]:
    found = Change.filter(
        tenant_id=contact.tenant_id, entity="contact", entity_id=contact.id, field__in=_TOLD + _STAYS
    )
    return await found.order_by("effective_on", "created_at", "seq", "id")


@dataclass(frozen=True)
class _Stay:
    """From when (None: not known) until when somebody was there before coming back on ``back_on``."""

    joined_on: date | None
    left_on: date
    back_on: date


def _steps(contact: Contact, changes: list[Change]) -> Iterator[Step]:
    """The steps of one contact, latest first: from what it is now back by each day that changed something.

    What was changed after somebody had left tells what the person had been.
    """
    told = [change for change in changes if change.field in _TOLD]
    stays = {stay.back_on: stay for stay in _earlier_stays(changes)}
    title, seniority = contact.title, Seniority(contact.seniority)
    since, until = contact.joined_on, contact.left_on
    for day in sorted({change.effective_on for change in told} | stays.keys(), reverse=True):
        if until is not None and day >= until:
            continue
        yield Step(contact.id, contact.account_id, title, seniority, day, until)
        first = {change.field: change.old for change in reversed(told) if change.effective_on == day}
        title = first.get("title", title)
        seniority = Seniority(str(first["seniority"])) if "seniority" in first else seniority
        until = stays[day].left_on if day in stays else day
        since = stays[day].joined_on if day in stays else since
    if since is None or until is None or since < until:
        yield Step(contact.id, contact.account_id, title, seniority, since, until)


def _earlier_stays(changes: list[Change]) -> Iterator[_Stay]:
    """The stays that ended before another began: one command said both, since when and that it is again.

    A day that is put right begins no stay.
    """
    commands: dict[str, dict[str, Change]] = {}
    for change in changes:
        if change.field in _STAYS:
            commands.setdefault(change.audit_id, {})[change.field] = change
    for said in commands.values():
        left, joined = said.get("left_on"), said.get("joined_on")
        if left is None or joined is None or left.old is None or left.new is not None or joined.new is None:
            continue
        left_on, back_on = date.fromisoformat(left.old), date.fromisoformat(joined.new)
        if left_on <= back_on:
            yield _Stay(date.fromisoformat(joined.old) if joined.old else None, left_on, back_on)
