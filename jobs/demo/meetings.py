"""How the customers' people were met in the last year: once for each day on which they were spoken to."""

from __future__ import annotations

from datetime import date
from random import Random

from jobs.demo.accounts import AccountSpec
from jobs.demo.buying_centres import MET
from jobs.demo.draft import Row, Rows, days_before
from jobs.demo.names import MET_ABOUT
from jobs.demo.people import DIRECTORS
from models.people import InteractionDirection, InteractionKind, Seniority

YEAR = 365
#: How often one of us alone speaks to a contact.
ALONE_CHANCE = 0.2
_CALL, _VISIT, _MEETING = InteractionKind.CALL, InteractionKind.VISIT, InteractionKind.MEETING
_MAIL, _EVENT = InteractionKind.MAIL, InteractionKind.EVENT
#: How people are met, those more often that come twice.
_WAYS = {
    Seniority.EXECUTIVE: (_VISIT, _VISIT, _MEETING, _EVENT),
    Seniority.HEAD: (_VISIT, _MEETING, _MEETING, _CALL),
    Seniority.MANAGER: (_CALL, _CALL, _MEETING, _VISIT, _MAIL),
    Seniority.STAFF: (_CALL, _CALL, _MAIL, _MEETING),
}
_MINUTES = {_CALL: (10, 15, 20, 30), _MEETING: (30, 45, 60), _VISIT: (60, 90, 120), _EVENT: (120, 180)}


def add_interactions(rows: Rows, spec: AccountSpec, today: date, seed: int) -> None:
    """Add how the account's people were met: as ``buying_centres`` tells it, or else as chance has it."""
    first = days_before(today, YEAR)
    for contact in rows.contacts:
        # An own stream for each, so that nothing else changes with it.
        random = Random(f"{seed}:{contact.external_id}")  # noqa: S311 - a demo needs no secrets
        if (told := MET.get(contact.external_id)) is not None:
            for number, (user, kind, ago) in enumerate(told, start=1):
                day = days_before(spoken_to(contact)[-1], ago)
                rows.interactions.append(_met(spec, contact, number, day, user, kind, random))
            continue
        colleagues = _colleagues(spec, random)
        ways = _WAYS[Seniority(str(contact.values["seniority"]))]
        days = [day for day in spoken_to(contact) if day > first]
        for number, day in enumerate(days, start=1):
            user, kind = colleagues[number % len(colleagues)], random.choice(ways)
            rows.interactions.append(_met(spec, contact, number, day, user, kind, random))


def spoken_to(contact: Row) -> list[date]:
    """The days on which somebody spoke to a contact, in order."""
    told = [change.on for change in contact.history if change.field == "last_contacted_on"]
    return [contact.began, *told] if contact.began else told


def _colleagues(spec: AccountSpec, random: Random) -> tuple[str, ...]:
    """Who of us speaks to somebody, in turns: the owner, and mostly the manager or another director."""
    owner = spec.owner
    if random.random() < ALONE_CHANCE:
        return (owner.external_id,)
    team = [each.external_id for each in DIRECTORS if each.team == owner.team and each is not owner]
    other = random.choice([str(owner.manager), *team])
    return random.choice(((owner.external_id, other), (owner.external_id, owner.external_id, other)))


def _met(
    spec: AccountSpec,
    contact: Row,
    number: int,
    day: date,
    user: str,
    kind: InteractionKind,
    random: Random,
) -> Row:
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "contact_id": contact.external_id,
        "user_id": user,
        "kind": kind,
        "direction": InteractionDirection.INBOUND if kind is _MAIL else None,
        "happened_on": day,
        "duration_minutes": random.choice(_MINUTES[kind]) if kind in _MINUTES else None,
        "subject": random.choice(MET_ABOUT),
    }
    return Row(f"ACT-{contact.external_id[4:]}-{number}", values, began=day)
