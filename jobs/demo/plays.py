"""The plays of the demo's operator, and two that were started: one goes on, one has worked."""

from __future__ import annotations

from datetime import date

from commands import plays
from commands.plays import Step
from jobs.demo.cast import Cast
from jobs.demo.draft import days_before
from models.base import as_on
from models.plays import Play, PlayRun, PlayRunState, PlayRunStep
from models.recommendations import Outcome

#: By the key that rules name them by: name, action, and steps with the days after which they are due.
_PLAYS: dict[str, tuple[str, str, tuple[tuple[str, int], ...]]] = {
    "sponsor-replacement": (
        "Replace a sponsor who has left",
        "FIND_SPONSOR",
        (
            ("Ask who decides now, and who is asked first", 5),
            ("Have our head of sales introduce us to the successor", 14),
            ("Agree with the successor on what is to be reached this year", 30),
        ),
    ),
    "usage-led-expansion": (
        "Offer more where more is used",
        "PROPOSE_EXPANSION",
        (
            ("Show their network team how their usage has grown", 7),
            ("Work out with them what next year needs", 21),
            ("Open a deal for it", 30),
        ),
    ),
    "plan-revival": (
        "Bring a plan back to life",
        "REVIVE_ACCOUNT_PLAN",
        (("Call the sponsor", 2), ("Agree on the next three steps", 10)),
    ),
    "trend-response": (
        "Answer a change at the customer",
        "DECIDE_COURSE_OF_ACTION",
        (("Ask three people there what it means for them", 5), ("Decide on a course, an owner and a day", 7)),
    ),
    "displacement": (
        "Replace a competitor whose contract ends",
        "CHALLENGE_COMPETITOR",
        (
            ("Learn what they pay, for what, and until when notice can be given", 14),
            ("Offer to move over site by site, at our cost", 45),
        ),
    ),
}


async def set_plays(cast: Cast) -> None:
    """Write the plays down, as they have been for a year."""
    with as_on(days_before(cast.today, 365)):
        for key, (name, action, steps) in _PLAYS.items():
            await plays.set_play(cast.admin, key, name, action, [Step(*step) for step in steps])


async def play(cast: Cast) -> None:
    """One play for a new sponsor that goes on, one for more usage that has brought deals."""
    await _played(cast, "sponsor-replacement", 4, 18, (14,))
    run = await _played(cast, "usage-led-expansion", 3, 60, (55, 41, 26))
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
