"""Measures: one number that is made of the facts of a kind, whatever the kind, as of a date.

What a measure counts is said as rules say it, so that whatever rules can see can be measured. Facts are
gathered for many accounts at once and looked at by the reference evaluator: a measure and a rule that ask for
the same facts find the same ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pydantic import ValidationError

from models.errors import Invalid, allowed
from models.plans import Aggregate
from rules.conditions import build_where
from rules.facts import gather
from rules.kinds import REGISTRY
from rules.language import WhereDocument, problems_of
from rules.needs import Needs, whole
from rules.reference import Fact, canonical_facts, meets
from rules.registry import FactField, FieldType
from rules.scope import Scope
from rules.tree import Scalar, Where, leaves

#: What a plan is not measured by: itself.
NOT_MEASURED = frozenset({"plan"})
#: Minor units in a whole one.
_MINOR = 100
_PATH = ("conditions",)


@dataclass(frozen=True)
class Measure:
    """Which facts count, and how they become one number; ``field`` is None for a count."""

    kind: str
    aggregate: Aggregate
    field: FactField | None
    where: Where

    @property
    def is_money(self) -> bool:
        """Whether it is an amount in the tenant's currency."""
        return self.field is not None and self.field.type is FieldType.MONEY

    @property
    def unit(self) -> str:
        """What it is counted in, as a message says it: the unit of the field, or the kind's name."""
        if self.field is None:
            return self.kind
        return "money" if self.is_money else self.field.unit

    @property
    def spoken(self) -> frozenset[str]:
        """The fields that must be known to compute it."""
        named = {name for leaf in leaves(self.where) for name in leaf.term.fields}
        return frozenset((named | {self.field.name} if self.field else named) - {"id"})


@dataclass(frozen=True)
class Value:
    """What a measure comes to: money in whole units, None of nothing; ``records`` are those that count."""

    amount: Fraction | None
    records: tuple[str, ...]


def measure(kind: str, aggregate: Aggregate, field: str | None, conditions: object) -> Measure:
    """The measure that is written so.

    Raises:
        Invalid: there is no such kind or field, the field has no order, or the conditions are wrong: the
            path says where.
    """
    kinds = [name for name in REGISTRY.kinds if name not in NOT_MEASURED]
    if kind not in kinds:
        raise Invalid(f"{kind!r} is no fact kind that measures; allowed: {allowed(kinds)}", ["factKind"])
    scope = Scope((), REGISTRY)
    found = _field(scope, kind, aggregate, field)
    try:
        document = WhereDocument.model_validate(conditions)
    except ValidationError as error:
        raise problems_of(error, _PATH)[0] from None
    where = build_where(scope, kind, document, _PATH)
    if scope.problems:
        raise scope.problems[0]
    return Measure(kind, aggregate, found, where)


def _field(scope: Scope, kind: str, aggregate: Aggregate, name: str | None) -> FactField | None:
    if aggregate is Aggregate.COUNT:
        if name is not None:
            raise Invalid("a count has no field; allowed: none", ["field"])
        return None
    numeric = [each.name for each in REGISTRY.kinds[kind].fields.values() if each.type.is_numeric]
    if name is None:
        raise Invalid(f"{aggregate} needs a field; allowed: {allowed(numeric)}", ["field"])
    try:
        found = scope.field(kind, name)
    except Invalid as error:
        raise Invalid(error.message, ["field"]) from None
    if not found.type.is_numeric:
        raise Invalid(f"{name} is no number; allowed: {allowed(numeric)}", ["field"])
    return found


#: A measure of an account, under a key of the caller's.
Asked = tuple[str, str, Measure]


async def values(
    tenant_id: str, asked: Sequence[Asked], as_of: date, known_on: date | None = None
) -> dict[str, Value]:
    """What measures of many accounts come to as of a date, by key: one statement for each kind of fact.

    ``asked`` are keys, account ids and measures. With ``known_on`` as it was known by the end of that day.
    """
    needed: dict[str, set[str]] = defaultdict(set)
    for _, _, each in asked:
        needed[each.kind] |= {REGISTRY.kinds[each.kind].label, *each.spoken}
    needs: Needs = whole({kind: frozenset(names) for kind, names in needed.items()})
    accounts = sorted({account for _, account, _ in asked})
    gathered = await gather(tenant_id, accounts, as_of, needs, known_on=known_on) if accounts else {}
    facts = {account: canonical_facts(of) for account, of in gathered.items()}
    return {key: value(each, facts.get(account, {}).get(each.kind, ())) for key, account, each in asked}


def value(of: Measure, facts: Iterable[Fact]) -> Value:
    """What the (canonical) facts of one account come to."""
    found = [fact for fact in facts if meets(of.where, fact, {})]
    if of.field is None:
        return Value(Fraction(len(found)), _ids(found))
    told = [(fact, number) for fact in found if (number := _number(of, fact)) is not None]
    if of.aggregate is Aggregate.SUM:
        return Value(sum((number for _, number in told), Fraction(0)), _ids(fact for fact, _ in told))
    if not told:
        return Value(None, ())
    numbers = [number for _, number in told]
    best = min(numbers) if of.aggregate is Aggregate.MIN else max(numbers)
    return Value(best, _ids(fact for fact, number in told if number == best))


def _number(of: Measure, fact: Mapping[str, Scalar]) -> Fraction | None:
    assert of.field
    seen = fact.get(of.field.name)
    if isinstance(seen, bool) or not isinstance(seen, int | float):
        return None
    return Fraction(Decimal(str(seen))) / (_MINOR if of.is_money else 1)


def _ids(facts: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(sorted(str(fact["id"]) for fact in facts))
