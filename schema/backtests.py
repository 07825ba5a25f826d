"""Backtests as managers see them: rules tried at past dates against what happened afterwards."""

from __future__ import annotations

from datetime import date, datetime

import strawberry
from strawberry import UNSET

from commands import backtests
from metrics.outcomes import OutcomeKind
from models import rulebooks as stored
from models.described import Described
from models.rulebooks import BacktestState, Step
from rules import backtest as scored
from schema.context import Info
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, certain_money
from schema.core.readable import ANY_FACT, needs
from schema.core.stored import Node, Stored, column

strawberry.enum(OutcomeKind, description="What may happen to a deal, a contract or an account.")
strawberry.enum(Step, name="BacktestStep", description="How far apart the dates of a backtest are.")


@strawberry.type
class Share:
    """Part of a whole, with its 95 % interval (Wilson score; each deal, contract or account counts once)."""

    part: int = column("How many of them it is so of.")
    whole: int = column("How many there are.")
    value: float | None = column("Part by whole, 0 to 1; null when the whole is empty.")
    low: float | None = column("The lower end of the interval, 0 to 1; null when the whole is empty.")
    high: float | None = column("The upper end of the interval, 0 to 1; null when the whole is empty.")

    @classmethod
    def of(cls, share: scored.Share) -> Share:
        """The object that shows a share."""
        return cls(part=share.part, whole=share.whole, value=share.value, low=share.low, high=share.high)


@strawberry.type
class BacktestDate:
    """What a rule did at one date."""

    as_of: date = column("The day as of which it was tried, with what was known by its end.")
    decided: bool = column("Whether the horizon of the date is over; others are in no figure.")
    flagged: int = column("How many deals, contracts or accounts it flagged.")
    new: int = column("How many of them it had not flagged at the date before.")
    population: int = column("How many there were that it might have flagged.")


@strawberry.type
class LeadTime:
    """Days from the first date at which something was flagged to what happened to it."""

    lower_quartile: float = column("A quarter of the cases have at most so many days.")
    median: float = column("Half of the cases have at most so many days.")
    upper_quartile: float = column("Three quarters of the cases have at most so many days.")


@strawberry.type
class BacktestScore:
    """How a rule did against one outcome."""

    score: strawberry.Private[scored.Score]
    rule_key: str = column("The key of the rule.")
    outcome: OutcomeKind = column("What it is held up against.")
    lift: float | None = column(
        "Precision over base rate, a number of 0 or more: 1 is chance. Null when nothing was"
        " flagged, or it happened to nothing."
    )
    lift_low: float | None = column(
        "The lower end of its interval, a number of 0 or more, from that of the precision; null"
        " with the lift."
    )
    lift_high: float | None = column(
        "The upper end of its interval, a number of 0 or more, from that of the precision; null"
        " with the lift."
    )
    units_flagged: int = column("How many distinct deals, contracts or accounts it flagged.")
    events: int = column("How many times it happened, each once.")
    caught: int = column("How many of these had been flagged before.")
    undecided: int = column("How many were flagged at dates whose horizon is not over.")
    share_flagged: float = column("Of all that it might flag, the share that it flags, 0 to 1.")
    warnings: list[str] = column("What to know before trusting the figures.")

    @classmethod
    def of(cls, score: scored.Score) -> BacktestScore:
        """The object that shows a score."""
        names = (
            "rule_key", "outcome", "lift", "lift_low", "lift_high", "units_flagged", "events", "caught",
            "undecided", "share_flagged", "warnings",
        )  # fmt: skip
        return cls(score=score, **{name: getattr(score, name) for name in names})

    @strawberry.field
    def precision(self) -> Share:
        """Of what was flagged at some date, to how much it happened within the horizon."""
        return Share.of(self.score.precision)

    @strawberry.field
    def recall(self) -> Share:
        """Of what it happened to within the horizon of some date, how much was flagged there."""
        return Share.of(self.score.recall)

    @strawberry.field
    def base_rate(self) -> Share:
        """Of all there was at some date, to how much it happened within the horizon."""
        return Share.of(self.score.base_rate)

    @strawberry.field
    def lead_time(self) -> LeadTime | None:
        """How long before it happened it was flagged; null when nothing was caught."""
        days = self.score.lead_days
        return LeadTime(lower_quartile=days[0], median=days[1], upper_quartile=days[2]) if days else None

    @strawberry.field
    def revenue(self, info: Info) -> Money:
        """What everything was worth to which it happened, each once.

        It is a deal's amount, else a year's charges.
        """
        return certain_money(self.score.value_minor, info.context.actor.currency)

    @strawberry.field
    def revenue_caught(self, info: Info) -> Money:
        """What of this had been flagged before."""
        return certain_money(self.score.value_caught_minor, info.context.actor.currency)

    @strawberry.field
    def dates(self) -> list[BacktestDate]:
        """What it did at each date."""
        return [BacktestDate(**each.__dict__) for each in self.score.dates]


