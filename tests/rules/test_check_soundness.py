"""What the checks say of a rule holds on any facts: shown on random books, by the reference evaluator."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

from rules.build import build_book
from rules.checks import findings
from rules.findings import FindingCode
from rules.kinds import REGISTRY
from rules.ranges import bounds_of
from rules.reference import canonical_facts, evaluate, meets, value_of
from rules.registry import COMPARISONS, FieldType, Op
from rules.tree import Book, Condition, FieldValue, Pattern, Term, leaves
from tests.rules.fuzzing import seeds
from tests.rules.generate import FIELDS, facts_of, rule_document, rule_documents

#: Random books of the short form, and accounts that each is tried on.
BOOKS = 300
ACCOUNTS = 40


def _keys(book: Book, documents: list[dict[str, Any]], code: FindingCode) -> set[str]:
    return {found.rule_key for found in findings(book, documents) if found.code is code}


def test_a_rule_that_is_said_never_to_match_matches_no_facts() -> None:
    reported = sound = 0
    for seed in seeds(BOOKS):
        rng = random.Random(seed)
        documents = rule_documents(rng, rng.randrange(1, 6))
        book = build_book("random", documents)
        never = _keys(book, documents, FindingCode.NEVER_MATCHES)
        for _ in range(ACCOUNTS if never else 0):
            found = evaluate(book.rules, canonical_facts(facts_of(rng)))
            assert {match.rule for match in found}.isdisjoint(never), f"seed {seed}"
        reported += len(never)
        sound += len(documents) - len(never)
    assert reported > BOOKS // 10
    assert sound > BOOKS


def test_a_rule_that_is_said_to_add_nothing_matches_only_where_the_other_does() -> None:
    reported = matched = 0
    for seed in seeds(BOOKS):
        rng = random.Random(seed)
        wide = rule_document(rng, "wide")
        documents = [wide, _tighter(rng, wide)]
        book = build_book("random", documents)
        said = [found for found in findings(book, documents) if found.code is FindingCode.SUBSUMED]
        reported += bool(said)
        for found in said:
            other = "wide" if found.rule_key == "narrow" else "narrow"
            for _ in range(ACCOUNTS):
                keys = {match.rule for match in evaluate(book.rules, canonical_facts(facts_of(rng)))}
                assert found.rule_key not in keys or other in keys, f"seed {seed}"
                matched += found.rule_key in keys
    assert reported > BOOKS // 2
    assert matched > BOOKS


def test_of_unrelated_rules_one_that_adds_nothing_matches_only_where_another_does() -> None:
    reported = 0
    for seed in seeds(BOOKS):
        rng = random.Random(seed)
        documents = rule_documents(rng, 6)
        book = build_book("random", documents)
        for found in findings(book, documents):
            if found.code is not FindingCode.SUBSUMED:
                continue
            reported += 1
            other = found.message.split(" ", 1)[0]
            for _ in range(ACCOUNTS):
                keys = {match.rule for match in evaluate(book.rules, canonical_facts(facts_of(rng)))}
                assert found.rule_key not in keys or other in keys, f"seed {seed}"
    assert reported > BOOKS // 20


def test_a_condition_that_is_said_always_or_never_to_hold_does_so_in_random_facts() -> None:
    seen = 0
    for seed in seeds(BOOKS // 4):
        rng = random.Random(seed)
        documents = [rule_document(rng, "r")]
        book = build_book("random", documents)
        decided = {
            found.path[-2:]: " always holds" in found.message
            for found in findings(book, documents)
            if found.code is FindingCode.OUT_OF_RANGE
        }
        for pattern in book.rules[0].patterns:
            for condition in leaves(pattern.where):
                always = decided.get((condition.term.text, condition.op.value))
                if always is not None and len(decided) == 1:
                    seen += _holds_as_said(rng, pattern, condition, always)
    assert seen > BOOKS


def _holds_as_said(rng: random.Random, pattern: Pattern, condition: Condition, always: bool) -> int:
    """How many values were tried."""
    alone = Pattern(pattern.alias, pattern.kind, (condition,))
    tried = 0
    for _ in range(ACCOUNTS):
        for fact in canonical_facts(facts_of(rng)).get(alone.kind, ()):
            there = value_of(condition.term, fact) is not None
            if condition.op is Op.IS_NULL or there:
                assert meets(alone.where, fact, {}) is always
                tried += 1
    return tried


def test_arithmetic_never_comes_to_more_or_less_than_is_said() -> None:
    rng, tried = random.Random(7), 0
    for seed in seeds(BOOKS):
        document = rule_document(random.Random(seed), "r")
        for pattern in build_book("random", [document]).rules[0].patterns:
            for condition in leaves(pattern.where):
                if isinstance(condition.term.formula, FieldValue):
                    continue
                tried += _within(rng, pattern.kind, condition.term)
    assert tried > BOOKS


def _within(rng: random.Random, kind: str, term: Term) -> int:
    """How many values were tried."""
    ends = {name: sorted(rng.choice([-7, -1, 0, 0.1, 2, 5, 1e6]) for _ in range(2)) for name in term.fields}
    bounds = bounds_of(term.formula, lambda name: (ends[name][0], ends[name][1]))
    values = []
    for _ in range(ACCOUNTS):
        fact = {
            name: rng.choice([low, high, low + (high - low) * rng.random()])
            for name, (low, high) in ends.items()
        }
        values.append(value_of(term, canonical_facts({kind: [{"id": "x", **fact}]})[kind][0]))
    there = [value for value in values if isinstance(value, int | float)]
    assert not there or (bounds and bounds[0] <= min(there) and max(there) <= bounds[1]), (term, ends, bounds)
    return len(there)


def _tighter(rng: random.Random, wide: dict[str, Any]) -> dict[str, Any]:
    """A rule that holds where another one does, but seldom everywhere; what is tightened is random."""
    narrow = deepcopy(wide)
    narrow["key"] = "narrow"
    for clause in narrow["when"]:
        for kind, pattern in clause.items():
            if kind not in FIELDS:
                continue
            where = pattern["where"]
            for name in rng.sample(list(where), min(len(where), 2)):
                if isinstance(where[name], dict):
                    _tighten(
                        rng, where[name], REGISTRY.field(kind, name).type if name in FIELDS[kind] else None
                    )
            if rng.random() < 0.3:
                where.setdefault(rng.choice(FIELDS[kind]), {}).setdefault("is_null", False)
    if rng.random() < 0.3:
        narrow["when"].append({"contact": {"where": {"has_left": {"eq": rng.random() < 0.5}}}})
    if rng.random() < 0.3:
        narrow["when"].append({"none": {"deal": {"where": {"is_open": {"eq": True}}}}})
    return narrow


def _tighten(rng: random.Random, comparisons: dict[str, Any], type_: FieldType | None) -> None:
    """Take away from what a comparison lets pass."""
    for op, value in list(comparisons.items()):
        if op in (Op.IN, Op.BETWEEN) and isinstance(value, list):
            comparisons[op] = value[:1] if op == Op.IN else [value[0], value[0]]
        elif op in COMPARISONS and isinstance(value, int) and type_ is FieldType.DAYS:
            less, by = max(value - rng.randrange(3), 0), value + rng.randrange(3)
            comparisons[op] = {Op.LT: less, Op.LTE: less, Op.GT: by, Op.GTE: by}.get(Op(op), value)
