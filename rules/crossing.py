"""Which accounts a new day may change what a book says of, though nobody wrote anything.

Two days are compared fact by fact: which facts there are, what their values are, and on which side of a
rule's threshold their days lie. Where a rule does more with days than compare them with constants, every
account that it may match on either day counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from rules.kinds import REGISTRY
from rules.population import Population
from rules.prefilter import Candidates, Conditions, candidates
from rules.registry import FactKind, FieldType
from rules.rows import named_on, on_day, parameters, parameters_on, rows_of
from rules.tree import Book, Condition, FieldValue, Rule, Term, leaves

_BEFORE = "before"


def crossings(
    book: Book, tenant_id: str, days: tuple[date, date], populations: tuple[Population, Population]
) -> list[Candidates] | None:
    """Statements that select the accounts between two days, whole; None when any account may be one."""
    found = list(_compared(book, tenant_id, days, populations))
    tells_days = any(map(_tells_days, book.rules))
    unsteady = tuple(
        rule for rule in book.rules if any(_is_unsteady(leaf, tells_days) for leaf in _leaves(rule))
    )
    for day, population in zip(days, populations, strict=True) if unsteady else ():
        may_match = candidates(Book(book.version, unsteady), population)
        if may_match is None:
            return None
        found.append(Candidates(may_match.sql, may_match.params | parameters(tenant_id, day)))
    return found


def _leaves(rule: Rule) -> Iterator[tuple[str, Condition]]:
    """Every condition of a rule with the kind of fact that it is on."""
    gates = [test for _, _, test in rule.advice.gates] if rule.advice else []
    asked = [(pattern.kind, pattern.where) for pattern in rule.patterns]
    asked += [(part.kind, part.where) for test in (*rule.tests, *gates) for part in test.existences]
    return ((kind, leaf) for kind, where in asked for leaf in leaves(where))


def _tells_days(rule: Rule) -> bool:
    """Whether the rule concludes facts that have days."""
    fields = rule.conclusion.fields if rule.conclusion else ()
    return any(term.type is FieldType.DAYS for _, term in fields)


def _is_unsteady(leaf: tuple[str, Condition], tells_days: bool) -> bool:
    """Whether a condition moves with the days otherwise than by crossing a constant."""
    kind, condition = leaf
    if kind not in REGISTRY.kinds:
        return tells_days
    of = REGISTRY.kinds[kind]
    computed = not isinstance(condition.term.formula, FieldValue) or condition.other is not None
    days = any(name in of.fields and of.fields[name].type is FieldType.DAYS for name in condition.term.fields)
    return (computed and days) or any(name in of.relative for name in condition.term.fields)


def _compared(
    book: Book, tenant_id: str, days: tuple[date, date], populations: tuple[Population, Population]
) -> Iterator[Candidates]:
    """For each kind, the accounts with facts that are not the same on both days to the rules."""
    conditions = Conditions(Population())
    shown: dict[str, set[str]] = defaultdict(set)
    for rule in book.rules:
        for kind in (*rule.matched, *rule.gated):
            shown[kind] |= set()
        for kind, leaf in _leaves(rule):
            shown[kind] |= set(_shown(kind, leaf, conditions))
            if leaf.other and leaf.other.alias:
                of = rule.kind_of(leaf.other.alias)
                shown[of] |= set(_values(of, leaf.other))
    params = {
        **parameters_on(tenant_id, days[0], _BEFORE),
        **named_on(populations[0].found, _BEFORE),
        **parameters(tenant_id, days[1]),
        **populations[1].found,
        **conditions.params,
    }
    for kind, expressions in shown.items():
        if kind in REGISTRY.kinds:
            yield Candidates(_differing(REGISTRY.kinds[kind], sorted(expressions)), params)


def _shown(kind: str, leaf: Condition, conditions: Conditions) -> Iterator[str]:
    """What is looked at: values as they are, days by whether the condition on them holds."""
    of = REGISTRY.kinds.get(kind)
    yield from _values(kind, leaf.term)
    formula = leaf.term.formula
    if of and isinstance(formula, FieldValue) and formula.name in of.fields and leaf.other is None:
        field = of.fields[formula.name]
        if field.type is FieldType.DAYS:
            yield f"case when {conditions.plain(field, leaf)} then 1 else 0 end"


def _values(kind: str, term: Term) -> Iterator[str]:
    of = REGISTRY.kinds.get(kind)
    for name in term.fields if of else ():
        field = of.fields.get(name) if of else None
        if field and field.type is not FieldType.DAYS:
            yield field.sql


def _differing(kind: FactKind, expressions: list[str]) -> str:
    assert kind.rows
    seen = "".join(f", {each} as x{number}" for number, each in enumerate(expressions))
    now = f"select t.id, {kind.rows.account} as account{seen} from {rows_of(kind, expressions)}"
    before = on_day(now, _BEFORE)
    each_way = (f"select account from ({a} except {b}) d" for a, b in ((now, before), (before, now)))
    return " union ".join(each_way)
