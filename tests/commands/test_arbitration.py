"""What is offered first follows from visible parts, from limits, and from what people answered before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commands import arbitration, evaluations, recommendations, rulebooks
from commands.access import system_actor
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import today
from models.deals import Deal, Stage
from models.errors import Forbidden, Invalid, InvalidRulebook, InvalidTransition
from models.recommendations import Answer, Outcome, Recommendation, RecommendationState, Withheld
from rules.arbitration import Record, lever
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door

DAY = today()


def _rule(key: str, action: str = "CALL", **advice: Any) -> dict[str, Any]:
    return {
        "key": key,
        "title": key,
        "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}}}}],
        "then": [{"recommend": {"action": action, "because": "{d.name}", "value": "$d.amount", **advice}}],
        "likelihood": 0.5,
        "urgency": 0.4,
    }


@dataclass
class World:
    """An account with deals, its director and his manager."""

    tenant: Tenant
    owner: User
    manager: User
    account: Account
    engine: EnginePool

    async def live(self, *rules: dict[str, Any]) -> None:
        """Put rules live."""
        draft = await rulebooks.save(system_actor(self.tenant), "book", rules)
        await rulebooks.activate(system_actor(self.tenant), self.engine, draft.id)

    async def judged(self, day: date = DAY) -> dict[str, Recommendation]:
        """What stands after an evaluation, by rule and deal."""
        await evaluations.evaluate(system_actor(self.tenant), self.engine, day)
        return {f"{row.rule_key} {row.because}": row for row in await Recommendation.all()}

    async def actor(self) -> Actor:
        """The director."""
        return await factories.actor(self.owner)


@pytest.fixture
async def world(db: str) -> AsyncIterator[World]:
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    owner = await factories.user(tenant, team_id=team.id)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    account = await factories.account(owner, segment="banks")
    async with EnginePool(1, 20.0) as engine:
        yield World(tenant, owner, manager, account, engine)


NEXT = """query ($account: ID!, $withheld: Boolean!) {
 nextBestActions(accountId: $account, withheld: $withheld) {
 because priority likelihood value { amount } urgency lever withheld withheldBecause } }"""


async def _next(world: World, withheld: bool = False) -> list[dict[str, Any]]:
    async with door(world.owner, engine=world.engine) as client:
        answer: Any = await client.ask(NEXT, {"account": world.account.id, "withheld": withheld})
    found: list[dict[str, Any]] = answer["nextBestActions"]
    return found


async def test_the_product_of_the_factors_that_are_told_is_the_priority_that_is_told(world: World) -> None:
    for number in range(4):
        await factories.deal(world.account, name=f"Deal {number}", amount_minor=1_234_57 * (number + 1))
    await world.live(_rule("call"))
    await arbitration.set_lever(await factories.actor(world.manager), 55, "more calls", action="CALL")
    await arbitration.set_lever(await factories.actor(world.manager), -20, "fewer banks", segment="banks")
    await world.judged()
    offered = await _next(world)
    assert [each["because"] for each in offered] == ["Deal 3", "Deal 2", "Deal 1", "Deal 0"]
    for each in offered:
        value = float(Decimal(each["value"]["amount"]))
        assert each["priority"] == each["likelihood"] * value * each["urgency"] * each["lever"]
        assert each["lever"] == 1.24


def test_a_lever_of_55_makes_1_55_and_levers_are_bounded() -> None:
    assert (lever([55]), lever([]), lever([-75, -75]), lever([300, 300])) == (1.55, 1.0, 0.25, 4.0)


async def test_ties_are_broken_the_same_way_each_time(world: World) -> None:
    for number in range(5):
        await factories.deal(world.account, name=f"Deal {number}", amount_minor=100_00)
    await world.live(_rule("call"))
    await world.judged()
    first = await _next(world)
    await world.judged()
    assert await _next(world) == first


async def test_an_account_is_offered_the_most_pressing_and_the_next_when_one_is_answered(
    world: World,
) -> None:
    for number in range(7):
        await factories.deal(world.account, name=f"Deal {number}", amount_minor=100_00 * (number + 1))
    await world.live(_rule("call"))
    stood = await world.judged()
    assert [each["because"] for each in await _next(world)] == [f"Deal {n}" for n in (6, 5, 4, 3, 2)]
    waiting = (await _next(world, withheld=True))[5:]
    assert [(each["because"], each["withheld"]) for each in waiting] == [("Deal 1", "CAP"), ("Deal 0", "CAP")]
    assert waiting[0]["withheldBecause"] == "5 more pressing ones are open"
    await recommendations.accept(await world.actor(), stood["call Deal 6"].id)
    assert [each["because"] for each in await _next(world)] == [f"Deal {n}" for n in (5, 4, 3, 2, 1)]
    await arbitration.set_limits(await factories.actor(world.manager), {"max_offers": 2})
    assert [each["because"] for each in await _next(world)] == ["Deal 5", "Deal 4"]


async def test_a_gate_holds_an_action_back_and_says_by_what(world: World) -> None:
    await factories.deal(world.account, name="Deal")
    await factories.ticket(world.account, severity="CRITICAL", opened_on=DAY)
    gate = {"none": {"ticket": {"where": {"is_open": {"eq": True}, "severity": {"eq": "CRITICAL"}}}}}
    await world.live(_rule("sell", suitable=[gate]), _rule("call"))
    await world.judged()
    assert [each["because"] for each in await _next(world)] == ["Deal"]
    held = (await _next(world, withheld=True))[1]
    assert held["withheld"] == "SUITABLE"
    assert held["withheldBecause"] == (
        "suitable: {none: {ticket: {where: {is_open: {eq: true}, severity: {eq: CRITICAL}}}}}"
    )
    await world.live(
        _rule("sell", suitable=[{"account": {"where": {"tickets_open": {"gte": 1}}}}]), _rule("call")
    )
    await world.judged()
    assert len(await _next(world)) == 2


@pytest.mark.parametrize(
    "gate",
    [
        {"eligible": [{"invoice": {}}]},
        {"applicable": [{"deal": {"where": {"colour": {"eq": 1}}}}]},
        {"suitable": [{"deal": {"where": {"id": {"eq": "$x.id"}}}}]},
    ],
)
async def test_a_wrong_gate_is_refused_with_its_place(world: World, gate: dict[str, Any]) -> None:
    with pytest.raises(InvalidRulebook) as caught:
        await world.live(_rule("call", **gate))
    (name,) = gate
    assert f"rules.0.then.0.recommend.{name}.0" in ".".join(caught.value.problems[0].path)


async def test_what_was_dismissed_does_not_come_back_for_a_while_though_it_lapsed(world: World) -> None:
    deal = await factories.deal(world.account, name="Deal", valid_from=DAY - timedelta(days=400))
    await world.live(_rule("call"))
    advice = (await world.judged())["call Deal"]
    await recommendations.dismiss(await world.actor(), advice.id, "not now")
    await Deal.filter(id=deal.id).update(stage=Stage.WON)
    await world.judged(DAY + timedelta(days=1))
    await Deal.filter(id=deal.id).update(stage=Stage.PROPOSED)
    back = (await world.judged(DAY + timedelta(days=29)))["call Deal"]
    assert (back.state, back.lapsed_on) == (RecommendationState.DISMISSED, None)
    again = (await world.judged(DAY + timedelta(days=30)))["call Deal"]
    assert (again.state, again.dismissed_reason) == (RecommendationState.OPEN, None)


async def test_an_action_that_was_dismissed_three_times_is_not_offered_at_the_account(world: World) -> None:
    for number in range(4):
        await factories.deal(world.account, name=f"Deal {number}")
    await world.live(_rule("call"), _rule("mail", "MAIL"))
    stood = await world.judged()
    for number in range(3):
        await recommendations.dismiss(await world.actor(), stood[f"call Deal {number}"].id, "no")
    assert [each["because"] for each in await _next(world)] == [f"Deal {number}" for number in range(4)]
    held = await Recommendation.get(rule_key="call", state=RecommendationState.OPEN)
    assert (held.withheld, held.withheld_because) == (
        Withheld.DISMISSED,
        "CALL was dismissed 3 times or more within 90 days",
    )
    await world.judged(DAY + timedelta(days=90))
    assert (await Recommendation.get(id=held.id)).withheld is None


async def test_rules_that_cry_wolf_sink(world: World) -> None:
    for number in range(6):
        await factories.deal(world.account, name=f"Deal {number}", amount_minor=100_00)
    await arbitration.set_limits(await factories.actor(world.manager), {"max_offers": 50})
    await world.live(_rule("wolf"), _rule("sheep", "MAIL"))
    stood = await world.judged()
    for number in range(2):
        await recommendations.dismiss(await world.actor(), stood[f"wolf Deal {number}"].id, "wrong")
        await recommendations.complete(await world.actor(), stood[f"sheep Deal {number}"].id, Outcome.WORKED)
    stood = await world.judged()
    wolf, sheep = stood["wolf Deal 5"], stood["sheep Deal 5"]
    assert (wolf.likelihood, sheep.likelihood) == (round(5 / 12, 4), round(7 / 12, 4))
    assert sheep.priority > wolf.priority
    run = await evaluations.evaluate(system_actor(world.tenant), world.engine, DAY)
    assert (run.opened, run.refreshed, run.lapsed) == (0, 0, 0)  # nothing new was learned
    async with door(world.owner, engine=world.engine) as client:
        answer: Any = await client.ask(
            "{ ruleRecords { ruleKey accepted dismissed worked failed"
            " acceptRate outcomeRate likelihood alpha beta } }"
        )
    assert answer["ruleRecords"] == [
        {"ruleKey": "wolf", "accepted": 0, "dismissed": 2, "worked": 0, "failed": 0, "acceptRate": 0.0,
         "outcomeRate": None, "likelihood": 0.4167, "alpha": 5.0, "beta": 7.0},
        {"ruleKey": "sheep", "accepted": 2, "dismissed": 0, "worked": 2, "failed": 0, "acceptRate": 1.0,
         "outcomeRate": 1.0, "likelihood": 0.5833, "alpha": 7.0, "beta": 5.0},
    ]  # fmt: skip


async def test_an_outcome_that_comes_late_counts_once(world: World) -> None:
    await factories.deal(world.account, name="Deal")
    await world.live(_rule("call"))
    advice = (await world.judged())["call Deal"]
    with pytest.raises(InvalidTransition):
        await recommendations.record_outcome(await world.actor(), advice.id, Outcome.WORKED)
    await recommendations.complete(await world.actor(), advice.id, Outcome.UNKNOWN)
    await Answer.all().update(answered_on=DAY - timedelta(days=90))
    actor = system_actor(world.tenant)
    before = (await arbitration.records(actor, {"call": 0.5}, DAY))["call"]
    assert (before.accepted, before.worked) == (1, 0)
    for _ in range(2):
        await recommendations.record_outcome(await world.actor(), advice.id, Outcome.FAILED)
    after = (await arbitration.records(actor, {"call": 0.5}, DAY))["call"]
    assert (after.accepted, after.worked, after.failed) == (1, 0, 1)
    assert (await arbitration.records(actor, {"call": 0.5}, DAY - timedelta(days=1)))["call"].failed == 0
    assert (await Recommendation.get(id=advice.id)).outcome == Outcome.FAILED


def test_a_record_is_a_beta_distribution_whose_prior_weighs_ten_cases() -> None:
    record = Record(0.3, accepted=5, dismissed=1, worked=3, failed=2)
    assert (record.alpha, record.beta, record.likelihood) == (6.0, 10.0, 0.375)
    assert (record.accept_rate, record.outcome_rate) == (5 / 6, 0.6)
    assert (Record(0.3).likelihood, Record(0.3).accept_rate) == (0.3, None)


async def test_only_managers_weigh_and_only_within_bounds(world: World) -> None:
    with pytest.raises(Forbidden):
        await arbitration.set_lever(await world.actor(), 10, "why", action="CALL")
    manager = await factories.actor(world.manager)
    for wrong in ({"percent": 301}, {"percent": -76}, {"reason": " "}, {"action": None}):
        given: dict[str, Any] = {"percent": 10, "reason": "why", "action": "CALL", **wrong}
        with pytest.raises(Invalid):
            await arbitration.set_lever(manager, **given)
    with pytest.raises(Invalid):
        await arbitration.set_limits(manager, {"max_offers": 0})
    async with door(world.manager, engine=world.engine) as client:
        made: Any = await client.do(
            "setLever", "lever { id percent action }", {"percent": 10, "reason": "x", "action": "CALL"}
        )
        assert made["lever"]["percent"] == 10
        found: Any = await client.ask(
            "query ($id: ID!) { node(id: $id) { id } }", {"id": made["lever"]["id"]}
        )
        assert found["node"] == {"id": made["lever"]["id"]}
        cleared: Any = await client.do("clearLever", "lever { percent }", {"id": made["lever"]["id"]})
        assert cleared["lever"]["percent"] == 0
        limits: Any = await client.do(
            "setArbitrationLimits", "limits { maxOffers pauseDays }", {"maxOffers": 3}
        )
        assert limits["limits"] == {"maxOffers": 3, "pauseDays": 90}
    stranger = await factories.user(await factories.tenant(), Role.MANAGER)
    async with door(stranger, engine=world.engine) as client:
        answer: Any = await client.ask(f'{{ levers {{ id }} node(id: "{made["lever"]["id"]}") {{ id }} }}')
        assert answer == {"levers": [], "node": None}
        other: Any = await client.do("clearLever", "lever { percent }", {"id": made["lever"]["id"]})
        assert other["errors"][0]["code"] == "NOT_FOUND"
