"""From the ``then`` of a rule's document to what a match says: a risk, an advice, a conclusion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import yaml

from models.errors import Invalid, allowed
from rules.kinds import REGISTRY
from rules.language import (
    ClauseDocument,
    ConcludeDocument,
    ConsequenceDocument,
    FlagDocument,
    RecommendDocument,
)
from rules.patterns import Patterns
from rules.registry import FactField
from rules.scope import Path, Scope
from rules.tree import Advice, Conclusion, FieldValue, Flag, Gate, Quantifier, Ref, Term, Test

#: The money fields that name revenue lines, by kind.
EXPOSURES: Mapping[str, tuple[str, ...]] = {
    "account": ("annual_value",),
    "contract": ("annual_value",),
    "deal": ("amount",),
    "service": ("annual_value",),
}
#: The money fields that tell what a recommendation is worth besides: revenue that there is not yet.
WORTH: Mapping[str, tuple[str, ...]] = {
    "whitespace": ("annual_gap",),
    "competitor": ("annual_price",),
}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Consequences:
    """What a rule says when it holds; what is wrong is noted in the scope."""

    def __init__(self, scope: Scope, patterns: Patterns) -> None:
        self._patterns = patterns
        self.flag: Flag | None = None
        self.advice: Advice | None = None
        self.conclusion: Conclusion | None = None
        #: The fields of the fact that is concluded.
        self.concluded: dict[str, FactField] = {}
        self._scope = scope

    def read(self, documents: Sequence[ConsequenceDocument]) -> None:
        """Build what these say."""
        for index, document in enumerate(documents):
            at = ("then", str(index))
            given = [document.flag, document.recommend, document.conclude]
            if sum(each is not None for each in given) != 1:
                self._scope.problem(at, "exactly one of flag, recommend and conclude belongs here")
            elif document.flag is not None:
                self._once(self.flag, (*at, "flag"), "raises one risk")
                self.flag = self._flag(document.flag, (*at, "flag"))
            elif document.recommend is not None:
                self._once(self.advice, (*at, "recommend"), "recommends one thing")
                self.advice = self._advice(document.recommend, (*at, "recommend"))
            elif document.conclude is not None:
                self._once(self.conclusion, (*at, "conclude"), "concludes one fact")
                self.conclusion = self._conclusion(document.conclude, (*at, "conclude"))

    def _once(self, before: object, at: Path, says: str) -> None:
        if before is not None:
            self._scope.problem(at, f"a rule {says}")

    def _flag(self, document: FlagDocument, at: Path) -> Flag | None:
        exposure = self._money(document.exposure, EXPOSURES, (*at, "exposure"))
        if exposure is None:
            return None
        return Flag(document.risk, document.severity, exposure, document.probability)

    def _advice(self, document: RecommendDocument, at: Path) -> Advice:
        known = {**EXPOSURES, **WORTH}
        value = self._money(document.value, known, (*at, "value")) if document.value else None
        because = self._because(document.because, (*at, "because"))
        gates = tuple(self._gates(document, at))
        return Advice(document.action, document.due_in_days, document.play, because, value, gates)

    def _gates(self, document: RecommendDocument, at: Path) -> Iterator[tuple[Gate, str, Test]]:
        for gate, clauses in document.gates.items():
            for index, clause in enumerate(clauses):
                test = self._patterns.gate(clause, (*at, gate.value, str(index)))
                if test:
                    yield gate, _as_written(clause), test

    def _because(self, text: str, at: Path) -> tuple[str | Term, ...]:
        """The text in pieces: every second one is a field in braces."""
        pieces: list[str | Term] = []
        for number, piece in enumerate(_PLACEHOLDER.split(text)):
            if number % 2 == 0:
                if "{" in piece or "}" in piece:
                    self._scope.problem(at, "a brace without its partner; fields are written {alias.field}")
                pieces.append(piece)
            elif found := self._referred(f"${piece}", at):
                pieces.append(_value(*found))
        return tuple(pieces)

    def _conclusion(self, document: ConcludeDocument, at: Path) -> Conclusion:
        if document.fact in REGISTRY.kinds or document.fact in set(Quantifier):
            self._scope.problem((*at, "fact"), f"{document.fact!r} has a meaning already; take another name")
        fields: list[tuple[str, Term]] = []
        for name, text in document.fields.items():
            if name == "id":
                self._scope.problem((*at, "with", name), "every fact has an id of its own; use another name")
            elif found := self._referred(text, (*at, "with", name)):
                fields.append((name, _value(*found)))
                self.concluded[name] = replace(found[1], name=name, sql="", ranks=None)
        return Conclusion(document.fact, tuple(fields))

    def _money(self, text: str, known: Mapping[str, tuple[str, ...]], at: Path) -> Ref | None:
        found = self._referred(text, at)
        if found is None:
            return None
        alias, field = found
        kind = self._scope.kinds[alias]
        if field.name not in known.get(kind, ()):
            options = [f"{kind}.{name}" for kind, names in known.items() for name in names]
            self._scope.problem(at, f"{text} names no revenue line; allowed: {allowed(options)}")
            return None
        return Ref(alias, field.name)

    def _referred(self, text: str, at: Path) -> tuple[str, FactField] | None:
        try:
            return self._scope.referred(text)
        except Invalid as error:
            self._scope.problem(at, error.message)
            return None


def _as_written(clause: ClauseDocument) -> str:
    """A clause in a line, as its author wrote it but for the layout."""
    content = clause.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump(
        content, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True
    ).strip()


def _value(alias: str, field: FactField) -> Term:
    return Term(f"${alias}.{field.name}", FieldValue(field.name), field.type, field.unit, alias)
