"""Forecasts of past weeks as they are stored, written straight to the database, and what was won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from models.access import Team, Tenant, User
from models.base import Record
from models.deals import Deal, ForecastCategory, Stage
from models.forecast import (
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    Period,
    SubmissionState,
    week_of,
)
from models.projections import ForecastProjection
from tests import factories

COMMIT = ForecastCategory.COMMIT
_OF_USERS = (
    "id", "tenant_id", "name", "email", "role", "team_id", "manager_id", "active", "source", "external_id",
)  # fmt: skip


def week_before(period: Period, lead_days: int) -> date:
    """The Monday of the week that holds the day so many days before a period's last."""
    return week_of(period.last - timedelta(days=lead_days))


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def changed(user: User, **values: object) -> User:
    """A user as the source has them now."""
    user.update_from_dict(values)
    return User(**{name: getattr(user, name) for name in _OF_USERS})


@dataclass(frozen=True)
class Writer:
    """Writes forecasts at one lead time."""

    tenant: Tenant
    lead_days: int = 28

    async def hands_in(
        self,
        who: User,
        period: Period,
        called: int | None,
        deals: int = 0,
        *,
        on: date | None = None,
        state: SubmissionState = SubmissionState.SUBMITTED,
        week: date | None = None,
        category: ForecastCategory = COMMIT,
    ) -> ForecastSubmission:
        """What somebody called of a period, and what their deals came to; on the Wednesday of the week."""
        week = week or week_before(period, self.lead_days)
        made = await ForecastSubmission.create(
            id=ForecastSubmission.make_id(),
            tenant_id=self.tenant.id,
            user_id=who.id,
            team_id=who.team_id,
            week=week,
            first_on=period.first,
            last_on=period.last,
            state=state,
            submitted_at=None
            if state is SubmissionState.DRAFT
            else _moment(on or min(week + timedelta(days=2), period.last)),
            currency="EUR",
        )
        await ForecastCall.create(
            id=ForecastCall.make_id(),
            tenant_id=self.tenant.id,
            submission_id=made.id,
            category=category,
            draft_minor=7,
            amount_minor=called,
            cumulative_minor=deals,
            currency="EUR",
        )
        return made

    async def puts_on_top(
        self, manager: User, subject: Record, period: Period, minor: int, week: date | None = None
    ) -> None:
        """What a manager adds to the number of a user or a team."""
        is_user = isinstance(subject, User)
        await ForecastAdjustment.create(
            id=ForecastAdjustment.make_id(),
            tenant_id=self.tenant.id,
            made_by_id=manager.id,
            week=week or week_before(period, self.lead_days),
            first_on=period.first,
            last_on=period.last,
            category=COMMIT,
            amount_minor=minor,
            currency="EUR",
            reason="as last time",
            user_id=subject.id if is_user else None,
            team_id=None if is_user else subject.id,
        )

    async def projects(
        self,
        subject: Record,
        period: Period,
        low: int | None,
        expected: int | None,
        high: int | None,
        week: date | None = None,
        *,
        on: date | None = None,
    ) -> ForecastProjection:
        """What a model says of a period; without numbers, that it says nothing."""
        week = week or week_before(period, self.lead_days)
        return await ForecastProjection.create(
            id=ForecastProjection.make_id(),
            tenant_id=self.tenant.id,
            user_id=subject.id if isinstance(subject, User) else None,
            team_id=subject.id if isinstance(subject, Team) else None,
            subject_id=subject.id,
            week=week,
            first_on=period.first,
            last_on=period.last,
            made_at=_moment(on or week),
            known_on=week - timedelta(days=1),
            won_minor=None if expected is None else 0,
            expected_minor=expected,
            low_minor=low,
            high_minor=high,
            windows=None if expected is None else 8,
            refused="too little history" if expected is None else None,
            currency="EUR",
        )

    async def wins(self, who: User, on: date, minor: int) -> Deal:
        """A deal of somebody that was won on a day."""
        account = await factories.account(who, valid_from=None)
        return await factories.deal(
            account,
            amount_minor=minor,
            stage=Stage.WON,
            forecast_category=ForecastCategory.CLOSED,
            close_on=on,
            closed_on=on,
            valid_from=None,
            stage_since=on,
        )
