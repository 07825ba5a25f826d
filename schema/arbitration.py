"""What is offered first and why, as clients see it: next best actions, levers, limits, rule records."""

from __future__ import annotations

from typing import Annotated

import strawberry

from commands import arbitration, rulebooks
from models import access, accounts
from models import recommendations as stored
from models.access import Scope
from models.base import today
from models.database import fetch
from models.errors import Invalid
from models.recommendations import RecommendationState
from models.visibility import find, visible
from rules.arbitration import Record
from schema.context import Info
from schema.core.cost import costs
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column
from schema.recommendations import Recommendation

MOST = 200


@strawberry.type
class RuleRecord:
    """What became of the recommendations of a live rule: rules that cry wolf sink by it."""

    record: strawberry.Private[Record]
    rule_key: str = column("The key of the rule.")
    accepted: int = column("How many recommendations were accepted or carried out.")
    dismissed: int = column("How often one was dismissed.")
    worked: int = column("How many that were carried out worked.")
    failed: int = column("How many that were carried out failed.")
    prior: float = column(
        "The chance of helping that its author estimated, 0 to 1; it weighs as much as ten cases."
    )
    alpha: float = column(
        "A number of cases, of the Beta distribution: ten times the estimate, and what worked."
    )
    beta: float = column(
        "A number of cases, of the Beta distribution: the rest of the ten, what was dismissed and"
        " what failed."
    )
    likelihood: float = column("The mean of the distribution, 0 to 1: what priorities are made of.")
    accept_rate: float | None = column(
        "Of those answered, the share accepted, 0 to 1; null when none was answered."
    )
    outcome_rate: float | None = column(
        "Of those with a known outcome, the share that worked, 0 to 1; null when none is known."
    )

    @classmethod
    def of(cls, key: str, record: Record) -> RuleRecord:
        """The object that shows a record."""
        return cls(
            record=record,
            rule_key=key,
            accepted=record.accepted,
            dismissed=record.dismissed,
            worked=record.worked,
            failed=record.failed,
            prior=record.prior,
            alpha=record.alpha,
            beta=record.beta,
            likelihood=record.likelihood,
            accept_rate=record.accept_rate,
            outcome_rate=record.outcome_rate,
        )


@strawberry.type
class Lever(Node, Stored[stored.Lever]):
    """A weight for an action, a segment, or both: what the business wants more of."""

    model = stored.Lever

    version: int = column("Grows by one with each change.")
    action: str = column("The action that it is for; empty for all.")
    segment: str = column("The segment that it is for; empty for all.")
    percent: int = column(
        "What it puts on top of priorities in percent, -75 to 300: 55 makes 1.55, -20 makes 0.8, 0 nothing."
    )
    reason: str = column("Why it was set.", Scope.READ_PERSONAL)


@strawberry.type
class ArbitrationLimits(Stored[access.Tenant]):
    """How much an account is offered, and for how long what was dismissed stays away."""

    model = access.Tenant

    version: int = column("Grows by one with each change; an update may name the one that it has read.")
    max_offers: int = column("How many open recommendations an account is offered at once, 1 to 1,000.")
    dismissal_days: int = column(
        "For how many days what was dismissed does not come back, though it lapsed and returned, 1 to 1,000."
    )
    dismissals_until_pause: int = column(
        "After how many dismissals of an action at an account it is not offered there, 1 to"
        " 1,000; they count over `pauseDays`."
    )
    pause_days: int = column(
        "Over how many days dismissals of an action at an account are counted, 1 to 1,000."
    )


@strawberry.type
class ArbitrationQueries:
    """Asking what comes first."""

    @costs(100)
    @needs(Scope.READ_MONEY)
    async def next_best_actions(
        self,
        info: Info,
        account_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The id of an account; default: all that the caller sees."),
        ] = None,
        first: Annotated[int, strawberry.argument(description=f"How many at most: 1 to {MOST}.")] = 20,
        withheld: Annotated[
            bool, strawberry.argument(description="Whether what is withheld comes as well, after the rest.")
        ] = False,
    ) -> list[Recommendation]:
        """What is offered, the most pressing first: by priority, then by value."""
        if not 1 <= first <= MOST:
            raise Invalid(f"{first} is out of range; allowed: 1 to {MOST}", ["first"])
        actor = info.context.actor
        if account_id is not None:
            await find(accounts.Account, actor, account_id, "accountId")
        seen = visible(stored.Recommendation, actor, "t")
        which = " and t.account_id = :account" if account_id is not None else ""
        offered = "" if withheld else " and t.withheld is null"
        rows = await fetch(
            f"select t.id from recommendation t where {seen.sql} and t.state = :state and t.lapsed_on is null"
            f"{which}{offered} order by case when t.withheld is null then 0 else 1 end, t.priority desc,"
            " t.value_minor desc, t.held_since, t.rule_key, t.subject_key limit :first",
            {**seen.params, "state": RecommendationState.OPEN.value, "account": account_id, "first": first},
        )
        found = await info.context.loaders.many(stored.Recommendation, [str(row["id"]) for row in rows])
        return [Recommendation.of(record) for record in found]

    @costs(100)
    @strawberry.field
    async def rule_records(self, info: Info) -> list[RuleRecord]:
        """The records of the live rules that recommend something, in the whole tenant, as of today."""
        actor = info.context.actor
        book = await rulebooks.active_book(actor)
        priors = {rule.key: rule.likelihood for rule in book.rules if rule.advice}
        found = await arbitration.records(actor, priors, today())
        return [RuleRecord.of(key, record) for key, record in found.items()]

    @strawberry.field
    async def levers(self, info: Info) -> list[Lever]:
        """What managers want more or less of, by action and segment; those set to nothing, too."""
        rows = await stored.Lever.filter(tenant_id=info.context.actor.tenant_id).order_by("action", "segment")
        return [Lever.of(row) for row in rows]

    @strawberry.field
    async def arbitration_limits(self, info: Info) -> ArbitrationLimits:
        """How much an account of the tenant is offered."""
        return ArbitrationLimits.of(await access.Tenant.get(id=info.context.actor.tenant_id))
