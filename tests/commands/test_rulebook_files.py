"""Rulebooks leave and come back as files, to the byte, and say the same where they come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from tortoise import Tortoise

from commands import evaluations, rulebooks
from commands.access import system_actor
from commands.journal import unit_of_work
from models.access import Actor, Role, Tenant
from models.errors import Forbidden, Invalid, InvalidRulebook, InvalidTransition, NotFound
from models.history import Change
from models.recommendations import Evidence, Recommendation, Risk
from models.rulebooks import Rule, Rulebook, RulebookState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door

DAY = factories.TODAY
TABLES = (
    "evidence", "risk_line", "recommendation", "risk", "judgement", "pending_judgement", "evaluation_run",
    "rule", "rulebook", "play_step", "play", "change", "audit_record", "deal", "contract", "account", "user",
    "tenant",
)  # fmt: skip
TEXT = """# Contracts that end
description: What ends soon
rules:
  - key: ending   # three months
    title: "A contract ends"
    when:
      - contract: {as: c, where: {days_to_end: {between: [0, 90]}}}
    then:
      - recommend: {action: OPEN_RENEWAL, because: '{c.name} ends in {c.days_to_end}'}
cases:
  - name: ends tomorrow
    rule: ending
    facts: {contract: [{days_to_end: 1}]}
    expect: [{c: contract-1}]
  - name: ended
    rule: ending
    facts: {contract: [{days_to_end: -1}]}
