"""People at customers: who came and went, who is what, who judges them, and who of us knows whom."""

from __future__ import annotations

import asyncio
import random
from datetime import date, timedelta
from fractions import Fraction

import pytest

from commands import careers, deal_people, evaluations, people, privacy, rulebooks, stakeholders
from commands.access import system_actor
from metrics.buying_centres import centres, summary
from metrics.relationships import account_strength, strength, tree
from metrics.relationships import people as people_of
from models.access import Actor, Role, Tenant, User
from models.accounts import Account, Tier
from models.base import today
from models.deals import ContactRole, Deal
from models.errors import BellwetherError, Forbidden, Invalid, InvalidTransition, NotFound
from models.forecast import DealSplit
from models.people import ERASED, Contact, InteractionKind, Seniority
from models.recommendations import Evidence, Recommendation, RecommendationState
from models.stakeholders import (
    Adaptability,
    Assessment,
    BuyingCentre,
    Influence,
    PoliticalStatus,
    Rapport,
    RelationshipLevel,
    Stakeholder,
    Support,
)
from models.visibility import sees
from rules.engine.pool import EnginePool
from rules.facts import gather
from rules.needs import everything
from tests import factories


async def _desk() -> tuple[Tenant, Actor, Account]:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    return tenant, await factories.actor(owner), await factories.account(owner)


async def _map(actor: Actor, account: Account, as_of: date) -> list[tuple[str, ContactRole]]:
    found = (await centres(actor, BuyingCentre.ACCOUNT, as_of, [account.id]))[account.id]
    return [(each.person.contact_id, each.role) for each in found.members]


def test_strength_is_the_sum_of_its_parts_by_hand() -> None:
    day = date(2026, 3, 31)
    seen = strength(day - timedelta(days=18), 3, Seniority.EXECUTIVE, day)
    later = strength(day - timedelta(days=18), 3, Seniority.EXECUTIVE, day + timedelta(days=90))

    assert (seen.recency, seen.frequency, seen.seniority, seen.points) == (36, 20, 20, 76)
    assert (later.recency, later.frequency, later.seniority, later.points) == (16, 20, 20, 56)
    assert strength(day, 60, Seniority.STAFF, day).points == 40 + 40 + 5
    assert strength(day - timedelta(days=179), 1, Seniority.STAFF, day).points == 0 + 6 + 5
    assert strength(day - timedelta(days=180), 1, Seniority.STAFF, day).points == 0
    assert strength(None, 0, Seniority.EXECUTIVE, day).points == 0


async def test_strength_is_counted_by_colleague_and_of_contacts_alone(db: str) -> None:
    tenant, actor, account = await _desk()
    colleague = await factories.user(tenant)
    person = await factories.contact(account, seniority=Seniority.HEAD)
    day = factories.TODAY
    for days, kind, user_id in (
        (0, InteractionKind.VISIT, actor.user_id),
        (90, InteractionKind.CALL, actor.user_id),
        (45, InteractionKind.CALL, colleague.id),
        (1, InteractionKind.TASK, colleague.id),
        (2, InteractionKind.MAIL, colleague.id),  # of which nobody knows that it was answered
        (180, InteractionKind.CALL, colleague.id),
        (-1, InteractionKind.CALL, colleague.id),
    ):
        await factories.interaction(
            account, contact_id=person.id, user_id=user_id, kind=kind, happened_on=day - timedelta(days=days)
        )

    (found,) = await people_of(actor, day, [account.id])

    assert [found.strength.contacts, found.strength.points] == [3, 40 + 20 + 15]
    assert [(each.user_id, each.strength.points) for each in found.colleagues] == [
        (actor.user_id, 40 + 13 + 15),
        (colleague.id, 30 + 6 + 15),
    ]
    assert account_strength([found])[0] == 75 // 3
    (before,) = await people_of(actor, day - timedelta(days=1), [account.id])
    assert before.strength.contacts == 3  # the visit was not yet, the call long ago was still in the window


async def test_a_deal_has_people_of_other_accounts_whichever_deals_are_asked_for_with_it(db: str) -> None:
    _, actor, account = await _desk()
    subsidiary = await factories.account(await User.get(id=actor.user_id))
    head = await factories.contact(account)
    deal, other = await factories.deal(subsidiary), await factories.deal(account)
    await factories.deal_contact(deal, head)
    for ids in ([deal.id], [deal.id, other.id], None):
        found = await centres(actor, BuyingCentre.DEAL, today(), ids)
        assert [each.person.contact_id for each in found[deal.id].members] == [head.id], ids


