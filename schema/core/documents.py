"""GraphQL documents: read, checked and priced once each, and kept by what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    ValidationRule,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from schema.core.cost import Price, Prices
from schema.core.kept import Kept
from schema.core.limits import Limits, beyond, check_size
from schema.core.refusals import exceeded

#: So many documents are kept, and of so many characters together: a frontend has some dozens. What was read
#: takes some hundred times the room of its text.
MOST, LONGEST = 500, 1_000_000


@dataclass
class Document:
    """A document that was read; ``errors`` are those of its size and of validation."""

    text: str
    node: DocumentNode
    errors: list[GraphQLError] = field(default_factory=list)
    #: What was made of it besides, by whoever made it.
    kept: dict[object, object] = field(default_factory=dict)

    @cached_property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        """Its fragments by name."""
        return {
            part.name.value: part
            for part in self.node.definitions
            if isinstance(part, FragmentDefinitionNode)
        }

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of that name, or the only one; None where it is not clear which."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((each for each in self.operations if each.name and each.name.value == name), None)

    @cached_property
    def operations(self) -> list[OperationDefinitionNode]:
        """Its operations, in order."""
        return [part for part in self.node.definitions if isinstance(part, OperationDefinitionNode)]


class Documents:
    """The documents that a schema was asked last, each read and validated once."""

    def __init__(
        self,
        schema: GraphQLSchema,
        prices: Prices,
        limits: Limits,
        rules: tuple[type[ValidationRule], ...] = (),
    ) -> None:
        self._schema = schema
        self._prices = prices
        self.limits = limits
        self._rules = (*specified_rules, *rules)
        self._kept = Kept[str, Document](MOST, LONGEST)

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, text: str) -> Document:
        """A document by what it says.

        Raises:
            GraphQLError: it is no GraphQL, or has more tokens or deeper brackets than allowed.
        """
        found = self._kept.get(text)
        if found is None:
            check_size(text, self.limits.tokens)
            found = Document(text, parse(text))
            found.errors = beyond(found.operations, found.fragments, self.limits) or validate_document(
                self._schema, found.node, self._rules
            )
            self._kept.keep(text, found, len(text))
        return found

    def price(self, document: Document, name: str | None) -> Price | None:
        """The price of the operation of a valid document; None where it is not clear which one."""
        operation = document.operation(name)
        if operation is None:
            return None
        price = document.kept.get(("price", name))
        if price is None:
            price = document.kept["price", name] = self._prices.of(operation, document.fragments)
        assert isinstance(price, Price)
        return price

    def cost(self, document: Document, name: str | None, variables: Mapping[str, object]) -> int:
        """The points that the operation of a valid document costs; 1 where it is not clear which one."""
        price = self.price(document, name)
        return price.points(variables) if price else 1

    def errors(
        self, document: Document, name: str | None, variables: Mapping[str, object]
    ) -> list[GraphQLError]:
        """What is wrong with a document, or with what its operation costs with these variables."""
        return document.errors or self.too_dear(self.cost(document, name, variables))

    def too_dear(self, cost: int) -> list[GraphQLError]:
        """What is wrong with a cost."""
        return [] if cost <= self.limits.cost else [exceeded("maxCost", self.limits.cost, cost)]


class Prepared(SchemaExtension):
    """Has operations run on documents that were read and validated before."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._document: Document | None = None

    def on_parse(self) -> Iterator[None]:
        """Find the document; it is refused where it is no GraphQL or too large."""
        if self.execution_context.query:
            self._document = self._documents.read(self.execution_context.query)
            self.execution_context.graphql_document = self._document.node
        yield

    def on_validate(self) -> Iterator[None]:
        """Tell what was found wrong with it, or that it costs too much."""
        if self._document:
            context = self.execution_context
            self.execution_context.pre_execution_errors = self._documents.errors(
                self._document, context._provided_operation_name, context.variables or {}
            )
        yield
