"""A backtest says of rules what is true of a world in which the truth is known, from what was known then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from commands import backtests, journal, rulebooks
from commands.access import system_actor
from commands.backtests import Period, Report, backtest
from commands.journal import unit_of_work
from metrics.outcomes import OutcomeKind
from metrics.proportions import wilson
from models.access import Actor, Role, Tenant, User
from models.deals import Stage
from models.errors import Forbidden, Invalid, InvalidRulebook
from models.rulebooks import Backtest, BacktestState, Step
from models.signals import Signal, SignalKind
from rules.backtest import Score
from rules.engine.pool import EnginePool
from tests import factories

JANUARY = date(2025, 1, 1)
PERIOD = Period(JANUARY, date(2025, 6, 1), Step.MONTH, 60, date(2025, 8, 31))


def _rule(key: str, kind: str, where: Mapping[str, Any], exposure: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "title": key,
        "when": [{kind: {"as": "x", "where": where}}],
        "then": [{"flag": {"risk": "ANY", "severity": "HIGH", "exposure": exposure}}],
        **changes,
    }


OLD_DEALS = _rule("old", "deal", {"is_open": {"eq": True}, "age_days": {"gt": 45}}, "$x.amount")


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def manager(db: str) -> Actor:
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    return await factories.actor(await factories.user(tenant, Role.MANAGER, team_id=team.id))


async def _account(of: Actor, **values: Any) -> Any:
    owner = await User.get(id=of.user_id)
    return await factories.account(owner, valid_from=date(2024, 1, 1), **values)


def _score(report: Report, outcome: OutcomeKind, key: str = "old") -> Score:
    return next(each for each in report.scores if (each.rule_key, each.outcome) == (key, outcome))


async def _deal(account: Any, began: date, closed: tuple[Stage, date] | None, amount: int = 100) -> Any:
    """A deal with its history: open from the day it began to the day it was closed."""
    deal = await factories.deal(account, valid_from=began, amount_minor=amount, close_on=None)
    if closed:
        tenant = await Tenant.get(id=account.tenant_id)
        async with unit_of_work(system_actor(tenant), "test", on=closed[1], history=True) as work:
            await work.update(deal, {"stage": closed[0], "closed_on": closed[1]})
    return deal


async def test_the_figures_of_a_planted_world_are_exact(manager: Actor, engine: EnginePool) -> None:
    account = await _account(manager)
    # Open from 1 December: older than 45 days from 1 February on.
    old = date(2024, 12, 1)
    await _deal(account, old, (Stage.LOST, date(2025, 3, 20)), 1_000)  # flagged 1 Feb, 1 Mar; lost in time
    await _deal(account, old, (Stage.LOST, date(2025, 2, 10)), 2_000)  # flagged 1 Feb
    await _deal(account, old, (Stage.WON, date(2025, 2, 15)), 4_000)  # flagged 1 Feb, won
    await _deal(account, date(2025, 2, 20), (Stage.LOST, date(2025, 3, 5)), 8_000)  # lost before it is old
    await _deal(account, date(2025, 5, 20), None)  # young, and open
    report = await backtest(manager, engine, "book", [OLD_DEALS], PERIOD)
    lost = _score(report, OutcomeKind.DEAL_LOST)
    assert [(each.flagged, each.new, each.population) for each in lost.dates] == [
        (0, 0, 3), (3, 3, 3), (1, 0, 2), (0, 0, 0), (0, 0, 0), (0, 0, 1),
    ]  # fmt: skip
    assert all(each.decided for each in lost.dates)
    assert (lost.precision.part, lost.precision.whole) == (3, 4)
    # In January 20 March is more than 60 days away: of three open deals one is lost in time.
    assert (lost.recall.part, lost.recall.whole) == (3, 5)
    assert (lost.base_rate.part, lost.base_rate.whole) == (5, 9)
    assert lost.lift == pytest.approx((3 / 4) / (5 / 9))
    assert (lost.precision.low, lost.precision.high) == wilson(3 / 4, 3)
    assert (lost.units_flagged, lost.events, lost.caught, lost.undecided) == (3, 3, 2, 0)
    assert lost.lead_days == (18.5, 28.0, 37.5)  # 9 and 47 days from the first flag
    assert (lost.value_minor, lost.value_caught_minor) == (11_000, 3_000)
    not_won = _score(report, OutcomeKind.DEAL_NOT_WON)
    assert (not_won.precision.part, not_won.precision.whole) == (3, 4)
    assert report.accounts == 1
    assert report.failed == 0


async def test_what_is_learned_later_changes_nothing_before_it(
    manager: Actor, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leak is a back-dated fact that tells what is going to happen."""
    tenant = await Tenant.get(id=manager.tenant_id)
    accounts = [await _account(manager) for _ in range(4)]
    for account in accounts:
        await factories.contract(account, starts_on=date(2024, 1, 1), ends_on=None)
    told = _rule("told", "account", {"annual_value": {"gt": 0}}, "$x.annual_value")
    told["when"].append({"signal": {"where": {"kind": {"eq": "COMPLAINT"}}}})
    before = await backtest(manager, engine, "book", [told], PERIOD)
    learned = date(2025, 8, 15)
    monkeypatch.setattr(journal, "today", lambda: learned)
    async with unit_of_work(system_actor(tenant), "test", on=learned) as work:
        for account in accounts:
            await work.create(
                Signal(
                    id=Signal.make_id(), tenant_id=tenant.id, account_id=account.id,
                    kind=SignalKind.COMPLAINT, summary="they will leave",
                    observed_on=JANUARY, valid_from=JANUARY,
                )
            )  # fmt: skip
    assert await backtest(manager, engine, "book", [told], PERIOD) == before
    later = Period(learned, learned, Step.MONTH, 10, date(2025, 9, 30))
    seen = await backtest(manager, engine, "book", [told], later)
    assert _score(seen, OutcomeKind.CHURNED, "told").dates[0].flagged == 4  # a rule that sees it does flag


