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

    Changes of title and seniority begin another step; what was never changed is as it was all the time.
    """
    seen = [each for each in await same_person(contact) if await sees(Contact, actor, each.id)]
    steps = [step for each in seen for step in _steps(each, await _changes(each))]
    return sorted(steps, key=lambda each: (each.since or date.min, each.contact_id))


async def _changes(contact: Contact) -> list[Change]:
    found = Change.filter(
        tenant_id=contact.tenant_id, entity="contact", entity_id=contact.id, field__in=_TOLD
    )
    return await found.order_by("effective_on", "created_at", "seq", "id")


def _steps(contact: Contact, changes: list[Change]) -> Iterator[Step]:
    """The steps of one contact, latest first: from what it is now back by each day that changed something."""
    title, seniority, until = contact.title, Seniority(contact.seniority), contact.left_on
    for day in sorted({change.effective_on for change in changes}, reverse=True):
        yield Step(contact.id, contact.account_id, title, seniority, day, until)
        first = {change.field: change.old for change in reversed(changes) if change.effective_on == day}
        title = first.get("title", title)
        seniority = Seniority(str(first["seniority"])) if "seniority" in first else seniority
        until = day
    yield Step(contact.id, contact.account_id, title, seniority, contact.joined_on, until)
