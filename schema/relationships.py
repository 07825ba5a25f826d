"""How well people at customers are known, and where they worked, as clients see it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from metrics import careers
from metrics import relationships as metric
from models.access import Scope
from models.access import User as UserRow
from models.accounts import Account as AccountRow
from models.base import check_day, today
from models.people import Contact as ContactRow
from models.people import Seniority
from schema.access import User
from schema.context import Info
from schema.core.readable import needing

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.people import Contact


@strawberry.type
class StrengthParts:
    """How strong a relationship is, 0 to 100 points, by its parts; of the last 180 days.

    Calls, visits, meetings, events and mails from the person count. All parts are 0 where there was none.
    """

    points: int = strawberry.field(description="The number of points in all: the sum of the parts, 0 to 100.")
    recency: int = strawberry.field(
        description="40 x (180 - days since the last contact) / 180, rounded down: 0 to 40."
    )
    frequency: int = strawberry.field(
        description="A number of points: 40 x min(contacts, 6) / 6, rounded down: 0 to 40."
    )
    seniority: int = strawberry.field(
        description="A number of points: 20 for an executive, 15 for a head, 10 for a manager, 5 for others;"
        " 0 without contact."
    )
    last_on: date | None = strawberry.field(
        description="The day of the last contact within these days; null when there was none."
    )
    contacts: int = strawberry.field(description="How many contacts there were within these days.")

    @classmethod
    def of(cls, found: metric.Strength) -> StrengthParts:
        """As clients see it."""
        return cls(
            points=found.points,
            recency=found.recency,
            frequency=found.frequency,
            seniority=found.seniority,
            last_on=found.last_on,
            contacts=found.contacts,
        )


@strawberry.type
class ColleagueStrength:
    """How well one of us knows a person."""

    found: strawberry.Private[metric.Colleague]

    @strawberry.field
    def strength(self) -> StrengthParts:
        """How strong that relationship is, by what this colleague had to do with the person."""
        return StrengthParts.of(self.found.strength)

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        """Who of us it is; null when there is nobody whom the caller may see."""
        found = await info.context.loaders.one(UserRow, self.found.user_id)
        return User.of(found) if found else None


@strawberry.type
class RelationshipStrength:
    """How well a person is known, by all of us and by each."""

    found: strawberry.Private[metric.Person]
    as_of: date = strawberry.field(description="The business date of it.")

    @strawberry.field
    def strength(self) -> StrengthParts:
        """How strong the relationship is, by all interactions with the person."""
        return StrengthParts.of(self.found.strength)

    @strawberry.field
    def colleagues(self) -> list[ColleagueStrength]:
        """Who of us was in contact with the person within the last 180 days, the strongest first."""
        return [ColleagueStrength(found=each) for each in self.found.colleagues]


@strawberry.type
class CareerStep:
    """What a person was at a customer for some time."""

    found: strawberry.Private[careers.Step]
    title: str | None = strawberry.field(
        description="The person's position then, as it is called there; null when it is not known.",
        metadata=needing(Scope.READ_PERSONAL),
    )
    seniority: Seniority = strawberry.field(description="Where the person stood in the organisation.")
    since: date | None = strawberry.field(description="The day since when; null when it is not known.")
    until: date | None = strawberry.field(
        description="The day on which it was so no more; null where it is so still."
    )

    @classmethod
    def of(cls, found: careers.Step) -> CareerStep:
        """As clients see it."""
        return cls(
            found=found, title=found.title, seniority=found.seniority, since=found.since, until=found.until
        )

    @strawberry.field
    async def contact(self, info: Info) -> Annotated[Contact, strawberry.lazy("schema.people")] | None:
        """The person as a contact of that customer; null when the caller may not see it."""
        from schema.people import Contact as Shown

        found = await info.context.loaders.one(ContactRow, self.found.contact_id)
        return Shown.of(found) if found else None

    @strawberry.field
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("schema.accounts")] | None:
        """The customer; null when the caller may not see it."""
        from schema.accounts import Account as Shown

        found = await info.context.loaders.one(AccountRow, self.found.account_id)
        return Shown.of(found) if found else None


def day_of(as_of: date | None) -> date:
    """The business date that is asked for: today unless told.

    Raises:
        Invalid: it is no business date.
    """
    day = as_of or today()
    check_day(day, "asOf")
    return day


async def strength_of(info: Info, contact: ContactRow, as_of: date) -> RelationshipStrength | None:
    """How well a person is known as of a date; None for whom there is nothing to know of then."""
    actor = info.context.actor

    async def load(account_ids: list[str]) -> list[list[metric.Person]]:
        found: dict[str, list[metric.Person]] = {each: [] for each in account_ids}
        for each in await metric.people(actor, as_of, account_ids):
            found[each.account_id].append(each)
        return list(found.values())

    people = await info.context.loaders.batched(("people", as_of), load, contact.account_id)
    return next(
        (RelationshipStrength(found=each, as_of=as_of) for each in people if each.contact_id == contact.id),
        None,
    )
