"""Random requests of one tenant, with ids and cursors of the other and of nobody among its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from graphql import GraphQLInputObjectType, get_named_type

from tests.schema.random_requests import MAX_DEPTH, Requests
from tests.schema.reads.operations import Operation, Writer
from tests.schema.reads.stored_values import Values
from tests.schema.tenants.callers import Caller
from tests.schema.tenants.desk import Desk
from tests.schema.tenants.documents import LIVE, MUTATION, SUBSCRIPTION
from tests.schema.tenants.expected import named, replaced
from tests.schema.tenants.inputs import INPUTS
from tests.schema.tenants.twins import ID, ghost, twin

#: What takes long, because engines are compared: one of so many.
SELDOM: Mapping[str, int] = {"activateRulebook": 8, "rollBackRulebook": 8}
MUTATIONS = [name for name in MUTATION.fields for _ in range(max(SELDOM.values()) // SELDOM.get(name, 1))]
CURSOR = re.compile(r"\b[0-9a-f]{40,}\b")
#: The shares of ids that become the other tenant's in an operation, and of those left that become nobody's.
SHARES, OF_NOBODY = (0.0, 0.0, 0.5, 1.0), 0.1


@dataclass(frozen=True)
class Case:
    """Who sends what."""

    number: int
    caller: Caller
    headers: Mapping[str, str]
    operation: Operation
    writes: bool

    @property
    def sent(self) -> str:
        """Everything that is sent, as text."""
        return json.dumps([dict(self.headers), dict(self.operation.body)])

    def __str__(self) -> str:
        return f"operation {self.number} of {self.caller.name}: {self.sent}"


@dataclass(frozen=True)
class Cases:
    """Makes cases: the same for each number, whatever has been written meanwhile.

    ``values`` gives what the first tenant has; ``cursors`` those of the second by those of the first.
    """

    callers: Sequence[Caller]
    desk: Desk
    ids: Sequence[str]
    values: Callable[[Random], Values]
    cursors: Mapping[str, str]

    def case(self, number: int) -> Case:
        """The case of a number."""
        random = Random(f"tenants {number}")
        caller = random.choice(self.callers)
        headers = dict(caller.headers)
        if random.random() < 0.04:
            headers["X-On-Behalf-Of"] = random.choice((twin, ghost, str))(random.choice(self.desk.ids()))
        writes = random.random() < 0.45
        operation = self._mutation(random) if writes else self._query(random, number)
        return Case(number, caller, headers, self._mixed(random, operation), writes)

    def subscription(self, random: Random) -> Operation:
        """Something to follow."""
        text, variables = Requests(random, [self.desk.account, self.desk.run]).request(
            "subscription", SUBSCRIPTION
        )
        return self._mixed(random, Operation(text, variables))

    def _query(self, random: Random, number: int) -> Operation:
        return Writer(LIVE, number, self.values(random)).operation()

    def _mutation(self, random: Random) -> Operation:
        requests = _Inputs(random, [*random.sample(self.ids, 60), *self.desk.ids()])
        if random.random() < 0.3:
            return Operation(*requests.request("mutation", MUTATION))
        return requests.furnished(random.choice(MUTATIONS), self.desk, self.ids)

    def _mixed(self, random: Random, operation: Operation) -> Operation:
        """The operation with others' ids and cursors in the place of some of its own."""
        share, own = random.choice(SHARES), frozenset(self.ids)

        def other(found: re.Match[str]) -> str:
            chance = random.random()
            if found[0] in self.cursors:
                return self.cursors[found[0]] if chance < share else found[0]
            if found[0] not in own:
                return found[0]
            if chance < share:
                return twin(found[0])
            return ghost(found[0]) if share and chance > 1 - OF_NOBODY else found[0]

        text = json.dumps([operation.text, dict(operation.variables), operation.name])
        return Operation(*json.loads(ID.sub(other, CURSOR.sub(other, text))))


class _Inputs(Requests):
    """Mutations with inputs that are right but for what chance puts into them."""

    def furnished(self, name: str, desk: Desk, ids: Sequence[str]) -> Operation:
        """A mutation whose input an administrator could send."""
        field, given = MUTATION.fields[name], INPUTS[name](desk)
        kind = field.args["input"].type
        for each in {*named(given)} if self.random.random() < 0.5 else ():
            alike = [other for other in ids if other.partition("_")[0] == each.partition("_")[0]]
            given = replaced(given, each, self.random.choice(alike))
        named_type = get_named_type(kind)
        assert isinstance(named_type, GraphQLInputObjectType)
        for other, of in named_type.fields.items():
            if other not in given and self.random.random() < 0.1:
                given[other] = self._value(of.type, 1)
        self.declared, self.variables = {"input": str(kind)}, {"input": given}
        selected = self._selection(field.type, MAX_DEPTH)
        heading = ", ".join(f"${key}: {of}" for key, of in self.declared.items())
        return Operation(f"mutation ({heading}) {{ {name}(input: $input) {selected} }}", self.variables)
