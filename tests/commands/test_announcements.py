"""Announcements within a process: whoever follows is told what concerns them, in order, in bounds."""

from __future__ import annotations

import pytest

from commands.announcements import AT_ONCE, Event, Happened, InProcess, Interest, Topic
from models.errors import TooSlow

WHOLE = Interest("ten_1", Topic.RISK)


def happened(record: str, what: Happened = Happened.OPENED, account: str = "acc_1") -> Event:
    return Event("ten_1", Topic.RISK, account, record, what)


async def test_what_waits_for_a_record_is_put_together_and_nothing_else_is_lost() -> None:
    here = InProcess()
    async with (
        here.follow(WHOLE, 3) as all_of_it,
        here.follow(Interest("ten_1", Topic.RISK, "acc_2"), 3) as part,
    ):
        await here.publish([happened("a"), happened("b", account="acc_2"), happened("a", Happened.LAPSED)])
        await here.publish([Event("ten_2", Topic.RISK, "acc_2", "d", Happened.OPENED)])
        await here.publish([Event("ten_1", Topic.RECOMMENDATION, "acc_2", "e", Happened.OPENED)])
        assert [(each.record_id, each.happened) for each in await anext(all_of_it)] == [
            ("a", Happened.LAPSED),
            ("b", Happened.OPENED),
        ]
        assert [each.record_id for each in await anext(part)] == ["b"]
        await here.publish([happened("c")])
        assert [each.record_id for each in await anext(all_of_it)] == ["c"]
        assert here.followers("ten_1") == 2
    assert not here.is_followed("ten_1")


async def test_a_follower_who_is_behind_is_told_so_and_holds_no_memory() -> None:
    here = InProcess()
    async with here.follow(WHOLE, 2 * AT_ONCE) as events:
        await here.publish(happened(str(number)) for number in range(2 * AT_ONCE))
        await here.publish(happened(str(number), Happened.LAPSED) for number in range(2 * AT_ONCE))
        assert len(await anext(events)) == AT_ONCE
        await here.publish(happened(f"another {number}") for number in range(AT_ONCE + 1))
        for _ in range(2):
            with pytest.raises(TooSlow, match="more than 200 events waited"):
                await anext(events)
