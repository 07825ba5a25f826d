"""The account plans and plays of one tenant of the world, with everything that belongs to them."""

from __future__ import annotations

from models.accounts import Account
from models.plan_records import Health, PlanJudgement, PlanRevision, RevisionState
from models.plans import (
    AcceptedRisk,
    AccountPlan,
    Aggregate,
    MeasureDirection,
    Objective,
    ObjectiveMeasure,
    ObjectiveStatus,
    PlanAction,
    PlanEntry,
    PlanEntryKind,
    PlanState,
)
from models.plays import Play, PlayRun, PlayRunState, PlayRunStep, PlayStep
from models.recommendations import Outcome, Recommendation
from tests.schema.reads.odd_values import INTEGERS, MONEY
from tests.schema.reads.records import Records

_NUMBERS = ("0", "1", "-2.5", "10000", "0.000001")
#: What is counted: the kind, the field that is added up, and which.
_MEASURES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("service", "monthly_recurring", {"state": {"eq": "ACTIVE"}}),
    ("deal", "amount", {"is_open": {"eq": True}, "name": {"contains": "é"}}),
    ("gone", "nothing", {}),
)


def furnish_plans(records: Records) -> None:
    """Plays, a plan of every second account, and plays that were started, for recommendations too."""
    made = _Plans(records)
    plays = [made.play(number) for number in range(3)]
    for account in records.accounts[::2]:
        made.plan(account, plays)
    advice = [each for each in records.world.of(Recommendation) if each.tenant_id == records.tenant.id]
    for each in advice[::3]:
        made.run(plays, each.account_id, each.deal_id, each.id, None)


