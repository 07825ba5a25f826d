"""The deals that a forecast is made of, one by one, with each person's share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from metrics.credit import credited_deals
from models.access import Actor
from models.asof import view_of
from models.database import Row, as_date, as_int, fetch
from models.deals import Deal
from models.forecast import Period
from models.visibility import visible


@dataclass(frozen=True)
class DealShare:
    """A deal as of a date with the share of one person in it; money in minor units, percents in whole ones.

    ``category`` is CLOSED for what was won. ``owner_id`` is whose share it is, None for nobody's.
    """

    deal_id: str
    name: str
    account: str
    owner_id: str | None
    owner: str
    kind: str
    stage: str
    category: str
    probability: int
    share_percent: int
    amount_minor: int
    close_on: date | None
    next_step: str | None
    next_step_on: date | None


async def deal_shares(
    actor: Actor, period: Period, as_of: date, known_on: date | None = None
) -> list[DealShare]:
    """The open deals expected to close in a period, and those won in it until ``as_of``, the largest first.

    A deal that is shared stands there once for each person. Deals that are omitted from the forecast stand
    there, too. Names and next steps are as they are now; deals are those that the actor may see.
    """
    view, seen = await view_of(actor.tenant_id, as_of, known_on), visible(Deal, actor, "n")
    rows = await fetch(
        "select t.*, n.name, a.name as account, u.name as owner, n.next_step, n.next_step_on"
        f" from {credited_deals(view)} t join deal n on n.id = t.id join account a on a.id = n.account_id"
        ' left join "user" u on u.id = t.credited_id'
        " where ((t.stage = 'WON' and t.closed_on >= :first and t.closed_on <= :last"
        " and t.closed_on <= :as_of) or (t.stage not in ('WON', 'LOST')"
        f" and t.close_on >= :first and t.close_on <= :last)) and {seen.sql}"
        " order by t.credited_minor desc, t.id, t.credited_id",
        {
            "tenant": actor.tenant_id,
            "as_of": as_of,
            "known_on": known_on,
            "first": period.first,
            "last": period.last,
            **seen.params,
        },
    )
    return [_share(row) for row in rows]


def _share(row: Row) -> DealShare:
    is_won = row["stage"] == "WON"
    return DealShare(
        deal_id=str(row["id"]),
        name=str(row["name"]),
        account=str(row["account"]),
        owner_id=None if row["credited_id"] is None else str(row["credited_id"]),
        owner=str(row["owner"] or "nobody"),
        kind=str(row["kind"]),
        stage=str(row["stage"]),
        category="CLOSED" if is_won else str(row["forecast_category"]),
        probability=100 if is_won else as_int(row["probability"]),
        share_percent=as_int(row["percent"]),
        amount_minor=as_int(row["credited_minor"]),
        close_on=as_date(row["closed_on"] if is_won else row["close_on"]),
        next_step=None if row["next_step"] is None else str(row["next_step"]),
        next_step_on=as_date(row["next_step_on"]),
    )
