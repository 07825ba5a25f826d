"""Where the parts of a rule stand in its document: the paths that findings name."""

from __future__ import annotations

from collections.abc import Iterator

from rules.language import ClauseDocument, RuleDocument, WhereDocument
from rules.scope import Path
from rules.tree import Condition, Exists, Pattern, Rule, leaves


class Places:
    """The paths of a rule's parts, by the order in which the rule has them."""

    def __init__(self, document: RuleDocument, at: Path) -> None:
        self.at = at
        self.then: Path = (*at, "then")
        self.patterns: list[Path] = []
        self.tests: list[Path] = []
        self.conditions: list[Path] = []
        self.gates: list[Path] = []
        tested: list[Path] = []
        for index, clause in enumerate(document.when):
            place = (*at, "when", str(index))
            if clause.tests:
                self.tests.append(place)
                tested += _clause(clause, place)
            else:
                self.patterns += [(*place, kind, "where") for kind in clause.kinds]
                self.conditions += _clause(clause, place)
        self.conditions += tested
        self._read_gates(document)

    def _read_gates(self, document: RuleDocument) -> None:
        for number, each in enumerate(document.then):
            for gate, clauses in each.recommend.gates.items() if each.recommend else ():
                for index, clause in enumerate(clauses):
                    place = (*self.at, "then", str(number), "recommend", gate.value, str(index))
                    self.gates.append(place)
                    self.conditions += _clause(clause, place)


def _clause(clause: ClauseDocument, at: Path) -> Iterator[Path]:
    """The places of the conditions of a clause, as ``leaves`` has them in order."""
    for kind, pattern in clause.kinds.items():
        yield from _where(pattern.where, (*at, kind, "where"))
    for quantifier, clauses in clause.tests.items():
        for index, each in enumerate(clauses):
            within = (*at, quantifier.value, *(() if clause.is_single else (str(index),)))
            yield from _clause(each, within)


def _where(document: WhereDocument, at: Path) -> Iterator[Path]:
    for text, comparisons in document.comparisons.items():
        yield from ((*at, text, op.value) for op in comparisons)
    for quantifier, documents in document.groups.items():
        for index, each in enumerate(documents):
            yield from _where(each, (*at, quantifier.value, str(index)))


def conditions(rule: Rule) -> Iterator[tuple[str, Condition]]:
    """Every condition of a rule with the kind of its fact: of patterns, then of tests, then of gates."""
    gates = [test for _, _, test in rule.advice.gates] if rule.advice else []
    asked: list[Pattern | Exists] = [*rule.patterns]
    asked += (part for test in (*rule.tests, *gates) for part in test.existences)
    for each in asked:
        yield from ((each.kind, condition) for condition in leaves(each.where))
