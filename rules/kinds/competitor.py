"""Facts of kind ``competitor``: where others stand at the account, in each product family."""

from __future__ import annotations

from models.competition import CompetitorPosition, PositionRole
from models.trends import Confidence
from models.view import View
from rules.kinds.declaring import CURRENCY, days, identity, kind, money, number, text
from rules.registry import Rows


def _competitors(_view: View) -> str:
    """What competitors are called: as now, for every date."""
    return "(select id, name from competitor where tenant_id = :tenant)"


COMPETITOR = kind(
    "competitor",
    "where a competitor stands at the account in a product family",
    Rows(
        CompetitorPosition,
        where="t.removed_on is null and t.observed_on <= :as_of",
        joins={"c": (_competitors, "c.id = t.competitor_id")},
    ),
    text("name", "the competitor's name", "c.name"),
    text("product_family", "the product family", "t.product_family"),
    text("role", "what it is to the account in the family", "t.role", PositionRole),
    number("share", "percent", "part of what the account buys of the family", "t.share", 0, 100),
    days(
        "days_to_contract_end",
        "days until its contract ends; negative when it has, missing when that is not known",
        "DAYS(t.contract_ends_on, :as_of)",
    ),
    money("monthly_price", "the monthly charge that was seen; missing when none was", "t.price_minor"),
    money("annual_price", "12 times that; missing when none was seen", "t.price_minor * 12"),
    number("price_term_months", "months", "over how many months that is", "t.price_term_months", minimum=0),
    text("confidence", "how sure it is", "t.confidence", Confidence),
    days("days_since_observed", "days since it was observed", "DAYS(:as_of, t.observed_on)", minimum=0),
    identity("competitor_id", "the competitor", "t.competitor_id"),
    CURRENCY,
)
