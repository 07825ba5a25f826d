"""As of when accounts were judged: what stands is of the latest date, and runs take turns."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.expressions import Q

from commands.journal import BATCH
from models.access import Actor, Tenant
from models.accounts import Account
from models.database import as_int, fetch, listed, one_of
from models.rulebooks import EvaluationRun, Judgement, RunScope
from models.visibility import answers_for, visible


def is_of_all(run: EvaluationRun, actor: Actor) -> bool:
    """Whether the run is about every account of the tenant."""
    return run.scope is RunScope.WHOLE and actor.owners is None


async def note_all(run: EvaluationRun, actor: Actor, account_ids: Sequence[str]) -> None:
    """Everything that the run is about is judged as of its date from now on, if not as of a later one.

    Whoever sees only some accounts names them.
    """
    if is_of_all(run, actor):
        unjudged = Q(judged_as_of=None) | Q(judged_as_of__lt=run.as_of)
        await Tenant.filter(unjudged, id=run.tenant_id).update(judged_as_of=run.as_of)
    for start in range(0, len(account_ids), BATCH):
        await _note(run, account_ids[start : start + BATCH])


async def judged_later(run: EvaluationRun, actor: Actor) -> int:
    """How many of all accounts that the actor answers for were judged as of a later date."""
    seen = visible(Account, actor, "t")
    rows = await fetch(
        "select t.owner_id, count(*) as accounts from account t join tenant n on n.id = t.tenant_id"
        f" left join judgement j on j.tenant_id = t.tenant_id and j.account_id = t.id where {seen.sql}"
        " and (t.valid_from is null or t.valid_from <= :as_of)"
        " and (n.judged_as_of > :as_of or j.as_of > :as_of) group by t.owner_id",
        {**seen.params, "as_of": run.as_of},
    )
    return sum(as_int(row["accounts"]) for row in rows if answers_for(row["owner_id"], actor))


async def claim(run: EvaluationRun, actor: Actor, account_ids: Sequence[str]) -> set[str]:
    """Those of the accounts that no run has judged as of a later date, and that are still there.

    Other runs of the tenant wait for the end of the transaction that this is in, and so do merges.
    """
    tenant = await Tenant.filter(id=run.tenant_id).select_for_update(no_key=True).get()
    if tenant.judged_as_of is not None and tenant.judged_as_of > run.as_of:
        return set()
    ours: set[str] = set()
    for start in range(0, len(account_ids), BATCH):
        part = await _there(run.tenant_id, account_ids[start : start + BATCH])
        if not is_of_all(run, actor):
            await _note(run, part)
        later = await fetch(
            "select account_id from judgement where tenant_id = :tenant and as_of > :as_of"
            f" and {one_of('account_id', 'accounts')}",
            {"tenant": run.tenant_id, "as_of": run.as_of, "accounts": listed(part)},
        )
        ours |= set(part) - {str(row["account_id"]) for row in later}
    return ours


async def _there(tenant_id: str, account_ids: Sequence[str]) -> list[str]:
    """Those of the accounts that were not merged into others meanwhile."""
    there = await Account.filter(tenant_id=tenant_id, id__in=account_ids).values_list("id", flat=True)
    known = {str(account_id) for account_id in there}
    return [account_id for account_id in account_ids if account_id in known]


async def _note(run: EvaluationRun, account_ids: Sequence[str]) -> None:
    await Judgement.bulk_create(
        [
            Judgement(
                id=Judgement.make_id(),
                tenant_id=run.tenant_id,
                account_id=account_id,
                run_id=run.id,
                as_of=run.as_of,
            )
            for account_id in account_ids
        ],
        ignore_conflicts=True,
    )
    earlier = Judgement.filter(tenant_id=run.tenant_id, account_id__in=account_ids, as_of__lt=run.as_of)
    await earlier.update(as_of=run.as_of, run_id=run.id)
