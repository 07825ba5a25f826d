"""The rows that the demo world is drawn up in before anything is stored: references are external ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from commands.incoming import Incoming
from commands.journal import FieldChange
from models.deals import ContactRole

CURRENCY = "EUR"
SATURDAY = 5


@dataclass
class Row:
    """A record to be: a value whose name ends in ``_id`` is the external id of another row or user."""

    external_id: str
    values: dict[str, object]
    began: date | None = None
    history: list[FieldChange] = field(default_factory=list)

    def incoming(self) -> Incoming:
        """The row as commands take it, its references still external ids."""
        return Incoming(
            self.external_id, self.values, self.began, tuple(sorted(self.history, key=lambda c: c.on))
        )


@dataclass
class Rows:
    """The rows of one account, by model, and who takes part in which deal: deal, contact, role."""

    accounts: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    contracts: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    usage: list[Row] = field(default_factory=list)
    deals: list[Row] = field(default_factory=list)
    deal_lines: list[Row] = field(default_factory=list)
    tickets: list[Row] = field(default_factory=list)
    signals: list[Row] = field(default_factory=list)
    interactions: list[Row] = field(default_factory=list)
    deal_contacts: list[tuple[str, str, ContactRole]] = field(default_factory=list)


def minor(whole: float) -> int:
    """Minor units of an amount in whole units of the currency."""
    return round(whole * 100)


def days_before(today: date, days: int) -> date:
    """The day that many days earlier; later when negative."""
    return today - timedelta(days=days)


def workday(day: date) -> date:
    """The day itself, or the Friday before when it is on a weekend."""
    return day - timedelta(days=max(0, day.weekday() - SATURDAY + 1))
