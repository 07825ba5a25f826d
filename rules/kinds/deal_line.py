"""Facts of kind ``deal_line``: the products of the deals that are facts."""

from __future__ import annotations

from models.catalog import Charge
from models.deals import DealLine
from rules.kinds.deal import AMONG_DEALS, deals_in_sight
from rules.kinds.declaring import CURRENCY, flag, identity, kind, money, number, products, text
from rules.registry import Rows
from rules.tree import MAX_INTEGER

_ROWS = Rows(
    DealLine,
    account="d.account_id",
    where=f"d.account_id is not null and t.removed_on is null and t.deal_id in {AMONG_DEALS}",
    narrowed=True,
    joins={"d": (deals_in_sight, "d.id = t.deal_id"), "p": (products, "p.id = t.product_id")},
)
#: More than any amount can be is missing; it is not computed, as it may be more than a database holds.
_TOTAL = (
    f"case when t.mrc_minor <= {MAX_INTEGER} / (case when t.term_months > 1 then t.term_months else 1 end)"
    " then t.nrc_minor + t.mrc_minor * t.term_months end"
)

DEAL_LINE = kind(
    "deal_line",
    "a product of a deal that is open, or ended within the last 365 days",
    _ROWS,
    text("name", "the product's name", "p.name"),
    text("product_family", "the family that the product belongs to", "p.family"),
    text("charge", "how the product is charged", "p.charge", Charge),
    number("quantity", "units", "how many", "t.quantity", minimum=0),
    money("monthly_recurring", "monthly recurring charge for the whole quantity", "t.mrc_minor"),
    money("one_off", "one-off charge for the whole quantity", "t.nrc_minor"),
    number("term_months", "months", "for how long it is charged", "t.term_months", minimum=0),
    money("total_contract_value", "one-off charge and the monthly ones of the term", _TOTAL),
    flag("deal_is_open", "whether its deal can still be won", "d.is_open = 1"),
    identity("deal_id", "the deal that it is a line of", "t.deal_id"),
    identity("product_id", "the product", "t.product_id"),
    CURRENCY,
)
