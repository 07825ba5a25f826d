"""From the ``when`` of a rule's document to its patterns and tests."""

from __future__ import annotations

from collections.abc import Sequence

from models.errors import allowed
from rules.conditions import build_where
from rules.language import ClauseDocument, PatternDocument
from rules.scope import Path, Scope
from rules.tree import MAX_CROSS, MAX_DEPTH, MAX_PATTERNS, Exists, Pattern, Quantifier, Test, leaves


class Patterns:
    """What must exist for a rule to hold; what is wrong is noted in the scope."""

    def __init__(self, scope: Scope) -> None:
        self.patterns: list[Pattern] = []
        self.tests: list[Test] = []
        self._scope = scope
        self._named: list[str] = []

    def read(self, clauses: Sequence[ClauseDocument]) -> None:
        """Build what these clauses ask for."""
        for index, clause in enumerate(clauses):
            at = ("when", str(index))
            if clause.tests:
                self._test(clause, at)
            else:
                self._pattern(clause, at)
        crossing = sum(len(pattern.cross) for pattern in self.patterns)
        if not 1 <= len(self.patterns) <= MAX_PATTERNS:
            self._scope.problem(
                ("when",),
                f"{len(self.patterns)} patterns besides all, any and none; allowed: 1 to {MAX_PATTERNS}",
            )
        if crossing > MAX_CROSS:
            self._scope.problem(
                ("when",), f"{crossing} comparisons with other facts; allowed: {MAX_CROSS} in a rule"
            )

    def subjects(self, chosen: Sequence[str] | None) -> tuple[str, ...]:
        """The aliases that a verdict is about; the account is whose verdict it is, not what it is about."""
        subjects = self._named if chosen is None else chosen
        for index, alias in enumerate(subjects):
            if alias not in self._named:
                self._scope.problem(
                    ("subject", str(index)),
                    f"{alias!r} is no alias of this rule; allowed: {allowed(self._named)}",
                )
        return tuple(alias for alias in subjects if self._scope.kinds.get(alias) != "account")

    def gate(self, clause: ClauseDocument, at: Path) -> Test | None:
        """What one clause of a gate asks for; a fact that must exist is a test of one."""
        if clause.tests:
            known = len(self.tests)
            self._test(clause, at)
            added, self.tests = self.tests[known:], self.tests[:known]
            return added[0] if added else None
        part = self._exists(clause, at)
        return Test(Quantifier.ALL, (part,)) if part else None

    def _pattern(self, clause: ClauseDocument, at: Path) -> None:
        kind = self._scope.kind(clause.kinds, at)
        if kind is None:
            return
        document = clause.kinds[kind]
        alias = document.as_ or f"_{len(self._scope.kinds)}"
        where = build_where(self._scope, kind, document.where, (*at, kind, "where"))
        if alias in self._scope.kinds:
            self._scope.problem((*at, kind, "as"), f"the alias {alias!r} is used twice")
        if document.as_:
            self._named.append(alias)
        self._scope.kinds[alias] = kind
        self.patterns.append(Pattern(alias, kind, where))

    def _test(self, clause: ClauseDocument, at: Path) -> None:
        test = self._tested(clause, at, 1)
        compared = {
            leaf.other.alias
            for part in (test.existences if test else ())
            for leaf in leaves(part.where)
            if leaf.other
        }
        if len(compared) > 1:
            aliases = allowed(sorted(f"${alias}" for alias in compared))
            self._scope.problem(
                (*at, *clause.tests), f"a test may compare with one alias, not with several: {aliases}"
            )
        if test:
            self.tests.append(test)

    def _tested(self, clause: ClauseDocument, at: Path, depth: int) -> Test | None:
        if clause.kinds or len(clause.tests) != 1:
            self._scope.problem(at, "all, any and none stand alone; what is beside them is its own clause")
            return None
        ((quantifier, clauses),) = clause.tests.items()
        at = (*at, quantifier.value)
        if depth > MAX_DEPTH:
            self._scope.problem(at, f"tests within tests; allowed: {MAX_DEPTH} levels")
            return None
        parts: list[Exists | Test] = []
        for index, each in enumerate(clauses):
            single = quantifier is Quantifier.NONE and clause.is_single
            within = at if single else (*at, str(index))
            part = self._tested(each, within, depth + 1) if each.tests else self._exists(each, within)
            parts += [part] if part else []
        return Test(quantifier, tuple(parts))

    def _exists(self, clause: ClauseDocument, at: Path) -> Exists | None:
        kind = self._scope.kind(clause.kinds, at)
        if kind is None:
            return None
        document: PatternDocument = clause.kinds[kind]
        if document.as_:
            self._scope.problem((*at, kind, "as"), "what is only tested cannot have a name")
        return Exists(kind, build_where(self._scope, kind, document.where, (*at, kind, "where")))
