"""The forecasts of one tenant of the world: quotas, what was called and adjusted, and frozen pipelines."""

from __future__ import annotations

from datetime import date, timedelta

from models.access import Team
from models.deals import DealKind, ForecastCategory, Stage
from models.forecast import (
    CALLED,
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    Measure,
    PipelineSnapshot,
    Quota,
    SnapshotDeal,
    SubmissionState,
)
from tests.schema.reads.odd_values import DAYS, INTEGERS, MONEY, OWED, SHARES
from tests.schema.reads.records import Records

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
WEEKS = (date(2026, 3, 2), date(2026, 3, 9))


def furnish_forecasts(records: Records) -> None:
    """Everything of a quarter and two weeks in it."""
    world, tenant = records.world, records.tenant
    shared = {"tenant_id": tenant.id, "currency": tenant.currency}
    period = {"first_on": FIRST, "last_on": LAST}
    people = sorted({*records.owners})
    teams = [team.id for team in world.of(Team) if team.tenant_id == tenant.id]
    for number, subject in enumerate([*people, *teams]):
        whose = {"team_id": subject} if subject in teams else {"user_id": subject}
        measure = list(Measure)[number % len(Measure)]
        target = world.pick(MONEY if measure.is_money else INTEGERS)
        world.make(Quota, measure=measure, target=target, **whose, **shared, **period)
        world.make(
            ForecastAdjustment,
            week=WEEKS[0],
            category=world.pick(CALLED),
            amount_minor=world.pick(OWED),
            reason=world.text(500),
            made_by_id=world.pick(people),
            **whose,
            **shared,
            **period,
        )
    for user_id in people:
        for week in WEEKS:
            state = world.pick(list(SubmissionState))
            submission = world.make(
                ForecastSubmission,
                user_id=user_id,
                week=week,
                state=state,
                submitted_at=None if state is SubmissionState.DRAFT else world.moment(),
                is_late=world.pick((True, False)),
                won_minor=world.pick(MONEY),
                comment=world.maybe(world.text(500)),
                reopened_because=world.maybe(world.text(500), 0.3),
                **shared,
                **period,
            )
            for category in CALLED:
                world.make(
                    ForecastCall,
                    submission_id=submission.id,
                    category=category,
                    amount_minor=world.maybe(world.pick(MONEY)),
                    single_minor=world.pick(MONEY),
                    comment=world.maybe(world.text(500)),
                    **shared,
                )
    for number in range(2):
        _snapshot(records, DAYS[0] + timedelta(weeks=number))


def _snapshot(records: Records, day: date) -> None:
    world, tenant = records.world, records.tenant
    shared = {"tenant_id": tenant.id, "currency": tenant.currency}
    deals = records.deals[::2]
    snapshot = world.make(
        PipelineSnapshot, as_of=day, deals=len(deals), amount_minor=7, digest="0" * 64, **shared
    )
    for deal in deals:
        world.make(
            SnapshotDeal,
            pipeline_snapshot_id=snapshot.id,
            deal_id=deal.id,
            account_id=deal.account_id,
            owner_id=deal.owner_id,
            kind=world.pick(list(DealKind)),
            stage=world.pick(list(Stage)),
            forecast_category=world.pick(list(ForecastCategory)),
            probability=world.pick(SHARES),
            amount_minor=world.pick(OWED),
            close_on=world.maybe(world.day()),
            **shared,
        )
