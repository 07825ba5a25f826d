"""How what a person is called stands in texts: found as whole words, and taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import orjson

from models.people import ERASED

#: What is shorter is no beginning of a name.
SHORTEST = 3
_PIECES = re.compile(r"[A-Za-z0-9]{3,}")
#: Characters that stand for themselves in JSON.
_PLAIN = re.compile(r'[^\s"\\\x00-\x1f]+')


@dataclass(frozen=True)
class Spellings:
    """Names and addresses as texts have them.

    Several words match in capitals or not and however they are spaced, and so does an address; a single
    word, which may be a word of the language too, as it is written alone.
    """

    values: frozenset[str]

    def tells(self, value: object) -> bool:
        """Whether a text, or one within JSON, has one of them."""
        return any(self._pattern.search(text) for text in _texts(value))

    def without(self, value: object, cut: int | None = None) -> object:
        """A text, or JSON, with a mark in their place.

        A text that was cut at so many characters may end in the beginning of one: that is taken out, too.
        """
        return _each(value, lambda text: self._without(text, cut))

    @cached_property
    def pieces(self) -> frozenset[str]:
        """Whatever has one of them, JSON as it is stored too, has one of these once A to Z are small."""
        return frozenset(
            max(_PIECES.findall(value) or _PLAIN.findall(value) or [value], key=len)
            for value in map(_lower, self.values)
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        spelled = {way for value in self.values for way in (value, orjson.dumps(value).decode()[1:-1])}
        ways = map(_spelling, sorted(spelled, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{'|'.join(ways)})(?!\w)" if spelled else r"(?!)")

    def _without(self, text: str, cut: int | None) -> str:
        found = self._pattern.sub(ERASED, text)
        return self._without_end(found) if len(text) == cut else found

    def _without_end(self, text: str) -> str:
        begun = (value[:length] for value in self.values for length in range(SHORTEST, len(value)))
        end = max((each for each in begun if text.endswith(each)), key=len, default="")
        return text.removesuffix(end) + ERASED if end else text


def _spelling(value: str) -> str:
    words = r"\s+".join(map(re.escape, value.split()))
    return words if value.isalpha() else f"(?i:{words})"


def _lower(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _texts(value: object) -> Iterator[str]:
    """The texts within JSON, but for the keys of objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _each(value: object, change: Callable[[str], str]) -> object:
    """JSON with each text within it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each(each, change) for key, each in value.items()}
    return [_each(each, change) for each in value] if isinstance(value, list) else value
