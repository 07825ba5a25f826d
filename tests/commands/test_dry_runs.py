"""A dry run says what other rules would change, exactly, and writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from commands import dry_runs, evaluations, rulebooks
from commands.dry_runs import Movement
from metrics.portfolio import portfolio
from models import MODULES
from models.access import Actor, Role, Tenant
from models.database import fetch, is_sqlite
from models.errors import Forbidden, Invalid, InvalidRulebook
from models.recommendations import Recommendation, Risk
from rules.engine.pool import EnginePool
from tests import factories

DAY = factories.TODAY


def _rule(key: str, days: int, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "title": f"A contract ends within {days} days",
        "when": [{"contract": {"as": "c", "where": {"days_to_end": {"between": [0, days]}}}}],
        "then": [
            {"flag": {"risk": "CHURN", "severity": "HIGH", "exposure": "$c.annual_value"}},
            {"recommend": {"action": "OPEN_RENEWAL", "because": "{c.name}"}},
        ],
        **changes,
    }


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def manager(db: str, engine: EnginePool) -> Actor:
    """A manager of a team with contracts that end in 30, 60, … 300 days, one an account."""
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    owner = await factories.user(tenant, team_id=team.id)
    for number in range(1, 11):
        account = await factories.account(owner)
        await factories.contract(account, ends_on=DAY + timedelta(days=30 * number), mrc_minor=number * 100)
    return await factories.actor(await factories.user(tenant, Role.MANAGER, team_id=team.id))


async def _live(manager: Actor, engine: EnginePool, rules: Sequence[dict[str, Any]]) -> None:
    draft = await rulebooks.save(manager, "book", rules)
    await rulebooks.activate(manager, engine, draft.id)


async def _counts() -> dict[str, object]:
    """How many rows each table of the database has."""
    tables = await fetch(
        "select name from sqlite_master where type = 'table'"
        if is_sqlite()
        else "select tablename as name from pg_tables where schemaname = 'public'"
    )
    assert len(tables) > len(MODULES)
    return {str(t["name"]): (await fetch(f'select count(*) as n from "{t["name"]}"'))[0]["n"] for t in tables}


async def test_nothing_is_written(manager: Actor, engine: EnginePool) -> None:
    await _live(manager, engine, [_rule("ending", 120)])
    before = await _counts()
    outcome = await dry_runs.dry_run(manager, engine, "book", [_rule("ending", 180)], DAY)
    assert await _counts() == before
    assert outcome.moved


async def test_it_says_what_two_real_evaluations_would_differ_by(manager: Actor, engine: EnginePool) -> None:
    await _live(manager, engine, [_rule("ending", 120), _rule("gone", 30)])
    draft = [_rule("ending", 180), _rule("fresh", 60)]
    outcome = await dry_runs.dry_run(manager, engine, "book", draft, DAY)
    await evaluations.evaluate(manager, engine, DAY)
    before = await portfolio(manager, DAY)
    standing = {(row.rule_key, row.subject_key) for row in await Risk.filter(lapsed_on=None)}
    await _live(manager, engine, draft)
    run = await evaluations.evaluate(manager, engine, DAY)
    after = await portfolio(manager, DAY)
    now = {(row.rule_key, row.subject_key) for row in await Risk.filter(lapsed_on=None)}
    moved = {
        movement: {(each.rule_key, each.subject_key) for each in outcome.moved if each.movement is movement}
        for movement in Movement
    }
    assert moved == {
        Movement.GAINED: now - standing,
        Movement.LOST: standing - now,
        Movement.KEPT: now & standing,
    }
    assert (run.opened, run.lapsed) == (2 * len(now - standing), 2 * len(standing - now))
    assert {movement: len(found) for movement, found in moved.items()} == {
        Movement.GAINED: 4, Movement.LOST: 1, Movement.KEPT: 4,
    }  # fmt: skip
    assert (before.total.at_risk_minor, after.total.at_risk_minor) == (
        outcome.exposure_before,
        outcome.exposure_after,
    )


async def test_each_rule_is_counted_and_one_that_flags_many_is_warned_of(
    manager: Actor, engine: EnginePool
) -> None:
    await _live(manager, engine, [_rule("ending", 60)])
    outcome = await dry_runs.dry_run(manager, engine, "book", [_rule("ending", 90)], DAY)
    (rule,) = outcome.rules
    assert (rule.gained, rule.lost, rule.kept, rule.accounts) == (1, 0, 2, 3)
    assert (rule.exposure_before, rule.exposure_after) == (12 * 300, 12 * 600)
    assert (outcome.accounts, outcome.flagged_before, outcome.flagged_after) == (10, 2, 3)
    assert outcome.warnings == ["ending speaks of 3 accounts, 30% of all"]
    assert Decimal(outcome.exposure_after - outcome.exposure_before) == 3600


async def test_what_other_rulebooks_conclude_is_there_for_the_draft(
    manager: Actor, engine: EnginePool
) -> None:
    concluding = _rule("near", 30, then=[{"conclude": {"fact": "near_end", "with": {"of": "$c.id"}}}])
    draft = await rulebooks.save(manager, "base", [concluding])
    await rulebooks.activate(manager, engine, draft.id)
    resting = _rule(
        "rests", 30, when=[{"contract": {"as": "c"}}, {"near_end": {"where": {"of": {"eq": "$c.id"}}}}]
    )
    outcome = await dry_runs.dry_run(manager, engine, "book", [resting], DAY)
    assert [(rule.rule_key, rule.gained) for rule in outcome.rules] == [("rests", 1)]


async def test_two_versions_differ_in_text_and_in_what_they_say(manager: Actor, engine: EnginePool) -> None:
    one = await rulebooks.save(manager, "book", [_rule("ending", 60), _rule("gone", 30), _rule("same", 30)])
    other = await rulebooks.save(manager, "book", [_rule("ending", 90), _rule("same", 30), _rule("new", 30)])
    texts = {text.rule_key: text for text in await dry_runs.text_difference(one, other)}
    assert {key: text.change for key, text in texts.items()} == {
        "ending": "CHANGED", "gone": "REMOVED", "new": "ADDED",
    }  # fmt: skip
    assert "-  title: A contract ends within 60 days" in texts["ending"].lines
    assert "+  title: A contract ends within 90 days" in texts["ending"].lines
    outcome = await dry_runs.difference(manager, engine, one, other, DAY)
    assert {rule.rule_key: (rule.gained, rule.lost, rule.kept) for rule in outcome.rules} == {
        "ending": (1, 0, 2), "gone": (0, 1, 0), "new": (1, 0, 0), "same": (0, 0, 1),
    }  # fmt: skip


async def test_wrong_rules_are_refused_and_only_who_makes_rules_may_try_them(
    manager: Actor, engine: EnginePool
) -> None:
    with pytest.raises(InvalidRulebook) as caught:
        await dry_runs.dry_run(manager, engine, "book", [_rule("ending", 60, urgency=2)], DAY)
    assert caught.value.problems[0].path == ("rules", "0", "urgency")
    director = await factories.actor(await factories.user(await factories.tenant()))
    with pytest.raises(Forbidden):
        await dry_runs.dry_run(director, engine, "book", [_rule("ending", 60)], DAY)


async def test_a_name_that_no_rulebook_can_have_is_refused(manager: Actor, engine: EnginePool) -> None:
    for name in ("x" * 101, " "):
        with pytest.raises(Invalid):
            await dry_runs.dry_run(manager, engine, name, [_rule("ending", 60)], DAY)
        with pytest.raises(Invalid):
            await rulebooks.version_named(manager, f"{name}/1")


async def test_a_manager_is_told_of_the_accounts_of_the_own_team_alone(
    manager: Actor, engine: EnginePool
) -> None:
    stranger = await factories.user(await Tenant.get(id=manager.tenant_id))
    account = await factories.account(stranger)
    await factories.contract(account, ends_on=DAY + timedelta(days=10))
    outcome = await dry_runs.dry_run(manager, engine, "book", [_rule("ending", 15)], DAY)
    assert (outcome.accounts, outcome.moved) == (10, ())
    assert await Recommendation.all().count() == 0
