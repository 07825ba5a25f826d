"""A rule after validation: the tree that every evaluator reads. How it is written is in ``language``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from models.severity import Severity
from rules.registry import FieldType, Op

Scalar = str | int | float | bool

#: Bounds within which the engine was found right; see docs/decisions on the engine.
MAX_PATTERNS = 8
MAX_CONDITIONS = 16
MAX_CROSS = 12
MAX_DEPTH = 4
MAX_TEXT_BYTES = 8_000
MAX_INTEGER = 2**53


@dataclass(frozen=True)
class FieldValue:
    """A fact's field in a formula."""

    name: str


@dataclass(frozen=True)
class Operation:
    """Arithmetic on two formulas; ``sign`` is one of ``+ - * /``."""

    sign: str
    left: Formula
    right: Formula


Formula = FieldValue | Operation | Decimal


@dataclass(frozen=True)
class Term:
    """A value of one fact: a field, or what arithmetic makes of its fields; ``text`` is how it is written.

    ``alias`` is the earlier pattern whose fact is meant, and None for the fact that the condition is on.
    """

    text: str
    formula: Formula
    type: FieldType
    unit: str = ""
    alias: str | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it is made of."""
        return fields_of(self.formula)


def fields_of(formula: Formula) -> frozenset[str]:
    """The fields that a formula computes with."""
    if isinstance(formula, FieldValue):
        return frozenset({formula.name})
    if isinstance(formula, Operation):
        return fields_of(formula.left) | fields_of(formula.right)
    return frozenset()


@dataclass(frozen=True)
class Condition:
    """One comparison of a fact's value with a constant, several constants, or another fact's value."""

    term: Term
    op: Op
    value: Scalar | tuple[Scalar, ...] | Term

    @property
    def other(self) -> Term | None:
        """The other fact's value that it compares with, if it does."""
        return self.value if isinstance(self.value, Term) else None


class Quantifier(StrEnum):
    """How many of several parts hold: all of them, at least one, or none."""

    ALL = "all"
    ANY = "any"
    NONE = "none"

    def of(self, parts: Iterable[bool]) -> bool:
        """Whether that many of the parts hold."""
        if self is Quantifier.ALL:
            return all(parts)
        return any(parts) == (self is Quantifier.ANY)


@dataclass(frozen=True)
class Group:
    """Conditions on one fact under a quantifier; they compare with constants only."""

    quantifier: Quantifier
    parts: tuple[Condition | Group, ...]


#: What one fact must meet: all of it.
Where = tuple[Condition | Group, ...]


def leaves(where: Iterable[Condition | Group]) -> Iterator[Condition]:
    """Every condition, those in groups too."""
    for part in where:
        if isinstance(part, Group):
            yield from leaves(part.parts)
        else:
            yield part


@dataclass(frozen=True)
class Pattern:
    """A fact that must exist: its kind and what it meets."""

    alias: str
    kind: str
    where: Where

    @property
    def single(self) -> Where:
        """What it meets by itself."""
        return tuple(part for part in self.where if isinstance(part, Group) or part.other is None)

    @property
    def cross(self) -> tuple[Condition, ...]:
        """Conditions that compare with another fact."""
        return tuple(part for part in self.where if isinstance(part, Condition) and part.other)


@dataclass(frozen=True)
class Exists:
    """Whether the account has a fact of a kind that meets all of ``where``."""

    kind: str
    where: Where


@dataclass(frozen=True)
class Test:
    """Of several kinds of facts, which exist: ``all``, ``any`` or ``none`` of them."""

    quantifier: Quantifier
    parts: tuple[Exists | Test, ...]

    @property
    def existences(self) -> tuple[Exists, ...]:
        """Every kind of fact that it asks for."""
        return tuple(
            each for part in self.parts for each in ((part,) if isinstance(part, Exists) else part.existences)
        )

    @property
    def about(self) -> str | None:
        """The one alias that its conditions compare with, if they do."""
        compared = (leaf.other for part in self.existences for leaf in leaves(part.where))
        return next((term.alias for term in compared if term), None)


