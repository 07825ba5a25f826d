"""The schema as it is run: documents are kept, reads are planned, and errors are told by their codes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError

from schema.core.documents import Documents
from schema.core.errors import told
from schema.core.plans.reads import Reads
from schema.core.refusals import BAD_REQUEST
from schema.core.scopes import Needs

_REFUSALS = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


class Schema(strawberry.Schema):
    """A schema whose errors are told by their codes, and logged once, only when they are our own fault.

    Without ``suggestions``, errors name nothing of the schema that was not asked for.
    """

    documents: Documents
    needs: Needs
    reads: Reads
    suggestions: bool = True

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The result of an operation, every error as clients are told of it."""
        result = await super().execute(*args, **kwargs)
        result.errors = self.told(result.errors) if result.errors else None
        return result

    async def stream(self, *args: Any, **kwargs: Any) -> StreamResult:
        """The results of a subscription, every error as clients are told of it."""
        return self._told_of(await super().stream(*args, **kwargs))

    async def _told_of(self, results: StreamResult) -> StreamResult:
        async with aclosing(results):
            try:
                async for result in results:
                    if isinstance(result, ExecutionResult) and result.errors:
                        result.errors = self.told(map(_coded, result.errors))
                    yield result
            except GraphQLError as error:  # of reading the document, which the stream lets through
                yield PreExecutionError(data=None, errors=self.told([error]))

    def told(self, errors: Iterable[GraphQLError]) -> list[GraphQLError]:
        """Errors as clients are told of them."""
        return [told(error, suggestions=self.suggestions) for error in errors]

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here."""


def _coded(error: GraphQLError) -> GraphQLError:
    """The error, with a code where no operation of a kind that is allowed was asked for."""
    if not isinstance(error.original_error, _REFUSALS):
        return error
    return GraphQLError(error.message, extensions={"code": BAD_REQUEST})
