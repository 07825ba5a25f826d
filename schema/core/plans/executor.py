"""Beside resolvers: fields of the query type that a plan has answered already are taken as they are."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.context import Context


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Executes an operation but for what the context has as JSON."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: list[FieldDetails],
        path: Path,
        position_context: Any,
    ) -> Any:
        """The value of a field; of one that is planned its JSON, which the response takes over."""
        if path.prev is None and isinstance(context := self.context_value, Context):
            planned = context.planned.get(str(path.key))
            if planned is not None:
                return orjson.Fragment(planned)
        return super().execute_field(parent_type, source, field_details_list, path, position_context)
