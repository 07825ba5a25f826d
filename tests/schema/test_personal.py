"""What a key without READ_PERSONAL is told of what people wrote: what things are called, and no more.

``docs/privacy.md`` says it in words.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter

from commands.announcements import ANNOUNCEMENTS, Event, Happened, InProcess, Topic
from commands.traces import ABOUT
from commands.validation import api_name
from models.access import Scope
from models.base import Record, today
from models.people import PERSONAL, Contact
from models.plan_records import PlanRevision, RevisionState
from models.plans import AccountPlan
from rules.engine import gate
from rules.engine.pool import EnginePool
from schema.core.readable import Connected, meaning_of
from schema.core.reflection import declared
from tests.schema.asking import SCHEMA
from tests.schema.reads.forecasts import FIRST, LAST, WEEKS
from tests.schema.reads.names import snake
from tests.schema.sockets import SECONDS
from tests.schema.tenants.callers import Caller, person, program
from tests.schema.tenants.desk import furnished
from tests.schema.tenants.documents import LIVE, MUTATION, QUERY, SUBSCRIPTION
from tests.schema.tenants.expected import replaced, texts
from tests.schema.tenants.inputs import ARGUMENTS, INPUTS, Given
from tests.schema.tenants.planted import MARK, Column, plant
from tests.schema.tenants.stage import Stage
from tests.schema.tenants.stored import put, undone
from tests.schema.tenants.whole import NEEDS, Whole

HIDDEN = frozenset({Scope.READ_PERSONAL})
#: What things are called, and how an account is registered: everybody is told.
NAMES = frozenset(
    {
        ("Account", "registration_number"), ("AccountMerge", "name"), ("AccountPlan", "name"),
        ("ApiKey", "name"), ("Backtest", "name"), ("Bid", "name"), ("Contract", "name"),
        ("Deal", "competitor"), ("Deal", "name"), ("DealCompetitor", "name"), ("PopulationEvent", "title"),
        ("Recommendation", "title"), ("Risk", "title"), ("Rule", "title"), ("Service", "name"),
    }
)  # fmt: skip
#: What needs the scope and has no mark here: what live rules would say now, what a mutation gives, and of us.
UNMARKED = frozenset(
    {
        "Counterfactual.needed", "Counterfactual.seen", "Counterfactual.text",
        "ExportContactPayload.document", "FailedCondition.seen", "FailedCondition.text",
        "FailedCondition.threshold", "RuleFinding.message", "User.email",
    }
)  # fmt: skip
#: What nobody is told.
UNTOLD = frozenset({("Backtest", "documents")})
#: What a key may ask for is decided before any database is asked.
SQLITE = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
Told = Mapping[str, frozenset[Column]]


@dataclass(frozen=True)
class Planted:
    """A tenant with a mark in each column, and who asks; ``marks`` are the columns of the marks."""

    stage: Stage
    marks: Mapping[str, Column]

    def told(self, answer: object) -> Told:
        """The columns whose marks stand in an answer, by the fields that tell them."""
        found: dict[str, set[Column]] = defaultdict(set)
        for where, text in _texts(answer, "Query"):
            found[where] |= {self.marks[mark] for mark in MARK.findall(text)}
        return {where: frozenset(columns) for where, columns in found.items() if columns}


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every text of an answer with the field that tells it."""
    if isinstance(value, dict):
        of = value.get("__typename")
        for name, each in value.items():
            yield from _texts(each, f"{of}.{name}" if of else where)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, where)
    elif isinstance(value, str):
        yield where, value


