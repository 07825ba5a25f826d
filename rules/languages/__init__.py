"""The words of each language, as YAML beside this module: facts, their fields, and how conditions are said.

A language is one file. What it has no word for is said in English, and what English has none for as the
registry names it; ``tests/rules/test_languages.py`` names what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

ENGLISH = "en"
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Kind:
    """A kind of fact: its noun, the noun with an article, with a negation, and as what something is of."""

    name: str
    a: str
    none: str
    of: str


@dataclass(frozen=True)
class Field:
    """A field: what it is called, and the words for the values of an enumeration.

    A flag is called by what is said when it is true; ``opposite`` is what is said when it is not.
    """

    name: str
    opposite: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Language:
    """The words of one language; ``{}`` in them is where a value goes.

    ``finding`` stands for every kind of fact that rules conclude, whose name is the rule author's.
    """

    code: str
    kinds: Mapping[str, Kind]
    finding: Kind
    fields: Mapping[str, Mapping[str, Field]]
    units: Mapping[str, Mapping[str, str]]
    comparisons: Mapping[str, str]
    patterns: Mapping[str, str]

    def kind(self, name: str) -> Kind:
        """The words for a kind of fact."""
        if found := self.kinds.get(name) or language(ENGLISH).kinds.get(name):
            return found
        called = spaced(name)
        of = self.finding
        return Kind(*(form.format(called) for form in (of.name, of.a, of.none, of.of)))

    def field(self, kind: str, name: str) -> Field:
        """The words for a field of a kind."""
        found = self.fields.get(kind, {}).get(name) or language(ENGLISH).fields.get(kind, {}).get(name)
        return found or Field(spaced(name))


def spaced(identifier: str) -> str:
    """An identifier as words."""
    return identifier.replace("_", " ").strip().lower()


def languages() -> list[str]:
    """The languages that there are, by their codes."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@cache
def language(code: str) -> Language:
    """The language with this code, English if there is no such."""
    if code not in languages():
        return language(ENGLISH)
    said = yaml.safe_load((_FOLDER / f"{code}.yaml").read_text("utf-8"))
    return Language(
        code=code,
        kinds={name: Kind(**forms) for name, forms in said["kinds"].items()},
        finding=Kind(**said["finding"]),
        fields={
            kind: {name: _field(of) for name, of in each.items()} for kind, each in said["fields"].items()
        },
        units=said["units"],
        comparisons=said["comparisons"],
        patterns=said["patterns"],
    )


def _field(said: str | list[str] | Mapping[str, str]) -> Field:
    """A name; the two sides of a flag; or the name of an enumeration, as ``is``, and of its values."""
    if isinstance(said, str):
        return Field(said)
    if isinstance(said, list):
        true, false = said
        return Field(true, false)
    return Field(said["is"], values={value: word for value, word in said.items() if value != "is"})
