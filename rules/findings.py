"""What a check says of a rule: a finding with its place, and conditions in the words of their author."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from models.described import Described
from rules.evidence import written
from rules.possibility import Values
from rules.ranges import Number, Subject
from rules.scope import Path
from rules.tree import Condition, Group, Scalar, Term


class FindingCode(Described):
    """What a finding is about."""

    NEVER_MATCHES = "NEVER_MATCHES", "The rule cannot hold of any facts."
    SUBSUMED = "SUBSUMED", "Another rule holds whenever this one does, and says as much."
    CONTRADICTING = (
        "CONTRADICTING",
        "Another rule holds whenever this one does, and says otherwise; or a gate is never open.",
    )
    OUT_OF_RANGE = (
        "OUT_OF_RANGE",
        "A condition holds never, or always where there is a value, given the range of its field.",
    )
    UNFILLED = "UNFILLED", "No record of the tenant has what the rule speaks of."


class FindingSeverity(Described):
    """Whether a version with such a finding may go live: an ERROR keeps it from it, a WARNING does not."""

    ERROR = "ERROR", "Keeps the version from going live."
    WARNING = "WARNING", "Is told to whoever decides, and keeps nothing from going live."


@dataclass(frozen=True)
class Finding:
    """One thing that a check found in a rule; ``path`` is its place: ``rules.3.when.0``."""

    code: FindingCode
    rule_key: str
    path: Path
    message: str

    @property
    def severity(self) -> FindingSeverity:
        """Only that a rule can never match is certain to be a mistake."""
        certain = self.code is FindingCode.NEVER_MATCHES
        return FindingSeverity.ERROR if certain else FindingSeverity.WARNING


def said(part: Condition | Group) -> str:
    """A condition, or a group of them, as its author wrote it."""
    if isinstance(part, Group):
        return f"{part.quantifier.value} of ({'; '.join(map(said, part.parts))})"
    return f"{part.term.text} {part.op.value} {_value_said(part)}"


def all_said(parts: Iterable[Condition | Group]) -> str:
    """Conditions that a fact must meet, in a list."""
    return ", ".join(map(said, parts)) or "anything"


def _value_said(condition: Condition) -> str:
    value = condition.value
    if isinstance(value, Term):
        return value.text
    if isinstance(value, tuple):
        return f"[{', '.join(_one_said(condition.term, each) for each in value)}]"
    return _one_said(condition.term, value)


def _one_said(term: Term, value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = written(term, value)
    return repr(shown) if isinstance(value, str) else str(shown)


def range_said(kind: str, term: Term) -> str:
    """What values a field or arithmetic can have, as far as is declared: ``0 to 100``."""
    subject = Subject.of("", kind, term)
    declared = subject.declared
    if declared is not None and declared.values is not None:
        return f"one of {', '.join(declared.values)}"
    low, high = (_bound_said(term, each) for each in Values(()).bounds(subject) or (math.inf, math.inf))
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"{high} or less" if high else ""


def _bound_said(term: Term, bound: Number) -> str:
    return "" if math.isinf(bound) else _one_said(term, bound)
