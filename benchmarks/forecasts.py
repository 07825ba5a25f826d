"""Forecasts of a generated tenant that sells: twelve quarters, each in thirteen weeks, of 200 people.

The same day gives the same forecasts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tortoise.connection import get_connection

from benchmarks.portfolio import SEED, Rows, write
from models import database
from models.access import Role, Team, Tenant, User
from models.forecast import CALLED, WEEK, Period, period_before, quarter_of, week_of

PEOPLE, QUARTERS, WEEKS = 200, 12, 13

_SHARED = ("id", "version", "created_at", "updated_at", "tenant_id", "currency")
_OF = ("week", "first_on", "last_on")
COLUMNS: dict[str, tuple[str, ...]] = {
    "forecast_submission": (
        *_SHARED, *_OF, "user_id", "team_id", "state", "submitted_at", "is_late", "won_minor", "won_deals",
    ),
    "forecast_call": (
        *_SHARED, "submission_id", "category", "amount_minor", "deals", "single_minor", "cumulative_minor",
    ),
    "forecast_adjustment": (
        *_SHARED, *_OF, "user_id", "team_id", "made_by_id", "category", "amount_minor", "reason",
    ),
    "forecast_projection": (
        *_SHARED, *_OF, "user_id", "team_id", "subject_id", "made_at", "known_on", "won_minor",
        "expected_minor", "low_minor", "high_minor", "confidence", "windows",
    ),
}  # fmt: skip


async def forecast(url: str, day: date) -> None:
    """Have everybody of the tenant at ``url``, and as many more as are missing, forecast until ``day``."""
    await database.connect(url)
    try:
        tenant, teams = await Tenant.get(), await Team.all().order_by("id")
        leaves = [team for team in teams if team.id not in {each.parent_id for each in teams}]
        people = await User.filter(role=Role.DIRECTOR).order_by("id")
        for number in range(len(people), PEOPLE):
            people.append(
                await User.create(
                    id=User.make_id(), tenant_id=tenant.id, name=f"Seller {number}", role=Role.DIRECTOR,
                    email=f"seller{number}@example.com", team_id=leaves[number % len(leaves)].id,
                )
            )  # fmt: skip
        manager = await User.get(role=Role.ADMIN)
        await write(url, _batches(tenant, people, teams, manager, day), COLUMNS)
        if not database.is_sqlite():
            await get_connection("default").execute_script("vacuum analyze")
    finally:
        await database.disconnect()


def _batches(
    tenant: Tenant, people: list[User], teams: list[Team], manager: User, day: date
) -> Iterator[Rows]:
    period = period_before(quarter_of(day + timedelta(days=1)))
    for _ in range(QUARTERS):
        for number in range(WEEKS):
            yield _week(tenant, people, teams, manager, period, week_of(period.last) - number * WEEK)
        period = period_before(period)


def _week(
    tenant: Tenant, people: list[User], teams: list[Team], manager: User, period: Period, week: date
) -> Rows:
    rng, moment = random.Random(f"{SEED} {week}"), datetime.combine(week, time(9), UTC)
    shared = (1, moment, moment, tenant.id, "EUR")
    of, key = (week, period.first, period.last), f"{week:%y%m%d}"
    rows: Rows = {table: [] for table in COLUMNS}
    for user in people:
        made = f"fsub_{key}_{user.id[-12:]}"
        rows["forecast_submission"].append(
            (made, *shared, *of, user.id, user.team_id, "SUBMITTED", moment, False, 0, 0)
        )
        for category in CALLED:
            minor = rng.randrange(1_000_000_00)
            rows["forecast_call"].append(
                (f"{made}{category.value}", *shared, made, category.value, minor, 5, minor, minor)
            )
    for team in teams:
        rows["forecast_adjustment"].append(
            (
                f"fadj_{key}_{team.id[-12:]}", *shared, *of, None, team.id, manager.id, CALLED[0].value,
                rng.randrange(-100_000_00, 100_000_00), "as last time",
            )
        )  # fmt: skip
    for subject in (tenant, *teams, *people):
        low, expected, high = sorted(rng.randrange(1_000_000_00) for _ in range(3))
        rows["forecast_projection"].append(
            (
                f"proj_{key}_{subject.id[-12:]}", *shared, *of,
                subject.id if isinstance(subject, User) else None,
                subject.id if isinstance(subject, Team) else None,
                subject.id, moment, week - timedelta(days=1), 0, expected, low, high, 80, 8,
            )
        )  # fmt: skip
    return rows
