"""Saved cases: facts of an account and what a rule must say of them, tried before the rule goes live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from models.errors import Invalid, InvalidRulebook, allowed
from rules.kinds import REGISTRY
from rules.language import WORDS, Name, problems_of, shown
from rules.reference import SOURCE, Fact, Facts, evaluate
from rules.registry import FieldType, Op
from rules.tree import Book, Rule
from rules.values import constant

#: What a match must bind: the id of the fact by the alias of the rule.
Binding = Mapping[str, str]


class CaseDocument(BaseModel):
    """A case as a manager writes it.

    ``facts`` are by kind, values as conditions have them: money in whole units, days as whole numbers. A
    fact without ``id`` is called by its kind and place: ``deal-1``. ``expect`` lists the matches that there
    must be, each by the ids of the facts under the rule's aliases; none where the rule must be silent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=WORDS, max_length=200)]
    rule: str
    facts: dict[str, list[dict[str, JsonValue]]]
    expect: list[dict[Name, str]] = Field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """A case after validation; ``facts`` are as evaluators take them."""

    name: str
    rule: str
    facts: Facts
    expect: tuple[Binding, ...]


def build_cases(book: Book, documents: Sequence[object]) -> list[Case]:
    """The cases of a book.

    Raises:
        InvalidRulebook: with every problem of every case, each with its path
            (``cases.0.facts.deal.1.amount``).
    """
    builder = _Builder(book)
    cases = [builder.case(document, ("cases", str(index))) for index, document in enumerate(documents)]
    if builder.problems:
        raise InvalidRulebook.of(builder.problems)
    return [case for case in cases if case]


class _Builder:
    def __init__(self, book: Book) -> None:
        self.problems: list[Invalid] = []
        self._rules = {rule.key: rule for rule in book.rules}

    def case(self, raw: object, path: tuple[str, ...]) -> Case | None:
        try:
            document = CaseDocument.model_validate(raw)
        except ValidationError as error:
            self.problems += problems_of(error, path)
            return None
        if document.rule not in self._rules:
            self._problem(
                (*path, "rule"), f"no rule {document.rule!r}; allowed: {allowed(list(self._rules))}"
            )
            return None
        known = len(self.problems)
        facts = {
            kind: list(self._facts(kind, of, (*path, "facts", kind))) for kind, of in document.facts.items()
        }
        if len(self.problems) == known:
            self._check_expected(self._rules[document.rule], document, facts, (*path, "expect"))
        return Case(document.name, document.rule, facts, tuple(document.expect))

    def _facts(
        self, kind: str, documents: Sequence[Mapping[str, JsonValue]], path: tuple[str, ...]
    ) -> Iterator[Fact]:
        if kind not in REGISTRY.kinds:
            self._problem(path, f"{kind!r} is no fact kind; allowed: {allowed(list(REGISTRY.kinds))}")
            return
        for index, document in enumerate(documents):
            fact: Fact = {"id": f"{kind}-{index + 1}"}
            for name, value in document.items():
                try:
                    field = REGISTRY.field(kind, name)
                    fact[name] = constant(field, Op.EQ, value)
                except KeyError:
                    options = allowed(REGISTRY.field_names(kind))
                    self._problem(
                        (*path, str(index), name), f"a {kind} has no such field; allowed: {options}"
                    )
                except Invalid as error:
                    self._problem((*path, str(index), name), error.message)
            yield fact

    def _check_expected(
        self, rule: Rule, document: CaseDocument, facts: Facts, path: tuple[str, ...]
    ) -> None:
        named = [pattern.alias for pattern in rule.patterns if not pattern.alias.startswith("_")]
        for index, binding in enumerate(document.expect):
            for alias, fact_id in binding.items():
                if alias not in named:
                    self._problem(
                        (*path, str(index), alias), f"is no alias of {rule.key}; allowed: {allowed(named)}"
                    )
                elif fact_id not in (ids := [str(f["id"]) for f in facts.get(rule.kind_of(alias), ())]):
                    self._problem(
                        (*path, str(index), alias), f"no fact {shown(fact_id)}; allowed: {allowed(ids)}"
                    )

    def _problem(self, path: tuple[str, ...], message: str) -> None:
        self.problems.append(Invalid(message, path))


@dataclass(frozen=True)
class Failure:
    """A case that a rule does not meet; bindings have the aliases that the case speaks of."""

    case: Case
    missing: tuple[Binding, ...]
    unexpected: tuple[Binding, ...]

    def __str__(self) -> str:
        said = [f"it does not match {_shown(binding)}" for binding in self.missing]
        said += [f"it matches {_shown(binding)}" for binding in self.unexpected]
        return f"the case {self.case.name!r} of {self.case.rule} fails: {'; '.join(said)}"


def failures(book: Book, cases: Sequence[Case]) -> list[Failure]:
    """The cases that the book does not meet, by the reference evaluator."""
    return [failure for case in cases if (failure := _tried(book, case))]


def _tried(book: Book, case: Case) -> Failure | None:
    found = [
        {alias: fact for alias, fact in match.facts if not alias.startswith("_")}
        for match in sorted(evaluate(book.upto(case.rule), case.facts))
        if match.rule == case.rule
    ]
    missing = [
        wanted for wanted in case.expect if not any(wanted.items() <= match.items() for match in found)
    ]
    unexpected = [
        match for match in found if not any(wanted.items() <= match.items() for wanted in case.expect)
    ]
    return Failure(case, tuple(missing), tuple(unexpected)) if missing or unexpected else None


def _shown(binding: Binding) -> str:
    return ", ".join(f"{alias} = {fact}" for alias, fact in binding.items()) or "anything"


def captured(book: Book, key: str, name: str, facts: Facts) -> dict[str, object]:
    """The case that an account's (canonical) facts make, expecting what the rule says of them now.

    It has the facts of the kinds and with the fields that are given; what was gathered for the rule alone
    is what it looks at.
    """
    matches = sorted(match for match in evaluate(book.upto(key), facts) if match.rule == key)
    expect = [{alias: fact for alias, fact in match.facts if not alias.startswith("_")} for match in matches]
    documents = {
        kind: [dict(_documented(kind, fact)) for fact in of]
        for kind, of in facts.items()
        if kind in REGISTRY.kinds and of
    }
    return {"name": name, "rule": key, "facts": documents, "expect": expect}


def _documented(kind: str, fact: Fact) -> Iterator[tuple[str, object]]:
    for name, value in fact.items():
        if name == SOURCE:
            continue
        money = REGISTRY.field(kind, name).type is FieldType.MONEY
        yield name, str(Decimal(str(value)) / 100) if money else value
