"""Buying centres of accounts and deals as clients see them: who is what, judged how, and known by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import strawberry

from metrics import buying_centres as metric
from metrics import relationships
from models import stakeholders as stored
from models.access import Scope
from models.deals import ContactRole
from models.people import Contact as ContactRow
from models.stakeholders import (
    Adaptability,
    BuyingCentre,
    Influence,
    PoliticalStatus,
    RelationshipLevel,
    Support,
)
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import related
from schema.core.cost import costs
from schema.core.readable import needing
from schema.core.stored import Stored, column
from schema.people import Contact
from schema.relationships import ColleagueStrength, StrengthParts, day_of

_JUDGED = "null when nobody said, or the person's data was erased"


@strawberry.type
class Stakeholder(Stored[stored.Stakeholder]):
    """A person's part in the buying centre of an account."""

    model = stored.Stakeholder

    id: strawberry.ID = column("The id of the part, unlike all others.")
    role: ContactRole = column("What the person is there.")
    valid_from: date | None = column("The day since when; null when it is not known.")
    removed_on: date | None = column("The day since when it is so no more; null while it is so.")
    contact = related("schema.people", "Contact", "contact_id", "Who it is.")


@strawberry.type
class Assessment(Stored[stored.Assessment]):
    """How a person was judged on a day: shown to the account's team alone, in a deal also to who sees it."""

    model = stored.Assessment

    id: strawberry.ID = column("The id of the judgement, unlike all others.")
    assessed_on: date = column("The day since when it holds, until the next one.")
    influence: Influence | None = column(
        f"How much weight the person's word has; {_JUDGED}.", Scope.READ_PERSONAL
    )
    political_status: PoliticalStatus | None = column(
        f"How near the person is to those who have the power; {_JUDGED}.", Scope.READ_PERSONAL
    )
    support: Support | None = column(f"Where the person stands towards us; {_JUDGED}.", Scope.READ_PERSONAL)
    adaptability: Adaptability | None = column(
        f"How readily the person takes up what is new; {_JUDGED}.", Scope.READ_PERSONAL
    )
    note: str | None = column(
        "What else is to be said; null when nothing is, `(erased)` after the person's data was erased.",
        Scope.READ_PERSONAL,
    )
    made_by = related("schema.access", "User", "made_by_id", "Who judged.")
    deal = related(
        "schema.deals", "Deal", "deal_id", "The deal that it is about; none where it is all of them."
    )
    contact = related("schema.people", "Contact", "contact_id", "Who is judged.")


@strawberry.type
class Rapport(Stored[stored.Rapport]):
    """What one of us is to a person, and wants to be: shown to the account's team alone."""

    model = stored.Rapport

    id: strawberry.ID = column("The id of the judgement, unlike all others.")
    assessed_on: date = column("The day since when it holds, until the next one.")
    level: RelationshipLevel | None = column(
        f"What the colleague is to the person; {_JUDGED}.", Scope.READ_PERSONAL
    )
    wanted: RelationshipLevel | None = column(
        f"What the colleague wants to be; {_JUDGED}.", Scope.READ_PERSONAL
    )
    user = related("schema.access", "User", "user_id", "Who of us it is.")
    contact = related("schema.people", "Contact", "contact_id", "Who it is at the customer.")


@strawberry.type
class NeededRoles:
    """The roles of which somebody must be engaged, in the buying centres of a kind."""

    of: BuyingCentre = strawberry.field(description="Whether of accounts or of deals.")
    kind: str | None = strawberry.field(
        description="The tier of accounts or the kind of deals; null for all of which nothing else is said."
    )
    roles: list[ContactRole] = strawberry.field(description="The roles, at least one.")

    @classmethod
    def of_row(cls, row: stored.NeededRoles) -> NeededRoles:
        """As clients see what the tenant says."""
        return cls(of=row.of, kind=row.kind or None, roles=[ContactRole(each) for each in row.roles])


