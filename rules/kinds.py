"""The kinds of facts that rules can speak of: each field with its type, unit, meaning and SQL.

A new kind or field is one declaration here. The SQL of a field is an expression over the kind's rows
(``t``) as of ``:as_of``; ``DAYS(later, earlier)`` is said in the dialect when it is run. Missing stays
missing: null is never turned into a number.
"""

from __future__ import annotations

from enum import StrEnum

from models.accounts import Tier
from models.base import Severity
from models.deals import STAGE_RANK, DealKind, ForecastCategory, Stage
from models.people import Seniority
from models.services import ServiceState
from models.signals import SignalKind
from models.tickets import TicketState
from rules.registry import FactField, FactKind, FieldType, Registry


def _number(
    name: str, unit: str, meaning: str, sql: str, minimum: float | None = None, maximum: float | None = None
) -> FactField:
    return FactField(name, FieldType.NUMBER, unit, meaning, sql, minimum, maximum)


def _money(name: str, meaning: str, sql: str) -> FactField:
    return FactField(name, FieldType.MONEY, "minor units", meaning, sql, minimum=0)


def _days(name: str, meaning: str, sql: str) -> FactField:
    return FactField(name, FieldType.DAYS, "days", meaning, sql)


def _text(name: str, meaning: str, sql: str, values: type[StrEnum] | None = None) -> FactField:
    allowed = tuple(value.value for value in values) if values else None
    return FactField(name, FieldType.STRING, "", meaning, sql, values=allowed)


def _flag(name: str, meaning: str, sql: str) -> FactField:
    return FactField(name, FieldType.BOOLEAN, "", meaning, f"(case when {sql} then 1 else 0 end)")


def _id(name: str, meaning: str, sql: str) -> FactField:
    return FactField(name, FieldType.ID, "", meaning, sql)


def _kind(name: str, meaning: str, *fields: FactField) -> FactKind:
    return FactKind(name, meaning, {field.name: field for field in fields}, "name")


_CURRENCY = _text("currency", "ISO 4217 code of the fact's money", "t.currency")
_OPEN = "t.stage not in ('WON', 'LOST')"
_RANK = " ".join(f"when '{stage.value}' then {rank}" for stage, rank in STAGE_RANK.items())
_ENDED = ", ".join(f"'{state.value}'" for state in TicketState if not state.is_open)
#: Conditions and values that several fields say alike, over rows ``t`` as of ``:as_of``.
ACTIVE = (
    "t.starts_on <= :as_of and (t.ends_on is null or t.ends_on >= :as_of)"
    " and (t.terminated_on is null or t.terminated_on > :as_of)"
)
#: A ticket's day of resolution says when it ended; one without it goes by its state.
TICKET_OPEN = f"(t.resolved_on > :as_of or (t.resolved_on is null and t.state not in ({_ENDED})))"
#: Percent of an amount, rounded as money is: to the nearest minor unit, a half to the even one.
_HUNDREDTHS = "t.amount_minor * t.probability"
WEIGHTED = (
    f"({_HUNDREDTHS} / 100"
    f" + case when {_HUNDREDTHS} % 100 + ({_HUNDREDTHS} / 100) % 2 > 50 then 1 else 0 end)"
)
CONTACTED = "case when t.last_contacted_on <= :as_of then t.last_contacted_on end"
_SEVERITY = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)

