"""Saying who comes and goes at customers, who is what there, and how people are judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import strawberry
from strawberry import UNSET

from commands import careers, stakeholders
from models import people as people_rows
from models import stakeholders as stored
from models.deals import ContactRole
from models.people import Seniority
from models.stakeholders import (
    JUDGED,
    Adaptability,
    BuyingCentre,
    Influence,
    PoliticalStatus,
    RelationshipLevel,
    Support,
)
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.people import ContactPayload
from schema.mutations.translation import READ_AT, attempt, columns
from schema.people import Contact
from schema.stakeholders import Assessment, NeededRoles, Rapport, Stakeholder

_CONTACT = "The id of the contact."
_SINCE = "The day since when it is so, not in the future; default: today (UTC)."


@strawberry.input
class ContactJoinedInput:
    """Since when somebody is at the customer."""

    id: strawberry.ID = strawberry.field(description=_CONTACT)
    version: int = strawberry.field(description=READ_AT)
    joined_on: date = strawberry.field(
        description="The day on which the person joined, or came back; not in the future."
    )


@strawberry.input
class ContactLeftInput:
    """Since when somebody is at the customer no more."""

    id: strawberry.ID = strawberry.field(description=_CONTACT)
    version: int = strawberry.field(description=READ_AT)
    left_on: date = strawberry.field(description="The day on which the person left; not in the future.")


@strawberry.input
class ContactMovedInput:
    """To which other customer somebody went; what is absent is as it was."""

    id: strawberry.ID = strawberry.field(description="The id of the contact at the customer before.")
    version: int = strawberry.field(description=READ_AT)
    account_id: strawberry.ID = strawberry.field(
        description="The id of the account that the person works for now."
    )
    moved_on: date = strawberry.field(
        description="The day on which the person left the one and joined the other; not in the future."
    )
    title: str | None = strawberry.field(
        default=UNSET,
        description="The person's position there, up to 200 characters; null when it is not known.",
    )
    seniority: Seniority | None = strawberry.field(
        default=UNSET, description="Where the person stands in the organisation there, never null."
    )
    email: str | None = strawberry.field(
        default=UNSET, description="The person's mail address there, up to 200 characters; default: null."
    )
    phone: str | None = strawberry.field(
        default=UNSET, description="The person's telephone number there, up to 60 characters; default: null."
    )


@strawberry.input
class SetContactManagerInput:
    """Whom a contact reports to."""

    id: strawberry.ID = strawberry.field(description=_CONTACT)
    version: int = strawberry.field(description=READ_AT)
    reports_to_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the contact above, at the same account; null, the default, for nobody known.",
    )


@strawberry.input
class SetStakeholderInput:
    """What a contact is in the buying centre of its account."""

    contact_id: strawberry.ID = strawberry.field(description=_CONTACT)
    role: ContactRole = strawberry.field(description="The role; it replaces the one before.")


@strawberry.input
class RemoveStakeholderInput:
    """Who has a part in the buying centre of the account no more."""

    contact_id: strawberry.ID = strawberry.field(description=_CONTACT)


@strawberry.type
class StakeholderPayload:
    """The part in the buying centre as it is now, or why nothing was written."""

    stakeholder: Stakeholder | None = column(
        "As it is now; null when nothing was written, but for a conflict."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class AssessContactInput:
    """How a person is judged; what is absent is as it was judged before, null takes it back."""

    contact_id: strawberry.ID = strawberry.field(description=_CONTACT)
    deal_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the deal that it is about, one of the same account; null, the default, for"
        " all.",
    )
    assessed_on: date | None = strawberry.field(default=None, description=_SINCE)
    influence: Influence | None = strawberry.field(
        default=UNSET, description="How much weight the person's word has; null when it is not known."
    )
    political_status: PoliticalStatus | None = strawberry.field(
        default=UNSET,
        description="How near the person is to those who have the power; null when it is not known.",
    )
    support: Support | None = strawberry.field(
        default=UNSET, description="Where the person stands towards us; null when it is not known."
    )
    adaptability: Adaptability | None = strawberry.field(
        default=UNSET, description="How readily the person takes up what is new; null when it is not known."
    )
    note: str | None = strawberry.field(
        default=UNSET,
        description="What else is to be said, up to 1,000 characters, not blank; null for nothing.",
    )


@strawberry.type
class AssessmentPayload:
    """The judgement, or why nothing was written."""

    assessment: Assessment | None = column("As it was written; null when there are errors.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class SetRelationshipLevelInput:
    """What one of us is to a person, and wants to be."""

    contact_id: strawberry.ID = strawberry.field(description=_CONTACT)
    user_id: strawberry.ID = strawberry.field(description="The id of who of us it is, somebody active.")
    level: RelationshipLevel | None = strawberry.field(
        default=None, description="What the colleague is to the person; null, the default, when not known."
    )
    wanted: RelationshipLevel | None = strawberry.field(
        default=None, description="What the colleague wants to be; null, the default, for nothing said."
    )
    assessed_on: date | None = strawberry.field(default=None, description=_SINCE)


@strawberry.type
class RapportPayload:
    """The judgement, or why nothing was written."""

    rapport: Rapport | None = column("As it was written; null when there are errors.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class SetNeededRolesInput:
    """Of which roles somebody must be engaged in the buying centres of a kind."""

    of: BuyingCentre = strawberry.field(description="Whether of accounts or of deals.")
    kind: str | None = strawberry.field(
        default=None,
        description="The tier of accounts or the kind of deals; null, the default, for all others.",
    )
    roles: list[ContactRole] = strawberry.field(description="The roles, at least one, none twice.")


@strawberry.type
class NeededRolesPayload:
    """The roles needed as they are now, or why nothing was written."""

    needed_roles: NeededRoles | None = column("As they are now; null when there are errors.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class StakeholderMutations:
    """What clients say of the people at their customers."""

    @strawberry.mutation
    async def contact_joined(self, info: Info, input: ContactJoinedInput) -> ContactPayload:
        """Say since when a contact is at the customer; one who had left is there again."""
        actor = info.context.actor
        return await _contact(lambda: careers.joined(actor, input.id, input.version, input.joined_on))

    @strawberry.mutation
    async def contact_left(self, info: Info, input: ContactLeftInput) -> ContactPayload:
        """Say since when a contact is at the customer no more."""
        actor = info.context.actor
        return await _contact(lambda: careers.left(actor, input.id, input.version, input.left_on))

    @strawberry.mutation
    async def contact_moved(self, info: Info, input: ContactMovedInput) -> ContactPayload:
        """Say that a contact went to another customer, and answer with the new contact there.

        The one before stays, with the day on which the person left.
        """
        actor = info.context.actor
        values = columns(actor, input)
        account_id, moved_on = str(values.pop("account_id")), input.moved_on
        del values["moved_on"]
        return await _contact(
            lambda: careers.moved(actor, input.id, input.version, account_id, moved_on, values)
        )

    @strawberry.mutation
    async def set_contact_manager(self, info: Info, input: SetContactManagerInput) -> ContactPayload:
        """Say whom a contact reports to; INVALID for who reports to the contact, however far below."""
        actor = info.context.actor
        return await _contact(
            lambda: careers.set_manager(actor, input.id, input.version, input.reports_to_id)
        )

    @strawberry.mutation
    async def set_stakeholder(self, info: Info, input: SetStakeholderInput) -> StakeholderPayload:
        """Give a contact a part in the buying centre of its account; in a deal: `setDealContact`."""
        actor = info.context.actor
        return await _part(lambda: stakeholders.set_role(actor, input.contact_id, input.role))

    @strawberry.mutation
    async def remove_stakeholder(self, info: Info, input: RemoveStakeholderInput) -> StakeholderPayload:
        """Take a contact out of the buying centre of its account, from today on."""
        actor = info.context.actor
        return await _part(lambda: stakeholders.remove_role(actor, input.contact_id))

    @strawberry.mutation
    async def assess_contact(self, info: Info, input: AssessContactInput) -> AssessmentPayload:
        """Judge a person, at the account or in a deal, from a day on; what was judged before is kept.

        For the account's team: its owner, whoever has a share in one of its deals, and the managers above;
        in a deal also for whoever sees it.
        """
        actor = info.context.actor
        values = {name: value for name, value in columns(actor, input).items() if name in JUDGED}
        made, errors = await attempt(
            stored.Assessment,
            lambda: stakeholders.assess(
                actor, input.contact_id, values, deal_id=input.deal_id, assessed_on=input.assessed_on
            ),
        )
        return AssessmentPayload(assessment=Assessment.of(made) if made else None, errors=errors)

    @strawberry.mutation
    async def set_relationship_level(self, info: Info, input: SetRelationshipLevelInput) -> RapportPayload:
        """Say what one of us is to a person from a day on, and wants to be; for the account's team."""
        actor = info.context.actor
        made, errors = await attempt(
            stored.Rapport,
            lambda: stakeholders.set_level(
                actor, input.contact_id, input.user_id, input.level, input.wanted, input.assessed_on
            ),
        )
        return RapportPayload(rapport=Rapport.of(made) if made else None, errors=errors)

    @strawberry.mutation
    async def set_needed_roles(self, info: Info, input: SetNeededRolesInput) -> NeededRolesPayload:
        """Say which roles buying centres of a kind need; coverage of every day is counted by them."""
        actor = info.context.actor
        made, errors = await attempt(
            stored.NeededRoles, lambda: stakeholders.set_needed(actor, input.of, input.kind, input.roles)
        )
        return NeededRolesPayload(needed_roles=NeededRoles.of_row(made) if made else None, errors=errors)


async def _contact(act: Callable[[], Awaitable[people_rows.Contact]]) -> ContactPayload:
    found, errors = await attempt(people_rows.Contact, act)
    return ContactPayload(contact=Contact.of(found) if found else None, errors=errors)


async def _part(act: Callable[[], Awaitable[stored.Stakeholder]]) -> StakeholderPayload:
    found, errors = await attempt(stored.Stakeholder, act)
    return StakeholderPayload(stakeholder=Stakeholder.of(found) if found else None, errors=errors)
