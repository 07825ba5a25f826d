"""Which operation of a document runs: its only one, or the one that the client names."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension


class OperationChosen(SchemaExtension):
    """Refuses a document of several operations without ``operationName``, where the first one would run."""

    def on_parse(self) -> Iterator[None]:
        """Count the operations once the document is read."""
        yield
        context = self.execution_context
        parts = context.graphql_document.definitions if context.graphql_document else ()
        operations = [part for part in parts if isinstance(part, OperationDefinitionNode)]
        # The public name falls back to the first operation's.
        if len(operations) > 1 and not context._provided_operation_name:
            raise GraphQLError("operationName is missing: the document holds several operations", operations)
