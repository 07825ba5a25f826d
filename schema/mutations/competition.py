"""Saying who competes with us, where they stand, and what to say against them."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from commands import competition
from models import competition as stored
from models.competition import PositionRole
from models.trends import Confidence
from schema.competition import BattleNote, Competitor, CompetitorPosition
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import MoneyInput, attempt, columns


@strawberry.input
class NameCompetitorInput:
    """A competitor, and another name that it goes by."""

    name: str = strawberry.field(
        description="A name that it goes by, up to 200 characters, not blank; whoever nobody knows is made."
    )
    alias: str | None = strawberry.field(
        default=None,
        description="Another name, up to 200 characters, not blank, that no other competitor goes by; null,"
        " the default, for none.",
    )


@strawberry.input
class MergeCompetitorsInput:
    """Which competitor turned out to be which other one."""

    id: strawberry.ID = strawberry.field(description="The id of the competitor that is no more.")
    into_id: strawberry.ID = strawberry.field(
        description="The id of the one that it turned out to be; names, positions and notes go to it."
    )


@strawberry.type
class CompetitorPayload:
    """The competitor as it is now, or why nothing was written."""

    competitor: Competitor | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class PutCompetitorPositionInput:
    """Where a competitor stands at an account in a product family: what is absent stays."""

    account_id: strawberry.ID = strawberry.field(description="The id of the account.")
    name: str = strawberry.field(
        description="A name that the competitor goes by, up to 200 characters, not blank; whoever nobody"
        " knows is made."
    )
    product_family: str = strawberry.field(
        description="The product family, up to 100 characters, not blank; one competitor has one position in"
        " each."
    )
    role: PositionRole | None = strawberry.field(
        default=UNSET, description="What it is to the account there, never null; needed for a new position."
    )
    share: int | None = strawberry.field(
        default=UNSET,
        description="The part of what the account buys of the family in percent, 0 to 100; null when it is"
        " not known.",
    )
    contract_ends_on: date | None = strawberry.field(
        default=UNSET, description="The day on which its contract ends; null when it is not known."
    )
    price: MoneyInput | None = strawberry.field(
        default=UNSET, description="The monthly charge that was seen; null for none."
    )
    price_term_months: int | None = strawberry.field(
        default=UNSET, description="Over how many months that is; null when it is not known."
    )
    heard_from: str | None = strawberry.field(
        default=UNSET,
        description="Where it is known from, up to 500 characters, not blank; null when nobody said.",
    )
    confidence: Confidence | None = strawberry.field(
        default=UNSET, description="How sure it is, never null; MEDIUM for a new position unless given."
    )
    observed_on: date | None = strawberry.field(
        default=UNSET,
        description="The day on which it was observed, not in the future nor before it was observed last,"
        " never null; today (UTC) unless given.",
    )


@strawberry.input
class RemoveCompetitorPositionInput:
    """Which position was wrong."""

    id: strawberry.ID = strawberry.field(description="The id of the position.")


@strawberry.type
class CompetitorPositionPayload:
    """The position as it is now, or why nothing was written."""

    position: CompetitorPosition | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class WriteBattleNoteInput:
    """What to say against a competitor."""

    competitor_id: strawberry.ID = strawberry.field(description="The id of the competitor.")
    product_family: str | None = strawberry.field(
        default=None,
        description="The product family that it is about, up to 100 characters, not blank; null, the default,"
        " for all.",
    )
    text: str = strawberry.field(
        description="What to say, up to 4,000 characters, not blank; it replaces the note of the family"
        " before."
    )


@strawberry.type
class BattleNotePayload:
    """The note, or why nothing was written."""

    note: BattleNote | None = column("As it was written; null when there are errors.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class CompetitionMutations:
    """What clients say of competitors."""

    @strawberry.mutation
    async def name_competitor(self, info: Info, input: NameCompetitorInput) -> CompetitorPayload:
        """Make a competitor that nobody knows, or say by which other name one goes."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.Competitor, lambda: competition.name_competitor(actor, input.name, input.alias)
        )
        return CompetitorPayload(competitor=Competitor.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def merge_competitors(self, info: Info, input: MergeCompetitorsInput) -> CompetitorPayload:
        """Make one competitor of two, and answer with the one that is left."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.Competitor, lambda: competition.merge(actor, input.id, input.into_id)
        )
        return CompetitorPayload(competitor=Competitor.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def put_competitor_position(
        self, info: Info, input: PutCompetitorPositionInput
    ) -> CompetitorPositionPayload:
        """Say where a competitor stands at an account; what was known before is kept as history."""
        actor = info.context.actor

        async def put() -> stored.CompetitorPosition:
            values = columns(actor, input)
            for name in ("account_id", "name", "product_family"):
                del values[name]
            return await competition.put_position(
                actor, input.account_id, input.name, input.product_family, values
            )

        found, errors = await attempt(stored.CompetitorPosition, put)
        shown = CompetitorPosition.of(found) if found else None
        return CompetitorPositionPayload(position=shown, errors=errors)

    @strawberry.mutation
    async def remove_competitor_position(
        self, info: Info, input: RemoveCompetitorPositionInput
    ) -> CompetitorPositionPayload:
        """Take out a position that was wrong; who supplies no more is FORMER instead."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.CompetitorPosition, lambda: competition.remove_position(actor, input.id)
        )
        shown = CompetitorPosition.of(found) if found else None
        return CompetitorPositionPayload(position=shown, errors=errors)

    @strawberry.mutation
    async def write_battle_note(self, info: Info, input: WriteBattleNoteInput) -> BattleNotePayload:
        """Write what to say against a competitor, in place of the note before, which is kept."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.BattleNote,
            lambda: competition.write_note(actor, input.competitor_id, input.text, input.product_family),
        )
        return BattleNotePayload(note=BattleNote.of(found) if found else None, errors=errors)
