"""From a rule's document to its validated tree: names, types, ranges and references, every problem named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from models.errors import Invalid, InvalidRulebook, allowed
from rules.kinds import REGISTRY
from rules.language import (
    ClauseDocument,
    FlagDocument,
    PatternDocument,
    RecommendDocument,
    RuleDocument,
    read,
    shown,
)
from rules.registry import COMPARISONS, OPERATORS, FactField, Op
from rules.tree import (
    MAX_CONDITIONS,
    MAX_CROSS,
    MAX_PATTERNS,
    Absence,
    Advice,
    Book,
    Condition,
    Flag,
    Pattern,
    Ref,
    Rule,
)
from rules.values import constant, constants

#: The money fields that name revenue lines, by kind.
EXPOSURES: Mapping[str, tuple[str, ...]] = {
    "account": ("annual_value",),
    "contract": ("annual_value",),
    "deal": ("amount",),
    "service": ("annual_value",),
}
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
Path = tuple[str, ...]


def build_book(version: str, documents: Sequence[object]) -> Book:
    """The book of these rule documents.

    Raises:
        InvalidRulebook: with every problem of every rule, each with its path
            (``rules.3.when.0.deal.where.amount.gte``).
    """
    problems: list[Invalid] = []
    rules: list[Rule] = []
    for index, raw in enumerate(documents):
        rule, found = build_rule(raw, ("rules", str(index)))
        problems += found
        if rule is not None and any(rule.key == other.key for other in rules):
            problems.append(Invalid(f"the key {rule.key!r} is used twice", ["rules", str(index), "key"]))
        elif rule is not None:
            rules.append(rule)
    if problems:
        raise InvalidRulebook.of(problems)
    if not rules:
        raise InvalidRulebook("a rulebook needs at least one rule")
    return Book(version, tuple(rules))


def build_rule(raw: object, path: Path = ()) -> tuple[Rule | None, list[Invalid]]:
    """The rule of a document, or every problem that it has."""
    document, problems = read(raw, path)
    if document is None:
        return None, problems
    builder = _Builder(path)
    rule = builder.rule(document)
    return (None, builder.problems) if builder.problems else (rule, [])


class _Builder:
    """Builds one rule; problems are collected so that an author sees all of them at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Invalid] = []
        self.kinds: dict[str, str] = {}

    def problem(self, path: Path, message: str) -> None:
        self.problems.append(Invalid(message, [*self.path, *path]))

    def rule(self, document: RuleDocument) -> Rule:
        patterns: list[Pattern] = []
        absences: list[Absence] = []
        named: list[str] = []
        for index, clause in enumerate(document.when):
            at = ("when", str(index))
            if clause.none is not None:
                absences += self._absence(clause, at)
            else:
                patterns += self._pattern(clause, at, named)
        if not 1 <= len(patterns) <= MAX_PATTERNS:
            self.problem(("when",), f"{len(patterns)} patterns besides none; allowed: 1 to {MAX_PATTERNS}")
        flag, advice = self._consequences(document)
        return Rule(
            key=document.key,
            title=document.title,
            patterns=tuple(patterns),
            absences=tuple(absences),
            flag=flag,
            advice=advice,
            subjects=self._subjects(document, named),
            urgency=document.urgency,
            likelihood=document.likelihood,
        )

    def _subjects(self, document: RuleDocument, named: Sequence[str]) -> tuple[str, ...]:
        chosen = named if document.subject is None else document.subject
        for index, alias in enumerate(chosen):
            if alias not in named:
                self.problem(
                    ("subject", str(index)), f"{alias!r} is no alias of this rule; allowed: {allowed(named)}"
                )
        return tuple(alias for alias in chosen if self.kinds.get(alias) != "account")

    # patterns

    def _kind(self, patterns: Mapping[str, PatternDocument], at: Path) -> str | None:
        if len(patterns) != 1:
            self.problem(at, f"{len(patterns)} fact kinds; exactly one belongs here")
            return None
        kind = next(iter(patterns))
        if kind not in REGISTRY.kinds:
            self.problem((*at, kind), f"{kind!r} is no fact kind; allowed: {allowed(list(REGISTRY.kinds))}")
            return None
        return kind

    def _pattern(self, clause: ClauseDocument, at: Path, named: list[str]) -> list[Pattern]:
        kind = self._kind(clause.kinds, at)
        if kind is None:
            return []
        document = clause.kinds[kind]
        alias = document.as_ or f"_{len(self.kinds)}"
        conditions = self._conditions(kind, document, (*at, kind, "where"))
        if alias in self.kinds:
            self.problem((*at, kind, "as"), f"the alias {alias!r} is used twice")
        if document.as_:
            named.append(alias)
        self.kinds[alias] = kind
        return [Pattern(alias, kind, conditions)]

    def _absence(self, clause: ClauseDocument, at: Path) -> list[Absence]:
        patterns = clause.none or {}
        if clause.kinds:
            self.problem(at, "none stands alone; a fact kind beside it belongs into its own clause")
        kind = self._kind(patterns, (*at, "none"))
        if kind is None:
            return []
        at = (*at, "none", kind)
        if patterns[kind].as_:
            self.problem((*at, "as"), "what must not exist cannot have a name")
        conditions = self._conditions(kind, patterns[kind], (*at, "where"))
        about = sorted({c.value.alias for c in conditions if isinstance(c.value, Ref)})
        if len(about) > 1:
            self.problem((*at, "where"), f"none may refer to one alias, not to {allowed(about)}")
        return [Absence(kind, conditions, about[0] if about else None)]

    # conditions

    def _conditions(self, kind: str, document: PatternDocument, at: Path) -> tuple[Condition, ...]:
        conditions: list[Condition] = []
        for name, comparisons in document.where.items():
            if name not in REGISTRY.field_names(kind):
                options = allowed(REGISTRY.field_names(kind))
                self.problem((*at, name), f"a {kind} has no field {name!r}; allowed: {options}")
                continue
            field = REGISTRY.field(kind, name)
            for op, value in comparisons.items():
                condition = self._condition(field, op, value, (*at, name, op.value))
                conditions += [condition] if condition else []
        crossing = sum(isinstance(c.value, Ref) for c in conditions)
        if len(conditions) > MAX_CONDITIONS or crossing > MAX_CROSS:
            self.problem(
                at,
                f"{len(conditions)} conditions, {crossing} of them on other facts;"
                f" allowed: {MAX_CONDITIONS} and {MAX_CROSS}",
            )
        return tuple(conditions)

    def _condition(self, field: FactField, op: Op, value: object, at: Path) -> Condition | None:
        if op not in OPERATORS[field.type]:
            options = allowed([option.value for option in OPERATORS[field.type]])
            self.problem(at, f"{op} does not fit a {field.type.lower()} field; allowed: {options}")
            return None
        if isinstance(value, str) and value.startswith("$"):
            ref = self._comparison(field, op, value, at)
            return Condition(field.name, op, ref) if ref else None
        if op is Op.IS_NULL:
            if not isinstance(value, bool):
                self.problem(at, f"{shown(value)} is neither true nor false")
                return None
            return Condition(field.name, op, value)
        several = op in (Op.IN, Op.NOT_IN, Op.BETWEEN)
        try:
            held = constants(field, op, value) if several else constant(field, op, value)
        except Invalid as error:
            self.problem((*at, *error.path), error.message)
            return None
        return Condition(field.name, op, held)

    def _comparison(self, field: FactField, op: Op, text: str, at: Path) -> Ref | None:
        if op not in COMPARISONS:
            self.problem(at, f"{op} takes values, not {text!r}")
            return None
        found = self._reference(text, at)
        if found is None:
            return None
        ref, other = found
        if not field.comparable(other):
            self.problem(at, f"{text} is {other.type.lower()} and {field.name} is {field.type.lower()}")
            return None
        return ref

    def _reference(self, text: str, at: Path) -> tuple[Ref, FactField] | None:
        alias, _, name = text.removeprefix("$").partition(".")
        if alias not in self.kinds or alias.startswith("_"):
            options = allowed([f"${known}" for known in self.kinds if not known.startswith("_")])
            self.problem(at, f"{shown(text)} names no earlier alias; allowed: {options}")
            return None
        if name not in REGISTRY.field_names(self.kinds[alias]):
            options = allowed(REGISTRY.field_names(self.kinds[alias]))
            self.problem(at, f"a {self.kinds[alias]} has no field {name!r}; allowed: {options}")
            return None
        return Ref(alias, name), REGISTRY.field(self.kinds[alias], name)

    # consequences

    def _consequences(self, document: RuleDocument) -> tuple[Flag | None, Advice | None]:
        flag: Flag | None = None
        advice: Advice | None = None
        for index, consequence in enumerate(document.then):
            at = ("then", str(index))
            given = [consequence.flag, consequence.recommend]
            if given.count(None) != 1:
                self.problem(at, "exactly one of flag and recommend belongs here")
            elif consequence.flag is not None:
                if flag is not None:
                    self.problem((*at, "flag"), "a rule raises one risk")
                flag = self._flag(consequence.flag, (*at, "flag"))
            elif consequence.recommend is not None:
                if advice is not None:
                    self.problem((*at, "recommend"), "a rule recommends one thing")
                advice = self._advice(consequence.recommend, (*at, "recommend"))
        return flag, advice

    def _flag(self, document: FlagDocument, at: Path) -> Flag | None:
        exposure = self._exposure(document.exposure, (*at, "exposure"))
        if exposure is None:
            return None
        return Flag(document.risk, document.severity, exposure, document.probability)

    def _advice(self, document: RecommendDocument, at: Path) -> Advice:
        value = self._exposure(document.value, (*at, "value")) if document.value else None
        for placeholder in PLACEHOLDER.findall(document.because):
            self._reference(f"${placeholder}", (*at, "because"))
        if PLACEHOLDER.sub("", document.because).count("{") + PLACEHOLDER.sub("", document.because).count(
            "}"
        ):
            self.problem((*at, "because"), "a brace without its partner; fields are written {alias.field}")
        return Advice(document.action, document.due_in_days, document.play, document.because, value)

    def _exposure(self, text: str, at: Path) -> Ref | None:
        found = self._reference(text, at)
        if found is None:
            return None
        ref, _ = found
        kind = self.kinds[ref.alias]
        if ref.field not in EXPOSURES.get(kind, ()):
            options = [f"{kind}.{field}" for kind, fields in EXPOSURES.items() for field in fields]
            self.problem(at, f"{text} names no revenue line; allowed: {allowed(options)}")
            return None
        return ref
