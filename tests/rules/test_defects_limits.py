"""What the engine has limits for, or does otherwise than one would think, is within bounds or refused."""

from __future__ import annotations

from typing import Any

import pytest

from rules.build import build_book
from rules.durable import CATCH_ALL, MAX_HANDLE_PATTERNS, MAX_PROPERTIES, Program
from rules.engine.pool import EnginePool
from rules.reference import Fact
from rules.tree import MAX_CROSS, MAX_PATTERNS
from tests.rules.defects import Rule, account, agree, deal, fired, patterns_of, problems, rule, ticket

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_limit_seventy_rules_that_match_one_fact(engine: EnginePool) -> None:
    rules = [rule(f"r{number}", deal(age_days={"gt": number})) for number in range(70)]
    matches = await agree(engine, rules, {"a": account([{"age_days": 1000}], [])})
    assert len(matches["a"]) == 70


async def test_limit_rules_of_one_condition_and_rules_of_as_many_conditions(engine: EnginePool) -> None:
    rules = [rule(f"same-{number}", deal(stage={"eq": "WON"})) for number in range(300)]
    rules += [rule(f"other-{number}", deal(name={"eq": f"n{number}"})) for number in range(520)]
    rules += [
        rule(f"missing-{number}", deal(**{f"pushes + {number}": {"is_null": True}})) for number in range(130)
    ]
    facts = account([{"stage": "WON", "name": "n5"}, {"stage": "LOST", "name": "n519"}], [])
    matches = await agree(engine, rules, {"a": facts})
    assert len(matches["a"]) == 300 + 2 + 2 * 130


async def test_limit_a_fact_of_which_rules_ask_more_than_the_engine_takes(engine: EnginePool) -> None:
    """Each rule has a boolean of its own, and all of them are true of one fact."""
    rules = [rule(f"in-{n}", deal(name={"in": [f"n{n}", "x"]})) for n in range(300)]
    rules += [rule(f"sum-{n}", deal(**{f"age_days + {n}": {"gt": n}})) for n in range(300)]
    rules += [
        rule(f"none-{n}", deal(), {"none": {"ticket": {"where": {"name": {"eq": f"{n}"}}}}})
        for n in range(270)
    ]
    facts = account([{"name": "x", "age_days": 1}, {"name": "n7"}, {"name": "x"}], [{"name": "9"}])
    matches = await agree(engine, rules, {"a": facts})
    assert len(matches["a"]) == 300 * 2 + 1 + 300 + 269 * 3


async def test_limit_a_handle_has_room_for_its_patterns_and_properties() -> None:
    wide = [
        rule(
            f"r{n}",
            deal(**{f"age_days + 1{n:02}{m}": {"gt": 1} for m in range(10, 26)}),
            *(
                ticket(f"t{m}", **{f"age_days + 1{n:02}{m}{k}": {"gt": 1} for k in range(10, 26)})
                for m in range(7)
            ),
        )
        for n in range(20)
    ]
    narrow = [rule(f"n{n}", deal()) for n in range(200)]
    for shard in Program(build_book("b/1", wide + narrow).rules).shards:
        patterns = [body for of in patterns_of(shard).values() for each in of for body in each.values()]
        assert len(patterns) <= MAX_HANDLE_PATTERNS + 1
        for kind in ("deal", "ticket"):
            items = [
                item for body in patterns for item in body.get("$and", ()) if {"_k": kind} in body["$and"]
            ]
            assert len({str(next(iter(item.values()))) for item in items if "$gt" in item}) <= MAX_PROPERTIES


async def test_limit_priorities_stay_small_however_many_rules_there_are() -> None:
    shards = Program(build_book("b/1", [rule(f"r{n}", deal()) for n in range(500)]).rules).shards
    for shard in shards:
        definition: dict[str, Any] = shard.definition
        priorities = [of["pri"] for of in definition.values()]
        assert priorities == sorted(priorities)
        assert priorities[-1] <= MAX_HANDLE_PATTERNS
        assert list(definition)[-1] == CATCH_ALL
    assert "pri" not in str(problems(rule("r", deal()))) and problems(rule("r", deal()) | {"pri": 1})


async def test_limit_eight_patterns_and_nine_are_refused(engine: EnginePool) -> None:
    def chain(count: int) -> Rule:
        links = (
            deal(f"d{n}", age_days={"gt": f"$d{n - 1}.age_days"}, pushes={"eq": n}) for n in range(1, count)
        )
        return rule("chain", deal("d0", pushes={"eq": 0}), *links)

    deals: list[Fact] = [{"age_days": age, "pushes": age} for age in range(9)]
    matches = await agree(engine, [chain(MAX_PATTERNS)], {"a": account(deals, [])})
    assert len(matches["a"]) == 1
    assert problems(chain(9)) == {"when": "9 patterns besides all, any and none; allowed: 1 to 8"}


