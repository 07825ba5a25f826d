"""Facts of kind ``account``: the customer, with sums over what belongs to it."""

from __future__ import annotations

from models.accounts import Account, Tier
from models.asof import known_row
from models.database import text_order
from models.deals import Deal
from models.people import PRESENT
from models.revenue import Contract
from models.stakeholders import BuyingCentre, Stakeholder
from models.tickets import OPEN as TICKET_OPEN
from models.tickets import Ticket
from models.view import View
from rules.kinds.buying_centre import COVERAGE, contacted_people, finding, needed, parts
from rules.kinds.declaring import (
    ACTIVE,
    CURRENCY,
    OPEN,
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


def _contracts(view: View) -> str:
    return per_account(Contract, "sum(t.mrc_minor) as mrc, count(*) as contracts", ACTIVE, view)


def _deals(view: View) -> str:
    return per_account(
        Deal,
        "count(*) as deals, sum(t.amount_minor) as pipeline,"
        " sum(case when t.kind = 'EXPANSION' then 1 else 0 end) as expansions",
        OPEN,
        view,
    )


def _people(view: View) -> str:
    select = (
        "count(*) as contacts, max(t.contacted_on) as contacted_on,"
        " sum(case when t.seniority = 'EXECUTIVE' then 1 else 0 end) as executives,"
        " max(case when t.seniority = 'EXECUTIVE' then t.contacted_on end) as executive_on"
    )
    among = "(select id from contact where tenant_id = :tenant and AMONG(account_id))"
    spoken = "t.account_id, t.seniority", PRESENT
    return (
        f"(select t.account_id, {select} from {contacted_people(among, *spoken, view=view, joined=False)}"
        f" where {PRESENT} group by t.account_id)"
    )


def _tickets(view: View) -> str:
    return per_account(
        Ticket,
        f"sum(case when {TICKET_OPEN} then 1 else 0 end) as tickets,"
        f" sum(case when {TICKET_OPEN} and t.severity in ('HIGH', 'CRITICAL') then 1 else 0 end) as severe,"
        " sum(case when t.opened_on > :day_30 then 1 else 0 end) as opened",
        # Tickets of some accounts are sought by these: the day of its opening rules hardly any out.
        f"coalesce(t.opened_on, :as_of) <= :as_of and ({TICKET_OPEN} or t.opened_on > :day_30)",
        view,
    )


def _usage(view: View) -> str:
    """The usage in the unit that brought the highest charges: of the last full month and the 3 before, of the
    last 3 full months and the 9 before.
    """
    return (
        "(select account_id, unit, latest, latest_months, latest_charge, quarter, quarter_months,"
        " quarter_charge, recent, recent_months, earlier, earlier_months from"
        " (select account_id, unit, row_number() over (partition by account_id"
        f" order by sum(charge_minor) desc, {text_order('unit')}) as place,"
        " sum(case when month >= :month_1 then quantity else 0 end) as latest,"
        " count(distinct case when month >= :month_1 then month end) as latest_months,"
        " sum(case when month >= :month_1 then charge_minor else 0 end) as latest_charge,"
        " sum(case when month >= :month_4 and month < :month_1 then quantity else 0 end) as quarter,"
        " count(distinct case when month >= :month_4 and month < :month_1 then month end) as quarter_months,"
        " sum(case when month >= :month_4 and month < :month_1 then charge_minor else 0 end)"
        " as quarter_charge,"
        " sum(case when month >= :month_3 then quantity else 0 end) as recent,"
        " count(distinct case when month >= :month_3 then month end) as recent_months,"
        " sum(case when month < :month_3 then quantity else 0 end) as earlier,"
        " count(distinct case when month < :month_3 then month end) as earlier_months"
        " from usage_month where tenant_id = :tenant and month >= :month_12 and month < :this_month"
        f" and AMONG(account_id){and_known(known_row('usage_month'), view)}"
        " group by account_id, unit) placed where place = 1)"
    )


_TWO_MONTHS = "u.latest_months = 1 and u.quarter_months >= 2"
_ROWS = Rows(
    Account,
    account="t.id",
    joins={
        name: (subquery, f"{name}.account_id = t.id")
        for name, subquery in {
            "c": _contracts,
            "d": _deals,
            "p": _people,
            "k": _tickets,
            "u": _usage,
            "v": parts(Stakeholder, "account_id", "AMONG(t.account_id)"),
        }.items()
    }
    | {"n": (needed("found_account_roles"), "n.kind = t.tier")},
    found={"found_account_roles": finding(BuyingCentre.ACCOUNT, Tier)},
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
    text("region", "the part of the country or of the network that it is in", "t.region"),
    number("employees", "people", "employees of the customer", "t.employees", minimum=0),
    number("sites", "", "places at which the customer works", "t.sites", minimum=0),
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
    number(
        "stakeholders",
        "contacts",
        "people with a part in the account's buying centre who have not left",
        "coalesce(v.people, 0)",
        minimum=0,
    ),
    number(
        "champions",
        "contacts",
        "of these, those whose part is that of the champion",
        "coalesce(v.champions, 0)",
        minimum=0,
    ),
    number(
        "coverage",
        "percent",
        "of the roles that the account's buying centre needs, those of which somebody was contacted within"
        " the last 90 days; missing while nobody has a part in it",
        COVERAGE,
        minimum=0,
        maximum=100,
    ),
    number("tickets_open", "tickets", "open tickets", "coalesce(k.tickets, 0)", minimum=0),
    number(
        "tickets_open_severe",
        "tickets",
        "open tickets of severity HIGH or CRITICAL",
        "coalesce(k.severe, 0)",
        minimum=0,
    ),
    number(
        "tickets_opened_30d",
        "tickets",
        "tickets opened within the last 30 days, whatever became of them",
        "coalesce(k.opened, 0)",
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
    number(
        "usage_change_1m",
        "ratio",
        "usage of the last full month, in the unit that usage_unit names, against the average of the 3 months"
        " before: -0.3 is 30 % less; missing with fewer than 2 of these",
        f"case when {_TWO_MONTHS} and u.quarter > 0"
        " then (1.0 * u.latest) / (1.0 * u.quarter / u.quarter_months) - 1 end",
        minimum=-1,
    ),
    number(
        "charge_change_1m",
        "ratio",
        "what that usage was charged in the last full month, against the average of the 3 months before;"
        " missing with fewer than 2 of these",
        f"case when {_TWO_MONTHS} and u.quarter_charge > 0"
        " then (1.0 * u.latest_charge) / (1.0 * u.quarter_charge / u.quarter_months) - 1 end",
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
