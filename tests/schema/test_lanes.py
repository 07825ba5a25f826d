"""Whoever asks much waits for others who do, in turns, and whoever asks little does not wait."""

from __future__ import annotations

import asyncio
import time

import pytest

from schema.core import lanes
from schema.core.lanes import LARGE, MEDIUM, Lanes
from schema.core.pace import Pace


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of a large operation is free with the next turn of the loop."""
    monkeypatch.setattr(lanes, "LONGEST_REST", 0)


class Running:
    """Operations in lanes, each of which ends when it is let go."""

    def __init__(self, most: int) -> None:
        self.lanes = Lanes(most)
        self.began: list[str] = []
        self.at: dict[str, float] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, points: int) -> None:
        """Ask for something as the actor whose name is the first letter."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._run(name, points))
        await asyncio.sleep(0)

    async def _run(self, name: str, points: int) -> None:
        async with self.lanes.lane(name[0], points):
            self.began.append(name)
            self.at[name] = time.monotonic()
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_large_ones_leave_room_and_small_ones_pass() -> None:
    run = Running(2)
    for name in ("a1", "a2", "a3"):
        await run.ask(name, LARGE)
    await run.ask("b1", MEDIUM)
    await run.ask("b2", MEDIUM)
    await run.ask("c1", MEDIUM - 1)
    assert run.began == ["a1", "b1", "c1"]
    await run.end("b1")
    assert run.began == ["a1", "b1", "c1", "b2"]
    await run.end("a1")
    assert run.began[-1] == "a2"


async def test_after_a_large_one_its_place_stays_free_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "REST", 1_000_000)
    monkeypatch.setattr(lanes, "LONGEST_REST", 0.1)
    run = Running(2)
    for name, points in (("a1", LARGE), ("a2", LARGE), ("b1", MEDIUM), ("b2", MEDIUM)):
        await run.ask(name, points)
    began = time.monotonic()
    await run.end("a1")
    assert run.began == ["a1", "b1", "b2"]  # which do not wait for that
    await run.end("b1")
    await asyncio.sleep(0.3)
    assert run.began[-1] == "a2"
    assert run.at["a2"] - began >= 0.09


async def test_actors_take_turns_however_much_one_of_them_asks() -> None:
    run = Running(2)
    for number in range(5):
        await run.ask(f"a{number}", LARGE)
    await run.ask("b0", LARGE)
    await run.ask("b1", LARGE)
    for _ in range(5):
        await run.end(run.began[-1])
    assert run.began == ["a0", "a1", "b0", "a2", "b1", "a3"] or run.began == [
        "a0",
        "b0",
        "a1",
        "b1",
        "a2",
        "a3",
    ]


@pytest.mark.parametrize("is_waiting", [True, False])
async def test_whoever_gives_up_leaves_the_place_to_the_next(is_waiting: bool) -> None:
    run = Running(2)
    for name in ("a1", "a2", "a3"):
        await run.ask(name, LARGE)
    await run.give_up("a2" if is_waiting else "a1")
    assert run.began == (["a1"] if is_waiting else ["a1", "a2"])
    await run.end(run.began[-1])
    assert run.began[-1] == "a3"
    await run.end("a3")
    await run.ask("b1", LARGE)
    assert run.began[-1] == "b1"


async def test_much_work_is_done_in_parts_between_which_others_have_their_turn() -> None:
    pace, done, longest, last = Pace(5), 0, 0, 0

    async def work() -> None:
        nonlocal done
        if not pace.take():
            await pace.turn()
        time.sleep(0.001)  # noqa: ASYNC251 - that is what is measured
        done += 1

    async def watch() -> None:
        nonlocal longest, last
        while done < 200:
            await asyncio.sleep(0)
            longest, last = max(longest, done - last), done

    await asyncio.gather(watch(), *(work() for _ in range(200)))
    assert done == 200
    assert longest < 10  # what takes five milliseconds at least, and not all of it
