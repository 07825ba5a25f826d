"""Whether conditions can hold together: their alternatives, and what is left of each value under them.

What cannot be told counts as possible: that something is impossible is always certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from typing import NamedTuple

from rules.ranges import MISSING, Bounds, Stretch, Subject, bounds_of, stretches
from rules.reference import suits
from rules.registry import ID_FIELD, Op
from rules.tree import Condition, FieldValue, Group, Quantifier, Term, fields_of

#: So many alternatives are looked at; conditions that make more are passed over.
MOST = 256
#: How two values stand to each other: less, equal or greater, and None where one is missing.
Outcome = int | None
_ALL: frozenset[Outcome] = frozenset({-1, 0, 1, None})
_OUTCOMES: Mapping[Op, frozenset[Outcome]] = {
    Op.EQ: frozenset({0}),
    Op.NE: frozenset({-1, 1}),
    Op.LT: frozenset({-1}),
    Op.LTE: frozenset({-1, 0}),
    Op.GT: frozenset({1}),
    Op.GTE: frozenset({0, 1}),
}


class Role(NamedTuple):
    """A fact without its values: the name that it goes by, and its kind."""

    name: str
    kind: str


#: The fact that each alias stands for.
Roles = Mapping[str, Role]


@dataclass(frozen=True)
class Literal:
    """A comparison of a fact's value with constants, and whether it holds."""

    subject: Subject
    condition: Condition
    holds: bool

    def admits(self, sample: object) -> bool:
        """Whether it is so for a value, None for a missing one."""
        value = self.condition.value
        assert not isinstance(value, Term)
        seen = sample if isinstance(sample, str | int | float) else None
        return suits(self.condition.op, seen, value) is self.holds


@dataclass(frozen=True)
class Relation:
    """How two facts' values may stand to each other."""

    left: Subject
    right: Subject
    outcomes: frozenset[Outcome]


Case = tuple[Literal | Relation, ...]
#: Alternatives of which one holds; none is a contradiction.
Cases = Sequence[Case]
ANYTHING: Cases = ((),)


def cases(part: Condition | Group, own: Role, roles: Roles, holds: bool = True) -> Cases:
    """The ways in which a fact can meet a condition or a group, or with ``holds`` false fail to."""
    if isinstance(part, Condition):
        return ((_atom(part, own, roles, holds),),)
    within = holds if part.quantifier is not Quantifier.NONE else not holds
    each = [cases(one, own, roles, within) for one in part.parts]
    if (part.quantifier is not Quantifier.ANY) == holds:
        return reduce(together, each, ANYTHING)
    return tuple(chain.from_iterable(each))


def _atom(condition: Condition, own: Role, roles: Roles, holds: bool) -> Literal | Relation:
    subject = Subject.of(*own, condition.term)
    other = condition.other
    if other is None:
        return Literal(subject, condition, holds)
    outcomes = _OUTCOMES[condition.op] if holds else _ALL - _OUTCOMES[condition.op]
    return _ordered(Relation(subject, Subject.of(*roles[other.alias or ""], other), outcomes))


def _ordered(relation: Relation) -> Relation:
    """The same relation, told from the same side however it was written."""
    if _rank(relation.left) <= _rank(relation.right):
        return relation
    turned = frozenset(None if each is None else -each for each in relation.outcomes)
    return Relation(relation.right, relation.left, turned)


def _rank(subject: Subject) -> tuple[str, str]:
    return subject.fact, repr(subject.formula)


def together(some: Cases, others: Cases) -> Cases:
    """The alternatives of both at once that are possible."""
    if len(some) * len(others) > MOST:
        return some
    both = ((*one, *other) for one in some for other in others)
    return tuple(case for case in both if possible(case))


def possible(case: Case) -> bool:
    """Whether some facts may be as the case says."""
    relations: dict[tuple[Subject, Subject], frozenset[Outcome]] = {}
    for each in case:
        if isinstance(each, Relation):
            key = each.left, each.right
            relations[key] = relations.get(key, _ALL) & each.outcomes
    compared = [side for key, outcomes in relations.items() if None not in outcomes for side in key]
    values = Values([each for each in case if isinstance(each, Literal)], compared)
    return values.possible and all(outcomes & values.outcomes(*key) for key, outcomes in relations.items())


class Values:
    """What is left of the values of facts under conditions; ``present`` are those that are not missing."""

    def __init__(self, literals: Iterable[Literal], present: Iterable[Subject] = ()) -> None:
        self._literals: dict[Subject, list[Literal]] = defaultdict(list)
        for literal in literals:
            self._literals[literal.subject].append(literal)
        self._present: set[Subject] = set()
        for subject in (*present, *filter(self._must_be_there, self._literals)):
            self._present |= {subject, *map(subject.field, fields_of(subject.formula))}
        self._left: dict[Subject, list[Stretch]] = {}

    @property
    def possible(self) -> bool:
        """Whether something is left of every value."""
        return all(self.left(subject) for subject in {*self._literals, *self._present})

    def _must_be_there(self, subject: Subject) -> bool:
        return not all(each.admits(None) for each in self._literals[subject])

    def left(self, subject: Subject) -> list[Stretch]:
        """The values that meet all of the conditions on it, a missing one too."""
        if subject not in self._left:
            literals = self._literals.get(subject, [])
            found = [each for each in self._every(subject) if all(of.admits(each.sample) for of in literals)]
            self._left[subject] = found
        return self._left[subject]

    def _every(self, subject: Subject) -> Iterable[Stretch]:
        if subject not in self._present and subject.formula != FieldValue(ID_FIELD.name):
            yield MISSING
        bounds = self.bounds(subject)
        if bounds:
            literals = self._literals.get(subject, [])
            met = [each.condition for each in literals if each.holds]
            yield from stretches(subject, bounds, [each.condition for each in literals], met)

    def bounds(self, subject: Subject) -> Bounds | None:
        """The least and the most that a number can be by itself; None when it is never there."""
        if not isinstance(subject.formula, FieldValue):
            return bounds_of(subject.formula, lambda name: self._hull(subject.field(name)))
        return subject.bounds

    def _hull(self, subject: Subject) -> Bounds | None:
        """The least and the most that a number can be; None when it is missing."""
        there = [each for each in self.left(subject) if each.sample is not None]
        return (min(each.low for each in there), max(each.high for each in there)) if there else None

    def outcomes(self, left: Subject, right: Subject) -> frozenset[Outcome]:
        """How two values may stand to each other, as far as what is left of them tells."""
        absent: list[Outcome] = [None] if MISSING in (*self.left(left), *self.left(right)) else []
        if left == right:
            return frozenset([0, *absent])
        if not (left.type.is_numeric and right.type.is_numeric):
            return frozenset([-1, 0, 1, *absent])
        one, other = self._hull(left), self._hull(right)
        if one is None or other is None:
            return frozenset(absent)
        meet = one[0] <= other[1] and other[0] <= one[1]
        may = ((-1, one[0] < other[1]), (0, meet), (1, one[1] > other[0]))
        return frozenset([outcome for outcome, so in may if so] + absent)
