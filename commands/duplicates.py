"""Saying of two accounts that may be one that they are not, and taking that back."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.expressions import Q

from commands.accounts import held, in_care
from commands.journal import Work, check_version, unit_of_work
from commands.permissions import SELL, require
from commands.validation import validate
from metrics.duplicates import compared, likely
from models.access import Actor
from models.accounts import Account, DuplicateDismissal
from models.errors import Invalid, InvalidTransition
from models.visibility import find


async def dismiss(actor: Actor, account_id: str, other_id: str, because: str) -> DuplicateDismissal:
    """Say that two accounts that may be one are not, and why; said again, that is what holds.

    They are shown as duplicates no more, to nobody, as long as what is known of both stays as it is in
    everything that they are alike in.

    Raises:
        NotFound: one of them is none that the actor sees.
        Forbidden: the actor does not own or manage both.
        Invalid: nothing says that they may be one, or they are.
    """
    require(actor, SELL, "dismiss duplicates")
    validate(DuplicateDismissal, {"because": because})
    if account_id == other_id:
        raise Invalid("an account is no duplicate of itself", ["otherId"])
    ids = {"accountId": account_id, "otherId": other_id}
    for path, each in ids.items():
        await in_care(actor, each, path, "told apart")
    async with unit_of_work(actor, "accounts.dismiss_duplicate") as work:
        one, other = sorted(await held(actor, ids), key=lambda account: account.id)
        if not await likely(actor, one.id, other.id):
            raise Invalid("nothing says that the two may be one; there is nothing to dismiss", ["otherId"])
        said = {"because": because, "dismissed_on": work.on, "dismissed_by_id": actor.user_id or None}
        known = await _between(one, other)
        for standing in known:
            facts = [compared(one), compared(other)]
            facts = facts if standing.account_id == one.id else facts[::-1]
            await work.update(standing, {**said, "facts": facts, "removed_on": None})
        if known:
            work.object_id = known[0].id
            return known[0]
        return await work.create(
            DuplicateDismissal(
                id=DuplicateDismissal.make_id(),
                tenant_id=actor.tenant_id,
                account_id=one.id,
                other_id=other.id,
                facts=[compared(one), compared(other)],
                **said,
            )
        )


async def restore(actor: Actor, dismissal_id: str, version: int | None = None) -> DuplicateDismissal:
    """Take back that two accounts are not the same: they are shown as duplicates again, if they are alike.

    Raises:
        NotFound: there is no such dismissal that the actor sees.
        Forbidden: the actor does not own or manage both accounts.
        InvalidTransition: it was taken back before.
        Conflict: it has changed since ``version``.
    """
    require(actor, SELL, "take dismissals of duplicates back")
    dismissal = await find(DuplicateDismissal, actor, dismissal_id, "id")
    ids = {"accountId": dismissal.account_id, "otherId": dismissal.other_id}
    for each in ids.values():
        await in_care(actor, each, "id", "told apart")
    async with unit_of_work(actor, "accounts.restore_duplicate") as work:
        one, other = await held(actor, ids)
        dismissal = await DuplicateDismissal.get(id=dismissal_id)
        check_version(dismissal, version)
        if dismissal.removed_on is not None:
            raise InvalidTransition(f"it was taken back on {dismissal.removed_on}", ["id"])
        work.object_id = dismissal.id
        return await _taken_back(work, dismissal, await _between(one, other))


async def _taken_back(
    work: Work, dismissal: DuplicateDismissal, known: Sequence[DuplicateDismissal]
) -> DuplicateDismissal:
    """Merges may have left several of one pair: all of them are taken back."""
    for each in known:
        if each.id != dismissal.id and each.removed_on is None:
            await work.update(each, {"removed_on": work.on})
    return await work.update(dismissal, {"removed_on": work.on})


async def _between(one: Account, other: Account) -> list[DuplicateDismissal]:
    """What was said of two accounts, whichever of them was named first."""
    pair = Q(account_id=one.id, other_id=other.id) | Q(account_id=other.id, other_id=one.id)
    return await DuplicateDismissal.filter(pair, tenant_id=one.tenant_id).order_by("id")


async def check_undismissed(one: Account, other: Account, path: str) -> None:
    """Raise Invalid, naming ``path``, where somebody says that the two are not the same."""
    for each in await _between(one, other):
        if each.removed_on is None:
            raise Invalid(
                f"it was said on {each.dismissed_on} that the two are not the same; allowed: take"
                f" {each.id} back first",
                [path],
            )
