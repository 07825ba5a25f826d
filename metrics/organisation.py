"""Who works for whom: the tree along which figures of people come to those of teams, as of a date."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from models.access import Actor, Role, Team, User
from models.asof import as_of_rows, learned_day, view_of
from models.database import Param, Row, as_date, fetch
from models.described import Described
from models.history import CREATED

#: What decides whether somebody is in the tree, and where.
_OF_USERS = ("team_id", "manager_id", "role", "active")


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
    """Somebody or a team, with the node above; None where that is none that the reader sees.

    ``is_seller`` is whoever was an active director by then, and is expected to forecast.
    """

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

    @cached_property
    def lines(self) -> Mapping[str, tuple[str, ...]]:
        """Of each node, by its id: the ids of it and of all above it, from below."""
        return {node_id: tuple(self._line(node_id)) for node_id in self.nodes}

    def _line(self, node_id: str | None) -> Iterator[str]:
        while node_id is not None:
            yield node_id
            node_id = self.nodes[node_id].parent_id

    @cached_property
    def _people(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for node, _ in self.walked():
            for above in self.lines[node.id] if node.kind is NodeKind.USER else ():
                found.setdefault(above, []).append(node.id)
        return found

    def people(self, node_id: str) -> Sequence[str]:
        """The ids of the people at a node and below it."""
        return self._people.get(node_id, ())


async def organisation(
    actor: Actor, as_of: date, along: Along = Along.TEAM, also: Collection[str] = ()
) -> Organisation:
    """The tree that the actor sees as of a date: all of it, a manager's team and what is below, or oneself.

    Directors and managers are in it, and whoever is named in ``also``. Who was what, and belonged where, is
    taken from the change log; who may see it is decided as of today.
    """
    view = await view_of(actor.tenant_id, as_of)
    params: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of}
    users = await fetch(
        "select t.id, n.name, t.role, t.active, t.team_id, t.manager_id, case when exists (select 1"
        " from change c where c.tenant_id = :tenant and c.entity = 'user' and c.entity_id = t.id"
        f" and c.field = '{CREATED}' and c.effective_on > :as_of) then 1 else 0 end as came_later"
        f' from {as_of_rows(User, list(_OF_USERS), view)} t join "user" n on n.id = t.id',
        params,
    )
    teams = await fetch(
        f"select t.id, n.name, t.parent_id from {as_of_rows(Team, ['parent_id'], view)} t"
        " join team n on n.id = t.id",
        params,
    )
    seen = [row for row in users if actor.owners is None or row["id"] in actor.owners]
    people = _people(seen, along, also)
    parents = {str(row["id"]): _text(row["parent_id"]) for row in teams}
    shown = _teams(actor, people, users, parents) if along is Along.TEAM else set()
    return _tree(people, [row for row in teams if row["id"] in shown])


async def organisations(
    tenant_id: str, days: Collection[date], along: Along, also: Collection[str] = ()
) -> dict[date, Organisation]:
    """The whole tree of a tenant at the end of each day, as it was known by then, whoever may see it.

    What is recorded later, for whichever day before, changes none of them. Those named in ``also`` are in
    it whatever they were.
    """
    params: dict[str, Param] = {"tenant": tenant_id}
    users = await fetch(
        'select t.id, t.name, t.role, t.active, t.team_id, t.manager_id from "user" t'
        " where t.tenant_id = :tenant",
        params,
    )
    teams = await fetch("select t.id, t.name, t.parent_id from team t where t.tenant_id = :tenant", params)
    logs = (
        f"select c.entity_id, c.field, c.old, c.effective_on, {learned_day('c')} as learned_on, c.created_at,"
        f" c.seq from change c where c.tenant_id = :tenant and c.entity = '{entity}'"
        f" and c.field in ({', '.join(map(repr, columns))})"
        for entity, columns in (("user", _OF_USERS), ("team", ("parent_id",)))
    )
    changes = await fetch(f"{' union all '.join(logs)} order by created_at, seq", params)
    moves: dict[tuple[str, str], list[_Move]] = {}
    for row in changes:
        moves.setdefault((str(row["entity_id"]), str(row["field"])), []).append(_move(row))
    found: dict[frozenset[tuple[str, str, str | None]], Organisation] = {}
    trees = {}
    for day in sorted(days):
        undone = frozenset(
            (*of, move.old) for of, each in moves.items() if (move := _undone(each, day)) is not None
        )
        if undone not in found:
            people = _people(_then(users, undone), along, also)
            found[undone] = _tree(people, _then(teams, undone) if along is Along.TEAM else ())
        trees[day] = found[undone]
    return trees


@dataclass(frozen=True)
class _Move:
    """That a value was replaced: which, as of when, and when that was learned."""

    old: str | None
    on: date
    learned_on: date


def _move(row: Row) -> _Move:
    on, learned_on = as_date(row["effective_on"]), as_date(row["learned_on"])
    assert on and learned_on
    return _Move(_text(row["old"]), on, learned_on)


def _undone(moves: Sequence[_Move], day: date) -> _Move | None:
    """What is undone to have a value as of a day, as known by its end; None where it is as it is now.

    Moves are in the order in which they were recorded.
    """
    later = [move for move in moves if move.on > day >= move.learned_on]
    return min(later, key=lambda move: move.on, default=None) or next(
        (move for move in moves if move.learned_on > day), None
    )


def _then(rows: Sequence[Row], undone: Collection[tuple[str, str, str | None]]) -> list[Row]:
    values: dict[object, dict[str, object]] = {}
    for record_id, column, old in undone:
        values.setdefault(record_id, {})[column] = old == "true" if column == "active" else old
    return [{**row, **values[row["id"]]} if row["id"] in values else row for row in rows]


def _people(users: Sequence[Row], along: Along, also: Collection[str]) -> dict[str, Node]:
    above = "team_id" if along is Along.TEAM else "manager_id"
    return {
        str(row["id"]): Node(
            str(row["id"]),
            NodeKind.USER,
            str(row["name"]),
            _text(row[above]),
            row["role"] == Role.DIRECTOR and bool(row["active"]) and not row.get("came_later"),
        )
        for row in users
        if row["role"] in (Role.DIRECTOR, Role.MANAGER) or row["id"] in also
    }


def _tree(people: Mapping[str, Node], teams: Sequence[Row]) -> Organisation:
    nodes = dict(people) | {
        str(row["id"]): Node(str(row["id"]), NodeKind.TEAM, str(row["name"]), _text(row["parent_id"]))
        for row in teams
    }
    return Organisation({each: _rooted(node, nodes) for each, node in nodes.items()})


def _text(value: object) -> str | None:
    return None if value is None else str(value)


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