async def test_a_key_player_known_by_one_colleague_is_flagged_until_a_second_one_knows_him(db: str) -> None:
    """Capability 14: single thread, and maps of a deal and of the account that differ."""
    tenant, actor, account = await _desk()
    colleague = await factories.user(tenant)
    person, other = await factories.contact(account), await factories.contact(account)
    deal = await factories.deal(account)
    await stakeholders.set_role(actor, person.id, ContactRole.ECONOMIC_BUYER)
    await stakeholders.set_role(actor, other.id, ContactRole.USER)
    await deal_people.set_contact(actor, deal.id, person.id, ContactRole.BLOCKER)

    async def record(user_id: str) -> None:
        await people.record_interaction(
            actor,
            {
                "account_id": account.id, "contact_id": person.id, "user_id": user_id,
                "kind": InteractionKind.CALL, "happened_on": today(),
            },
        )  # fmt: skip

    async def flagged(of: BuyingCentre = BuyingCentre.ACCOUNT) -> list[str]:
        ids = [account.id if of is BuyingCentre.ACCOUNT else deal.id]
        (centre,) = (await centres(actor, of, today(), ids)).values()
        return [each.person.contact_id for each in centre.single_threads]

    assert await flagged() == []  # known by nobody is another matter
    await record(actor.user_id)
    assert await flagged() == [person.id]
    assert await flagged(BuyingCentre.DEAL) == []  # a blocker there, not yet a key player
    await stakeholders.assess(
        actor, person.id, {"political_status": PoliticalStatus.INNER_CIRCLE}, deal_id=deal.id
    )
    assert await flagged(BuyingCentre.DEAL) == [person.id]
    assert (await summary(actor, today())).single_threaded == 1
    await record(colleague.id)
    assert await flagged() == await flagged(BuyingCentre.DEAL) == []
    assert (await summary(actor, today())).single_threaded == 0

    assert await _map(actor, account, today()) == [
        (person.id, ContactRole.ECONOMIC_BUYER), (other.id, ContactRole.USER),
    ]  # fmt: skip
    of_deal = (await centres(actor, BuyingCentre.DEAL, today(), [deal.id]))[deal.id]
    assert [(each.person.contact_id, each.role) for each in of_deal.members] == [
        (person.id, ContactRole.BLOCKER)
    ]


async def test_coverage_is_roles_engaged_by_roles_needed_and_access_an_executive(db: str) -> None:
    tenant, actor, account = await _desk()
    await Account.filter(id=account.id).update(tier=Tier.KEY)
    day = factories.TODAY
    boss = await factories.contact(
        account, seniority=Seniority.EXECUTIVE, last_contacted_on=day - timedelta(days=90)
    )
    champion = await factories.contact(account, last_contacted_on=day - timedelta(days=91))
    for person, role in ((boss, ContactRole.ECONOMIC_BUYER), (champion, ContactRole.CHAMPION)):
        made = await stakeholders.set_role(actor, person.id, role)
        await Stakeholder.filter(id=made.id).update(valid_from=date(2026, 1, 1))

    async def covered(as_of: date) -> tuple[Fraction | None, int | None, bool]:
        centre = (await centres(actor, BuyingCentre.ACCOUNT, as_of, [account.id]))[account.id]
        return centre.coverage, centre.executive_days, centre.has_access

    assert await covered(day) == (Fraction(1, 3), 90, True)  # no decision maker, the champion a day too late
    assert await covered(day + timedelta(days=1)) == (Fraction(0), 91, False)
    assert await covered(day - timedelta(days=1)) == (Fraction(2, 3), 89, True)
    assert await covered(date(2025, 12, 30)) == (Fraction(0), None, False)  # before there was a map
    manager = await factories.user(tenant, Role.ADMIN)
    await stakeholders.set_needed(
        await factories.actor(manager), BuyingCentre.ACCOUNT, "KEY", [ContactRole.ECONOMIC_BUYER]
    )
    assert await covered(day) == (Fraction(1), 90, True)
    with pytest.raises(Invalid):
        await stakeholders.set_needed(
            await factories.actor(manager), BuyingCentre.DEAL, "KEY", [ContactRole.USER]
        )


