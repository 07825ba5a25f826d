"""Which accounts a book may match at all: a necessary condition on each rule's facts, said in SQL.

Of each rule the facts that must exist are asked for, each by what it meets by itself. Tests of several facts,
comparisons between facts, arithmetic and concluded facts count as true: too many accounts may pass, never too
few. What next to every account has is not asked for beside what few have: a sample of accounts says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.database import Param, as_int, fetch
from models.view import View
from rules.kinds import REGISTRY
from rules.population import Number, Population
from rules.reference import compared
from rules.registry import FactField, FactKind, FieldType, Op
from rules.rows import parameters, rows_of
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
#: More days than lie between any two business dates.
MAX_DAYS = 500_000
#: Days since, and until, a day that is stored: the day itself is compared, which costs a tenth.
_SINCE = re.compile(r"DAYS\(:as_of, ([a-z_.]+)\)")
_UNTIL = re.compile(r"DAYS\(([a-z_.]+), :as_of\)")
_REVERSED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TRUE, _FALSE = "1 = 1", "1 = 0"
_ORDER = {Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}


@dataclass(frozen=True)
class Candidates:
    """A SELECT of the ids (``account``) of accounts that a book may match, and its own parameters.

    It needs those of ``rules.rows.parameters`` besides.
    """

    sql: str
    params: dict[str, Param]


#: Of how many accounts there is a fact of a kind that meets a condition, as a share.
Shares = Mapping[tuple[str, str], float]
#: What a larger share of the accounts has is not asked for beside what fewer have.
COMMON = 0.2
#: So many accounts from either end of their names are the sample.
SAMPLE = 150


def candidates(book: Book, population: Population, shares: Shares | None = None) -> Candidates | None:
    """The accounts that the book may match; None where a rule asks for nothing that rows show: any may.

    ``population`` is as of the date for which the statement is run, and says in which view; ``shares`` make
    the statement fast.
    """
    if not book.rules:
        return Candidates("select null as account where 1 = 0", {})
    asked = _Asked(Conditions(population), population.view, shares or {})
    needed = [asked.of(rule) for rule in book.rules]
    if not all(needed):
        return None
    kinds = ", ".join(f"k_{name} as {asked.accounts(name)}" for name in asked.known)
    params = {**asked.conditions.params, **population.found}
    return Candidates(f"with {kinds} {' union '.join(map(_joined, needed))}", params)


async def shares(book: Book, population: Population, tenant_id: str, as_of: date) -> Shares:
    """Of how many accounts of a sample there are facts that meet what the book asks of each kind."""
    asked = _Asked(Conditions(population), population.view, {})
    for rule in book.rules:
        asked.of(rule)
    sample = await _sample(tenant_id)
    params = {
        **asked.conditions.params,
        **parameters(tenant_id, as_of, sample, population.view.known_on),
        **population.found,
    }
    found: dict[tuple[str, str], float] = {}
    for kind, conditions in asked.known.items():
        counts = ", ".join(f"sum(c{number}) as c{number}" for number in range(len(conditions)))
        (row,) = await fetch(f"select {counts} from {asked.accounts(kind, chosen=True)} s", params)
        for number, condition in enumerate(conditions):
            found[kind, condition] = as_int(row[f"c{number}"]) / max(1, len(sample))
    return found


async def _sample(tenant_id: str) -> list[str]:
    ids: dict[str, None] = {}
    for end in ("asc", "desc"):
        rows = await fetch(
            f"select id from account where tenant_id = :tenant order by name {end} limit {SAMPLE}",
            {"tenant": tenant_id},
        )
        ids |= dict.fromkeys(str(row["id"]) for row in rows)
    return list(ids)


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

    def __init__(self, conditions: Conditions, view: View, shares: Shares) -> None:
        self.conditions = conditions
        self._view = view
        self._shares = shares
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
        for kind, condition in self._few(telling) or [each for each in asked if each[0] != "account"]:
            known = self.known.setdefault(kind, [])
            if condition not in known:
                known.append(condition)
            needed.setdefault(kind, []).append(known.index(condition))
        return needed

    def _few(self, asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What few accounts have, or else what the fewest have."""
        few = [each for each in asked if self._shares.get(each, 0.0) <= COMMON]
        return few or sorted(asked, key=lambda each: self._shares[each])[:1]

    def accounts(self, name: str, *, chosen: bool = False) -> str:
        """A subquery of the accounts with facts of a kind, and which of the conditions some fact meets.

        With ``chosen`` of the accounts that the parameters name.
        """
        kind, conditions = REGISTRY.kinds[name], self.known[name]
        assert kind.rows
        each = "".join(
            f", case when {condition} then 1 else 0 end as c{number}"
            for number, condition in enumerate(conditions)
        )
        any_of = " or ".join(conditions)
        rows = rows_of(kind, conditions, chosen=chosen, view=self._view)
        facts = f"select {kind.rows.account} as account{each} from {rows} and ({any_of})"
        met = ", ".join(f"max(c{number}) as c{number}" for number in range(len(conditions)))
        return f"(select account, {met} from ({facts}) f group by account)"


class Conditions:
    """Conditions on one fact in SQL, at least as wide as the evaluators take them, and their parameters."""

    def __init__(self, population: Population) -> None:
        self.params: dict[str, Param] = {}
        #: The same value has one name, so that the same condition is asked once.
        self._names: dict[tuple[type, Param], str] = {}
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
        if field.type is FieldType.DAYS and (day := _SINCE.fullmatch(field.sql)):
            return f"{day[1]} {_REVERSED[_ORDER[op]]} {self._day(-value)}"
        if field.type is FieldType.DAYS and (day := _UNTIL.fullmatch(field.sql)):
            return f"{day[1]} {_ORDER[op]} {self._day(value)}"
        slack = TOLERANCE if field.type is FieldType.NUMBER else 0
        limit = value - slack if op in (Op.GT, Op.GTE) else value + slack
        return f"{field.sql} {_ORDER[op]} cast({self._bound(float(limit))} as double precision)"

    def _day(self, days: float) -> str:
        """The day so many days after the date; every business date lies within the bound."""
        return f"DAY(:as_of, {self._bound(int(max(-MAX_DAYS, min(MAX_DAYS, days))))})"

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
        key = (type(value), value)
        if key not in self._names:
            self._names[key] = f"v{len(self.params)}"
            self.params[self._names[key]] = value
        return f":{self._names[key]}"


def _present(field: FactField) -> str:
    return f"{field.sql} is not null"


def _all(conditions: Iterable[str]) -> str:
    asked = [each for each in conditions if each != _TRUE]
    return f"({' and '.join(asked)})" if asked else _TRUE


def _any(conditions: Iterable[str]) -> str:
    asked = list(conditions)
    return _TRUE if _TRUE in asked else f"({' or '.join(asked)})"
