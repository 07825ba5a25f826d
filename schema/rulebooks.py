"""Rulebooks and evaluation runs as clients see them."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, cast

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from commands import rulebooks
from models import rulebooks as stored
from models.access import Scope
from models.base import today
from models.described import Described
from models.rulebooks import RulebookState, RunScope, RunState
from schema.context import Info
from schema.core.arguments import AccountId, AsOf
from schema.core.connections import Listed, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, IntFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, certain_money
from schema.core.readable import ANY_FACT, needs
from schema.core.stored import Node, Stored, column


@strawberry.type
class Rule(Node, Stored[stored.Rule]):
    """One rule of a rulebook version."""

    model = stored.Rule

    key: str = column("The rule's key, the same in every version.")
    title: str = column("What it says, in a line.")
    document: JSON = column(
        "The rule as its author wrote it: an object that `ruleSchema` describes.", Scope.READ_PERSONAL
    )


@strawberry.type
class Rulebook(Node, Stored[stored.Rulebook]):
    """A version of a named set of rules."""

    model = stored.Rulebook

    version: int = column("Grows by one with each change of the record; not the rulebook's number.")
    name: str = column("The rulebook's name, the same in all its versions.")
    number: int = column("The version's number, from 1.")
    state: RulebookState = column("Whether it is a draft, live, or was live.")
    description: str | None = column("What it is for; null when it is not said.", Scope.READ_PERSONAL)
    activated_at: datetime | None = column("The moment at which it last went live; null when it never did.")
    reason: str | None = column(
        "Why it last went live, was rolled back to or retired; null when it is not said.", Scope.READ_PERSONAL
    )
    activated_by = related("schema.access", "User", "activated_by_id", "Who put it live.")

    rules = children(
        "schema.rulebooks", "Rule", "rulebook_id", "Its rules, in the order in which they were written."
    )

    @needs(*ANY_FACT)
    def cases(self) -> list[JSON]:
        """Its saved cases, an object each.

        They say of which facts a rule must say what before the version goes live.
        """
        return cast("list[JSON]", self.record.cases or [])

    @needs(*ANY_FACT)
    async def failing_cases(self) -> list[str]:
        """The saved cases that its rules do not meet, each with what was expected and what was found."""
        return [str(failure) for failure in await rulebooks.failing_cases(self.record)]

    @costs(5)
    @needs(*ANY_FACT)
    async def yaml(self) -> str:
        """The version as a file: the one that it was imported from, or one that says the same."""
        return await rulebooks.exported(self.record)


@strawberry.type
class EvaluationFailure:
    """An account that could not be judged."""

    account_id: strawberry.ID = strawberry.field(description="The id of the account.")
    reason: str = column("Why it could not be judged.", *ANY_FACT)


@strawberry.type
class FlaggedByRule:
    """What one rule flagged in an evaluation."""

    rule_key: str = strawberry.field(description="The key of the rule.")
    count: int = strawberry.field(description="How many risks it raised.")
    exposure: Money = strawberry.field(
        description="The sum of their exposures; a revenue line that two rules flag is in both."
    )


@strawberry.type
class StageTime:
    """What an evaluation took how long for."""

    stage: str = strawberry.field(
        description="events (of the whole population), candidates (which accounts to look at), gather (their"
        " facts), judge (the engine), explain (texts and evidence) or settle (what opens, lapses and so on,"
        " written)."
    )
    seconds: float = strawberry.field(description="Seconds in all.")


@strawberry.type
class EvaluationRun(Node, Stored[stored.EvaluationRun]):
    """One judgement of accounts as of a date."""

    model = stored.EvaluationRun

    as_of: date = column("The day as of which facts were taken.")
    state: RunState = column("Whether it runs, is complete, or was interrupted.")
    scope: RunScope = column("Which accounts it is about: all, some that were named, or those that changed.")
    rulebook_version: str = column("The rules: the names and versions of the rulebooks that were live.")
    accounts: int = column("How many accounts it is about.")
    candidates: int = column(
        "How many of them rules may match or something stands for; no others are looked at."
    )
    judged: int = column("How many of the candidates have been looked at so far.")
    matched: int = column("How many matches there were: one for each rule and subject.")
    opened: int = column("How many recommendations and risks are new.")
    refreshed: int = column("How many stood and have changed.")
    lapsed: int = column("How many ended, as their condition no longer holds.")
    reopened: int = column("How many came back after they had lapsed.")
    unchanged: int = column("How many stand as they were.")
    looked_back: int = column(
        "How many accounts had been judged as of a later date already: what stands there was left alone."
    )
    events_opened: int = column("How many events of the whole population began or came back.")
    disagreements: list[str] = column(
        "The keys of rules that the engine judged unlike the reference, which was believed."
    )
    seconds: float | None = column("How many seconds it took; null until it ends.")

    @strawberry.field
    def stages(self) -> list[StageTime]:
        """What it took how long for; empty before it ends."""
        return [StageTime(stage=stage, seconds=spent) for stage, spent in (self.record.stages or {}).items()]

    created_at: datetime = column("The moment at which it began.")
    finished_at: datetime | None = column("The moment at which it ended; null until it does.")

    @strawberry.field
    def flagged(self, info: Info) -> list[FlaggedByRule]:
        """What each rule flagged as of the date, whether it stands now or not."""
        return [
            FlaggedByRule(
                rule_key=key,
                count=found["count"],
                exposure=certain_money(found["exposure_minor"], info.context.actor.currency),
            )
            for key, found in self.record.flagged.items()
        ]

    @strawberry.field
    def failures(self) -> list[EvaluationFailure]:
        """Accounts that could not be judged; what stood for them stays."""
        return [
            EvaluationFailure(account_id=strawberry.ID(failure["account"]), reason=failure["reason"])
            for failure in self.record.failures
        ]


@strawberry.input
class RulebookFilter:
    """Which rulebooks; all conditions given must hold."""

    and_: list[RulebookFilter] | None = clause("and")
    or_: list[RulebookFilter] | None = clause("or")
    not_: RulebookFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    number: IntFilter | None = UNSET
    state: Filter[RulebookState] | None = UNSET


@strawberry.enum
class RulebookOrderField(Enum):
    """What rulebooks are ordered by."""

    NAME = "name"
    NUMBER = "number"


@strawberry.input
class RulebookOrder:
    """One step of an order."""

    field: RulebookOrderField
    direction: Direction = Direction.ASC


RULEBOOKS = Listed(
    "schema.rulebooks",
    "Rulebook",
    Listing(
        stored.Rulebook,
        {
            "id": Column("t.id"),
            "name": Column("t.name"),
            "number": Column("t.number", Kind.NUMBER),
            "state": Column("t.state"),
        },
        (
            ("name", Direction.ASC),
            ("number", Direction.DESC),
        ),
    ),
)


@strawberry.input
class EvaluationRunFilter:
    """Which evaluation runs; all conditions given must hold."""

    and_: list[EvaluationRunFilter] | None = clause("and")
    or_: list[EvaluationRunFilter] | None = clause("or")
    not_: EvaluationRunFilter | None = clause("not")
    id: IDFilter | None = UNSET
    state: Filter[RunState] | None = UNSET
    scope: Filter[RunScope] | None = UNSET
    as_of: DateFilter | None = UNSET


@strawberry.enum
class EvaluationRunOrderField(Described):
    """What evaluation runs are ordered by."""

    STARTED = "id", "By `id`, which is by the moment at which it began."
    AS_OF = "as_of"


@strawberry.input
class EvaluationRunOrder:
    """One step of an order."""

    field: EvaluationRunOrderField
    direction: Direction = Direction.ASC


EVALUATION_RUNS = Listed(
    "schema.rulebooks",
    "EvaluationRun",
    Listing(
        stored.EvaluationRun,
        {
            "id": Column("t.id"),
            "state": Column("t.state"),
            "scope": Column("t.scope"),
            "as_of": Column("t.as_of", Kind.DATE),
        },
        (("id", Direction.DESC),),
    ),
)


@strawberry.type
class RulebookQueries:
    """Reading rulebooks."""

    rulebooks = connection(RULEBOOKS, "The rulebooks of the tenant, each version.")
    evaluation_runs = connection(EVALUATION_RUNS, "The evaluations, latest first.")

    @costs(20)
    @needs(*ANY_FACT)
    async def account_case(
        self,
        info: Info,
        account_id: AccountId,
        rule_key: Annotated[str, strawberry.argument(description="The key of a live rule.")],
        name: Annotated[
            str | None,
            strawberry.argument(description="What the case is called; default: the account and the date."),
        ] = None,
        as_of: AsOf = None,
    ) -> JSON:
        """A case to be saved, made of an account: its facts that the live rule looks at, and what it says.

        An object as ``cases`` of a rulebook has them.
        """
        found = await rulebooks.account_case(info.context.actor, account_id, rule_key, as_of or today(), name)
        return cast("JSON", found)
