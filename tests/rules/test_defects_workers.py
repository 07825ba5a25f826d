"""The engine is used in few ways, holds nothing of an account or a book that is done, and may be lost."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.reference import Facts
from tests.rules.defects import agree, child, deal, fired, rule, ticket

ROOT = Path(__file__).resolve().parents[2]
SHORT = (sys.executable, "-m", "tests.rules.short_worker")
#: What is called of the extension; nothing that retracts, posts, updates, waits or reads.
CALLED = {
    "create_ruleset",
    "assert_facts",
    "start_action_for_state",
    "complete_and_start_action",
    "abandon_action",
    "delete_state",
    "delete_ruleset",
}


def _sources() -> dict[Path, ast.Module]:
    folders = ("cli", "commands", "connectors", "jobs", "metrics", "models", "rules", "schema")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {path: ast.parse(path.read_text("utf-8")) for path in paths}


def _imports(tree: ast.Module) -> set[str]:
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {*names, *(str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))}


def test_defect_2_defect_3_nothing_is_retracted_and_no_event_is_posted() -> None:
    tree = ast.parse((ROOT / "rules/engine/extension.py").read_text("utf-8"))
    spoken = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "durable_rules_engine"
    ]
    called = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value in spoken
    ]
    assert len(spoken) == len(called)
    assert set(called) == CALLED


def test_defect_4_the_host_of_the_engine_is_never_used() -> None:
    users = {
        path for path, tree in _sources().items() for name in _imports(tree) if name.startswith("durable")
    }
    assert users == {ROOT / "rules/engine/extension.py"}
    tree = ast.parse((ROOT / "rules/engine/extension.py").read_text("utf-8"))
    assert "durable_rules_engine" in _imports(tree)
    assert not {name for name in _imports(tree) if name == "durable" or name.startswith("durable.")}
    assert "threading" not in _imports(tree)


async def test_defect_2_facts_that_fired_together_are_judged_again_and_again() -> None:
    rules = [rule("pair", deal(), ticket(age_days={"gt": "$d.age_days"})), rule("both", deal(), deal("e"))]
    accounts: dict[str, Facts] = {
        f"a{number}": {
            "deal": [{"id": f"d{n}", "age_days": n} for n in range(number % 5)],
            "ticket": [{"id": f"t{n}", "age_days": n} for n in range(number % 3)],
        }
        for number in range(500)
    }
    async with EnginePool(1, 20.0) as pool:
        first = await agree(pool, rules, accounts)
        for _ in range(2):
            assert await agree(pool, rules, accounts) == first


async def test_defect_3_a_fact_is_not_used_up_by_the_rule_that_fires_first() -> None:
    rules = [rule("pair", deal(), ticket()), rule("deal", deal()), rule("ticket", ticket())]
    async with EnginePool(1, 20.0) as pool:
        matches = await agree(pool, rules, {"a": {"deal": [{"id": "d"}], "ticket": [{"id": "t"}]}})
    assert fired(matches["a"]) == ["deal", "pair", "ticket"]


async def test_defect_5_states_in_which_no_rule_fires() -> None:
    rules = [rule("never", deal(age_days={"lt": -5}), ticket(age_days={"lt": "$d.age_days"}))]
    quiet: Facts = {"deal": [{"id": "d", "age_days": 1}], "ticket": [{"id": "t", "name": "x" * 500}]}
    async with EnginePool(1, 20.0) as pool:
        matches = await agree(pool, rules, {f"a{number}": quiet for number in range(300)})
    assert not any(matches.values())


#: What a worker does, in a process of its own, and how many megabytes it holds more after its second half.
JUDGING = """
import pickle
from rules.build import build_book
from rules.engine import answers
from rules.engine.requests import Request, Task
from rules.engine.worker import Judge
from tests.rules.defects import deal, rule, ticket

judge = Judge()

def megabytes():
    return int(open("/proc/self/statm").read().split()[1]) / 256

def judged(book, tasks):
    request = Request(pickle.dumps(book), frozenset(), tuple(tasks), 60.0)
    read = answers.read(judge.answer(request), book, len(tasks))
    assert all(each.error is None and len(each.matches) == 3 for each in read), read

def task(number):
    deals = [{"id": "d", "age_days": 5, "name": f"n{number}"}, {"id": "e", "name": f"n{number}"}]
    return Task(f"a{number}", {"deal": deals, "ticket": [{"id": "t", "age_days": 9}]}, False)

def documents(number):
    joins = rule(f"join-{number}", deal(), ticket(age_days={"gt": "$d.age_days"}))
    never = (rule(f"never-{n}", deal(age_days={"gt": 9 + n})) for n in range(8))
    return [joins, *never, rule("deals", deal())]
"""


def test_defect_18_books_that_are_thrown_away_leave_no_memory() -> None:
    program = """
from rules.engine.extension import Engine
rules = build_book("b/1", documents(0)).rules
def use():
    engine = Engine(rules)
    batch = engine.program.batch(task(0).facts, task(0).facts)
    assert len(list(engine.matches(batch, set()))) == 3
    engine.close()
for _ in range(200): use()
before = megabytes()
for _ in range(2000): use()
print(megabytes() - before)
"""
    done = child(JUDGING + program)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 10  # a handle of these rules that is dropped keeps a tenth of a megabyte


def test_defect_18_a_worker_keeps_the_last_few_books() -> None:
    program = """
books = [build_book(f"b/{n}", documents(n)) for n in range(30)]
for book in books: judged(book, [task(0)])
before = megabytes()
for book in books * 10: judged(book, [task(0)])
print(megabytes() - before)
"""
    done = child(JUDGING + program)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 10


def test_limit_more_accounts_than_an_engine_has_sessions_go_through_one_worker() -> None:
    program = """
book = build_book("b/1", documents(0))
tasks = [task(number) for number in range(2000)]
judged(book, tasks[:1000])
before = megabytes()
judged(book, tasks)
print(megabytes() - before)
"""
    done = child(JUDGING + program)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 20


@pytest.mark.parametrize("way", ["short", "refused"])
async def test_defect_13_defect_17_a_batch_that_was_not_taken_whole_costs_the_worker(way: str) -> None:
    book = build_book("b/1", [rule("sound", deal()), rule("faulty", deal(), then=())])
    accounts: dict[str, Facts] = {f"a{number}": {"deal": [{"id": f"d{number}"}]} for number in range(2)}
    accounts["bad"] = {"deal": [{"id": way}]}
    async with EnginePool(1, 20.0, SHORT) as pool:
        judged = await pool.judge(book, accounts)
        assert [each.key for each in pool.quarantined] == ["faulty"]
    assert all(verdict.error is None and len(verdict.matches) == 2 for verdict in judged.values())


async def test_defect_17_an_engine_that_is_lost_on_one_account_judges_the_others() -> None:
    rules = [rule("cut", deal(), ticket(), {"signal": {}}), rule("old", deal(age_days={"gte": 1}))]
    crowd: Facts = {kind: [{"id": f"{kind}{n}"} for n in range(80)] for kind in ("deal", "ticket", "signal")}
    few: dict[str, Facts] = {f"a{number}": {"deal": [{"id": "d", "age_days": 1}]} for number in range(5)}
    async with EnginePool(1, 20.0) as pool:
        before = pool.worker_pids()
        judged = await pool.judge(build_book("b/1", rules), {"crowd": crowd, **few})
        assert pool.worker_pids() == before
    assert "match more than 50,000 times on this account, 'cut' most often" in str(judged["crowd"].error)
    assert all(len(judged[account].matches) == 1 for account in few)
