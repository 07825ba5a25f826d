"""Who works for whom: the tree along which figures of people come to those of teams, as of a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from models.access import Actor, Role, Team, User
from models.asof import as_of_rows, view_of
from models.database import Param, fetch
from models.described import Described


class Along(Described):
    """Which tree figures are rolled up along."""

    TEAM = "TEAM", "Teams, the teams below them, and the people in each."
    MANAGER = "MANAGER", "Managers, and those who report to them; a manager's own figures are in theirs."


class NodeKind(Described):
    """What a node of the tree is."""

    TEAM = "TEAM", "A team: what its people and the teams below it come to."
    USER = "USER", "Somebody, with those who report to them where the tree is one of managers."


@dataclass(frozen=True)
class Node:
    """Somebody or a team, with the node above; None where that is none that the reader sees."""

    id: str
    kind: NodeKind
    name: str
    parent_id: str | None
    is_seller: bool = False


@dataclass(frozen=True)
class Organisation:
    """The tree that somebody sees."""

    nodes: Mapping[str, Node]

    @cached_property
    def below(self) -> Mapping[str | None, Sequence[Node]]:
        """The nodes right below each, by name; those at the top below None."""
        found: dict[str | None, list[Node]] = {}
        for node in sorted(self.nodes.values(), key=lambda node: (node.kind, node.name, node.id)):
            found.setdefault(node.parent_id, []).append(node)
        return found

    def walked(self, top: str | None = None, depth: int = 0) -> Iterator[tuple[Node, int]]:
        """The nodes from the top down, each before what is below it, with how deep it is."""
        for node in self.below.get(top, ()):
            yield node, depth
            yield from self.walked(node.id, depth + 1)

    def people(self, node_id: str) -> list[str]:
        """The ids of the people at a node and below it."""
        own = [node_id] if self.nodes[node_id].kind is NodeKind.USER else []
        return own + [node.id for node, _ in self.walked(node_id) if node.kind is NodeKind.USER]


async def organisation(actor: Actor, as_of: date, along: Along = Along.TEAM) -> Organisation:
    """The tree that the actor sees as of a date: all of it, a manager's team and what is below, or oneself.

    Who belonged where is taken from the change log; who may see it is decided as of today.
    """
    view = await view_of(actor.tenant_id, as_of)
    params: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of}
    users = await fetch(
        f"select t.id, n.name, n.role, n.active, t.team_id, t.manager_id"
        f' from {as_of_rows(User, ["team_id", "manager_id"], view)} t join "user" n on n.id = t.id',
        params,
    )
    teams = await fetch(
        f"select t.id, n.name, t.parent_id from {as_of_rows(Team, ['parent_id'], view)} t"
        " join team n on n.id = t.id",
        params,
    )
    seen = [row for row in users if actor.owners is None or row["id"] in actor.owners]
    above = "team_id" if along is Along.TEAM else "manager_id"
    people = {
        str(row["id"]): Node(
            str(row["id"]),
            NodeKind.USER,
            str(row["name"]),
            None if row[above] is None else str(row[above]),
            row["role"] == Role.DIRECTOR and bool(row["active"]),
        )
        for row in seen
        if row["role"] in (Role.DIRECTOR, Role.MANAGER)
    }
    parents = {str(row["id"]): None if row["parent_id"] is None else str(row["parent_id"]) for row in teams}
    shown = _teams(actor, people, users, parents) if along is Along.TEAM else set()
    nodes = dict(people)
    nodes |= {
        str(row["id"]): Node(str(row["id"]), NodeKind.TEAM, str(row["name"]), parents[str(row["id"])])
        for row in teams
        if str(row["id"]) in shown
    }
    return Organisation({each: _rooted(node, nodes) for each, node in nodes.items()})


def _teams(
    actor: Actor,
    people: Mapping[str, Node],
    users: Sequence[Mapping[str, object]],
    parents: Mapping[str, str | None],
) -> set[str]:
    """The teams that are shown: all, those of a manager and below, and none to whoever sees nobody else."""
    if actor.owners is None:
        return set(parents)
    own = next((row["team_id"] for row in users if row["id"] == actor.principal_id), None)
    if own is None or actor.role not in (Role.MANAGER, Role.READER, Role.ASSISTANT) or len(people) <= 1:
        return set()
    return {team for team in parents if str(own) in _above(team, parents)}


def _above(team: str, parents: Mapping[str, str | None]) -> list[str]:
    """A team and those above it."""
    found: list[str] = []
    at: str | None = team
    while at is not None:
        found.append(at)
        at = parents.get(at)
    return found


def _rooted(node: Node, nodes: Mapping[str, Node]) -> Node:
    """The node, at the top where what is above it is not shown."""
    return node if node.parent_id in nodes else replace(node, parent_id=None)
