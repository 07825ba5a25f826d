"""What rules have said in one tenant of the world: rulebooks, runs, verdicts and all that hangs on them."""

from __future__ import annotations

from random import Random

from pydantic import TypeAdapter

from commands.backtests import Report
from metrics.outcomes import OutcomeKind
from models.base import new_id, today
from models.events import Dimension, EventState, Movement, PopulationEvent
from models.recommendations import (
    Lever,
)
from models.rulebooks import (
    AlarmKind,
    Backtest,
    BacktestState,
    EngineAlarm,
    EvaluationRun,
    Judgement,
    PendingJudgement,
    Rule,
    Rulebook,
    RulebookState,
    RunScope,
    RunState,
    Step,
)
from rules.backtest import AtDate, Score, Share
from tests.schema.reads.bids import furnish_bids
from tests.schema.reads.forecasts import furnish_forecasts
from tests.schema.reads.merges import furnish_merges
from tests.schema.reads.odd_values import FLOATS, INTEGERS, MONEY, NAMES, OWED, TEXTS
from tests.schema.reads.people import furnish_people
from tests.schema.reads.plans import furnish_plans
from tests.schema.reads.records import COUNTRIES, SEGMENTS, Records
from tests.schema.reads.signing_in import signing_in
from tests.schema.reads.trends import furnish_trends
from tests.schema.reads.verdicts import Verdicts
from tests.schema.reads.whitespace import furnish_whitespace
from tests.schema.reads.world import World, teams_and_users

RULES: tuple[dict[str, object], ...] = (
    {
        "key": "stalled-deal",
        "title": 'A deal is „open“ for long 🦊 "really"',
        "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}, "age_days": {"gt": 90}}}}],
        "then": [
            {"flag": {"risk": "STALLED_DEAL", "severity": "MEDIUM", "exposure": "$d.amount"}},
            {"recommend": {"action": "REQUALIFY", "because": "{d.name} waits \\ é", "due_in_days": 7}},
        ],
        "subject": ["d"],
        "urgency": 0.30000000000000004,
    },
    {
        "key": "usage-falling",
        "title": "Usage falls",
        "when": [{"account": {"as": "a", "where": {"usage_change_90d": {"lte": -1e-07}}}}],
        "then": [
            {
                "flag": {
                    "risk": "CHURN",
                    "severity": "HIGH",
                    "exposure": "$a.annual_value",
                    "probability": 1.0,
                }
            },
            {"recommend": {"action": "REVIEW_USAGE", "because": "usage falls", "due_in_days": 1}},
        ],
        "urgency": 1e-05,
    },
)
CASES = [
    {"name": "short é", "rule": "stalled-deal", "facts": {"deal": [{"is_open": True, "age_days": 91}]}},
    {"name": "usage", "rule": "usage-falling", "facts": {"account": [{"usage_change_90d": -1e-07}]}},
]


def furnish() -> World:
    """The whole world, not stored yet."""
    world = World(Random("reads"))
    for name, size in (("a", 14), ("b", 4)):
        furnish_tenant(world, name, size)
    return world


def furnish_tenant(world: World, name: str, size: int) -> None:
    """One more tenant with everything, of so many accounts."""
    tenant, staff = teams_and_users(world, name)
    records = Records(world, tenant, staff, size)
    furnish_forecasts(records)
    furnish_bids(records)
    furnish_people(records)
    furnish_trends(records)
    _Judgements(records, [user.id for user in staff]).everything(size)
    furnish_plans(records)
    furnish_merges(records)
    furnish_whitespace(records)
    signing_in(world, staff)


