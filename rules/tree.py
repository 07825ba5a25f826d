"""A rule after validation: the tree that every evaluator reads. How it is written is in ``language``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.base import Severity
from rules.registry import Op

Scalar = str | int | float | bool

#: Bounds within which the engine was found right; see docs/decisions on the engine.
MAX_PATTERNS = 8
MAX_CONDITIONS = 16
MAX_CROSS = 12
MAX_TEXT_BYTES = 8_000
MAX_INTEGER = 2**53


@dataclass(frozen=True)
class Ref:
    """A field of the fact that an earlier pattern matched, written ``$alias.field``."""

    alias: str
    field: str

    def __str__(self) -> str:
        return f"${self.alias}.{self.field}"


@dataclass(frozen=True)
class Condition:
    """One comparison of a fact's field with a value, several values, or another fact's field."""

    field: str
    op: Op
    value: Scalar | tuple[Scalar, ...] | Ref


@dataclass(frozen=True)
class Pattern:
    """A fact that must exist: its kind and the conditions that it meets."""

    alias: str
    kind: str
    conditions: tuple[Condition, ...]

    @property
    def single(self) -> tuple[Condition, ...]:
        """Conditions on the fact alone."""
        return tuple(c for c in self.conditions if not isinstance(c.value, Ref))

    @property
    def cross(self) -> tuple[Condition, ...]:
        """Conditions that compare with another fact."""
        return tuple(c for c in self.conditions if isinstance(c.value, Ref))


@dataclass(frozen=True)
class Absence:
    """A fact that must not exist (``none``); its conditions may refer to one alias, ``about``."""

    kind: str
    conditions: tuple[Condition, ...]
    about: str | None


@dataclass(frozen=True)
class Flag:
    """The risk that a match raises; ``exposure`` is the money field that names the revenue lines."""

    risk: str
    severity: Severity
    exposure: Ref
    probability: float


@dataclass(frozen=True)
class Advice:
    """What a match recommends; ``because`` is a text with ``{alias.field}`` in it."""

    action: str
    due_in_days: int
    play: str | None
    because: str
    value: Ref | None


@dataclass(frozen=True)
class Rule:
    """A validated rule.

    ``subjects`` are the aliases whose facts make the identity of what it says: matches that differ only
    in other facts are one verdict. ``urgency`` and ``likelihood`` are between 0 and 1.
    """

    key: str
    title: str
    patterns: tuple[Pattern, ...]
    absences: tuple[Absence, ...]
    flag: Flag | None
    advice: Advice | None
    subjects: tuple[str, ...]
    urgency: float
    likelihood: float

    def kind_of(self, alias: str) -> str:
        """The fact kind that an alias stands for."""
        return next(pattern.kind for pattern in self.patterns if pattern.alias == alias)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of facts that judging the rule needs."""
        return frozenset(
            [*(p.kind for p in self.patterns), *(a.kind for a in self.absences), *self._exposed_kinds()]
        )

    def _exposed_kinds(self) -> list[str]:
        """The contracts that an account's money is the sum of."""
        named = [self.flag.exposure if self.flag else None, self.advice.value if self.advice else None]
        exposed = {self.kind_of(ref.alias) for ref in named if ref}
        return ["contract"] if "account" in exposed else []


@dataclass(frozen=True)
class Book:
    """The rules of one rulebook version; ``version`` names it, such as ``starter/3``.

    A book joined of several versions names them all; ``origins`` says by a rule's key which one it is of.
    """

    version: str
    rules: tuple[Rule, ...]
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of facts that judging the book needs; always the account."""
        return frozenset({"account"}).union(*(rule.kinds for rule in self.rules))

    def version_of(self, key: str) -> str:
        """The rulebook version that the rule with this key is of."""
        return self.origins.get(key, self.version)

    def rule(self, key: str) -> Rule:
        """The rule with this key."""
        return next(rule for rule in self.rules if rule.key == key)
