"""Random rule documents and facts over the real registry, small domains so that joins meet."""

from __future__ import annotations

import random
from typing import Any

from rules.kinds import REGISTRY
from rules.reference import Fact, Facts
from rules.registry import COMPARISONS, OPERATORS, FactField, FieldType, Op
from rules.tree import Scalar

KINDS = ("account", "contract", "deal", "contact", "ticket", "signal")
FIELDS = {
    "account": ("tier", "employees", "annual_value", "usage_change_90d", "is_placeholder", "name"),
    "contract": ("days_to_end", "monthly_recurring", "is_active", "notice_days", "currency"),
    "deal": (
        "amount",
        "age_days",
        "stage",
        "is_open",
        "contract_id",
        "days_in_stage",
        "probability",
        "competitor",
    ),
    "contact": ("seniority", "days_since_contact", "has_left", "title"),
    "ticket": ("severity_rank", "age_days", "is_open", "severity", "service_id"),
    "signal": ("kind", "age_days", "deal_id", "source"),
}
TEXTS = ("x", "y", "xy", "X", "éx", 'q"u\\o', "a\nb", "")
IDS = ("i0", "i1", "i2", "i3")


def value_of(rng: random.Random, field: FactField) -> Scalar:
    """A value of the field's type from a small domain."""
    if field.type is FieldType.BOOLEAN:
        return rng.random() < 0.5
    if field.type is FieldType.ID:
        return rng.choice(IDS)
    if field.values:
        return rng.choice(field.values)
    if field.type is FieldType.STRING:
        return rng.choice(TEXTS)
    if field.type is FieldType.NUMBER:
        low = int(field.minimum if field.minimum is not None else -3)
        return rng.choice([low, low + 1, low + 2, low + 1.5, float(low + 1), 2**53 - 1, 0.00005, 3])
    return rng.choice([0, 1, 2, 3, 50, 100])


def _literal(rng: random.Random, field: FactField) -> Any:
    """A constant as a document writes it, in the field's range."""
    if field.type is FieldType.MONEY:
        return rng.choice([0, 0.01, 0.02, "0.03", 0.5, 1])
    if field.type is FieldType.NUMBER:
        low = int(field.minimum if field.minimum is not None else -3)
        return rng.choice([low, low + 1, low + 2, low + 1.5 if field.maximum is None else low])
    return value_of(rng, field)


def _comparison(rng: random.Random, field: FactField) -> dict[str, Any]:
    op = rng.choice(OPERATORS[field.type])
    if op is Op.IS_NULL:
        return {op.value: rng.random() < 0.5}
    if op is Op.BETWEEN:
        return {op.value: sorted((_literal(rng, field) for _ in range(2)), key=float)}
    if op in (Op.IN, Op.NOT_IN):
        return {op.value: [_literal(rng, field) for _ in range(rng.randrange(1, 4))]}
    return {op.value: _literal(rng, field)}


def _where(
    rng: random.Random, kind: str, earlier: dict[str, str], most: int = 3
) -> dict[str, dict[str, Any]]:
    where: dict[str, dict[str, Any]] = {}
    for name in rng.sample(FIELDS[kind], rng.randrange(0, most)):
        where[name] = _comparison(rng, REGISTRY.field(kind, name))
    for _ in range(rng.randrange(0, 3) if earlier else 0):
        alias = rng.choice(list(earlier))
        mine = REGISTRY.field(kind, rng.choice(FIELDS[kind]))
        others = [
            n for n in ("id", *FIELDS[earlier[alias]]) if REGISTRY.field(earlier[alias], n).comparable(mine)
        ]
        ops = [op for op in OPERATORS[mine.type] if op in COMPARISONS]
        if others:
            where.setdefault(mine.name, {})[rng.choice(ops).value] = f"${alias}.{rng.choice(others)}"
    return where


def rule_document(rng: random.Random, key: str) -> dict[str, Any]:
    """A valid rule of one to three patterns, sometimes with a ``none``."""
    when: list[dict[str, Any]] = []
    aliases: dict[str, str] = {}
    for number in range(rng.randrange(1, 4)):
        kind = rng.choice(KINDS)
        when.append({kind: {"as": f"q{number}", "where": _where(rng, kind, aliases)}})
        aliases[f"q{number}"] = kind
    if rng.random() < 0.4:
        kind = rng.choice(KINDS)
        about = rng.choice([{}, dict([rng.choice(list(aliases.items()))])])
        when.append({"none": {kind: {"where": _where(rng, kind, about)}}})
    recommend = {"action": "LOOK", "because": "it matched"}
    return {"key": key, "title": key, "when": when, "then": [{"recommend": recommend}]}


def facts_of(rng: random.Random, most: int = 4) -> Facts:
    """Facts of one account, fields missing now and then."""
    facts: Facts = {}
    for kind in KINDS:
        of: list[Fact] = []
        for number in range(1 if kind == "account" else rng.randrange(0, most)):
            fact: Fact = {"id": f"i{number}" if rng.random() < 0.9 else f"{kind}{number}"}
            if any(other["id"] == fact["id"] for other in of):
                fact["id"] = f"{kind}{number}"
            for name in FIELDS[kind]:
                if rng.random() < 0.85:
                    fact[name] = value_of(rng, REGISTRY.field(kind, name))
            of.append(fact)
        facts[kind] = of
    return facts
