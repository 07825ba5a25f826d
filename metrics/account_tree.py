"""Which accounts are below which, as of a date, of those that somebody sees.

The tree is made of the accounts that the reader sees: what is below one of the others is not reached, so that
nothing tells of that. Who sees an account is decided as of today, what it was below as of the date. What an
account was below before that was merged counts as below what it is part of now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.accounts import Account, standing_id
from models.asof import as_of_rows, there, view_of
from models.database import Param, as_int, fetch, is_sqlite, listed, once, one_of, unindexed
from models.view import View
from models.visibility import answering, visible

#: So many accounts above one are looked at: a circle, as imports made before they refused it, has no end.
LONGEST = 100


@dataclass(frozen=True)
class Tree:
    """The parts of a statement that walks down from some accounts.

    ``named`` begins it and declares ``reach``: of each ``root`` the ``id`` of itself and of all below it,
    with their ``parent_id``, their ``depth`` below the root, 0 for itself, and whether they are ``owned`` by
    the reader or somebody below, 1 or 0, as the conditions of ``visible_within`` ask.
    """

    named: str
    params: dict[str, Param]


def tree(actor: Actor, roots: Sequence[str], as_of: date, view: View) -> Tree:
    """How to walk down from these accounts as of a date.

    An account that was below itself, as histories that do not fit together may have it, is passed once.
    """
    # Who sees it is decided as of today.
    alias, joined = (
        ("t", "where") if actor.owners is None else ("n", "cross join account n where n.id = t.id and")
    )
    seen, own = visible(Account, actor, alias), answering(actor, alias)
    owned = f"case when {own.sql} then 1 else 0 end"
    walk = _walk(view)
    chosen = (
        "select value from json_each(:roots)"
        if is_sqlite()
        else "select jsonb_array_elements_text(cast(:roots as jsonb))"
    )
    named = (
        f"with recursive chosen(id) as ({chosen}), {walk.named}reach(root, id, parent_id, depth, owned) as ("
        f"select t.id, t.id, t.parent_id, 0, {owned} from chosen cross join {walk.nodes} t {joined}"
        f" t.id = chosen.id and {seen.sql} union all"
        f" select r.root, t.id, r.id, r.depth + 1, {owned} from reach r cross join {walk.nodes_below} t"
        f" {joined} {walk.below} and t.id <> r.root and {unindexed(seen.sql)})"
    )
    of: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of, "known_on": view.known_on}
    return Tree(named, {**of, **seen.params, "roots": listed(dict.fromkeys(roots))})


@dataclass(frozen=True)
class _Walk:
    """What a walk begins with, the accounts with what they were below, and which of some are below ``r``."""

    named: str
    nodes: str
    nodes_below: str
    below: str


def _walk(view: View) -> _Walk:
    """How those below an account are found: by the index of the table, where none has moved since.

    Where some have, PostgreSQL makes a table of all as they were. SQLite, which would read the whole of that
    at each step, looks up those that never moved, and has a table of the others alone.
    """
    rows = as_of_rows(Account, ["parent_id"], view)
    if view.moved is not None and (Account._meta.db_table, "parent_id") not in view.moved:
        return _Walk("", rows, _looked_up(rows), "t.parent_id = r.id")
    if not is_sqlite():
        named = f"node(id, tenant_id, parent_id) as {once()}({_standing(rows)}), "
        return _Walk(named, "node", "node", "t.parent_id = r.id")
    moved = _standing(as_of_rows(Account, ["parent_id"], view, which=f"t.id in ({_MOVED})"))
    below = (
        f"+t.tenant_id = :tenant and {there(Account, view)} and t.id in (select x.id from account x"
        f" where x.tenant_id = :tenant and x.parent_id = r.id and x.id not in ({_MOVED})"
        " union all select m.id from moved m where m.parent_id = r.id)"
    )
    return _Walk(f"moved(id, tenant_id, parent_id) as {once()}({moved}), ", rows, "account", below)


def _looked_up(rows: str) -> str:
    """Those of rows ``t`` that are below ``r``.

    PostgreSQL looks them up for each ``r``. It takes each to have few, and so the tree to be of some hundred
    accounts: in a small database it reads whole tables for that, in a large one what belongs to the accounts.
    """
    return rows if is_sqlite() else f"lateral (select * from {rows} t where t.parent_id = r.id offset 0)"


#: The accounts that were below another one once.
_MOVED = (
    "select c.entity_id from change c where c.tenant_id = :tenant and c.entity = 'account'"
    " and c.field = 'parent_id'"
)


def _standing(rows: str) -> str:
    """Accounts as of a date, each below what that which it was below is part of now."""
    return f"select t.id, t.tenant_id, {standing_id('t.parent_id', ':tenant')} as parent_id from {rows} t"


@dataclass(frozen=True)
class Place:
    """An account in a tree: how far below the root it is, and below which account."""

    id: str
    parent_id: str | None
    depth: int


async def walked(
    actor: Actor, roots: Sequence[str], as_of: date, known_on: date | None = None
) -> list[list[Place]]:
    """Of each of these accounts itself and all that are below it as of a date, each before those below it.

    Those below one account come by their names now.
    """
    view = await view_of(actor.tenant_id, as_of, known_on)
    of = tree(actor, roots, as_of, view)
    rows = await fetch(
        f"{of.named} select r.root, r.id, r.parent_id, r.depth, a.name from reach r"
        " join account a on a.id = r.id",
        of.params,
    )
    below: dict[tuple[str, str | None], list[tuple[str, Place]]] = {}
    for row in rows:
        depth = as_int(row["depth"])
        parent_id = str(row["parent_id"]) if depth else None
        place = Place(str(row["id"]), parent_id, depth)
        below.setdefault((str(row["root"]), parent_id), []).append((str(row["name"]), place))
    return [_in_order(root, below) for root in roots]


def _in_order(root: str, below: Mapping[tuple[str, str | None], Sequence[tuple[str, Place]]]) -> list[Place]:
    found: list[Place] = []
    waiting = [place for _, place in below.get((root, None), ())]
    while waiting:
        found.append(at := waiting.pop())
        children = sorted(below.get((root, at.id), ()), key=lambda each: (each[0], each[1].id), reverse=True)
        waiting += [place for _, place in children]
    return found


async def lines_above(actor: Actor, ids: Sequence[str]) -> list[list[str]]:
    """Of each account the ids of those above it, from the one right above to the top, as they are now.

    They end below the first that the actor does not see, and after LONGEST.
    """
    seen = visible(Account, actor, "t")
    step = f"from account t where t.tenant_id = :tenant and {seen.sql}"
    rows = await fetch(
        "with recursive line(root, id, parent_id, distance) as ("
        f"select t.id, t.id, t.parent_id, 0 {step} and {one_of('t.id', 'ids')}"
        " union all select l.root, t.id, t.parent_id, l.distance + 1 from line l join account t"
        f" on t.id = l.parent_id where t.tenant_id = :tenant and {seen.sql} and l.distance < {LONGEST})"
        " select root, id from line where distance > 0 order by root, distance",
        {"tenant": actor.tenant_id, "ids": listed(ids), **seen.params},
    )
    found: dict[str, list[str]] = {each: [] for each in ids}
    for row in rows:
        found[str(row["root"])].append(str(row["id"]))
    return [found[each] for each in ids]