async def test_limit_twelve_comparisons_with_other_facts_and_thirteen_are_refused(engine: EnginePool) -> None:
    def wide(count: int) -> Rule:
        left = [f"age_days + {number}" for number in range(count)]
        return rule(
            "wide",
            deal(pushes={"gte": 0}, name={"eq": "x"}),
            ticket(
                name={"ne": "y"},
                **{text: {"eq": f"$d.{text}"} for text in left[:count]},
            ),
        )

    deals: list[Fact] = [{"age_days": age, "pushes": 1, "name": "x"} for age in range(3)]
    tickets: list[Fact] = [{"age_days": age, "name": "x"} for age in range(3)]
    matches = await agree(engine, [wide(MAX_CROSS)], {"a": account(deals, tickets)})
    assert len(matches["a"]) == 3
    assert problems(wide(13)) == {"when": "13 comparisons with other facts; allowed: 12 in a rule"}


async def test_limit_names_of_forty_characters_and_longer_ones_are_refused(engine: EnginePool) -> None:
    def named(name: str) -> Rule:
        then = ({"conclude": {"fact": name, "with": {name: f"${name}.name"}}},)
        return rule("named", deal(name), then=then)

    matches = await agree(engine, [named("x" * 40)], {"a": account([{"name": "x"}], [])})
    assert len(matches["a"]) == 1
    found = problems(named("x" * 41))
    assert {"when.0.deal.as", "then.1.conclude.fact"} <= set(found)


async def test_limit_sixteen_conditions_of_a_fact(engine: EnginePool) -> None:
    def narrow(count: int) -> Rule:
        return rule("narrow", deal(**{f"age_days + {number}": {"gte": 0} for number in range(count)}))

    matches = await agree(engine, [narrow(16)], {"a": account([{"age_days": 1}], [])})
    assert len(matches["a"]) == 1
    assert problems(narrow(17)) == {"when.0.deal.where": "17 conditions; allowed: 16"}


async def test_trap_a_fact_is_there_for_each_rule_that_it_matches(engine: EnginePool) -> None:
    rules = [rule(f"r{number}", deal()) for number in range(3)]
    rules.append(rule("pair", deal(), deal("e")))
    matches = await agree(engine, rules, {"a": account([{}, {}], [])})
    assert fired(matches["a"]) == ["pair", "pair", "r0", "r0", "r1", "r1", "r2", "r2"]


async def test_trap_a_none_first_and_a_none_of_what_is_missing(engine: EnginePool) -> None:
    rules = [
        rule("first", {"none": {"ticket": {}}}, deal()),
        rule("missing", deal(name={"is_null": True})),
        rule("there", deal(name={"is_null": False})),
    ]
    facts = account([{}, {"name": "x"}], [])
    matches = await agree(engine, rules, {"a": facts, "b": {**facts, "ticket": [{"id": "t"}]}})
    assert fired(matches["a"]) == ["first", "first", "missing", "there"]
    assert fired(matches["b"]) == ["missing", "there"]


@pytest.mark.parametrize("key", ["count", "cap", "dist", "run", "priority"])
async def test_trap_what_the_engine_knows_and_the_language_does_not_is_refused(key: str) -> None:
    assert problems(rule("r", deal()) | {key: 3}) == {key: "there is no such key"}


async def test_trap_rules_that_rest_on_conclusions_see_them_after_all_are_there(engine: EnginePool) -> None:
    def concludes(fact: str) -> tuple[dict[str, Any]]:
        return ({"conclude": {"fact": fact, "with": {"age": "$d.age_days"}}},)

    rules = [
        rule("no-worry", deal(), {"none": {"worry": {}}}),
        rule(
            "worries",
            {"alarm": {"as": "d", "where": {"age": {"gt": 1}}}},
            then=({"conclude": {"fact": "worry", "with": {"age": "$d.age"}}},),
        ),
        rule("worried", {"worry": {"as": "w"}}, deal(age_days={"eq": "$w.age"})),
        rule("alarms", deal(is_open={"eq": True}), then=concludes("alarm")),
    ]
    deals: list[Fact] = [{"age_days": age, "is_open": age < 3} for age in range(4)]
    matches = await agree(engine, rules, {"a": account(deals, []), "b": account(deals[:1], [])})
    assert fired(matches["a"]) == ["alarms", "alarms", "alarms", "worried", "worries"]
    assert fired(matches["b"]) == ["alarms", "no-worry"]
