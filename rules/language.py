"""How a rule is written: the shape of its document, before its names and types are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from models.base import Severity
from models.errors import Invalid
from rules.registry import Op

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


class PatternDocument(_Part):
    """``{ as: c, where: { field: { operator: value } } }`` under the name of a fact kind."""

    as_: Name | None = Field(default=None, alias="as", description="what later parts call the fact")
    where: dict[str, dict[Op, JsonValue]] = Field(default_factory=dict)


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


class ConsequenceDocument(_Part):
    """One of ``flag`` and ``recommend``."""

    flag: FlagDocument | None = None
    recommend: RecommendDocument | None = None


class ClauseDocument(_Part):
    """One pattern, ``{ kind: … }``, or ``{ none: { kind: … } }``; kinds are keys, so any name is taken."""

    model_config = ConfigDict(extra="allow", frozen=True)

    none: dict[str, PatternDocument] | None = None
    __pydantic_extra__: dict[str, PatternDocument] = Field(init=False)

    @property
    def kinds(self) -> Mapping[str, PatternDocument]:
        """The patterns by fact kind; a valid clause has one, here or in ``none``."""
        return self.__pydantic_extra__


class RuleDocument(_Part):
    """A rule as a manager writes it, in JSON or YAML."""

    key: Annotated[str, StringConstraints(pattern=KEY, max_length=100)]
    title: Annotated[str, StringConstraints(pattern=WORDS, max_length=300)]
    when: Annotated[list[ClauseDocument], Field(min_length=1, max_length=16)]
    then: Annotated[list[ConsequenceDocument], Field(min_length=1, max_length=2)]
    subject: list[Name] | None = Field(
        default=None, description="the aliases that a verdict is about; without it, all that have an alias"
    )
    urgency: Share = 0.5
    likelihood: Share = Field(default=0.5, description="chance that following the advice helps, at first")


def read(raw: object, path: tuple[str, ...] = ()) -> tuple[RuleDocument | None, list[Invalid]]:
    """The document, or every problem of its shape with its path, value and what is allowed."""
    try:
        return RuleDocument.model_validate(raw), []
    except ValidationError as error:
        return None, [
            Invalid(_message(dict(problem)), [*path, *(str(step) for step in problem["loc"])])
            for problem in error.errors(include_url=False)
        ]


def _message(problem: Mapping[str, object]) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such key"
    if problem["type"] == "missing":
        return "is required"
    if problem.get("ctx") == {"pattern": WORDS}:
        return "may not be blank"
    return f"{shown(problem['input'])}: {problem['msg']}"


def shown(value: object) -> str:
    """A wrong value as an error message quotes it, shortened."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
