"""Facts of kind ``bid``: the bids for tenders of the deals that are facts, with what they offer last."""

from __future__ import annotations

from models.asof import as_of_rows, known_change
from models.bids import WHOLE, ApprovalState, Bid, BidApproval, BidDecision, BidState
from models.view import View
from rules.kinds.deal import AMONG_DEALS, deals_in_sight
from rules.kinds.declaring import and_known, days, flag, identity, kind, money, number, text
from rules.registry import Rows

_ENDED = ", ".join(f"'{state}'" for state in BidState if state.has_ended)


def _begun(view: View) -> str:
    """A subquery of the bids that had been made, and were known of."""
    return (
        f"(select b.id from bid b where b.tenant_id = :tenant and b.deal_id in {AMONG_DEALS}"
        " and not exists (select 1 from change c where c.tenant_id = :tenant and c.entity_id = b.id"
        f" and c.field = 'created' and not (c.effective_on <= :as_of{and_known(known_change('c'), view)})))"
    )


def _last_rounds(view: View) -> str:
    """A subquery of the last round of each bid that had been held, with what became of its discount."""
    known = (
        "exists (select 1 from change c where c.tenant_id = :tenant and c.entity_id = r.id"
        f" and c.field = 'created' and {known_change('c', view)})"
    )
    approvals = as_of_rows(BidApproval, ["state"], view)
    return (
        "(select n.*, p.state as approval from (select r.*, row_number() over"
        " (partition by r.bid_id order by r.number desc) as place from bid_round r"
        " where r.tenant_id = :tenant and r.held_on <= :as_of and r.bid_id in"
        f" (select id from bid where tenant_id = :tenant and deal_id in {AMONG_DEALS})"
        f"{and_known(known, view)}) n left join bid_approval q on q.tenant_id = :tenant and q.round_id = n.id"
        f" left join {approvals} p on p.id = q.id where n.place = 1)"
    )


_ROWS = Rows(
    Bid,
    account="d.account_id",
    source="null",
    where=f"d.account_id is not null and b.id is not null and t.deal_id in {AMONG_DEALS}",
    narrowed=True,
    joins={
        "d": (deals_in_sight, "d.id = t.deal_id"),
        "b": (_begun, "b.id = t.id"),
        "r": (_last_rounds, "r.bid_id = t.id"),
    },
)

BID = kind(
    "bid",
    "a bid for a tender of a deal that is open, or ended within the last 365 days",
    _ROWS,
    text("name", "the tender's name", "t.name"),
    text("state", "where it stands", "t.state", BidState),
    flag(
        "is_open",
        "whether the customer may take it still: not won, lost or withdrawn",
        f"t.state not in ({_ENDED})",
    ),
    text("decision", "whether it is made", "t.decision", BidDecision),
    flag("is_decided", "whether somebody decided it, either way", f"t.decision <> '{BidDecision.OPEN}'"),
    days("days_to_due", "days until it is due; negative when that is past", "DAYS(t.due_on, :as_of)"),
    number("rounds", "rounds", "rounds of negotiation so far", "coalesce(r.number, 0)", minimum=0),
    days(
        "days_since_round", "days since the last round; missing before the first", "DAYS(:as_of, r.held_on)"
    ),
    money("offered", "the total contract value that the last round offers", "r.offered_minor"),
    number(
        "discount",
        "percent",
        "the last round's discount against list; negative when more is offered",
        f"{WHOLE}.0 * (r.listed_minor - r.offered_minor) / nullif(r.listed_minor, 0)",
        maximum=WHOLE,
    ),
    number(
        "margin",
        "percent",
        "the last round's margin; missing where the cost is not known",
        f"{WHOLE}.0 * (r.offered_minor - r.cost_minor) / nullif(r.offered_minor, 0)",
        maximum=WHOLE,
    ),
    flag(
        "is_below_floor",
        "whether the last round offers less than the floor",
        "r.offered_minor < r.floor_minor",
    ),
    flag(
        "is_approval_open",
        "whether the last round's discount waits for somebody's word",
        f"r.approval = '{ApprovalState.OPEN}'",
    ),
    flag("deal_is_open", "whether its deal can still be won", "d.is_open = 1"),
    identity("deal_id", "the deal that it is made for", "t.deal_id"),
    text("currency", "ISO 4217 code of the last round's money", "r.currency"),
)
