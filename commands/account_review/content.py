"""What an account review is made of; a part that is None or empty has nothing to tell its readers.

Money is in minor units of the tenant's currency. What is internal is not in the content of a customer's
edition at all: so no writer can tell it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from metrics.account_care import OpenTicket, Restored, TicketMonths
from metrics.account_market import Rival, TrendSeen
from metrics.account_records import AccountService, EndedDeal, OpenDeal, RunningContract, Sold
from metrics.buying_centres import Centre
from metrics.hierarchy import ContractEnd, Figures
from metrics.relationships import Place
from metrics.whitespace.peers import Part
from metrics.whitespace.results import Cell, GridRow
from models.described import Described
from models.forecast import Period
from models.people import Seniority
from models.plans import AccountPlan, PlanState
from models.recommendations import Withheld
from models.severity import Severity
from models.stakeholders import Influence, Support
from rules.plan_judgements import Judged


class Edition(Described):
    """Whom an account review is for, and so what it tells."""

    MANAGER = "MANAGER", "For us alone: also what is at risk and why, what we know of people, and our plan."
    CUSTOMER = "CUSTOMER", "For the customer: what was delivered and agreed, and who is there for whom."


@dataclass(frozen=True)
class Header:
    """The account that it is about; ``owner`` is who carries it, ``reader`` whom it is made for."""

    name: str
    owner: str
    reader: str
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
    """What it came to on a day; revenue at risk only for those who are to know of it.

    None is at risk, rather than 0, on a day as of which nobody had judged the account yet.
    """

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
class Contracts:
    """Contracts that run, and a month's charges by when they end."""

    running: Sequence[RunningContract]
    ending: Mapping[ContractEnd, int]


@dataclass(frozen=True)
class OpenRisk:
    """A risk that holds, ``because`` its evidence in a sentence, and single changes that would clear it."""

    id: str
    account: str
    title: str
    severity: Severity
    probability: float
    exposure_minor: int
    since: date
    because: str
    changes: Sequence[str] = ()


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
class Care:
    """Tickets of the last year by month, how quickly those of the quarter were resolved, and usage.

    ``used`` is what was used of the ``unit`` that is known of most months.
    """

    tickets: Sequence[OpenTicket]
    months: TicketMonths
    restored: Sequence[Restored]
    unit: str | None
    used: Mapping[date, int]


@dataclass(frozen=True)
class Known:
    """Somebody who is at the customer, or has left, with what is known of them and who of us knows them.

    ``noted`` says that the last contact is one that the source system noted, not an interaction of ours.
    """

    contact_id: str
    account: str
    name: str
    title: str | None
    seniority: Seniority
    role: str | None
    influence: Influence | None
    support: Support | None
    strength: int
    last_on: date | None
    noted: bool
    left_on: date | None
    colleagues: Sequence[str]


@dataclass(frozen=True)
class People:
    """The people of the account itself: who reports to whom, and how its buying centre is covered.

    ``places`` are those who are there, each before those below. ``strength`` is the account's, 0 to 100.
    """

    known: Mapping[str, Known]
    places: Sequence[Place]
    centre: Centre
    strength: int


@dataclass(frozen=True)
class Person:
    """Somebody on either side, as everybody may read it."""

    name: str
    does: str | None
    account: str | None = None


@dataclass(frozen=True)
class Whitespace:
    """The first accounts of the tree by product families, how many there are, and the largest gaps."""

    parts: Sequence[Part]
    rows: Sequence[GridRow]
    accounts: int
    gaps: Sequence[Cell]

    def name_of(self, account_id: str) -> str:
        """What an account is called; an id where it is not among the rows."""
        return next((row.name for row in self.rows if row.account_id == account_id), account_id)


@dataclass(frozen=True)
class InUse:
    """What a customer reads of product families: which of them run, and which are on their way."""

    families: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Action:
    """Something that somebody is to do by a day."""

    title: str
    owner: str
    due_on: date
    done_on: date | None


@dataclass(frozen=True)
class Taken:
    """A risk that is taken knowingly."""

    what: str
    because: str
    until_on: date


@dataclass(frozen=True)
class Goal:
    """An objective, and whether it is reached as far as records say."""

    title: str
    due_on: date
    reached: bool


@dataclass(frozen=True)
class Approved:
    """Which revision of a plan was approved last, and when."""

    number: int
    on: date


@dataclass(frozen=True)
class Unapproved:
    """How many of what a plan is made of were added, taken out and changed since it was approved last.

    ``called`` is what one of them and several are.
    """

    called: tuple[str, str]
    added: int = 0
    taken_out: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Plan:
    """The account plan that is followed: as it was approved last, or of one that never was, as it is written.

    ``state`` is that of what is written, and ``unapproved`` in what that differs from what was approved.
    ``objectives`` are those of a plan that is not judged yet.
    """

    plan: AccountPlan
    name: str
    first_on: date
    last_on: date
    vision: str | None
    approved: Approved | None
    unapproved: Sequence[Unapproved]
    state: PlanState
    judged: Judged
    objectives: Sequence[Goal]
    entries: Mapping[str, Sequence[str]]
    actions: Sequence[Action]
    taken: Sequence[Taken]


@dataclass(frozen=True)
class Shared:
    """What of the plan was agreed with the customer, as whoever made the review said."""

    goals: Sequence[Goal]
    steps: Sequence[Action]


@dataclass(frozen=True)
class Ask:
    """What the reader is asked to decide or to do, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Content:
    """A review of a quarter; ``missing`` says in a line each what there is nothing to tell of.

    ``withheld`` counts the open recommendations that are not in ``advice``, by why they are not offered.
    """

    edition: Edition
    tenant: str
    currency: str
    quarter: Period
    as_of: date
    header: Header
    standing: Standing
    history: Sequence[Point]
    tree: Sequence[Branch] = ()
    contracts: Contracts | None = None
    services: Sequence[AccountService] = ()
    sold: Sequence[Sold] = ()
    care: Care | None = None
    inside: Inside | None = None
    figures: Figures | None = None
    deals: Sequence[OpenDeal] = ()
    ended: Sequence[EndedDeal] = ()
    risks: Sequence[OpenRisk] = ()
    advice: Sequence[Advice] = ()
    withheld: Mapping[Withheld, int] = field(default_factory=dict)
    people: People | None = None
    whitespace: Whitespace | None = None
    plan: Plan | None = None
    trends: Sequence[TrendSeen] = ()
    rivals: Sequence[Rival] = ()
    asks: Sequence[Ask] = ()
    in_use: InUse | None = None
    shared: Shared | None = None
    theirs: Sequence[Person] = ()
    ours: Sequence[Person] = ()
    missing: Sequence[str] = field(default=())

    @property
    def is_internal(self) -> bool:
        """Whether it is not for the customer's eyes."""
        return self.edition is Edition.MANAGER
