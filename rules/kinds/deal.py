"""Facts of kind ``deal``: sales that are open, or ended within a year."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from metrics.stays import usual_stays
from models.asof import as_of_rows, known_change
from models.database import table_in
from models.deals import STAGE_RANK, ContactRole, Deal, DealContact, DealKind, ForecastCategory, Stage
from models.people import Contact
from models.projections import DealLikelihood
from models.qualification import DecisionCriterion, Element, Known
from models.stakeholders import BuyingCentre
from models.view import View
from rules.kinds.buying_centre import COVERAGE, ENGAGED, THERE, contacted_people, finding, needed, parts
from rules.kinds.declaring import (
    CURRENCY,
    OPEN,
    and_known,
    days,
    flag,
    identity,
    kind,
    money,
    number,
    owners,
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
#: The people who take part in them.
AMONG_PEOPLE = f"(select contact_id from deal_contact where tenant_id = :tenant and deal_id in {AMONG_DEALS})"


def _changed(column: str, view: View) -> str:
    """The changes of a column until the date, as a table ``c`` with its conditions."""
    return f"CHANGED(deal, {column}){and_known(known_change('c'), view)}"


def _pushes(view: View) -> str:
    return (
        f"(select c.entity_id, count(*) as pushes from {_changed('close_on', view)} and c.new > c.old"
        " group by c.entity_id)"
    )


def _amounts(view: View) -> str:
    """What the amount was before: the first above nothing, the highest, and the day of the last cut."""
    before, after = "cast(c.old as bigint)", "cast(c.new as bigint)"
    return (
        "(select entity_id, count(*) as changes, max(case when before > after then before else after end)"
        " as peak, max(case when place = 1 and before > 0 then before end) as first,"
        " max(case when after < before then effective_on end) as cut_on"
        f" from (select c.entity_id, c.effective_on, {before} as before, {after} as after,"
        f" row_number() over (partition by c.entity_id, case when {before} > 0 then 1 else 0 end"
        f" order by c.effective_on, c.created_at, c.seq) as place from {_changed('amount_minor', view)}) a"
        " group by entity_id)"
    )


#: The highest amount, and the first.
_PEAK = "case when m.peak > t.amount_minor then m.peak else t.amount_minor end"
_FIRST = "coalesce(m.first, t.amount_minor)"
_CATEGORY = " ".join(
    f"when '{category.value}' then {rank}"
    for rank, category in enumerate(ForecastCategory)
    if category is not ForecastCategory.CLOSED
)


def _raised(view: View) -> str:
    """The day on which the forecast category last rose; won is no category that is raised to."""
    return (
        f"(select c.entity_id, max(c.effective_on) as raised_on from {_changed('forecast_category', view)}"
        f" and case c.new {_CATEGORY} end > case c.old {_CATEGORY} end group by c.entity_id)"
    )


def _usual(_view: View) -> str:
    """How many days deals stay in each stage, as it was found for the whole tenant."""
    return table_in("found_stays", {"stage": "text", "usual_days": "bigint", "long_days": "bigint"})


async def _find_usual(tenant_id: str, as_of: date, known_on: date | None) -> list[dict[str, object]]:
    return [asdict(each) for each in await usual_stays(tenant_id, as_of, known_on)]


def _contacts(counts: str, parts: str, people: str) -> str:
    """Counts over the ``people`` (``t``) and their parts ``s`` in each deal."""
    return (
        f"(select r.deal_id, {counts} from {parts} s join deal_contact r on r.id = s.id"
        f" join {people} on t.id = r.contact_id where s.removed_on is null and r.deal_id in {AMONG_DEALS}"
        f" and {THERE} group by r.deal_id)"
    )


def _people(view: View) -> str:
    parts = as_of_rows(DealContact, ["removed_on"], view)
    return _contacts("count(*) as contacts", parts, stored(Contact, THERE, view=view))


def _engaged(view: View) -> str:
    """Those who were contacted within 90 days, and those whose part it is to decide on the money."""
    buyer = f"s.role = '{ContactRole.ECONOMIC_BUYER.value}'"
    counts = (
        f"sum(case when {ENGAGED} then 1 else 0 end) as engaged,"
        f" sum(case when {buyer} then 1 else 0 end) as buyers"
    )
    parts = as_of_rows(DealContact, ["removed_on", "role"], view)
    return _contacts(counts, parts, contacted_people(AMONG_PEOPLE, THERE, view=view))


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


def _likelihood(view: View) -> str:
    """What the model said of the deals by then; a judgement counts from the day on which it was made."""
    judged = as_of_rows(DealLikelihood, ["deal_id", "probability"], view)
    return f"(select j.deal_id, j.probability from {judged} j where j.deal_id in {AMONG_DEALS})"


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
        "j": (_likelihood, "j.deal_id = t.id"),
        "e": (_engaged, "e.deal_id = t.id"),
        "m": (_amounts, "m.entity_id = t.id"),
        "r": (_raised, "r.entity_id = t.id"),
        "o": (owners, "o.id = t.account_id"),
        "u": (_usual, "u.stage = coalesce(t.pipeline_stage_id, t.stage)"),
        "v": (parts(DealContact, "deal_id", f"t.deal_id in {AMONG_DEALS}"), "v.deal_id = t.id"),
        "n": (needed("found_deal_roles"), "n.kind = t.kind"),
    },
    found={"found_stays": _find_usual, "found_deal_roles": finding(BuyingCentre.DEAL, DealKind)},
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
    days(
        "days_since_category_raised",
        "days since the forecast category last rose; missing when it never did",
        "DAYS(:as_of, r.raised_on)",
    ),
    days(
        "category_raised_days_before_close",
        "days from the day on which the forecast category last rose to the expected close; negative when it"
        " rose after that day",
        "DAYS(t.close_on, r.raised_on)",
    ),
    number("probability", "percent", "chance of winning", "t.probability", minimum=0, maximum=100),
    money("amount", "total contract value", "t.amount_minor"),
    money("weighted_amount", "amount times probability, half a minor unit to the even one", WEIGHTED),
    money(
        "first_amount",
        "the first amount above nothing that it had; its amount when it has had no other",
        _FIRST,
    ),
    money("peak_amount", "the highest amount that it has had", _PEAK),
    number(
        "amount_change_from_first",
        "ratio",
        "the amount against the first one: -0.3 is 30 % less",
        f"case when {_FIRST} > 0 then (1.0 * t.amount_minor) / {_FIRST} - 1 end",
        minimum=-1,
    ),
    number(
        "amount_change_from_peak",
        "ratio",
        "the amount against the highest one: -0.3 is 30 % less, 0 says that it is the highest",
        f"case when {_PEAK} > 0 then (1.0 * t.amount_minor) / ({_PEAK}) - 1 end",
        minimum=-1,
        maximum=0,
    ),
    days(
        "days_since_amount_cut",
        "days since the amount was last lowered; missing when it never was",
        "DAYS(:as_of, m.cut_on)",
    ),
    number(
        "amount_changes",
        "times",
        "how often the amount changed since the deal was identified",
        "coalesce(m.changes, 0)",
        minimum=0,
    ),
    days("age_days", "days since the deal was identified", "DAYS(:as_of, t.valid_from)"),
    days("days_in_stage", "days since it entered its stage", "DAYS(:as_of, t.stage_since)"),
    days(
        "usual_days_in_stage",
        "days within which half of the tenant's deals left the stage, or the pipeline stage, by the stays"
        " that began and ended within 730 days; missing with fewer than 10",
        "u.usual_days",
        minimum=0,
    ),
    days(
        "long_days_in_stage",
        "days within which four of five of the tenant's deals left the stage, missing as the usual ones are",
        "u.long_days",
        minimum=0,
    ),
    days(
        "days_in_stage_over_usual",
        "days_in_stage less usual_days_in_stage; negative until it has stayed longer than half of the others",
        "DAYS(:as_of, t.stage_since) - u.usual_days",
    ),
    days(
        "days_in_stage_over_long",
        "days_in_stage less long_days_in_stage; negative until it has stayed longer than four of five others",
        "DAYS(:as_of, t.stage_since) - u.long_days",
    ),
    days("days_to_close", "days until the expected close; negative when past", "DAYS(t.close_on, :as_of)"),
    days(
        "close_overdue_days",
        "days since the expected close; negative while it lies ahead",
        "DAYS(:as_of, t.close_on)",
    ),
    number("pushes", "times", "how often the expected close moved later", "coalesce(h.pushes, 0)", minimum=0),
    number(
        "contacts",
        "contacts",
        "people taking part in the deal who have not left the customer",
        "coalesce(p.contacts, 0)",
        minimum=0,
    ),
    number(
        "engaged_contacts",
        "contacts",
        "of the people taking part, those who were contacted within the last 90 days",
        "coalesce(e.engaged, 0)",
        minimum=0,
    ),
    number(
        "economic_buyers",
        "contacts",
        "of the people taking part, those whose part is that of the economic buyer",
        "coalesce(e.buyers, 0)",
        minimum=0,
    ),
    number(
        "engaged_economic_buyers",
        "contacts",
        "of these, those who were contacted within the last 90 days",
        "coalesce(v.engaged_buyers, 0)",
        minimum=0,
    ),
    number(
        "champions",
        "contacts",
        "of the people taking part, those whose part is that of the champion",
        "coalesce(v.champions, 0)",
        minimum=0,
    ),
    number(
        "coverage",
        "percent",
        "of the roles that the deal's buying centre needs, those of which somebody was contacted within the"
        " last 90 days; missing while nobody takes part",
        COVERAGE,
        minimum=0,
        maximum=100,
    ),
    number(
        "qualification",
        "percent",
        "share of the elements of MEDDICC that are known, one partly known counts half",
        "coalesce(q.score, 0)",
        minimum=0,
        maximum=100,
    ),
    number(
        "likelihood",
        "percent",
        "chance of winning as learned from the tenant's own past; missing until an open deal was judged",
        f"case when {OPEN} then j.probability end",
        minimum=0,
        maximum=100,
    ),
    text("competitor", "the competitor named on the deal", "t.competitor"),
    text("next_step", "what is to be done next", "t.next_step"),
    days("next_step_overdue_days", "days since the next step was due", "DAYS(:as_of, t.next_step_on)"),
    identity("contract_id", "the contract that a renewal or expansion is about", "t.contract_id"),
    identity("owner_id", "the deal's owner", "t.owner_id"),
    flag(
        "is_account_owners",
        "whether the owner of the deal owns the account too: the quota of the account is that person's",
        "t.owner_id = o.owner_id",
    ),
    CURRENCY,
)
