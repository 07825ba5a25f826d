"""Nothing that became known later is in what was known on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.forecasting.choice import METHODS, forecast
from metrics.forecasting.history import Dated, DealHistory, History, Outcome, Track, dated
from metrics.forecasting.methods import Method, TooLittleHistory
from tests.metrics.forecasting.worlds import BEGIN, day, deal

ORIGIN, LENGTH = 200, 28


def _dated(values: st.SearchStrategy[object], begin: int, end: int) -> st.SearchStrategy[Dated[object]]:
    days = st.integers(begin, end)
    return st.builds(
        lambda value, on, late: Dated(value, day(on), day(on + late)),
        values,
        days,
        st.sampled_from([0, 0, 0, 30]),
    )


def _deals(begin: int, end: int, prefix: str) -> st.SearchStrategy[DealHistory]:
    def track(values: st.SearchStrategy[object], most: int) -> st.SearchStrategy[tuple[Dated[object], ...]]:
        return st.lists(_dated(values, begin, end), max_size=most).map(tuple)

    return st.builds(
        DealHistory,
        id=st.integers(0, 10**9).map(lambda number: f"{prefix}{number}"),
        created_on=st.integers(begin, end).map(day),
        known_on=st.integers(begin, end).map(day),
        stages=track(st.sampled_from(["QUALIFIED", "PROPOSED"]), 3),
        amounts=track(st.one_of(st.none(), st.integers(0, 10**6)), 2),
        expected_closes=track(st.one_of(st.none(), st.integers(0, 500).map(day)), 3),
        owners=track(st.sampled_from([None, "Ada", "Bo"]), 2),
        endings=track(st.sampled_from([Outcome.WON, Outcome.LOST, None]), 2),
        list_minor=st.one_of(st.none(), st.integers(0, 10**6)),
    )


def _unique(deals: list[DealHistory]) -> History:
    return History(tuple({deal.id: deal for deal in deals}.values()))


EARLY = st.lists(_deals(0, ORIGIN + 60, "a"), min_size=5, max_size=25).map(_unique)
LATER = st.lists(_deals(ORIGIN + 1, ORIGIN + 90, "b"), max_size=10)
AFTER = _dated(st.sampled_from(["QUALIFIED", "PROPOSED"]), ORIGIN + 1, ORIGIN + 60)


def _altered(history: History, later: list[DealHistory], stage: Dated[object], outcome: Outcome) -> History:
    """The same until the day, and something else of every deal after it."""
    changed = []
    for one in history.deals:
        known = one.known_at(day(ORIGIN))
        if known is None:
            continue
        ending: Dated[Outcome | None] = dated(outcome, day(ORIGIN + 3))
        worth: Dated[int | None] = dated(7, day(ORIGIN + 1))
        assert isinstance(stage.value, str)
        entered = Dated(stage.value, stage.on, stage.known_on)
        changed.append(
            replace(
                known,
                stages=(*known.stages, entered),
                endings=(*known.endings, ending),
                amounts=(*known.amounts, worth),
            )
        )
    return History((*changed, *later))


def _says(method: Method, history: History) -> float | str:
    try:
        return method.forecast(history.known_at(day(ORIGIN)), LENGTH)
    except TooLittleHistory as refused:
        return str(refused)


@settings(max_examples=60, deadline=None)
@given(EARLY, LATER, AFTER, st.sampled_from(Outcome))
def test_what_comes_later_changes_no_forecast(
    history: History, later: list[DealHistory], stage: Dated[object], outcome: Outcome
) -> None:
    other = _altered(history, later, stage, outcome)
    assert history.known_at(day(ORIGIN)).deals == other.known_at(day(ORIGIN)).deals
    for method in METHODS:
        assert _says(method, history) == _says(method, other)
    assert _chosen(history) == _chosen(other)


def _chosen(history: History) -> object:
    try:
        return forecast(history.known_at(day(ORIGIN)), LENGTH)
    except TooLittleHistory as refused:
        return str(refused)


@settings(max_examples=60, deadline=None)
@given(EARLY, st.integers(0, 250), st.integers(0, 250))
def test_cutting_twice_is_cutting_at_the_earlier_day(history: History, one: int, other: int) -> None:
    earlier, later = sorted((day(one), day(other)))
    assert history.known_at(later).known_at(earlier).deals == history.known_at(earlier).deals


def test_what_is_known_on_a_day_says_nothing_of_a_later_one() -> None:
    known = History((deal("a", 0, 100, won=10),)).known_at(day(5))
    assert [one.id for one in known.open] == ["a"]
    with pytest.raises(ValueError, match="not known"):
        known.known_at(day(6))


def test_a_win_that_was_recorded_late_is_open_until_then() -> None:
    late: Track[Outcome | None] = (Dated(Outcome.WON, day(10), day(15)),)
    history = History((replace(deal("a", 0, 100), endings=late),))
    assert history.known_at(day(14)).won_minor(BEGIN, day(14)) == 0
    assert history.known_at(day(15)).won_minor(day(9), day(10)) == 100


def test_a_deal_that_is_reopened_is_open_again() -> None:
    endings: Track[Outcome | None] = (dated(Outcome.LOST, day(5)), dated(None, day(8)))
    history = History((replace(deal("a", 0, 100), endings=endings),))
    assert [bool(history.known_at(day(on)).open) for on in (4, 5, 8)] == [True, False, True]


def test_a_deal_says_what_it_is_worth_and_how_often_it_was_pushed() -> None:
    expected: tuple[date, ...] = (day(30), day(60), day(50), day(90))
    pushed = replace(
        deal("a", 0, 100),
        amounts=(dated(None, day(0)),),
        list_minor=250,
        expected_closes=tuple(dated(on, day(index)) for index, on in enumerate(expected)),
        activities=(dated("CALL", day(3)),),
    )
    assert (pushed.worth_minor, pushed.pushes, pushed.expected_close) == (250, 2, day(90))
    assert pushed.last_touched_on == BEGIN + timedelta(3)
