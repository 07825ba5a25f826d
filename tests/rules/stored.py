"""Random portfolios as rows, with values from the small domains that random rules compare with."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from models.access import Tenant
from models.accounts import Account, Tier
from models.bids import BidDecision, BidState
from models.catalog import Charge, Product
from models.database import refresh_statistics
from models.deals import ContactRole, Deal, DealKind, Stage
from models.events import Dimension
from models.people import Contact, Seniority
from models.plan_records import Health
from models.plans import PlanState
from models.severity import Severity
from models.signals import SignalKind
from models.tickets import TicketState
from tests import factories
from tests.rules.generate import TEXTS
from tests.together import together

DAY = factories.TODAY
_DAYS = (0, 1, 2, 3, 50, 100, 400)
_MINOR = (0, 1, 2, 3, 50, 100)


def _ago(rng: random.Random) -> date:
    return DAY - timedelta(days=rng.choice(_DAYS))


def _around(rng: random.Random) -> date:
    return DAY + timedelta(days=rng.choice(_DAYS) * rng.choice([1, -1]))


def _maybe(rng: random.Random, value: Any) -> Any:
    return value if rng.random() < 0.8 else None


async def portfolio(rng: random.Random, size: int) -> str:
    """The id of a tenant with so many accounts."""
    async with together():
        tenant = await _tenant(rng, size)
    await refresh_statistics()
    return tenant.id


async def _tenant(rng: random.Random, size: int) -> Tenant:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    products = [
        await factories.product(tenant, name=text, family=_maybe(rng, rng.choice(TEXTS)), charge=charge)
        for text in ("x", "y")
        for charge in Charge
    ]
    for _ in range(size):
        account = await factories.account(
            owner,
            name=rng.choice(TEXTS),
            tier=rng.choice(list(Tier)),
            segment=_maybe(rng, rng.choice(["s", "t"])),
            employees=_maybe(rng, rng.choice([0, 1, 2, 3, 2**31 - 1])),
            sites=_maybe(rng, rng.choice([0, 1, 9, 2**31 - 1])),
            placeholder=rng.random() < 0.1,
        )
        await _belongings(rng, account, products)
    for part in ("s", "t"):
        await factories.event(
            tenant,
            measure=rng.choice(TEXTS),
            dimension=Dimension.SEGMENT,
            part=part,
            started_on=_around(rng),
            lapsed_on=_maybe(rng, _around(rng)),
        )
    return tenant


async def _parts(rng: random.Random, of: Deal, products: list[Product], contacts: list[Contact]) -> None:
    """What a deal is made of, and who takes part in it."""
    for _ in range(rng.randrange(3)):
        await factories.deal_line(
            of,
            rng.choice(products),
            quantity=rng.choice([0, 1, 2]),
            mrc_minor=rng.choice([*_MINOR, 2**53 - 1]),
            nrc_minor=rng.choice(_MINOR),
            term_months=rng.choice([0, 1, 2, 3, 2**31 - 1]),
            valid_from=rng.choice([None, _around(rng)]),
        )
    for _ in range(rng.randrange(2)):
        bid = await factories.bid(
            of,
            name=rng.choice(TEXTS),
            due_on=_around(rng),
            state=rng.choice(list(BidState)),
            decision=rng.choice(list(BidDecision)),
        )
        for number in range(1, rng.randrange(1, 4)):
            await factories.bid_round(
                bid,
                number=number,
                held_on=_around(rng),
                offered_minor=rng.choice(_MINOR),
                floor_minor=_maybe(rng, rng.choice(_MINOR)),
            )
    for contact in contacts:
        if rng.random() < 0.7:
            await factories.deal_contact(of, contact, role=rng.choice(list(ContactRole)))


async def _plan(rng: random.Random, of: Account) -> None:
    """A plan with objectives and actions, judged or not."""
    plan = await factories.account_plan(
        of,
        state=rng.choice(list(PlanState)),
        last_on=_around(rng),
        revenue_target_minor=_maybe(rng, rng.choice(_MINOR)),
        closed_on=_maybe(rng, _around(rng)),
        valid_from=_ago(rng),
    )
    objectives = [await factories.objective(plan) for _ in range(rng.randrange(3))]
    for objective in objectives[::2]:
        await factories.plan_action(plan, objective_id=objective.id, due_on=_around(rng))
    if rng.random() < 0.7:
        counted = ("objectives", "objectives_behind", "objectives_without_action", "actions_overdue")
        await factories.plan_judgement(
            plan, rng.choice(list(Health)), **{name: rng.choice([0, 1, 2, 3]) for name in counted}
        )


async def _belongings(rng: random.Random, of: Account, products: list[Product]) -> None:
    contracts = [
        await factories.contract(
            of,
            mrc_minor=rng.choice(_MINOR),
            starts_on=_around(rng),
            ends_on=_maybe(rng, _around(rng)),
            notice_days=rng.choice([0, 1, 2, 3]),
            source=rng.choice(["x", "y"]),
        )
        for _ in range(rng.randrange(3))
    ]
    for _ in range(rng.randrange(3)):
        await _plan(rng, of)
    deals = [
        await factories.deal(
            of,
            amount_minor=rng.choice(_MINOR),
            kind=rng.choice(list(DealKind)),
            stage=rng.choice(list(Stage)),
            stage_since=_ago(rng),
            valid_from=_ago(rng),
            close_on=_maybe(rng, _around(rng)),
            closed_on=_maybe(rng, _ago(rng)),
            probability=rng.choice([0, 1, 2, 3]),
            competitor=_maybe(rng, rng.choice(TEXTS)),
            contract_id=_maybe(rng, rng.choice(contracts).id) if contracts else None,
        )
        for _ in range(rng.randrange(3))
    ]
    contacts = [
        await factories.contact(
            of,
            name=rng.choice(TEXTS),
            title=_maybe(rng, rng.choice(TEXTS)),
            seniority=rng.choice(list(Seniority)),
            last_contacted_on=_maybe(rng, _around(rng)),
            left_on=rng.choice([None, None, _around(rng)]),
        )
        for _ in range(rng.randrange(3))
    ]
    for deal in deals:
        await _parts(rng, deal, products, contacts)
    for _ in range(rng.randrange(3)):
        await factories.ticket(
            of,
            severity=rng.choice(list(Severity)),
            state=rng.choice(list(TicketState)),
            opened_on=_around(rng),
            resolved_on=rng.choice([None, _around(rng)]),
        )
    for _ in range(rng.randrange(3)):
        await factories.signal(of, kind=rng.choice(list(SignalKind)), observed_on=_around(rng))
    for back in rng.choice([(), (1, 2, 3, 4, 5, 6)]):
        index = DAY.year * 12 + DAY.month - 1 - back
        await factories.usage(of, date(index // 12, index % 12 + 1, 1), rng.choice([1, 2, 3, 7]))
