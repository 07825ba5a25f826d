"""Who of us knows whom at customers, and how well: strength of relationships, and who reports to whom.

What is said of a person's interactions counts those that were a contact with the person: calls, visits,
meetings, events, and mails from there. When somebody was last contacted is the later of the last of them and
of what a source noted without an interaction; ``rules/kinds/buying_centre.py`` says the same of many accounts
at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.access import Actor
from models.asof import as_of_rows, view_of
from models.base import days_between
from models.database import Row, as_date, as_int, fetch, listed, one_of
from models.people import Contact, Interaction, InteractionDirection, InteractionKind, Seniority
from models.view import View
from models.visibility import visible

#: Interactions count for so many days.
WINDOW_DAYS = 180
#: So many of them in that time are as good as any more.
OFTEN = 6
RECENCY_POINTS, FREQUENCY_POINTS = 40, 40
#: What a contact's seniority adds, where there was any contact.
SENIORITY_POINTS: Mapping[Seniority, int] = {
    Seniority.EXECUTIVE: 20,
    Seniority.HEAD: 15,
    Seniority.MANAGER: 10,
    Seniority.STAFF: 5,
}
#: An account's relationship rests on so many people.
BREADTH = 3
#: An interaction ``i`` that was a contact with the person.
WAS_CONTACT = (
    f"(i.kind not in ('{InteractionKind.TASK.value}', '{InteractionKind.MAIL.value}')"
    f" or (i.kind = '{InteractionKind.MAIL.value}'"
    f" and i.direction = '{InteractionDirection.INBOUND.value}'))"
)
#: The day of the last contact with a person ``t`` as it is now, or null.
LAST_CONTACT = (
    "(select max(n.day) from (select t.last_contacted_on as day"
    f" union all select max(i.happened_on) from interaction i where i.tenant_id = t.tenant_id"
    f" and i.contact_id = t.id and {WAS_CONTACT}) n)"
)
#: The day of the last interaction with a person ``p`` by ``:as_of`` that was a contact, or null.
_LAST_MET = (
    "(select i.happened_on from interaction i where i.tenant_id = :tenant and i.contact_id = p.id"
    f" and i.happened_on <= :as_of and {WAS_CONTACT} order by i.happened_on desc limit 1)"
)
_COLUMNS = ["account_id", "title", "seniority", "left_on", "last_contacted_on", "erased_at", "reports_to_id"]


@dataclass(frozen=True)
class Strength:
    """How strong a relationship is, 0 to 100 points, with its parts, and what it comes from.

    ``last_on`` is the last contact within the window, ``contacts`` how many there were.
    """

    recency: int = 0
    frequency: int = 0
    seniority: int = 0
    last_on: date | None = None
    contacts: int = 0

    @property
    def points(self) -> int:
        """The sum of the parts."""
        return self.recency + self.frequency + self.seniority


@dataclass(frozen=True)
class Colleague:
    """One of us who was in contact with a person, and how strong that relationship is."""

    user_id: str
    strength: Strength


@dataclass(frozen=True)
class Person:
    """A contact as of a date, strongest colleagues first.

    ``last_on`` is the day of the last contact that is known, however long ago; ``noted`` says that it is
    what a source noted, and that none of our interactions was on that day or later.
    """

    contact_id: str
    account_id: str
    seniority: Seniority
    left_on: date | None
    last_on: date | None
    noted: bool
    reports_to_id: str | None
    strength: Strength
    colleagues: tuple[Colleague, ...]


@dataclass(frozen=True)
class Place:
    """A person's place in the tree of who reports to whom: below ``above``, so many levels from the top."""

    contact_id: str
    above: str | None
    depth: int


def strength(last_on: date | None, contacts: int, seniority: Seniority, as_of: date) -> Strength:
    """The strength of a relationship from what there was in the last WINDOW_DAYS days.

    Recency = 40 x (180 - days since the last contact) / 180; frequency = 40 x min(contacts, 6) / 6; both
    rounded down. Seniority = 20 for an executive, 15 for a head, 10 for a manager, 5 for others. Without a
    contact in the window all of them are 0. A visit 18 days ago and two calls before it to an executive:
    40 x 162 / 180 = 36, 40 x 3 / 6 = 20, and 20, which is 76. Ninety days later it is 16 + 20 + 20 = 56, as
    long as all three are in the window.
    """
    if last_on is None or contacts == 0 or not 0 <= days_between(last_on, as_of) < WINDOW_DAYS:
        return Strength()
    return Strength(
        RECENCY_POINTS * (WINDOW_DAYS - days_between(last_on, as_of)) // WINDOW_DAYS,
        FREQUENCY_POINTS * min(contacts, OFTEN) // OFTEN,
        SENIORITY_POINTS[seniority],
        last_on,
        contacts,
    )