"""


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def manager(db: str) -> Actor:
    return await factories.actor(await factories.user(await factories.tenant(), Role.MANAGER))


async def _world(tenant: Tenant) -> None:
    """Accounts with ids and names that are the same each time that they are made."""
    owner = await factories.user(tenant, id="usr_1")
    for number in range(4):
        account = await factories.account(owner, id=f"acc_{number}", name=f"Account {number}")
        ends = DAY + timedelta(days=30 * number)
        await factories.contract(account, id=f"con_{number}", name=f"Contract {number}", ends_on=ends)
        await factories.deal(
            account, id=f"deal_{number}", name="Deal", valid_from=DAY - timedelta(days=95 - number)
        )


async def _said() -> list[object]:
    """Everything that is said, with its evidence, but for the ids and times of the rows."""
    told: list[object] = []
    for row in [*await Recommendation.all(), *await Risk.all()]:
        kind = row._meta.db_table
        evidence = await Evidence.filter(**{f"{kind}_id": row.id}).order_by("position")
        seen = [(e.alias, e.fact_id, e.field, e.op, e.threshold, e.seen) for e in evidence]
        told.append((kind, row.rule_key, row.subject_key, row.title, getattr(row, "because", None), seen))
    return sorted(told, key=repr)


async def test_what_was_imported_is_exported_to_the_byte(manager: Actor) -> None:
    book, made = await rulebooks.import_file(manager, "ends", TEXT)
    assert (made, book.number, book.description) == (True, 1, "What ends soon")
    assert await rulebooks.exported(book) == TEXT
    again, made = await rulebooks.import_file(manager, "ends", TEXT)
    assert (made, again.id) == (False, book.id)
    changed, made = await rulebooks.import_file(manager, "ends", TEXT.replace("three months", "a quarter"))
    assert (made, changed.number) == (True, 2)


async def test_what_was_written_through_the_api_has_a_file_that_stays_the_same(manager: Actor) -> None:
    starter = packs.load(packs.STARTER)
    book = await rulebooks.save(manager, "mine", starter.rules, description="Größer, 日本")
    text = await rulebooks.exported(book)
    same, made = await rulebooks.import_file(manager, "mine", text)
    assert (made, same.id) == (False, book.id)
    other, made = await rulebooks.import_file(manager, "other", text)
    assert made
    assert await rulebooks.exported(other) == text
    assert await rulebooks.documents_of(other) == await rulebooks.documents_of(book)


async def test_exported_wiped_and_imported_rules_give_the_same_verdicts(db: str, engine: EnginePool) -> None:
    texts = {"ends": TEXT, "starter": (await _starter_text())}
    tenant = await factories.tenant()
    await _world(tenant)
    exported: dict[str, str] = {}
    for name, text in texts.items():
        book, _ = await rulebooks.import_file(system_actor(tenant), name, text)
        await rulebooks.activate(system_actor(tenant), engine, book.id)
        exported[name] = await rulebooks.exported(book)
    await evaluations.evaluate(system_actor(tenant), engine, DAY)
    said = await _said()
    assert len(said) > 8
    await _wipe()
    tenant = await factories.tenant()
    await _world(tenant)
    for name, text in exported.items():
        book, _ = await rulebooks.import_file(system_actor(tenant), name, text)
        await rulebooks.activate(system_actor(tenant), engine, book.id)
    await evaluations.evaluate(system_actor(tenant), engine, DAY)
    assert await _said() == said


async def _starter_text() -> str:
    return packs.load(packs.STARTER).text


async def _wipe() -> None:
    connection = Tortoise.get_connection("default")
    for table in TABLES:
        await connection.execute_query(f'delete from "{table}"')


async def test_what_a_version_says_cannot_be_changed(manager: Actor, engine: EnginePool) -> None:
    book, _ = await rulebooks.import_file(manager, "ends", TEXT)
    await rulebooks.activate(manager, engine, book.id)
    rule = await Rule.get(rulebook_id=book.id)
    for record, values in (
        (rule, {"document": {"key": "other"}}),
        (rule, {"key": "other"}),
        (await Rulebook.get(id=book.id), {"text": "other"}),
        (await Rulebook.get(id=book.id), {"cases": []}),
        (await Rulebook.get(id=book.id), {"number": 7}),
    ):
        with pytest.raises(InvalidTransition, match="stays as it was made"):
            async with unit_of_work(manager, "rules.change") as work:
                await work.update(record, values)
    assert await rulebooks.exported(await Rulebook.get(id=book.id)) == TEXT


async def test_a_case_that_fails_keeps_a_version_from_going_live(manager: Actor, engine: EnginePool) -> None:
    text = TEXT.replace("[0, 90]", "[-5, 90]")
    draft, _ = await rulebooks.import_file(manager, "ends", text)
    with pytest.raises(
        InvalidRulebook, match="the case 'ended' of ending fails: it matches c = contract-1"
    ) as caught:
        await rulebooks.activate(manager, engine, draft.id)
    assert caught.value.problems[0].path == ("cases", "1")
    assert [str(each) for each in await rulebooks.failing_cases(draft)] == [
        "the case 'ended' of ending fails: it matches c = contract-1"
    ]
    assert (await Rulebook.get(id=draft.id)).state == RulebookState.DRAFT


async def test_rolling_back_takes_the_version_before_and_says_who_when_and_why(
    manager: Actor, engine: EnginePool
) -> None:
    first, _ = await rulebooks.import_file(manager, "ends", TEXT)
    second, _ = await rulebooks.import_file(manager, "ends", TEXT + "# second\n")
    with pytest.raises(NotFound):
        await rulebooks.roll_back(manager, engine, "ends", "nothing is live")
    await rulebooks.activate(manager, engine, first.id)
    await rulebooks.activate(manager, engine, second.id, reason="better")
    with pytest.raises(Invalid):
        await rulebooks.roll_back(manager, engine, "ends", "  ")
    back = await rulebooks.roll_back(manager, engine, "ends", "flags too many")
    assert (back.id, back.state, back.reason) == (first.id, RulebookState.ACTIVE, "flags too many")
    assert (back.activated_by_id, back.activated_at is not None) == (manager.user_id, True)
    assert (await Rulebook.get(id=second.id)).state == RulebookState.RETIRED
    why = await Change.filter(entity="rulebook", entity_id=first.id, field="reason")
    assert [change.new for change in why] == ["flags too many"]
    assert (await rulebooks.roll_back(manager, engine, "ends", "was right")).id == second.id


async def test_retired_rules_say_nothing_any_more(manager: Actor, engine: EnginePool) -> None:
    tenant = await Tenant.get(id=manager.tenant_id)
    await _world(tenant)
    book, _ = await rulebooks.import_file(manager, "ends", TEXT)
    await rulebooks.activate(manager, engine, book.id)
    run = await evaluations.evaluate(system_actor(tenant), engine, DAY)
    assert run.opened > 0
    retired = await rulebooks.retire(manager, book.id, "not wanted")
    assert (retired.state, retired.reason) == (RulebookState.RETIRED, "not wanted")
    with pytest.raises(InvalidTransition):
        await rulebooks.retire(manager, book.id, "again")
    after = await evaluations.evaluate(system_actor(tenant), engine, DAY)
    assert (after.matched, after.lapsed) == (0, run.opened)


async def test_an_account_becomes_a_case(manager: Actor, engine: EnginePool) -> None:
    team = await factories.team(await Tenant.get(id=manager.tenant_id))
    boss = await factories.user(await Tenant.get(id=manager.tenant_id), Role.MANAGER, team_id=team.id)
    owner = await factories.user(await Tenant.get(id=manager.tenant_id), team_id=team.id)
    account = await factories.account(owner)
    contract = await factories.contract(account, ends_on=DAY + timedelta(days=10), mrc_minor=12_34)
    book, _ = await rulebooks.import_file(manager, "ends", TEXT)
    await rulebooks.activate(manager, engine, book.id)
    case: Any = await rulebooks.account_case(
        await factories.actor(boss), account.id, "ending", DAY, "as it was"
    )
    assert case["expect"] == [{"c": contract.id}]
    assert case["facts"]["contract"][0]["days_to_end"] == 10
    rules = await rulebooks.documents_of(book)
    again = await rulebooks.save(manager, "ends", rules, [case])
    assert await rulebooks.failing_cases(again) == []
    with pytest.raises(NotFound):
        await rulebooks.account_case(manager, account.id, "ending", DAY)  # not of his team
    with pytest.raises(Forbidden):
        await rulebooks.account_case(await factories.actor(owner), account.id, "ending", DAY)


async def test_managers_do_all_of_it_through_the_api(manager: Actor, engine: EnginePool) -> None:
    boss = await factories.user(await Tenant.get(id=manager.tenant_id), Role.MANAGER)
    async with door(boss, engine=engine) as client:
        made: Any = await client.do("importRulebook", IMPORTED, {"name": "ends", "yaml": TEXT})
        assert made["errors"] == []
        book = made["rulebook"]
        assert (book["yaml"], book["failingCases"], len(book["cases"])) == (TEXT, [], 2)
        live: Any = await client.do(
            "activateRulebook", "rulebook { reason }", {"id": book["id"], "reason": "new"}
        )
        assert live["rulebook"]["reason"] == "new"
        tried: Any = await client.ask(
            TRIED, {"rules": await rulebooks.documents_of(await Rulebook.get(id=book["id"]))}
        )
        assert tried["dryRun"]["rules"] == [{"ruleKey": "ending", "gained": 0, "lost": 0, "kept": 0}]
        second: Any = await client.do(
            "importRulebook", IMPORTED, {"name": "ends", "yaml": TEXT.replace("90", "30")}
        )
        ids = {"before": book["id"], "after": second["rulebook"]["id"]}
        differing: Any = await client.ask(DIFFERING, ids)
        (text,) = differing["rulebookDifference"]["texts"]
        assert (text["ruleKey"], text["change"]) == ("ending", "CHANGED")
        wrong: Any = await client.do("rollBackRulebook", "rulebook { id }", {"name": "ends", "reason": "x"})
        assert wrong["errors"][0]["code"] == "NOT_FOUND"
        broken: Any = await client.do(
            "importRulebook", "rulebook { id }", {"name": "ends", "yaml": "rules: ["}
        )
        assert broken["errors"][0]["message"].startswith("not a YAML document")


IMPORTED = "rulebook { id yaml cases failingCases description }"
TRIED = """query ($rules: [JSON!]!) { dryRun(name: "ends", rules: $rules) { accounts shareFlagged warnings
 exposureAfter { amount currency } rules { ruleKey gained lost kept } verdicts { movement account { id } }
 } }"""
DIFFERING = """query ($before: ID!, $after: ID!) { rulebookDifference(before: $before, after: $after) {
 texts { ruleKey change lines } outcome { asOf flaggedAfter } } }"""
