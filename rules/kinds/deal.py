"""Facts of kind ``deal``: sales that are open, or ended within a year."""

from __future__ import annotations

from models.asof import as_of_rows, known_change
from models.deals import STAGE_RANK, Deal, DealContact, DealKind, ForecastCategory, Stage
from models.people import Contact
from models.qualification import DecisionCriterion, Element, Known
from models.view import View
from rules.kinds.declaring import (
    CURRENCY,
    KEPT,
    OPEN,
    and_known,
    days,
    flag,
    identity,
    kind,
    money,
    number,
    stored,
    text,
)
from rules.registry import Rows

_RANK = " ".join(f"when '{stage.value}' then {rank}" for stage, rank in STAGE_RANK.items())
#: Percent of an amount, rounded as money is: to the nearest minor unit, a half to the even one.
_HUNDREDTHS = "t.amount_minor * t.probability"
WEIGHTED = (
    f"({_HUNDREDTHS} / 100"
    f" + case when {_HUNDREDTHS} % 100 + ({_HUNDREDTHS} / 100) % 2 > 50 then 1 else 0 end)"
)
#: The deals of the accounts whose facts are gathered.
AMONG_DEALS = "(select id from deal where tenant_id = :tenant and AMONG(account_id))"


def _pushes(view: View) -> str:
    return (
        "(select entity_id, count(*) as pushes from change c where tenant_id = :tenant and entity = 'deal'"
        f" and entity_id in {AMONG_DEALS} and field = 'close_on' and effective_on <= :as_of and new > old"
        f"{and_known(known_change('c'), view)} group by entity_id)"
    )


def _people(view: View) -> str:
    there = f"(t.left_on is null or t.left_on > :as_of) and {KEPT}"
    parts = as_of_rows(DealContact, ["removed_on"], view)
    return (
        f"(select r.deal_id, count(*) as contacts from {parts} s join deal_contact r on r.id = s.id"
        f" join {stored(Contact, there, view=view)}"
        f" on t.id = r.contact_id where s.removed_on is null and r.deal_id in {AMONG_DEALS} and {there}"
        " group by r.deal_id)"
    )


def _elements(view: View) -> str:
    """The share of the elements of MEDDICC that are known, as ``metrics/qualification.py`` has it."""
    known = as_of_rows(DecisionCriterion, ["deal_id", "element", "state"], view)
    worth = f"case c.state when '{Known.VALIDATED}' then 2 when '{Known.PARTLY}' then 1 else 0 end"
    optional = ", ".join(f"'{element}'" for element in Element if element.is_optional)
    always = sum(not element.is_optional for element in Element)
    counted = f"{always} + sum(case when c.element in ({optional}) then 1 else 0 end)"
    return (
        f"(select c.deal_id, 50.0 * sum({worth}) / ({counted}) as score from {known} c"
        f" where c.deal_id in {AMONG_DEALS} group by c.deal_id)"
    )


#: A deal that is a fact.
_IN_SIGHT = "(t.closed_on is null or t.closed_on > :day_365)"


def deals_in_sight(view: View) -> str:
    """A subquery of the deals that are facts, for what belongs to them: whose, and whether they are open."""
    select = f"t.id, t.account_id, case when {OPEN} then 1 else 0 end as is_open"
    rows = stored(Deal, select, _IN_SIGHT, view=view)
    return f"(select {select} from {rows} where {_IN_SIGHT} and AMONG(t.account_id))"


_ROWS = Rows(
    Deal,
    where=_IN_SIGHT,
    joins={
        "h": (_pushes, "h.entity_id = t.id"),
        "p": (_people, "p.deal_id = t.id"),
        "q": (_elements, "q.deal_id = t.id"),
    },
)

DEAL = kind(
    "deal",
    "a sale that is open, or ended within the last 365 days",
    _ROWS,
    text("name", "the deal's name", "t.name"),
    text("kind", "what the deal does to the revenue we have", "t.kind", DealKind),
    text("stage", "how far the deal is", "t.stage", Stage),
    number(
        "stage_rank",
        "",
        "1 for IDENTIFIED to 4 for NEGOTIATING, 5 for an ended deal",
        f"case t.stage {_RANK} end",
        minimum=1,
        maximum=5,
    ),
    flag("is_open", "whether it can still be won", OPEN),
    text("forecast_category", "how it counts in the forecast", "t.forecast_category", ForecastCategory),
    number("probability", "percent", "chance of winning", "t.probability", minimum=0, maximum=100),
    money("amount", "total contract value", "t.amount_minor"),
    money("weighted_amount", "amount times probability, half a minor unit to the even one", WEIGHTED),
    days("age_days", "days since the deal was identified", "DAYS(:as_of, t.valid_from)"),
    days("days_in_stage", "days since it entered its stage", "DAYS(:as_of, t.stage_since)"),
    days("days_to_close", "days until the expected close; negative when past", "DAYS(t.close_on, :as_of)"),
    number("pushes", "times", "how often the expected close moved later", "coalesce(h.pushes, 0)", minimum=0),
    number(
        "contacts",
        "contacts",
        "people taking part in the deal who have not left the customer",
        "coalesce(p.contacts, 0)",
        minimum=0,
    ),
    number(
        "qualification",
        "percent",
        "share of the elements of MEDDICC that are known, one partly known counts half",
        "coalesce(q.score, 0)",
        minimum=0,
        maximum=100,
    ),
    text("competitor", "the competitor named on the deal", "t.competitor"),
    text("next_step", "what is to be done next", "t.next_step"),
    days("next_step_overdue_days", "days since the next step was due", "DAYS(:as_of, t.next_step_on)"),
    identity("contract_id", "the contract that a renewal or expansion is about", "t.contract_id"),
    identity("owner_id", "the deal's owner", "t.owner_id"),
    CURRENCY,
)
