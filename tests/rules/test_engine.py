"""The engine says what the rules mean: it is compared with the reference evaluator."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from rules import packs
from rules.build import build_book
from rules.durable import MAX_HANDLE_PATTERNS, Program
from rules.engine.pool import EnginePool
from rules.pieces import MAX_FACTS
from rules.reference import Facts, canonical_facts, evaluate
from rules.tree import Book
from tests.rules.fuzzing import count, seeds
from tests.rules.generate import facts_of, rule_documents

#: Rulebooks of the short form, each on a dozen accounts.
BOOKS = 180


def _book(rng: random.Random, rules: int) -> Book:
    return build_book("random/1", rule_documents(rng, rules))


async def test_random_rules_on_random_facts_match_what_the_reference_evaluator_matches() -> None:
    compared = matches = 0
    async with EnginePool(2, 30.0) as pool:
        for seed in seeds(BOOKS):
            rng = random.Random(seed)
            book = _book(rng, rng.randrange(1, 80 if seed % 10 == 0 else 10))
            accounts = {f"a{n}": facts_of(rng) for n in range(12)}
            judged = await pool.judge(book, accounts)
            for account, facts in accounts.items():
                expected = evaluate(book.rules, canonical_facts(facts))
                assert judged[account].error is None
                assert set(judged[account].matches) == expected, (seed, account)
                compared, matches = compared + len(book.rules), matches + len(expected)
    assert compared > count(BOOKS) * 12
    assert matches > count(BOOKS)  # random rules do match: the comparison is not of nothing with nothing


async def test_an_account_with_more_facts_than_the_engine_takes_is_judged_all_the_same() -> None:
    rng = random.Random(7)
    book = _book(rng, 60)
    facts = facts_of(rng)
    for kind in ("deal", "signal"):
        copies = [
            dict(fact, id=f"{kind}-{n}-{fact['id']}") for n in range(250) for fact in facts_of(rng)[kind]
        ]
        facts[kind] = copies
    assert sum(map(len, facts.values())) > MAX_FACTS
    few = tuple(rule for rule in book.rules if len(rule.patterns) < 3 and not rule.stratum)
    simple = Book("simple/1", few)
    async with EnginePool(1, 60.0) as pool:
        judged = (await pool.judge(simple, {"big": facts}))["big"]
    expected = evaluate(simple.rules, canonical_facts(facts))
    assert judged.error is None
    assert set(judged.matches) == expected
    assert expected


async def test_numbers_that_look_different_are_equal_in_a_join() -> None:
    document = {
        "key": "same-number",
        "title": "equal across facts",
        "when": [
            {"deal": {"as": "d"}},
            {"ticket": {"as": "t", "where": {"age_days": {"eq": "$d.age_days"}}}},
        ],
        "then": [{"recommend": {"action": "LOOK", "because": "equal"}}],
    }
    facts: Facts = {"deal": [{"id": "d", "age_days": 1}], "ticket": [{"id": "t", "age_days": 1.0}]}
    async with EnginePool(1, 10.0) as pool:
        judged = await pool.judge(build_book("b/1", [document]), {"a": facts})
    assert len(judged["a"].matches) == 1


async def test_several_kinds_of_facts_may_be_absent_at_once() -> None:
    document = {
        "key": "nothing-going-on",
        "title": "an account without deals and tickets",
        "when": [{"account": {"as": "a"}}, {"none": {"deal": {}}}, {"none": {"ticket": {}}}],
        "then": [{"recommend": {"action": "LOOK", "because": "nothing is going on"}}],
    }
    accounts: dict[str, Facts] = {
        "quiet": {"account": [{"id": "q"}]},
        "busy": {"account": [{"id": "b"}], "ticket": [{"id": "t"}]},
    }
    async with EnginePool(1, 10.0) as pool:
        judged = await pool.judge(build_book("b/1", [document]), accounts)
    assert [len(judged[name].matches) for name in accounts] == [1, 0]


async def test_values_that_the_engine_cannot_hold_are_missing_and_take_nothing_with_them() -> None:
    document = {
        "key": "any-deal",
        "title": "every deal with an amount",
        "when": [{"deal": {"as": "d", "where": {"amount": {"gte": 0}}}}],
        "then": [{"recommend": {"action": "LOOK", "because": "{d.name}"}}],
    }
    amounts = [1.0, 1e16, float("inf"), 2**60, 5]
    facts: Facts = {"deal": [{"id": f"d{n}", "amount": amount} for n, amount in enumerate(amounts)]}
    async with EnginePool(1, 10.0) as pool:
        judged = await pool.judge(build_book("b/1", [document]), {"a": facts})
    assert [dict(match.facts)["d"] for match in judged["a"].matches] == ["d0", "d4"]


def test_definitions_hold_only_what_the_engine_does_right() -> None:
    allowed = {"$and", "$ex", "$neq", "$lt", "$lte", "$gt", "$gte"}
    for seed in range(200):
        rng = random.Random(seed)
        program = Program(_book(rng, rng.randrange(1, 90)).rules)
        for shard in (each.definition for each in program.shards):
            patterns = {name: _patterns(rule) for name, rule in shard.items()}
            assert sum(map(len, patterns.values())) <= MAX_HANDLE_PATTERNS + 1
            assert patterns.pop("_z") == [{"m": {"_z": 1}}]
            for of in patterns.values():
                for pattern in of:
                    _check_pattern(pattern, allowed)


def _patterns(rule: object) -> list[Any]:
    assert isinstance(rule, dict)
    found: list[Any] = rule["all"]
    return found


def _check_pattern(pattern: dict[str, dict[str, list[dict[str, object]]]], allowed: set[str]) -> None:
    ((alias, body),) = pattern.items()
    assert alias[0] in "xy" and alias[1:].isdigit()
    items = body["$and"]
    assert list(items[0]) == ["_k"]
    assert {key for item in items for key in item if key.startswith("$")} <= allowed
    crossing = [item for item in items if "{'x" in str(item)]
    if crossing:  # without an always-true comparison last, a false one reads out of bounds
        assert items[-1] == {"_1": {"x0": "_1"}}
    assert "'id'" not in str(items) and "'sid'" not in str(items)


def test_a_worker_that_has_read_a_book_has_loaded_nothing_of_the_database_and_the_api(tmp_path: Path) -> None:
    """A worker may be killed at any time, and many are started: it holds no connection, and starts fast."""
    book = build_book("all", [rule for name in packs.names() for rule in packs.load(name).rules])
    (tmp_path / "book").write_bytes(pickle.dumps(book))
    program = (
        "import pickle, sys, rules.engine.worker\n"
        f"pickle.loads(open({str(tmp_path / 'book')!r}, 'rb').read())\n"
        "kept_out = {'tortoise', 'asyncpg', 'aiosqlite', 'sqlite3', 'strawberry', 'starlette'}\n"
        "bad = sorted({m.split('.')[0] for m in sys.modules} & kept_out)\n"
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
