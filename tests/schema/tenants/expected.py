"""What is to come of whatever somebody asks: why it is refused, or what they see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.schema.reads.oracle import Rows, Sight
from tests.schema.tenants.callers import Caller
from tests.schema.tenants.desk import Desk
from tests.schema.tenants.rights import May
from tests.schema.tenants.twins import ID

#: What signing in is about is seen by the assistant and not by who acts through them.
OF_THE_USER = ("ApiKey", "Delegation")


@dataclass(frozen=True)
class Expected:
    """What one caller may see and do at a desk."""

    caller: Caller
    rows: Rows
    desk: Desk

    @cached_property
    def _sight(self) -> Sight:
        assert self.caller.seen_as
        return Sight(self.rows, self.caller.seen_as.id)

    @cached_property
    def ids(self) -> Mapping[str, frozenset[str]]:
        """The ids that the caller sees, by the name of their model."""
        if self.caller.user is None:
            return dict.fromkeys(self.rows, frozenset())
        own = Sight(self.rows, self.caller.user.id).ids
        return {**self._sight.ids, **{model: own[model] for model in OF_THE_USER}}

    @cached_property
    def all_ids(self) -> frozenset[str]:
        """All of them."""
        return frozenset().union(*self.ids.values())

    def refusals(self, may: May, given: object, *, writes: bool) -> frozenset[str]:
        """The codes of which there must be one; none where it succeeds."""
        caller = self.caller
        if caller.user is None:
            return frozenset({"UNAUTHENTICATED"})
        alone = writes and caller.role == "ASSISTANT" and caller.principal is None
        lacks = caller.scopes is not None and not may.scopes <= caller.scopes
        if caller.role not in may.roles or alone or lacks:
            return frozenset({"FORBIDDEN"})
        return frozenset(self._of_records(may, given))

    def _of_records(self, may: May, given: object) -> Iterator[str]:
        unseen = set(named(given)) - self.all_ids
        if unseen:
            yield "NOT_FOUND"
        ours = self._sight.sees_all or self._sight.owns({"owner_id": self.desk.director})
        if (may.own or may.gives) and not ours:
            yield "FORBIDDEN"
        if may.leads and not ours:
            yield "NOT_FOUND"
        if may.named and self.caller.role != "ADMIN":
            yield "FORBIDDEN"
        seen_as = self.caller.seen_as
        if may.submitted and (seen_as is None or seen_as.id != self.desk.director):
            yield "FORBIDDEN"
        for_another = self.caller.user is None or self.caller.user.id != self.desk.director
        if may.for_himself and self.caller.role != "ADMIN" and for_another:
            yield "FORBIDDEN"


def named(given: object) -> Iterator[str]:
    """The ids that an input names."""
    return (each for each in texts(given) if ID.fullmatch(each))


def texts(given: object) -> Iterator[str]:
    """The texts in an input, the ids among them."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, dict | list):
        for each in given.values() if isinstance(given, dict) else given:
            yield from texts(each)


def replaced(given: Mapping[str, object], old: str, new: str) -> dict[str, object]:
    """The same input with another id in the place of one."""
    return {name: _replaced(each, old, new) for name, each in given.items()}


def _replaced(value: object, old: str, new: str) -> object:
    if isinstance(value, dict):
        return replaced(value, old, new)
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    return new if value == old else value


def everything(rows: Rows, models: Iterable[str]) -> list[str]:
    """The ids of all rows of these models, whoever sees them."""
    return [str(row["id"]) for model in models for row in rows[model]]
