"""Rules are checked beside the live ones and the tenant's records; what never matches is kept out."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from commands import rule_checks, rulebooks
from models.access import Actor, Role, Tenant
from models.errors import Forbidden, Invalid, InvalidRulebook
from models.rulebooks import Rulebook, RulebookState
from rules import packs
from rules.engine.pool import EnginePool
from rules.facts import accounts_as_of, gather
from rules.findings import Finding, FindingCode
from rules.kinds import REGISTRY
from rules.needs import everything
from tests import factories
from tests.door import door
from tests.rules.checking import deal, rule
from tests.rules.stored import portfolio
from tests.schema.asking import counted

DAY = factories.TODAY
NEVER = rule([deal({"age_days": {"gt": 100, "lt": 50}})], "never")
WIDE = rule([deal({"age_days": {"gt": 90}})], "wide")
NARROW = rule([deal({"age_days": {"gt": 99}})], "narrow")


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def manager(db: str) -> Actor:
    """A manager of a tenant with one account and one deal."""
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant), segment=None, employees=None)
    await factories.deal(account, competitor=None)
    return await factories.actor(await factories.user(tenant, Role.MANAGER))


async def _unfilled(manager: Actor, *rules: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The rule, the place and the message of what nothing is recorded for."""
    found = await rule_checks.check(manager, "mine", rules, DAY)
    return [
        (each.rule_key, ".".join(each.path), each.message)
        for each in found
        if each.code is FindingCode.UNFILLED
    ]


def _told(found: Sequence[Finding]) -> list[tuple[str, FindingCode]]:
    return [(each.rule_key, each.code) for each in found if each.code is not FindingCode.UNFILLED]


async def test_fields_that_no_record_has_are_told_at_their_first_place(manager: Actor) -> None:
    filled = rule([deal({"age_days": {"gt": 5}, "is_open": {"eq": True}})], "filled")
    unfilled = rule(
        [deal({"age_days": {"gt": 5}, "any": [{"competitor": {"is_null": True}}]}), {"account": {"as": "a"}}],
        "unfilled",
        then=[{"recommend": {"action": "LOOK", "because": "{d.competitor} and {a.employees}"}}],
    )
    assert await _unfilled(manager, filled, unfilled) == [
        (
            "unfilled",
            "rules.1.when.0.deal.where.any.0.competitor.is_null",
            "no deal of the tenant has competitor as of 2026-03-31",
        ),
        ("unfilled", "rules.1.then", "no account of the tenant has employees as of 2026-03-31"),
    ]


async def test_a_kind_without_records_is_told_once_and_not_field_by_field(manager: Actor) -> None:
    quiet = {"none": {"contact": {"where": {"seniority": {"eq": "EXECUTIVE"}, "has_left": {"eq": False}}}}}
    assert await _unfilled(manager, rule([deal({}), quiet])) == [
        ("r", "rules.0.when.1", "the tenant has no contact as of 2026-03-31")
    ]


async def test_a_percentile_needs_what_it_ranks_and_the_segment_that_it_is_within(manager: Actor) -> None:
    relative = rule([{"account": {"where": {"employees_segment_percentile": {"gte": 90}}}}])
    place = "rules.0.when.0.account.where.employees_segment_percentile.gte"
    assert await _unfilled(manager, relative) == [
        ("r", place, "no account of the tenant has employees as of 2026-03-31"),
        ("r", place, "no account of the tenant has segment as of 2026-03-31"),
    ]
    owner = await factories.user(await Tenant.get(id=manager.tenant_id))
    await factories.account(owner, segment="s", employees=3)
    assert await _unfilled(manager, relative) == []


async def test_what_is_recorded_later_or_of_another_tenant_does_not_count(manager: Actor) -> None:
    other = await factories.account(await factories.user(await factories.tenant()))
    await factories.contact(other)
    owner = await factories.user(await Tenant.get(id=manager.tenant_id))
    account = await factories.account(owner)
    asking = rule([{"ticket": {}}, {"contact": {}}])
    await factories.ticket(account, opened_on=DAY + timedelta(days=5))
    assert [message for _, _, message in await _unfilled(manager, asking)] == [
        "the tenant has no ticket as of 2026-03-31",
        "the tenant has no contact as of 2026-03-31",
    ]
    later = await rule_checks.check(manager, "mine", [asking], DAY + timedelta(days=5))
    assert [each.message for each in later] == ["the tenant has no contact as of 2026-04-05"]