@strawberry.type
class BacktestReport:
    """How the rules of a backtest did."""

    accounts: int = column("How many accounts there were at the last date.")
    failed: int = column("How often an account could not be judged, at any of the dates.")
    warnings: list[str] = column("What to know before trusting the figures.")
    scores: list[BacktestScore] = column("Each rule against each outcome that it may be held up against.")

    @classmethod
    def of(cls, report: backtests.Report) -> BacktestReport:
        """The object that shows a report."""
        return cls(
            accounts=report.accounts,
            failed=report.failed,
            warnings=report.warnings,
            scores=[*map(BacktestScore.of, report.scores)],
        )


@strawberry.type
class Backtest(Node, Stored[stored.Backtest]):
    """Rules tried at past dates against what happened afterwards, by the server in the background."""

    model = stored.Backtest

    state: BacktestState = column("Whether it waits, is under way, is complete or has failed.")
    name: str = column("The rulebook whose live version the rules would replace.")
    from_on: date = column("The first date at which rules are tried.")
    until_on: date = column("No date at which rules are tried is later.")
    step: Step = column("How far apart the dates are.")
    horizon_days: int = column("How many days after each date are looked at for what happened.")
    known_until: date = column("The last day of which anything is known.")
    done: int = column("How many of the dates have been tried so far.")
    total: int = column("How many dates there are.")
    failure: str | None = column("Why it failed; null otherwise.", *ANY_FACT)
    created_at: datetime = column("The moment at which it was asked for.")
    finished_at: datetime | None = column("The moment at which it ended; null until it does.")
    rulebook = related(
        "schema.rulebooks",
        "Rulebook",
        "rulebook_id",
        "The version that is tried; none for a draft that was not saved.",
    )

    @needs(*ANY_FACT)
    def report(self) -> BacktestReport | None:
        """How the rules did; null until it is complete."""
        report = backtests.report_of(self.record)
        return BacktestReport.of(report) if report else None


@strawberry.input
class BacktestFilter:
    """Which backtests; all conditions given must hold."""

    and_: list[BacktestFilter] | None = clause("and")
    or_: list[BacktestFilter] | None = clause("or")
    not_: BacktestFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    state: Filter[BacktestState] | None = UNSET
    until_on: DateFilter | None = UNSET


@strawberry.enum
class BacktestOrderField(Described):
    """What backtests are ordered by."""

    ASKED = "id", "By `id`, which is by the moment at which it was asked for."
    UNTIL = "until_on", "By `untilOn`: no date at which rules are tried is later."


@strawberry.input
class BacktestOrder:
    """One step of an order."""

    field: BacktestOrderField
    direction: Direction = Direction.ASC


BACKTESTS = Listed(
    "schema.backtests",
    "Backtest",
    Listing(
        stored.Backtest,
        {
            "id": Column("t.id"),
            "name": Column("t.name"),
            "state": Column("t.state"),
            "until_on": Column("t.until_on", Kind.DATE),
        },
        (("id", Direction.DESC),),
    ),
)


@strawberry.type
class BacktestQueries:
    """Reading backtests."""

    backtests = connection(
        BACKTESTS, "Backtests that the caller and those below have asked for, latest first."
    )
