"""What rules know of buying centres: by hand, and the same as what is shown of them."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest

from commands import people, stakeholders
from commands.access import system_actor
from commands.pending import accounts_of
from metrics.buying_centres import Centre, centres
from models.access import Role, Tenant, User
from models.accounts import Account, Tier
from models.deals import ContactRole, Deal, DealKind
from models.rulebooks import PendingJudgement
from models.stakeholders import Assessment, BuyingCentre, NeededRoles, Support
from rules.facts import gather
from rules.needs import everything
from rules.reference import Fact
from tests import factories

DAY = factories.TODAY
NEEDS = everything(["account", "deal", "deal_contact"])


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def owner(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def account(owner: User) -> Account:
    return await factories.account(owner)


async def _facts(account: Account, kind: str, as_of: date = DAY) -> tuple[Fact, ...]:
    return tuple((await gather(account.tenant_id, [account.id], as_of, NEEDS))[account.id].get(kind, ()))


async def _account_fact(account: Account, as_of: date = DAY) -> list[object]:
    (fact,) = await _facts(account, "account", as_of)
    return [fact.get(name) for name in ("stakeholders", "champions", "coverage")]


async def _in_deal(deal: Deal, account: Account, role: ContactRole, contacted: int | None) -> None:
    when = None if contacted is None else ago(contacted)
    contact = await factories.contact(account, last_contacted_on=when)
    await factories.deal_contact(deal, contact, role=role)


async def test_an_accounts_coverage_by_hand(account: Account) -> None:
    """Needed: economic buyer, decision maker, champion. The buyer was contacted 90 days ago: 1 of 3."""
    assert await _account_fact(account) == [0, 0, None]
    for role, contacted, left in (
        (ContactRole.ECONOMIC_BUYER, 90, None),
        (ContactRole.DECISION_MAKER, 91, None),
        (ContactRole.CHAMPION, 5, 3),
        (ContactRole.BLOCKER, 5, None),
    ):
        contact = await factories.contact(
            account, last_contacted_on=ago(contacted), left_on=left and ago(left)
        )
        await factories.stakeholder(contact, role=role)
    assert await _account_fact(account) == [3, 0, 33.3]
    assert await _account_fact(account, ago(4)) == [4, 1, 100]
    assert await _account_fact(account, DAY + timedelta(days=1)) == [3, 0, 0]
    await NeededRoles.create(
        id=NeededRoles.make_id(),
        tenant_id=account.tenant_id,
        of=BuyingCentre.ACCOUNT,
        kind=account.tier,
        roles=["BLOCKER"],
    )
    assert await _account_fact(account) == [3, 0, 100]


async def test_a_deals_coverage_by_hand(account: Account) -> None:
    """Needed: economic buyer, technical, user, champion. A user and a champion are engaged: 2 of 4."""
    deal = await factories.deal(account)
    (fact,) = await _facts(account, "deal")
    assert "coverage" not in fact
    await _in_deal(deal, account, ContactRole.ECONOMIC_BUYER, None)
    await _in_deal(deal, account, ContactRole.USER, 0)
    await _in_deal(deal, account, ContactRole.CHAMPION, 7)
    (fact,) = await _facts(account, "deal")
    counted = ("coverage", "champions", "economic_buyers", "engaged_economic_buyers")
    assert [fact[name] for name in counted] == [50, 1, 1, 0]
    await _in_deal(deal, account, ContactRole.ECONOMIC_BUYER, 1)
    (fact,) = await _facts(account, "deal")
    assert [fact[name] for name in counted] == [75, 1, 2, 1]


async def test_capability_14_coverage_of_an_account_and_its_deal_differ_as_their_maps_do(
    account: Account,
) -> None:
    deal, contact = (
        await factories.deal(account),
        await factories.contact(account, last_contacted_on=ago(1)),
    )
    await factories.stakeholder(contact, role=ContactRole.CHAMPION)
    await factories.deal_contact(deal, contact, role=ContactRole.BLOCKER)
    assert (await _account_fact(account))[1:] == [1, 33.3]
    (fact,) = await _facts(account, "deal")
    assert (fact["champions"], fact["coverage"]) == (0, 0)


async def test_a_person_is_judged_in_a_deal_by_what_was_said_there_alone(
    account: Account, owner: User
) -> None:
    deal, contact = await factories.deal(account), await factories.contact(account)
    await factories.deal_contact(deal, contact, role=ContactRole.USER)
    for deal_id, support in ((None, Support.ENEMY), (deal.id, Support.MENTOR)):
        (part,) = await _facts(account, "deal_contact")
        assert "support" not in part
        await Assessment.create(
            id=Assessment.make_id(),
            tenant_id=account.tenant_id,
            account_id=account.id,
            contact_id=contact.id,
            deal_id=deal_id,
            support=support,
            assessed_on=ago(1),
        )
    await factories.interaction(account, contact_id=contact.id, user_id=owner.id, happened_on=DAY)
    (part,) = await _facts(account, "deal_contact")
    assert (part["support"], part["colleagues_in_contact"]) == ("MENTOR", 1)
    assert part["strength"] == 40 + 6 + 5  # today, one of six, somebody of the staff
    (part,) = await _facts(account, "deal_contact", ago(2))
    assert "support" not in part


@pytest.mark.parametrize("seed", range(3))
async def test_rules_and_readers_see_the_same_coverage(tenant: Tenant, owner: User, seed: int) -> None:
    random = Random(seed)
    accounts = [await factories.account(owner, tier=random.choice(list(Tier))) for _ in range(6)]
    for of, kinds in ((BuyingCentre.ACCOUNT, ["", *Tier]), (BuyingCentre.DEAL, ["", *DealKind])):
        roles = [role.value for role in random.sample(list(ContactRole), random.randrange(1, 5))]
        await NeededRoles.create(
            id=NeededRoles.make_id(),
            tenant_id=tenant.id,
            of=of,
            kind=random.choice(kinds),
            roles=roles,
        )
    deals = [await factories.deal(random.choice(accounts)) for _ in range(6)]
    for _ in range(30):
        when, left = random.choice([None, 0, 89, 90, 91, 200]), random.choice([None, None, 0, 1, 50])
        contact = await factories.contact(
            random.choice(accounts),
            last_contacted_on=None if when is None else ago(when),
            left_on=None if left is None else ago(left),
        )
        await factories.stakeholder(contact, role=random.choice(list(ContactRole)))
        await factories.deal_contact(random.choice(deals), contact, role=random.choice(list(ContactRole)))
    reader = system_actor(tenant)
    for as_of in (DAY, ago(1), ago(40)):
        known = await gather(tenant.id, [each.id for each in accounts], as_of, NEEDS)
        for of, kind in ((BuyingCentre.ACCOUNT, "account"), (BuyingCentre.DEAL, "deal")):
            shown = await centres(reader, of, as_of)
            told = {str(fact["id"]): fact for facts in known.values() for fact in facts.get(kind, ())}
            assert {key: _told(told[key]) for key in shown} == {
                key: _shown(centre) for key, centre in shown.items()
            }


def _told(fact: Fact) -> object:
    return fact.get("coverage"), fact["champions"]


def _shown(centre: Centre) -> object:
    there = [each for each in centre.members if each.is_there]
    champions = sum(each.role is ContactRole.CHAMPION for each in there)
    if not there or centre.coverage is None:
        return None, champions
    covered = math.floor(1000 * centre.coverage + Fraction(1, 2)) / 10
    return int(covered) if covered == int(covered) else covered, champions


async def test_what_is_needed_and_who_is_met_elsewhere_has_accounts_judged_again(
    tenant: Tenant, owner: User, account: Account
) -> None:
    admin = await factories.actor(await factories.user(tenant, Role.ADMIN))
    other = await factories.account(owner)
    consultant = await factories.contact(other)
    deal = await factories.deal(account)
    await factories.deal_contact(deal, consultant, role=ContactRole.TECHNICAL)
    assert await accounts_of(tenant.id, [consultant]) == {account.id, other.id}
    await people.record_interaction(
        admin,
        {"account_id": other.id, "contact_id": consultant.id, "kind": "CALL", "happened_on": DAY},
    )
    assert await _pending() == {account.id, other.id}
    await PendingJudgement.all().delete()
    await stakeholders.set_needed(admin, BuyingCentre.ACCOUNT, None, [ContactRole.USER])
    assert await _pending() == set()  # nobody has a part at any account
    await stakeholders.set_needed(admin, BuyingCentre.DEAL, None, [ContactRole.USER])
    assert await _pending() == {account.id}


async def _pending() -> set[str]:
    return {each.account_id for each in await PendingJudgement.all()}
