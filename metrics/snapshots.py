"""The pipeline as it was on a past evening, rebuilt from the change log; what weekly snapshots keep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import date

import orjson

from models.asof import as_of_rows, view_of
from models.database import as_date, as_int, fetch
from models.deals import Deal

_COLUMNS = [
    "account_id",
    "owner_id",
    "kind",
    "stage",
    "forecast_category",
    "probability",
    "amount_minor",
    "close_on",
]


@dataclass(frozen=True)
class FrozenDeal:
    """An open deal as it was on an evening; money in minor units of the tenant's currency."""

    deal_id: str
    account_id: str
    owner_id: str | None
    kind: str
    stage: str
    forecast_category: str
    probability: int
    amount_minor: int
    close_on: date | None


async def open_deals(tenant_id: str, on: date) -> list[FrozenDeal]:
    """The open deals of a whole tenant as of the end of a day, as they were known by then, by their ids."""
    view = await view_of(tenant_id, on, on)
    rows = await fetch(
        f"select t.* from {as_of_rows(Deal, _COLUMNS, view)} t where t.stage not in ('WON', 'LOST')",
        {"tenant": tenant_id, "as_of": on, "known_on": on},
    )
    found = [
        FrozenDeal(
            str(row["id"]),
            str(row["account_id"]),
            None if row["owner_id"] is None else str(row["owner_id"]),
            str(row["kind"]),
            str(row["stage"]),
            str(row["forecast_category"]),
            as_int(row["probability"]),
            as_int(row["amount_minor"]),
            as_date(row["close_on"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda deal: deal.deal_id)


async def accounts_then(tenant_id: str, on: date) -> dict[str, str]:
    """Of deals whose account became part of another one after a day, that which it was, by their ids."""
    rows = await fetch(
        "select c.entity_id, c.old from change c where c.tenant_id = :tenant and c.entity = 'deal'"
        " and c.field = 'account_id' and c.known_on > :on order by c.known_on desc, c.created_at desc,"
        " c.seq desc",
        {"tenant": tenant_id, "on": on},
    )
    return {str(row["entity_id"]): str(row["old"]) for row in rows}  # the earliest is told last, and stays


def digest(deals: Iterable[FrozenDeal], then: Mapping[str, str]) -> str:
    """The SHA-256 of deals in order, with the accounts as they were ``then``: equal for equal pipelines."""
    found = hashlib.sha256()
    for deal in deals:
        was = replace(deal, account_id=then.get(deal.deal_id, deal.account_id))
        found.update(orjson.dumps(astuple(was)) + b"\n")
    return found.hexdigest()