@pytest.fixture
async def planted(db: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Planted]:
    async def passed(*_given: object) -> None:
        """The engine is shown elsewhere to judge as rules say."""

    monkeypatch.setattr(gate, "check", passed)
    world, desk = furnished()
    for plan in world.of(AccountPlan):  # those of the present are followed, or there is nothing to tell
        if plan.id not in (desk.plan, desk.waiting_plan):
            plan.first_on, plan.last_on, plan.closed_on = today(), today() + timedelta(days=365), None
    for revision in world.of(PlanRevision):
        revision.state, revision.decided_on = RevisionState.APPROVED, today()
    marks = plant(world)
    await put(world)
    limited = frozenset(Scope) - HIDDEN
    admin = person(world, "admin")
    callers = [
        admin,
        replace(admin, name="limited admin", scopes=limited),
        replace(program(world, ""), name="limited key", scopes=limited),
    ]
    async with EnginePool(1) as engine:
        entered = {each.name: (await each.enter(engine)).actor for each in callers}
        actors = {each.name: replace(entered[each.name], scopes=each.scopes) for each in callers}
        yield Planted(Stage((world, world), desk, {}, actors, engine, callers), marks)


async def _read(on: Planted, caller: Caller) -> tuple[Told, Whole]:
    """What somebody is told by everything that may be asked."""
    whole, answers = Whole(HIDDEN if caller.scopes else frozenset()), dict[str, object]()
    for name in filter(lambda each: whole.may(QUERY, each), QUERY.fields):
        given = _given(on, name)
        heads = ", ".join(f"${each}: {QUERY.fields[name].args[each].type}" for each in given)
        passed = ", ".join(f"{each}: ${each}" for each in given)
        heading, arguments = (f"({heads})", f"({passed})") if given else ("", "")
        text = f"query {heading} {{ {whole.field(QUERY, name, arguments)} }}"
        answer = await on.stage.ask(caller, text, given)
        assert caller.name == "limited key" or "errors" not in answer, (caller.name, answer)
        answers |= answer["data"] or {}
    return on.told({"__typename": "Query", **answers}), whole


def _given(on: Planted, name: str) -> Given:
    if name == "forecast":  # one that somebody has said something of
        period = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
        return {"week": WEEKS[0].isoformat(), "period": period}
    if name == "nodes":
        return {"ids": on.stage.desk.ids()}
    return ARGUMENTS[name](on.stage.desk) if name in ARGUMENTS else {}


@SQLITE
async def test_a_key_without_the_scope_is_told_what_things_are_called_and_nothing_else_that_people_wrote(
    planted: Planted,
) -> None:
    admin, *limited = planted.stage.callers
    told, whole = await _read(planted, admin)
    assert not [*whole.unasked()]
    assert frozenset().union(*told.values()) == {*planted.marks.values()} - UNTOLD
    assert {*_gated_texts()} - told.keys() == UNMARKED  # of every other gate it shows if it is taken away
    for caller in limited:
        told, whole = await _read(planted, caller)
        assert not [*whole.unasked()]
        leaked = {where: columns - NAMES for where, columns in told.items() if columns - NAMES}
        assert not leaked, (caller.name, leaked)
        names = frozenset().union(*told.values())
        assert NAMES - names <= {("ApiKey", "name")}  # keys are for administrators
        await _check_followed(planted, caller)


def _gated_texts() -> Iterator[str]:
    """The fields with texts or JSON that need the scope."""
    for where in _gated():
        of, _, name = where.partition(".")
        type_ = LIVE.type_map[of]
        named = get_named_type(type_.fields[name].type) if isinstance(type_, GraphQLObjectType) else None
        if named and named.name in ("String", "JSON"):
            yield where


def _gated() -> list[str]:
    return [where for where, needs in NEEDS.of.items() if Scope.READ_PERSONAL in needs]


