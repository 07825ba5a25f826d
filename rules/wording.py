"""Records, fields and values in the words of a language, numbers and money as its readers write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from models.deals import Stage
from models.errors import Invalid
from models.severity import Severity
from rules.formulas import term
from rules.kinds import REGISTRY
from rules.languages import ENGLISH, Language, language, languages, spaced
from rules.registry import RELATIVE, FactField, FieldType

#: A record, by its kind and id.
Record = tuple[str, str]

_PART = re.compile(r"[a-z]\w*|\d+(?:\.\d+)?|\*")
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")
_FRACTION = "0.######"
_LAST_DIGIT = re.compile("0(?!.*0)")
_LANGUAGE = re.compile("[A-Za-z]+")
#: Ranks by their fields: of which field they rank the values, and the values by rank.
_RANKED: Mapping[Record, tuple[str, Mapping[int, str]]] = {
    ("deal", "stage_rank"): ("stage", {each.rank: each.value for each in Stage if each.is_open}),
    **{
        (kind, "severity_rank"): ("severity", {each.rank: each.value for each in Severity})
        for kind in ("ticket", "trend")
    },
}


def known_locale(name: str) -> Locale:
    """The locale that a reader names (``de``, ``fr-CH``): as it is, else of its language, else English."""
    for tried in (name, *_LANGUAGE.findall(name)[:1]):
        try:
            return Locale.parse(tried.replace("-", "_"))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale.parse(ENGLISH)


@dataclass(frozen=True)
class Wording:
    """How a reader is told of facts.

    ``names`` are what records are called, ``about`` are those that are spoken of already: the id of either
    is not told as an id.
    """

    currency: str
    locale: Locale
    names: Mapping[Record, str] = field(default_factory=dict)
    about: frozenset[Record] = frozenset()

    @property
    def words(self) -> Language:
        """The words: of the locale's language, or English ones."""
        return language(str(self.locale.language))

    @property
    def grammar(self) -> Locale:
        """The locale whose rules of number and lists fit the words."""
        return self.locale if self.locale.language in languages() else Locale.parse(ENGLISH)

    def said(self, pattern: str, **parts: str) -> str:
        """A pattern of the language with its parts."""
        return self.words.patterns[pattern].format(**parts)

    def record(self, kind: str, record_id: str | None) -> str:
        """A record: its kind, and its name where that is known."""
        noun = self.words.kind(kind).name
        name = self.names.get((kind, record_id or ""))
        return self.said("named", kind=noun, name=name) if name else noun

    def identity(self, text: str, value: str) -> str | None:
        """The record that a field such as ``deal_id`` names, if more than its id can be told."""
        record = (text.removesuffix("_id"), value)
        if record in self.names:
            return self.record(*record)
        return self.words.kind(record[0]).of if record in self.about else None

    def name(self, kind: str, text: str) -> str:
        """What a field is called, or arithmetic on fields."""
        if not is_plain(text):
            return _PART.sub(lambda found: self._part(kind, found.group()), text)
        found = declared(kind, text)
        if found and found.ranks:
            pattern = next(ending for ending in RELATIVE if text.endswith(ending)).strip("_")
            return self.said(pattern, field=self.name(kind, found.ranks))
        return self.words.field(kind, _RANKED[kind, text][0] if is_rank(kind, text) else text).name

    def _part(self, kind: str, part: str) -> str:
        """A field, a number or a sign of an arithmetic expression."""
        if part == "*":
            return "\N{MULTIPLICATION SIGN}"
        return self.words.field(kind, part).name if part[0].isalpha() else self._decimal(Decimal(part))

    def state(self, kind: str, text: str, value: object) -> str:
        """What is said when a flag has the value."""
        flag = self.words.field(kind, text)
        if value is None:
            return self.said("unknown_state", state=flag.name)
        if value:
            return flag.name
        return flag.opposite or self.words.comparisons["ne"].format(flag.name)

    def value(self, kind: str, text: str, value: object, *, bare: bool = False) -> str:
        """A value of a field as evidence has it; ``bare`` without its unit."""
        found = declared(kind, text)
        if value is None:
            return self.said("unknown")
        if isinstance(value, bool):
            return self.state(kind, text, value)
        if is_rank(kind, text):
            return self._ranked(kind, text, value)
        if found and found.type is FieldType.MONEY:
            return self.money(Decimal(str(value)))
        if isinstance(value, int | float):
            return self._number(Decimal(str(value)), found.unit if found and not bare else "")
        return self._text(kind, text, str(value))

    def _ranked(self, kind: str, text: str, value: object) -> str:
        """What has a rank; the last one of deals is that of those that ended."""
        of, values = _RANKED[kind, text]
        number = Decimal(str(value))
        if number == int(number) and int(number) in values:
            return self.value(kind, of, values[int(number)])
        if of == "stage" and number > max(values):
            return self.state(kind, "is_open", value=False)
        return self._decimal(number)

    def _text(self, kind: str, text: str, value: str) -> str:
        found = declared(kind, text)
        if found and found.values:
            return self.words.field(kind, text).values.get(value) or spaced(value)
        if found and found.type is FieldType.ID:
            return self.identity(text, value) or value
        return self.words.patterns["text"].format(value)

    def _number(self, value: Decimal, unit: str) -> str:
        if unit in ("ratio", "percent"):
            pattern = _LAST_DIGIT.sub(_FRACTION, self.locale.percent_formats[None].pattern)
            share = value if unit == "ratio" else value / 100
            return str(format_percent(share, pattern, locale=self.locale))
        written = self._decimal(value)
        if unit not in self.words.units:
            return written
        forms = self.words.units[unit]
        return forms.get(str(self.grammar.plural_form(abs(value))), forms["other"]).format(written)

    def money(self, value: Decimal) -> str:
        """An amount in whole units."""
        return format_currency(value, self.currency, locale=self.locale, decimal_quantization=False)

    def _decimal(self, value: Decimal) -> str:
        return str(format_decimal(value, f"#,##{_FRACTION}", locale=self.locale))

    def either(self, parts: Sequence[str]) -> str:
        """Alternatives, as the language lists them."""
        return format_list(parts, style="or", locale=self.grammar)

    def tells_field(self, kind: str, text: str, value: object) -> bool:
        """Whether a value by itself tells what it is of: that of a flag, or a record that can be named."""
        if is_state(kind, text, value):
            return True
        listed = value if isinstance(value, list | tuple) and value else [value]
        return is_identity(kind, text) and all(
            isinstance(each, str) and self.identity(text, each) is not None for each in listed
        )

    def is_untold(self, kind: str, text: str, values: object) -> bool:
        """Whether a value, or one of several, is the id of a record of which nothing else can be told."""
        listed = values if isinstance(values, list | tuple) else [values]
        return is_identity(kind, text) and any(
            isinstance(each, str) and self.identity(text, each) is None for each in listed
        )

    def seen(self, kind: str, text: str, value: object) -> str:
        """What was seen in a field, with its name."""
        if is_state(kind, text, value):
            return self.state(kind, text, value)
        told = self.value(kind, text, value)
        if self.tells_field(kind, text, value):
            return told
        name = self.name(kind, text)
        return self.said("seen", field=name if is_plain(text) else f"{name} =", value=told)


def is_plain(text: str) -> bool:
    """Whether it is a field, and no arithmetic."""
    return _PLAIN.fullmatch(text) is not None


def is_rank(kind: str, text: str) -> bool:
    """Whether a field is a number that ranks the values of another, which is told instead."""
    return (kind, text) in _RANKED


def is_identity(kind: str, text: str) -> bool:
    """Whether a field is the id of a record."""
    found = declared(kind, text)
    return found is not None and found.type is FieldType.ID


def is_state(kind: str, text: str, value: object) -> bool:
    """Whether a field is a flag; of a concluded fact the value tells."""
    found = declared(kind, text)
    return found.type is FieldType.BOOLEAN if found else isinstance(value, bool)


def declared(kind: str, text: str) -> FactField | None:
    """The declared field, or what arithmetic makes of such; None for those of concluded facts."""
    try:
        if is_plain(text):
            return REGISTRY.field(kind, text)
        found = term(text, lambda name: (None, REGISTRY.field(kind, name)))
    except (KeyError, Invalid):
        return None
    unit = "days" if found.type is FieldType.DAYS else found.unit
    return FactField(text, found.type, unit, "", "")
