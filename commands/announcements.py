"""Telling whoever follows a tenant what was written, once it is committed: ids and a word, never content."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Protocol

from models.errors import TooSlow

#: So many events are handed out at once; those of a record that wait longer are still put together.
AT_ONCE = 100


class Topic(StrEnum):
    """What an event is about."""

    RECOMMENDATION = "RECOMMENDATION"
    RISK = "RISK"
    EVALUATION = "EVALUATION"
    PLAN = "PLAN"
    TREND = "TREND"
    PLAY_RUN = "PLAY_RUN"


class Happened(StrEnum):
    """What happened to a record that is followed; evaluation runs and the health of plans only move."""

    OPENED = "OPENED"
    REFRESHED = "REFRESHED"
    LAPSED = "LAPSED"
    REOPENED = "REOPENED"
    WOKEN = "WOKEN"
    ACCEPTED = "ACCEPTED"
    SNOOZED = "SNOOZED"
    DISMISSED = "DISMISSED"
    DONE = "DONE"
    OUTCOME_RECORDED = "OUTCOME_RECORDED"
    OFFERED = "OFFERED"
    WITHHELD = "WITHHELD"
    MOVED = "MOVED"


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody follows: a topic of a tenant, or the part of it that has to do with one id.

    That is the account of recommendations, risks, plans, trends and plays that were started, and of an
    evaluation the run itself.
    """

    tenant_id: str
    topic: Topic
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a record, which whoever is told reads anew; ``part`` is as in ``Interest``."""

    tenant_id: str
    topic: Topic
    part: str
    record_id: str
    happened: Happened


Batches = AsyncIterator[list[Event]]


class Announcements(Protocol):
    """The way from commands to whoever follows; between several processes it would lead through a broker."""

    def is_followed(self, tenant_id: str) -> bool:
        """Whether anybody may follow the tenant; where not, no events need to be made."""

    async def publish(self, events: Iterable[Event]) -> None:
        """Hand events to whoever follows them, in order; never fails, nor waits for anybody to read."""

    def follow(
        self, interest: Interest, most: int
    ) -> AbstractAsyncContextManager[AsyncIterator[list[Event]]]:
        """Events from now on, those together that wait; at most ``most`` of different records may wait.

        Raises:
            TooSlow: there were more, from the iterator; some are lost, and no others come.
        """


class InProcess:
    """Announcements within one process."""

    def __init__(self) -> None:
        self._followers: dict[Interest, set[_Waiting]] = {}
        self._tenants = Counter[str]()

    def is_followed(self, tenant_id: str) -> bool:
        return tenant_id in self._tenants

    def followers(self, tenant_id: str) -> int:
        """How many follow the tenant."""
        return self._tenants[tenant_id]

    async def publish(self, events: Iterable[Event]) -> None:
        for event in events:
            for part in (None, event.part):
                for waiting in self._followers.get(Interest(event.tenant_id, event.topic, part), ()):
                    waiting.put(event)

    @asynccontextmanager
    async def follow(self, interest: Interest, most: int) -> AsyncIterator[Batches]:
        waiting = _Waiting(most)
        self._followers.setdefault(interest, set()).add(waiting)
        self._tenants[interest.tenant_id] += 1
        try:
            yield waiting
        finally:
            self._leave(interest, waiting)

    def _leave(self, interest: Interest, waiting: _Waiting) -> None:
        self._followers[interest].discard(waiting)
        if not self._followers[interest]:
            del self._followers[interest]
        self._tenants[interest.tenant_id] -= 1
        if not self._tenants[interest.tenant_id]:
            del self._tenants[interest.tenant_id]


class _Waiting:
    """What waits for one follower, by record: of each the last event, in the place of its first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: dict[str, Event] = {}
        self._is_lost = False
        self._bell = asyncio.Event()

    def put(self, event: Event) -> None:
        if self._is_lost:
            return
        if len(self._events) >= self._most and event.record_id not in self._events:
            self._is_lost = True
            self._events.clear()
        else:
            self._events[event.record_id] = event
        self._bell.set()

    def __aiter__(self) -> Batches:
        return self

    async def __anext__(self) -> list[Event]:
        await self._bell.wait()
        if self._is_lost:
            raise TooSlow(f"more than {self._most:,} events waited; read what is so now, and follow anew")
        records = list(islice(self._events, AT_ONCE))
        found = [self._events.pop(record_id) for record_id in records]
        if not self._events:
            self._bell.clear()
        return found


#: What this process announces by.
ANNOUNCEMENTS: Announcements = InProcess()


#: What happened to records, by their ids: the topic, the part as in ``Interest``, and the word.
Told = dict[str, tuple[Topic, str, Happened]]


async def announce(tenant_id: str, told: Told) -> None:
    """Hand on what was committed, if anybody follows the tenant."""
    if told and ANNOUNCEMENTS.is_followed(tenant_id):
        await ANNOUNCEMENTS.publish(
            Event(tenant_id, topic, part, record_id, happened)
            for record_id, (topic, part, happened) in told.items()
        )
