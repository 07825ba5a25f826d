"""Facts of kind ``account``: the customer, with sums over what belongs to it."""

from __future__ import annotations

from models.accounts import Account, Tier
from models.asof import known_row
from models.database import text_order
from models.deals import Deal
from models.people import Contact
from models.revenue import Contract
from models.tickets import Ticket
from rules.kinds.declaring import (
    ACTIVE,
    CONTACTED,
    CURRENCY,
    OPEN,
    TICKET_OPEN,
    and_known,
    days,
    flag,
    kind,
    money,
    number,
    per_account,
    text,
)
from rules.registry import Rows


def _contracts(known: bool) -> str:
    return per_account(Contract, "sum(t.mrc_minor) as mrc, count(*) as contracts", ACTIVE, known)


def _deals(known: bool) -> str:
    return per_account(
        Deal,
        "count(*) as deals, sum(t.amount_minor) as pipeline,"
        " sum(case when t.kind = 'EXPANSION' then 1 else 0 end) as expansions",
        OPEN,
        known,
    )


def _people(known: bool) -> str:
    return per_account(
        Contact,
        f"count(*) as contacts, max({CONTACTED}) as contacted_on,"
        " sum(case when t.seniority = 'EXECUTIVE' then 1 else 0 end) as executives,"
        f" max(case when t.seniority = 'EXECUTIVE' then {CONTACTED} end) as executive_on",
        "(t.left_on is null or t.left_on > :as_of)",
        known,
    )


def _tickets(known: bool) -> str:
    return per_account(
        Ticket,
        "count(*) as tickets, sum(case when t.severity in ('HIGH', 'CRITICAL') then 1 else 0 end) as severe",
        f"t.opened_on <= :as_of and {TICKET_OPEN}",
        known,
    )


def _usage(known: bool) -> str:
    """The usage in the unit that brought the highest charges, of the last 3 full months and the 9 before."""
    return (
        "(select account_id, unit, recent, recent_months, earlier, earlier_months from"
        " (select account_id, unit, row_number() over (partition by account_id"
        f" order by sum(charge_minor) desc, {text_order('unit')}) as place,"
        " sum(case when month >= :month_3 then quantity else 0 end) as recent,"
        " count(distinct case when month >= :month_3 then month end) as recent_months,"
        " sum(case when month < :month_3 then quantity else 0 end) as earlier,"
        " count(distinct case when month < :month_3 then month end) as earlier_months"
        " from usage_month where tenant_id = :tenant and month >= :month_12 and month < :this_month"
        f" and AMONG(account_id){and_known(known_row('usage_month'), known)}"
        " group by account_id, unit) placed where place = 1)"
    )


_ROWS = Rows(
    Account,
    account="t.id",
    joins={
        name: (subquery, f"{name}.account_id = t.id")
        for name, subquery in {"c": _contracts, "d": _deals, "p": _people, "k": _tickets, "u": _usage}.items()
    },
)

ACCOUNT = kind(
    "account",
    "an enterprise customer or prospect, with sums over what belongs to it",
    _ROWS,
    text("name", "the account's name", "t.name"),
    text("tier", "how much attention the account gets", "t.tier", Tier),
    text("segment", "the account's segment, as the tenant names it", "t.segment"),
    text("industry", "the account's industry", "t.industry"),
    text("country", "the account's country", "t.country"),
    number("employees", "people", "employees of the customer", "t.employees", minimum=0),
    CURRENCY,
    money("monthly_recurring", "monthly recurring charge of all active contracts", "c.mrc"),
    money("annual_value", "12 times the monthly recurring charge of all active contracts", "c.mrc * 12"),
    number("active_contracts", "contracts", "contracts that run", "coalesce(c.contracts, 0)", minimum=0),
    number("open_deals", "deals", "deals that can still be won", "coalesce(d.deals, 0)", minimum=0),
    number(
        "open_expansion_deals",
        "deals",
        "open deals of kind EXPANSION",
        "coalesce(d.expansions, 0)",
        minimum=0,
    ),
    money("open_pipeline", "sum of the amounts of open deals", "d.pipeline"),
    number("contacts", "contacts", "people known who have not left", "coalesce(p.contacts, 0)", minimum=0),
    number(
        "executive_contacts",
        "contacts",
        "people of seniority EXECUTIVE who have not left",
        "coalesce(p.executives, 0)",
        minimum=0,
    ),
    days(
        "days_since_executive_contact",
        "days since anybody of seniority EXECUTIVE was last contacted; missing when none ever was",
        "DAYS(:as_of, p.executive_on)",
    ),
    days("days_since_contact", "days since anybody was last contacted", "DAYS(:as_of, p.contacted_on)"),
    number("tickets_open", "tickets", "open tickets", "coalesce(k.tickets, 0)", minimum=0),
    number(
        "tickets_open_severe",
        "tickets",
        "open tickets of severity HIGH or CRITICAL",
        "coalesce(k.severe, 0)",
        minimum=0,
    ),
    number(
        "usage_change_90d",
        "ratio",
        "monthly usage, in the unit that usage_unit names, of the last 3 full months against the 9 before:"
        " -0.3 is 30 % less; missing with fewer than 3 months on either side",
        "case when u.recent_months >= 3 and u.earlier_months >= 3 and u.earlier > 0"
        " then (1.0 * u.recent / u.recent_months) / (1.0 * u.earlier / u.earlier_months) - 1 end",
        minimum=-1,
    ),
    text(
        "usage_unit",
        "the unit of usage that brought the highest charges in the last 12 full months",
        "u.unit",
    ),
    money("overdue", "what the customer owes past its due date", "t.overdue_minor"),
    days("overdue_days", "days since the oldest overdue amount was due", "DAYS(:as_of, t.overdue_since)"),
    flag("is_placeholder", "whether it only gathers records that name no account", "t.placeholder = true"),
)
