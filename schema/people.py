"""The people at the customer as clients see them."""

from __future__ import annotations

from datetime import date, datetime

import strawberry
from strawberry import UNSET

from metrics.careers import career
from metrics.relationships import LAST_CONTACT, last_contacts
from models import people as stored
from models.access import Scope
from models.described import Described
from models.people import InteractionDirection, InteractionKind, Seniority
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.readable import in_sql
from schema.core.stored import Node, Stored, column
from schema.relationships import CareerStep, RelationshipStrength, day_of, strength_of

_RANK = " ".join(f"when '{seniority.value}' then {rank}" for rank, seniority in enumerate(Seniority))


@strawberry.type
class Interaction(Node, Stored[stored.Interaction]):
    """A call, visit, mail or the like with an account."""

    model = stored.Interaction

    version: int = column("Grows by one with each change.")
    kind: InteractionKind = column("What it was.")
    direction: InteractionDirection | None = column("From whom it came; null when it is not known.")
    happened_on: date = column("The day on which it happened, at the place.")
    happened_at: datetime | None = column("When it happened (UTC); null when the time of day is not known.")
    duration_minutes: int | None = column("How many minutes it took, 0 or more; null when it is not known.")
    subject: str | None = column("What it was about; null when it is not known.", Scope.READ_PERSONAL)
    outcome: str | None = column("What came of it; null when it is not known.", Scope.READ_PERSONAL)
    source: str | None = column("The system that it came from; null when it is not known.")
    external_id: str | None = column("Its key in that system; null when it has none.")
    account = related("schema.accounts", "Account", "account_id", "The account that it was with.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it was about.")
    contact = related("schema.people", "Contact", "contact_id", "The person that it was with.")
    user = related("schema.access", "User", "user_id", "Who of us it was with.")


@strawberry.input
class InteractionFilter:
    """Which interactions; all conditions given must hold."""

    and_: list[InteractionFilter] | None = clause("and")
    or_: list[InteractionFilter] | None = clause("or")
    not_: InteractionFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    contact_id: IDFilter | None = UNSET
    user_id: IDFilter | None = UNSET
    kind: Filter[InteractionKind] | None = UNSET
    direction: Filter[InteractionDirection] | None = UNSET
    happened_on: DateFilter | None = UNSET
    subject: StringFilter | None = UNSET
    outcome: StringFilter | None = UNSET
    source: StringFilter | None = UNSET


@strawberry.enum
class InteractionOrderField(Described):
    """What interactions are ordered by."""

    HAPPENED_ON = "happened_on"
    KIND = "kind", "By `kind`: ascending as texts, from CALL to VISIT."


@strawberry.input
class InteractionOrder:
    """One step of an order."""

    field: InteractionOrderField
    direction: Direction = Direction.ASC


INTERACTIONS = Listed(
    "schema.people",
    "Interaction",
    Listing(
        stored.Interaction,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "deal_id": Column("t.deal_id"),
            "contact_id": Column("t.contact_id"),
            "user_id": Column("t.user_id"),
            "kind": Column("t.kind"),
            "direction": Column("t.direction"),
            "happened_on": Column("t.happened_on", Kind.DATE),
            "subject": Column("t.subject"),
            "outcome": Column("t.outcome"),
            "source": Column("t.source"),
        },
        (("happened_on", Direction.DESC),),
    ),
)