async def test_who_left_is_told_and_where_a_champion_went_to_those_alone_who_see_it(db: str) -> None:
    tenant, actor, account = await _desk()
    owner = await factories.user(tenant)
    elsewhere = await factories.account(owner)
    second = await factories.account(await User.get(id=actor.user_id))
    person = await factories.contact(account, email="ada@old.example", title="Head of Networks")
    await stakeholders.set_role(actor, person.id, ContactRole.CHAMPION)

    with pytest.raises(NotFound):  # an account out of sight
        await careers.moved(actor, person.id, 1, elsewhere.id, today(), {})
    new = await careers.moved(actor, person.id, 1, second.id, today(), {"title": "CIO"})

    centre = (await centres(actor, BuyingCentre.ACCOUNT, today(), [account.id]))[account.id]
    assert [each.person.contact_id for each in centre.champions_left] == [person.id]
    assert centre.coverage == 0
    assert (new.account_id, new.joined_on, new.title, new.email) == (second.id, today(), "CIO", None)
    left = await Contact.get(id=person.id)
    assert (left.left_on, left.account_id) == (today(), account.id)
    yesterday = (await centres(actor, BuyingCentre.ACCOUNT, today() - timedelta(days=1), [account.id]))[
        account.id
    ]
    assert yesterday.champions_left == ()
    (later,) = (
        await centres(actor, BuyingCentre.ACCOUNT, today() + timedelta(days=181), [account.id])
    ).values()
    assert later.champions_left == ()
    whole = system_actor(tenant)
    far = await careers.moved(whole, new.id, new.version, elsewhere.id, today(), {})
    assert not await sees(Contact, actor, far.id)
    assert await sees(Contact, await factories.actor(owner), far.id)
    assert not await sees(Contact, await factories.actor(owner), new.id)
    with pytest.raises(InvalidTransition):
        await careers.left(actor, person.id, left.version, today())
    with pytest.raises(Invalid):
        await careers.left(whole, far.id, far.version, today() + timedelta(days=3))


async def test_personal_judgements_are_the_accounts_teams_and_erased_with_the_person(db: str) -> None:
    """Capability 36, of judgements: visible to the account's team alone, erasable, with the trail kept."""
    tenant = await factories.tenant()
    above = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=above.id)
    owner = await factories.user(tenant, team_id=above.id)
    seller, sharer, nobody = [await factories.user(tenant) for _ in range(3)]
    account = await factories.account(owner)
    person = await factories.contact(account, name="Ada Lovelace")
    deal = await factories.deal(account, owner_id=seller.id)
    shared = await factories.deal(account)
    await DealSplit.create(
        id=DealSplit.make_id(), tenant_id=tenant.id, deal_id=shared.id, user_id=sharer.id, percent=20,
        valid_from=date(2026, 1, 1),
    )  # fmt: skip
    actors = {
        name: await factories.actor(user)
        for name, user in {
            "manager": manager, "owner": owner, "seller": seller, "sharer": sharer, "nobody": nobody,
        }.items()
    }  # fmt: skip
    judged = await stakeholders.assess(
        actors["owner"],
        person.id,
        {
            "support": Support.ENEMY, "influence": Influence.HIGH, "note": "Ada is bitter",
            "political_status": PoliticalStatus.OUTSIDE, "adaptability": Adaptability.LAGGARD,
        },
    )  # fmt: skip
    level = await stakeholders.set_level(
        actors["owner"], person.id, owner.id, RelationshipLevel.VENDOR, RelationshipLevel.TRUSTED_ADVISOR
    )
    in_deal = await stakeholders.assess(
        actors["seller"], person.id, {"support": Support.NEUTRAL}, deal_id=deal.id
    )

    async def seen(record: Assessment | Rapport) -> set[str]:
        return {name for name, actor in actors.items() if await sees(type(record), actor, record.id)}

    assert await seen(judged) == await seen(level) == {"manager", "owner", "sharer"}
    assert await seen(in_deal) == {"manager", "owner", "sharer", "seller"}
    assert await sees(Contact, actors["seller"], person.id)  # who is no stranger to the account
    with pytest.raises(Forbidden):
        await stakeholders.assess(actors["seller"], person.id, {"support": Support.MENTOR})
    with pytest.raises(Forbidden):
        await stakeholders.set_level(actors["seller"], person.id, seller.id, RelationshipLevel.VENDOR, None)
    with pytest.raises(NotFound):
        await stakeholders.assess(actors["nobody"], person.id, {"support": Support.MENTOR})
    assert await Assessment.all().count() == 2
    assert await Rapport.all().count() == 1
    await stakeholders.set_role(actors["owner"], person.id, ContactRole.BLOCKER)
    for name, political in (("seller", None), ("owner", PoliticalStatus.OUTSIDE)):
        found = await centres(actors[name], BuyingCentre.ACCOUNT, today(), [account.id])
        assert [each.political_status for each in found[account.id].members] == [political]

    erased = await privacy.erase(actors["manager"], person.id)

    for record in await Assessment.all():
        assert {record.support, record.influence, record.political_status, record.adaptability} == {None}
        assert record.note in (None, ERASED)
        assert record.made_by_id in (owner.id, seller.id)  # that somebody judged, and when, is kept
    after = await Rapport.get(id=level.id)
    assert {after.level, after.wanted} == {None}
    assert after.user_id == owner.id
    assert erased.erased_at is not None
    for refused in (
        stakeholders.assess(actors["owner"], person.id, {"support": Support.MENTOR}),
        stakeholders.set_level(actors["owner"], person.id, owner.id, None, None),
        stakeholders.set_role(actors["owner"], person.id, ContactRole.USER),
        careers.left(actors["owner"], person.id, erased.version, today()),
    ):
        with pytest.raises(InvalidTransition):
            await refused


