"""Where competitors stood at accounts, by product family, as of a day and with what was known by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from metrics.sales import AsOf
from models.access import Actor
from models.asof import as_of_rows, swift_view_of
from models.competition import CompetitorPosition, PositionRole
from models.database import Param, Row, as_date, as_int, fetch, listed, one_of
from models.trends import Confidence
from models.visibility import visible

_COLUMNS = [
    "account_id", "competitor_id", "product_family", "role", "share", "contract_ends_on", "price_minor",
    "currency", "price_term_months", "heard_from", "confidence", "observed_on", "removed_on",
]  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """A position as of a date; ``price_minor`` is a month's, in minor units of ``currency``.

    ``account_id`` is the account that has it now, which another one may have been merged into since.
    """

    position_id: str
    account_id: str
    competitor_id: str
    product_family: str
    role: PositionRole
    share: int | None
    contract_ends_on: date | None
    price_minor: int | None
    currency: str
    price_term_months: int | None
    heard_from: str | None
    confidence: Confidence
    observed_on: date

    @property
    def ends_by(self) -> date:
        """The day by which they are ordered: those whose contract ends on no known day come last."""
        return self.contract_ends_on or date.max


@dataclass(frozen=True)
class Wanted:
    """Which positions; everything given must hold.

    Those of a competitor are those of whoever was merged into it since, too.
    """

    account_ids: tuple[str, ...] | None = None
    competitor_id: str | None = None
    product_family: str | None = None
    role: PositionRole | None = None


async def standings(
    actor: Actor,
    at: AsOf,
    wanted: Wanted,
    first: int | None = None,
    after: tuple[Param, Param] | None = None,
) -> list[Standing]:
    """The first so many positions that held, those whose contract ended first first, then by id.

    Positions are those that the actor sees, which is decided as of today, what they were as of the date.
    ``after`` is ``ends_by`` and the id of the one before the first.
    """
    statement, params = await _holding(actor, at, wanted)
    ends = "coalesce(t.contract_ends_on, :never)"
    beyond = f" and ({ends} > :after_ends or ({ends} = :after_ends and t.id > :after_id))" if after else ""
    limit = "" if first is None else " limit :first"
    ends_by, last = after or (None, None)
    rows = await fetch(
        f"select t.* from {statement}{beyond} order by {ends}, t.id{limit}",
        {**params, "never": date.max, "after_ends": ends_by, "after_id": last, "first": first},
    )
    return [_standing(row) for row in rows]


async def standings_of(
    actor: Actor, at: AsOf, account_ids: Sequence[str], wanted: Wanted
) -> list[list[Standing]]:
    """All that held at each of some accounts, in the order of ``standings``."""
    of: dict[str, list[Standing]] = {account_id: [] for account_id in account_ids}
    for each in await standings(actor, at, replace(wanted, account_ids=tuple(account_ids))):
        of[each.account_id].append(each)
    return [of[account_id] for account_id in account_ids]


async def how_many(actor: Actor, at: AsOf, wanted: Wanted) -> int:
    """How many positions held."""
    statement, params = await _holding(actor, at, wanted)
    (row,) = await fetch(f"select count(*) as found from {statement}", params)
    return as_int(row["found"])


async def _holding(actor: Actor, at: AsOf, wanted: Wanted) -> tuple[str, dict[str, Param]]:
    """The positions that held, as rows ``t`` with their conditions, and the parameters."""
    view = await swift_view_of(actor.tenant_id, at.day, at.known_on)
    seen = visible(CompetitorPosition, actor, "t")
    which = [seen.sql]
    if wanted.account_ids is not None:
        which.append(one_of("t.account_id", "accounts"))
    conditions = ["t.observed_on <= :as_of", "(t.removed_on is null or t.removed_on > :as_of)"]
    if wanted.competitor_id is not None:
        conditions.append(f"t.competitor_id in ({_MERGED})")
    if wanted.product_family is not None:
        conditions.append("t.product_family = :family")
    if wanted.role is not None:
        conditions.append("t.role = :role")
    rows = as_of_rows(CompetitorPosition, _COLUMNS, view, which=" and ".join(which))
    return f"{rows} t where {' and '.join(conditions)}", {
        **seen.params,
        "tenant": actor.tenant_id,
        "as_of": at.day,
        "known_on": at.known_on,
        "accounts": listed(wanted.account_ids or ()),
        "competitor": wanted.competitor_id,
        "family": wanted.product_family,
        "role": wanted.role and wanted.role.value,
    }


#: A competitor, and whoever turned out to be it.
_MERGED = (
    "with recursive one(id) as (select c.id from competitor c"
    " where c.tenant_id = :tenant and c.id = :competitor union select m.id from competitor m"
    " join one on m.merged_into_id = one.id where m.tenant_id = :tenant) select id from one"
)


def _standing(row: Row) -> Standing:
    def number(name: str) -> int | None:
        return None if row[name] is None else as_int(row[name])

    observed_on = as_date(row["observed_on"])
    assert observed_on is not None
    return Standing(
        str(row["id"]),
        str(row["account_id"]),
        str(row["competitor_id"]),
        str(row["product_family"]),
        PositionRole(str(row["role"])),
        number("share"),
        as_date(row["contract_ends_on"]),
        number("price_minor"),
        str(row["currency"]),
        number("price_term_months"),
        None if row["heard_from"] is None else str(row["heard_from"]),
        Confidence(str(row["confidence"])),
        observed_on,
    )
