"""How well a deal is qualified: the elements of MEDDICC, and their score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from models.access import Actor
from models.asof import as_of_rows, view_of
from models.database import Row, as_date, fetch, listed, one_of
from models.qualification import DecisionCriterion, Element, Known
from models.visibility import visible

_WORTH = {Known.UNKNOWN: Fraction(0), Known.PARTLY: Fraction(1, 2), Known.VALIDATED: Fraction(1)}
_COLUMNS = ["deal_id", "element", "state", "evidence", "confirmed_on", "contact_id"]


@dataclass(frozen=True)
class ElementKnown:
    """How an element of a deal is known; ``version`` is that of its record, None where nothing is said."""

    element: Element
    state: Known = Known.UNKNOWN
    evidence: str | None = None
    confirmed_on: date | None = None
    contact_id: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Qualification:
    """A deal's elements that count, in the order of MEDDPICC, as of a date."""

    as_of: date
    elements: tuple[ElementKnown, ...]

    @property
    def score(self) -> Fraction:
        """The share of the elements that are known, 0 to 1: one that is partly known counts half.

        Score = (validated + partly / 2) / elements, over the seven of MEDDICC, and over PAPER_PROCESS where
        something is said of it (domain study 4.5).
        """
        return sum((_WORTH[each.state] for each in self.elements), Fraction(0)) / len(self.elements)

    @property
    def missing(self) -> tuple[Element, ...]:
        """The elements that are not validated."""
        return tuple(each.element for each in self.elements if each.state is not Known.VALIDATED)


async def qualifications(actor: Actor, deal_ids: Sequence[str], as_of: date) -> list[Qualification]:
    """The qualification of each of these deals as of a date, by the change log; empty where not visible."""
    seen = visible(DecisionCriterion, actor, "t")
    view = await view_of(actor.tenant_id, as_of)
    columns = ", ".join(f"c.{column}" for column in _COLUMNS)
    rows = await fetch(
        f"select {columns}, t.version from {as_of_rows(DecisionCriterion, _COLUMNS, view)} c"
        f" join decision_criterion t on t.id = c.id where {seen.sql} and {one_of('c.deal_id', 'deals')}",
        {**seen.params, "tenant": actor.tenant_id, "as_of": as_of, "deals": listed(deal_ids)},
    )
    said: dict[str, dict[Element, ElementKnown]] = {deal_id: {} for deal_id in deal_ids}
    for row in rows:
        known = _known(row)
        said[str(row["deal_id"])][known.element] = known
    return [_qualification(as_of, said[deal_id]) for deal_id in deal_ids]


def _qualification(as_of: date, said: dict[Element, ElementKnown]) -> Qualification:
    counted = [each for each in Element if each in said or not each.is_optional]
    return Qualification(as_of, tuple(said.get(each) or ElementKnown(each) for each in counted))


def _known(row: Row) -> ElementKnown:
    return ElementKnown(
        Element(str(row["element"])),
        Known(str(row["state"])),
        None if row["evidence"] is None else str(row["evidence"]),
        as_date(row["confirmed_on"]),
        None if row["contact_id"] is None else str(row["contact_id"]),
        int(str(row["version"])),
    )
