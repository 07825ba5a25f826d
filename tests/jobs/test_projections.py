"""Projections are made in a process beside the server; one that is killed is made again."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from commands import projections as commands
from commands.access import system_actor
from jobs import projections
from models import database
from models.base import today
from models.deals import Stage
from models.forecast import week_of
from models.projections import ForecastProjection
from tests import factories


async def test_a_process_that_is_killed_is_started_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sunday = week_of(today()) - timedelta(days=1)
    async with database.database(sqlite_url):
        tenant = await factories.tenant()
        account = await factories.account(await factories.user(tenant))
        await factories.deal(
            account, stage=Stage.WON, valid_from=sunday - timedelta(40), closed_on=sunday - timedelta(30)
        )
        ended = projections._ended

        async def killed(process: BaseProcess) -> None:
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
            await ended(process)

        with monkeypatch.context() as patch:
            patch.setattr(projections, "_ended", killed)
            assert not await projections.make_due(sqlite_url)
        assert not await ForecastProjection.exists()
        assert await commands.is_due(system_actor(tenant))
        assert await projections.make_due(sqlite_url)
        rows = await ForecastProjection.all()
        assert {row.subject_id for row in rows} == {tenant.id, account.owner_id}
        assert all(row.refused and row.known_on == sunday for row in rows)
        assert not await commands.is_due(system_actor(tenant))
        monkeypatch.setattr(projections, "make_beside", None)
        assert await projections.make_due(sqlite_url)  # nothing is due: no process is started


async def test_a_process_that_fails_says_what_may_be_told(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _: None)
        patch.setattr(signal, "signal", lambda *_: None)
        patch.setattr(projections, "_end_with_parent", lambda: None)
        with pytest.raises(SystemExit):
            await asyncio.to_thread(
                projections.run, f"sqlite://{tmp_path}/none/none.sqlite3", "tnt_secret", sender
            )
    told = receiver.recv()
    assert isinstance(told, str)
    assert "secret" not in told


async def test_the_server_goes_on_when_a_process_cannot_be_started(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def due(_: str) -> bool:
        if len(waited) == 1:
            raise OSError("no more processes")
        return True

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(projections, "make_due", due)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        await projections.keep_projecting(sqlite_url)
    assert waited == [
        projections.START_SECONDS,
        projections.PAUSE_SECONDS,
        projections.POLL_SECONDS,
        projections.POLL_SECONDS,
    ]