@dataclass(frozen=True)
class Ref:
    """A money field of the fact that a pattern matched, which names revenue lines: ``$alias.field``."""

    alias: str
    field: str


@dataclass(frozen=True)
class Flag:
    """The risk that a match raises; ``exposure`` is the money field that names the revenue lines."""

    risk: str
    severity: Severity
    exposure: Ref
    probability: float


class Gate(StrEnum):
    """What an action must pass before it is offered: may we, is it the time, is it good for the customer."""

    ELIGIBLE = "eligible"
    APPLICABLE = "applicable"
    SUITABLE = "suitable"


@dataclass(frozen=True)
class Advice:
    """What a match recommends; ``because`` is a text in pieces, some of them values of the facts.

    ``gates`` are what it is offered under only, each with how its author wrote it.
    """

    action: str
    due_in_days: int
    play: str | None
    because: tuple[str | Term, ...]
    value: Ref | None
    gates: tuple[tuple[Gate, str, Test], ...] = ()


@dataclass(frozen=True)
class Conclusion:
    """A fact that a match makes, for later rules to match; its fields are values of the facts."""

    fact: str
    fields: tuple[tuple[str, Term], ...]


@dataclass(frozen=True)
class Rule:
    """A validated rule.

    ``subjects`` are the aliases whose facts make the identity of what it says: matches that differ only
    in other facts are one verdict. ``urgency`` and ``likelihood`` are between 0 and 1. A rule is judged
    after those of a lower ``stratum``, whose conclusions it may match. ``reads`` are the kinds of facts
    that its verdict rests on, through conclusions too.
    """

    key: str
    title: str
    patterns: tuple[Pattern, ...]
    tests: tuple[Test, ...]
    flag: Flag | None
    advice: Advice | None
    conclusion: Conclusion | None
    subjects: tuple[str, ...]
    urgency: float
    likelihood: float
    stratum: int
    reads: frozenset[str]

    def kind_of(self, alias: str) -> str:
        """The fact kind that an alias stands for."""
        return next(pattern.kind for pattern in self.patterns if pattern.alias == alias)

    @property
    def gated(self) -> tuple[str, ...]:
        """The kinds of facts that the gates of what it recommends ask for."""
        gates = self.advice.gates if self.advice else ()
        return tuple(part.kind for _, _, test in gates for part in test.existences)

    @property
    def matched(self) -> tuple[str, ...]:
        """The kinds of facts that it asks for, concluded ones too, once for each time that it does."""
        tested = (part.kind for test in self.tests for part in test.existences)
        return (*(pattern.kind for pattern in self.patterns), *tested)


@dataclass(frozen=True, eq=False)
class Book:
    """The rules of one rulebook version, which ``version`` names: ``starter/3``. It equals itself alone.

    A book joined of several versions names them all; ``origins`` says by a rule's key which one it is of.
    """

    version: str
    rules: tuple[Rule, ...]
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of facts that judging the book needs; always the account."""
        return frozenset({"account"}).union(*(rule.reads for rule in self.rules))

    @property
    def strata(self) -> list[tuple[Rule, ...]]:
        """The rules in the order in which they are judged, those together that do not rest on each other."""
        return strata(self.rules)

    def version_of(self, key: str) -> str:
        """The rulebook version that the rule with this key is of."""
        return self.origins.get(key, self.version)

    def rule(self, key: str) -> Rule:
        """The rule with this key."""
        return next(rule for rule in self.rules if rule.key == key)

    def upto(self, key: str) -> tuple[Rule, ...]:
        """The rule with this key and those that conclude what it rests on."""
        wanted = {key}
        for rules in reversed(self.strata):
            asked = {kind for rule in rules if rule.key in wanted for kind in rule.matched}
            wanted |= {rule.key for rule in self.rules if rule.conclusion and rule.conclusion.fact in asked}
        return tuple(rule for rule in self.rules if rule.key in wanted)


def strata(rules: Iterable[Rule]) -> list[tuple[Rule, ...]]:
    """Rules by stratum, lowest first; one without any when there are no rules."""
    by_stratum: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_stratum[rule.stratum].append(rule)
    return [tuple(by_stratum[stratum]) for stratum in sorted(by_stratum)] or [()]
