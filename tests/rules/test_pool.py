"""What goes wrong in a worker costs that worker and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from models.database import is_unreachable
from models.errors import EngineStopped, WorkersUnavailable
from rules.build import build_book
from rules.engine import answers
from rules.engine.answers import Garbled, Judged
from rules.engine.pool import EnginePool
from rules.reference import Facts, Match, canonical_facts, evaluate
from rules.tree import Book

WRONG = (sys.executable, "-m", "tests.rules.wrong_worker")
FAULTY = (sys.executable, "-m", "tests.rules.faulty_worker")
GARBLING = (sys.executable, "-m", "tests.rules.garbling_worker")


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


def _quarantined(pool: EnginePool) -> list[str]:
    return [rule.key for rule in pool.quarantined]


def _children() -> set[str]:
    """Processes that this one has started and that still run."""
    lists = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {pid for children in lists for pid in children.read_text().split()}


def _joining(key: str, *kinds: str, **where: object) -> dict[str, object]:
    """A rule that matches each combination of facts of these kinds; the last of them meets ``where``."""
    patterns: list[dict[str, dict[str, object]]] = [{kind: {"as": kind[0]}} for kind in kinds]
    patterns[-1][kinds[-1]]["where"] = where
    return {**_document(key), "when": patterns}


def _crowd(**counts: int) -> Facts:
    """So many facts of each kind; the deals alone have an age."""
    facts: Facts = {kind: [{"id": f"{kind}{n}"} for n in range(count)] for kind, count in counts.items()}
    for age, deal in enumerate(facts.get("deal", ())):
        deal["age_days"] = age
    return facts


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
        assert _quarantined(pool) == ["faulty"]
    assert all(verdict.error is None and len(verdict.matches) == 2 for verdict in judged.values())


async def test_an_account_that_ends_every_worker_fails_alone_with_its_reason() -> None:
    async with EnginePool(2, 10.0, FAULTY) as pool:
        judged = await pool.judge(_book("sound"), _accounts(120, bad="always"))
        assert not pool.quarantined
    assert [account for account, verdict in judged.items() if verdict.error] == ["bad"]
    assert "died" in str(judged["bad"].error)
    assert all(len(judged[f"a{n}"].matches) == 1 for n in range(120))


async def test_a_rule_that_hangs_is_ended_after_the_time_limit() -> None:
    async with EnginePool(1, 0.5, FAULTY) as pool:
        started = time.monotonic()
        judged = await pool.judge(_book("sound", "faulty"), _accounts(1, bad="hang"))
        assert time.monotonic() - started < 20
        assert _quarantined(pool) == ["faulty"]
    assert len(judged["bad"].matches) == 2


async def test_a_caller_that_gives_up_leaves_no_stale_answer_behind() -> None:
    async with EnginePool(1, 10.0) as pool:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.judge(_book("old"), _accounts(5_000)), 0.05)
        judged = await pool.judge(_book("old"), {"one": {"deal": [{"id": "only", "age_days": 91}]}})
    assert [match.facts for match in judged["one"].matches] == [(("d", "only"),)]


async def test_rules_that_match_too_often_for_the_engine_are_judged_by_the_reference_evaluator() -> None:
    many = [_document(f"more-{number}") for number in range(70)]
    book = build_book("test/1", [_joining("pairs", "deal", "ticket"), _document("old"), *many])
    accounts = {"crowd": _crowd(deal=100, ticket=60), "few": _crowd(deal=95, ticket=2), "one": _crowd(deal=1)}
    async with EnginePool(1, 60.0) as pool:
        judged = await pool.judge(book, accounts, check=["crowd"])
        again = await pool.judge(book, accounts)
        assert not pool.quarantined
    for account, facts in accounts.items():
        assert judged[account].error is None
        assert judged[account].differing == ()
        assert set(judged[account].matches) == evaluate(book.rules, canonical_facts(facts))
        assert again[account] == judged[account]


async def test_the_other_rules_of_such_an_account_stay_with_the_engine() -> None:
    book = build_book("test/1", [_joining("pairs", "deal", "ticket"), _document("misjudged")])
    async with EnginePool(1, 60.0, WRONG) as pool:
        judged = (await pool.judge(book, {"crowd": _crowd(deal=100, ticket=60)}))["crowd"]
    assert {match.rule for match in judged.matches} == {"pairs"}
    assert len(judged.matches) == 6_000


async def test_rules_that_only_together_match_too_often_stay_with_the_engine() -> None:
    many = [_document(f"more-{number}") for number in range(30)]
    book = build_book("test/1", [_document("misjudged"), *many])
    async with EnginePool(1, 60.0, WRONG) as pool:
        judged = (await pool.judge(book, {"crowd": _crowd(deal=391)}))["crowd"]
    assert judged.error is None
    assert len(judged.matches) == 30 * 300
    assert "misjudged" not in {match.rule for match in judged.matches}


#: What takes longer than any account may: too many pairs, too many combinations of a few, and looking for
#: an absence too often. ``old`` is in each book and is not the one that does it.
ENDLESS = {
    "pairs": (
        _joining("endless", "deal", "ticket", age_days={"gt": "$d.age_days"}),
        _crowd(deal=9_000, ticket=9_000),
    ),
    "combinations": (
        _joining("endless", "deal", "ticket", "signal", age_days={"gt": "$d.age_days"}),
        _crowd(deal=400, ticket=400, signal=400),
    ),
    "absence": (
        {
            **_document("endless"),
            "when": [
                {"deal": {"as": "d"}},
                {"none": {"ticket": {"where": {"age_days": {"gt": "$d.age_days"}}}}},
            ],
        },
        _crowd(deal=9_000, ticket=9_000),
    ),
}


@pytest.mark.parametrize("way", ENDLESS)
async def test_an_account_that_takes_even_the_reference_evaluator_too_long_fails_alone(way: str) -> None:
    endless, crowd = ENDLESS[way]
    book = build_book("test/1", [_document("old"), endless])
    async with EnginePool(1, 3.0) as pool:
        before = pool.worker_pids()
        judged = await pool.judge(book, {"crowd": crowd, **_accounts(2)}, check=["crowd"])
        assert pool.worker_pids() == before
        assert not pool.quarantined
    assert "'endless' takes the reference evaluator longer than 0.6 seconds" in str(judged["crowd"].error)
    for account, facts in _accounts(2).items():
        assert set(judged[account].matches) == evaluate(book.rules, canonical_facts(facts))


async def test_many_such_accounts_in_a_batch_end_no_worker() -> None:
    endless, crowd = ENDLESS["combinations"]
    book = build_book("test/1", [endless])
    async with EnginePool(1, 2.0) as pool:
        before = pool.worker_pids()
        judged = await pool.judge(book, {f"crowd{n}": crowd for n in range(8)})
        assert pool.worker_pids() == before
    assert all("longer than 0.4 seconds" in str(verdict.error) for verdict in judged.values())


async def test_more_matches_of_one_account_than_a_server_can_tell_are_an_error_of_that_account() -> None:
    book = build_book("test/1", [_document("old"), _joining("pairs", "deal", "ticket")])
    async with EnginePool(1, 60.0) as pool:
        judged = await pool.judge(book, {"crowd": _crowd(deal=240, ticket=240), **_accounts(1)})
    assert "match more than 50,000 times on this account, 'pairs' most often" in str(judged["crowd"].error)
    assert judged["a0"].error is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0{{{",
        b"null",
        b"7",
        b"[]",
        b"[null, null]",
        b"[1, 2]",
        b"[[], []]",
        b"[{}, {}]",
        b'[{"matches": [], "differing": []}]',
        b'[{"error": null}, null]',
        b'[{"error": "e", "matches": []}, null]',
        b'[{"matches": 1, "differing": []}, null]',
        b'[{"matches": [], "differing": "old"}, null]',
        b'[{"matches": [], "differing": ["strange"]}, null]',
        b'[{"matches": [], "differing": [[]]}, null]',
        b'[{"matches": [["old"]], "differing": []}, null]',
        b'[{"matches": [["old", 1]], "differing": []}, null]',
        b'[{"matches": [["old", [["d", 1]]]], "differing": []}, null]',
        b'[{"matches": [["old", [["e", "a"]]]], "differing": []}, null]',
        b'[{"matches": [["old", []]], "differing": []}, null]',
        b'[{"matches": [["strange", [["d", "a"]]]], "differing": []}, null]',
        b'[{"matches": [[["old"], [["d", "a"]]]], "differing": []}, null]',
    ],
)
def test_what_is_no_answer_on_two_accounts_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        answers.read(body, _book("old"), 2)


def test_an_answer_is_read_as_it_was_written() -> None:
    written = [Judged((Match("old", (("d", "deal-1"),)),), ("old",)), Judged(error="too much"), None]
    assert answers.read(answers.write(written), _book("old"), 3) == written


@pytest.mark.parametrize("answer", ["{{{", "[]", "[{}]"])
async def test_a_worker_that_answers_nonsense_is_replaced_as_one_that_died(answer: str) -> None:
    async with EnginePool(1, 10.0, (*GARBLING, answer)) as pool:
        judged = await pool.judge(_book("sound", "faulty"), _accounts(5, bad="garble"))
        assert _quarantined(pool) == ["faulty"]
    assert all(verdict.error is None and len(verdict.matches) == 2 for verdict in judged.values())


async def test_workers_that_cannot_be_started_are_told_apart_from_a_missing_database() -> None:
    with pytest.raises(WorkersUnavailable, match=r"cannot be started: .*No such file") as caught:
        await EnginePool(2, 10.0, ("/no/such/program",)).start()
    assert not is_unreachable(caught.value)


async def test_workers_that_end_before_they_are_ready_are_told_and_none_is_left() -> None:
    before = _children()
    with pytest.raises(WorkersUnavailable, match="cannot be started: the worker process died") as caught:
        await EnginePool(2, 10.0, (sys.executable, "-c", "")).start()
    assert not is_unreachable(caught.value)
    assert _children() == before


async def test_a_lost_worker_that_cannot_be_started_again_is_told_and_no_rule_is_blamed(
    tmp_path: Path,
) -> None:
    program = tmp_path / "worker"
    program.write_text(f"#!/bin/sh\nexec {' '.join(FAULTY)}\n")
    program.chmod(0o755)
    async with EnginePool(1, 10.0, (str(program),)) as pool:
        program.unlink()
        with pytest.raises(WorkersUnavailable) as caught:
            await pool.judge(_book("faulty"), _accounts(1, bad="crash"))
        assert not is_unreachable(caught.value)
        assert not pool.quarantined


async def test_the_same_rule_of_another_book_is_quarantined_and_another_rule_of_the_same_name_is_not() -> (
    None
):
    faulty = _document("faulty")
    mine = build_book("mine/1", [faulty])
    yours = build_book("mine/1", [{**faulty, "title": "of another tenant"}])
    later = build_book("mine/2", [_document("sound"), faulty])
    async with EnginePool(1, 10.0, FAULTY) as pool:
        await pool.judge(mine, _accounts(1, bad="crash"))
        assert pool.quarantined.keys() == {mine.rules[0]}
        before = pool.worker_pids()
        await pool.judge(later, _accounts(1, bad="crash"))
        assert pool.worker_pids() == before
        await pool.judge(yours, _accounts(1, bad="crash"))
        assert pool.quarantined.keys() == {mine.rules[0], yours.rules[0]}


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


async def test_stopping_ends_work_under_way_at_once_and_no_worker_outlives_it() -> None:
    before = _children()
    pool = EnginePool(2, 30.0, FAULTY)
    await pool.start()
    accounts = _accounts(500, bad="hang")
    judging = [asyncio.create_task(pool.judge(_book("faulty"), accounts)) for _ in range(3)]
    await asyncio.sleep(0.5)
    started = time.monotonic()
    await pool.stop()
    assert _children() == before
    for work in judging:
        with pytest.raises(EngineStopped, match="rule workers are stopped"):
            await work
    assert time.monotonic() - started < 20  # and not what the batch may take
    assert not pool.quarantined
    assert _children() == before


@pytest.mark.parametrize("pause", [0, 0.001, 0.003, 0.01, 0.05])
async def test_stopping_while_a_worker_is_being_started_leaves_none(pause: float) -> None:
    before = _children()
    pool = EnginePool(1, 30.0, FAULTY)
    await pool.start()
    os.kill(pool.worker_pids()[0], signal.SIGKILL)
    judging = asyncio.create_task(pool.judge(_book("faulty"), _accounts(1, bad="hang")))
    await asyncio.sleep(pause)
    await pool.stop()
    assert _children() == before
    with pytest.raises(EngineStopped) as caught:
        await judging
    assert not is_unreachable(caught.value)
    assert _children() == before


@pytest.mark.parametrize("pause", [0, 0.003, 0.05])
async def test_stopping_while_the_pool_is_being_started_leaves_nothing_running(pause: float) -> None:
    before = _children()
    pool = EnginePool(2, 30.0)
    starting = asyncio.create_task(pool.start())
    await asyncio.sleep(pause)
    await pool.stop()
    with pytest.raises(EngineStopped):
        await starting
    assert _children() == before


async def test_a_pool_that_does_not_run_refuses_to_judge() -> None:
    pool = EnginePool(1, 10.0)
    with pytest.raises(EngineStopped, match="rule workers are not started"):
        await asyncio.wait_for(pool.judge(_book("old"), _accounts(1)), 5)
    await pool.start()
    await pool.stop()
    with pytest.raises(EngineStopped, match="rule workers are stopped"):
        await pool.judge(_book("old"), _accounts(1))
    await pool.stop()
    async with pool:
        assert (await pool.judge(_book("old"), _accounts(1)))["a0"].error is None
