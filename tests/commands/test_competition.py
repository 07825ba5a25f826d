"""Competitors are found by any of their names; positions and notes keep what was known before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands import competition, deal_competitors, evaluations, rulebooks
from commands.access import system_actor
from models.access import Role, Tenant
from models.base import today
from models.competition import BattleNote, Competitor, CompetitorName, CompetitorPosition, PositionRole
from models.errors import Forbidden, Invalid, InvalidTransition, NotFound
from models.history import Change
from models.recommendations import Recommendation, RecommendationState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories

INCUMBENT = PositionRole.INCUMBENT


async def selling() -> Tenant:
    """A tenant that sells WAN and Voice."""
    tenant = await factories.tenant()
    for family in ("Voice", "WAN"):
        await factories.product(tenant, family=family)
    return tenant


async def test_a_name_on_a_deal_makes_or_matches_a_competitor(db: str) -> None:
    who = await factories.user(await selling())
    account, actor = await factories.account(who), await factories.actor(who)
    deal = await factories.deal(account)
    for name in ("Telco", "  telco ", "TELCO"):
        assert (await deal_competitors.put(actor, deal.id, name, {})).name == name
    await competition.put_position(actor, account.id, "Telco", "WAN", {"role": INCUMBENT})
    assert [each.name for each in await Competitor.all()] == ["Telco"]


async def test_a_position_keeps_what_was_known_before(db: str) -> None:
    """Capability 25: who stands where, with which product, at which price seen, and until when."""
    who = await factories.user(await selling())
    account, actor = await factories.account(who), await factories.actor(who)
    then = today() - timedelta(days=30)
    until = today() + timedelta(days=200)
    seen = {"price_minor": 1_200_00, "price_term_months": 36, "contract_ends_on": until}
    said = {"role": INCUMBENT, "share": 80, "observed_on": then, **seen}
    first = await competition.put_position(actor, account.id, "Telco", "WAN", said)
    now = await competition.put_position(actor, account.id, "telco", "WAN", {"share": 60})
    assert (now.id, now.role, now.share, now.observed_on) == (first.id, INCUMBENT, 60, today())
    assert (now.account_id, now.product_family, now.contract_ends_on) == (account.id, "WAN", until)
    assert (now.price_minor, now.price_term_months) == (1_200_00, 36)
    change = await Change.get(entity_id=now.id, field="share")
    assert (change.old, change.new, change.effective_on) == ("80", "60", today())
    for wrong, message in (({"share": 101}, "percentage"), ({"observed_on": then}, "that day and later")):
        with pytest.raises(Invalid, match=message):
            await competition.put_position(actor, account.id, "Telco", "WAN", wrong)
    with pytest.raises(Invalid, match="role is needed"):
        await competition.put_position(actor, account.id, "Telco", "Voice", {})
    await competition.remove_position(actor, now.id)
    with pytest.raises(InvalidTransition):
        await competition.remove_position(actor, now.id)


async def test_merging_takes_names_positions_and_notes_along_and_the_latest_stays(db: str) -> None:
    tenant = await selling()
    who = await factories.user(tenant)
    account, actor = await factories.account(who), await factories.actor(who)
    then = today() - timedelta(days=30)
    for name, family, share, on in (
        ("Alpha", "WAN", 40, then), ("Beta", "WAN", 60, today()), ("Beta", "Voice", 10, then),
    ):  # fmt: skip
        said = {"role": INCUMBENT, "share": share, "observed_on": on}
        await competition.put_position(actor, account.id, name, family, said)
    alpha, beta = await Competitor.get(name="Alpha"), await Competitor.get(name="Beta")
    await competition.write_note(actor, beta.id, "They are late.")
    with pytest.raises(Forbidden):
        await competition.merge(actor, beta.id, alpha.id)
    manager = await factories.actor(await factories.user(tenant, Role.ADMIN))
    await competition.merge(manager, beta.id, alpha.id)
    held = await CompetitorPosition.filter(removed_on=None).order_by("product_family")
    assert [(each.competitor_id, each.product_family, each.share) for each in held] == [
        (alpha.id, "Voice", 10), (alpha.id, "WAN", 60)
    ]  # fmt: skip
    assert await BattleNote.filter(competitor_id=alpha.id).count() == 1
    assert await CompetitorName.filter(competitor_id=alpha.id).count() == 2
    assert (await competition.name_competitor(actor, "beta")).id == alpha.id
    with pytest.raises(InvalidTransition):
        await competition.merge(manager, beta.id, alpha.id)


async def test_shares_of_a_family_at_an_account_come_to_100_at_most_and_the_others_are_told(db: str) -> None:
    """Alpha supplies 70 percent of WAN and Beta wants 10: 20 are left until Alpha is a former one."""
    who = await factories.user(await selling())
    account, actor = await factories.account(who), await factories.actor(who)
    wanted = {"role": PositionRole.CHALLENGER, "share": 10}
    alpha = await competition.put_position(
        actor, account.id, "Alpha", "WAN", {"role": INCUMBENT, "share": 70}
    )
    await competition.put_position(actor, account.id, "Beta", "WAN", wanted)
    await competition.put_position(actor, account.id, "Gamma", "Voice", {"role": INCUMBENT, "share": 100})
    for name, share in (("Gamma", 21), ("Beta", 31)):
        with pytest.raises(Invalid, match=f"others: Alpha 70.*; allowed: 0 to {share - 1}") as refusal:
            await competition.put_position(
                actor, account.id, name, "WAN", {"role": INCUMBENT, "share": share}
            )
        assert list(refusal.value.path) == ["share"]
    gamma = await competition.put_position(
        actor, account.id, "Gamma", "WAN", {"role": INCUMBENT, "share": 20}
    )
    with pytest.raises(Invalid, match="others: Gamma 20, Beta 10; allowed: 0 to 70"):
        await competition.put_position(actor, account.id, "Alpha", "WAN", {"share": 71})
    former = {"role": PositionRole.FORMER, "share": None}
    await competition.put_position(actor, account.id, "Alpha", "WAN", former)
    await competition.put_position(actor, account.id, "Gamma", "WAN", {"share": 90})
    with pytest.raises(Invalid, match="others: Gamma 90, Beta 10; allowed: 0 to 0"):
        await competition.put_position(actor, account.id, "Alpha", "WAN", {"role": INCUMBENT, "share": 70})
    assert (await competition.remove_position(actor, gamma.id)).removed_on == today()
    back = await competition.put_position(actor, account.id, "Alpha", "WAN", {"role": INCUMBENT, "share": 70})
    assert (back.id, back.share) == (alpha.id, 70)


async def test_positions_and_notes_are_of_families_that_are_sold(db: str) -> None:
    who = await factories.user(await selling())
    account, actor = await factories.account(who), await factories.actor(who)
    telco = await competition.name_competitor(actor, "Telco")
    for attempt in (
        competition.put_position(actor, account.id, "Telco", "Nope", {"role": INCUMBENT}),
        competition.write_note(actor, telco.id, "They are late.", "Nope"),
    ):
        with pytest.raises(Invalid, match="the family 'Nope'; allowed: Voice, WAN") as refusal:
            await attempt
        assert list(refusal.value.path) == ["productFamily"]
    with pytest.raises(Invalid, match="share is a percentage; allowed: 0 to 100"):
        await competition.put_position(actor, account.id, "Telco", "WAN", {"role": INCUMBENT, "share": -1})


async def test_a_note_replaces_that_of_its_family_alone(db: str) -> None:
    who = await factories.user(await selling())
    actor = await factories.actor(who)
    telco = await competition.name_competitor(actor, "Telco")
    for text, family in (("old", "WAN"), ("of all", None), ("new", "WAN")):
        await competition.write_note(actor, telco.id, text, family)
    notes = await BattleNote.all().order_by("id")
    assert [(each.text, each.replaced_on) for each in notes] == [
        ("old", today()), ("of all", None), ("new", None)
    ]  # fmt: skip
    assert {each.author_id for each in notes} == {who.id}


async def test_nobody_says_where_competitors_stand_at_accounts_that_they_do_not_see(db: str) -> None:
    tenant = await selling()
    owner, other = await factories.user(tenant), await factories.user(tenant)
    account, actor = await factories.account(owner), await factories.actor(other)
    with pytest.raises(NotFound):
        await competition.put_position(actor, account.id, "Telco", "WAN", {"role": INCUMBENT})
    known = await factories.competitor_position(account)
    with pytest.raises(NotFound):
        await competition.remove_position(actor, known.id)


async def test_a_contract_of_a_competitor_that_ends_is_recommended_until_a_deal_is_open(db: str) -> None:
    tenant = await factories.tenant()
    who = await factories.user(tenant)
    account = await factories.account(who)
    ends = today() + timedelta(days=200)
    await factories.competitor_position(
        account, contract_ends_on=ends, observed_on=today(), price_minor=9_800_00
    )
    system = system_actor(tenant)
    async with EnginePool(1, 20.0) as engine:
        book, _ = await rulebooks.import_file(system, "trends", packs.load("trends").text)
        await rulebooks.activate(system, engine, book.id)
        await evaluations.evaluate(system, engine, today())
        found = await Recommendation.get(rule_key="competitor-contract-ends")
        assert (found.state, found.value_minor) == (RecommendationState.OPEN, 117_600_00)  # a year of 9,800
        deal = await factories.deal(account)
        await factories.deal_line(deal, await factories.product(tenant, family="WAN"))
        await evaluations.evaluate(system, engine, today())
        assert (await Recommendation.get(id=found.id)).state is RecommendationState.LAPSED
