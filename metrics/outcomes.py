"""What became of deals, contracts and accounts after a date: the truth that rules are held up against.

What there was is as of the date and as it was known then; what happened afterwards is as it is known now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from models.accounts import Account
from models.asof import as_of_rows, view_of
from models.database import Param, as_date, as_int, fetch, is_sqlite
from models.deals import Deal
from models.described import Described
from models.revenue import RUNNING, Contract
from models.view import View


class OutcomeKind(Described):
    """What may happen to a deal, a contract or an account within a horizon."""

    DEAL_LOST = "DEAL_LOST", "An open deal is lost."
    DEAL_NOT_WON = "DEAL_NOT_WON", "An open deal is lost, or still open at the horizon."
    DEAL_SLIPPED = "DEAL_SLIPPED", "A deal is still open on the day on which it was expected to close."
    CONTRACT_LOST = (
        "CONTRACT_LOST",
        "A running contract is terminated, or ends without renewing by itself and without a successor within"
        " 60 days.",
    )
    CHURNED = "CHURNED", "The last of an account's contracts ends."
    EXPANDED = "EXPANDED", "A new or an expansion deal of an account is won."


@dataclass(frozen=True)
class Unit:
    """A deal, contract or account to which something may happen, and the day on which it did, if it did.

    ``value_minor`` is what was at stake: the amount of a deal, 12 monthly charges of a contract or of an
    account's running contracts, and for EXPANDED what was won.
    """

    id: str
    account_id: str
    value_minor: int
    event_on: date | None


async def units(
    tenant_id: str, outcome: OutcomeKind, as_of: date, until: date, known_on: date | None = None
) -> list[Unit]:
    """Every unit of the tenant to which ``outcome`` might happen after ``as_of``, with what did by ``until``.

    With ``known_on`` there is what was known by the end of that day; what happened is as known now.
    """
    params: dict[str, Param] = {"tenant": tenant_id, "as_of": as_of, "until": until, "known_on": known_on}
    rows = await fetch(_SQL[outcome](await view_of(tenant_id, as_of, known_on)), params)
    return [
        Unit(str(row["id"]), str(row["account_id"]), as_int(row["value"]), as_date(row["event_on"]))
        for row in rows
    ]


_LOST = "n.stage = 'LOST' and n.closed_on > :as_of and n.closed_on <= :until"
_WON = "n.stage = 'WON' and n.closed_on <= :until"


def _deals(event: str, which: str, view: View) -> str:
    deals = as_of_rows(Deal, ["account_id", "stage", "amount_minor", "close_on"], view)
    return (
        f"select t.id, t.account_id, t.amount_minor as value, {event} as event_on"
        f" from {deals} t join deal n on n.id = t.id where t.stage not in ('WON', 'LOST') and {which}"
    )


def _deals_lost(view: View) -> str:
    return _deals(f"case when {_LOST} then n.closed_on end", "1 = 1", view)


def _deals_not_won(view: View) -> str:
    horizon = ":until" if is_sqlite() else "cast(:until as date)"
    event = f"case when {_WON} then null when {_LOST} then n.closed_on else {horizon} end"
    return _deals(event, "1 = 1", view)


def _deals_slipped(view: View) -> str:
    event = "case when n.closed_on <= t.close_on then null else t.close_on end"
    return _deals(event, "t.close_on > :as_of and t.close_on <= :until", view)


_CONTRACT = ["account_id", "starts_on", "ends_on", "terminated_on", "mrc_minor"]
#: How many days around its end the next contract of the account makes a contract no loss.
SUCCESSION_DAYS = 60


def _contracts_lost(view: View) -> str:
    succeeded = (
        "exists (select 1 from contract s where s.tenant_id = n.tenant_id and s.account_id = n.account_id"
        f" and s.id <> n.id and abs(DAYS(s.starts_on, n.ends_on)) <= {SUCCESSION_DAYS})"
    )
    return (
        "select t.id, t.account_id, t.mrc_minor * 12 as value, case"
        " when n.terminated_on > :as_of and n.terminated_on <= :until then n.terminated_on"
        " when n.ends_on > :as_of and n.ends_on <= :until and n.auto_renews = false"
        f" and not {succeeded} then n.ends_on end as event_on"
        f" from {as_of_rows(Contract, _CONTRACT, view)} t join contract n on n.id = t.id"
        f" where {RUNNING}"
    )


def _churned(view: View) -> str:
    never = "'9999-12-31'" if is_sqlite() else "date '9999-12-31'"
    ended = (
        "case when n.terminated_on is not null and (n.ends_on is null or n.auto_renews = true"
        " or n.terminated_on < n.ends_on) then n.terminated_on"
        f" when n.ends_on is not null and n.auto_renews = false then n.ends_on else {never} end"
    )
    return (
        "select t.account_id as id, t.account_id, sum(t.mrc_minor) * 12 as value,"
        " max(case when e.ended > :as_of and e.ended <= :until then e.ended end) as event_on"
        f" from {as_of_rows(Contract, _CONTRACT, view)} t"
        f" join (select account_id, max({ended}) as ended from contract n"
        " where n.tenant_id = :tenant and n.starts_on <= :until group by account_id) e"
        f" on e.account_id = t.account_id where {RUNNING} group by t.account_id"
    )


def _expanded(view: View) -> str:
    return (
        "select t.id, t.id as account_id, coalesce(e.won, 0) as value, e.first_on as event_on"
        f" from {as_of_rows(Account, ['placeholder'], view)} t"
        " left join (select account_id, sum(amount_minor) as won, min(closed_on) as first_on from deal"
        " where tenant_id = :tenant and stage = 'WON' and kind in ('NEW', 'EXPANSION')"
        " and closed_on > :as_of and closed_on <= :until group by account_id) e on e.account_id = t.id"
        " where t.placeholder = false"
    )


_SQL = MappingProxyType(
    {
        OutcomeKind.DEAL_LOST: _deals_lost,
        OutcomeKind.DEAL_NOT_WON: _deals_not_won,
        OutcomeKind.DEAL_SLIPPED: _deals_slipped,
        OutcomeKind.CONTRACT_LOST: _contracts_lost,
        OutcomeKind.CHURNED: _churned,
        OutcomeKind.EXPANDED: _expanded,
    }
)
#: The kind of record to which each may happen.
UNIT_OF: Mapping[OutcomeKind, str] = MappingProxyType(
    {
        OutcomeKind.DEAL_LOST: "deal",
        OutcomeKind.DEAL_NOT_WON: "deal",
        OutcomeKind.DEAL_SLIPPED: "deal",
        OutcomeKind.CONTRACT_LOST: "contract",
        OutcomeKind.CHURNED: "account",
        OutcomeKind.EXPANDED: "account",
    }
)
