"""Tables of people on both sides."""

from __future__ import annotations

from collections.abc import Iterable

from commands.account_review.content import Known, Person
from connectors.account_review.sections import Column, Table
from connectors.account_review.texts import NOTHING, day, words
from models.people import Seniority


def known_people(known: Iterable[Known]) -> Table:
    """Everybody at the account: what they are, how near to us, and who of us knows them."""
    return Table(
        [
            Column("Name", 1.8, lines=3),
            Column("Title", 2),
            Column("Role", 1.3),
            Column("Influence", 1),
            Column("Sentiment", 1.2),
            Column("Strength", 0.9, True),
            Column("Last contact", 1.2),
            Column("Known by", 2),
        ],
        [
            [
                each.name,
                each.title or NOTHING,
                words(each.role) if each.role else NOTHING,
                words(each.influence.value) if each.influence else NOTHING,
                words(each.support.value) if each.support else NOTHING,
                f"{each.strength}",
                f"left {day(each.left_on)}" if each.left_on else day(each.last_on),
                ", ".join(each.colleagues) or _known_by(each),
            ]
            for each in sorted(known, key=_standing)
        ],
        ("person", "people"),
    )


def _known_by(known: Known) -> str:
    """Who knows somebody of whom none of us is said to: what tells of the last contact, if there was one."""
    if known.strength:
        return "not said who"
    return "the source system" if known.noted else "nobody"


def _standing(known: Known) -> tuple[bool, int, int, str, str]:
    """Those who are there before those who left, by seniority, those whom we know best first."""
    rank = [*Seniority].index(known.seniority)
    return known.left_on is not None, rank, -known.strength, known.name, known.contact_id


def persons(told: Iterable[Person], head: str) -> Table:
    """People as everybody may read of them; accounts where they are at any."""
    columns = [Column(head, 2, lines=3), Column("Function", 2.4), Column("Account", 2, is_account=True)]
    listed = list(told)
    width = 3 if any(each.account for each in listed) else 2
    rows = [[each.name, each.does or NOTHING, each.account or NOTHING][:width] for each in listed]
    return Table(columns[:width], rows, ("person", "people"))