@strawberry.type
class Contact(Node, Stored[stored.Contact]):
    """A person at the customer."""

    model = stored.Contact

    version: int = column("Grows by one with each change; an update names the one that it has read.")
    name: str = column("The person's name.", Scope.READ_PERSONAL)
    title: str | None = column(
        "The person's position, as it is called there; null when it is not known.", Scope.READ_PERSONAL
    )
    seniority: Seniority = column("Where the person stands in the customer's organisation.")
    email: str | None = column("The person's mail address; null when it is not known.", Scope.READ_PERSONAL)
    phone: str | None = column(
        "The person's telephone number; null when it is not known.", Scope.READ_PERSONAL
    )
    left_on: date | None = column("The day on which the person left the customer; null for one who is there.")
    erased_at: datetime | None = column(
        "When the person's data was erased (UTC); null for whose data is kept. After it the name is"
        " `(erased)`, `email`, `phone` and `title` are null, and nothing can be changed any more."
    )

    joined_on: date | None = column(
        "The day since when the person is at the customer; null when it is not known."
    )

    account = related("schema.accounts", "Account", "account_id", "The account that the person works for.")
    reports_to = related("schema.people", "Contact", "reports_to_id", "Who is above the person there.")
    moved_from = related(
        "schema.people", "Contact", "moved_from_id", "What the person was at the customer before."
    )
    stakeholders = children(
        "schema.stakeholders",
        "Stakeholder",
        "contact_id",
        "What the person is in the buying centre of the account; one, or empty.",
        standing="removed_on",
    )
    assessments = children(
        "schema.stakeholders",
        "Assessment",
        "contact_id",
        "How the person was judged, oldest first; empty unless the caller is of the account's team, but for"
        " deals that the caller sees.",
        "assessed_on",
    )
    rapports = children(
        "schema.stakeholders",
        "Rapport",
        "contact_id",
        "What each of us was to the person, oldest first; empty unless the caller is of the account's team.",
        "assessed_on",
    )
    interactions = connection(
        INTERACTIONS, "Calls, visits, mails and the like with the person.", "contact_id"
    )

    @in_sql(LAST_CONTACT)
    async def last_contacted_on(self, info: Info) -> date | None:
        """The day of the last call, visit, meeting, event or mail from the person; null when there was none.

        It is the latest of the interactions, or what the person's source noted where that is later.
        """

        async def load(ids: list[str]) -> list[date | None]:
            found = await last_contacts(ids)
            return [found.get(each) for each in ids]

        return await info.context.loaders.batched("last contacts", load, self.id)

    @costs(2)
    @strawberry.field
    async def moved_to(self, info: Info) -> list[Contact]:
        """What the person became at other customers that the caller sees; empty where there is none."""
        found = await info.context.loaders.children(stored.Contact, "moved_from_id", self.id)
        return [Contact.of(each) for each in found]

    @costs(5)
    @strawberry.field
    async def relationship(self, info: Info, as_of: AsOf = None) -> RelationshipStrength | None:
        """How well the person is known, by all of us and by each; null for whose data was erased."""
        return await strength_of(info, self.record, day_of(as_of))

    @costs(10)
    @strawberry.field
    async def career(self, info: Info) -> list[CareerStep]:
        """What the person was at customers that the caller sees, in order."""
        return [CareerStep.of(each) for each in await career(info.context.actor, self.record)]


@strawberry.input
class ContactFilter:
    """Which contacts; all conditions given must hold."""

    and_: list[ContactFilter] | None = clause("and")
    or_: list[ContactFilter] | None = clause("or")
    not_: ContactFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    title: StringFilter | None = UNSET
    email: StringFilter | None = UNSET
    seniority: Filter[Seniority] | None = UNSET
    last_contacted_on: DateFilter | None = UNSET
    left_on: DateFilter | None = UNSET
    joined_on: DateFilter | None = UNSET
    reports_to_id: IDFilter | None = UNSET
    erased: BooleanFilter | None = strawberry.field(
        default=UNSET, description="Whether the person's data was erased."
    )


@strawberry.enum
class ContactOrderField(Described):
    """What contacts are ordered by."""

    NAME = "name"
    SENIORITY = "seniority_rank", "By `seniority`: ascending from EXECUTIVE to STAFF."
    LAST_CONTACTED_ON = "last_contacted_on"


@strawberry.input
class ContactOrder:
    """One step of an order."""

    field: ContactOrderField
    direction: Direction = Direction.ASC


CONTACTS = Listed(
    "schema.people",
    "Contact",
    Listing(
        stored.Contact,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "name": Column("t.name"),
            "title": Column("t.title"),
            "email": Column("t.email"),
            "seniority": Column("t.seniority"),
            "seniority_rank": Column(f"case t.seniority {_RANK} end", Kind.NUMBER, may_lack=False),
            "last_contacted_on": Column(LAST_CONTACT, Kind.DATE),
            "left_on": Column("t.left_on", Kind.DATE),
            "joined_on": Column("t.joined_on", Kind.DATE),
            "reports_to_id": Column("t.reports_to_id"),
            "erased": Column("(t.erased_at is not null)", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class ContactQueries:
    """Reading contacts."""

    contacts = connection(CONTACTS, "The people at the accounts that the caller sees.")

    interactions = connection(
        INTERACTIONS, "Calls, visits, mails and the like with the accounts that the caller sees."
    )
