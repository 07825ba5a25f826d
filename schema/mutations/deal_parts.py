"""Changing what belongs to a deal: its people, lines, competitors, and what is known by MEDDICC."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from commands import deal_competitors, deal_lines, deal_people, qualification
from models import deals as stored
from models.base import today
from models.deals import CompetitorStatus, ContactRole
from models.qualification import DecisionCriterion, Element, Known
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.deal_parts import DealCompetitor, DealContact, DealLine
from schema.mutations.translation import (
    IDEMPOTENCY_KEY,
    READ_AT,
    READ_AT_IF_TOLD,
    MoneyInput,
    attempt,
    columns,
)
from schema.qualification import Qualification
from schema.qualification import qualification as read

_DEAL = "The id of the deal."


@strawberry.input
class SetDealContactInput:
    """As what a person takes part in a deal."""

    deal_id: strawberry.ID = strawberry.field(description=_DEAL)
    contact_id: strawberry.ID = strawberry.field(description="The id of the contact.")
    role: ContactRole = strawberry.field(
        description="What the person is in the buying centre; it replaces the role that the person had."
    )


@strawberry.input
class RemoveDealContactInput:
    """Who takes part no more."""

    id: strawberry.ID = strawberry.field(description="The id of the person's part in the deal.")


@strawberry.type
class DealContactPayload:
    """The part as it is now, or why nothing was written."""

    part: DealContact | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class DealLineInput:
    """What a line may say besides its product."""

    quantity: int | None = strawberry.field(
        default=UNSET,
        description="How many of the product, 0 or more, never null; 1 for a new line unless given.",
    )
    mrc: MoneyInput | None = strawberry.field(
        default=UNSET,
        description="The monthly recurring charge of the whole quantity, never null; 0 for a new line unless"
        " given.",
    )
    nrc: MoneyInput | None = strawberry.field(
        default=UNSET,
        description="The one-off charge of the whole quantity, never null; 0 for a new line unless given.",
    )
    term_months: int | None = strawberry.field(
        default=UNSET,
        description="For how many months it is sold, never null; 0, without a term, for a new line unless"
        " given.",
    )


@strawberry.input
class AddDealLineInput(DealLineInput):
    """A product that a deal is about."""

    deal_id: strawberry.ID = strawberry.field(description=_DEAL)
    product_id: strawberry.ID = strawberry.field(description="The id of the product.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateDealLineInput(DealLineInput):
    """Changes of a line that was read at ``version``: what is absent stays."""

    id: strawberry.ID = strawberry.field(description="The id of the line.")
    version: int = strawberry.field(description=READ_AT)
    product_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The id of the product, never null."
    )


@strawberry.input
class RemoveDealLineInput:
    """Which line is taken out of its deal."""

    id: strawberry.ID = strawberry.field(description="The id of the line.")
    version: int = strawberry.field(description=READ_AT)


@strawberry.type
class DealLinePayload:
    """The line as it is now, or why nothing was written."""

    line: DealLine | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class PutDealCompetitorInput:
    """Who else wants to sell what a deal is about: the name tells one from others, what is absent stays."""

    deal_id: strawberry.ID = strawberry.field(description=_DEAL)
    name: str = strawberry.field(
        description="What the competitor is called, up to 200 characters, not blank."
    )
    status: CompetitorStatus | None = strawberry.field(
        default=UNSET,
        description="How the competitor stands in the deal, never null; SHORTLISTED for a new one unless"
        " given.",
    )
    price: MoneyInput | None = strawberry.field(
        default=UNSET,
        description="What is known of the offer, for the whole deal; null when nothing is. Absent leaves"
        " it as it is.",
    )
    note: str | None = strawberry.field(
        default=UNSET,
        description="What else is known, up to 1,000 characters; null when nothing is. Absent leaves it as it"
        " is.",
    )
    main: bool = strawberry.field(
        default=False,
        description="Whether it becomes the deal's `competitor`, the main one; one does anyhow where the deal"
        " has none.",
    )


@strawberry.input
class RemoveDealCompetitorInput:
    """Which competitor is taken out of its deal, as one who was named by mistake."""

    id: strawberry.ID = strawberry.field(description="The id of the competitor on the deal.")


@strawberry.type
class DealCompetitorPayload:
    """The competitor as it is now, or why nothing was written."""

    competitor: DealCompetitor | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class QualifyDealInput:
    """How an element of MEDDICC is known of a deal; what is absent stays."""

    deal_id: strawberry.ID = strawberry.field(description=_DEAL)
    element: Element = strawberry.field(description="Which element.")
    state: Known | None = strawberry.field(
        default=UNSET,
        description="How well it is known, never null; VALIDATED needs evidence and the day of it."
        " UNKNOWN for one of which nothing was said, unless given.",
    )
    evidence: str | None = strawberry.field(
        default=UNSET,
        description="What shows it, up to 1,000 characters; null when nothing does. Absent leaves it as"
        " it is.",
    )
    confirmed_on: date | None = strawberry.field(
        default=UNSET,
        description="The day on which it was confirmed, not in the future; null when it was not. Absent"
        " leaves it as it is.",
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the contact who confirmed it; null for nobody. Absent leaves it as it is.",
    )
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class QualificationPayload:
    """The deal's qualification as it is now, or why nothing was written."""

    qualification: Qualification | None = column("As it is today; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class DealPartMutations:
    """What clients do with the parts of deals."""

    @strawberry.mutation
    async def set_deal_contact(self, info: Info, input: SetDealContactInput) -> DealContactPayload:
        """Have a person take part in a deal, or as something else; a person has one role in a deal."""
        actor = info.context.actor
        part, errors = await attempt(
            stored.DealContact,
            lambda: deal_people.set_contact(actor, input.deal_id, input.contact_id, input.role),
        )
        return DealContactPayload(part=DealContact.of(part) if part else None, errors=errors)

    @strawberry.mutation
    async def remove_deal_contact(self, info: Info, input: RemoveDealContactInput) -> DealContactPayload:
        """Have a person take part in a deal no more; the history keeps it."""
        actor = info.context.actor
        part, errors = await attempt(stored.DealContact, lambda: deal_people.remove_contact(actor, input.id))
        return DealContactPayload(part=DealContact.of(part) if part else None, errors=errors)

    @strawberry.mutation
    async def add_deal_line(self, info: Info, input: AddDealLineInput) -> DealLinePayload:
        """Put a product into a deal; repeated with the same ``idempotencyKey``, answer with the first one.

        The deal's amount stays as it is: see `takeAmountFromLines`.
        """
        actor = info.context.actor
        line, errors = await attempt(
            stored.DealLine,
            lambda: deal_lines.add(
                actor, input.deal_id, _of_part(columns(actor, input)), idempotency_key=input.idempotency_key
            ),
        )
        return DealLinePayload(line=DealLine.of(line) if line else None, errors=errors)

    @strawberry.mutation
    async def update_deal_line(self, info: Info, input: UpdateDealLineInput) -> DealLinePayload:
        """Change a line of a deal; CONFLICT, with its present state, at another version."""
        actor = info.context.actor
        line, errors = await attempt(
            stored.DealLine,
            lambda: deal_lines.update(actor, input.id, input.version, columns(actor, input)),
        )
        return DealLinePayload(line=DealLine.of(line) if line else None, errors=errors)

    @strawberry.mutation
    async def remove_deal_line(self, info: Info, input: RemoveDealLineInput) -> DealLinePayload:
        """Take a line out of its deal; the history keeps it."""
        actor = info.context.actor
        line, errors = await attempt(
            stored.DealLine, lambda: deal_lines.remove(actor, input.id, input.version)
        )
        return DealLinePayload(line=DealLine.of(line) if line else None, errors=errors)

    @strawberry.mutation
    async def put_deal_competitor(self, info: Info, input: PutDealCompetitorInput) -> DealCompetitorPayload:
        """Name a competitor on a deal, or change what is known of one who is."""
        actor = info.context.actor
        competitor, errors = await attempt(
            stored.DealCompetitor,
            lambda: deal_competitors.put(
                actor, input.deal_id, input.name, _of_part(columns(actor, input), "name", "main"),
                main=input.main,
            ),
        )  # fmt: skip
        shown = DealCompetitor.of(competitor) if competitor else None
        return DealCompetitorPayload(competitor=shown, errors=errors)

    @strawberry.mutation
    async def remove_deal_competitor(
        self, info: Info, input: RemoveDealCompetitorInput
    ) -> DealCompetitorPayload:
        """Take a competitor out of a deal; where it was the main one, the next that stands becomes it."""
        actor = info.context.actor
        competitor, errors = await attempt(
            stored.DealCompetitor, lambda: deal_competitors.remove(actor, input.id)
        )
        shown = DealCompetitor.of(competitor) if competitor else None
        return DealCompetitorPayload(competitor=shown, errors=errors)

    @strawberry.mutation
    async def qualify_deal(self, info: Info, input: QualifyDealInput) -> QualificationPayload:
        """Say how an element of MEDDICC is known of a deal."""
        actor = info.context.actor
        criterion, errors = await attempt(
            DecisionCriterion,
            lambda: qualification.qualify(
                actor, input.deal_id, input.element, _of_part(columns(actor, input), "element"), input.version
            ),
        )
        shown = await read(info, criterion.deal_id, today()) if criterion else None
        return QualificationPayload(qualification=shown, errors=errors)


def _of_part(values: dict[str, object], *others: str) -> dict[str, object]:
    """The columns of a part of a deal, without what says which part it is."""
    return {name: value for name, value in values.items() if name not in ("deal_id", *others)}
