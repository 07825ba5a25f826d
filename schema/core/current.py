"""The request that is being answered: what is known of it by now, for log lines, errors and metrics."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

from models.statements import Count

#: Characters of an operation's name that are told; clients choose it.
LONGEST_NAME = 80


@dataclass
class Current:
    """A request; nothing in it is secret or personal.

    ``actor`` is the id of a user, ``operation`` the name of a GraphQL operation, ``answered`` how it was:
    "planned", "partly" so, or in the "ordinary" way; ``asked`` is what the database was asked, ``codes``
    are those of the errors that were told.
    """

    id: str
    actor: str = ""
    kind: str = ""
    operation: str = ""
    cost: int = 0
    answered: str = ""
    asked: Count = field(default_factory=Count)
    codes: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """What there is to tell."""
        told = {
            "actor": self.actor,
            "kind": self.kind,
            "operation": self.operation,
            "cost": self.cost,
            "answered": self.answered,
            "statements": self.asked.statements,
            "rows": self.asked.rows,
            "codes": sorted(set(self.codes)),
        }
        return {name: value for name, value in told.items() if value}


_NONE = Current("")
request: ContextVar[Current] = ContextVar("request", default=_NONE)


def current() -> Current:
    """The request that is being answered; one without an id outside of any."""
    found = request.get()
    return Current("") if found is _NONE else found
