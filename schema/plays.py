"""Plays as clients see them: their steps, where they were started, and which of them work."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from metrics import plays as metric
from models import plays as stored
from models.access import Scope
from models.base import check_day, today
from models.described import Described
from models.plays import PlayRunState
from models.recommendations import Outcome
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column

strawberry.enum(PlayRunState, name="PlayRunState")


@strawberry.type
class PlayStep(Stored[stored.PlayStep]):
    """A step of a play."""

    model = stored.PlayStep

    id: strawberry.ID = column("The id of the step, unlike all others.")
    position: int = column("The number of its place in the play, from 1.")
    text: str = column("What is to be done.", Scope.READ_PERSONAL)
    due_after_days: int = column("How many days after the start of the play it is due, 0 to 365.")
    removed_on: date | None = column("The day since when it is no part of the play; null for one that is.")


@strawberry.type
class PlayRunStep(Stored[stored.PlayRunStep]):
    """A step of a play that was started."""

    model = stored.PlayRunStep

    id: strawberry.ID = column("The id of the step here, unlike all others.")
    due_on: date = column("The day by which it is to be done.")
    done_on: date | None = column("The day on which it was done; null when it was not.")
    skipped_on: date | None = column("The day on which it was passed over; null when it was not.")
    step = related("schema.plays", "PlayStep", "play_step_id", "What is to be done.")
    answered_by = related("schema.access", "User", "answered_by_id", "Who did it, or passed it over.")


@strawberry.type
class PlayRun(Node, Stored[stored.PlayRun]):
    """A play that was started for an account."""

    model = stored.PlayRun

    version: int = column("Grows by one with each change.")
    state: PlayRunState = column("Where it stands.")
    started_on: date = column("The day on which it was started.")
    ended_on: date | None = column("The day on which it ended; null while it runs.")
    outcome: Outcome | None = column(
        "What people say came of it; null when nothing is said, and what came of the recommendation counts."
    )
    play = related("schema.plays", "Play", "play_id", "The play.")
    account = related("schema.accounts", "Account", "account_id", "The account that it is played for.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it is about.")
    recommendation = related(
        "schema.recommendations", "Recommendation", "recommendation_id", "The recommendation that started it."
    )
    plan_action = related(
        "schema.plans", "PlanAction", "plan_action_id", "The action of a plan that started it."
    )
    started_by = related("schema.access", "User", "started_by_id", "Who started it.")
    steps = children(
        "schema.plays", "PlayRunStep", "play_run_id", "Its steps, in the order of their due days.", "due_on"
    )

    @costs(2)
    @strawberry.field
    async def progress(self, info: Info) -> float:
        """The share of its steps that were done or passed over, 0 to 1, to four places; 1 without steps."""
        steps = await info.context.loaders.children(stored.PlayRunStep, "play_run_id", self.id)
        if not steps:
            return 1.0
        answered = sum(each.done_on is not None or each.skipped_on is not None for each in steps)
        return round(answered / len(steps), 4)


@strawberry.input
class PlayRunFilter:
    """Which plays that were started; all conditions given must hold."""

    and_: list[PlayRunFilter] | None = clause("and")
    or_: list[PlayRunFilter] | None = clause("or")
    not_: PlayRunFilter | None = clause("not")
    id: IDFilter | None = UNSET
    play_id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    recommendation_id: IDFilter | None = UNSET
    plan_action_id: IDFilter | None = UNSET
    state: Filter[PlayRunState] | None = UNSET
    started_on: DateFilter | None = UNSET
    ended_on: DateFilter | None = UNSET


@strawberry.enum
class PlayRunOrderField(Described):
    """What plays that were started are ordered by."""

    STARTED_ON = "started_on"
    ENDED_ON = "ended_on"


@strawberry.input
class PlayRunOrder:
    """One step of an order."""

    field: PlayRunOrderField
    direction: Direction = Direction.ASC


PLAY_RUNS = Listed(
    "schema.plays",
    "PlayRun",
    Listing(
        stored.PlayRun,
        {
            "id": Column("t.id"),
            "play_id": Column("t.play_id"),
            "account_id": Column("t.account_id"),
            "deal_id": Column("t.deal_id"),
            "recommendation_id": Column("t.recommendation_id"),
            "plan_action_id": Column("t.plan_action_id"),
            "state": Column("t.state"),
            "started_on": Column("t.started_on", Kind.DATE),
            "ended_on": Column("t.ended_on", Kind.DATE),
        },
        (("started_on", Direction.DESC),),
    ),
)


@strawberry.type
class Play(Node, Stored[stored.Play]):
    """A list of steps that has proved itself."""

    model = stored.Play

    version: int = column("Grows by one with each change.")
    key: str = column("What rules that recommend it call it.")
    name: str = column("What people call it.")
    action: str | None = column("The kind of action that it is for; null for any.")
    active: bool = column("Whether it is still started.")
    steps = children(
        "schema.plays",
        "PlayStep",
        "play_id",
        "Its steps, in order, without those that are no part of it any more.",
        "position",
        standing="removed_on",
    )
    runs = connection(PLAY_RUNS, "Where it was started, as far as the caller sees it.", "play_id")


@strawberry.input
class PlayFilter:
    """Which plays; all conditions given must hold."""

    and_: list[PlayFilter] | None = clause("and")
    or_: list[PlayFilter] | None = clause("or")
    not_: PlayFilter | None = clause("not")
    id: IDFilter | None = UNSET
    key: StringFilter | None = UNSET
    name: StringFilter | None = UNSET
    action: StringFilter | None = UNSET
    active: BooleanFilter | None = UNSET


@strawberry.enum
class PlayOrderField(Described):
    """What plays are ordered by."""

    KEY = "key"
    NAME = "name"


@strawberry.input
class PlayOrder:
    """One step of an order."""

    field: PlayOrderField
    direction: Direction = Direction.ASC


PLAYS = Listed(
    "schema.plays",
    "Play",
    Listing(
        stored.Play,
        {
            "id": Column("t.id"),
            "key": Column("t.key"),
            "name": Column("t.name"),
            "action": Column("t.action"),
            "active": Column("t.active", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class PlayShare:
    """A share of cases, and how sure it is."""

    cases: int = strawberry.field(description="How many cases there are.")
    share: float | None = strawberry.field(
        description="The share of them, 0 to 1, to four places; null of none."
    )
    low: float | None = strawberry.field(
        description="The lower end of its 95 % interval (Wilson), 0 to 1, to four places; null of none."
    )
    high: float | None = strawberry.field(
        description="The upper end of its 95 % interval (Wilson), 0 to 1, to four places; null of none."
    )

    @classmethod
    def of(cls, found: metric.Share) -> PlayShare:
        """As clients see it."""
        return cls(
            cases=found.cases, share=_places(found.share), low=_places(found.low), high=_places(found.high)
        )


def _places(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


@strawberry.type
class PlayRecord:
    """What became of a play where it was started and the caller sees it, as of a date."""

    found: strawberry.Private[metric.PlayRecord]
    started: int = strawberry.field(description="How often it was started.")
    running: int = strawberry.field(description="How often it was not ended yet, or has ended since.")
    done: int = strawberry.field(description="How often it was played to its end.")
    abandoned: int = strawberry.field(description="How often it was given up.")
    worked: int = strawberry.field(description="How often people say that it, or its recommendation, helped.")
    failed: int = strawberry.field(description="How often people say that it did not.")
    deals_won: int = strawberry.field(description="How many deals that it was about were won since.")
    deals_lost: int = strawberry.field(description="How many deals that it was about were lost since.")
    finishing: PlayShare = strawberry.field(description="Of those that ended: `done`.")
    working: PlayShare = strawberry.field(description="Of those of which it is known: `worked`.")
    winning: PlayShare = strawberry.field(description="Of the deals that ended: `dealsWon`.")

    @strawberry.field
    async def play(self, info: Info) -> Play | None:
        """The play. Null when there is none, or none that the caller may see."""
        found = await info.context.loaders.one(stored.Play, self.found.play_id)
        return Play.of(found) if found else None

    @classmethod
    def of(cls, found: metric.PlayRecord) -> PlayRecord:
        """As clients see it."""
        counts = ("started", "running", "done", "abandoned", "worked", "failed", "deals_won", "deals_lost")
        return cls(
            found=found,
            **{name: getattr(found, name) for name in counts},
            finishing=PlayShare.of(found.finishing),
            working=PlayShare.of(found.working),
            winning=PlayShare.of(found.winning),
        )


@strawberry.type
class PlayQueries:
    """Reading plays."""

    plays = connection(PLAYS, "The plays of the tenant.")

    play_runs = connection(
        PLAY_RUNS,
        "The plays that were started, where the caller owns or manages the account, or sees the deal.",
    )

    @costs(50)
    @strawberry.field
    async def play_records(self, info: Info, as_of: AsOf = None) -> list[PlayRecord]:
        """What became of plays where the caller sees it, as of a date, those first that were started most."""
        day = as_of or today()
        check_day(day, "asOf")
        found = await metric.play_records(info.context.actor, day)
        ranked = sorted(found.values(), key=lambda each: (-each.started, each.play_id))
        return [PlayRecord.of(each) for each in ranked]
