"""How large a GraphQL document may be: its tokens, its depth and its aliases, checked before it runs."""

from __future__ import annotations

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    Lexer,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    ValidationContext,
    ValidationRule,
)

from schema.core.refusals import exceeded

#: Brackets inside one another, beyond any document a person writes and well within the parser's stack.
MAX_NESTING = 100
_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})


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


def limit_rule(max_depth: int, max_aliases: int) -> type[ValidationRule]:
    """A rule that refuses documents that are deeper, or have more aliases.

    Depth is the longest chain of fields, leaves included; introspection fields do not count, the specified
    rules have a limit of their own for them. Fragments count wherever they are spread.
    """

    class LimitRule(ValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.measured: dict[str, tuple[int, int]] = {}

        def enter_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
            depth, aliases = _measure(node.selection_set, self.context, self.measured)
            if depth > max_depth:
                self.report_error(exceeded("maxDepth", max_depth, depth))
            if aliases > max_aliases:
                self.report_error(exceeded("maxAliases", max_aliases, min(aliases, 10**9)))

    return LimitRule


def _measure(
    selected: SelectionSetNode | None, context: ValidationContext, measured: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    """Depth and aliases of a selection; each fragment is measured once, so spreading it twice is cheap."""
    depth = aliases = 0
    for node in selected.selections if selected else ():
        below, inside = _measure_one(node, context, measured)
        depth, aliases = max(depth, below), aliases + inside
    return depth, aliases


def _measure_one(
    node: Node, context: ValidationContext, measured: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    if isinstance(node, FragmentSpreadNode):
        return _measure_fragment(node.name.value, context, measured)
    if not isinstance(node, FieldNode):
        return _measure(getattr(node, "selection_set", None), context, measured)
    if node.name.value.startswith("__"):
        return 0, int(node.alias is not None)
    depth, aliases = _measure(node.selection_set, context, measured)
    return depth + 1, aliases + (node.alias is not None)


def _measure_fragment(
    name: str, context: ValidationContext, measured: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    if name not in measured:
        measured[name] = (0, 0)  # a fragment that spreads itself is refused by its own rule
        fragment = context.get_fragment(name)
        if fragment is not None:
            measured[name] = _measure(fragment.selection_set, context, measured)
    return measured[name]