@strawberry.type
class StakeholderMapMember:
    """A person's part in a buying centre as of a date."""

    found: strawberry.Private[metric.Member]
    role: ContactRole = strawberry.field(description="What the person is in it.")
    has_left: bool = strawberry.field(description="Whether the person has left the customer.")
    left_on: date | None = strawberry.field(
        description="The day on which the person left; null for who is there."
    )
    days_since_contact: int | None = strawberry.field(
        description="How many days ago the person was last contacted; null when there was no contact."
    )
    engaged: bool = strawberry.field(
        description="Whether the person is there and was contacted within the last 90 days."
    )
    key_player: bool = strawberry.field(
        description="Whether it is a key player: economic buyer, decision maker, champion or approver, or by"
        " the political status as far as the caller may know it.",
        metadata=needing(Scope.READ_PERSONAL),
    )
    single_thread: bool = strawberry.field(
        description="Whether it is a key player whom one colleague alone was in contact with in the last 180"
        " days.",
        metadata=needing(Scope.READ_PERSONAL),
    )
    strength: StrengthParts = strawberry.field(description="How well we know the person.")
    colleagues: list[ColleagueStrength] = strawberry.field(
        description="Who of us was in contact with the person within the last 180 days, the strongest first."
    )

    @classmethod
    def of(cls, found: metric.Member) -> StakeholderMapMember:
        """As clients see it."""
        return cls(
            found=found,
            role=found.role,
            has_left=not found.is_there,
            left_on=found.person.left_on,
            days_since_contact=found.days_since_contact,
            engaged=found.is_engaged,
            key_player=found.is_key,
            single_thread=found.is_single_thread,
            strength=StrengthParts.of(found.person.strength),
            colleagues=[ColleagueStrength(found=each) for each in found.person.colleagues],
        )

    @strawberry.field
    async def contact(self, info: Info) -> Contact | None:
        """Who it is; null when the caller may not see it."""
        return await _contact(info, self.found.person.contact_id)

    @strawberry.field
    async def assessment(self, info: Info) -> Assessment | None:
        """How the person was judged as of the date: in the deal, else at the account.

        Null where nobody judged, and for who is not of the account's team.
        """
        found = await info.context.loaders.one(stored.Assessment, self.found.judged)
        return Assessment.of(found) if found else None

    @strawberry.field
    async def rapports(self, info: Info) -> list[Rapport]:
        """What each of us was to the person as of the date; empty for who is not of the account's team."""
        found = [await info.context.loaders.one(stored.Rapport, each) for each in self.found.rapports]
        return [Rapport.of(each) for each in found if each]


@strawberry.type
class StakeholderMap:
    """The buying centre of an account or a deal as of a date."""

    as_of: date = strawberry.field(description="The business date of it.")
    members: list[StakeholderMapMember] = strawberry.field(
        description="Who has a part in it, those who left too; in the order of their naming."
    )
    needed: list[ContactRole] = strawberry.field(description="The roles of which somebody must be engaged.")
    missing: list[ContactRole] = strawberry.field(description="Those of them of which nobody is.")
    coverage: float = strawberry.field(
        description="Of the roles needed the share of which somebody is engaged, 0 to 1."
    )
    executive_days: int | None = strawberry.field(
        description="How many days ago an executive who is there was last contacted, of a deal one who takes"
        " part in it; null when none ever was."
    )
    has_access: bool = strawberry.field(
        description="Whether an executive was contacted within the last 90 days."
    )
    single_threads: list[StakeholderMapMember] = strawberry.field(
        description="Key players whom one of us alone knows.", metadata=needing(Scope.READ_PERSONAL)
    )
    champions_left: list[StakeholderMapMember] = strawberry.field(
        description="Champions who left within the last 180 days."
    )


@strawberry.type
class OrgChartPlace:
    """A person's place in the tree of who reports to whom."""

    contact_id: strawberry.ID = strawberry.field(description="The id of the contact.")
    parent_id: strawberry.ID | None = strawberry.field(
        description="The id of the next contact above who is there; null at the top."
    )
    depth: int = strawberry.field(description="How many are above: 0 at the top.")

    @strawberry.field
    async def contact(self, info: Info) -> Contact | None:
        """Who it is; null when the caller may not see it."""
        return await _contact(info, self.contact_id)


@strawberry.type
class AccountRelationshipPart:
    """One of the people that the relationship with an account rests on."""

    contact_id: strawberry.ID = strawberry.field(description="The id of the contact.")
    strength: StrengthParts = strawberry.field(description="How well we know the person.")

    @strawberry.field
    async def contact(self, info: Info) -> Contact | None:
        """Who it is; null when the caller may not see it."""
        return await _contact(info, self.contact_id)


