"""Accounts that were written to and are to be judged again: every write notes them, whoever waits is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from weakref import WeakSet

from models.access import Tenant
from models.accounts import Account
from models.base import Record
from models.bids import Bid, BidApproval, BidRound
from models.catalog import Product
from models.competition import CompetitorPosition
from models.database import as_int, fetch
from models.deals import Deal, DealContact, DealLine
from models.forecast import Quota
from models.people import Contact, Interaction
from models.plan_records import PlanJudgement
from models.plans import AccountPlan, Objective, PlanAction
from models.projections import DealLikelihood
from models.qualification import DecisionCriterion
from models.revenue import Contract
from models.rulebooks import PendingJudgement
from models.services import Service, UsageMonth
from models.signals import Signal
from models.stakeholders import Assessment, BuyingCentre, NeededRoles, Stakeholder
from models.tickets import Ticket
from models.trends import Trend
from models.whitespace import AccountPotential

#: Records of an account that facts are made of.
_OF_ACCOUNT = (
    Contract, Deal, Contact, Service, UsageMonth, Ticket, Signal,
    Interaction, AccountPlan, Objective, PlanAction, PlanJudgement, Stakeholder, Assessment,
    Trend, CompetitorPosition, AccountPotential,
)  # fmt: skip
#: Records of a deal that facts are made of.
_OF_DEAL = (DealLine, DealContact, DecisionCriterion, DealLikelihood, Bid)
#: Records of a bid that facts are made of.
_OF_BID = (BidRound, BidApproval)
BATCH = 500
#: Set when something was noted by this process.
_waiting: WeakSet[asyncio.Event] = WeakSet()


def touched(record: Record) -> set[str]:
    """The ids of the accounts whose facts a record is part of."""
    if isinstance(record, Account):
        return {record.id}
    return {record.account_id} if isinstance(record, _OF_ACCOUNT) else set()


async def accounts_of(tenant_id: str, records: Iterable[Record]) -> set[str]:
    """The ids of the accounts whose facts these records are part of: by deals, bids, products, quotas too.

    People count wherever they take part, the roles that are needed wherever anybody does.
    """
    written = list(records)
    found = set().union(*map(touched, written))
    deals = {record.deal_id for record in written if isinstance(record, _OF_DEAL)}
    products = {record.id for record in written if isinstance(record, Product)}
    bids = {record.bid_id for record in written if isinstance(record, _OF_BID)}
    found |= await _accounts(tenant_id, Deal, "id", deals)
    found |= await _accounts(tenant_id, Deal, "bids__id", bids)
    found |= await _accounts(tenant_id, Deal, "lines__product_id", products)
    people = {record.id for record in written if isinstance(record, Contact)}
    people |= {each.contact_id for each in written if isinstance(each, Interaction) and each.contact_id}
    found |= await _accounts(tenant_id, Deal, "contact_roles__contact_id", people)
    for needed in (record for record in written if isinstance(record, NeededRoles)):
        found |= await _mapped(tenant_id, needed.of)
    found |= await _accounts(tenant_id, Service, "product_id", products)
    owners = {record.user_id for record in written if isinstance(record, Quota) and record.user_id}
    if owners:
        owned = Account.filter(tenant_id=tenant_id, owner_id__in=sorted(owners))
        found |= {str(account) for account in await owned.values_list("id", flat=True)}
    return found


async def _accounts(
    tenant_id: str, model: type[Deal] | type[Service], key: str, ids: Iterable[str]
) -> set[str]:
    """The ids of the accounts of the rows that ``key`` names by one of these ids."""
    wanted, found = sorted(ids), set[str]()
    for start in range(0, len(wanted), BATCH):
        rows = model.filter(tenant_id=tenant_id, **{f"{key}__in": wanted[start : start + BATCH]}).distinct()
        found |= {str(account) for account in await rows.values_list("account_id", flat=True)}
    return found


async def _mapped(tenant_id: str, of: BuyingCentre) -> set[str]:
    """The ids of the accounts of which somebody has a part in the buying centre, or in that of a deal."""
    rows = (
        Stakeholder.filter(tenant_id=tenant_id)
        if of is BuyingCentre.ACCOUNT
        else Deal.filter(tenant_id=tenant_id, contact_roles__id__isnull=False)
    )
    return {str(account) for account in await rows.distinct().values_list("account_id", flat=True)}


async def note(tenant_id: str, account_ids: Iterable[str]) -> None:
    """Have the accounts judged again, once the transaction that this is in has ended."""
    ids = sorted(account_ids)
    for start in range(0, len(ids), BATCH):
        await PendingJudgement.bulk_create(
            [
                PendingJudgement(
                    id=PendingJudgement.make_id(),
                    tenant_id=tenant_id,
                    account_id=account_id,
                    touch=PendingJudgement.make_id(),
                )
                for account_id in ids[start : start + BATCH]
            ],
            on_conflict=["tenant_id", "account_id"],
            update_fields=["touch", "updated_at"],
        )


def announce() -> None:
    """Wake who waits for accounts to judge in this process."""
    for event in list(_waiting):
        event.set()


def bell() -> asyncio.Event:
    """An event that is set whenever accounts were noted by this process."""
    event = asyncio.Event()
    _waiting.add(event)
    return event


async def waiting(tenant_id: str, most: int | None = None) -> Mapping[str, str]:
    """Accounts to judge, those that have waited longest first, with what their last write is known by."""
    rows = await fetch(
        "select account_id, touch from pending_judgement where tenant_id = :tenant order by updated_at, id"
        + (f" limit {most}" if most else ""),
        {"tenant": tenant_id},
    )
    return {str(row["account_id"]): str(row["touch"]) for row in rows}


async def number() -> int:
    """How many accounts wait to be judged, of all tenants."""
    (row,) = await fetch("select count(*) as waiting from pending_judgement")
    return as_int(row["waiting"])


async def done(tenant_id: str, judged: Mapping[str, str]) -> None:
    """These accounts were judged; those that were written to meanwhile stay."""
    touches = list(judged.values())
    for start in range(0, len(touches), BATCH):
        await PendingJudgement.filter(tenant_id=tenant_id, touch__in=touches[start : start + BATCH]).delete()


async def tenants() -> list[Tenant]:
    """The tenants that have accounts to judge."""
    rows = await fetch("select distinct tenant_id from pending_judgement")
    return await Tenant.filter(id__in=[str(row["tenant_id"]) for row in rows])
