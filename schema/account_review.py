"""Account reviews as clients get them: what there is to tell, and the deck and the document that tell it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import date
from typing import Annotated

import strawberry

from commands.account_review.content import Content, Edition
from commands.account_review.gathering import Asked, gathered
from connectors.account_review.properties import file_name
from models import accounts as stored
from models.base import today
from models.described import Described
from models.visibility import find
from schema.context import Info
from schema.core.arguments import AccountId, AsOf
from schema.core.cost import costs
from schema.core.readable import ANY_FACT, needs

strawberry.enum(Edition, name="AccountReviewEdition", description="Whom an account review is for.")


@strawberry.enum(name="AccountReviewFormat")
class Format(Described):
    """What an account review is written as."""

    PPTX = "PPTX", "A deck with charts whose data can be edited, for PowerPoint and programs like it."
    DOCX = "DOCX", "A document with the same charts and whole tables, for Word and programs like it."


_MEDIA: Mapping[Format, str] = {
    Format.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def _written(content: Content, format: Format) -> bytes:
    """The file; what writes it is loaded by the first that is asked for, not by every start of the server."""
    if format is Format.PPTX:
        from connectors.account_review import deck

        return deck.written(content)
    from connectors.account_review import document

    return document.written(content)


@strawberry.type
class AccountReviewFile:
    """A review as a file; the same data and day give the same bytes."""

    name: str = strawberry.field(
        description="What to call it, with whom it is for: `review-internal-Example-2026-03-31.pptx` for"
        " managers, `review-customer-Example-2026-03-31.pptx` for customers."
    )
    media_type: str = strawberry.field(description="Its media type.")
    size: int = strawberry.field(description="How many bytes it has.")
    base64: str = strawberry.field(description="Its bytes, as base64 of RFC 4648 with padding.")


@strawberry.type
class AccountReview:
    """A quarterly review of an account and all below it, of what the caller may see."""

    content: strawberry.Private[Content]

    @strawberry.field
    def edition(self) -> Edition:
        """Whom it is for."""
        return self.content.edition

    @strawberry.field
    def as_of(self) -> date:
        """The day as of which everything in it is."""
        return self.content.as_of

    @strawberry.field
    def first_on(self) -> date:
        """The first day of the fiscal quarter that it is about."""
        return self.content.quarter.first

    @strawberry.field
    def last_on(self) -> date:
        """The last day of the fiscal quarter that it is about."""
        return self.content.quarter.last

    @strawberry.field
    def missing(self) -> list[str]:
        """What there is nothing to tell of, a line each, to be told to whoever makes it."""
        return list(self.content.missing)

    @costs(100)
    @strawberry.field
    async def file(
        self,
        format: Annotated[Format, strawberry.argument(description="What it is to be written as.")],
    ) -> AccountReviewFile:
        """The review as a file: some 100 to 500 KB, as no table in it has more than 200 rows."""
        written = await asyncio.to_thread(_written, self.content, format)
        return AccountReviewFile(
            name=file_name(self.content, format.value.lower()),
            media_type=_MEDIA[format],
            size=len(written),
            base64=base64.b64encode(written).decode(),
        )


@strawberry.type
class AccountReviewQueries:
    """Account reviews."""

    @costs(100)
    @needs(*ANY_FACT)
    async def account_review(
        self,
        info: Info,
        account_id: AccountId,
        edition: Annotated[
            Edition, strawberry.argument(description="Whom it is for: nothing internal is in CUSTOMER.")
        ] = Edition.MANAGER,
        share: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(
                description="Objectives and actions of the account plan that were agreed with the customer,"
                " by their ids, for the edition CUSTOMER, which tells of no others; default: none."
            ),
        ] = None,
        as_of: AsOf = None,
    ) -> AccountReview:
        """A review of the fiscal quarter that a day is in, to be taken to a meeting."""
        actor = info.context.actor
        account = await find(stored.Account, actor, account_id, "accountId")
        asked = Asked(as_of or today(), edition, frozenset(map(str, share or ())))
        return AccountReview(content=await gathered(actor, account, asked))
