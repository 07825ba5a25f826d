"""Creating and changing contacts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import cast

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from commands import people, privacy
from models import people as stored
from models.access import Role, Scope
from models.people import InteractionDirection, InteractionKind, Seniority
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import IDEMPOTENCY_KEY, READ_AT, attempt, columns
from schema.people import Contact, Interaction


@strawberry.input
class ContactInput:
    """What a contact may say besides the name."""

    email: str | None = strawberry.field(
        default=UNSET,
        description="The person's mail address, such as kim@customer.example, up to 200 characters; null when"
        " it is not known.",
    )
    phone: str | None = strawberry.field(
        default=UNSET,
        description="The person's telephone number, up to 60 characters; null when it is not known.",
    )
    title: str | None = strawberry.field(
        default=UNSET,
        description="The person's position, as it is called there, up to 200 characters; null when it is not"
        " known.",
    )
    seniority: Seniority | None = strawberry.field(
        default=UNSET,
        description="Where the person stands in the customer's organisation, never null; STAFF for a new"
        " contact unless given.",
    )
    last_contacted_on: date | None = strawberry.field(
        default=UNSET,
        description="Refused: what was a contact is recorded as an interaction. Null is refused too.",
        deprecation_reason="Since 2026-11-28; use `recordInteraction`.",
    )
    left_on: date | None = strawberry.field(
        default=UNSET,
        description="The day on which the person left the customer, neither in the future nor before"
        " `joinedOn`; null for one who is there.",
    )
    joined_on: date | None = strawberry.field(
        default=UNSET,
        description="The day since when the person is at the customer, not in the future; null when it is not"
        " known.",
    )


@strawberry.input
class CreateContactInput(ContactInput):
    """A new person at an account."""

    account_id: strawberry.ID = strawberry.field(
        description="The id of the account that the person works for."
    )
    name: str = strawberry.field(description="The person's name, up to 200 characters, not blank.")
    moved_from_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of what the person was at another customer before, and has left; null for nothing"
        " that is known.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateContactInput(ContactInput):
    """Changes of a contact that was read at ``version``: what is absent stays, null clears."""

    id: strawberry.ID = strawberry.field(description="The id of the contact.")
    version: int = strawberry.field(description=READ_AT)
    name: str | None = strawberry.field(
        default=UNSET, description="The person's name, up to 200 characters, neither blank nor null."
    )


@strawberry.type
class ContactPayload:
    """The contact as it is now, or why nothing was written."""

    contact: Contact | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class ExportContactInput:
    """Whose data is exported."""

    id: strawberry.ID = strawberry.field(description="The contact's id.")


@strawberry.input
class EraseContactInput:
    """Whose data is erased."""

    id: strawberry.ID = strawberry.field(description="The contact's id.")
    version: int = strawberry.field(
        description="The contact's version as it was read; of one that was erased before it does not matter."
    )


@strawberry.type
class ExportContactPayload:
    """Everything that is kept about a person, or why it is not told."""

    document: JSON | None = column(
        "An object: `contact` (every field of it), `account` (`id` and `name`), and lists: `roles` (the"
        " parts in deals), `changes` (of contact, roles, signals, trends and interactions: field, old and new"
        " value, dates, and `by`, the id of the user; null for an import), `commands` (what users did to"
        " the contact), `signals`, `trends` (made of them), `interactions`, `criteria` (what the person"
        " confirmed of deals),"
        " `parts` (in the buying centre of the account), `assessments` and `rapports` (how the person was"
        " judged, and what each of us was to the person),"
        " `verdicts` (recommendations and risks with what was seen of the person as `evidence`) and"
        " `mentions` (other texts with a name or address of the person: `kind` and `id` of the record,"
        " `field`, `text`). `withheld` is the number of mentions that the caller may not see. Days are"
        " YYYY-MM-DD, moments ISO 8601 in UTC. Null when there are errors.",
        Scope.READ_PERSONAL,
    )
    errors: list[UserError] = column("What was wrong; empty when the document is there.")


@strawberry.input
class RecordInteractionInput:
    """A call, visit, mail or the like that happened."""

    account_id: strawberry.ID = strawberry.field(description="The id of the account that it was with.")
    kind: InteractionKind = strawberry.field(description="What it was.")
    happened_on: date = strawberry.field(
        description="The day on which it happened, at the place; not in the future."
    )
    happened_at: datetime | None = strawberry.field(
        default=UNSET,
        description="When it happened: a moment with a time zone, on the day that `happenedOn` names, or next"
        " to it as that may be another day elsewhere; null when the time of day is not known.",
    )
    direction: InteractionDirection | None = strawberry.field(
        default=UNSET, description="From whom it came; null when it is not known."
    )
    duration_minutes: int | None = strawberry.field(
        default=UNSET,
        description="How many minutes it took, 0 to 10080 (seven days); null when it is not known.",
    )
    subject: str | None = strawberry.field(
        default=UNSET,
        description="What it was about, up to 300 characters, not blank; null when it is not known.",
    )
    outcome: str | None = strawberry.field(
        default=UNSET,
        description="What came of it, up to 1,000 characters, not blank; null when it is not known.",
    )
    deal_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the deal that it was about, one of the same account; null for none.",
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the person that it was with, one of the same account; null for none. Unless it"
        " was a TASK or a MAIL that did not come from the person, it is a contact: the person's"
        " `lastContactedOn` is that day or a later one.",
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of who of us it was with; null for nobody that is known. Default: who records it,"
        " of assistants the principal; of integrations nobody.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type
class InteractionPayload:
    """The interaction as it is now, or why nothing was written."""

    interaction: Interaction | None = column("As it was recorded; null when there are errors.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ContactMutations:
    """What clients do with the people at their customers."""

    @strawberry.mutation
    async def create_contact(self, info: Info, input: CreateContactInput) -> ContactPayload:
        """Create a contact; repeated with the same ``idempotencyKey``, answer with the first one."""
        actor = info.context.actor
        return await _payload(
            lambda: people.create(actor, columns(actor, input), idempotency_key=input.idempotency_key)
        )

    @strawberry.mutation
    async def update_contact(self, info: Info, input: UpdateContactInput) -> ContactPayload:
        """Change a contact; CONFLICT, with its present state, when its version is another."""
        actor = info.context.actor
        return await _payload(lambda: people.update(actor, input.id, input.version, columns(actor, input)))

    @strawberry.mutation
    async def record_interaction(self, info: Info, input: RecordInteractionInput) -> InteractionPayload:
        """Record a call, visit or mail; repeated with the same ``idempotencyKey``, answer with the first."""
        actor = info.context.actor
        values = columns(actor, input)
        if actor.role is not Role.INTEGRATION:
            values.setdefault("user_id", actor.principal_id)
        recorded, errors = await attempt(
            stored.Interaction,
            lambda: people.record_interaction(actor, values, idempotency_key=input.idempotency_key),
        )
        return InteractionPayload(interaction=Interaction.of(recorded) if recorded else None, errors=errors)

    @strawberry.mutation
    async def export_contact(self, info: Info, input: ExportContactInput) -> ExportContactPayload:
        """Export everything that is kept about a contact, for the person to have.

        That it was exported, when and by whom, is recorded: hence a mutation. For administrators, and for
        managers of the account's owner.
        """
        document, errors = await attempt(dict, lambda: privacy.export(info.context.actor, input.id))
        return ExportContactPayload(document=cast("JSON | None", document), errors=errors)

    @strawberry.mutation
    async def erase_contact(self, info: Info, input: EraseContactInput) -> ContactPayload:
        """Erase a contact's personal data, for good.

        Name, mail address, phone number and position are taken out of the contact and of the log of its
        changes; names and addresses out of every note, signal, interaction, ticket, verdict, evidence and
        rule of the tenant. The contact stays without a name, with its parts in deals, and so does the
        record of who did what and when. Erasing it again changes nothing. For administrators, and for
        managers of the account's owner.
        """
        return await _payload(lambda: privacy.erase(info.context.actor, input.id, input.version))


async def _payload(command: Callable[[], Awaitable[stored.Contact]]) -> ContactPayload:
    contact, errors = await attempt(stored.Contact, command)
    return ContactPayload(contact=Contact.of(contact) if contact else None, errors=errors)