class _Judgements:
    """Judges the records of one tenant, as odd as can be."""

    def __init__(self, records: Records, staff: list[str]) -> None:
        self.records = records
        self.world = records.world
        self.tenant_id = records.tenant.id
        self.currency = records.tenant.currency
        self.staff = staff

    def everything(self, size: int) -> None:
        """Make it all, what is referred to first."""
        many = self.records.many
        self.books = [self._rulebook(*each) for each in (("starter", 1), ("starter", 2), ('own "é"', 1))]
        self.rules = [self._rule(book, document) for book in self.books for document in RULES]
        self.runs = many(8, self._run)
        Verdicts(self.records, size)
        for measure, movement in (("account.overdue", Movement.ROSE), ("account.gone", Movement.FELL)):
            for dimension in Dimension:
                self._event(measure, movement, dimension)
        many(4, self._alarm)
        many(6, self._backtest)
        for action, segment in (("", SEGMENTS[0]), ("REQUALIFY", ""), (TEXTS[0], SEGMENTS[2])):
            self._lever(action, segment)
        self._pending()

    def _rulebook(self, name: str, number: int) -> Rulebook:
        world, live = self.world, (name, number) == ("starter", 2)
        return world.make(
            Rulebook,
            tenant_id=self.tenant_id,
            name=name,
            number=number,
            description=world.maybe(world.text()),
            cases=world.maybe(CASES) if not live else CASES,
            text=world.maybe("rules: []\n", 0.3),
            state=RulebookState.ACTIVE if live else world.pick((RulebookState.DRAFT, RulebookState.RETIRED)),
            activated_at=world.moment() if live else world.maybe(world.moment()),
            activated_by_id=world.maybe(world.pick(self.staff)),
            reason=world.maybe(world.text(500)),
        )

    def _rule(self, book: Rulebook, document: dict[str, object]) -> Rule:
        key = document["key"]
        return self.world.make(
            Rule,
            tenant_id=self.tenant_id,
            rulebook_id=book.id,
            key=key,
            title=document["title"],
            document=document,
        )

    def _run(self) -> EvaluationRun:
        world = self.world
        counts = ("accounts", "candidates", "judged", "matched", "opened", "refreshed", "lapsed", "reopened")
        account = world.pick(self.records.accounts).id
        return world.make(
            EvaluationRun,
            tenant_id=self.tenant_id,
            actor_id=world.maybe(world.pick(self.staff), 0.8),
            as_of=world.day(),
            state=world.pick(list(RunState)),
            scope=world.pick(list(RunScope)),
            rulebook_version=world.pick(("", "starter/2", 'own "é"/1')),
            account_ids=world.maybe([account]),
            unchanged=world.pick(INTEGERS),
            events_opened=world.pick(INTEGERS),
            looked_back=world.pick(INTEGERS),
            **{name: world.pick(INTEGERS) for name in counts},
            flagged={
                key: {"count": 3, "exposure_minor": world.pick(OWED)} for key in ("z", "usage-falling", "é")
            },
            failures=[{"account": account, "reason": world.pick(TEXTS)}] * world.pick((0, 1, 2)),
            disagreements=[world.pick(TEXTS) for _ in range(world.pick((0, 2)))],
            seconds=world.maybe(world.pick(FLOATS)),
            stages=world.maybe(
                {name: world.pick(FLOATS) for name in ("settle", "gather", "judge", "events")}
            ),
            finished_at=world.maybe(world.moment()),
        )

    def _event(self, measure: str, direction: Movement, dimension: Dimension) -> PopulationEvent:
        world = self.world
        parts = {
            Dimension.TENANT: ("",),
            Dimension.SEGMENT: SEGMENTS,
            Dimension.COUNTRY: COUNTRIES,
            Dimension.REGION: TEXTS[:4],
            Dimension.INDUSTRY: NAMES,
        }
        return world.make(
            PopulationEvent,
            tenant_id=self.tenant_id,
            measure=measure,
            direction=direction,
            dimension=dimension,
            part=world.pick(parts[dimension]),
            state=world.pick(list(EventState)),
            title=world.text(300),
            started_on=world.day(),
            compared_on=world.day(),
            last_seen_on=world.day(),
            lapsed_on=world.maybe(world.day()),
            reopened_count=world.pick(INTEGERS),
            accounts=world.pick(INTEGERS),
            population=world.pick(INTEGERS),
            usual_share=world.pick(FLOATS),
            exposure_minor=world.pick(MONEY),
            currency=self.currency,
            opened_run_id=new_id("run"),
            changed_run_id=new_id("run"),
        )

    def _alarm(self) -> EngineAlarm:
        world = self.world
        resolved = world.maybe(world.moment(), 0.5)
        return world.make(
            EngineAlarm,
            tenant_id=self.tenant_id,
            rule_id=world.pick(self.rules).id,
            run_id=world.maybe(world.pick(self.runs).id),
            account_id=world.maybe(world.pick(self.records.accounts).id),
            kind=world.pick(list(AlarmKind)),
            as_of=world.day(),
            resolved_at=resolved,
            resolved_by_id=world.pick(self.staff) if resolved else None,
        )

    def _backtest(self) -> Backtest:
        world = self.world
        state = world.pick((BacktestState.COMPLETE, *BacktestState))
        return world.make(
            Backtest,
            tenant_id=self.tenant_id,
            actor_id=world.maybe(world.pick(self.staff), 0.9),
            rulebook_id=world.maybe(world.pick(self.books).id),
            name=world.pick(("starter", 'own "é"')),
            documents=list(RULES),
            from_on=world.day(),
            until_on=world.day(),
            step=world.pick(list(Step)),
            horizon_days=90,
            known_until=world.day(),
            state=state,
            done=world.pick(INTEGERS),
            total=world.pick(INTEGERS),
            report=report(world) if state is BacktestState.COMPLETE else None,
            failure=TEXTS[3] if state is BacktestState.FAILED else None,
            finished_at=world.maybe(world.moment()),
        )

    def _lever(self, action: str, segment: str) -> Lever:
        world = self.world
        return world.make(
            Lever,
            tenant_id=self.tenant_id,
            action=action,
            segment=segment,
            percent=world.pick((-100, 0, 55)),
            reason=world.text(500),
            set_by_id=world.maybe(world.pick(self.staff)),
        )

    def _pending(self) -> None:
        account_id = self.records.accounts[0].id
        shared = {"tenant_id": self.tenant_id, "account_id": account_id}
        self.world.make(PendingJudgement, **shared, touch="x")
        self.world.make(Judgement, **shared, run_id=self.runs[0].id, as_of=today())


def report(world: World) -> object:
    """The report of a backtest, as it is stored."""
    share = Share(1, 3, 1 / 3, 1e-07, 1.0)
    none = Share(0, 0, None, None, None)
    dates = tuple(AtDate(world.day(), world.pick((True, False)), 3, 1, 9) for _ in range(2))
    scores = [
        Score(
            rule_key=key,
            outcome=outcome,
            precision=share,
            recall=none,
            base_rate=share,
            lift=world.maybe(0.1 + 0.2),
            lift_low=world.maybe(0.5),
            lift_high=world.maybe(1.2e-05),
            units_flagged=3,
            events=2,
            caught=1,
            undecided=0,
            lead_days=world.maybe((1.0, 2.5, 90.0)),
            value_minor=world.pick(MONEY),
            value_caught_minor=world.pick(MONEY),
            share_flagged=world.pick((0.0, 1 / 3, 1.0)),
            dates=dates,
        )
        for key, outcome in (("stalled-deal", OutcomeKind.DEAL_LOST), ("é", OutcomeKind.CHURNED))
    ]
    whole = Report(tuple(each.as_of for each in dates), 90, dates[0].as_of, 5, 0, tuple(scores))
    return TypeAdapter(Report).dump_python(whole, mode="json")
