"""Gathering the facts of accounts as of a date: one statement per kind for all accounts together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal

from models.accounts import Account
from models.asof import as_of_rows
from models.database import Param, as_int, fetch, is_sqlite, text_order
from models.deals import Deal
from models.people import Contact
from models.revenue import Contract
from models.services import Service, first_of_month
from models.signals import Signal
from models.tickets import Ticket
from rules.kinds import ACTIVE, CONTACTED, REGISTRY, TICKET_OPEN
from rules.reference import SOURCE, Facts
from rules.registry import FactKind, FieldType
from rules.tree import Scalar

CHUNK = 500
#: The source of our own records.
OWN = "bellwether"
#: Ratios are rounded so that both databases give the same number.
RATIO_PLACES = 6


async def gather(
    tenant_id: str, account_ids: Sequence[str], as_of: date, kinds: Collection[str]
) -> dict[str, Facts]:
    """The facts of each account as of a date, of the kinds named, by account id and kind.

    An account without a single fact is left out. Facts carry ``id``, their source, and every field of
    their kind that is not missing.
    """
    gathered: dict[str, Facts] = {}
    for start in range(0, len(account_ids), CHUNK):
        chunk = account_ids[start : start + CHUNK]
        for kind in REGISTRY.kinds.values():
            if kind.name in kinds:
                await _gather_kind(gathered, kind, tenant_id, chunk, as_of)
    return gathered


async def accounts_as_of(tenant_id: str, as_of: date) -> list[str]:
    """The ids of the accounts that existed on a date, in order."""
    rows = await fetch(
        "select id from account where tenant_id = :tenant"
        " and (valid_from is null or valid_from <= :as_of) order by id",
        {"tenant": tenant_id, "as_of": as_of},
    )
    return [str(row["id"]) for row in rows]


async def _gather_kind(
    gathered: dict[str, Facts], kind: FactKind, tenant_id: str, account_ids: Sequence[str], as_of: date
) -> None:
    owners: dict[str, Param] = {f"a_{number}": account for number, account in enumerate(account_ids)}
    params = owners | {"tenant": tenant_id, "as_of": as_of} | _calendar(as_of)
    fields = ", ".join(f"{field.sql} as f_{field.name}" for field in kind.fields.values())
    among = ", ".join(f":{name}" for name in owners)
    account = "t.id" if kind.name == "account" else "t.account_id"
    rows = await fetch(
        f"select t.id as fact_id, {account} as account, {_source(kind.name)} as fact_source, {fields}"
        f" from {_rows(kind.name)}"
        f" and {account} in ({among}) order by t.id",
        params,
    )
    types = {name: field.type for name, field in kind.fields.items()}
    for row in rows:
        fact: dict[str, Scalar] = {"id": str(row["fact_id"]), SOURCE: str(row["fact_source"] or OWN)}
        for name, type_ in types.items():
            value = row[f"f_{name}"]
            if value is not None:
                fact[name] = _scalar(value, type_)
        gathered.setdefault(str(row["account"]), {}).setdefault(kind.name, []).append(fact)


def _source(kind: str) -> str:
    """SQL for the system that a kind's rows came from; usage is summed over many."""
    return "null" if kind == "usage" else "t.source"


def _scalar(value: object, type_: FieldType) -> Scalar:
    if type_ is FieldType.BOOLEAN:
        return bool(value)
    if type_ in (FieldType.MONEY, FieldType.DAYS):
        return as_int(value)
    if isinstance(value, Decimal | float):
        return int(value) if value == int(value) else round(float(value), RATIO_PLACES)
    return value if isinstance(value, int) else str(value)


def _calendar(as_of: date) -> dict[str, Param]:
    """Dates that the statements need: this month, 3 and 12 months before it, and windows in days."""
    this_month = first_of_month(as_of)
    return {
        "this_month": this_month,
        "month_3": _months_before(this_month, 3),
        "month_12": _months_before(this_month, 12),
        "day_90": as_of - timedelta(days=90),
        "day_365": as_of - timedelta(days=365),
    }


def _months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _rows(kind: str) -> str:
    """The FROM and WHERE of a kind's statement, rows called ``t``."""
    return {
        "account": _account_rows,
        "contract": _contract_rows,
        "deal": _deal_rows,
        "contact": _contact_rows,
        "service": _service_rows,
        "usage": _usage_rows,
        "ticket": _ticket_rows,
        "signal": _signal_rows,
    }[kind]()


_ACCOUNT = [
    "source", "name", "owner_id", "segment", "industry", "tier", "country", "employees", "currency",
    "overdue_minor", "overdue_since", "placeholder",
]  # fmt: skip
_CONTRACT = [
    "source", "account_id", "name", "starts_on", "ends_on", "terminated_on", "notice_days", "auto_renews",
    "mrc_minor", "currency",
]  # fmt: skip
_DEAL = [
    "source", "account_id", "name", "kind", "stage", "stage_since", "forecast_category", "probability",
    "amount_minor", "currency", "close_on", "closed_on", "competitor", "next_step", "next_step_on",
    "contract_id", "owner_id", "valid_from",
]  # fmt: skip
_CONTACT = ["source", "account_id", "name", "title", "seniority", "last_contacted_on", "left_on"]
_SERVICE = [
    "source", "account_id", "name", "state", "mrc_minor", "currency", "started_on", "contract_id",
    "product_id",
]  # fmt: skip
_TICKET = ["source", "account_id", "title", "severity", "state", "opened_on", "resolved_on", "service_id"]
_SIGNAL = ["account_id", "summary", "kind", "observed_on", "source", "deal_id", "contact_id"]


