"""Accounts that may be one, as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from metrics import duplicates as metric
from metrics.duplicates import Likeness
from models import accounts as stored
from models.errors import Invalid
from models.visibility import find
from schema.accounts import Account
from schema.context import Info
from schema.core.cost import costs
from schema.core.listing import DEFAULT_PAGE, LARGEST_PAGE
from schema.duplicate_dismissals import DuplicateDismissal

strawberry.enum(Likeness, name="AccountLikeness")


@strawberry.type
class AccountLikenessReason:
    """Why two accounts may be one."""

    likeness: Likeness = strawberry.field(description="In what they are alike.")
    values: list[str] = strawberry.field(
        description="What it is that they have: the same value once, or both names where these are alike."
    )


@strawberry.type
class DuplicateAccounts:
    """Two accounts that may be one; nobody merges them but people."""

    account: Account = strawberry.field(description="The one that was recorded first.")
    other: Account = strawberry.field(description="The one that was recorded later.")
    reasons: list[AccountLikenessReason] = strawberry.field(
        description="Why they may be one, the strongest reason first; one at least."
    )
    dismissed: bool = strawberry.field(
        description="Whether somebody said that they are not the same, and nothing that they are alike in has"
        " changed since; false unless `dismissed` was asked for."
    )
    dismissal: DuplicateDismissal | None = strawberry.field(
        description="What was said of them last, which may be of other facts; null when nobody said that they"
        " are not the same, or it was taken back."
    )


@strawberry.type
class DuplicateAccountsPage:
    """A part of the accounts that may be duplicates."""

    total_count: int = strawberry.field(description="How many pairs there are in all.")
    nodes: list[DuplicateAccounts] = strawberry.field(
        description="The pairs, those with the strongest reasons first."
    )


@strawberry.type
class DuplicateQueries:
    """Reading which accounts may be duplicates."""

    @costs(250)
    @strawberry.field
    async def duplicate_accounts(
        self,
        info: Info,
        account_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The id of an account that is one of each pair; default: any."),
        ] = None,
        first: Annotated[
            int, strawberry.argument(description=f"How many pairs are told: 1 to {LARGEST_PAGE}.")
        ] = DEFAULT_PAGE,
        skip: Annotated[
            int, strawberry.argument(description="How many pairs before these are left out, 0 or more.")
        ] = 0,
        dismissed: Annotated[
            bool,
            strawberry.argument(
                description="Whether pairs are told, too, of which somebody said that they are not the same;"
                " default: false."
            ),
        ] = False,
    ) -> DuplicateAccountsPage:
        """Pairs of accounts that the caller sees and that may be one, with the reasons.

        They are told from how they are called and registered, and are never merged by themselves. Pairs of
        which somebody said that they are not the same are left out unless asked for.
        """
        if not 1 <= first <= LARGEST_PAGE:
            raise Invalid(f"first is {first}; allowed: 1 to {LARGEST_PAGE}", ["first"])
        if skip < 0:
            raise Invalid(f"skip is {skip}; allowed: 0 or more", ["skip"])
        actor = info.context.actor
        if account_id is not None:
            await find(stored.Account, actor, account_id, "accountId")
        found = await metric.duplicates(actor, account_id, with_dismissed=dismissed)
        page = found[skip : skip + first]
        ids = sorted({each for pair in page for each in (pair.first_id, pair.second_id)})
        shown = {each.id: Account.of(each) for each in await info.context.loaders.many(stored.Account, ids)}
        said = await _said(info, page)
        return DuplicateAccountsPage(
            total_count=len(found),
            nodes=[
                DuplicateAccounts(
                    account=shown[pair.first_id],
                    other=shown[pair.second_id],
                    reasons=[
                        AccountLikenessReason(likeness=each.likeness, values=list(each.values))
                        for each in pair.reasons
                    ],
                    dismissed=pair.is_dismissed,
                    dismissal=said.get(pair.dismissal_id or ""),
                )
                for pair in page
                if pair.first_id in shown and pair.second_id in shown
            ],
        )


async def _said(info: Info, pairs: Sequence[metric.Pair]) -> dict[str, DuplicateDismissal]:
    ids = [pair.dismissal_id for pair in pairs if pair.dismissal_id]
    found = await info.context.loaders.many(stored.DuplicateDismissal, ids)
    return {each.id: DuplicateDismissal.of(each) for each in found}
