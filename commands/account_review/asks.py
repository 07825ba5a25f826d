"""What the reader of a review is asked to decide or to do: what waits for somebody's word, or for a door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from commands.account_review.content import Advice, Ask, People, Plan
from metrics.buying_centres import ENGAGED_DAYS
from models.access import Actor
from models.bids import ApprovalState, BidApproval
from models.database import Param, as_int, fetch, listed, one_of
from models.plans import PlanState
from models.visibility import visible

#: So many of the asks of one kind are told.
MOST = 3


@dataclass(frozen=True)
class Discount:
    """A discount that waits for approval, in hundredths of a percent, with the deal that it is for."""

    deal: str
    discount: int


async def waiting_discounts(actor: Actor, account_ids: Sequence[str], as_of: date) -> list[Discount]:
    """The discounts of rounds held by the date that wait for approval still, the largest first."""
    seen = visible(BidApproval, actor, "t")
    params: dict[str, Param] = {**seen.params, "accounts": listed(account_ids), "as_of": as_of}
    rows = await fetch(
        "select d.name, t.discount from bid_approval t join bid b on b.id = t.bid_id"
        " join bid_round r on r.id = t.round_id and r.held_on <= :as_of"
        f" join deal d on d.id = b.deal_id where {seen.sql} and t.state = '{ApprovalState.OPEN.value}'"
        f" and {one_of('d.account_id', 'accounts')} order by t.discount desc, t.id",
        params,
    )
    return [Discount(str(row["name"]), as_int(row["discount"])) for row in rows]


def asks(
    plan: Plan | None,
    people: People | None,
    advice: Sequence[Advice],
    discounts: Sequence[Discount],
    as_of: date,
) -> list[Ask]:
    """What is asked for, what waits for a decision first."""
    return [
        *_of_plan(plan, as_of),
        *(
            Ask(f"Decide on the discount for {each.deal}", f"{each.discount / 100:.2f} % waits for approval")
            for each in discounts[:MOST]
        ),
        *_of_actions(plan, as_of),
        *_of_people(people),
        *_of_advice(advice, as_of),
    ]


def _of_plan(plan: Plan | None, as_of: date) -> Iterator[Ask]:
    if plan is None:
        yield Ask("Agree on an account plan", "none is followed on this day")
    elif plan.state is PlanState.SUBMITTED and plan.plan.submitted_on and plan.plan.submitted_on <= as_of:
        yield Ask(
            f"Approve the plan {plan.plan.name}, or return it", f"submitted on {plan.plan.submitted_on}"
        )
    elif plan.approved is None:
        yield Ask(f"Agree on the plan {plan.name}", "it is a draft that nobody approved")


def _of_actions(plan: Plan | None, as_of: date) -> Iterator[Ask]:
    """Actions of an approved plan that are late: what nobody agreed to is asked of nobody."""
    agreed = plan.actions if plan and plan.approved else ()
    late = [each for each in agreed if each.done_on is None and each.due_on < as_of]
    for each in late[:MOST]:
        yield Ask(f"Have it done, or take it out: {each.title}", f"{each.owner}, due on {each.due_on}")


def _of_people(people: People | None) -> Iterator[Ask]:
    if people is None:
        yield Ask("Find out who decides", "nobody is known at the account")
        return
    centre = people.centre
    if not centre.has_access:
        days = centre.executive_days
        why = "no executive was ever met" if days is None else f"the last contact was {days} days ago"
        yield Ask("Open a door to an executive", f"{why}; access is a contact within {ENGAGED_DAYS} days")
    for member in () if centre.has_champion else centre.champions_left[:MOST]:
        known = people.known[member.person.contact_id]
        yield Ask(f"Win another champion than {known.name}", f"left on {known.left_on}")


def _of_advice(advice: Sequence[Advice], as_of: date) -> Iterator[Ask]:
    late = [each for each in advice if not each.is_accepted and each.due_on < as_of]
    for each in late[:MOST]:
        yield Ask(f"Accept or dismiss: {each.title} ({each.account})", f"was due on {each.due_on}")