ACCOUNT = _kind(
    "account",
    "an enterprise customer or prospect, with sums over what belongs to it",
    _text("name", "the account's name", "t.name"),
    _text("tier", "how much attention the account gets", "t.tier", Tier),
    _text("segment", "the account's segment, as the tenant names it", "t.segment"),
    _text("industry", "the account's industry", "t.industry"),
    _text("country", "the account's country", "t.country"),
    _number("employees", "people", "employees of the customer", "t.employees", minimum=0),
    _CURRENCY,
    _money("monthly_recurring", "monthly recurring charge of all active contracts", "c.mrc"),
    _money("annual_value", "12 times the monthly recurring charge of all active contracts", "c.mrc * 12"),
    _number("active_contracts", "contracts", "contracts that run", "coalesce(c.contracts, 0)", minimum=0),
    _number("open_deals", "deals", "deals that can still be won", "coalesce(d.deals, 0)", minimum=0),
    _number(
        "open_expansion_deals",
        "deals",
        "open deals of kind EXPANSION",
        "coalesce(d.expansions, 0)",
        minimum=0,
    ),
    _money("open_pipeline", "sum of the amounts of open deals", "d.pipeline"),
    _number("contacts", "contacts", "people known who have not left", "coalesce(p.contacts, 0)", minimum=0),
    _number(
        "executive_contacts",
        "contacts",
        "people of seniority EXECUTIVE who have not left",
        "coalesce(p.executives, 0)",
        minimum=0,
    ),
    _days(
        "days_since_executive_contact",
        "days since anybody of seniority EXECUTIVE was last contacted; missing when none ever was",
        "DAYS(:as_of, p.executive_on)",
    ),
    _days("days_since_contact", "days since anybody was last contacted", "DAYS(:as_of, p.contacted_on)"),
    _number("tickets_open", "tickets", "open tickets", "coalesce(k.tickets, 0)", minimum=0),
    _number(
        "tickets_open_severe",
        "tickets",
        "open tickets of severity HIGH or CRITICAL",
        "coalesce(k.severe, 0)",
        minimum=0,
    ),
    _number(
        "usage_change_90d",
        "ratio",
        "monthly usage, in the unit that usage_unit names, of the last 3 full months against the 9 before:"
        " -0.3 is 30 % less; missing with fewer than 3 months on either side",
        "case when u.recent_months >= 3 and u.earlier_months >= 3 and u.earlier > 0"
        " then (1.0 * u.recent / u.recent_months) / (1.0 * u.earlier / u.earlier_months) - 1 end",
        minimum=-1,
    ),
    _text(
        "usage_unit",
        "the unit of usage that brought the highest charges in the last 12 full months",
        "u.unit",
    ),
    _money("overdue", "what the customer owes past its due date", "t.overdue_minor"),
    _days("overdue_days", "days since the oldest overdue amount was due", "DAYS(:as_of, t.overdue_since)"),
    _flag("is_placeholder", "whether it only gathers records that name no account", "t.placeholder = true"),
)

CONTRACT = _kind(
    "contract",
    "a signed contract",
    _text("name", "the contract's name", "t.name"),
    _flag("is_active", "whether it runs: begun, not ended, not terminated", ACTIVE),
    _days(
        "days_to_end",
        "days until it ends; negative when it has; missing without an end",
        "DAYS(t.ends_on, :as_of)",
    ),
    _days("days_since_start", "days since it began", "DAYS(:as_of, t.starts_on)"),
    _number("notice_days", "days", "notice before the end", "t.notice_days", minimum=0),
    _flag("auto_renews", "whether it renews by itself", "t.auto_renews = true"),
    _money("monthly_recurring", "monthly recurring charge", "t.mrc_minor"),
    _money("annual_value", "12 times the monthly recurring charge", "t.mrc_minor * 12"),
    _CURRENCY,
)

DEAL = _kind(
    "deal",
    "a sale that is open, or ended within the last 365 days",
    _text("name", "the deal's name", "t.name"),
    _text("kind", "what the deal does to the revenue we have", "t.kind", DealKind),
    _text("stage", "how far the deal is", "t.stage", Stage),
    _number(
        "stage_rank",
        "",
        "1 for IDENTIFIED to 4 for NEGOTIATING, 5 for an ended deal",
        f"case t.stage {_RANK} end",
        minimum=1,
        maximum=5,
    ),
    _flag("is_open", "whether it can still be won", _OPEN),
    _text("forecast_category", "how it counts in the forecast", "t.forecast_category", ForecastCategory),
    _number("probability", "percent", "chance of winning", "t.probability", minimum=0, maximum=100),
    _money("amount", "total contract value", "t.amount_minor"),
    _money("weighted_amount", "amount times probability, half a minor unit to the even one", WEIGHTED),
    _days("age_days", "days since the deal was identified", "DAYS(:as_of, t.valid_from)"),
    _days("days_in_stage", "days since it entered its stage", "DAYS(:as_of, t.stage_since)"),
    _days("days_to_close", "days until the expected close; negative when past", "DAYS(t.close_on, :as_of)"),
    _number(
        "pushes", "times", "how often the expected close moved later", "coalesce(h.pushes, 0)", minimum=0
    ),
    _number(
        "contacts",
        "contacts",
        "people taking part in the deal who have not left the customer",
        "coalesce(p.contacts, 0)",
        minimum=0,
    ),
    _text("competitor", "the competitor named on the deal", "t.competitor"),
    _text("next_step", "what is to be done next", "t.next_step"),
    _days("next_step_overdue_days", "days since the next step was due", "DAYS(:as_of, t.next_step_on)"),
    _id("contract_id", "the contract that a renewal or expansion is about", "t.contract_id"),
    _id("owner_id", "the deal's owner", "t.owner_id"),
    _CURRENCY,
)

