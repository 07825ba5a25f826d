"""What random operations ask for: values that are stored, and values that nothing stored has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any

from rules.kinds import REGISTRY
from tests.schema.reads.judgements import RULES
from tests.schema.reads.names import snake
from tests.schema.reads.odd_values import FLOATS, JSON, TEXTS
from tests.schema.reads.oracle import Row, Rows

#: An order, and cursors of some of what is listed in it.
Ordered = tuple[list[dict[str, str]], list[str]]
Cursors = Mapping[str, Sequence[Ordered]]
IDS = (
    "",
    "x",
    "acc_",
    "acc_none",
    "acc_00000000000000000000000000",
    "deal_01h455vb4pex5vsknk084sn02q",
    "nothing_01h455vb4pex5vsknk084sn02q",
    "usr_01H455VB4PEX5VSKNK084SN02Q",
    "tnt_'; --",
    "é" * 30,
)
ODD: Mapping[str, Sequence[object]] = {
    "Int": (0, 1, -1, 7, 50, 99, 2**31 - 1, -(2**31)),
    "Float": (*FLOATS, 1, -1e308),
    "Boolean": (True, False),
    "Date": (
        "2026-01-01",
        "2026-03-31",
        "0001-01-01",
        "1900-01-01",
        "2024-02-29",
        "2999-12-31",
        "9999-12-31",
    ),
    "Decimal": ("0", "0.00", "1.05", "123.45", "-1.5", "90071992547409.91", "1.001", "NaN", "1e400", 7),
    "JSON": JSON,
    "ID": IDS,
    "String": (*TEXTS, "none of these", "a", "e", "1"),
}
#: What arguments of these names take, wherever they are.
NAMED: Mapping[str, Sequence[object]] = {
    "locale": ("en", "de", "fr-CH", "es", "xx", "", "de_AT", "\\"),
    "months": (1, 3, 12, 12, 60, 0, 61),
    "names": (*REGISTRY.kinds, "nothing"),
    "skip": (0, 1, 5, -1),
    "asOf": ("2026-03-31", "2026-01-01", "1900-01-01", "2025-12-31"),
    "ruleKey": ("stalled-deal", "usage-falling", "stalled-deal", "gone"),
    "action": ("REQUALIFY", "REVIEW_USAGE", "NONE"),
    "version": (1, 2, 9),
    "name": ("starter", "starter", 'own "é"', "another"),
    "first": (1, 5, 20, 100, 200, 0, 201),
    "rules": RULES,
}


@dataclass
class Values:
    """Chooses values, most of them stored ones of the asker's tenant."""

    random: Random
    rows: Rows
    tenant_id: str
    cursors: Cursors
    #: The models of the ids of anything that were chosen, for whoever selects what is found.
    chosen: list[str] = field(default_factory=list)

    def scalar(self, kind: str, model: str, name: str, operator: str) -> object:
        """A value of a scalar type for a field of a model, where that has stored ones."""
        if name in NAMED and not model:
            return self._any(NAMED[name])
        stored = self._stored(model, name) if operator != "isNull" and self.random.random() < 0.7 else ()
        if not stored:
            return self._any(ODD.get(kind, ODD["String"]))
        value = self._any(stored)
        if operator == "contains":
            return self._part(str(value))
        return as_asked(value, kind)

    def id_of_anything(self) -> str:
        """The id of any object, at times of one of the other tenant or of none."""
        model = self._any([name for name, rows in self.rows.items() if rows])
        if self.random.random() < 0.15:
            return str(self._any(IDS))
        row = self._any(self._own(model))
        self.chosen.append(model)
        return str(row["id"])

    def ordered(self, of: str) -> tuple[list[dict[str, str]], str] | None:
        """An order of a type's objects, and the cursor of one of them."""
        known = self.cursors.get(of)
        if not known:
            return None
        order, cursors = self._any(known)
        return order, self._any(cursors) if cursors else "none"

    def _stored(self, model: str, name: str) -> Sequence[object]:
        column = snake(name)
        rows = self._own(model)
        if rows and column not in rows[0]:
            column = f"{column}_minor"
        return [row[column] for row in rows if row.get(column) is not None]

    def _own(self, model: str) -> Sequence[Row]:
        rows = self.rows.get(model, [])
        if self.random.random() < 0.15:
            return rows
        return [row for row in rows if row.get("tenant_id", self.tenant_id) == self.tenant_id] or rows

    def _part(self, text: str) -> str:
        """A piece of a text, in the case that it has or another."""
        start = self.random.randrange(len(text) + 1)
        part = text[start : start + self.random.choice((1, 2, 5, 50))]
        return str(self._any((part, part, part.upper(), part.lower())))

    def _any(self, among: Sequence[Any]) -> Any:
        """One of these; how much chance is used up does not depend on how many there are."""
        return among[int(self.random.random() * len(among))]


def as_asked(value: object, kind: str) -> object:
    """A stored value as clients write it."""
    if kind == "Decimal" and isinstance(value, int):
        return str(Decimal(value) / 100)
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