class _Plans:
    def __init__(self, records: Records) -> None:
        self.world = records.world
        self.tenant = records.tenant
        self.people = sorted({*records.owners})
        self.steps: dict[str, list[PlayStep]] = {}

    def play(self, number: int) -> Play:
        world = self.world
        play = world.make(
            Play,
            tenant_id=self.tenant.id,
            key=f"play-{number}",
            name=world.text(),
            action=world.maybe("CALL"),
            active=world.pick((True, False)),
        )
        self.steps[play.id] = [
            world.make(
                PlayStep,
                tenant_id=self.tenant.id,
                play_id=play.id,
                position=position,
                text=world.text(500),
                due_after_days=world.pick((0, 7, 365)),
                removed_on=world.maybe(world.day(), 0.2),
            )
            for position in range(1, 4)
        ]
        return play

    def plan(self, account: Account, plays: list[Play]) -> None:
        world = self.world
        plan = world.make(
            AccountPlan,
            tenant_id=self.tenant.id,
            account_id=account.id,
            name=world.text(),
            first_on=world.day(),
            last_on=world.day(),
            vision=world.maybe(world.text(4000)),
            revenue_target_minor=world.maybe(world.pick(MONEY)),
            currency=self.tenant.currency,
            state=world.pick(list(PlanState)),
            submitted_on=world.maybe(world.day()),
            submitted_by_id=world.maybe(world.pick(self.people)),
            approved_on=world.maybe(world.day()),
            approved_by_id=world.maybe(world.pick(self.people)),
            returned_because=world.maybe(world.text(1000), 0.3),
            closed_on=world.maybe(world.day(), 0.3),
            closed_because=world.maybe(world.text(1000), 0.3),
            revisions_held=2,
            valid_from=world.day(),
        )
        part = {
            "tenant_id": self.tenant.id,
            "account_id": account.id,
            "account_plan_id": plan.id,
            "valid_from": world.day(),
        }
        for _ in range(2):
            world.make(
                PlanEntry,
                kind=world.pick(list(PlanEntryKind)),
                text=world.text(2000),
                position=world.pick(INTEGERS),
                removed_on=world.maybe(world.day(), 0.2),
                **part,
            )
            world.make(
                AcceptedRisk,
                what=world.text(500),
                because=world.text(1000),
                accepted_by_id=world.maybe(world.pick(self.people)),
                until_on=world.day(),
                removed_on=world.maybe(world.day(), 0.2),
                **part,
            )
        objectives = [self._objective(part) for _ in range(2)]
        actions = [
            world.make(
                PlanAction,
                title=world.text(300),
                owner_id=world.maybe(world.pick(self.people)),
                due_on=world.day(),
                done_on=world.maybe(world.day(), 0.3),
                objective_id=world.maybe(objectives[0].id),
                deal_id=None,
                play_id=world.maybe(world.pick(plays).id),
                removed_on=world.maybe(world.day(), 0.2),
                **part,
            )
            for _ in range(2)
        ]
        self._revisions(plan, objectives, actions)
        world.make(
            PlanJudgement,
            health=world.pick(list(Health)),
            objectives_behind=world.pick(INTEGERS),
            objectives=world.maybe(world.pick(INTEGERS)),
            objectives_without_action=world.maybe(world.pick(INTEGERS)),
            actions_overdue=world.maybe(world.pick(INTEGERS)),
            moved_on=world.maybe(world.day()),
            judged_on=world.day(),
            **part,
        )
        self.run(plays, account.id, None, None, world.maybe(actions[0].id))

    def _objective(self, part: dict[str, object]) -> Objective:
        world = self.world
        objective = world.make(
            Objective,
            title=world.text(300),
            due_on=world.day(),
            status=world.pick(list(ObjectiveStatus)),
            owner_id=world.maybe(world.pick(self.people)),
            removed_on=world.maybe(world.day(), 0.2),
            **part,
        )
        for kind, field, conditions in _MEASURES:
            counts = world.pick((True, False))
            world.make(
                ObjectiveMeasure,
                objective_id=objective.id,
                title=world.text(300),
                fact_kind=kind,
                aggregate=Aggregate.COUNT if counts else world.pick(list(Aggregate)[1:]),
                field=None if counts else field,
                conditions=conditions,
                direction=world.pick(list(MeasureDirection)),
                baseline=world.pick(_NUMBERS),
                target=world.pick(_NUMBERS),
                removed_on=world.maybe(world.day(), 0.2),
                **part,
            )
        return objective

    def _revisions(self, plan: AccountPlan, objectives: list[Objective], actions: list[PlanAction]) -> None:
        world = self.world
        for number in (1, 2):
            document: dict[str, object] = {
                "name": world.pick(("Plan", "{}", "null")),
                "first_on": plan.first_on.isoformat(),
                "last_on": plan.last_on.isoformat(),
                "vision": world.maybe('says "so" é'),
                "revenue_target": world.maybe("120000.50"),
                "currency": plan.currency,
                "entries": {},
                "objectives": {
                    each.id: {
                        "title": f"objective {number}",
                        "due_on": each.due_on.isoformat(),
                        "status": each.status,
                        "owner_id": each.owner_id,
                    }
                    for each in objectives
                },
                "measures": {
                    each.id: {
                        **{name: getattr(each, name) for name in ObjectiveMeasure.kept},
                        "title": "measure",
                    }
                    for each in world.of(ObjectiveMeasure)
                    if each.account_plan_id == plan.id
                },
                "actions": {
                    each.id: {
                        "title": f"action {number}",
                        "owner_id": each.owner_id,
                        "due_on": each.due_on.isoformat(),
                        "objective_id": each.objective_id,
                        "deal_id": None,
                        "play_id": each.play_id,
                    }
                    for each in actions
                },
                "accepted_risks": {},
            }
            world.make(
                PlanRevision,
                tenant_id=self.tenant.id,
                account_id=plan.account_id,
                account_plan_id=plan.id,
                number=number,
                state=world.pick(list(RevisionState)),
                submitted_on=world.day(),
                submitted_by_id=world.maybe(world.pick(self.people)),
                decided_on=world.maybe(world.day()),
                decided_by_id=world.maybe(world.pick(self.people)),
                decided_because=world.maybe(world.text(1000)),
                document=document,
            )

    def run(
        self,
        plays: list[Play],
        account_id: str,
        deal_id: str | None,
        recommendation_id: str | None,
        plan_action_id: str | None,
    ) -> None:
        world, play = self.world, self.world.pick(plays)
        run = world.make(
            PlayRun,
            tenant_id=self.tenant.id,
            play_id=play.id,
            account_id=account_id,
            deal_id=deal_id,
            recommendation_id=recommendation_id,
            plan_action_id=plan_action_id,
            started_by_id=world.maybe(world.pick(self.people)),
            started_on=world.day(),
            state=world.pick(list(PlayRunState)),
            ended_on=world.maybe(world.day()),
            outcome=world.maybe(world.pick(list(Outcome))),
        )
        for step in self.steps[play.id]:
            world.make(
                PlayRunStep,
                tenant_id=self.tenant.id,
                account_id=account_id,
                play_run_id=run.id,
                play_step_id=step.id,
                due_on=world.day(),
                done_on=world.maybe(world.day()),
                skipped_on=world.maybe(world.day(), 0.2),
                answered_by_id=world.maybe(world.pick(self.people)),
            )
