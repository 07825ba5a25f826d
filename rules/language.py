"""How a rule is written: the shape of its document, before its names and types are checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    ValidationError,
)

from models.errors import Invalid
from models.severity import Severity
from rules.registry import Op
from rules.tree import Gate, Quantifier

T = TypeVar("T")

NAME = r"^[a-z][a-z0-9_]{0,39}$"
KEY = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
UPPER = r"^[A-Z][A-Z0-9_]{0,59}$"

#: What a text needs so that it is not blank.
WORDS = r"\S"

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Reference = Annotated[str, StringConstraints(pattern=r"^\$[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WhereDocument(_Part):
    """``{ field: { operator: value } }``; ``all``, ``any`` and ``none`` hold lists of the same.

    A field is also arithmetic on fields, ``monthly_recurring * 12``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    all_: Annotated[list[WhereDocument], Field(min_length=1)] | None = Field(default=None, alias="all")
    any_: Annotated[list[WhereDocument], Field(min_length=1)] | None = Field(default=None, alias="any")
    none_: Annotated[list[WhereDocument], Field(min_length=1)] | None = Field(default=None, alias="none")
    __pydantic_extra__: dict[str, dict[Op, JsonValue]] = Field(init=False)

    @property
    def comparisons(self) -> Mapping[str, Mapping[Op, JsonValue]]:
        """The comparisons by what is compared."""
        return self.__pydantic_extra__

    @property
    def groups(self) -> Mapping[Quantifier, Sequence[WhereDocument]]:
        """The groups of conditions that are there."""
        return _given({Quantifier.ALL: self.all_, Quantifier.ANY: self.any_, Quantifier.NONE: self.none_})


class PatternDocument(_Part):
    """``{ as: c, where: { field: { operator: value } } }`` under the name of a fact kind."""

    as_: Name | None = Field(default=None, alias="as", description="what later parts call the fact")
    where: WhereDocument = Field(default_factory=WhereDocument)


class FlagDocument(_Part):
    """The risk that a match raises."""

    risk: Annotated[str, StringConstraints(pattern=UPPER)]
    severity: Severity
    exposure: Reference = Field(description="the money field whose revenue is at risk: $d.amount")
    probability: Share = Field(default=0.5, description="chance that the revenue is lost")


class RecommendDocument(_Part):
    """What a match recommends."""

    action: Annotated[str, StringConstraints(pattern=UPPER)]
    due_in_days: Annotated[int, Field(ge=0, le=365, strict=True)] = 7
    play: Annotated[str, StringConstraints(pattern=KEY, max_length=100)] | None = None
    because: Annotated[str, StringConstraints(pattern=WORDS, max_length=400)]
    value: Reference | None = Field(
        default=None, description="the money it is about; without it, the exposure of the flag"
    )
    eligible: list[ClauseDocument] = Field(
        default_factory=list, max_length=8, description="what must be so that we may do it"
    )
    applicable: list[ClauseDocument] = Field(
        default_factory=list, max_length=8, description="what must be so that now is the time for it"
    )
    suitable: list[ClauseDocument] = Field(
        default_factory=list, max_length=8, description="what must be so that it is good for the customer"
    )

    @property
    def gates(self) -> Mapping[Gate, Sequence[ClauseDocument]]:
        """What must be so, by the gate, in the order in which they are looked at."""
        return {Gate.ELIGIBLE: self.eligible, Gate.APPLICABLE: self.applicable, Gate.SUITABLE: self.suitable}


class ConcludeDocument(_Part):
    """A fact that a match makes: later rules match it by its name, as they match other kinds of facts."""

    fact: Name
    fields: dict[Name, Reference] = Field(
        default_factory=dict, alias="with", description="its fields, read from what was matched: $p.title"
    )


class ConsequenceDocument(_Part):
    """One of ``flag``, ``recommend`` and ``conclude``."""

    flag: FlagDocument | None = None
    recommend: RecommendDocument | None = None
    conclude: ConcludeDocument | None = None


#: Steps of a problem's path that are no part of the document begin with it.
_UNSAID = "#"
_LIST, _ONE = f"{_UNSAID}list", f"{_UNSAID}one"


def _shape(clauses: object) -> str:
    return _LIST if isinstance(clauses, list) else _ONE


