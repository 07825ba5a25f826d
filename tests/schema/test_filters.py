"""Any filter, in any order and on pages of any size, finds what it says of what is visible, nothing else.

``make fuzz-filters`` tries more: BELLWETHER_FILTERS filters, the first numbered BELLWETHER_FILTERS_SEED. What
a failure tells can be asked again by its number.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema

from models.access import User
from schema.core import tokens
from tests.door import CONFIG, knock
from tests.schema.reads.answering import live_schema
from tests.schema.reads.arguments import random_order
from tests.schema.reads.cursors import listed, lists_within, no_cursors, parent_column
from tests.schema.reads.filters import Comparison, Filters, comparisons
from tests.schema.reads.judgements import furnish
from tests.schema.reads.naive import meets, ordered
from tests.schema.reads.oracle import Row, Rows, Sight, stored_rows
from tests.schema.reads.stored_values import Cursors, Values
from tests.schema.reads.world import World, write

CASES = int(os.environ.get("BELLWETHER_FILTERS", "500"))
FIRST = int(os.environ.get("BELLWETHER_FILTERS_SEED", "0"))
#: Of the filters, the share that finds some of what there is to see, and not all.
TELLING = 0.5
ATTEMPTS = 4
#: They ask more often than others: where there is more to see, more can go wrong.
SEE_MUCH = ("admin of a", "head of a", "manager of a", "director of a", "head of a", "manager of a") * 2
PAGE_INFO = "hasNextPage hasPreviousPage startCursor endCursor"


@dataclass(frozen=True)
class Case:
    """A list, the whole one or that of an object, with a filter and an order, and who asks."""

    user: User
    of: str
    filter: dict[str, object]
    order: list[dict[str, str]] | None
    #: The type and the id of the object whose list it is, and the field that lists.
    parent: tuple[str, str, str] | None
    backward: bool
    pages: int

    def text(self, root: str) -> str:
        """The query for a page; ``root`` is the field that lists all of the type."""
        ends = "last: $size, before: $cursor" if self.backward else "first: $size, after: $cursor"
        asked = f"({ends}, filter: $filter, orderBy: $order) {{ totalCount nodes {{ id }}"
        asked += f" pageInfo {{ {PAGE_INFO} }} }}"
        declared = f"$size: Int, $cursor: String, $filter: {self.of}Filter, $order: [{self.of}Order!]"
        if self.parent is None:
            return f"query ({declared}) {{ list: {root}{asked} }}"
        of, _, name = self.parent
        within = f"node(id: $id) {{ ... on {of} {{ list: {name}{asked} }} }}"
        return f"query ({declared}, $id: ID!) {{ {within} }}"


class Stage:
    """The stored world, and a server that is asked about it."""

    def __init__(self, schema: GraphQLSchema, world: World, rows: Rows, client: httpx.AsyncClient) -> None:
        self.schema, self.world, self.rows, self.client = schema, world, rows, client
        self.roots = listed(schema)
        #: Every field of every filter with every operator; each case has the next.
        self.every: list[tuple[str, Comparison]] = [
            (of, each) for of in self.roots for each in comparisons(schema, of)
        ]
        self.within = [(of, name, to) for of, fields in lists_within(schema) for name, to in fields.items()]
        self._sights: dict[str, Sight] = {}
        self._none: Cursors = no_cursors(schema)

    def case(self, number: int) -> Case:
        """Who asks for what: the same for each number. One that finds something is preferred."""
        random, of = Random(f"filters {number}"), self.every[number * 7 % len(self.every)][0]
        tried = [self._any(random, number, of) for _ in range(ATTEMPTS)]
        return next(filter(self.is_telling, tried), tried[0])

    def _any(self, random: Random, number: int, of: str) -> Case:
        active = [user for user in self.world.users.values() if user.active]
        user = random.choice([*active, *(self.world.users[name] for name in SEE_MUCH)])
        values = Values(random, self.rows, user.tenant_id, self._none)
        parents = [each for each in self.within if each[2] == of]
        parent = None
        if parents and random.random() < 0.25:
            kind, name, _ = random.choice(parents)
            parent = kind, str(random.choice(self._own(kind, user))["id"]), name
        return Case(
            user,
            of,
            Filters(self.schema, of, random, values).any(self.every[number * 7 % len(self.every)][1]),
            random_order(random, self.schema, of, twice=0) if random.random() < 0.8 else None,
            parent,
            random.random() < 0.4,
            random.choice((1, 2, 3, 4)),
        )

    def is_telling(self, case: Case) -> bool:
        """Whether a case finds some of what there is to see, and not all."""
        found = self.expected(case)
        return bool(found) and len(found or ()) < len(self._sights[case.user.id].ids[case.of])

    def _own(self, kind: str, user: User) -> list[Row]:
        return [row for row in self.rows[kind] if row["tenant_id"] == user.tenant_id]

    def expected(self, case: Case) -> list[Row] | None:
        """The rows of the list, read plainly; None where it is of an object that the asker may not see."""
        sight = self._sights.setdefault(case.user.id, Sight(self.rows, case.user.id))
        rows = [row for row in self.rows[case.of] if row["id"] in sight.ids[case.of]]
        if case.parent is not None:
            kind, parent_id, _ = case.parent
            if parent_id not in sight.ids[kind]:
                return None
            rows = [row for row in rows if row[parent_column(kind, case.of)] == parent_id]
        rows = [row for row in rows if meets(case.of, case.filter, row)]
        return ordered(case.of, case.order, rows) if case.order else rows

    async def walked(self, case: Case, size: int) -> tuple[list[str], set[int]] | None:
        """The ids on all pages, in the order of the list, and how many there are said to be."""
        ids, totals, cursor = list[str](), set[int](), None
        while True:
            page = await self._page(case, size, cursor)
            if page is None:
                return None
            found = [node["id"] for node in page["nodes"]]
            assert len(found) <= size
            ids = [*found, *ids] if case.backward else [*ids, *found]
            totals.add(page["totalCount"])
            if len(ids) > len(self.rows[case.of]):
                return ids, totals  # pages that do not end
            info = page["pageInfo"]
            if not info["hasPreviousPage" if case.backward else "hasNextPage"]:
                return ids, totals
            assert found
            cursor = info["startCursor" if case.backward else "endCursor"]

    async def _page(self, case: Case, size: int, cursor: str | None) -> Mapping[str, Any] | None:
        variables = {"size": size, "cursor": cursor, "filter": case.filter, "order": case.order}
        if case.parent:
            variables["id"] = case.parent[1]
        response = await self.client.post(
            "/graphql",
            json={"query": case.text(self.roots[case.of]), "variables": variables},
            headers={"Authorization": f"Bearer {tokens.issue(case.user, 24, CONFIG.secret)}"},
        )
        answer = response.json()
        assert "errors" not in answer, answer
        of = answer["data"] if case.parent is None else answer["data"]["node"]
        page: Mapping[str, Any] | None = of and of["list"]
        return page


async def _wrong(stage: Stage, case: Case) -> str | None:
    """What is wrong with how a list is answered; None when nothing is."""
    expected = stage.expected(case)
    size = 200 if not expected else max(1, -(-len(expected) // case.pages))
    found = await stage.walked(case, size)
    if found is None or expected is None:
        same = found is None and expected is None
        return None if same else "its object is shown to whoever may not see it, or is not to whoever may"
    ids, totals = found
    wanted = [str(row["id"]) for row in expected]
    if totals != {len(wanted)}:
        return f"totalCount is {totals}, and there are {len(wanted)}"
    if sorted(ids) != sorted(wanted):
        return f"it has {sorted(set(ids) - set(wanted))} and lacks {sorted(set(wanted) - set(ids))}"
    return f"the order is {ids}, not {wanted}" if case.order and ids != wanted else None


async def test_any_filter_finds_what_a_plain_reading_of_it_finds(db: str) -> None:
    counts = Counter[str]()
    async with knock() as client:
        world, schema = furnish(), live_schema()
        await write(world)
        stage = Stage(schema, world, await stored_rows(), client)
        for number in range(FIRST + (not db.startswith("sqlite")), FIRST + CASES, 2):
            case = stage.case(number)
            if wrong := await _wrong(stage, case):
                pytest.fail(f"filter {number} of {case.user.email}: {wrong}\n{case}")
            counts["telling"] += stage.is_telling(case)
            counts["all"] += 1
    assert counts["telling"] >= TELLING * counts["all"], counts