CONTACT = _kind(
    "contact",
    "a person at the customer",
    _text("name", "the person's name", "t.name"),
    _text("title", "the person's position", "t.title"),
    _text("seniority", "where the person stands in the organisation", "t.seniority", Seniority),
    _days("days_since_contact", "days since the last contact", f"DAYS(:as_of, {CONTACTED})"),
    _flag("has_left", "whether the person has left the customer", "t.left_on <= :as_of"),
    _days(
        "days_since_left",
        "days since the person left; missing for who has not",
        "case when t.left_on <= :as_of then DAYS(:as_of, t.left_on) end",
    ),
)

SERVICE = _kind(
    "service",
    "a service delivered to the customer",
    _text("name", "the service's name", "t.name"),
    _text("state", "its state (TMF638)", "t.state", ServiceState),
    _money("monthly_recurring", "monthly recurring charge", "t.mrc_minor"),
    _money("annual_value", "12 times the monthly recurring charge", "t.mrc_minor * 12"),
    _days("days_since_start", "days since it started", "DAYS(:as_of, t.started_on)"),
    _id("contract_id", "the contract it is delivered under", "t.contract_id"),
    _id("product_id", "the product it is an instance of", "t.product_id"),
    _CURRENCY,
)

USAGE = _kind(
    "usage",
    "what all services of the account were used for in one of the last 12 full months, by unit",
    _text("name", "the month", "t.month"),
    _text("unit", "what the quantity is counted in, such as GB or minutes", "t.unit"),
    _number(
        "months_ago", "months", "1 for the last full month, up to 12", "t.months_ago", minimum=1, maximum=12
    ),
    _number("quantity", "units", "quantity used", "t.quantity", minimum=0),
    _money("charge", "what was billed for it", "t.charge_minor"),
    _CURRENCY,
)

TICKET = _kind(
    "ticket",
    "a trouble ticket that is open, or was resolved within the last 90 days",
    _text("name", "the ticket's title", "t.title"),
    _text("severity", "how bad it is", "t.severity", Severity),
    _number(
        "severity_rank",
        "",
        "0 for LOW to 3 for CRITICAL",
        f"case t.severity {_SEVERITY} end",
        minimum=0,
        maximum=3,
    ),
    _text("state", "its state (TMF621)", "t.state", TicketState),
    _flag(
        "is_open", "whether somebody works on it: not resolved, closed, cancelled or rejected", TICKET_OPEN
    ),
    _days("age_days", "days since it was opened", "DAYS(:as_of, t.opened_on)"),
    _id("service_id", "the service it is about", "t.service_id"),
)

SIGNAL = _kind(
    "signal",
    "something heard about the account within the last 365 days",
    _text("name", "what was heard", "t.summary"),
    _text("kind", "what kind of thing it is", "t.kind", SignalKind),
    _days("age_days", "days since it was observed", "DAYS(:as_of, t.observed_on)"),
    _text("source", "where it came from", "t.source"),
    _id("deal_id", "the deal it is about", "t.deal_id"),
    _id("contact_id", "the contact it is about", "t.contact_id"),
)

REGISTRY = Registry((ACCOUNT, CONTRACT, DEAL, CONTACT, SERVICE, USAGE, TICKET, SIGNAL))