async def test_one_statement_a_kind_counts_all_fields_of_all_packs(
    manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [document for name in packs.names() for document in packs.load(name).rules]
    with counted(monkeypatch) as statements:
        found = await rule_checks.check(manager, "mine", documents, DAY)
    counting = [each for each in statements if "count(*) as facts" in each]
    kinds = {
        "account", "contract", "deal", "bid", "contact", "service", "ticket", "signal", "event", "quota",
        "plan", "stakeholder", "trend", "competitor", "deal_line", "deal_contact", "whitespace",
    }  # fmt: skip
    assert len(counting) == len(kinds)
    assert _told(found) == []
    assert "the tenant has no signal as of 2026-03-31" in {each.message for each in found}


async def test_a_field_is_unfilled_when_no_fact_that_is_gathered_has_it(db: str) -> None:
    tenant_id = await portfolio(random.Random(3), 12)
    manager = await factories.actor(await factories.user(await Tenant.get(id=tenant_id), Role.MANAGER))
    asked = {kind.name: list(kind.fields) for kind in REGISTRY.kinds.values()}
    rules = [
        rule([{kind: {"where": {name: {"is_null": True}}}}], f"{kind}-{name}".replace("_", "-"))
        for kind, names in asked.items()
        for name in names
    ]
    told = {(key, message) for key, _, message in await _unfilled(manager, *rules)}
    gathered = await gather(tenant_id, await accounts_as_of(tenant_id, DAY), DAY, everything())
    facts = {kind: [fact for of in gathered.values() for fact in of.get(kind, ())] for kind in asked}
    expected = {
        (
            f"{kind}-{name}".replace("_", "-"),
            (f"no {kind} of the tenant has {name}" if facts[kind] else f"the tenant has no {kind}")
            + f" as of {DAY}",
        )
        for kind, names in asked.items()
        for name in names
        if not any(name in fact for fact in facts[kind])
    }
    assert told == expected
    assert 0 < len(told) < len(rules)


async def test_rules_are_compared_with_the_live_ones_of_other_rulebooks(
    manager: Actor, engine: EnginePool
) -> None:
    live = await rulebooks.save(manager, "live", [WIDE])
    await rulebooks.activate(manager, engine, live.id)
    assert _told(await rule_checks.check(manager, "mine", [NARROW], DAY)) == [
        ("narrow", FindingCode.SUBSUMED)
    ]
    assert _told(await rule_checks.check(manager, "live", [NARROW], DAY)) == [], "it takes the place of wide"
    draft = await rulebooks.save(manager, "mine", [NARROW])
    assert _told(await rule_checks.check_version(manager, draft.id, DAY)) == [
        ("narrow", FindingCode.SUBSUMED)
    ]


async def test_a_rule_that_never_matches_does_not_go_live(manager: Actor, engine: EnginePool) -> None:
    draft = await rulebooks.save(manager, "mine", [WIDE, NEVER])
    with pytest.raises(InvalidRulebook, match="no deal has age_days gt 100 and age_days lt 50") as caught:
        await rulebooks.activate(manager, engine, draft.id)
    assert [problem.path for problem in caught.value.problems] == [
        ("rules", "1", "when", "0", "deal", "where")
    ]
    assert (await Rulebook.get(id=draft.id)).state == RulebookState.DRAFT


async def test_warnings_keep_no_version_from_going_live(manager: Actor, engine: EnginePool) -> None:
    draft = await rulebooks.save(manager, "mine", [WIDE, NARROW])
    assert (await rulebooks.activate(manager, engine, draft.id)).state == RulebookState.ACTIVE


async def test_wrong_rules_are_refused_and_only_who_makes_rules_may_check_them(manager: Actor) -> None:
    with pytest.raises(InvalidRulebook) as caught:
        await rule_checks.check(manager, "mine", [{**WIDE, "urgency": 2}], DAY)
    assert caught.value.problems[0].path == ("rules", "0", "urgency")
    with pytest.raises(Invalid, match="allowed: 1,000"):
        await rule_checks.check(manager, "mine", [WIDE] * 1001, DAY)
    director = await factories.actor(await factories.user(await Tenant.get(id=manager.tenant_id)))
    with pytest.raises(Forbidden):
        await rule_checks.check(director, "mine", [WIDE], DAY)
    draft = await rulebooks.save(manager, "mine", [WIDE])
    with pytest.raises(Forbidden):
        await rule_checks.check_version(director, draft.id, DAY)


FOUND = "{ severity code ruleKey path message }"
CHECKED = (
    f"""query ($rules: [JSON!]!) {{ checkRules(name: "mine", rules: $rules, asOf: "2026-03-31") {FOUND} }}"""
)
SAVED = f"query ($id: ID!) {{ rulebookFindings(id: $id) {FOUND} }}"


async def test_managers_see_the_findings_through_the_api(manager: Actor, engine: EnginePool) -> None:
    tenant = await Tenant.get(id=manager.tenant_id)
    boss = await factories.user(tenant, Role.MANAGER)
    async with door(boss, engine=engine) as client:
        checked: Any = await client.ask(CHECKED, {"rules": [NEVER]})
        assert checked["checkRules"] == [
            {
                "severity": "ERROR",
                "code": "NEVER_MATCHES",
                "ruleKey": "never",
                "path": ["rules", "0", "when", "0", "deal", "where"],
                "message": "no deal has age_days gt 100 and age_days lt 50",
            }
        ]
        draft = await rulebooks.save(manager, "mine", [WIDE, NARROW])
        saved: Any = await client.ask(SAVED, {"id": draft.id})
        assert [(each["severity"], each["code"]) for each in saved["rulebookFindings"]] == [
            ("WARNING", "SUBSUMED")
        ]
        live: Any = await client.do(
            "activateRulebook", f"rulebook {{ state }} findings {FOUND}", {"id": draft.id}
        )
        assert live["rulebook"] == {"state": "ACTIVE"}
        assert live["findings"] == saved["rulebookFindings"]
        never = await rulebooks.save(manager, "mine", [NEVER])
        refused: Any = await client.do(
            "activateRulebook", "rulebook { id } findings { code }", {"id": never.id}
        )
    assert (refused["rulebook"], refused["findings"]) == (None, [])
    assert [(error["code"], error["message"]) for error in refused["errors"]] == [
        ("INVALID", "no deal has age_days gt 100 and age_days lt 50")
    ]


async def test_a_director_is_told_of_no_findings(manager: Actor) -> None:
    director = await factories.user(await Tenant.get(id=manager.tenant_id))
    async with door(director) as client:
        answer: Any = await client.answer(CHECKED, {"rules": [WIDE]})
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_name_that_no_rulebook_can_have_is_refused(manager: Actor) -> None:
    with pytest.raises(Invalid):
        await rule_checks.check(manager, "x" * 5000, [WIDE], DAY)
