"""What is selected at one place of an answer, so that nothing else is selected there under the same name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Scope:
    """The names at one place: for each the field with its arguments and type, and what is selected below."""

    names: dict[str, tuple[str, Scope]] = field(default_factory=dict)

    def is_free(self, name: str, what: str) -> bool:
        """Whether the name may stand for this here: for nothing yet, or for the same."""
        return name not in self.names or self.names[name][0] == what

    def below(self, name: str, what: str) -> Scope:
        """Have the name stand for this, and the place below it."""
        return self.names.setdefault(name, (what, Scope()))[1]

    def takes(self, other: Scope) -> bool:
        """Whether everything of another place may be selected here too."""
        return all(
            self.is_free(name, what) and (name not in self.names or self.names[name][1].takes(below))
            for name, (what, below) in other.names.items()
        )

    def add(self, other: Scope) -> None:
        """Select everything of another place here too."""
        for name, (what, below) in other.names.items():
            self.below(name, what).add(below)

    def copy(self) -> Scope:
        """The same, to be added to by itself."""
        copied = Scope()
        copied.add(self)
        return copied