class ClauseDocument(_Part):
    """A pattern, ``{ kind: … }``, or a test of several: ``{ none: { kind: … } }``, ``{ any: [ … ] }``.

    Kinds are keys here, so any name is taken.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    all_: Annotated[list[ClauseDocument], Field(min_length=1)] | None = Field(default=None, alias="all")
    any_: Annotated[list[ClauseDocument], Field(min_length=1)] | None = Field(default=None, alias="any")
    none_: (
        Annotated[
            Annotated[list[ClauseDocument], Field(min_length=1), Tag(_LIST)]
            | Annotated[ClauseDocument, Tag(_ONE)],
            Discriminator(_shape),
        ]
        | None
    ) = Field(default=None, alias="none")
    __pydantic_extra__: dict[str, PatternDocument] = Field(init=False)

    @property
    def kinds(self) -> Mapping[str, PatternDocument]:
        """The patterns by fact kind; a valid clause has one, or one test."""
        return self.__pydantic_extra__

    @property
    def tests(self) -> Mapping[Quantifier, Sequence[ClauseDocument]]:
        """The tests that are there."""
        none = [self.none_] if isinstance(self.none_, ClauseDocument) else self.none_
        return _given({Quantifier.ALL: self.all_, Quantifier.ANY: self.any_, Quantifier.NONE: none})

    @property
    def is_single(self) -> bool:
        """Whether ``none`` holds one clause and not a list of them."""
        return isinstance(self.none_, ClauseDocument)

    def asked(self) -> Iterator[str]:
        """Every kind of fact that is asked for, in tests too."""
        yield from self.kinds
        for clauses in self.tests.values():
            for clause in clauses:
                yield from clause.asked()


def _given(groups: Mapping[Quantifier, Sequence[T] | None]) -> dict[Quantifier, Sequence[T]]:
    return {quantifier: parts for quantifier, parts in groups.items() if parts is not None}


class RuleDocument(_Part):
    """A rule as a manager writes it, in JSON or YAML."""

    key: Annotated[str, StringConstraints(pattern=KEY, max_length=100)]
    title: Annotated[str, StringConstraints(pattern=WORDS, max_length=300)]
    when: Annotated[list[ClauseDocument], Field(min_length=1, max_length=16)]
    then: Annotated[list[ConsequenceDocument], Field(min_length=1, max_length=3)]
    subject: list[Name] | None = Field(
        default=None, description="the aliases that a verdict is about; without it, all that have an alias"
    )
    urgency: Share = 0.5
    likelihood: Share = Field(default=0.5, description="chance that following the advice helps, at first")

    def asked(self) -> Iterator[str]:
        """Every kind of fact that the rule asks for."""
        for clause in self.when:
            yield from clause.asked()
        for each in self.then:
            for clauses in each.recommend.gates.values() if each.recommend else ():
                for clause in clauses:
                    yield from clause.asked()


def read(raw: object, path: tuple[str, ...] = ()) -> tuple[RuleDocument | None, list[Invalid]]:
    """The document, or every problem of its shape with its path, value and what is allowed."""
    try:
        return RuleDocument.model_validate(raw), []
    except ValidationError as error:
        return None, problems_of(error, path)


def problems_of(error: ValidationError, path: tuple[str, ...]) -> list[Invalid]:
    """What is wrong with the shape of a document that stands at a path."""
    return [
        Invalid(_message(dict(problem)), [*path, *_steps(problem["loc"])])
        for problem in error.errors(include_url=False)
    ]


def _steps(location: Iterable[str | int]) -> list[str]:
    return [str(step) for step in location if not str(step).startswith(_UNSAID)]


#: What stands where a value of another type is, by the type of the problem.
_WANTED = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), "an object"),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), "a list"),
    "string_type": "a text",
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "a number"),
}
_SHOULD_BE = "Input should be "


def _message(problem: Mapping[str, object]) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such key"
    if problem["type"] == "missing":
        return "is required"
    if problem.get("ctx") == {"pattern": WORDS}:
        return "may not be blank"
    seen = shown(problem["input"])
    if wanted := _WANTED.get(str(problem["type"])):
        return f"{seen} is out of place; allowed: {wanted}"
    said = str(problem["msg"])
    if said.startswith(_SHOULD_BE):
        return f"{seen} is out of place; allowed: {said.removeprefix(_SHOULD_BE)}"
    return f"{seen}: {said}"


def shown(value: object) -> str:
    """A wrong value as an error message quotes it, shortened."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # lists within lists, or a number of thousands of digits
        return f"a {type(value).__name__} of a great size"
    return text if len(text) <= 80 else text[:77] + "..."
