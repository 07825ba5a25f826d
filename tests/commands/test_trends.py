"""Trends are recorded, corrected, acted on and judged; a trend is a fact that rules speak of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from commands import evaluations, pending, rulebooks, signals, trends
from commands.access import system_actor
from commands.signals import Observation
from commands.trends import Observed
from models.access import Tenant
from models.base import today
from models.errors import Invalid, InvalidTransition, NotFound
from models.history import Change
from models.recommendations import Recommendation, RecommendationState
from models.severity import Severity
from models.signals import SignalKind
from models.trends import Trend, TrendImpact, TrendKind, TrendOutcome, TrendState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door
from tests.schema.asking import counted

SEEN = {"kind": TrendKind.MERGER, "title": "It merges", "observed_on": today()}


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def test_what_is_sent_again_corrects_and_keeps_what_was_known(db: str) -> None:
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    (first,) = await trends.record(actor, [Observed(account.id, SEEN, "1")])
    (same,) = await trends.record(actor, [Observed(account.id, SEEN, "1")])
    assert (same.id, same.version) == (first.id, 1)
    (again,) = await trends.record(actor, [Observed(account.id, {**SEEN, "title": "It buys"}, "1")])
    assert (again.id, again.title, again.version) == (first.id, "It buys", 2)
    change = await Change.get(entity="trend", field="title")
    assert (change.old, change.new) == ("It merges", "It buys")
    assert await Trend.all().count() == 1


async def test_a_thousand_trends_take_a_handful_of_statements(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    deal = await factories.deal(account)
    seen = [Observed(account.id, {**SEEN, "deal_ids": [deal.id]}, str(n)) for n in range(1000)]
    with counted(monkeypatch) as statements:
        assert len(await trends.record(actor, seen)) == 1000
    assert len(statements) < 25


async def test_one_that_is_wrong_keeps_all_from_being_recorded_and_is_named(db: str) -> None:
    tenant = await factories.tenant()
    who, other = await factories.user(tenant), await factories.user(tenant)
    account, foreign = await factories.account(who), await factories.account(other)
    deal, actor = await factories.deal(await factories.account(who)), await factories.actor(who)
    yesterday, course = today() - timedelta(days=1), {"course": "Visit"}
    for wrong, error, path in (
        (Observed(foreign.id, SEEN), NotFound, "accountId"),
        (Observed(account.id, {**SEEN, "deal_ids": [deal.id]}), Invalid, "dealIds"),
        (Observed(account.id, {**SEEN, "link": "http://a.example"}), Invalid, "link"),
        (Observed(account.id, {**SEEN, "observed_on": today() + timedelta(days=2)}), Invalid, "observedOn"),
        (Observed(account.id, {**SEEN, "course_due_on": today()}), Invalid, "course"),
        (Observed(account.id, {**SEEN, **course, "course_owner_id": other.id}), Invalid, "courseOwnerId"),
        (Observed(account.id, {**SEEN, **course, "course_due_on": yesterday}), Invalid, "courseDueOn"),
    ):
        with pytest.raises(error) as refusal:
            await trends.record(actor, [Observed(account.id, SEEN), wrong])
        assert list(refusal.value.path) == ["trends", "1", path]
    assert await Trend.all().count() == 0


async def test_a_trend_affects_families_that_are_sold(db: str) -> None:
    tenant = await factories.tenant()
    who = await factories.user(tenant)
    account, actor = await factories.account(who), await factories.actor(who)
    await factories.product(tenant, family="WAN")
    with pytest.raises(Invalid, match="the family 'Nope'; allowed: WAN") as refusal:
        await trends.record(actor, [Observed(account.id, {**SEEN, "families": ["WAN", "Nope"]})])
    assert list(refusal.value.path) == ["trends", "0", "families", "1"]
    (trend,) = await trends.record(actor, [Observed(account.id, {**SEEN, "families": ["WAN"]})])
    assert trend.families == ["WAN"]


async def test_a_trend_moves_on_no_day_before_it_was_observed_or_moved_last(db: str) -> None:
    """Observed a month ago, acted on a week ago: it is closed on that day at the earliest."""
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    month, week = today() - timedelta(days=30), today() - timedelta(days=7)
    seen = {**SEEN, "observed_on": month, "course": "Visit", "course_due_on": month}
    (trend,) = await trends.record(actor, [Observed(account.id, seen, "1")])
    await trends.update(actor, trend.id, {"course_owner_id": who.id})
    for on in (date(2020, 1, 1), month - timedelta(days=1)):
        with pytest.raises(Invalid, match=f"on {month}; allowed: that day and later") as refusal:
            await trends.move(actor, trend.id, TrendState.ACTED, on=on)
        assert list(refusal.value.path) == ["on"]
    await trends.move(actor, trend.id, TrendState.ACTED, on=week)
    worked = TrendOutcome.WORKED
    with pytest.raises(Invalid, match=f"on {week}; allowed: that day and later"):
        await trends.move(actor, trend.id, TrendState.CLOSED, outcome=worked, on=week - timedelta(days=1))
    later = {**seen, "observed_on": today(), "course_due_on": None}
    for correcting in (
        trends.update(actor, trend.id, {"observed_on": today(), "course_due_on": None}),
        trends.record(actor, [Observed(account.id, later, "1")]),
    ):
        with pytest.raises(Invalid, match=f"moved on {week}; allowed: that day and earlier"):
            await correcting
    with pytest.raises(Invalid, match=f"due on {month}") as refusal:
        await trends.update(actor, trend.id, {"observed_on": week})
    assert list(refusal.value.path) == ["observedOn"]
    closed = await trends.move(actor, trend.id, TrendState.CLOSED, outcome=worked, on=week)
    assert closed.outcome_on == week


async def test_one_that_is_in_its_day_tomorrow_moves_today(db: str) -> None:
    """Where the day begins before it does in UTC, what is observed today is observed on the next day."""
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    seen = {**SEEN, "observed_on": today() + timedelta(days=1), "course": "Visit"}
    (trend,) = await trends.record(actor, [Observed(account.id, seen)])
    moved = await trends.move(actor, trend.id, TrendState.CLOSED, outcome=TrendOutcome.WORKED)
    assert moved.outcome_on == today() + timedelta(days=1)


async def test_a_signal_becomes_one_trend(db: str) -> None:
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    heard = Observation(account.id, SignalKind.CLOUD_MOVE, "x" * 201, today())
    (signal,) = await signals.record(actor, [heard])
    trend = await trends.from_signal(actor, signal.id, {}, idempotency_key="once")
    assert (trend.kind, len(trend.title), trend.details) == (TrendKind.CLOUD_MOVE, 200, "x" * 201)
    assert (await trends.from_signal(actor, signal.id, {}, idempotency_key="once")).id == trend.id
    with pytest.raises(InvalidTransition):
        await trends.from_signal(actor, signal.id, {})


async def test_a_trend_is_acted_on_with_a_course_and_ends_with_what_came_of_it(db: str) -> None:
    who = await factories.user(await factories.tenant())
    account, actor = await factories.account(who), await factories.actor(who)
    (trend,) = await trends.record(actor, [Observed(account.id, SEEN)])
    with pytest.raises(InvalidTransition, match="without a course"):
        await trends.move(actor, trend.id, TrendState.ACTED)
    with pytest.raises(InvalidTransition, match="no course"):
        await trends.move(actor, trend.id, TrendState.CLOSED, outcome=TrendOutcome.WORKED)
    course = {"course": "Visit", "course_owner_id": who.id, "course_due_on": today()}
    await trends.update(actor, trend.id, course)
    assert (await trends.update(actor, trend.id, {"course": None})).course_due_on is None
    await trends.update(actor, trend.id, course)
    await trends.move(actor, trend.id, TrendState.ACTED)
    with pytest.raises(InvalidTransition, match="stays"):
        await trends.update(actor, trend.id, {"course": None})
    ended = await trends.move(actor, trend.id, TrendState.CLOSED, outcome=TrendOutcome.WORKED)
    assert (ended.state, ended.outcome, ended.outcome_on) == (
        TrendState.CLOSED, TrendOutcome.WORKED, today()
    )  # fmt: skip
    with pytest.raises(InvalidTransition, match="OPEN"):
        await trends.move(actor, trend.id, TrendState.ACTED)


async def _live(tenant: Tenant, engine: EnginePool) -> None:
    book, _ = await rulebooks.import_file(system_actor(tenant), "trends", packs.load("trends").text)
    await rulebooks.activate(system_actor(tenant), engine, book.id)


async def _judge(tenant: Tenant, engine: EnginePool) -> None:
    run = await evaluations.evaluate(system_actor(tenant), engine, today())
    assert (run.failures, run.disagreements) == ([], [])


async def test_a_trend_is_a_fact_in_a_rule_from_its_recording_to_the_lapse(
    db: str, engine: EnginePool
) -> None:
    """Capability 26: a trend is a fact in a rule.

    A merger that nobody answers is recommended to be answered, until a course of action is decided on.
    """
    tenant = await factories.tenant()
    who = await factories.user(tenant)
    account = await factories.account(who)
    await _live(tenant, engine)
    asked = "{ recommendations { nodes { state title because action } } }"
    async with door(who, engine=engine) as client:
        given = {
            "accountId": account.id, "kind": "MERGER", "title": "Bank merges", "impact": "THREAT",
            "severity": "HIGH", "observedOn": str(today()),
        }  # fmt: skip
        made: Any = await client.do("recordTrends", "trends { id version }", {"trends": [given]})
        assert made["errors"] == []
        (trend,) = made["trends"]
        await _judge(tenant, engine)
        told: Any = await client.ask(asked)
        (found,) = told["recommendations"]["nodes"]
        assert (found["state"], found["action"]) == ("OPEN", "DECIDE_COURSE_OF_ACTION")
        assert found["because"].startswith("Bank merges (today) has no course of action")
        assert trend["version"] == 1
        decided = {"id": trend["id"], "version": 1, "course": "Visit", "courseOwnerId": who.id}
        assert (await client.do("updateTrend", "trend { course }", decided))["errors"] == []
        assert account.id in await pending.waiting(tenant.id)
        await _judge(tenant, engine)
        told = await client.ask(asked)
        (found,) = told["recommendations"]["nodes"]
        assert found["state"] == "LAPSED"


@pytest.mark.parametrize("linked", [True, False])
async def test_a_tender_heard_of_and_noted_as_a_trend_is_recommended_once(
    db: str, engine: EnginePool, linked: bool
) -> None:
    """A signal: by the pack ``growth``; once it is a trend: by the pack ``trends``; refuted: by neither."""
    who = await factories.user(await factories.tenant())
    account, operator = await factories.account(who), system_actor(await Tenant.get())
    heard = Observation(account.id, SignalKind.TENDER_ANNOUNCED, "A tender for 90 sites", today())
    (signal,) = await signals.record(operator, [heard])
    for name in ("growth", "trends"):
        book, _ = await rulebooks.import_file(operator, name, packs.load(name).text)
        await rulebooks.activate(operator, engine, book.id)

    async def open_keys() -> set[str]:
        await evaluations.evaluate(operator, engine, today())
        told = await Recommendation.filter(state=RecommendationState.OPEN).order_by("rule_key")
        return {each.rule_key for each in told}

    assert await open_keys() == {"tender-without-deal"}
    actor = await factories.actor(who)
    weighed = {"impact": TrendImpact.OPPORTUNITY, "severity": Severity.HIGH}
    tender = {**SEEN, "kind": TrendKind.TENDER_ANNOUNCED, **weighed}
    if linked:
        trend = await trends.from_signal(actor, signal.id, weighed)
    else:
        (trend,) = await trends.record(actor, [Observed(account.id, tender)])
    assert await open_keys() == {"tender-trend-without-deal"}
    await trends.move(actor, trend.id, TrendState.REFUTED)
    assert await open_keys() == (set() if linked else {"tender-without-deal"})