async def _check_followed(on: Planted, caller: Caller) -> None:
    """What is followed is told as little as what is asked for, all of it."""
    desk = on.stage.desk
    for name, record_id, part, topic in (
        ("recommendationChanged", desk.recommendation, desk.account, Topic.RECOMMENDATION),
        ("riskChanged", desk.risk, desk.account, Topic.RISK),
        ("evaluationProgress", desk.run, desk.run, Topic.EVALUATION),
    ):
        text = f"subscription {{ {Whole(HIDDEN, listed=()).field(SUBSCRIPTION, name, '')} }}"
        following = asyncio.create_task(on.stage.first(caller, text, {}))
        assert isinstance(ANNOUNCEMENTS, InProcess)
        async with asyncio.timeout(SECONDS):
            while not ANNOUNCEMENTS.followers(desk.tenant) and not following.done():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await ANNOUNCEMENTS.publish([Event(desk.tenant, topic, part, record_id, Happened.REFRESHED)])
        heard = await asyncio.wait_for(following, SECONDS)
        assert not heard.errors and heard.data, (name, heard)
        assert not frozenset().union(*on.told(heard.data).values()) - NAMES, (caller.name, name, heard)
    everything = f"subscription {{ {Whole(listed=()).field(SUBSCRIPTION, 'recommendationChanged', '')} }}"
    refused = await asyncio.wait_for(on.stage.first(caller, everything, {}), SECONDS)
    assert "READ_PERSONAL" in str(refused.errors)


@SQLITE
async def test_what_is_wrong_with_a_mutation_is_told_without_what_others_wrote(planted: Planted) -> None:
    _, caller, _ = planted.stage.callers
    context, told, wrong = planted.stage.context(caller), dict[str, object](), 0
    for name in MUTATION.fields:
        given = INPUTS[name](planted.stage.desk)
        long = next((each for each in texts(given) if "_" not in each), "")
        for number, sent in enumerate((given, {**given, "version": 99}, replaced(given, long, "x" * 6_000))):
            if (number and sent == given) or (number == 1 and "version" not in given):
                continue
            whole = Whole(HIDDEN, met={*LIVE.type_map} - {"UserError"})
            kind = MUTATION.fields[name].args["input"].type
            text = f"mutation ($input: {kind}) {{ {whole.field(MUTATION, name, '(input: $input)')} }}"
            async with undone():
                result = await SCHEMA.execute(text, {"input": sent}, context)
            answer = result.data or [each.message for each in result.errors or ()]
            told[f"{name} {number}"] = answer
            wrong += "code" in json.dumps(answer, default=str)
    assert not planted.told(told)
    assert wrong > 60


def test_nothing_is_filtered_or_ordered_by_what_is_not_told() -> None:
    """Whatever the filter or the order calls it: what it goes by is looked up in the SQL of the list."""
    tried = list[str]()
    for parent in LIVE.type_map.values():
        for field in parent.fields.values() if isinstance(parent, GraphQLObjectType) else ():
            meaning = meaning_of(made.metadata) if (made := declared(field)) else None
            if isinstance(meaning, Connected):
                tried += _check_list(meaning)
    assert len({*tried}) >= 15, tried


def _check_list(meaning: Connected) -> Iterator[str]:
    of = meaning.of.name
    type_ = LIVE.type_map[of]
    assert isinstance(type_, GraphQLObjectType)
    hidden = {snake(name) for name in type_.fields if f"{of}.{name}" in _gated()}
    for name, column in meaning.of.listing.columns.items():
        if hidden & {*re.findall(r"\bt\.(\w+)", column.sql)}:
            yield from _check_needed(f"{of}Filter.{api_name(name)}")
            order = LIVE.type_map.get(f"{of}OrderField")
            values = order.values.items() if isinstance(order, GraphQLEnumType) else ()
            for each in (each for each, value in values if str(value.value) == name):
                yield from _check_needed(f"{of}OrderField.{each}")


def _check_needed(where: str) -> Iterator[str]:
    if where in NEEDS.of:
        assert Scope.READ_PERSONAL in NEEDS.of[where], where
        yield where


def test_what_is_said_of_people_needs_the_scope_wherever_its_record_is_shown() -> None:
    said: dict[type[Record], Sequence[str]] = {**ABOUT, Contact: PERSONAL}
    shown = list[str]()
    for type_ in LIVE.type_map.values():
        made = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        model = getattr(getattr(made, "origin", None), "model", None)
        if isinstance(type_, GraphQLObjectType) and model in said:
            shown += [f"{type_.name}.{api_name(each)}" for each in said[model]]
    assert len(shown) == sum(map(len, said.values())) - 1  # what was confirmed is shown by another type
    assert {*shown} <= {*_gated()}