async def test_who_is_erased_is_erased_at_every_customer_that_the_person_worked_for(db: str) -> None:
    tenant, _, account = await _desk()
    whole = system_actor(tenant)
    person = await factories.contact(account, name="Ada Lovelace")
    elsewhere = await factories.account(await factories.user(tenant))
    new = await careers.moved(whole, person.id, 1, elsewhere.id, today(), {"email": "ada@new.example"})
    note = await factories.signal(elsewhere, summary="Ada Lovelace has a budget")

    await privacy.erase(whole, person.id)

    (other,) = await Contact.filter(id=new.id)
    assert (other.name, other.email, other.erased_at is None) == (ERASED, None, False)
    await note.refresh_from_db()
    assert "Ada" not in note.summary


async def test_judgements_are_read_as_of_a_date_and_keep_what_was_not_judged_anew(db: str) -> None:
    _, actor, account = await _desk()
    person = await factories.contact(account)
    await stakeholders.set_role(actor, person.id, ContactRole.USER)
    days = (today() - timedelta(days=30), today() - timedelta(days=10))
    await stakeholders.assess(
        actor, person.id, {"support": Support.ENEMY, "note": "lost a bid"}, assessed_on=days[0]
    )
    await stakeholders.assess(actor, person.id, {"support": Support.SUPPORTER}, assessed_on=days[1])

    history = await Assessment.filter(contact_id=person.id).order_by("assessed_on")
    assert [(each.support, each.note) for each in history] == [
        (Support.ENEMY, "lost a bid"), (Support.SUPPORTER, "lost a bid"),
    ]  # fmt: skip
    for as_of, expected in ((days[0], 0), (days[1], 1), (today(), 1)):
        made = await centres(actor, BuyingCentre.ACCOUNT, as_of, [account.id])
        members = made[account.id].members
        if as_of < today():
            assert members == ()  # there was no part in the buying centre yet
        else:
            assert [each.judged for each in members] == [history[expected].id]
    with pytest.raises(Invalid):
        await stakeholders.assess(
            actor, person.id, {"support": Support.MENTOR}, assessed_on=today() + timedelta(days=3)
        )


async def test_who_reports_to_whom_is_a_tree_whatever_the_order_of_moves(db: str) -> None:
    _, actor, account = await _desk()
    staff = [(await factories.contact(account)).id for _ in range(6)]
    rng, refused = random.Random(7), 0
    for _ in range(60):
        who, above = rng.choice(staff), rng.choice([*staff, None])
        version = (await Contact.get(id=who)).version
        try:
            await careers.set_manager(actor, who, version, above)
        except Invalid:
            refused += 1
        parents = {each.id: each.reports_to_id for each in await Contact.filter(account_id=account.id)}
        for each in staff:
            walked, at = 0, parents[each]
            while at is not None:
                walked, at = walked + 1, parents[at]
                assert walked < len(staff), "a cycle"
    assert refused

    places = tree(await people_of(actor, today(), [account.id]))
    assert sorted(each.contact_id for each in places) == sorted(staff)
    depth = {each.contact_id: each.depth for each in places}
    assert all(each.depth == (depth[each.above] + 1 if each.above else 0) for each in places)


