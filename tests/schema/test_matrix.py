"""Whoever asks whatever there is to ask is answered as their role, team and scopes say.

What is asked is read from the schema: what is new there is asked for, or the test says what it lacks. Who may
what is read from tables that are written by hand: ``tenants/rights.py``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from graphql import get_named_type

from models.base import new_id
from rules.engine import gate
from tests.door import knock
from tests.schema.reads.arguments import is_list
from tests.schema.reads.names import snake
from tests.schema.reads.world import MODELS
from tests.schema.tenants.callers import Caller
from tests.schema.tenants.desk import Desk
from tests.schema.tenants.documents import (
    MUTATION,
    QUERY,
    SUBSCRIPTION,
    id_filters,
    id_places,
    node_types,
    query_of,
)
from tests.schema.tenants.expected import named, replaced, texts
from tests.schema.tenants.inputs import ARGUMENTS, FOLLOWED, INPUTS, Given
from tests.schema.tenants.rights import MUTATIONS, QUERIES, SUBSCRIPTIONS, May
from tests.schema.tenants.stage import Stage, staged
from tests.schema.tenants.stored import differing, dump, of_tenant, undone
from tests.schema.tenants.twins import after, ghost, renamed, twin

#: What answers with null where others answer with an error.
NULL = frozenset({"account", "competitor", "deal", "node", "nodes"})
#: From an id of the desk that is asked about to one that the caller does not see.
Hide = Callable[[str], str]


@pytest.fixture
async def stage(db: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(gate, "check", _passed)
    async with staged() as made:
        yield made


async def _passed(*_given: object) -> None:
    """The engine is shown elsewhere to judge as rules say; it takes longer than everything here together."""


def test_whatever_the_schema_has_is_asked_for_here() -> None:
    assert INPUTS.keys() == MUTATION.fields.keys() == MUTATIONS.keys()
    assert QUERY.fields.keys() == QUERIES.keys()
    assert SUBSCRIPTION.fields.keys() == SUBSCRIPTIONS.keys() == FOLLOWED.keys()
    asking = {name for name, each in QUERY.fields.items() if each.args and not is_list(each)}
    assert ARGUMENTS.keys() == asking
    desk = Desk(*(new_id("any") for _ in fields(Desk)))
    for name, mutation in MUTATION.fields.items():
        missing = id_places(mutation.args["input"].type) - _named_places(INPUTS[name](desk))
        assert not missing, f"{name} takes ids that it is not given: {missing}"
    assert {*node_types()} <= {model.__name__ for model in MODELS}, "of what has no rows nothing is asked for"


def _named_places(given: object) -> set[str]:
    """The fields of an input that hold ids."""
    if isinstance(given, list):
        return set[str]().union(*map(_named_places, given))
    if not isinstance(given, dict):
        return set()
    own = {name for name, each in given.items() if not isinstance(each, dict) and [*named(each)]}
    return own.union(*map(_named_places, given.values()))


async def test_every_mutation_is_for_those_alone_who_may_and_leaves_no_trace_of_others(stage: Stage) -> None:
    before, wrong, done = await dump(), list[object](), Counter[bool]()
    theirs = of_tenant(before, stage.desk.tenant)
    for caller in stage.callers:
        expected = stage.expected(caller)
        for mutation, may, given in _mutations(stage.desk):
            refusals = expected.refusals(may, given, writes=True)
            done[bool(refusals)] += 1
            if refusals:
                errors, written = await stage.do(caller, mutation, given)
                if written or not errors or not _codes(errors) <= refusals:
                    wrong.append((caller.name, mutation, sorted(refusals), errors))
                continue
            async with undone():
                errors, written = await stage.do(caller, mutation, given)
                if errors or not written:
                    wrong.append((caller.name, mutation, "is done", errors))
                if caller.name == "stranger":
                    wrong += differing(theirs, await dump(stage.desk.tenant))
    assert not wrong, _listed(wrong)
    assert differing(before, await dump()) == []
    assert min(done.values()) > 150, done


def _mutations(desk: Desk) -> Iterator[tuple[str, May, Given]]:
    """Each mutation with its input; what gives something to an owner also without giving it to anybody."""
    for mutation in MUTATION.fields:
        may, given = MUTATIONS[mutation], INPUTS[mutation](desk)
        yield mutation, may, dict(given)
        if may.gives:
            del given["ownerId"]
            yield mutation, replace(may, gives=False), given


def _codes(errors: Sequence[Mapping[str, Any]]) -> set[str]:
    return {str(each["code"]) for each in errors}


def _listed(wrong: Sequence[object]) -> str:
    return "\n".join(str(each)[:400] for each in wrong)


def _hidden(stage: Stage) -> list[tuple[Caller, Desk, Hide]]:
    """Who does not see what: another tenant's, from either side, and another team's."""
    return [
        (stage.caller("admin"), stage.desk, twin),
        (stage.caller("stranger"), renamed(stage.desk, twin), lambda each: after(each, -1)),
        (stage.caller("idle"), stage.desk, str),
    ]


async def test_an_id_of_somebody_else_is_as_good_as_none_in_every_mutation(stage: Stage) -> None:
    before, tried = await dump(), 0
    for caller, desk, hide in _hidden(stage):
        seen = stage.expected(caller).all_ids
        for mutation in MUTATION.fields:
            given = INPUTS[mutation](desk)
            for each in {*named(given)}:
                hidden, nothing = hide(each), ghost(each)
                if hidden in seen:
                    continue
                answers = [
                    await stage.do(caller, mutation, replaced(given, each, other))
                    for other in (hidden, nothing)
                ]
                assert json.dumps(answers[0]).replace(hidden, nothing) == json.dumps(answers[1]), mutation
                errors, written = answers[1]
                assert errors and not written, (caller.name, mutation, each)
                assert caller.name == "idle" or _codes(errors) == {"NOT_FOUND"}, (mutation, errors)
                tried += 1
    assert differing(before, await dump()) == []
    assert tried > 80


async def test_every_query_is_for_those_alone_who_may_and_see(stage: Stage) -> None:
    wrong = list[object]()
    for caller in stage.callers:
        expected = stage.expected(caller)
        for name in QUERY.fields:
            given = ARGUMENTS[name](stage.desk) if name in ARGUMENTS else {}
            refusals = expected.refusals(QUERIES[name], given, writes=False)
            is_null = name in NULL and refusals == {"NOT_FOUND"}
            answer = await stage.ask(caller, query_of(name, given), given)
            told = _codes([each["extensions"] for each in answer.get("errors", ())])
            found = (answer.get("data") or {}).get(name)
            if refusals and not is_null:
                as_expected = told and told <= refusals and found is None
            else:
                as_expected = not told and (name not in NULL or (found in (None, [None])) == is_null)
            if not as_expected:
                wrong.append((caller.name, name, "is null" if is_null else sorted(refusals), answer))
    assert not wrong, _listed(wrong)


async def test_an_id_of_somebody_else_is_as_good_as_none_in_every_query(stage: Stage) -> None:
    tried = 0
    for caller, desk, hide in _hidden(stage):
        seen = stage.expected(caller).all_ids
        for name, arguments in ARGUMENTS.items():
            given = arguments(desk)
            for each in {*named(given)}:
                hidden, nothing = hide(each), ghost(each)
                if hidden in seen:
                    continue
                asked = [replaced(given, each, other) for other in (hidden, nothing)]
                answers = [await stage.ask(caller, query_of(name, given), one) for one in asked]
                assert json.dumps(answers[0]).replace(hidden, nothing) == json.dumps(answers[1]), name
                data = (answers[1].get("data") or {}).get(name)
                assert "errors" in answers[1] or data in (None, [None]), (caller.name, name)
                tried += 1
    assert tried > 20


async def test_a_filter_by_an_id_of_another_tenant_finds_as_much_as_one_by_none(stage: Stage) -> None:
    """That is nothing; by an id of one's own it finds something, or this would show nothing either."""
    admin = stage.caller("admin")
    for name, query in QUERY.fields.items():
        of = get_named_type(query.type).name.removesuffix("Connection")
        for each in id_filters(of) if is_list(query) else ():
            rows = [row for row in stage.rows[of] if row["tenant_id"] == stage.desk.tenant]
            own = next(str(row[snake(each)]) for row in rows if row[snake(each)])
            text = f"query ($f: {of}Filter) {{ {name}(filter: $f) {{ totalCount nodes {{ id }} }} }}"
            for value, finds in ((own, True), (twin(own), False), (ghost(own), False)):
                answer = await stage.ask(admin, text, {"f": {each: {"in": [value]}}})
                page = answer["data"][name]
                assert (bool(page["nodes"]), bool(page["totalCount"])) == (finds, finds), (name, each)


