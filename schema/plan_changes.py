"""What is told of a plan whose health changed."""

from __future__ import annotations

from datetime import date

import strawberry

from metrics.plan_changes import HealthChange
from models import plans as stored
from models.plan_records import Health
from rules import plan_health
from schema.core.cost import costs
from schema.core.stored import column
from schema.plan_health import PlanHealth
from schema.plans import AccountPlan


@strawberry.type
class AccountPlanHealthChange:
    """The health of a plan changed; where it did several times before it was told, the last of them."""

    record: strawberry.Private[stored.AccountPlan]
    health_before: Health = column("How it stood before; NOT_BEGUN of one that had never been judged.")
    health_after: Health = column("How it stands.")
    judged_on: date = column("The day as of which it was judged so.")
    plan: AccountPlan = column("The plan as it is when this is sent.")

    @costs(20)
    @strawberry.field
    async def health(self) -> PlanHealth:
        """How it stands as of that day and why, by what is known when this is sent."""
        found = await plan_health.judged(self.record.tenant_id, [self.record], self.judged_on)
        return PlanHealth.of(found[self.record.id], self.record.currency)

    @classmethod
    def of(cls, plan: stored.AccountPlan, change: HealthChange) -> AccountPlanHealthChange:
        """The object that tells of it."""
        return cls(
            record=plan,
            health_before=change.before,
            health_after=change.after,
            judged_on=change.on,
            plan=AccountPlan.of(plan),
        )
