"""What an account review is made of; a part that is None has nothing to tell, or is not for its readers.

Money is in minor units of the tenant's currency. What is internal is not in the content of a customer's
review at all: so no writer can tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from metrics.account_families import FamilyState
from metrics.account_records import EndedDeal, OpenDeal, OpenTicket, Person, RunningContract, Sold
from metrics.hierarchy import ContractEnd, Figures
from models.forecast import Period
from models.plans import AccountPlan
from models.severity import Severity
from rules.plan_health import Judged


class Audience(StrEnum):
    """Whom a review is for."""

    MANAGER = "manager"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Header:
    """The account that it is about, ``owner`` is who carries it."""

    name: str
    owner: str
    country: str | None
    industry: str | None
    employees: int | None
    parent: str | None


@dataclass(frozen=True)
class Inside:
    """What only we are to know of an account: how we rank it, and what it owes."""

    tier: str
    segment: str | None
    overdue_minor: int
    overdue_since: date | None


@dataclass(frozen=True)
class Standing:
    """What the account comes to with all below it, by what its customer knows, too."""

    accounts: int
    contracts: int
    recurring_minor: int
    services: int
    tickets: int


@dataclass(frozen=True)
class Point:
    """What it came to on a day; revenue at risk only for those who are to know of it."""

    day: date
    recurring_minor: int
    at_risk_minor: int | None
    at_risk_weighted_minor: int | None


@dataclass(frozen=True)
class Branch:
    """An account of the tree with what it comes to alone; the last two only for those who are to know."""

    name: str
    depth: int
    recurring_minor: int
    services: int
    tickets: int
    pipeline_minor: int | None
    at_risk_minor: int | None


@dataclass(frozen=True)
class Tree:
    """The account and those below it: the first ones, and how many there are in all."""

    branches: Sequence[Branch]
    accounts: int


@dataclass(frozen=True)
class Contracts:
    """Contracts that run, and a month's charges by when they end."""

    running: Sequence[RunningContract]
    ending: Sequence[tuple[ContractEnd, int]]


@dataclass(frozen=True)
class OpenRisk:
    """A risk that holds, ``because`` its evidence in a sentence."""

    account: str
    title: str
    severity: Severity
    probability: float
    exposure_minor: int
    since: date
    because: str


@dataclass(frozen=True)
class Advice:
    """A recommendation that waits for an answer, or was accepted."""

    account: str
    title: str
    because: str
    due_on: date
    value_minor: int
    is_accepted: bool


@dataclass(frozen=True)
class ServiceHealth:
    """Tickets and usage: of each month, by its first day, how many, and how much in a ``unit``."""

    tickets: Sequence[OpenTicket]
    months: Sequence[date]
    opened: Sequence[int]
    resolved: Sequence[int]
    unit: str | None
    used: Sequence[tuple[date, int]]


@dataclass(frozen=True)
class Whitespace:
    """Where accounts stand with product families: a row of states for each account."""

    families: Sequence[str]
    rows: Sequence[tuple[str, Sequence[FamilyState]]]


@dataclass(frozen=True)
class Action:
    """Something that somebody is to do by a day."""

    title: str
    owner: str
    due_on: date
    done_on: date | None


@dataclass(frozen=True)
class Plan:
    """The account plan that is followed, how it stands, and what is done for it."""

    plan: AccountPlan
    judged: Judged
    strategies: Sequence[str]
    actions: Sequence[Action]


@dataclass(frozen=True)
class Content:
    """A review of a quarter; ``missing`` says in a line each what there is nothing to tell of."""

    audience: Audience
    tenant: str
    currency: str
    quarter: Period
    as_of: date
    header: Header
    standing: Standing
    history: Sequence[Point]
    inside: Inside | None = None
    figures: Figures | None = None
    tree: Tree | None = None
    contracts: Contracts | None = None
    sold: Sequence[Sold] = ()
    deals: Sequence[OpenDeal] = ()
    ended: Sequence[EndedDeal] = ()
    risks: Sequence[OpenRisk] = ()
    advice: Sequence[Advice] = ()
    service: ServiceHealth | None = None
    people: Sequence[Person] = ()
    whitespace: Whitespace | None = None
    plan: Plan | None = None
    missing: Sequence[str] = ()

    @property
    def is_internal(self) -> bool:
        """Whether it is not for the customer's eyes."""
        return self.audience is Audience.MANAGER
