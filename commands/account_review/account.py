"""The account that a review is about, as it was on the day of the review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from commands.account_review.content import Header, Inside
from commands.account_review.people import names_of
from models.access import Actor
from models.accounts import Account
from models.asof import as_of_rows, view_of
from models.database import as_date, as_int, fetch
from models.errors import Invalid
from models.visibility import visible

_COLUMNS = (
    "owner_id", "parent_id", "tier", "segment", "industry", "country", "employees", "overdue_minor",
    "overdue_since",
)  # fmt: skip


@dataclass(frozen=True)
class Then:
    """An account as of a date; its name is as it is now."""

    name: str
    owner_id: str | None
    parent_id: str | None
    industry: str | None
    country: str | None
    employees: int | None
    inside: Inside

    async def header(self, actor: Actor, nobody: str) -> Header:
        """What is told of it at the top; ``nobody`` is whom it is made for when that is no user."""
        users = await names_of(each for each in (self.owner_id, actor.user_id) if each)
        seen = visible(Account, actor, "t")
        above = await fetch(
            f"select t.name from account t where t.id = :id and {seen.sql}",
            {**seen.params, "id": self.parent_id},
        )
        return Header(
            self.name,
            users.get(self.owner_id or "", "nobody"),
            users.get(actor.user_id or "", nobody),
            self.country,
            self.industry,
            self.employees,
            str(above[0]["name"]) if above else None,
        )


async def account_then(account: Account, as_of: date) -> Then:
    """What an account was on a day.

    Raises:
        Invalid: it was not known yet.
    """
    view = await view_of(account.tenant_id, as_of)
    rows = await fetch(
        f"select * from {as_of_rows(Account, [*_COLUMNS], view, which='t.id = :account')} t",
        {"tenant": account.tenant_id, "as_of": as_of, "account": account.id},
    )
    if not rows:
        raise Invalid(
            f"the account is known since {account.valid_from}; allowed: that day or a later one", ["asOf"]
        )
    (row,) = rows
    texts = {name: None if row[name] is None else str(row[name]) for name in _COLUMNS}
    overdue = as_int(row["overdue_minor"])
    return Then(
        account.name,
        texts["owner_id"],
        texts["parent_id"],
        texts["industry"],
        texts["country"],
        None if row["employees"] is None else as_int(row["employees"]),
        Inside(str(texts["tier"]), texts["segment"], overdue, as_date(row["overdue_since"])),
    )