async def test_contracts_and_accounts_are_lost_in_their_own_ways(manager: Actor, engine: EnginePool) -> None:
    ending, replaced, renewing, cut = [await _account(manager) for _ in range(4)]
    start, end = date(2024, 1, 1), date(2025, 2, 15)
    await factories.contract(ending, starts_on=start, ends_on=end, mrc_minor=100)
    await factories.contract(replaced, starts_on=start, ends_on=end, mrc_minor=100)
    await factories.contract(replaced, starts_on=end, ends_on=None, mrc_minor=100, known_on=end)
    await factories.contract(renewing, starts_on=start, ends_on=end, mrc_minor=100, auto_renews=True)
    await factories.contract(
        cut, starts_on=start, ends_on=None, terminated_on=date(2025, 2, 20), mrc_minor=100
    )
    await factories.contract(cut, starts_on=start, ends_on=None, mrc_minor=100)
    rules = [
        _rule("contracts", "contract", {"is_active": {"eq": True}}, "$x.annual_value"),
        _rule("accounts", "account", {"annual_value": {"gt": 0}}, "$x.annual_value"),
    ]
    once = Period(JANUARY, JANUARY, Step.MONTH, 60, date(2025, 8, 31))
    report = await backtest(manager, engine, "book", rules, once)
    contracts = _score(report, OutcomeKind.CONTRACT_LOST, "contracts")
    assert (contracts.precision.part, contracts.precision.whole) == (2, 5)  # one ended, one was cut
    churned = _score(report, OutcomeKind.CHURNED, "accounts")
    assert (churned.precision.part, churned.precision.whole) == (1, 4)
    assert churned.value_minor == 1_200
    assert any("more than 20%" in warning for warning in report.warnings)


async def test_dates_whose_horizon_is_not_over_are_counted_as_undecided(
    manager: Actor, engine: EnginePool
) -> None:
    await _deal(await _account(manager), date(2024, 10, 1), None)
    period = Period(JANUARY, date(2025, 6, 1), Step.MONTH, 60, date(2025, 4, 15))
    with pytest.raises(Invalid, match="not in order"):
        await backtest(manager, engine, "book", [OLD_DEALS], period)
    period = Period(JANUARY, date(2025, 4, 1), Step.MONTH, 60, date(2025, 4, 15))
    lost = _score(await backtest(manager, engine, "book", [OLD_DEALS], period), OutcomeKind.DEAL_LOST)
    assert [each.decided for each in lost.dates] == [True, True, False, False]
    assert (lost.precision.part, lost.precision.whole, lost.undecided) == (0, 2, 2)


async def test_a_slipped_deal_is_one_that_is_open_on_the_day_it_was_expected(
    manager: Actor, engine: EnginePool
) -> None:
    account = await _account(manager)
    for closed in ((Stage.WON, date(2025, 1, 20)), (Stage.WON, date(2025, 2, 20)), None):
        deal = await _deal(account, date(2024, 10, 1), closed)
        deal.close_on = date(2025, 1, 31)
        await deal.save()
    once = Period(JANUARY, JANUARY, Step.MONTH, 60, date(2025, 8, 31))
    slipped = _score(await backtest(manager, engine, "book", [OLD_DEALS], once), OutcomeKind.DEAL_SLIPPED)
    assert (slipped.precision.part, slipped.precision.whole) == (2, 3)


