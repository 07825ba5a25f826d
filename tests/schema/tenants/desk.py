"""A tenant with every kind of record, and a desk in it: one of each that mutations and queries can name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from models.access import ApiKey, Delegation, Role, Scope, Team, Tenant, User
from models.accounts import Account
from models.base import Record, new_id, today
from models.bids import (
    Bid,
    BidApproval,
    BidDecision,
    BidDocument,
    BidMember,
    BidRound,
    BidState,
    DiscountLevel,
)
from models.catalog import Product
from models.competition import (
    Competitor,
    CompetitorName,
    CompetitorPosition,
    PositionRole,
    spelling_key,
)
from models.deals import (
    ContactRole,
    Deal,
    DealCompetitor,
    DealContact,
    DealKind,
    DealLine,
    ForecastCategory,
    Stage,
)
from models.forecast import CALLED, ForecastCall, ForecastSubmission, SubmissionState, week_of
from models.people import Contact
from models.pipelines import Pipeline, PipelineStage
from models.plan_records import Health, PlanJudgement, PlanRevision, RevisionState
from models.plans import (
    AcceptedRisk,
    AccountPlan,
    Objective,
    ObjectiveMeasure,
    PlanAction,
    PlanEntry,
    PlanEntryKind,
    PlanState,
)
from models.plays import Play, PlayRun, PlayRunStep, PlayStep
from models.rates import ExchangeRate
from models.recommendations import Answer, Lever, Outcome, Recommendation, RecommendationState, Risk
from models.revenue import Contract
from models.rulebooks import (
    AlarmKind,
    EngineAlarm,
    EvaluationRun,
    Rule,
    Rulebook,
    RulebookState,
    RunScope,
    RunState,
)
from models.signals import Signal, SignalKind
from models.stakeholders import Stakeholder
from models.trends import Trend, TrendKind
from models.whitespace import AccountPotential
from tests.schema.reads.judgements import furnish_tenant
from tests.schema.reads.merges import dismissal, merge
from tests.schema.reads.odd_values import MOMENTS
from tests.schema.reads.world import World
from tests.schema.tenants.secrets import digest, key_for

R = TypeVar("R", bound=Record)
#: Accounts of the tenant besides the one on the desk.
SIZE = 8
DAY = date(2026, 3, 2)
#: Forecasts are of the present week, of a period that began before it.
THIS_WEEK = week_of(today())
FIRST, LAST = THIS_WEEK - timedelta(days=30), THIS_WEEK + timedelta(days=60)
RULE: dict[str, object] = {
    "key": "desk-waits",
    "title": "A deal waits",
    "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}, "age_days": {"gt": 5}}}}],
    "then": [
        {"flag": {"risk": "STALLED_DEAL", "severity": "LOW", "exposure": "$d.amount"}},
        {"recommend": {"action": "CALL", "because": "{d.name} waits", "due_in_days": 7}},
    ],
}


@dataclass(frozen=True)
class Desk:
    """The ids of what is on the desk, all of it the director's or the tenant's."""

    tenant: str
    director: str
    assistant: str
    program: str
    parent: str
    account: str
    contact: str
    boss: str
    former: str
    contract: str
    deal: str
    pipeline: str
    next_stage: str
    other_pipeline: str
    other_stage: str
    product: str
    line: str
    part: str
    competitor: str
    recommendation: str
    done: str
    risk: str
    lever: str
    draft: str
    retired: str
    live: str
    alarm: str
    run: str
    key: str
    delegation: str
    forecast: str
    handed_in: str
    bid: str
    submitted: str
    document: str
    member: str
    approval: str
    plan: str
    waiting_plan: str
    entry: str
    objective: str
    measure: str
    action: str
    accepted_risk: str
    revision: str
    later_revision: str
    play: str
    play_run: str
    play_step: str
    signal: str
    trend: str
    rival: str
    other_rival: str
    position: str
    potential: str
    duplicate: str
    merge: str
    namesake: str
    dismissal: str

    def ids(self) -> list[str]:
        """All of them."""
        return [getattr(self, each.name) for each in fields(self)]


def furnished() -> tuple[World, Desk]:
    """The first of the tenants, not stored yet; the same each time."""
    world = World(Random("two tenants"))
    furnish_tenant(world, "a", SIZE)
    (tenant,) = world.of(Tenant)
    tenant.forecast_weekday, tenant.forecast_hour = 7, 24  # due when the week is over
    return world, _Making(world).desk()


class _Making:
    """Makes the desk, and those people whom the tenant lacks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.users = {name.partition(" ")[0]: user for name, user in world.users.items()}
        self.director = self.users["director"]
        self.tenant_id = self.director.tenant_id

    def make(self, model: type[R], **values: object) -> R:
        """One more record of the tenant."""
        return self.world.make(model, tenant_id=self.tenant_id, **values)

    def desk(self) -> Desk:
        """Everything."""
        self._people()
        parent = self._account("Above the desk")
        account = self._account("The desk's", parent_id=parent.id)
        contract = self.make(
            Contract, account_id=account.id, name="Access", starts_on=DAY, mrc_minor=5_00, currency="EUR"
        )
        contact = self.make(Contact, account_id=account.id, name="Ada")
        first, second = self._pipeline("Desk", Stage.IDENTIFIED, Stage.QUALIFIED)
        (other,) = self._pipeline("Beside", Stage.IDENTIFIED)
        deal = self._deal(
            account, self.director, contract_id=contract.id, pipeline_id=first.pipeline_id,
            pipeline_stage_id=first.id,
        )  # fmt: skip
        self.make(ExchangeRate, currency="NOK", held_on=DAY, rate="0.085")
        product = self.make(Product, name="Fibre", family="Access", list_price_minor=10_00, currency="EUR")
        line = self.make(
            DealLine, deal_id=deal.id, product_id=product.id, mrc_minor=9_00, term_months=12, currency="EUR"
        )
        part = self.make(DealContact, deal_id=deal.id, contact_id=contact.id)
        competitor = self.make(DealCompetitor, deal_id=deal.id, name="Rival", currency="EUR")
        for each in (parent, account):  # which the neighbour sees by them and does not answer for
            self._deal(each, self.users["neighbour"])
        recommendation = self._recommendation(deal)
        done = self._recommendation(deal, state=RecommendationState.DONE, outcome=Outcome.UNKNOWN)
        self.make(
            Answer, recommendation_id=done.id, account_id=account.id, rule_key=done.rule_key,
            action=done.action, state=RecommendationState.DONE, outcome=Outcome.UNKNOWN, answered_on=DAY,
        )  # fmt: skip
        bid = self._bid(deal, BidState.PREPARING)
        retired, live, draft = [
            self._rulebook(number, state)
            for number, state in enumerate(
                (RulebookState.RETIRED, RulebookState.ACTIVE, RulebookState.DRAFT), start=1
            )
        ]
        run = self.make(
            EvaluationRun, actor_id=self.director.id, as_of=DAY, state=RunState.COMPLETE,
            scope=RunScope.WHOLE, rulebook_version="desk/2",
        )  # fmt: skip
        again, namesake = [self._account("The desk's, again") for _ in range(2)]
        return Desk(
            tenant=self.tenant_id,
            director=self.director.id,
            assistant=self.users["temp"].id,
            program=self.users["integration"].id,
            parent=parent.id,
            account=account.id,
            contact=contact.id,
            boss=self._boss(account),
            former=self.make(Contact, account_id=parent.id, name="Barbara", left_on=DAY).id,
            contract=contract.id,
            deal=deal.id,
            pipeline=first.pipeline_id,
            next_stage=second.id,
            other_pipeline=other.pipeline_id,
            other_stage=other.id,
            product=product.id,
            line=line.id,
            part=part.id,
            competitor=competitor.id,
            recommendation=recommendation.id,
            done=done.id,
            risk=self._risk(deal).id,
            lever=self.make(Lever, action="CALL", segment="", percent=20, reason="more calls").id,
            draft=draft.id,
            retired=retired.id,
            live=live.id,
            alarm=self._alarm(live, run, account).id,
            run=run.id,
            key=self._keys(),
            delegation=self._delegation("director", ended=False).id,
            forecast=self._forecast(LAST, SubmissionState.DRAFT),
            handed_in=self._forecast(LAST + timedelta(days=1), SubmissionState.SUBMITTED),
            bid=bid.id,
            submitted=self._bid(deal, BidState.SUBMITTED).id,
            document=self.make(BidDocument, bid_id=bid.id, title="Call", url="https://a.example/call").id,
            member=self.make(BidMember, bid_id=bid.id, user_id=self.director.id, duty="leads").id,
            approval=self._approval(self._bid(deal, BidState.PREPARING)),
            **self._competition(account),
            **self._plan(account, deal),
            **self._play(account, deal),
            potential=self._potential(account).id,
            duplicate=again.id,
            namesake=namesake.id,
            dismissal=dismissal(self.world, account, namesake, removed_on=None).id,
            merge=merge(self.world, account, undone=False).id,
        )

    def _competition(self, account: Account) -> dict[str, str]:
        """What is going on at the account, and who else is there."""
        of = {"account_id": account.id, "observed_on": DAY}
        rival = self._rival("A rival of the desk")
        return {
            "signal": self.make(Signal, kind=SignalKind.MERGER, summary="It merges", **of).id,
            "trend": self.make(Trend, kind=TrendKind.MERGER, title="It merges", **of).id,
            "rival": rival.id,
            "other_rival": self._rival("Another rival of the desk").id,
            "position": self.make(
                CompetitorPosition, competitor_id=rival.id, product_family="WAN",
                role=PositionRole.INCUMBENT, currency="EUR", **of,
            ).id,
        }  # fmt: skip

    def _rival(self, name: str) -> Competitor:
        rival = self.make(Competitor, name=name)
        self.make(CompetitorName, competitor_id=rival.id, name=name, key=spelling_key(name))
        return rival

    def _boss(self, account: Account) -> str:
        """Somebody with a part in the buying centre."""
        boss = self.make(Contact, account_id=account.id, name="Grace")
        self.make(Stakeholder, account_id=account.id, contact_id=boss.id, role=ContactRole.APPROVER)
        self.make(Contact, account_id=account.id, name="Edsger", reports_to_id=boss.id)
        return boss.id

    def _potential(self, account: Account) -> AccountPotential:
        """What an account could pay for a family, beside another one."""
        self.make(Product, name="SIP", family="Voice", list_price_minor=10_00, currency="EUR")
        return self.make(
            AccountPotential, account_id=account.id, product_family="Voice", mrc_minor=5_00, currency="EUR",
            because="they said so", set_on=DAY, valid_from=DAY,
        )  # fmt: skip

    def _people(self) -> None:
        """A manager beside the team of the director, and two more assistants."""
        top = next(each for each in self.world.of(Team) if each.parent_id is None)
        apart = self.make(Team, name="Apart", parent_id=top.id)
        for name, role, team in (
            ("rival", Role.MANAGER, apart),
            ("aide", Role.ASSISTANT, None),
            ("temp", Role.ASSISTANT, None),
        ):
            self.users[name] = self.world.users[f"{name} of a"] = self.make(
                User, name=name, email=f"{name}@a.example.com", role=role, team_id=team and team.id
            )
        self._delegation("deputy", ended=True)

    def _delegation(self, principal: str, *, ended: bool) -> Delegation:
        return self.make(
            Delegation,
            assistant_id=self.users["aide"].id,
            principal_id=self.users[principal].id,
            ended_at=MOMENTS[0] if ended else None,
        )

    def _account(self, name: str, **values: object) -> Account:
        return self.make(
            Account, name=name, owner_id=self.director.id, currency="EUR", valid_from=DAY, **values
        )

    def _deal(self, account: Account, owner: User, **values: object) -> Deal:
        return self.make(
            Deal, account_id=account.id, owner_id=owner.id, name="Cloud", amount_minor=1_000_00,
            currency="EUR", valid_from=DAY, stage=Stage.IDENTIFIED, stage_since=DAY, **values,
        )  # fmt: skip

    def _pipeline(self, name: str, *stages: Stage) -> list[PipelineStage]:
        pipeline = self.make(Pipeline, name=name, kinds=[kind.value for kind in DealKind], default_for=[])
        return [
            self.make(
                PipelineStage, pipeline_id=pipeline.id, name=stage.title(), position=position, stage=stage,
                forecast_category=ForecastCategory.PIPELINE, probability=20, required=[],
            )
            for position, stage in enumerate(stages, 1)
        ]  # fmt: skip

    def _verdict(self, deal: Deal) -> dict[str, object]:
        return {
            "account_id": deal.account_id, "deal_id": deal.id, "rule_key": "desk-waits",
            "rulebook_version": "desk/2", "title": "A deal waits", "held_since": DAY, "last_seen_on": DAY,
            "opened_run_id": new_id("run"), "changed_run_id": new_id("run"), "currency": "EUR",
            "subject_key": lambda new: f"{deal.id}|{new}",
        }  # fmt: skip

    def _recommendation(self, deal: Deal, **values: object) -> Recommendation:
        return self.make(
            Recommendation, action="CALL", because="it waits", due_on=DAY, likelihood=0.5, urgency=0.5,
            value_minor=1_000_00, priority=250.0, **self._verdict(deal), **values,
        )  # fmt: skip

    def _risk(self, deal: Deal) -> Risk:
        return self.make(
            Risk, kind="STALLED_DEAL", severity="LOW", exposure_minor=1_000_00, probability=0.5,
            **self._verdict(deal),
        )  # fmt: skip

    def _forecast(self, last: date, state: SubmissionState) -> str:
        made = self.make(
            ForecastSubmission, user_id=self.director.id, team_id=self.director.team_id, week=THIS_WEEK,
            first_on=FIRST, last_on=last, state=state, currency="EUR",
            submitted_at=None if state is SubmissionState.DRAFT else MOMENTS[0],
        )  # fmt: skip
        for category in CALLED:
            self.make(
                ForecastCall, submission_id=made.id, category=category, draft_minor=5_00, currency="EUR"
            )
        return made.id

    def _bid(self, deal: Deal, state: BidState) -> Bid:
        return self.make(
            Bid, deal_id=deal.id, name="Backbone", due_on=LAST, state=state, decision=BidDecision.GO
        )

    def _approval(self, bid: Bid) -> str:
        """What waits for the word of an administrator."""
        bid.rounds_held = 1
        held = self.make(
            BidRound, bid_id=bid.id, number=1, held_on=DAY, listed_minor=10_00, offered_minor=1_00,
            currency="EUR",
        )  # fmt: skip
        level = self.make(DiscountLevel, up_to_percent=95, role=Role.ADMIN, below_floor=True)
        return self.make(
            BidApproval, bid_id=bid.id, round_id=held.id, level_id=level.id, discount=90_00,
            requested_by_id=self.director.id,
        ).id  # fmt: skip

    def _plan(self, account: Account, deal: Deal) -> dict[str, str]:
        """A plan that is being written, and one that waits for approval, which was handed in twice."""
        plan = self.make(
            AccountPlan, account_id=account.id, name="2040", first_on=date(2040, 1, 1),
            last_on=date(2040, 12, 31), currency="EUR", valid_from=DAY,
        )  # fmt: skip
        part = {"account_id": account.id, "account_plan_id": plan.id, "valid_from": DAY}
        objective = self.make(Objective, title="Grow", due_on=date(2040, 6, 30), **part)
        measure = self.make(
            ObjectiveMeasure, objective_id=objective.id, title="deals", fact_kind="deal", aggregate="COUNT",
            conditions={}, direction="AT_LEAST", baseline="0", target="3", **part,
        )  # fmt: skip
        waiting = self.make(
            AccountPlan, account_id=account.id, name="2041", first_on=date(2041, 1, 1),
            last_on=date(2041, 12, 31), currency="EUR", valid_from=DAY, state=PlanState.SUBMITTED,
            submitted_on=DAY, submitted_by_id=self.director.id, revisions_held=2,
        )  # fmt: skip
        self.make(PlanJudgement, health=Health.NOT_BEGUN, objectives_behind=0, judged_on=DAY, **part)
        first, second = (self._revision(waiting, number) for number in (1, 2))
        return {
            "plan": plan.id,
            "waiting_plan": waiting.id,
            "entry": self.make(
                PlanEntry, kind=PlanEntryKind.THREAT, text="Rival", position=1, **part
            ).id,
            "objective": objective.id,
            "measure": measure.id,
            "action": self.make(
                PlanAction, title="Call", due_on=date(2040, 3, 1), deal_id=deal.id,
                objective_id=objective.id, owner_id=self.director.id, **part,
            ).id,
            "accepted_risk": self.make(
                AcceptedRisk, what="Rival", because="dear", until_on=date(2040, 12, 31), **part
            ).id,
            "revision": first.id,
            "later_revision": second.id,
        }  # fmt: skip

    def _revision(self, plan: AccountPlan, number: int) -> PlanRevision:
        document: dict[str, object] = {
            "name": f"{plan.name}, {number}", "first_on": "2041-01-01", "last_on": "2041-12-31",
            "vision": None, "revenue_target": None, "currency": "EUR",
            "entries": {"pent_rival": {"kind": "THREAT", "text": f"Rival, {number}", "position": 1}},
            **{name: {} for name in ("objectives", "measures", "actions", "accepted_risks")},
        }  # fmt: skip
        returned = number == 1
        return self.make(
            PlanRevision, account_id=plan.account_id, account_plan_id=plan.id, number=number,
            state=RevisionState.RETURNED if returned else RevisionState.SUBMITTED, submitted_on=DAY,
            decided_on=DAY if returned else None, document=document,
        )  # fmt: skip

    def _play(self, account: Account, deal: Deal) -> dict[str, str]:
        """A play that was started for a deal."""
        play = self.make(Play, key="desk-play", name="Desk play")
        step = self.make(PlayStep, play_id=play.id, position=1, text="Call", due_after_days=7)
        run = self.make(
            PlayRun, play_id=play.id, account_id=account.id, deal_id=deal.id, started_on=DAY,
            started_by_id=self.director.id,
        )  # fmt: skip
        taken = self.make(
            PlayRunStep, play_run_id=run.id, play_step_id=step.id, account_id=account.id, due_on=LAST
        )
        return {"play": play.id, "play_run": run.id, "play_step": taken.id}

    def _rulebook(self, number: int, state: RulebookState) -> Rulebook:
        moment = None if state is RulebookState.DRAFT else MOMENTS[number]
        book = self.make(Rulebook, name="desk", number=number, state=state, activated_at=moment)
        self.make(Rule, rulebook_id=book.id, key=RULE["key"], title=RULE["title"], document=RULE)
        return book

    def _alarm(self, live: Rulebook, run: EvaluationRun, account: Account) -> EngineAlarm:
        (rule,) = (each for each in self.world.of(Rule) if each.rulebook_id == live.id)
        return self.make(
            EngineAlarm, rule_id=rule.id, run_id=run.id, account_id=account.id, kind=AlarmKind.DIFFERED,
            as_of=DAY,
        )  # fmt: skip

    def _keys(self) -> str:
        """A key for each scope, and one for all, which is on the desk."""
        wanted = {str(scope): [str(scope)] for scope in Scope} | {"": [*map(str, Scope)]}
        made = [
            self.make(
                ApiKey,
                user_id=self.users["integration"].id,
                name=f"for {name}",
                hint=key_for("a", name)[-4:],
                digest=digest(key_for("a", name)),
                scopes=scopes,
                expires_at=MOMENTS[5],
            )
            for name, scopes in wanted.items()
        ]
        return made[-1].id
