"""The customers' people: who they are, when we last spoke, and who has left."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

from commands.journal import FieldChange
from jobs.demo.accounts import AccountSpec
from jobs.demo.draft import Row, Rows, days_before, workday
from jobs.demo.names import (
    EXECUTIVE_TITLES,
    FIRST_NAMES,
    HEAD_TITLES,
    LAST_NAMES,
    MANAGER_TITLES,
    STAFF_TITLES,
)
from jobs.demo.stories import Story
from models.accounts import Tier
from models.people import Seniority

TITLES = {
    Seniority.EXECUTIVE: EXECUTIVE_TITLES,
    Seniority.HEAD: HEAD_TITLES,
    Seniority.MANAGER: MANAGER_TITLES,
    Seniority.STAFF: STAFF_TITLES,
}
#: How many people of each seniority are known, by tier.
KNOWN: dict[Tier, dict[Seniority, int]] = {
    Tier.KEY: {Seniority.EXECUTIVE: 2, Seniority.HEAD: 2, Seniority.MANAGER: 2, Seniority.STAFF: 1},
    Tier.NAMED: {Seniority.EXECUTIVE: 1, Seniority.HEAD: 2, Seniority.MANAGER: 1, Seniority.STAFF: 1},
    Tier.STANDARD: {Seniority.EXECUTIVE: 1, Seniority.HEAD: 1, Seniority.MANAGER: 1},
}
#: The longest that a healthy account's people wait for the next call.
LONGEST_SILENCE = 60
CONTACTS_A_YEAR = 6
LEFT_CHANCE = 0.2


def add_contacts(rows: Rows, spec: AccountSpec, story: Story, today: date, random: Random) -> None:
    """Add the account's people, those who have left last."""
    names = _names(random)
    number = 0
    for seniority, count in KNOWN[spec.tier].items():
        for index in range(count):
            number += 1
            title = TITLES[seniority][index]
            row = _contact(spec, f"CON-{spec.number:02d}-{number}", next(names), title, seniority)
            _speak(row, _last_call(seniority, index, story, today, random), random)
            rows.contacts.append(row)
    if story.executive_left is not None:
        key, title = f"CON-{spec.number:02d}-LEFT", EXECUTIVE_TITLES[2]
        row = _contact(spec, key, next(names), title, Seniority.EXECUTIVE)
        rows.contacts.append(_leave(row, days_before(today, story.executive_left), random))
    elif random.random() < LEFT_CHANCE:
        key, title = f"CON-{spec.number:02d}-{number + 1}", MANAGER_TITLES[3]
        row = _contact(spec, key, next(names), title, Seniority.MANAGER)
        left = workday(days_before(today, random.randint(20, 300)))
        rows.contacts.append(_leave(row, left, random))


def _names(random: Random) -> zip[tuple[str, str]]:
    return zip(
        random.sample(FIRST_NAMES, len(FIRST_NAMES)),
        random.sample(LAST_NAMES, len(LAST_NAMES)),
        strict=True,
    )


def _contact(
    spec: AccountSpec, external_id: str, name: tuple[str, str], title: str, seniority: Seniority
) -> Row:
    address = ".".join(name).lower().replace(" ", "-")
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "name": " ".join(name),
        "email": f"{address}@{spec.domain}",
        "title": title,
        "seniority": seniority,
    }
    return Row(external_id, values)


def _last_call(seniority: Seniority, index: int, story: Story, today: date, random: Random) -> date:
    if seniority is Seniority.EXECUTIVE and story.executives_silent is not None:
        return days_before(today, story.executives_silent + 25 * index)
    return workday(days_before(today, random.randint(3, LONGEST_SILENCE)))


def _speak(row: Row, last: date, random: Random) -> None:
    """Give the contact a year of calls that ends with the last one."""
    days = [last]
    for _ in range(CONTACTS_A_YEAR):
        days.append(workday(days_before(days[-1], random.randint(35, 75))))
    days.reverse()
    row.values["last_contacted_on"] = days[-1]
    row.began = days[0]
    row.history += [
        FieldChange("last_contacted_on", before, after, after) for before, after in pairwise(days)
    ]


def _leave(row: Row, left: date, random: Random) -> Row:
    _speak(row, workday(left - timedelta(days=random.randint(4, 30))), random)
    row.values["left_on"] = left
    row.history.append(FieldChange("left_on", None, left, left))
    return row
