"""Read plans answer whatever is asked as resolvers do, and show nobody what they may not see.

``make fuzz-reads`` asks more: BELLWETHER_READS operations, the first numbered BELLWETHER_READS_SEED. What a
failure tells can be asked again by its number.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from random import Random

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_required_argument

from models.access import User
from schema.core.metrics import OPERATIONS
from tests.measures import counts
from tests.schema.reads.answering import Answer, Servers, difference, live_schema, servers, told_ids
from tests.schema.reads.arguments import PAGING, is_list
from tests.schema.reads.coverage import Coverage, input_fields, object_types
from tests.schema.reads.cursors import given_cursors, listed, lists_within, no_cursors
from tests.schema.reads.judgements import furnish
from tests.schema.reads.operations import SELDOM, Operation, Writer
from tests.schema.reads.oracle import Rows, Sight, stored_rows
from tests.schema.reads.shrinking import shrunk
from tests.schema.reads.stored_values import Cursors, Values
from tests.schema.reads.world import World, owner_ids, write

CASES = int(os.environ.get("BELLWETHER_READS", "300"))
FIRST = int(os.environ.get("BELLWETHER_READS_SEED", "0"))
#: Numbers of operations that once failed.
ONCE_FAILED: tuple[int, ...] = (37, 2697, 3082)
#: Of the answers, the share that must be free of errors.
WITHOUT_ERRORS = 0.5
#: So many fields of about 700 may not come up in the short form, and so many fields of inputs of about 350.
FEW_FIELDS, FEW_INPUTS = 6, 20
#: So many lists are walked by one operation, which may have no more names of its own.
AT_ONCE = 25
#: The inputs that compare, one for all enumerations; all that they can must come up.
OPERATORS = frozenset(
    f"{kind}Filter" for kind in ("String", "ID", "Boolean", "Int", "Float", "Money", "Date", "Severity")
)
#: They ask more often than others: where there is more to see, more can go wrong.
SEE_MUCH = ("admin of a", "head of a", "manager of a", "director of a") * 3
#: Readers of the lists that are walked to their ends.
READERS = (
    "admin of a", "integration of a", "head of a", "manager of a", "teamless of a", "director of a",
    "deputy of a", "neighbour of a", "idle of a", "reader of a", "assistant of a", "admin of b",
    "director of b",
)  # fmt: skip


#: Those of them who walk in small pages: where a page ends does not depend on why something is not seen.
SMALL_STEPS = ("admin of a", "manager of a", "deputy of a", "director of b")


@dataclass(frozen=True)
class Stage:
    """The stored world with the servers that read it."""

    schema: GraphQLSchema
    world: World
    rows: Rows
    cursors: Mapping[str, Cursors]

    @cached_property
    def sights(self) -> Mapping[str, Sight]:
        """What each user sees, by the names of the world."""
        return {name: Sight(self.rows, user.id) for name, user in self.world.users.items()}

    def case(self, number: int) -> tuple[User | None, Operation]:
        """Who asks what: the same for each number."""
        random = Random(f"reads {number}")
        active = [user for user in self.world.users.values() if user.active]
        user = random.choice([*active, *(self.world.users[name] for name in SEE_MUCH)])
        values = Values(random, self.rows, user.tenant_id, self.cursors[user.tenant_id])
        operation = Writer(self.schema, number, values).operation()
        return None if random.random() < 0.02 else user, operation


async def _stage(asked: Servers | None = None) -> Stage:
    world, schema = furnish(), live_schema()
    await write(world)
    admins = [user for name, user in world.users.items() if name.startswith("admin")]
    cursors = {
        admin.tenant_id: await given_cursors(asked, schema, admin) if asked else no_cursors(schema)
        for admin in admins
    }
    return Stage(schema, world, await stored_rows(), cursors)


def _wrong(planned: Answer, ordinary: Answer, operation: Operation, seen: frozenset[str]) -> str | None:
    """What is wrong with an answer, in a word; None when nothing is."""
    if "INTERNAL" in (*planned.codes, *ordinary.codes):
        return "it met a bug"
    if planned.exact != ordinary.exact:
        return "the answers differ"
    if foreign := set(told_ids(planned.content.get("data"))) - seen:
        return f"it shows objects that the reader may not see: {sorted(foreign)}"
    told = set(owner_ids(json.dumps(planned.content, ensure_ascii=False)))
    asked = set(owner_ids(json.dumps(operation.body, ensure_ascii=False)))
    return f"it tells of {sorted(told - seen - asked)}" if told - seen - asked else None


async def _reported(stage: Stage, asked: Servers, number: int, seen: frozenset[str]) -> str:
    """A failure in full, and as the smallest operation that fails as well."""
    user, operation = stage.case(number)

    async def fails(smaller: Operation) -> bool:
        return _wrong(*await asked.both(user, smaller), smaller, seen) is not None

    small = await shrunk(stage.schema, operation, fails)
    planned, ordinary = await asked.both(user, small)
    return "\n".join(
        (
            f"operation {number} of {user and user.email}: {_wrong(planned, ordinary, small, seen)}",
            operation.text,
            json.dumps(operation.variables, ensure_ascii=False),
            f"smaller:\n{small.text}",
            json.dumps(small.body, ensure_ascii=False),
            f"first difference: {difference(planned.exact, ordinary.exact)}",
            f"planned ({planned.status}): {planned.body.decode()}",
            f"ordinary ({ordinary.status}): {ordinary.body.decode()}",
        )
    )


def _answered() -> Counter[str]:
    """How often read plans answered wholly, partly and not at all, in this process."""
    return counts(OPERATIONS, "answered")


# Resolvers beside a field that fails are given up, some before they began.
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine:RuntimeWarning"
)
async def test_any_operation_is_answered_alike_with_and_without_plans(db: str) -> None:
    numbers = [*ONCE_FAILED, *range(FIRST + (not db.startswith("sqlite")), FIRST + CASES, 2)]
    before, answers = _answered(), Counter[bool]()
    async with servers() as asked:
        stage = await _stage(asked)
        seen = {user.id: stage.sights[name].all_ids for name, user in stage.world.users.items()}
        for number in numbers:
            user, operation = stage.case(number)
            visible = seen[user.id] if user else frozenset[str]()
            planned, ordinary = await asked.both(user, operation)
            if _wrong(planned, ordinary, operation, visible):
                pytest.fail(await _reported(stage, asked, number, visible))
            answers[not planned.codes] += 1
    assert answers[True] >= WITHOUT_ERRORS * len(numbers), answers
    ways = _answered() - before
    assert not ways or all(ways[way] for way in ("planned", "partly", "ordinary")), ways


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_the_operations_ask_for_everything_that_there_is(db: str) -> None:
    stage = await _stage()
    asked = Coverage(stage.schema)
    for number in range(2_800):
        asked.add(stage.case(number)[1])
    types = {of.name: of.fields for of in object_types(stage.schema)}
    assert {field.partition(".")[0] for field in asked.fields} >= types.keys()
    never = {f"{of}.{name}" for of, fields in types.items() for name in fields} - asked.fields
    assert len(never) <= FEW_FIELDS, never
    pages = {f"{of}Connection({name})" for of in listed(stage.schema) for name in PAGING}
    assert pages <= asked.arguments, pages - asked.arguments
    inputs = set(input_fields(stage.schema))
    assert len(inputs - asked.inputs) <= FEW_INPUTS, inputs - asked.inputs
    operators = {field for field in inputs if field.partition(".")[0] in OPERATORS}
    assert operators <= asked.inputs, operators - asked.inputs
    assert {
        "alias", "fragment", "inline fragment", "untyped fragment", "@include", "@skip", "literal",
        "variable", "variable given", "variable missing", "variable null", "variable given, default",
        "variable missing, default", "variable null, default",
    } <= asked.features  # fmt: skip


def _whole(schema: GraphQLSchema, of: GraphQLObjectType, depth: int) -> str:
    """Everything that an object has, and so far the objects that it refers to; no lists that have pages."""
    parts = []
    for name, field in of.fields.items():
        kind = get_named_type(field.type)
        if is_list(field) or name in SELDOM or any(map(is_required_argument, field.args.values())):
            continue
        if not isinstance(kind, GraphQLObjectType):
            parts.append(name)
        elif depth:
            parts.append(f"{name} {_whole(schema, kind, depth - 1)}")
    return f"{{ __typename {' '.join(parts)} }}"


async def test_every_value_of_every_object_is_answered_alike(db: str) -> None:
    async with servers() as asked:
        stage = await _stage()
        for of, name in listed(stage.schema).items():
            kind = stage.schema.type_map[of]
            assert isinstance(kind, GraphQLObjectType)
            whole = _whole(stage.schema, kind, 2)
            operation = Operation(f"{{ {name}(first: 200) {{ edges {{ cursor node {whole} }} }} }}", {})
            for reader in ("admin of a", "director of a"):
                user = stage.world.users[reader]
                planned, ordinary = await asked.both(user, operation)
                if planned.exact != ordinary.exact:
                    pytest.fail(f"{of} as {reader}: {difference(planned.exact, ordinary.exact)}")
                assert not planned.codes, planned.body[:500]
                assert set(told_ids(planned.content)) <= stage.sights[reader].all_ids


def _filters(invisible: list[str]) -> Iterator[tuple[object, bool]]:
    """Filters, and whether everything visible is among what they mean, or nothing."""
    yield None, True
    yield {"or": [{}, {"id": {"in": invisible}}]}, True
    yield {"not": {"id": {"eq": "none"}}, "and": [{"or": [{"id": {"isNull": False}}, {}]}]}, True
    yield {"or": [{"id": {"in": invisible}}, {"not": {}}]}, False


async def _walked(
    asked: Servers, schema: GraphQLSchema, user: User, given: object, size: int
) -> dict[str, tuple[list[str], int]]:
    """The ids on all pages of each list, and how many there are said to be."""
    found: dict[str, tuple[list[str], int]] = {}
    left: dict[str, str | None] = dict.fromkeys(listed(schema))
    while left:
        now = dict(islice(left.items(), AT_ONCE))
        fields = " ".join(
            f"{of}: {listed(schema)[of]}(first: {size}, filter: $f{of}, after: $a{of})"
            " { totalCount nodes { id } pageInfo { hasNextPage endCursor } }"
            for of in now
        )
        declared = ", ".join(f"$f{of}: {of}Filter, $a{of}: String" for of in now)
        variables = {f"f{of}": given for of in now} | {f"a{of}": cursor for of, cursor in now.items()}
        operation = Operation(f"query ({declared}) {{ {fields} }}", variables)
        planned, ordinary = await asked.both(user, operation)
        assert planned.exact == ordinary.exact
        assert not planned.codes, planned.body
        for of, page in json.loads(planned.body)["data"].items():
            ids, _ = found.get(of, ([], 0))
            found[of] = [*ids, *(node["id"] for node in page["nodes"])], page["totalCount"]
            left[of] = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                del left[of]
    return found


async def test_a_list_walked_to_its_end_is_what_the_reader_may_see(db: str) -> None:
    async with servers() as asked:
        stage = await _stage()
        every = {str(row["id"]) for of in listed(stage.schema) for row in stage.rows[of]}
        for name in READERS:
            user, sight = stage.world.users[name], stage.sights[name]
            invisible = sorted(every - sight.all_ids)
            for given, whole in _filters(invisible[:: len(invisible) // 40 or 1]):
                size = 9 if given is None and name in SMALL_STEPS else 200
                found = await _walked(asked, stage.schema, user, given, size)
                for of, (ids, total) in found.items():
                    assert sorted(ids) == sorted(sight.ids[of] if whole else ()), (name, of, given)
                    assert total == len(ids), (name, of, given)


async def test_a_list_within_an_object_is_what_the_reader_may_see_of_it(db: str) -> None:
    async with servers() as asked:
        stage = await _stage()
        for of, within in lists_within(stage.schema):
            lists = " ".join(f"{name}(first: 60) {{ totalCount nodes {{ id }} }}" for name in within)
            text = f"{{ all: {listed(stage.schema)[of]}(first: 40) {{ nodes {{ id {lists} }} }} }}"
            for name in READERS:
                user, sight = stage.world.users[name], stage.sights[name]
                planned, ordinary = await asked.both(user, Operation(text, {}))
                assert planned.exact == ordinary.exact
                for node in json.loads(planned.body)["data"]["all"]["nodes"]:
                    for field, listed_type in within.items():
                        visible = sight.ids_within(of, node["id"], listed_type)
                        assert {each["id"] for each in node[field]["nodes"]} == visible, (name, of, field)
                        assert node[field]["totalCount"] == len(visible)
