"""GraphQL documents: read, checked and measured once each, and kept by what they say."""

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

from schema.core.kept import Kept
from schema.core.limits import check_size
from schema.core.objects import COUNTLESS, Pages
from schema.core.refusals import exceeded

#: So many documents are kept, and of so many characters together: a frontend has some dozens. What was read
#: takes some hundred times the room of its text.
MOST, LONGEST = 500, 1_000_000


@dataclass
class Document:
    """A document that was read; ``errors`` are those of validation, whatever the variables are."""

    text: str
    node: DocumentNode
    errors: list[GraphQLError]
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

    @cached_property
    def pages(self) -> list[Pages]:
        """The pages of each operation that asks for some."""
        found = [Pages(each, self.fragments) for each in self.operations]
        return [pages for pages in found if pages.are_any]

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
        *,
        max_tokens: int,
        max_objects: int,
        rules: tuple[type[ValidationRule], ...],
    ) -> None:
        self._schema = schema
        self._max_tokens = max_tokens
        self._max_objects = max_objects
        self._rules = (*specified_rules, *rules)
        self._kept = Kept[str, Document](MOST, LONGEST)

    def read(self, text: str) -> Document:
        """A document by what it says.

        Raises:
            GraphQLError: it is no GraphQL, or has more tokens or deeper brackets than allowed.
        """
        try:
            return self._kept[text]
        except KeyError:
            check_size(text, self._max_tokens)
        node = parse(text)
        found = Document(text, node, validate_document(self._schema, node, self._rules))
        self._kept.keep(text, found, len(text))
        return found

    def errors(self, document: Document, variables: Mapping[str, object]) -> list[GraphQLError]:
        """What is wrong with a document, or with how many objects it asks for with these variables."""
        if document.errors or not document.pages:
            return document.errors
        asked = max((pages.objects(variables) for pages in document.pages), default=0)
        if asked <= self._max_objects:
            return []
        return [exceeded("maxObjects", self._max_objects, min(asked, COUNTLESS))]


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
        """Tell what was found wrong with it, or that it asks for too much."""
        if self._document:
            given = self.execution_context.variables or {}
            self.execution_context.pre_execution_errors = self._documents.errors(self._document, given)
        yield
