"""The same rules for zen-engine: a decision graph whose expressions each find the accounts of one rule.

A decision table cannot join facts; its expression language can. One graph is evaluated over the facts of
many accounts, each carrying its account's number ``n``, which is several times faster than one account a
call. A comparison with a missing value is an error there, so that each says first that it is not null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson
import zen

from benchmarks.engines.translated import SIGNS, Found, absent, check, field, of, spoken, variable
from rules.reference import Facts
from rules.registry import Op
from rules.tree import Book, Condition, Exists, Pattern, Rule

BATCH = 200


class Zen:
    """A decision with the rules of a book, compiled once."""

    def __init__(self, book: Book) -> None:
        check(book)
        self._kinds = list(spoken(book))
        self._decision = zen.ZenEngine().create_decision(json.dumps(_graph(book)))

    def judge(self, accounts: Mapping[str, Facts]) -> Found:
        """Which rules match which accounts."""
        found: Found = set()
        ids = list(accounts)
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            result = self._decision.evaluate(self._facts(accounts, some))["result"]
            found |= {(key, some[int(number)]) for key, numbers in result.items() for number in numbers}
        return found

    def _facts(self, accounts: Mapping[str, Facts], ids: list[str]) -> bytes:
        facts: dict[str, list[object]] = {kind: [] for kind in self._kinds}
        for number, account in enumerate(ids):
            for kind, of_kind in accounts[account].items():
                if kind in facts:
                    facts[kind] += [{**fact, "n": number} for fact in of_kind]
        return orjson.dumps(facts)


def _graph(book: Book) -> dict[str, object]:
    """From the facts through an expression for each rule to the numbers of the accounts that it matches."""
    expressions = [
        {"id": f"x{index}", "key": rule.key, "value": _expression(rule)}
        for index, rule in enumerate(book.rules)
    ]
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "book", "name": "book", "type": "expressionNode", "content": {"expressions": expressions}},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"{source}-{target}", "sourceId": source, "targetId": target, "type": "edge"}
        for source, target in (("in", "book"), ("book", "out"))
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}


def _expression(rule: Rule) -> str:
    first, *others = rule.patterns
    owner = variable(first.alias)
    wanted = "".join(f" and none({_part(part, 'absent', owner)})" for part in absent(rule))
    for part in reversed(others):
        wanted = f" and some({_part(part, variable(part.alias), owner)}{wanted})"
    return f"map(filter({_part(first, owner, None)}{wanted}) as found, found.n)"


def _part(part: Pattern | Exists, alias: str, owner: str | None) -> str:
    single, cross = of(part)
    same = [f"{alias}.n == {owner}.n"] if owner else []
    tests = [*same, *(_test(condition, alias) for condition in (*single, *cross))]
    return f"{part.kind} as {alias}, {' and '.join(tests) or 'true'}"


def _test(condition: Condition, alias: str) -> str:
    seen, value = f"{alias}.{field(condition.term)}", condition.value
    there = f"{seen} != null and "
    if condition.other:
        other = f"{variable(condition.other.alias or '')}.{field(condition.other)}"
        if condition.op is Op.EQ:
            return f"{there}{seen} == {other}"
        return f"{there}{other} != null and {seen} {SIGNS[condition.op]} {other}"
    if condition.op is Op.BETWEEN and isinstance(value, tuple):
        return f"{there}{seen} in [{value[0]}..{value[1]}]"
    if isinstance(value, tuple):
        return "(" + " or ".join(f"{seen} == {json.dumps(each)}" for each in value) + ")"
    if condition.op is Op.EQ:
        return f"{seen} == {json.dumps(value)}"
    return f"{there}{seen} {SIGNS[condition.op]} {value}"
