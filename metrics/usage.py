"""What accounts used, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.database import as_date, as_int, fetch, listed, one_of
from models.services import UsageMonth
from models.visibility import visible


@dataclass(frozen=True)
class MonthUsed:
    """What an account used in a calendar month, by its first day: in the services' units, and minor units."""

    month: date
    quantity: int
    charge_minor: int


async def monthly(
    actor: Actor, account_ids: Sequence[str], since: date, until: date
) -> list[list[MonthUsed]]:
    """For each account what it used in the months from ``since`` until before ``until``, oldest first.

    All its services together: the sums of quantity and charge. Months of which nothing is known lack, and so
    does everything of accounts whose usage the actor may not see.
    """
    seen = visible(UsageMonth, actor, "t")
    rows = await fetch(
        "select t.account_id, t.month, sum(t.quantity) as quantity, sum(t.charge_minor) as charge"
        f" from usage_month t where {seen.sql} and {one_of('t.account_id', 'accounts')}"
        " and t.month >= :since and t.month < :until group by t.account_id, t.month order by t.month",
        {**seen.params, "accounts": listed(account_ids), "since": since, "until": until},
    )
    used: dict[str, list[MonthUsed]] = {account_id: [] for account_id in account_ids}
    for row in rows:
        month = as_date(row["month"])
        assert month
        used[str(row["account_id"])].append(MonthUsed(month, as_int(row["quantity"]), as_int(row["charge"])))
    return [used[account_id] for account_id in account_ids]