def _account_rows() -> str:
    contracts = (
        "(select t.account_id, sum(t.mrc_minor) as mrc, count(*) as contracts"
        f" from {as_of_rows(Contract, _CONTRACT)} t where {ACTIVE} group by t.account_id)"
    )
    deals = (
        "(select t.account_id, count(*) as deals, sum(t.amount_minor) as pipeline,"
        " sum(case when t.kind = 'EXPANSION' then 1 else 0 end) as expansions"
        f" from {as_of_rows(Deal, ['account_id', 'kind', 'stage', 'amount_minor'])} t"
        " where t.stage not in ('WON', 'LOST') group by t.account_id)"
    )
    people = (
        f"(select t.account_id, count(*) as contacts, max({CONTACTED}) as contacted_on,"
        " sum(case when t.seniority = 'EXECUTIVE' then 1 else 0 end) as executives,"
        f" max(case when t.seniority = 'EXECUTIVE' then {CONTACTED} end) as executive_on"
        f" from {as_of_rows(Contact, ['account_id', 'seniority', 'last_contacted_on', 'left_on'])} t"
        " where t.left_on is null or t.left_on > :as_of group by t.account_id)"
    )
    tickets = (
        "(select t.account_id, count(*) as tickets,"
        " sum(case when t.severity in ('HIGH', 'CRITICAL') then 1 else 0 end) as severe"
        f" from {as_of_rows(Ticket, _TICKET)} t where t.opened_on <= :as_of and {TICKET_OPEN}"
        " group by t.account_id)"
    )
    usage = (
        "(select account_id, unit, row_number() over (partition by account_id"
        f" order by sum(charge_minor) desc, {text_order('unit')}) as place,"
        " sum(case when month >= :month_3 then quantity else 0 end) as recent,"
        " count(distinct case when month >= :month_3 then month end) as recent_months,"
        " sum(case when month < :month_3 then quantity else 0 end) as earlier,"
        " count(distinct case when month < :month_3 then month end) as earlier_months"
        " from usage_month where tenant_id = :tenant and month >= :month_12 and month < :this_month"
        " group by account_id, unit)"
    )
    return (
        f"{as_of_rows(Account, _ACCOUNT)} t left join {contracts} c on c.account_id = t.id"
        f" left join {deals} d on d.account_id = t.id left join {people} p on p.account_id = t.id"
        f" left join {tickets} k on k.account_id = t.id"
        f" left join {usage} u on u.account_id = t.id and u.place = 1 where 1 = 1"
    )


def _contract_rows() -> str:
    return f"{as_of_rows(Contract, _CONTRACT)} t where 1 = 1"


def _deal_rows() -> str:
    pushes = (
        "(select entity_id, count(*) as pushes from change where tenant_id = :tenant and entity = 'deal'"
        " and field = 'close_on' and effective_on <= :as_of and new > old group by entity_id)"
    )
    contacts = (
        "(select r.deal_id, count(*) as contacts from deal_contact r"
        f" join {as_of_rows(Contact, ['left_on'])} p on p.id = r.contact_id"
        " where r.tenant_id = :tenant and (p.left_on is null or p.left_on > :as_of)"
        " group by r.deal_id)"
    )
    return (
        f"{as_of_rows(Deal, _DEAL)} t left join {pushes} h on h.entity_id = t.id"
        f" left join {contacts} p on p.deal_id = t.id"
        " where (t.closed_on is null or t.closed_on > :day_365)"
    )


def _contact_rows() -> str:
    return f"{as_of_rows(Contact, _CONTACT)} t where 1 = 1"


def _service_rows() -> str:
    return f"{as_of_rows(Service, _SERVICE)} t where 1 = 1"


def _usage_rows() -> str:
    month = "substr(month, 1, 7)" if is_sqlite() else "to_char(month, 'YYYY-MM')"
    index = (
        "(cast(substr({0}, 1, 4) as integer) * 12 + cast(substr({0}, 6, 2) as integer))"
        if is_sqlite()
        else "cast(extract(year from cast({0} as date)) * 12"
        " + extract(month from cast({0} as date)) as integer)"
    )
    months_ago = f"{index.format(':this_month')} - {index.format('month')}"
    return (
        f"(select account_id || ':' || {month} || ':' || unit as id, account_id, {month} as month, unit,"
        f" {months_ago} as months_ago, sum(quantity) as quantity, sum(charge_minor) as charge_minor,"
        " min(currency) as currency from usage_month where tenant_id = :tenant"
        " and month >= :month_12 and month < :this_month group by account_id, month, unit) t where 1 = 1"
    )


def _ticket_rows() -> str:
    return (
        f"{as_of_rows(Ticket, _TICKET)} t where t.opened_on <= :as_of"
        f" and ({TICKET_OPEN} or t.resolved_on > :day_90)"
    )


def _signal_rows() -> str:
    return f"{as_of_rows(Signal, _SIGNAL)} t where t.observed_on <= :as_of and t.observed_on > :day_365"