async def test_two_who_make_each_other_the_manager_at_once_make_no_cycle(db: str) -> None:
    _, actor, account = await _desk()
    for _ in range(3):
        one, two = await factories.contact(account), await factories.contact(account)
        told = await asyncio.gather(
            careers.set_manager(actor, one.id, 1, two.id),
            careers.set_manager(actor, two.id, 1, one.id),
            return_exceptions=True,
        )
        assert [isinstance(each, BellwetherError) for each in told].count(True) == 1
        stored = await Contact.filter(id__in=[one.id, two.id])
        assert [each.reports_to_id is None for each in stored].count(True) == 1


async def test_those_below_whoever_left_are_shown_below_the_next_one_above(db: str) -> None:
    _, actor, account = await _desk()
    top, middle, low = [await factories.contact(account) for _ in range(3)]
    await careers.set_manager(actor, middle.id, 1, top.id)
    await careers.set_manager(actor, low.id, 1, middle.id)
    await careers.left(actor, middle.id, 2, today())

    def shown(people: object) -> list[tuple[str, str | None, int]]:
        return [(each.contact_id, each.above, each.depth) for each in tree(people)]  # type: ignore[arg-type]

    assert shown(await people_of(actor, today(), [account.id])) == [(top.id, None, 0), (low.id, top.id, 1)]
    elsewhere = await factories.contact(await factories.account(await User.get(id=actor.user_id)))
    with pytest.raises(Invalid):
        await careers.set_manager(actor, low.id, 2, elsewhere.id)
    with pytest.raises(Invalid):
        await careers.set_manager(actor, low.id, 2, low.id)


async def test_facts_of_stakeholders_say_what_the_figures_say_and_rules_by_them_are_the_owners(
    db: str,
) -> None:
    """A sentence by a personal judgement reaches the account's owner, and not who sells a deal there."""
    tenant = await factories.tenant()
    owner, seller = await factories.user(tenant), await factories.user(tenant)
    account = await factories.account(owner)
    deal = await factories.deal(account, owner_id=seller.id)
    person = await factories.contact(
        account, name="Ada Lovelace", seniority=Seniority.HEAD, last_contacted_on=factories.TODAY
    )
    for days in (0, 18, 40):
        await factories.interaction(
            account,
            contact_id=person.id,
            user_id=owner.id,
            happened_on=factories.TODAY - timedelta(days=days),
        )
    whole, part = await factories.actor(owner), await factories.actor(seller)
    made = await stakeholders.set_role(whole, person.id, ContactRole.BLOCKER)
    await Stakeholder.filter(id=made.id).update(valid_from=date(2026, 1, 1))
    await stakeholders.assess(whole, person.id, {"support": Support.ENEMY}, assessed_on=date(2026, 3, 1))
    await stakeholders.assess(whole, person.id, {"support": Support.NEUTRAL}, assessed_on=date(2026, 4, 1))

    gathered = (await gather(tenant.id, [account.id], factories.TODAY, everything()))[account.id]
    (fact,) = gathered["stakeholder"]
    (figure,) = await people_of(whole, factories.TODAY, [account.id])

    assert (fact["role"], fact["support"], fact["colleagues_in_contact"]) == ("BLOCKER", "ENEMY", 1)
    assert fact["strength"] == figure.strength.points == 40 + 20 + 15

    rule = {
        "key": "enemy",
        "title": "Somebody is against us",
        "when": [
            {"stakeholder": {"as": "s", "where": {"support": {"eq": "ENEMY"}}}},
            {"deal": {"as": "d", "where": {"is_open": {"eq": True}}}},
        ],
        "then": [{"recommend": {"action": "CALL", "because": "{s.name} is {s.support}", "due_in_days": 7}}],
        "subject": ["d"],
    }
    operator = system_actor(tenant)
    async with EnginePool(1, 20.0) as engine:
        book = await rulebooks.save(operator, "mine", [rule])
        await rulebooks.activate(operator, engine, book.id)
        await evaluations.evaluate(operator, engine, factories.TODAY)
    (told,) = await Recommendation.filter(deal_id=deal.id)
    assert "Ada Lovelace" in told.because
    assert await sees(Recommendation, whole, told.id)
    assert await sees(Deal, part, deal.id)
    assert not await sees(Recommendation, part, told.id)

    await privacy.erase(operator, person.id)

    await told.refresh_from_db()
    assert (told.state, "Ada" in told.because) == (RecommendationState.OPEN, False)
    seen = {each.field: each.seen for each in await Evidence.filter(recommendation_id=told.id)}
    assert "ENEMY" not in str(seen["support"])
    assert ERASED in str(seen["support"])
