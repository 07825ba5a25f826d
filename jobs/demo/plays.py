"""The plays of the demo's operator, and two that were started: one goes on, one has worked."""

from __future__ import annotations

from datetime import date

from commands import plays
from commands.journal import unit_of_work
from jobs.demo.cast import Cast
from jobs.demo.draft import days_before
from models.base import as_on
from models.plays import Play, PlayRun, PlayRunState, PlayRunStep
from models.recommendations import Outcome
from rules.plays import library


async def set_plays(cast: Cast) -> None:
    """Have all ready plays, as they have been for a year."""
    with as_on(days_before(cast.today, 365)):
        async with unit_of_work(cast.admin, "plays.bring") as work:
            await plays.bring(work, library())


async def play(cast: Cast) -> None:
    """One play for a new sponsor that goes on, one for more usage that has brought deals."""
    await _played(cast, "sponsor-replacement", 4, 18, (15, 14))
    run = await _played(cast, "usage-led-expansion", 3, 60, (55, 49, 41, 26))
    ended = days_before(cast.today, 26)
    with as_on(ended):
        await plays.end(cast.director, run.id, PlayRunState.DONE, outcome=Outcome.WORKED, on=ended)


async def _played(cast: Cast, key: str, account: int, began: int, taken: tuple[int, ...]) -> PlayRun:
    """A play that was started so many days ago, and the days ago on which its first steps were taken."""
    named = await Play.get(tenant_id=cast.admin.tenant_id, key=key)
    account_id = (await cast.account(account)).id
    with as_on(days_before(cast.today, began)):
        run = await plays.start(cast.director, named.id, account_id)
    steps = await PlayRunStep.filter(play_run_id=run.id).order_by("due_on", "id")
    for step, days in zip(steps, taken, strict=False):
        await _taken(cast, step, days_before(cast.today, days))
    return run


async def _taken(cast: Cast, step: PlayRunStep, day: date) -> None:
    with as_on(day):
        await plays.answer_step(cast.director, step.id, on=day)
