"""The schema as it is run: documents are kept, reads are planned, and errors are told by their codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext, ExecutionResult

from schema.core.documents import Documents
from schema.core.errors import told
from schema.core.plans.reads import Reads


class Schema(strawberry.Schema):
    """A schema whose errors are told by their codes, and logged once, only when they are our own fault.

    Without ``suggestions``, errors name nothing of the schema that was not asked for.
    """

    documents: Documents
    reads: Reads
    suggestions: bool = True

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The result of an operation, every error as clients are told of it."""
        result = await super().execute(*args, **kwargs)
        result.errors = self.told(result.errors) if result.errors else None
        return result

    def told(self, errors: Sequence[GraphQLError]) -> list[GraphQLError]:
        """Errors as clients are told of them."""
        return [told(error, suggestions=self.suggestions) for error in errors]

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here."""
