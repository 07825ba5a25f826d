"""Which accounts a book may match at all: a necessary condition on each rule's facts, said in SQL.

Of each rule the facts that must exist are asked for, each by what it meets by itself. Tests of several facts,
comparisons between facts, arithmetic and concluded facts count as true: too many accounts may pass, never too
few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.database import Param
from rules.kinds import REGISTRY
from rules.population import Number, Population
from rules.reference import compared
from rules.registry import FactField, FactKind, FieldType, Op
from rules.rows import rows_of
from rules.tree import (
    MAX_INTEGER,
    Book,
    Condition,
    FieldValue,
    Group,
    Pattern,
    Quantifier,
    Rule,
    Term,
)

#: Facts hold ratios rounded: what is compared with them may be off by less than this.
TOLERANCE = 1e-4
_TRUE, _FALSE = "1 = 1", "1 = 0"
_ORDER = {Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}


@dataclass(frozen=True)
class Candidates:
    """A SELECT of the ids (``account``) of accounts that a book may match, and its own parameters.

    It needs those of ``rules.rows.parameters`` besides.
    """

    sql: str
    params: dict[str, Param]


def candidates(book: Book, population: Population, *, known: bool = False) -> Candidates | None:
    """The accounts that the book may match; None where a rule asks for nothing that rows show: any may.

    ``population`` is as of the date for which the statement is run. With ``known`` only what was known by
    ``:known_on`` counts.
    """
    if not book.rules:
        return Candidates("select null as account where 1 = 0", {})
    asked = _Asked(Conditions(population), known)
    needed = [asked.of(rule) for rule in book.rules]
    if not all(needed):
        return None
    kinds = ", ".join(f"k_{name} as {asked.accounts(name)}" for name in asked.known)
    return Candidates(f"with {kinds} {' union '.join(map(_joined, needed))}", asked.conditions.params)


#: The numbers of the conditions that facts of a kind must meet, each by some fact, by kind.
_Needed = dict[str, list[int]]


def _joined(needed: _Needed) -> str:
    """The accounts that have all the facts that one rule needs."""
    first, *others = needed
    joins = "".join(f" join k_{kind} on k_{kind}.account = k_{first}.account" for kind in others)
    where = " and ".join(f"k_{kind}.c{number} = 1" for kind, numbers in needed.items() for number in numbers)
    return f"select k_{first}.account from k_{first}{joins} where {where}"


class _Asked:
    """What the rules of a book ask of the facts of each kind, each condition once."""

    def __init__(self, conditions: Conditions, known: bool) -> None:
        self.conditions = conditions
        self._known = known
        self.known: dict[str, list[str]] = {}

    def of(self, rule: Rule) -> _Needed:
        """What the rule needs; a fact that may be any is not asked for beside others."""
        asked = [
            (p.kind, self.conditions.met(REGISTRY.kinds[p.kind], p))
            for p in rule.patterns
            if p.kind in REGISTRY.kinds
        ]
        telling = [each for each in asked if each[1] != _TRUE]
        needed: _Needed = {}
        for kind, condition in telling or [each for each in asked if each[0] != "account"]:
            known = self.known.setdefault(kind, [])
            if condition not in known:
                known.append(condition)
            needed.setdefault(kind, []).append(known.index(condition))
        return needed

    def accounts(self, name: str) -> str:
        """A subquery of the accounts with facts of a kind, and which of the conditions some fact meets."""
        kind, conditions = REGISTRY.kinds[name], self.known[name]
        assert kind.rows
        each = "".join(
            f", case when {condition} then 1 else 0 end as c{number}"
            for number, condition in enumerate(conditions)
        )
        facts = (
            f"select {kind.rows.account} as account{each} from {rows_of(kind, conditions, known=self._known)}"
        )
        any_of = " or ".join(f"c{number} = 1" for number in range(len(conditions)))
        met = ", ".join(f"max(c{number}) as c{number}" for number in range(len(conditions)))
        return f"(select account, {met} from ({facts}) f where {any_of} group by account)"


class Conditions:
    """Conditions on one fact in SQL, at least as wide as the evaluators take them, and their parameters."""

    def __init__(self, population: Population) -> None:
        self.params: dict[str, Param] = {}
        self._population = population

    def met(self, kind: FactKind, pattern: Pattern) -> str:
        """That a fact meets what the pattern asks of it by itself."""
        return _all(self._part(kind, part) for part in pattern.single)

    def _part(self, kind: FactKind, part: Condition | Group) -> str:
        if isinstance(part, Condition):
            return self._condition(kind, part)
        if part.quantifier is Quantifier.NONE:
            return _TRUE
        parts = [self._part(kind, each) for each in part.parts]
        return _all(parts) if part.quantifier is Quantifier.ALL else _any(parts)

    def _condition(self, kind: FactKind, condition: Condition) -> str:
        formula = condition.term.formula
        if not isinstance(formula, FieldValue) or formula.name == "id":
            return _TRUE
        if formula.name in kind.relative:
            return self._relative(kind, kind.relative[formula.name], condition)
        return self.plain(kind.fields[formula.name], condition)

    def plain(self, field: FactField, condition: Condition) -> str:
        """A condition on one field, exact for days; what texts contain is left to the facts."""
        op, value = condition.op, condition.value
        if op is Op.IS_NULL:
            return _present(field) if value is False else self._missing(field)
        values: Sequence[object] = value if isinstance(value, tuple) else (value,)
        if op in (Op.EQ, Op.IN):
            return _any(self._equal(field, each) for each in values)
        if op in (Op.NE, Op.NOT_IN) and field.type is not FieldType.NUMBER:
            return f"not {_any(self._equal(field, each) for each in values)}"
        if op is Op.BETWEEN:
            return self._between(field, values[0], values[1])
        if op in _ORDER:
            return self._ordered(field, op, values[0])
        return _present(field)

    def _missing(self, field: FactField) -> str:
        """Missing, or too large to be held: then it is missing to the evaluators."""
        if not field.type.is_numeric:
            return _TRUE
        return f"({field.sql} is null or abs({field.sql}) >= {MAX_INTEGER})"

    def _equal(self, field: FactField, value: object) -> str:
        if field.type is FieldType.BOOLEAN:
            return f"{field.sql} = {int(bool(value))}"
        if field.type.is_numeric:
            return self._between(field, value, value)
        return f"{field.sql} = cast({self._bound(value)} as text)"

    def _between(self, field: FactField, low: object, high: object) -> str:
        return _all((self._ordered(field, Op.GTE, low), self._ordered(field, Op.LTE, high)))

    def _ordered(self, field: FactField, op: Op, value: object) -> str:
        assert isinstance(value, int | float)
        slack = TOLERANCE if field.type is FieldType.NUMBER else 0
        limit = value - slack if op in (Op.GT, Op.GTE) else value + slack
        return f"{field.sql} {_ORDER[op]} cast({self._bound(float(limit))} as double precision)"

    def _relative(self, kind: FactKind, field: FactField, condition: Condition) -> str:
        """The values that stand where the condition asks for; within segments, any that there is."""
        ranked = kind.fields[field.ranks or ""]
        if condition.op is Op.IS_NULL and condition.value:
            return _TRUE
        if field.within_segment:
            return _present(ranked)

        def stands(percentile: Number) -> bool:
            value = condition.value
            return not isinstance(value, Term) and (
                condition.op is Op.IS_NULL or compared(condition.op, percentile, value)
            )

        span = self._population.span(kind.name, ranked.name, stands)
        return self._between(ranked, *span) if span else _FALSE

    def _bound(self, value: object) -> str:
        """A parameter with this value."""
        assert isinstance(value, str | int | float | bool)
        name = f"v{len(self.params)}"
        self.params[name] = value
        return f":{name}"


def _present(field: FactField) -> str:
    return f"{field.sql} is not null"


def _all(conditions: Iterable[str]) -> str:
    asked = [each for each in conditions if each != _TRUE]
    return f"({' and '.join(asked)})" if asked else _TRUE


def _any(conditions: Iterable[str]) -> str:
    asked = list(conditions)
    return _TRUE if _TRUE in asked else f"({' or '.join(asked)})"
