"""Random rule documents and facts over the real registry, small domains so that joins meet."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rules.kinds import REGISTRY
from rules.reference import Fact, Facts
from rules.registry import COMPARISONS, OPERATORS, FactField, FieldType, Op, comparable
from rules.tree import Scalar

KINDS = (
    "account",
    "contract",
    "deal",
    "deal_line",
    "deal_contact",
    "bid",
    "contact",
    "stakeholder",
    "ticket",
    "signal",
    "event",
    "plan",
    "whitespace",
    "trend",
    "competitor",
)
FIELDS = {
    "account": (
        "tier",
        "employees",
        "annual_value",
        "usage_change_90d",
        "is_placeholder",
        "name",
        "annual_value_percentile",
    ),
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
        "amount_segment_percentile",
    ),
    "deal_line": (
        "deal_id",
        "quantity",
        "charge",
        "product_family",
        "total_contract_value",
        "deal_is_open",
        "term_months",
        "total_contract_value_percentile",
    ),
    "deal_contact": ("deal_id", "role", "seniority", "has_left", "days_since_contact", "name"),
    "bid": ("deal_id", "state", "is_decided", "days_to_due", "rounds", "offered", "is_below_floor"),
    "contact": ("seniority", "days_since_contact", "has_left", "title"),
    "stakeholder": ("role", "support", "strength", "colleagues_in_contact", "has_left", "name"),
    "ticket": ("severity_rank", "age_days", "is_open", "severity", "service_id"),
    "signal": ("kind", "age_days", "deal_id", "source"),
    "event": ("measure", "age_days", "dimension", "part"),
    "plan": ("state", "health", "days_to_end", "objectives_behind", "revenue_target"),
    "whitespace": ("state", "product_family", "gap", "penetration", "peers", "days_since_lost"),
    "trend": ("kind", "impact", "days_since_observed", "has_course", "severity_rank"),
    "competitor": ("role", "product_family", "share", "days_to_contract_end", "monthly_price"),
}
TEXTS = ("x", "y", "xy", "X", "éx", 'q"u\\o', "a\nb", "")
Where = dict[str, Any]
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
        large = 2**53 - 1 if field.maximum is None else field.maximum
        return rng.choice([low, low + 1, low + 2, low + 1.5, float(low + 1), large, 0.00005, 3])
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


def _numeric(kind: str, type_: FieldType) -> list[str]:
    return [name for name in FIELDS[kind] if REGISTRY.field(kind, name).type is type_]


def _formula(rng: random.Random, kind: str, type_: FieldType, prefix: str = "") -> str | None:
    """Arithmetic of a type on the fields of a kind; None when the kind has no such fields."""
    names = _numeric(kind, type_)
    if not names:
        return None
    one, other = (prefix + rng.choice(names) for _ in range(2))
    return rng.choice(
        [
            f"{one} * 2",
            f"({one} + {other}) / 4",
            f"{one} - {other}",
            f"-{one} + 1",
            f"{one} * 0.1",
            f"3 * ({one} - 0.01)",
        ]
    )


def _ratio(rng: random.Random, kind: str, prefix: str = "") -> str | None:
    """A plain number made of two amounts or two spans of days; the lower may be zero."""
    names = _numeric(kind, rng.choice([FieldType.MONEY, FieldType.DAYS]))
    return f"{prefix}{rng.choice(names)} / {prefix}{rng.choice(names)}" if names else None


def _computed(rng: random.Random, kind: str) -> Where:
    """A comparison of arithmetic with a constant, or nothing."""
    type_ = rng.choice([FieldType.NUMBER, FieldType.MONEY, FieldType.DAYS])
    text = _ratio(rng, kind) if type_ is FieldType.NUMBER else _formula(rng, kind, type_)
    if text is None:
        return {}
    op = rng.choice([*sorted(COMPARISONS), Op.BETWEEN, Op.IS_NULL])
    if op is Op.IS_NULL:
        return {text: {op.value: rng.random() < 0.5}}
    return {text: {op.value: [0, 2] if op is Op.BETWEEN else rng.choice([0, 1, 2, -1])}}


def _alone(rng: random.Random, kind: str, most: int) -> Where:
    """Conditions on a fact by itself, at times in groups and on arithmetic."""
    where: Where = {}
    for name in rng.sample(FIELDS[kind], rng.randrange(0, most)):
        where[name] = _comparison(rng, REGISTRY.field(kind, name))
    if rng.random() < 0.2:
        where |= _computed(rng, kind)
    if most > 1 and rng.random() < 0.25:
        where[rng.choice(["all", "any", "none"])] = [
            _alone(rng, kind, most - 1) or {"id": {"is_null": False}} for _ in range(rng.randrange(1, 4))
        ]
    return where


def _where(rng: random.Random, kind: str, earlier: dict[str, str], most: int = 3) -> Where:
    where = _alone(rng, kind, most)
    for _ in range(rng.randrange(0, 3) if earlier else 0):
        alias = rng.choice(list(earlier))
        mine = REGISTRY.field(kind, rng.choice(FIELDS[kind]))
        others = [
            n
            for n in ("id", *FIELDS[earlier[alias]])
            if comparable(REGISTRY.field(earlier[alias], n).type, mine.type)
        ]
        op = rng.choice([op for op in OPERATORS[mine.type] if op in COMPARISONS]).value
        left: str | None = mine.name
        right = f"${alias}.{rng.choice(others)}" if others else None
        if mine.type in (FieldType.MONEY, FieldType.DAYS) and rng.random() < 0.4:
            left = _formula(rng, kind, mine.type) if rng.random() < 0.5 else mine.name
            right = _formula(rng, earlier[alias], mine.type, f"${alias}.")
        if left and right and not isinstance(where.get(left), list):
            where.setdefault(left, {})[op] = right
    return where


def _test(rng: random.Random, about: dict[str, str], depth: int = 2) -> dict[str, Any]:
    quantifier = rng.choice(["all", "any", "none", "none"])
    if quantifier == "none" and rng.random() < 0.6:
        return {"none": _tested(rng, about)}
    parts = [
        _test(rng, about, depth - 1) if depth and rng.random() < 0.3 else _tested(rng, about)
        for _ in range(rng.randrange(1, 3))
    ]
    return {quantifier: parts}


def _tested(rng: random.Random, about: dict[str, str]) -> dict[str, Any]:
    kind = rng.choice(KINDS)
    return {kind: {"where": _where(rng, kind, about)}}


def rule_document(
    rng: random.Random, key: str, concluded: Mapping[str, str] = MappingProxyType({}), concludes: str = ""
) -> dict[str, Any]:
    """A valid rule of one to three patterns, sometimes with tests, on ``concluded`` facts or concluding one.

    Each concluded fact has a field ``of``, whose type is that of the id of a fact.
    """
    when: list[dict[str, Any]] = []
    aliases: dict[str, str] = {}
    for number in range(rng.randrange(1, 4)):
        kind = rng.choice(KINDS)
        when.append({kind: {"as": f"q{number}", "where": _where(rng, kind, aliases)}})
        aliases[f"q{number}"] = kind
    if rng.random() < 0.4:
        when.append(_test(rng, rng.choice([{}, dict([rng.choice(list(aliases.items()))])])))
    if concluded:
        fact = rng.choice(list(concluded))
        alias = rng.choice(list(aliases))
        where = {} if rng.random() < 0.5 else {"of": {rng.choice(["eq", "ne"]): f"${alias}.id"}}
        when.append({fact: {"where": where}} if rng.random() < 0.6 else {"none": {fact: {"where": where}}})
    then: list[dict[str, Any]] = [{"recommend": {"action": "LOOK", "because": "it matched {q0.id}"}}]
    if concludes:
        then.append({"conclude": {"fact": concludes, "with": {"of": f"${rng.choice(list(aliases))}.id"}}})
    return {"key": key, "title": key, "when": when, "then": then}


def rule_documents(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Valid rules, some of which conclude what others rest on, in any order."""
    documents: list[dict[str, Any]] = []
    concluded: dict[str, str] = {}
    for number in range(count):
        concludes = f"fact_{number % 3}_{len(concluded)}" if rng.random() < 0.2 else ""
        documents.append(rule_document(rng, f"r{number}", concluded if rng.random() < 0.3 else {}, concludes))
        if concludes:
            concluded[concludes] = f"r{number}"
    rng.shuffle(documents)
    return documents


def facts_of(rng: random.Random, most: int = 4) -> Facts:
    """Facts of one account, fields missing now and then."""
    facts: Facts = {}
    for kind in KINDS:
        of: list[Fact] = []
        for number in range(1 if kind == "account" else rng.randrange(0, most)):
            fact: Fact = {"id": f"i{number}" if rng.random() < 0.9 else f"{kind.replace('_', '')}{number}"}
            if any(other["id"] == fact["id"] for other in of):
                fact["id"] = f"{kind.replace('_', '')}{number}"
            for name in FIELDS[kind]:
                if rng.random() < 0.85:
                    fact[name] = value_of(rng, REGISTRY.field(kind, name))
            of.append(fact)
        facts[kind] = of
    return facts
