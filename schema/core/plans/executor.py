"""Running resolvers: what a plan has answered already is taken as it is, and others get their turns."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.context import Context
from schema.core.pace import Pace


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Executes an operation but for what the context has as JSON; all operations together keep one pace."""

    pace = Pace()

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

    def complete_object_value(self, *args: Any) -> Any:
        """An object, at once or when it is its turn."""
        if self.pace.take():
            return super().complete_object_value(*args)
        return self._in_turn(*args)

    async def _in_turn(self, *args: Any) -> Any:
        await self.pace.turn()
        found = super().complete_object_value(*args)
        return await found if self.is_awaitable(found) else found
