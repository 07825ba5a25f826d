"""Keeping every tenant's projections made: each week, and when they are asked for, in a process of its own.

To learn takes minutes of a processor and much memory, which the process gives back by ending. One that is
killed leaves what it has written, and is started again.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import structlog

from commands import projections
from commands.access import system_actor
from commands.projections import Made
from models import database, outages
from models.access import Tenant
from models.database import is_unreachable
from models.errors import BellwetherError

log = structlog.get_logger(__name__)

#: A server answers first, and learns later.
START_SECONDS = 30.0
#: How often it is looked whether any are due.
POLL_SECONDS = 15.0
#: After one that failed or was killed, no other is started for so long.
PAUSE_SECONDS = 600.0
#: It takes what others leave of the processors.
_NICE = 19


async def keep_projecting(database_url: str) -> None:
    """Make what is due, soon and from then on; what cannot be made now is tried again."""
    await asyncio.sleep(START_SECONDS)
    while True:
        try:
            made = await make_due(database_url)
        except Exception as error:
            made = False
            if is_unreachable(error):
                outages.noted(error)
            else:
                known = isinstance(error, BellwetherError)
                log.warning("projections could not be made", reason=outages.reason(error), exc_info=not known)
        await asyncio.sleep(POLL_SECONDS if made else PAUSE_SECONDS)


async def make_due(database_url: str) -> bool:
    """Make what is due of every tenant, each in a process of its own; False if one came to a bad end."""
    good = True
    for tenant in await Tenant.all().order_by("id"):
        if await projections.is_due(system_actor(tenant)):
            good = await make_beside(database_url, tenant.id) and good
    return good


async def make_beside(database_url: str, tenant_id: str) -> bool:
    """Make the projections of a tenant in a new process; whether it came to a good end."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=run, args=(database_url, tenant_id, sender), name="bellwether projections", daemon=True
    )
    process.start()
    sender.close()
    try:
        await _ended(process)
    except asyncio.CancelledError:
        process.terminate()
        await asyncio.to_thread(process.join)
        raise
    told = _told(receiver)
    if isinstance(told, Made):
        figures = {"week": told.week.isoformat(), "judged": told.judged, "projected": told.projected}
        log.info("projections made", tenant=tenant_id, **figures)
        return True
    log.warning("projections could not be made", tenant=tenant_id, reason=told, exit=process.exitcode)
    return False


def _told(receiver: Connection) -> object:
    """What the process said last; None of one that was killed."""
    with receiver:
        try:
            return receiver.recv() if receiver.poll() else None
        except EOFError:
            return None


async def _ended(process: BaseProcess) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()


def run(database_url: str, tenant_id: str, sender: Connection) -> None:
    """Make the projections of a tenant, in this process, with a connection of its own, and say what was made.

    Of a failure it says what the log of the server may tell, and no more.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the server, which ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICE)
    try:
        sender.send(asyncio.run(_run(database_url, tenant_id)))
    except Exception as error:
        sender.send(outages.reason(error))
        raise SystemExit(1) from error


async def _run(database_url: str, tenant_id: str) -> Made:
    await database.connect(database_url, connections=1)
    try:
        return await projections.make_wanted(system_actor(await Tenant.get(id=tenant_id)))
    finally:
        await database.disconnect()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(0)
