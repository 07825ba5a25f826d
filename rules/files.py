"""Rulebooks as YAML files: read strictly, and written so that the same rules give the same bytes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from models.errors import Invalid, InvalidRulebook, allowed

MAX_BYTES = 2_000_000
WIDTH = 110
_KEYS = ("description", "rules", "cases")

Document = Mapping[str, object]


@dataclass(frozen=True)
class RuleFile:
    """What a file holds: documents of rules, of saved cases, and what the book is for.

    ``text`` is the file itself, comments and all.
    """

    text: str
    rules: Sequence[Document]
    cases: Sequence[Document] = ()
    description: str | None = None


class _Strict(yaml.SafeLoader):
    """Refuses what people mean otherwise than YAML does: a key twice, and names for parts of the document."""

    def compose_node(self, parent: yaml.nodes.Node | None, index: int) -> yaml.nodes.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("parts of a document that have a name and are referred to are not taken")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise yaml.MarkedYAMLError(None, None, f"the key {name!r} is not text", key.start_mark)
            if name in seen:
                raise yaml.MarkedYAMLError(None, None, f"the key {name!r} is there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def read(text: str) -> RuleFile:
    """The rulebook in a YAML (or JSON) text: a list of rules, or ``rules``, ``cases`` and ``description``.

    Raises:
        InvalidRulebook: the text is no such YAML; the message has line and column.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidRulebook(f"{len(text.encode()):,} bytes; allowed: {MAX_BYTES:,}")
    try:
        content = yaml.load(text, _Strict)  # noqa: S506 - it is a safe loader, made stricter
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidRulebook(f"not a YAML document: {' '.join(str(error).split())}") from error
    if isinstance(content, list):
        content = {"rules": content}
    if not isinstance(content, dict) or not isinstance(content.get("rules"), list):
        raise InvalidRulebook("a rulebook is a list of rules, or an object with such a list under 'rules'")
    if unknown := [key for key in content if key not in _KEYS]:
        raise InvalidRulebook(f"there is no such key {unknown[0]!r}; allowed: {allowed(_KEYS)}")
    return RuleFile(text, _documents(content, "rules"), _documents(content, "cases"), _text(content))


def _documents(content: Mapping[str, object], key: str) -> list[Document]:
    documents = content.get(key) or []
    if not isinstance(documents, list):
        raise InvalidRulebook(f"{key} is not a list")
    problems = [
        Invalid(f"{document!r} is no object", [key, str(index)])
        for index, document in enumerate(documents)
        if not isinstance(document, dict)
    ]
    if problems:
        raise InvalidRulebook.of(problems)
    return documents


def _text(content: Mapping[str, object]) -> str | None:
    description = content.get("description")
    if description is not None and not isinstance(description, str):
        raise InvalidRulebook("description is not text")
    return description


def written(rules: Sequence[Document], cases: Sequence[Document] = (), description: str | None = None) -> str:
    """The file of a rulebook that was not written as one; the same rulebook always gives the same text."""
    content: dict[str, object] = {"description": description} if description else {}
    content["rules"] = list(rules)
    if cases:
        content["cases"] = list(cases)
    return yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=WIDTH)


class _Plain(yaml.SafeDumper):
    """Writes what is there twice twice, for aliases are not read."""

    def ignore_aliases(self, _data: object) -> bool:
        return True
