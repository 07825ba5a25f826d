"""Answering one GraphQL request: which document, at what cost, by a plan or by resolvers, in bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType

from schema.context import Context
from schema.core import metrics
from schema.core.asked import Asked
from schema.core.budget import UNLIMITED, Allowance, Budget
from schema.core.current import LONGEST_NAME, Current, current
from schema.core.documents import Document
from schema.core.executing import Beside, Executed, Job, executed, executed_beside
from schema.core.following import Followed
from schema.core.lanes import MEDIUM, Lanes
from schema.core.limits import check_values
from schema.core.persisted import Persisted
from schema.core.plans.reads import Ready
from schema.core.refusals import BAD_REQUEST
from schema.core.schema import Schema

RATE_LIMITED = "RATE_LIMITED"
TIMEOUT = "TIMEOUT"
METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
#: How an operation is answered: whole by a plan, in part, or not at all by one.
PLANNED, PARTLY, ORDINARY = "planned", "partly", "ordinary"


@dataclass(frozen=True)
class Answer:
    """The JSON of an answer and what its sender may still ask.

    ``refused`` says whether nothing was run; ``code`` is that of the first error of an answer without data.
    """

    body: bytes
    allowance: Allowance
    refused: bool = False
    code: str | None = None


class Answering:
    """Answers requests to a schema."""

    def __init__(
        self,
        schema: Schema,
        budget: Budget,
        persisted: Persisted,
        beside: Beside,
        *,
        max_seconds: float,
        read_plans: bool,
    ) -> None:
        self.schema = schema
        self.budget = budget
        self.persisted = persisted
        self.beside = beside
        self.lanes = Lanes()
        self.max_seconds = max_seconds
        self.read_plans = read_plans

    async def answer(self, asked: Asked, context: Context, host: str, *, reads_only: bool) -> Answer:
        """The answer to a request; with ``reads_only`` to a query alone.

        Somebody without a token has the allowance of their ``host``.
        """
        about = current()
        about.actor = context.actor.user_id if context.is_known else ""
        spender = about.actor or f"host {host}"
        try:
            document = self._document(asked)
            cost, errors = self._checked(document, asked)
            operation = None if errors else _operation(document, asked, reads_only=reads_only)
        except GraphQLError as error:
            cost, errors, operation = 1, [error], None
        if operation is None:
            return self._refused(errors, self.budget.spend(spender, 1))
        _note(about, operation, cost)
        allowance = self.budget.spend(spender, about.cost)
        if allowance.wait:
            return self._refused([_beyond(about.cost, allowance)], allowance)
        with Followed(about):
            return await self._in_time(document, asked, context, spender, allowance)

    async def answer_by_plan(self, asked: Asked, context: Context) -> Answer | None:
        """The answer to a query that a plan answers whole; None for anything else, of which nothing is told.

        Raises:
            GraphQLError: the request names no document that can be run.
        """
        if not (self.read_plans and context.is_known):
            return None
        document = self._document(asked)
        cost, errors = self._checked(document, asked)
        if errors:
            return None
        ready = self.schema.reads.ready(document, asked.variables, asked.operation_name, context.actor)
        if ready is None or ready.plan.is_partial:
            return None
        about = current()
        about.actor = context.actor.user_id
        _note(about, ready.operation, cost)
        allowance = self.budget.spend(about.actor, about.cost)
        if allowance.wait:
            return None
        with Followed(about):
            try:
                async with asyncio.timeout(self.max_seconds), self.lanes.lane(about.actor, about.cost):
                    return await self._planned(ready, context, allowance)
            except TimeoutError:
                return self._late(allowance)

    def admitted(self, asked: Asked, context: Context) -> str:
        """The document of a subscription, which is paid for once, when it begins.

        Raises:
            GraphQLError: it may not be run, or is beyond what the actor may still ask.
        """
        document = self._document(asked)
        points = 1 if document.errors else self._cost(document, asked)
        allowance = self.budget.spend(context.actor.user_id, points)
        if allowance.wait:
            raise _beyond(points, allowance)
        return document.text

    def _cost(self, document: Document, asked: Asked) -> int:
        return self.schema.documents.cost(document, asked.operation_name, asked.variables)

    def _checked(self, document: Document, asked: Asked) -> tuple[int, list[GraphQLError]]:
        """What the operation costs that is to be run, and what is wrong with it or with its document."""
        if document.errors:
            return 1, document.errors
        cost = self._cost(document, asked)
        return cost, self.schema.documents.too_dear(cost)

    async def _in_time(
        self, document: Document, asked: Asked, context: Context, spender: str, allowance: Allowance
    ) -> Answer:
        about = current()
        # What is written waits for the database alone.
        points = about.cost if about.kind == OperationType.QUERY.value else 0
        try:
            async with asyncio.timeout(self.max_seconds), self.lanes.lane(spender, points):
                return await self._run(document, asked, context, allowance)
        except TimeoutError:
            return self._late(allowance)

    async def _run(self, document: Document, asked: Asked, context: Context, allowance: Allowance) -> Answer:
        if self.read_plans and context.is_known:
            ready = self.schema.reads.ready(document, asked.variables, asked.operation_name, context.actor)
            if ready and (answer := await self._planned(ready, context, allowance)):
                return answer
        found = await self._executed(document, asked, context)
        body = found.json + b"," * (found.json != b"{") + f'"extensions":{_said(allowance)}}}'.encode()
        return Answer(body, allowance, found.refused, found.code)

    async def _planned(self, ready: Ready, context: Context, allowance: Allowance) -> Answer | None:
        """The answer of a plan; what one gives in part is left to the context."""
        about = current()
        about.answered = PARTLY if ready.plan.is_partial else PLANNED
        fields = await self.schema.reads.fields(ready) or {}
        if not fields or ready.plan.is_partial:
            about.answered = PARTLY if fields else ""
            context.planned = fields
            return None
        return Answer(_written(fields, allowance), allowance)

    async def _executed(self, document: Document, asked: Asked, context: Context) -> Executed:
        """What resolvers make of an operation, but for what was planned."""
        about, actor = current(), context.actor if context.is_known else None
        about.answered = PARTLY if context.planned else ORDINARY
        job = Job(document.text, asked.variables, asked.operation_name, actor, context.planned, about.id)
        if actor and self._is_long(document, asked) and (found := await executed_beside(self.beside, job)):
            return found
        return await executed(self.schema, job, context)

    def _is_long(self, document: Document, asked: Asked) -> bool:
        """Whether an operation is one for the processes beside the server."""
        price = self.schema.documents.price(document, asked.operation_name)
        return (
            self.beside.is_open
            and current().kind == OperationType.QUERY.value
            and current().cost >= MEDIUM
            and not (price and price.on_engine)
        )

    def _document(self, asked: Asked) -> Document:
        """What is asked to run.

        Raises:
            GraphQLError: it is not known, not trusted, or comes with too many values.
        """
        check_values(asked.variables)
        return self.schema.documents.read(self.persisted.text(asked))

    def _late(self, allowance: Allowance) -> Answer:
        message = f"the operation took longer than {self.max_seconds:g} seconds and was ended"
        return self._refused([_error(TIMEOUT, message)], allowance)

    def _refused(self, errors: Sequence[GraphQLError], allowance: Allowance) -> Answer:
        metrics.refused(errors[0].extensions or {})
        return _refusal(self.schema.told(errors), allowance)


def _operation(document: Document, asked: Asked, *, reads_only: bool) -> OperationDefinitionNode:
    """The operation to run.

    Raises:
        GraphQLError: there is none, or it is run in another way.
    """
    operation = document.operation(asked.operation_name)
    if operation is None:
        raise _error(BAD_REQUEST, f"operationName {_named(asked)}")
    if operation.operation is OperationType.SUBSCRIPTION:
        raise _error(BAD_REQUEST, "a subscription is asked for over a WebSocket (graphql-transport-ws)")
    if reads_only and operation.operation is not OperationType.QUERY:
        raise _error(METHOD_NOT_ALLOWED, f"a {operation.operation.value} is sent by POST")
    return operation


def _note(about: Current, operation: OperationDefinitionNode, cost: int) -> None:
    about.kind = operation.operation.value
    about.operation = operation.name.value[:LONGEST_NAME] if operation.name else ""
    about.cost = cost


def _written(fields: Mapping[str, bytes], allowance: Allowance) -> bytes:
    """The body of an answer; megabytes of it are copied no more often than they must be."""
    parts, between = [b'{"data":{'], b""
    for key, text in fields.items():
        parts += between, f'"{key}":'.encode(), text
        between = b","
    return b"".join([*parts, b'},"extensions":', _said(allowance).encode(), b"}"])


def _refusal(errors: Sequence[GraphQLError], allowance: Allowance) -> Answer:
    """The answer to a request of which nothing was run."""
    content = {
        "errors": [error.formatted for error in errors],
        "extensions": orjson.Fragment(_said(allowance)),
    }
    return Answer(orjson.dumps(content), allowance, refused=True, code=_code(errors))


def _error(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def _beyond(points: int, allowance: Allowance) -> GraphQLError:
    message = (
        f"the operation costs {points:,} points, and {allowance.remaining:,} of {allowance.limit:,} a minute"
        f" are left; try again in {allowance.wait} seconds"
    )
    return GraphQLError(message, extensions={"code": RATE_LIMITED, "retryAfter": allowance.wait})


def _named(asked: Asked) -> str:
    if asked.operation_name is None:
        return "is missing: the document does not hold one operation alone"
    return f"names no operation of the document: {asked.operation_name!r}"


def _code(errors: Sequence[GraphQLError]) -> str:
    return str((errors[0].extensions or {}).get("code"))


def _said(allowance: Allowance) -> str:
    """What an answer says besides: what it cost, and what is left of the points of a minute."""
    points = current().cost or 1
    if allowance is UNLIMITED:
        return f'{{"cost":{{"points":{points}}}}}'
    left = f'"limit":{allowance.limit},"remaining":{allowance.remaining},"reset":{allowance.reset}'
    return f'{{"cost":{{"points":{points},{left}}}}}'
