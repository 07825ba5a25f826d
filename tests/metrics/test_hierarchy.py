"""Roll-ups along the tree of accounts: each node comes to its own and what its children come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from commands import accounts, merging
from commands.access import system_actor
from metrics.account_tree import walked
from metrics.hierarchy import ContractEnd, Ending, Figures, Hierarchy, hierarchies
from metrics.portfolio import portfolio
from metrics.sales import ALWAYS, AsOf, DayRange
from models.access import Actor, Tenant, User
from models.accounts import Account
from models.base import today
from models.deals import Stage
from models.errors import BellwetherError
from models.history import Change
from models.recommendations import LineKind, Risk, RiskLine
from models.services import ServiceState
from models.severity import Severity
from models.tickets import TicketState
from tests import factories
from tests.schema.reads.judgements import furnish_tenant
from tests.schema.reads.world import World, write

DAY = factories.TODAY
NOW = AsOf(DAY)


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


async def rolled(actor: Actor, root: str, at: AsOf = NOW, won: DayRange = ALWAYS) -> Hierarchy:
    (found,) = await hierarchies(actor, [root], at, won)
    return found


def summed(parts: Iterable[Figures]) -> dict[str, object]:
    """The figures together."""
    found: dict[str, object] = {each.name: getattr(Figures(), each.name) for each in fields(Figures)}
    endings = {end: [0, 0] for end in ContractEnd}
    for part in parts:
        for each in fields(Figures):
            if each.name != "endings":
                found[each.name] += getattr(part, each.name)
        for end, of in part.endings.items():
            endings[end][0] += of.contracts
            endings[end][1] += of.recurring_minor
    return found | {"endings": {end: Ending(*numbers) for end, numbers in endings.items()}}


async def _risk(of: Account, lines: dict[str, int], **values: Any) -> Risk:
    given: dict[str, Any] = {
        "rule_key": "r", "rulebook_version": "b/1", "subject_key": Risk.make_id(), "title": "At risk",
        "held_since": DAY, "last_seen_on": DAY, "opened_run_id": "run_1", "changed_run_id": "run_1",
        "kind": "CHURN", "severity": Severity.HIGH, "exposure_minor": sum(lines.values()), "currency": "EUR",
        "probability": 0.4, "tenant_id": of.tenant_id, "account_id": of.id,
    }  # fmt: skip
    risk = await Risk.create(id=Risk.make_id(), **(given | values))
    for line, amount in lines.items():
        await RiskLine.create(
            id=RiskLine.make_id(), tenant_id=of.tenant_id, risk_id=risk.id, line_kind=LineKind.CONTRACT,
            line_id=line, part_of=line, amount_minor=amount, currency="EUR", from_on=DAY,
        )  # fmt: skip
    return risk


async def test_a_holding_with_two_companies_by_hand(tenant: Tenant, ada: User) -> None:
    """Holding: a contract of 1,000 a month to the end of 2027. North: one of 200 that ends in 60 days, and a
    deal of 5,000 at 50 percent. South, below North: a deal won in March at 700, and a ticket.
    """
    holding = await factories.account(ada, name="Holding")
    north = await factories.account(ada, name="North", parent_id=holding.id)
    south = await factories.account(ada, name="South", parent_id=north.id)
    large = await factories.contract(holding)
    await factories.contract(north, mrc_minor=200_00, ends_on=DAY + timedelta(days=60))
    await factories.contract(north, mrc_minor=9_00, terminated_on=DAY)  # runs no more
    await factories.deal(north, amount_minor=5_000_01, probability=50)
    won = {"stage": Stage.WON, "probability": 100}
    await factories.deal(south, amount_minor=700_00, closed_on=date(2026, 3, 10), **won)
    await factories.deal(south, amount_minor=800_00, closed_on=date(2025, 12, 31), **won)
    await factories.service(south)
    await factories.service(south, state=ServiceState.TERMINATED)
    await factories.ticket(south)
    await factories.ticket(south, state=TicketState.CLOSED)
    await factories.contact(north)
    await factories.contact(north, left_on=DAY)
    await _risk(holding, {large.id: 12_000_00})
    await _risk(north, {large.id: 12_000_00}, severity=Severity.LOW, probability=0.9)

    actor = await factories.actor(ada)
    quarter = DayRange(date(2026, 1, 1), DAY)
    found = await rolled(actor, holding.id, NOW, quarter)
    assert found.levels == 2
    whole = found.whole
    assert (whole.accounts, whole.contracts, whole.recurring_minor) == (3, 2, 1_200_00)
    assert {end: of for end, of in whole.endings.items() if of.contracts} == {
        ContractEnd.WITHIN_90_DAYS: Ending(1, 200_00), ContractEnd.LATER: Ending(1, 1_000_00),
    }  # fmt: skip
    assert (whole.open_deals, whole.pipeline_minor) == (1, 5_000_01)
    assert (whole.weighted_percents, whole.weighted_minor) == (25_000_050, 2_500_00)  # halves to even
    assert (whole.won_deals, whole.won_minor) == (1, 700_00)
    assert (whole.services, whole.tickets, whole.contacts, whole.recommendations) == (1, 1, 1, 0)
    # Two accounts' risks name the one contract: its money counts once, by the severer one.
    assert (whole.open_risks, whole.lines_at_risk, whole.at_risk_minor) == (2, 1, 12_000_00)
    assert (whole.at_risk_weighted, whole.at_risk_weighted_minor) == (Fraction("480000.0"), 4_800_00)
    assert (found.own.accounts, found.own.contracts, found.own.pipeline_minor) == (1, 1, 0)
    below = await rolled(actor, north.id, NOW, quarter)
    assert (below.levels, below.whole.accounts, below.whole.recurring_minor) == (1, 2, 200_00)
    assert below.whole.at_risk_weighted_minor == 10_800_00
    assert await rolled(actor, "acc_none") == Hierarchy()


async def test_a_node_comes_to_its_own_and_its_childrens(db: str) -> None:
    """Any tree, as of any day and as known on any, for whoever asks, after any moves and merges."""
    world = World(Random("hierarchy"))
    furnish_tenant(world, "a", 14)
    accounts_of = {risk.id: risk.account_id for risk in world.of(Risk)}
    for line in world.of(RiskLine):  # no line is of two accounts: what is counts once, in the test above
        line.line_id, line.part_of = (
            each[:14] + accounts_of[line.risk_id][-26:] for each in (line.line_id, line.part_of)
        )
    await write(world)
    admin, chance = system_actor(world.of(Tenant)[0]), Random("moves")
    actors = [admin] + [
        await factories.actor(world.users[f"{name} of a"])
        for name in ("head", "manager", "director", "deputy")
    ]
    for _ in range(12):
        one, other = chance.sample(await Account.filter(placeholder=False).order_by("id"), 2)
        try:
            if chance.random() < 0.15:
                await merging.merge(admin, one.id, other.id, one.version)
            else:
                to = chance.choice([other.id, None])
                await accounts.update(admin, one.id, one.version, {"parent_id": to})
        except BellwetherError:
            continue
    await _scatter(chance)
    everything = await Account.all()
    checked = circles = 0
    for number in range(12):
        day = chance.choice([today(), DAY - timedelta(days=number * 90), date(2024, 6, 1)])
        at = AsOf(day, chance.choice([None, day, date(2025, 6, 1)]))
        actor = actors[number % len(actors)]
        ids = sorted(account.id for account in everything)
        found = dict(zip(ids, await hierarchies(actor, ids, at, ALWAYS), strict=True))
        for root, of in found.items():
            if not of.whole.accounts:
                continue
            (places,) = await walked(actor, [root], at.day, at.known_on)
            assert (len(places), max(each.depth for each in places)) == (of.whole.accounts, of.levels)
            children = [each.id for each in places if each.depth == 1]
            if any(found[child].whole.accounts >= of.whole.accounts for child in children):
                circles += 1  # what the scattered changes tell cannot have been
                continue
            checked += len(children)
            whole = {each.name: getattr(of.whole, each.name) for each in fields(Figures)}
            parts = [of.own, *(found[child].whole for child in children)]
            assert whole == summed(parts), (root, at)
    assert checked > 10, circles


async def _scatter(chance: Random) -> None:
    """Date what was moved back and forth, and let it be known on other days."""
    for change in await Change.filter(field="parent_id").order_by("id"):
        effective, known = (
            DAY - timedelta(days=chance.choice([0, 30, 100, 300, 500, 800])) for _ in range(2)
        )
        await Change.filter(id=change.id).update(effective_on=effective, known_on=known)


async def test_the_whole_tree_is_what_the_portfolio_has(db: str) -> None:
    world = World(Random("hierarchy"))
    furnish_tenant(world, "a", 14)
    top = world.of(Account)[0]
    top.owner_id = world.users["head of a"].id
    for each in world.of(Account):
        each.parent_id, each.valid_from = None if each is top else top.id, None
    await write(world)
    for name in ("admin", "head"):
        actor = await factories.actor(world.users[f"{name} of a"])
        for day in (DAY, date(2025, 3, 1)):
            whole, all_of_it = (await rolled(actor, top.id, AsOf(day))).whole, await portfolio(actor, day)
            assert {
                "open_deals": whole.open_deals,
                "open_pipeline_minor": whole.pipeline_minor,
                "weighted_pipeline_minor": whole.weighted_minor,
                "active_contracts": whole.contracts,
                "recurring_minor": whole.recurring_minor,
                "at_risk_minor": whole.at_risk_minor,
                "at_risk_weighted_minor": whole.at_risk_weighted_minor,
                "lines_at_risk": whole.lines_at_risk,
                "open_risks": whole.open_risks,
            } == asdict(all_of_it.total)


async def test_what_accounts_come_to_by_themselves_adds_up_to_the_portfolio(db: str) -> None:
    """For whoever owns an account, and for whoever sees it for a deal of theirs alone."""
    world = World(Random("hierarchy"))
    furnish_tenant(world, "a", 14)
    for account in world.of(Account):
        account.valid_from = None
    await write(world)
    ids, own = [each.id for each in world.of(Account)], 0
    for name in ("manager", "director", "deputy"):
        actor = await factories.actor(world.users[f"{name} of a"])
        for day in (DAY, date(2025, 3, 1)):
            found = [one.own for one in await hierarchies(actor, ids, AsOf(day), ALWAYS)]
            total = (await portfolio(actor, day)).total
            for ours, theirs in (
                ("open_deals", "open_deals"),
                ("pipeline_minor", "open_pipeline_minor"),
                ("contracts", "active_contracts"),
                ("recurring_minor", "recurring_minor"),
                ("open_risks", "open_risks"),
            ):
                assert sum(getattr(of, ours) for of in found) == getattr(total, theirs), (name, day, ours)
            owned = await Account.filter(owner_id__in=actor.owners).count()
            own += sum(of.accounts for of in found) - owned
    assert own > 0, "nobody sees an account for a deal alone"