def account_strength(people: Iterable[Person]) -> tuple[int, tuple[Person, ...]]:
    """How strong the relationship with an account is, 0 to 100, and the people that it rests on.

    The points of the three strongest of those who are there, divided by three and rounded down: who is
    missing counts 0, so that one person alone makes 33 at most.
    """
    there = [each for each in people if each.left_on is None and each.strength.points]
    best = sorted(there, key=lambda each: (-each.strength.points, each.contact_id))[:BREADTH]
    return sum(each.strength.points for each in best) // BREADTH, tuple(best)


async def people(actor: Actor, as_of: date, account_ids: Sequence[str] | None = None) -> list[Person]:
    """The people at accounts as of a date as far as the actor sees them, in the order of their ids.

    Of all accounts unless some are given. Who had left is among them, whose data was erased is not.
    """
    view = await view_of(actor.tenant_id, as_of)
    which = "" if account_ids is None else one_of("t.account_id", "accounts")
    seen = visible(Contact, actor, "t")
    params = {
        **seen.params,
        "tenant": actor.tenant_id,
        "as_of": as_of,
        "since": as_of - timedelta(days=WINDOW_DAYS),
        "accounts": listed(account_ids or ()),
    }
    rows = await fetch(
        f"select p.*, {_LAST_MET} as met_on from {_contacts(view, which)} p join contact t on t.id = p.id"
        f" where {seen.sql} and p.erased_at is null order by p.id",
        params,
    )
    met: dict[str, list[Row]] = {}
    for row in await fetch(_interactions(which), params):
        met.setdefault(str(row["contact_id"]), []).append(row)
    return [_person(row, met.get(str(row["id"]), []), as_of) for row in rows]


def _contacts(view: View, which: str) -> str:
    return as_of_rows(Contact, _COLUMNS, view, which=which)


def _interactions(which: str) -> str:
    """How often and when last each of us was in contact with each person in the window."""
    among = f" and i.contact_id in (select t.id from contact t where t.tenant_id = :tenant and {which})"
    return (
        "select i.contact_id, i.user_id, max(i.happened_on) as last_on, count(*) as contacts"
        f" from {Interaction._meta.db_table} i where i.tenant_id = :tenant and i.contact_id is not null"
        f" and i.happened_on > :since and i.happened_on <= :as_of and {WAS_CONTACT}{among if which else ''}"
        " group by i.contact_id, i.user_id order by i.contact_id, i.user_id"
    )


async def last_contacts(contact_ids: Sequence[str]) -> dict[str, date]:
    """When each of these people was last contacted, of those who were."""
    rows = await fetch(
        f"select t.id, {LAST_CONTACT} as last_on from {Contact._meta.db_table} t"
        f" where {one_of('t.id', 'ids')}",
        {"ids": listed(contact_ids)},
    )
    return {str(row["id"]): day for row in rows if (day := as_date(row["last_on"]))}


def _person(row: Row, met: Sequence[Row], as_of: date) -> Person:
    seniority = Seniority(str(row["seniority"]))
    days = [day for each in met if (day := as_date(each["last_on"]))]
    colleagues = [
        Colleague(
            str(each["user_id"]),
            strength(as_date(each["last_on"]), as_int(each["contacts"]), seniority, as_of),
        )
        for each in met
        if each["user_id"] is not None
    ]
    left, noted = as_date(row["left_on"]), as_date(row["last_contacted_on"])
    met_on = as_date(row["met_on"])
    is_noted = noted is not None and noted <= as_of and (met_on is None or noted > met_on)
    return Person(
        contact_id=str(row["id"]),
        account_id=str(row["account_id"]),
        seniority=seniority,
        left_on=left if left is not None and left <= as_of else None,
        last_on=noted if is_noted else met_on,
        noted=is_noted,
        reports_to_id=str(row["reports_to_id"]) if row["reports_to_id"] else None,
        strength=strength(
            max(days, default=None), sum(as_int(each["contacts"]) for each in met), seniority, as_of
        ),
        colleagues=tuple(sorted(colleagues, key=lambda each: (-each.strength.points, each.user_id))),
    )


def tree(people: Sequence[Person]) -> list[Place]:
    """Who reports to whom among those who are there, each before those below, in the order of their ids.

    Whose manager has left, or whose data was erased, is below the next one above who is there.
    """
    known = {each.contact_id: each for each in people}
    below: dict[str | None, list[str]] = {}
    for each in people:
        if each.left_on is None:
            below.setdefault(_above(each, known), []).append(each.contact_id)
    found = list[Place]()
    waiting = [Place(each, None, 0) for each in sorted(below.get(None, ()), reverse=True)]
    while waiting:
        place = waiting.pop()
        found.append(place)
        waiting += [
            Place(each, place.contact_id, place.depth + 1)
            for each in sorted(below.get(place.contact_id, ()), reverse=True)
        ]
    return found


def _above(person: Person, known: Mapping[str, Person]) -> str | None:
    above = known.get(person.reports_to_id or "")
    while above is not None and above.left_on is not None:
        above = known.get(above.reports_to_id or "")
    return above.contact_id if above else None
