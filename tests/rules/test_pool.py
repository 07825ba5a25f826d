"""What goes wrong in a worker costs that worker and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

import pytest

from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.reference import Facts
from rules.tree import Book

FAULTY = (sys.executable, "-m", "tests.rules.faulty_worker")


def _document(key: str) -> dict[str, object]:
    return {
        "key": key,
        "title": key,
        "when": [{"deal": {"as": "d", "where": {"age_days": {"gt": 90}}}}],
        "then": [{"recommend": {"action": "LOOK", "because": "old"}}],
    }


def _book(*keys: str) -> Book:
    return build_book("test/1", [_document(key) for key in keys])


def _accounts(count: int, **special: str) -> dict[str, Facts]:
    accounts: dict[str, Facts] = {f"a{n}": {"deal": [{"id": f"d{n}", "age_days": 100}]} for n in range(count)}
    return accounts | {name: {"deal": [{"id": fact, "age_days": 100}]} for name, fact in special.items()}


async def test_workers_killed_in_the_middle_are_replaced_and_every_account_is_judged() -> None:
    accounts = _accounts(6_000)
    async with EnginePool(2, 10.0) as pool:
        before = pool.worker_pids()
        judging = asyncio.create_task(pool.judge(_book("old"), accounts))
        await asyncio.sleep(0.1)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        judged = await judging
        assert not set(before) & set(pool.worker_pids())
    assert all(len(judged[account].matches) == 1 for account in accounts)


async def test_a_rule_that_ends_workers_is_quarantined_and_judged_by_the_reference_evaluator() -> None:
    async with EnginePool(2, 10.0, FAULTY) as pool:
        judged = await pool.judge(_book("sound", "faulty"), _accounts(150, bad="crash"))
        assert pool.quarantined == {"test/1": {"faulty"}}
    assert all(verdict.error is None and len(verdict.matches) == 2 for verdict in judged.values())


async def test_an_account_that_ends_every_worker_fails_alone_with_its_reason() -> None:
    async with EnginePool(2, 10.0, FAULTY) as pool:
        judged = await pool.judge(_book("sound"), _accounts(120, bad="always"))
        assert pool.quarantined == {}
    assert [account for account, verdict in judged.items() if verdict.error] == ["bad"]
    assert "died" in str(judged["bad"].error)
    assert all(len(judged[f"a{n}"].matches) == 1 for n in range(120))


async def test_a_rule_that_hangs_is_ended_after_the_time_limit() -> None:
    async with EnginePool(1, 0.5, FAULTY) as pool:
        started = time.monotonic()
        judged = await pool.judge(_book("sound", "faulty"), _accounts(1, bad="hang"))
        assert time.monotonic() - started < 20
        assert pool.quarantined == {"test/1": {"faulty"}}
    assert len(judged["bad"].matches) == 2


async def test_a_caller_that_gives_up_leaves_no_stale_answer_behind() -> None:
    async with EnginePool(1, 10.0) as pool:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.judge(_book("old"), _accounts(5_000)), 0.05)
        judged = await pool.judge(_book("old"), {"one": {"deal": [{"id": "only", "age_days": 91}]}})
    assert [match.facts for match in judged["one"].matches] == [(("d", "only"),)]


async def test_too_many_matches_of_one_account_are_an_error_of_that_account() -> None:
    document = _document("pairs")
    document["when"] = [{"deal": {"as": "d"}}, {"ticket": {"as": "t"}}]
    crowd: Facts = {
        "deal": [{"id": f"d{n}"} for n in range(100)],
        "ticket": [{"id": f"t{n}"} for n in range(100)],
    }
    async with EnginePool(1, 30.0) as pool:
        judged = await pool.judge(build_book("test/1", [document]), {"crowd": crowd, "one": {"deal": []}})
    assert "more than 5,000 times" in str(judged["crowd"].error)
    assert judged["one"].error is None


async def test_stopping_ends_every_worker_process() -> None:
    pool = EnginePool(2, 10.0)
    await pool.start()
    pids = pool.worker_pids()
    await pool.judge(_book("old"), _accounts(10))
    await pool.stop()
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
