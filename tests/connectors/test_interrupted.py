"""An import that was killed is completed by running it again, to the state that one clean run gives."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from tortoise import Tortoise

from commands import journal
from connectors import import_folder
from models import database
from models.deals import Deal
from tests.connectors import source
from tests.connectors.source import imported, state, written

#: Processes begin with the program read already, which takes longer than what they do.
_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["cli", __name__])


def _many(folder: Path) -> Path:
    """Three batches of customers, each the child of the next one's first, and three of offers."""
    customers = "".join(
        f"C{n};Customer {n};{f'C{n + 1}' if n % 600 == 0 else ''};{n};\n" for n in range(1010)
    )
    offers = "".join(
        f"O{n};C{n};Fibre1G;{'yes;05.01.2026;06.02.2026' if n % 3 else 'open;05.01.2026;'};{n}\n"
        for n in range(1010)
    )
    return written(
        folder,
        "number;name;group;staff;overdue\n" + customers,
        "id;customer;product;state;opened;ended;amount\n" + offers,
    )


@pytest.mark.parametrize(
    ("step", "moment"), [("customers", "between batches"), ("offers", "in a transaction")]
)
async def test_an_import_that_was_killed_is_completed_by_the_next(
    db_url: str, tmp_path: Path, step: str, moment: str
) -> None:
    folder = _many(tmp_path)
    _import_and_kill(db_url, folder, step, moment)
    await database.connect(db_url)
    try:
        assert await Deal.all().count() == (0 if step == "customers" else 500)
        completed = await imported(folder)
        assert sum(counts.written for counts in completed.counts.values()) > 0
        after_kill = await state()
        await _empty()
        await imported(folder)
        assert after_kill == await state()
    finally:
        await database.disconnect()


def _import_and_kill(url: str, folder: Path, step: str, moment: str) -> None:
    ours, theirs = _READY.Pipe()
    process = _READY.Process(target=_import_until_killed, args=(theirs, url, folder, step, moment))
    process.start()
    assert ours.poll(60)
    assert ours.recv() == "half-way"
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _import_until_killed(told: Connection, url: str, folder: Path, step: str, moment: str) -> None:
    """Import until a step is half done, or into the next transaction, and wait to be killed."""

    def wait_for_death(*_: object) -> None:
        told.send("half-way")
        told.recv()

    def report(current: str, done: int, of: int) -> None:
        if current == step and done < of:
            if moment == "between batches":
                wait_for_death()
            journal.write_rows = wait_for_death  # type: ignore[assignment,attr-defined]

    async def imported_halfway() -> None:
        await database.connect(url)
        await import_folder(source.mapping(), folder, source.AS_OF, progress=report)

    asyncio.run(imported_halfway())


async def _empty() -> None:
    connection = Tortoise.get_connection("default")
    await connection.execute_query("update account set parent_id = null")
    tables = (
        "pending_judgement",
        "change",
        "stage_change",
        "deal_line",
        "deal",
        "account",
        "product",
        "audit_record",
        "tenant",
    )
    for table in tables:
        await connection.execute_query(f'delete from "{table}"')
