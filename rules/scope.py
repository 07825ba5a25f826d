"""What the parts of one rule may speak of, and every problem that is found in them."""

from __future__ import annotations

from collections.abc import Iterable

from models.errors import Invalid, allowed
from rules.language import shown
from rules.registry import RELATIVE, FactField, Registry

Path = tuple[str, ...]


class Scope:
    """The kinds of facts that are known, the aliases given so far, and the problems found so far."""

    def __init__(self, path: Path, vocabulary: Registry) -> None:
        self.path = path
        self.vocabulary = vocabulary
        self.problems: list[Invalid] = []
        #: The kind that each alias stands for; names that nobody gave begin with an underscore.
        self.kinds: dict[str, str] = {}

    def problem(self, path: Path, message: str) -> None:
        """Note what is wrong at a place in the rule."""
        self.problems.append(Invalid(message, [*self.path, *path]))

    def kind(self, named: Iterable[str], at: Path) -> str | None:
        """The one fact kind that is named there."""
        kinds = list(named)
        if len(kinds) != 1:
            self.problem(at, f"{len(kinds)} fact kinds; exactly one belongs here")
            return None
        if kinds[0] not in self.vocabulary.kinds:
            options = allowed(list(self.vocabulary.kinds))
            self.problem((*at, kinds[0]), f"{kinds[0]!r} is no fact kind; allowed: {options}")
            return None
        return kinds[0]

    def field(self, kind: str, name: str) -> FactField:
        """The field of a kind.

        Raises:
            Invalid: it has no such field.
        """
        try:
            return self.vocabulary.field(kind, name)
        except KeyError:
            options = allowed(self.vocabulary.field_names(kind))
            raise Invalid(
                f"a {kind} has no field {name!r}; allowed: {options}{self._relative(kind)}"
            ) from None

    def _relative(self, kind: str) -> str:
        of = self.vocabulary.kinds[kind].relative
        return f"; numeric ones also with {' or '.join(RELATIVE)}" if of else ""

    def referred(self, text: str) -> tuple[str, FactField]:
        """The alias and the field that ``$alias.field`` means.

        Raises:
            Invalid: there is no such alias so far, or no such field.
        """
        alias, _, name = text.removeprefix("$").partition(".")
        if alias not in self.kinds or alias.startswith("_"):
            options = allowed([f"${known}" for known in self.kinds if not known.startswith("_")])
            raise Invalid(f"{shown(text)} names no earlier alias; allowed: {options}")
        return alias, self.field(self.kinds[alias], name)
