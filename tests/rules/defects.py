"""The known defects and limits of durable_rules 2.0.28, and what the tests of our guards share.

A test is named for what it guards: ``test_defect_8_…``, ``test_limit_…`` or ``test_trap_…``. That the
installed version has a defect is shown in ``test_defects``; that each guard holds, in ``test_defects_rules``
(what a rule may say), ``test_defects_limits`` (how much, and what one might expect otherwise),
``test_defects_facts`` (what an account may hold) and ``test_defects_workers``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from rules.build import build_book, build_rule
from rules.durable import Shard
from rules.engine.pool import EnginePool
from rules.reference import Fact, Facts, Match, canonical_facts, evaluate

DEFECTS = {
    1: "a join whose last comparison is false reads out of bounds",
    2: "retracting two facts that fired together writes past a frame",
    3: "a rule of two events does the same when it completes",
    4: "deleting a state while timers or threads of the host run uses freed memory",
    5: "deleting a state that never fired frees what was never allocated",
    6: "an empty batch crashes, and an empty fact in one hangs",
    7: "an integer division by zero ends the process",
    8: "a joined field that is missing loses the rest of the batch",
    9: "an or fires twice, loses a branch, or makes a later condition vanish",
    10: "a none depends on the order of facts and takes other rules' activations away",
    11: "ids, sessions and names are told apart by a 32-bit hash only",
    12: "a join on id or sid reads freed memory",
    13: "a batch is cut short at a number with an exponent",
    14: "values of different types are compared as text",
    15: "1 and 1.0 never meet in an equality join",
    16: "compiling some regular expressions never ends",
    17: "limits that are not checked",
    18: "a handle that is dropped keeps its memory",
    19: "facts that are not joined combine without bound",
    20: "a session whose name has quotes cannot be deleted",
    21: "deep JSON and wrong offsets crash",
    22: "some aliases shadow what the host's closure needs",
}
#: Every comparison that the engine itself does.
ORDER = ("eq", "ne", "lt", "lte", "gt", "gte")
Rule = dict[str, Any]


def rule(key: str, *when: dict[str, Any], then: tuple[dict[str, Any], ...] = ()) -> Rule:
    """A rule's document."""
    advice = {"recommend": {"action": "LOOK", "because": "it matched"}}
    return {"key": key, "title": key, "when": list(when), "then": [advice, *then]}


def deal(alias: str = "d", /, **where: object) -> dict[str, Any]:
    """A pattern of a deal."""
    return {"deal": {"as": alias, "where": where}}


def ticket(alias: str = "t", /, **where: object) -> dict[str, Any]:
    """A pattern of a ticket."""
    return {"ticket": {"as": alias, "where": where}}


def account(deals: list[Fact], tickets: list[Fact]) -> Facts:
    """An account of these deals and tickets, called ``d0``, ``d1``, … and ``t0``, ``t1``, …."""
    return {
        "deal": [{"id": f"d{number}", **fact} for number, fact in enumerate(deals)],
        "ticket": [{"id": f"t{number}", **fact} for number, fact in enumerate(tickets)],
    }


def patterns_of(shard: Shard) -> dict[str, Any]:
    """What each rule of a shard asks for, as the engine is told."""
    definition: dict[str, Any] = shard.definition
    return {name: of["all"] for name, of in definition.items()}


def problems(*documents: object) -> dict[str, str]:
    """What is wrong with rules, by path."""
    found: dict[str, str] = {}
    for document in documents:
        built, wrong = build_rule(document)
        assert (built is None) == bool(wrong)
        found |= {".".join(problem.path): problem.message for problem in wrong}
    return found


async def agree(
    pool: EnginePool, documents: list[Rule], accounts: Mapping[str, Facts]
) -> dict[str, set[Match]]:
    """The matches of each account, which are those of the reference evaluator and cost no worker."""
    book = build_book("defects/1", documents)
    before = pool.worker_pids()
    judged = await pool.judge(book, accounts)
    assert pool.worker_pids() == before
    assert not pool.quarantined
    for name, held in accounts.items():
        verdict = judged[name]
        assert verdict.error is None, name
        assert len(verdict.matches) == len(set(verdict.matches)), name
        assert set(verdict.matches) == evaluate(book.rules, canonical_facts(held)), name
    return {name: set(verdict.matches) for name, verdict in judged.items()}


def fired(matches: set[Match]) -> list[str]:
    """The keys of the rules that match, in order, each as often as it does."""
    return sorted(match.rule for match in matches)


def child(program: str) -> subprocess.CompletedProcess[str]:
    """What a Python program does in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