async def test_only_what_the_manager_answers_for_counts(manager: Actor, engine: EnginePool) -> None:
    stranger = await factories.user(await Tenant.get(id=manager.tenant_id))
    hidden = await factories.account(stranger, valid_from=date(2024, 1, 1))
    await _deal(hidden, date(2024, 10, 1), (Stage.LOST, date(2025, 2, 1)))
    lost = _score(await backtest(manager, engine, "book", [OLD_DEALS], PERIOD), OutcomeKind.DEAL_LOST)
    assert (lost.base_rate.whole, lost.precision.whole) == (0, 0)
    assert lost.precision.value is None


async def test_a_backtest_that_was_asked_for_is_carried_out_in_the_background(
    manager: Actor, engine: EnginePool
) -> None:
    await _deal(await _account(manager), date(2024, 10, 1), (Stage.LOST, date(2025, 2, 1)))
    asked = await backtests.request(manager, "book", [OLD_DEALS], PERIOD)
    assert (asked.state, asked.total) == (BacktestState.WAITING, 6)
    assert await backtests.carry_out_waiting(engine) == 1
    done = await Backtest.get(id=asked.id)
    assert (done.state, done.done) == (BacktestState.COMPLETE, 6)
    assert backtests.report_of(done) == await backtest(manager, engine, "book", [OLD_DEALS], PERIOD)
    assert await backtests.carry_out_waiting(engine) == 0


async def test_a_backtest_whose_process_is_gone_is_carried_out_by_another(
    manager: Actor, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await backtests.request(manager, "book", [OLD_DEALS], PERIOD)
    await Backtest.filter(id=asked.id).update(state=BacktestState.RUNNING, done=3)
    assert await backtests.carry_out_waiting(engine) == 0  # it may still be alive
    monkeypatch.setattr(backtests, "SILENT", timedelta(seconds=-1))
    assert await backtests.carry_out_waiting(engine) == 1
    assert (await Backtest.get(id=asked.id)).state == BacktestState.COMPLETE


async def test_rules_that_cannot_be_tried_any_more_say_why(manager: Actor, engine: EnginePool) -> None:
    """What a rule rests on may be retired between the asking and the trying."""
    concluding = {
        "key": "concluding", "title": "t", "when": [{"deal": {"as": "d"}}],
        "then": [{"conclude": {"fact": "seen_deal", "with": {"amount": "$d.amount"}}}],
    }  # fmt: skip
    resting = _rule("resting", "deal", {}, "$x.amount")
    resting["when"].append({"seen_deal": {}})
    live = await rulebooks.save(manager, "other", [concluding])
    await rulebooks.activate(manager, engine, live.id)
    asked = await backtests.request(manager, "book", [resting], PERIOD)
    await rulebooks.retire(manager, live.id, "no more")
    assert await backtests.carry_out_waiting(engine) == 1
    failed = await Backtest.get(id=asked.id)
    assert failed.state == BacktestState.FAILED
    assert "seen_deal" in str(failed.failure)


@pytest.mark.parametrize(
    ("period", "message"),
    [
        (Period(JANUARY, date(2024, 1, 1), Step.MONTH, 60, JANUARY), "not in order"),
        (Period(JANUARY, JANUARY, Step.MONTH, 0, JANUARY), "allowed: 1 to 730"),
        (Period(JANUARY, JANUARY, Step.MONTH, 60, date(2990, 1, 1)), "in the future"),
        (Period(date(2020, 1, 1), JANUARY, Step.WEEK, 60, JANUARY), "more than 60 dates"),
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(manager: Actor, period: Period, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        await backtests.request(manager, "book", [OLD_DEALS], period)


async def test_who_makes_no_rules_tries_none_and_a_broken_rule_is_refused(manager: Actor) -> None:
    director = await factories.actor(await factories.user(await Tenant.get(id=manager.tenant_id)))
    with pytest.raises(Forbidden):
        await backtests.request(director, "book", [OLD_DEALS], PERIOD)
    with pytest.raises(InvalidRulebook):
        await backtests.request(manager, "book", [{**OLD_DEALS, "when": []}], PERIOD)
    assert await Backtest.all().count() == 0


def test_months_that_are_too_short_for_the_day_give_their_last_day() -> None:
    period = Period(date(2024, 12, 31), date(2025, 4, 30), Step.MONTH, 60, date(2025, 8, 31))
    assert [day.isoformat() for day in period.dates] == [
        "2024-12-31", "2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30",
    ]  # fmt: skip
