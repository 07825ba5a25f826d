"""How large a GraphQL document may be: what it is made of, counted before anything else looks at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    Lexer,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    TokenKind,
)

from schema.core.refusals import exceeded

#: Brackets inside one another, beyond any document a person writes and well within the parser's stack.
MAX_NESTING = 100
#: Fields that are selected again where they are selected already: whether they can be merged is found out
#: by comparing each with each.
MAX_REPEATS = 300
#: Values in the variables of a request, lists and objects included. Each may be looked at once for each field
#: that its type has, before it is known who is asking; a thousand rules with their cases have fewer.
MAX_VALUES = 50_000
_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
#: What is counted beyond this is not told apart.
_COUNTLESS = 10**9

Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True)
class Limits:
    """The most that a document may have, and the most points that an operation may cost."""

    tokens: int
    depth: int
    aliases: int
    directives: int
    cost: int


def check_size(query: str, max_tokens: int) -> None:
    """Raise a GraphQL error for a document of more tokens, or of deeper brackets, than allowed.

    A document has no more tokens than characters, so only a long or bracketed one is read twice.
    """
    brackets = sum(query.count(bracket) for bracket in "{[(")
    if len(query) <= max_tokens and brackets <= MAX_NESTING:
        return
    lexer, tokens, nesting = Lexer(Source(query)), 0, 0
    try:
        while (kind := lexer.advance().kind) is not TokenKind.EOF:
            tokens += 1
            nesting += (kind in _OPENING) - (kind in _CLOSING)
            if tokens > max_tokens:
                raise exceeded("maxTokens", max_tokens, f"more than {max_tokens:,}")
            if nesting > MAX_NESTING:
                raise exceeded("maxNesting", MAX_NESTING, f"more than {MAX_NESTING:,}")
    except GraphQLSyntaxError:
        return  # the parser says it, with everything it found before


def check_values(variables: Mapping[str, object]) -> None:
    """Raise a GraphQL error for variables of more values than allowed."""
    values = 0
    waiting: list[object] = [variables]
    while waiting:
        value = waiting.pop()
        inside = value.values() if isinstance(value, Mapping) else value
        if not isinstance(inside, Collection) or isinstance(inside, str):
            continue
        values += len(inside)
        if values > MAX_VALUES:
            raise exceeded("maxValues", MAX_VALUES, f"more than {MAX_VALUES:,}")
        waiting += inside


def beyond(
    operations: list[OperationDefinitionNode], fragments: Fragments, limits: Limits
) -> list[GraphQLError]:
    """An error for each limit that an operation exceeds; fragments count wherever they are spread."""
    try:
        return list(_beyond(operations, fragments, limits).values())
    except RecursionError:  # fragments within fragments
        return [exceeded("maxNesting", MAX_NESTING, f"more than {MAX_NESTING:,}")]


def _beyond(
    operations: list[OperationDefinitionNode], fragments: Fragments, limits: Limits
) -> dict[str, GraphQLError]:
    measuring = _Measuring(fragments)
    found: dict[str, GraphQLError] = {}
    for operation in operations:
        size = measuring.selection(operation.selection_set)
        size = _Size(size.depth, size.aliases, size.directives + len(operation.directives or ()))
        for name, allowed, count in (
            ("maxDepth", limits.depth, size.depth),
            ("maxAliases", limits.aliases, size.aliases),
            ("maxDirectives", limits.directives, size.directives),
        ):
            if count > allowed:
                found.setdefault(name, exceeded(name, allowed, min(count, _COUNTLESS)))
    if _repeats([*operations, *fragments.values()], fragments) > MAX_REPEATS:
        found["maxRepeats"] = exceeded("maxRepeats", MAX_REPEATS, f"more than {MAX_REPEATS}")
    return found


@dataclass(frozen=True)
class _Size:
    """Of a selection: its longest chain of fields, leaves included, its aliases and its directives.

    Introspection fields are no part of a chain, the specified rules have a limit of their own for them.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: _Size) -> _Size:
        return _Size(
            max(self.depth, other.depth), self.aliases + other.aliases, self.directives + other.directives
        )


class _Measuring:
    """Measures selections, each fragment once: spreading it twice is cheap."""

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = fragments
        self._measured: dict[str, _Size] = {}

    def selection(self, selected: SelectionSetNode | None) -> _Size:
        size = _Size()
        for node in selected.selections if selected else ():
            size = size.beside(self._one(node))
        return size

    def _one(self, node: Node) -> _Size:
        directives = len(getattr(node, "directives", None) or ())
        if isinstance(node, FragmentSpreadNode):
            return _Size(directives=directives).beside(self._fragment(node.name.value))
        inside = self.selection(getattr(node, "selection_set", None))
        if not isinstance(node, FieldNode):
            return _Size(directives=directives).beside(inside)
        own = _Size(aliases=int(node.alias is not None), directives=directives)
        if node.name.value.startswith("__"):
            return own
        return own.beside(_Size(inside.depth + 1, inside.aliases, inside.directives))

    def _fragment(self, name: str) -> _Size:
        if name not in self._measured:
            self._measured[name] = _Size()  # a fragment that spreads itself is refused by its own rule
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._measured[name] = self.selection(fragment.selection_set)
        return self._measured[name]


def _repeats(
    definitions: list[OperationDefinitionNode | FragmentDefinitionNode], fragments: Fragments
) -> int:
    """How many fields stand beside one of the same response name; not much beyond the limit."""
    repeats = 0
    waiting: list[Node] = list(definitions)
    while waiting and repeats <= MAX_REPEATS:
        node = waiting.pop()
        selected = getattr(node, "selection_set", None)
        if selected is None:
            continue
        waiting += selected.selections
        names: Counter[str] = Counter()
        for name in _names(selected, fragments, set()):
            names[name] += 1
            repeats += names[name] > 1
            if repeats > MAX_REPEATS:
                break
    return repeats


def _names(selected: SelectionSetNode, fragments: Fragments, spread: set[str]) -> Iterator[str]:
    """The response names of the fields of a selection, those of its fragments too."""
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield (node.alias or node.name).value
        elif not isinstance(node, FragmentSpreadNode):
            yield from _names(node.selection_set, fragments, spread)  # type: ignore[attr-defined]
        elif node.name.value not in spread and node.name.value in fragments:
            spread.add(node.name.value)
            yield from _names(fragments[node.name.value].selection_set, fragments, spread)