@strawberry.type
class AccountRelationship:
    """How strong the relationship with an account is, and on whom it rests."""

    as_of: date = strawberry.field(description="The business date of it.")
    points: int = strawberry.field(
        description="The number of points, 0 to 100: those of the three strongest people who are"
        " there, divided by three and rounded down; who is missing counts 0."
    )
    rests_on: list[AccountRelationshipPart] = strawberry.field(
        description="Those people, at most three, the strongest first."
    )


@strawberry.type
class RelationshipSummary:
    """How well the accounts that the caller sees are known, as of a date."""

    as_of: date = strawberry.field(description="The business date of it.")
    accounts: int = strawberry.field(description="How many accounts there are.")
    mapped: int = strawberry.field(description="Of how many anybody's part in the buying centre is known.")
    coverage: float | None = strawberry.field(
        description="The mean coverage of those, 0 to 1; null when there are none."
    )
    with_access: int = strawberry.field(
        description="At how many an executive was contacted within the last 90 days."
    )
    single_threaded: int = strawberry.field(
        description="At how many one of us alone knows a key player.", metadata=needing(Scope.READ_PERSONAL)
    )
    champion_left: int = strawberry.field(description="At how many a champion left within the last 180 days.")


async def stakeholder_map(info: Info, of: BuyingCentre, record_id: str, as_of: date | None) -> StakeholderMap:
    """The buying centre of an account or a deal that the caller sees; those of one date are read together."""
    day, actor = day_of(as_of), info.context.actor

    async def load(ids: list[str]) -> list[metric.Centre]:
        found = await metric.centres(actor, of, day, ids)
        return [found.get(each, metric.Centre(day)) for each in ids]

    found = await info.context.loaders.batched(("centres", of, day), load, record_id)
    return StakeholderMap(
        as_of=found.as_of,
        members=_members(found.members),
        needed=list(found.needed),
        missing=list(found.missing),
        coverage=float(found.coverage or 0),
        executive_days=found.executive_days,
        has_access=found.has_access,
        single_threads=_members(found.single_threads),
        champions_left=_members(found.champions_left),
    )


async def org_chart(info: Info, account_id: str, as_of: date | None) -> list[OrgChartPlace]:
    """Who reports to whom at an account that the caller sees."""
    people = await relationships.people(info.context.actor, day_of(as_of), [account_id])
    return [
        OrgChartPlace(
            contact_id=strawberry.ID(each.contact_id),
            parent_id=strawberry.ID(each.above) if each.above else None,
            depth=each.depth,
        )
        for each in relationships.tree(people)
    ]


async def account_relationship(info: Info, account_id: str, as_of: date | None) -> AccountRelationship:
    """How strong the relationship with an account that the caller sees is."""
    day = day_of(as_of)
    people = await relationships.people(info.context.actor, day, [account_id])
    points, best = relationships.account_strength(people)
    return AccountRelationship(
        as_of=day,
        points=points,
        rests_on=[
            AccountRelationshipPart(
                contact_id=strawberry.ID(each.contact_id), strength=StrengthParts.of(each.strength)
            )
            for each in best
        ],
    )


def _members(found: Sequence[metric.Member]) -> list[StakeholderMapMember]:
    return [StakeholderMapMember.of(each) for each in found]


async def _contact(info: Info, contact_id: str) -> Contact | None:
    found = await info.context.loaders.one(ContactRow, contact_id)
    return Contact.of(found) if found else None


@strawberry.type
class StakeholderQueries:
    """Reading how well customers are known."""

    @costs(200)
    @strawberry.field
    async def relationship_summary(self, info: Info, as_of: AsOf = None) -> RelationshipSummary:
        """How well the accounts that the caller sees are known; who sees what is decided as of today."""
        day = day_of(as_of)
        found = await metric.summary(info.context.actor, day)
        return RelationshipSummary(
            as_of=day,
            accounts=found.accounts,
            mapped=found.mapped,
            coverage=None if found.coverage is None else float(found.coverage),
            with_access=found.with_access,
            single_threaded=found.single_threaded,
            champion_left=found.champion_left,
        )

    @costs(2)
    @strawberry.field
    async def needed_roles(self, info: Info) -> list[NeededRoles]:
        """The roles of which somebody must be engaged: what the tenant says, and what holds otherwise."""
        return [
            NeededRoles(of=of, kind=kind or None, roles=list(roles))
            for of in BuyingCentre
            for kind, roles in sorted((await metric.needed_roles(info.context.actor.tenant_id, of)).items())
        ]
