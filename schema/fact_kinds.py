"""What rules can speak of, as clients see it: fact kinds with their fields, and the schema of rules."""

from __future__ import annotations

from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from models.errors import NotFound, allowed
from rules.json_schema import rule_schema
from rules.kinds import REGISTRY
from rules.registry import OPERATORS, FieldType, Op
from rules.registry import FactField as Field
from rules.registry import FactKind as Kind
from schema.context import Info
from schema.core.stored import column

strawberry.enum(FieldType, name="FactFieldType")
strawberry.enum(Op, name="ConditionOperator")


@strawberry.type
class FactField:
    """A field of a kind of fact."""

    name: str = column("What rules call it.")
    type: FieldType = column("Its type; two fields compare when both are money, days, numbers or texts.")
    unit: str = column("What it is counted in: days, people, the tenant's currency; empty for plain values.")
    meaning: str = column("What it says.")
    minimum: float | None = column(
        "The lowest number that it can have, in its unit (money in minor units); null without a limit."
    )
    maximum: float | None = column(
        "The highest number that it can have, in its unit (money in minor units); null without a limit."
    )
    values: list[str] | None = column("The only values that it can have, if they are few; null otherwise.")
    operators: list[Op] = column("What it may be compared by.")
    ranks: str | None = column("The field whose percentile it is; null unless it is a relative one.")

    @classmethod
    def of(cls, field: Field, currency: str) -> FactField:
        """The object that shows a declared field."""
        return cls(
            name=field.name,
            type=field.type,
            unit=currency if field.type is FieldType.MONEY else field.unit,
            meaning=field.meaning,
            minimum=field.minimum,
            maximum=field.maximum,
            values=list(field.values) if field.values else None,
            operators=list(OPERATORS[field.type]),
            ranks=field.ranks,
        )


@strawberry.type
class FactKind:
    """A kind of fact that rules can match."""

    kind: strawberry.Private[Kind]

    @strawberry.field
    def name(self) -> str:
        """What rules call it."""
        return self.kind.name

    @strawberry.field
    def meaning(self) -> str:
        """What a fact of this kind is."""
        return self.kind.meaning

    @strawberry.field
    def label(self) -> str:
        """The field that names a fact to people."""
        return self.kind.label

    @strawberry.field
    def fields(
        self,
        info: Info,
        relative: Annotated[
            bool,
            strawberry.argument(
                description="Whether the two percentiles of each numeric field come as well."
            ),
        ] = False,
    ) -> list[FactField]:
        """Its fields, in the order of their declaration."""
        fields = [*self.kind.fields.values(), *(self.kind.relative.values() if relative else ())]
        return [FactField.of(field, info.context.actor.currency) for field in fields]


@strawberry.type
class FactKindQueries:
    """What a rule builder needs to know."""

    @strawberry.field
    def fact_kinds(
        self,
        info: Info,
        names: Annotated[
            list[str] | None, strawberry.argument(description="The names of kinds; default: all of them.")
        ] = None,
    ) -> list[FactKind]:
        """The kinds of facts that rules can match."""
        info.context.actor  # noqa: B018 - of nobody's own, and still for those alone who have a token
        for name in names or ():
            if name not in REGISTRY.kinds:
                raise NotFound(f"no fact kind {name!r}; known: {allowed(list(REGISTRY.kinds))}", ["names"])
        return [FactKind(kind=kind) for kind in REGISTRY.kinds.values() if not names or kind.name in names]

    @strawberry.field
    def rule_schema(self, info: Info) -> JSON:
        """The JSON Schema (draft 2020-12) of a rule document, an object.

        By it, editors complete and check.
        """
        info.context.actor  # noqa: B018 - as above
        return cast("JSON", rule_schema())
