"""From the documents of rules to a book: what they conclude is known to the rules that rest on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from models.errors import Invalid, InvalidRulebook
from rules.consequences import Consequences
from rules.kinds import REGISTRY
from rules.language import RuleDocument, read
from rules.patterns import Patterns
from rules.registry import FactField, FactKind, Registry
from rules.scope import Path, Scope
from rules.tree import Book, Rule


def build_book(version: str, documents: Sequence[object]) -> Book:
    """The book of these rule documents.

    Raises:
        InvalidRulebook: with every problem of every rule, each with its path
            (``rules.3.when.0.deal.where.amount.gte``).
    """
    builder = _BookBuilder(documents)
    rules = builder.rules()
    problems = [problem for index in sorted(builder.problems) for problem in builder.problems[index]]
    if problems:
        raise InvalidRulebook.of(problems)
    if not rules:
        raise InvalidRulebook("a rulebook needs at least one rule")
    return Book(version, tuple(rules))


def build_rule(raw: object) -> tuple[Rule | None, list[Invalid]]:
    """The rule of a document that stands alone, or every problem that it has."""
    document, problems = read(raw)
    if document is None:
        return None, problems
    rule, _, problems = _built(document, (), REGISTRY)
    return (None, problems) if problems else (rule, [])


def _built(
    document: RuleDocument, path: Path, vocabulary: Registry
) -> tuple[Rule, Mapping[str, FactField], list[Invalid]]:
    """A rule (of no use when it has problems) and the fields of the fact that it concludes."""
    scope = Scope(path, vocabulary)
    patterns = Patterns(scope)
    patterns.read(document.when)
    consequences = Consequences(scope, patterns)
    consequences.read(document.then)
    rule = Rule(
        key=document.key,
        title=document.title,
        patterns=tuple(patterns.patterns),
        tests=tuple(patterns.tests),
        flag=consequences.flag,
        advice=consequences.advice,
        conclusion=consequences.conclusion,
        subjects=patterns.subjects(document.subject),
        urgency=document.urgency,
        likelihood=document.likelihood,
        stratum=0,
        reads=frozenset(),
    )
    return rule, consequences.concluded, scope.problems


class _BookBuilder:
    """Builds the rules of a book; those that others rest on first."""

    def __init__(self, documents: Sequence[object]) -> None:
        self.problems: dict[int, list[Invalid]] = {}
        self._documents: dict[int, RuleDocument] = {}
        self._built: dict[int, Rule] = {}
        self._vocabulary = REGISTRY
        #: The base kinds that each concluded kind rests on.
        self._rests_on: dict[str, frozenset[str]] = {}
        self._stratum: dict[str, int] = {}
        #: What rules conclude that are wrong: those that rest on it cannot be told right from wrong.
        self._unknown: set[str] = set()
        for index, raw in enumerate(documents):
            document, problems = read(raw, ("rules", str(index)))
            self.problems[index] = problems
            if document is not None:
                self._documents[index] = document

    def rules(self) -> list[Rule]:
        """The rules in the order of their documents, as far as they are sound."""
        for index in self._order():
            self._build(index)
        keys: set[str] = set()
        for index in sorted(self._built):
            key = self._built[index].key
            if key in keys:
                self._problem(index, ("key",), f"the key {key!r} is used twice")
            keys.add(key)
        return [self._built[index] for index in sorted(self._built)]

    def _problem(self, index: int, path: Path, message: str) -> None:
        self.problems[index].append(Invalid(message, ["rules", str(index), *path]))

    def _order(self) -> list[int]:
        """The rules, each after those that conclude what it asks for."""
        concluding: dict[str, list[int]] = {}
        for index, document in self._documents.items():
            for each in document.then:
                if each.conclude and each.conclude.fact not in REGISTRY.kinds:
                    concluding.setdefault(each.conclude.fact, []).append(index)
        graph = {
            index: [other for kind in document.asked() for other in concluding.get(kind, ())]
            for index, document in self._documents.items()
        }
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = " -> ".join(self._documents[index].key for index in error.args[1])
            self._problem(min(error.args[1]), ("when",), f"the rule rests on its own conclusion: {circle}")
            return []

    def _build(self, index: int) -> None:
        document = self._documents[index]
        concludes = {each.conclude.fact for each in document.then if each.conclude}
        if not self._unknown.isdisjoint(document.asked()):
            self._unknown |= concludes
            return
        rule, concluded, problems = _built(document, ("rules", str(index)), self._vocabulary)
        self.problems[index] += problems
        if problems:
            self._unknown |= concludes
            return
        asked = (*rule.matched, *rule.gated)
        reads = {base for kind in asked for base in self._rests_on.get(kind, {kind})}
        stratum = max((self._stratum.get(kind, 0) for kind in rule.matched), default=0)
        rule = replace(rule, stratum=stratum, reads=frozenset(reads | _exposed(rule)))
        self._built[index] = rule
        if rule.conclusion:
            self._learn(index, rule, rule.conclusion.fact, concluded)

    def _learn(self, index: int, rule: Rule, name: str, fields: Mapping[str, FactField]) -> None:
        """Know the kind of fact that the rule concludes."""
        known = self._vocabulary.kinds.get(name)
        if known is not None and _types(known.fields) != _types(fields):
            self._problem(index, ("then",), f"another rule concludes {name!r} with other fields")
            return
        if known is None:
            kind = FactKind(name, f"concluded by the rule {rule.key}", dict(fields), "id")
            self._vocabulary = self._vocabulary.including([kind])
        self._rests_on[name] = self._rests_on.get(name, frozenset()) | rule.reads
        self._stratum[name] = max(self._stratum.get(name, 0), rule.stratum + 1)


def _types(fields: Mapping[str, FactField]) -> dict[str, str]:
    return {name: field.type for name, field in fields.items()}


def _exposed(rule: Rule) -> set[str]:
    """The contracts that an account's money is the sum of."""
    named = [rule.flag.exposure if rule.flag else None, rule.advice.value if rule.advice else None]
    return {"contract"} if any(ref and rule.kind_of(ref.alias) == "account" for ref in named) else set()
