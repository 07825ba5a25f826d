"""What a deal has of the facts that its stage may need, each with the record that shows it."""

from __future__ import annotations

from datetime import date

from metrics.bids import not_approved
from models.bids import Bid, BidDecision, BidState
from models.deals import ContactRole, Deal, DealCompetitor, DealContact, DealLine
from models.pipelines import ExitFact
from models.qualification import VALIDATED_FACTS, DecisionCriterion, Known

#: Facts, each with the id of the record that shows it.
Shown = dict[ExitFact, str]
_ROLES = {
    ContactRole.ECONOMIC_BUYER: ExitFact.ECONOMIC_BUYER_KNOWN,
    ContactRole.CHAMPION: ExitFact.CHAMPION_KNOWN,
    ContactRole.DECISION_MAKER: ExitFact.DECISION_MAKER_KNOWN,
}


async def shown_by(deal: Deal, as_of: date) -> Shown:
    """The facts that a deal has now; a person who has left the customer by ``as_of`` shows none.

    Sources: amount, dates and next step are the deal's own; a line, a part in the deal, a competitor, a
    decision criterion and a bid are records of it that stand.
    """
    parts = {"tenant_id": deal.tenant_id, "deal_id": deal.id}
    shown = _of_deal(deal)
    for line in await DealLine.filter(**parts, removed_on=None).order_by("id").limit(1):
        shown[ExitFact.LINE_PRESENT] = line.id
    people = DealContact.filter(**parts, removed_on=None, role__in=list(_ROLES)).order_by("id")
    for part in await people.prefetch_related("contact"):
        left = part.contact.left_on  # type: ignore[attr-defined]
        if left is None or left > as_of:
            shown.setdefault(_ROLES[ContactRole(part.role)], part.id)
    for competitor in await DealCompetitor.filter(**parts, removed_on=None).order_by("id").limit(1):
        shown.setdefault(ExitFact.COMPETITION_KNOWN, competitor.id)
    for criterion in await DecisionCriterion.filter(**parts, state=Known.VALIDATED):
        shown[VALIDATED_FACTS[criterion.element]] = criterion.id
    return shown | await _of_bids(deal)


async def _of_bids(deal: Deal) -> Shown:
    shown: Shown = {}
    bids = await Bid.filter(tenant_id=deal.tenant_id, deal_id=deal.id).order_by("id")
    for bid in bids:
        if BidDecision(bid.decision) is not BidDecision.OPEN:
            shown.setdefault(ExitFact.BID_DECIDED, bid.id)
    gone = (BidState.LOST, BidState.WITHDRAWN)
    counted = [bid for bid in bids if BidState(bid.state) not in gone and bid.decision != BidDecision.NO_GO]
    offered = [bid for bid in counted if bid.rounds_held]
    if offered and not any([await not_approved(bid) for bid in offered]):
        shown[ExitFact.OFFER_APPROVED] = offered[-1].id
    return shown


def _of_deal(deal: Deal) -> Shown:
    has = {
        ExitFact.AMOUNT_SET: deal.amount_minor > 0,
        ExitFact.CLOSE_DATE_SET: deal.close_on is not None,
        ExitFact.NEXT_STEP_PLANNED: bool(deal.next_step) and deal.next_step_on is not None,
        ExitFact.COMPETITION_KNOWN: bool(deal.competitor) or deal.uncontested,
    }
    return {fact: deal.id for fact, is_so in has.items() if is_so}
