"""Which accounts are below which, as of a date, of those that somebody sees.

The tree is made of the accounts that the reader sees: what is below one of the others is not reached, so that
nothing tells of that. Who sees an account is decided as of today, what it was below as of the date. What an
account was below before that was merged counts as below what it is part of now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.accounts import Account, standing_id
from models.asof import as_of_rows, view_of
from models.database import Param, as_int, fetch, listed, once, one_of
from models.view import View
from models.visibility import visible


@dataclass(frozen=True)
class Tree:
    """The parts of a statement that walks down from accounts ``:roots``.

    ``named`` begins it and declares ``reach``: of each ``root`` the ``id`` of itself and of all below it,
    with their ``parent_id`` and their ``depth`` below the root, 0 for itself.
    """

    named: str
    params: dict[str, Param]


def tree(actor: Actor, roots: Sequence[str], as_of: date, view: View) -> Tree:
    """How to walk down from these accounts as of a date.

    An account that was below itself, as histories that do not fit together may have it, is passed once.
    """
    accounts, params = seen_accounts(actor, view)
    nodes, named = accounts, ""
    if _has_moved(view):
        named = f"node(id, parent_id) as {once()}(select id, parent_id from {accounts} a), "
        nodes = "node"
    columns = "root, id, parent_id, depth"
    named = (
        f"with recursive {named}reach({columns}) as ("
        f"select n.id, n.id, n.parent_id, 0 from {nodes} n where {one_of('n.id', 'roots')}"
        " union all select r.root, n.id, n.parent_id, r.depth + 1"
        f" from reach r join {nodes} n on n.parent_id = r.id where n.id <> r.root)"
    )
    own: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of, "known_on": view.known_on}
    return Tree(named, {**own, **params, "roots": listed(roots)})


def seen_accounts(actor: Actor, view: View) -> tuple[str, dict[str, Param]]:
    """A subquery of the accounts that the actor sees, each with what it was below, and its parameters."""
    rows = as_of_rows(Account, ["parent_id"], view)
    parent = standing_id("t.parent_id", ":tenant") if _has_moved(view) else "t.parent_id"
    if actor.owners is None:
        seen = visible(Account, actor, "t")
        return f"(select t.id, {parent} as parent_id from {rows} t where {seen.sql})", seen.params
    seen = visible(Account, actor, "n")
    return (
        f"(select t.id, {parent} as parent_id from {rows} t join account n on n.id = t.id where {seen.sql})",
        seen.params,
    )


def _has_moved(view: View) -> bool:
    return view.moved is None or (Account._meta.db_table, "parent_id") in view.moved


@dataclass(frozen=True)
class Place:
    """An account in a tree: how far below the root it is, and below which account."""

    id: str
    parent_id: str | None
    depth: int


async def walked(actor: Actor, root: str, as_of: date, known_on: date | None = None) -> list[Place]:
    """An account and all that are below it as of a date, each before those below it, by their names now."""
    view = await view_of(actor.tenant_id, as_of, known_on)
    of = tree(actor, [root], as_of, view)
    rows = await fetch(
        f"{of.named} select r.id, r.parent_id, r.depth, a.name from reach r join account a on a.id = r.id",
        of.params,
    )
    below: dict[str, list[tuple[str, Place]]] = {}
    for row in rows:
        at = Place(str(row["id"]), str(row["parent_id"]), as_int(row["depth"]))
        below.setdefault(str(row["parent_id"]) if at.depth else "", []).append((str(row["name"]), at))
    found: list[Place] = []
    waiting = [place for _, place in below.get("", ())]
    while waiting:
        at = waiting.pop()
        found.append(at if at.depth else Place(at.id, None, 0))
        children = sorted(below.get(at.id, ()), key=lambda each: (each[0], each[1].id), reverse=True)
        waiting += [place for _, place in children if place.id != root]
    return found


async def lines_above(actor: Actor, ids: Sequence[str]) -> list[list[str]]:
    """Of each account the ids of those above it, from the one right above to the top, as they are now.

    They end below the first that the actor does not see.
    """
    seen = visible(Account, actor, "t")
    step = f"from account t where t.tenant_id = :tenant and {seen.sql}"
    rows = await fetch(
        "with recursive line(root, id, parent_id, distance) as ("
        f"select t.id, t.id, t.parent_id, 0 {step} and {one_of('t.id', 'ids')}"
        " union all select l.root, t.id, t.parent_id, l.distance + 1 from line l join account t"
        f" on t.id = l.parent_id where t.tenant_id = :tenant and {seen.sql} and t.id <> l.root)"
        " select root, id from line where distance > 0 order by root, distance",
        {"tenant": actor.tenant_id, "ids": listed(ids), **seen.params},
    )
    found: dict[str, list[str]] = {each: [] for each in ids}
    for row in rows:
        found[str(row["root"])].append(str(row["id"]))
    return [found[each] for each in ids]
