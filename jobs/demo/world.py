"""The demo world as a whole: pure, and the same for the same day and seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from random import Random

from jobs.demo.accounts import ACCOUNTS, AccountSpec
from jobs.demo.care import add_signals, add_tickets, owe
from jobs.demo.contacts import add_contacts
from jobs.demo.deals import add_deals
from jobs.demo.draft import Row, Rows
from jobs.demo.meetings import add_interactions
from jobs.demo.plot import STORIES
from jobs.demo.services import add_contracts
from jobs.demo.stories import HEALTHY
from jobs.demo.suite import products
from models.services import months_before

#: How long the CRM has known the accounts.
KNOWN_MONTHS = 66


@dataclass(frozen=True)
class World:
    """Everything that is loaded, as of ``today``."""

    today: date
    products: tuple[Row, ...]
    rows: Rows


def build_world(today: date, seed: int = 7) -> World:
    """The demo world as of a day; ``seed`` varies what chance has a part in, never the scenarios."""
    whole = Rows()
    for spec in ACCOUNTS:
        part = _account(spec, today, seed)
        for each in fields(Rows):
            getattr(whole, each.name).extend(getattr(part, each.name))
    return World(today, tuple(products()), whole)


def _account(spec: AccountSpec, today: date, seed: int) -> Rows:
    # An own stream for each account, so that changing one story leaves the others as they are.
    random = Random(f"{seed}:{spec.number}")  # noqa: S311 - a demo needs no secrets
    story = STORIES.get(spec.number, HEALTHY)
    account = spec.row()
    account.began = months_before(today, KNOWN_MONTHS)
    rows = Rows(accounts=[account])
    if story.overdue_days is not None:
        owe(account, story.overdue_days, today, random)
    add_contacts(rows, spec, story, today, random)
    add_interactions(rows, spec, today, seed)
    if story.customer:
        add_contracts(rows, spec, story, today, random)
    add_deals(rows, spec, story, today, random)
    add_tickets(rows, spec, story, today, random)
    add_signals(rows, spec, story, today, random)
    return rows