async def test_a_text_that_is_too_long_is_no_bug_wherever_it_is_sent(stage: Stage) -> None:
    admin, long = stage.caller("admin"), "x" * 300
    for mutation in MUTATION.fields:
        given = INPUTS[mutation](stage.desk)
        for each in {*texts(given)}:
            async with undone():
                errors, _ = await stage.do(admin, mutation, replaced(given, each, long))
            assert "INTERNAL" not in _codes(errors), (mutation, each, errors)
    for name, arguments in ARGUMENTS.items():
        given = arguments(stage.desk)
        for each in {*texts(given)}:
            longer = replaced(given, each, long)
            answer = await stage.ask(admin, query_of(name, longer), longer)
            codes = _codes([error["extensions"] for error in answer.get("errors", ())])
            assert "INTERNAL" not in codes, (name, each, answer)


async def test_nobody_comes_in_on_behalf_of_whom_they_may_not_act_for(stage: Stage) -> None:
    world, before, told = stage.worlds[0], await dump(), dict[str, list[str]]()
    change = {"id": stage.desk.account, "version": 1, "name": "Mine"}
    update = "mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { account { id } } }"
    principals = {
        "over": world.users["deputy of a"].id,
        "never": world.users["manager of a"].id,
        "theirs": twin(stage.desk.director),
        "nobody": ghost(stage.desk.director),
        "long": "x" * 300,
    }
    async with knock(str(stage.caller("aide").token)) as client:
        for name, principal in principals.items():
            client.headers.update({"X-On-Behalf-Of": principal, "X-Request-ID": "the-same"})
            for body in (
                {"query": "{ accounts { totalCount } }"},
                {"query": update, "variables": {"input": change}},
            ):
                response = await client.post("/graphql", json=body)
                assert (response.status_code, response.json().get("data")) == (403, None)
                told.setdefault(name, []).append(response.text.replace(principal, "…"))
    assert told["never"] == told["theirs"] == told["nobody"] == told["long"] != told["over"]
    assert differing(before, await dump()) == []
