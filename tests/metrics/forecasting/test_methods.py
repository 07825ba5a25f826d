"""Each method by hand on a small past: windows of ten days, seen from day 20."""

from __future__ import annotations

import pytest

from metrics.forecasting.history import History, Known
from metrics.forecasting.methods import (
    FadingLevel,
    LastWindow,
    OpenValue,
    SameWindowLastYear,
    TooLittleHistory,
    YearLevel,
)
from metrics.forecasting.pipeline import (
    Pipeline,
    Yield,
    age_curve,
    by_stage,
    by_stage_and_age,
    fading,
    mean_of_all,
    seasonal,
    stage_rates,
)
from tests.metrics.forecasting.worlds import day, deal

LENGTH = 10


def _known(*deals: object, on: int = 20) -> Known:
    return History(tuple(deals)).known_at(day(on))  # type: ignore[arg-type]


def test_open_value_counts_every_open_deal_at_the_win_rate() -> None:
    known = _known(
        deal("a", 0, 100, won=5),
        deal("b", 0, 100, lost=6),
        deal("c", 0, 400),
        deal("d", 3, 600),
        deal("e", 25, 900),
    )
    assert OpenValue().forecast(known, LENGTH) == 500
    with pytest.raises(TooLittleHistory):
        OpenValue().forecast(_known(deal("c", 0, 400)), LENGTH)


def test_the_last_window_is_repeated() -> None:
    known = _known(deal("a", 0, 1, won=10), deal("b", 0, 20, won=11), deal("c", 0, 300, won=20))
    assert LastWindow().forecast(known, LENGTH) == 320


def test_what_is_recorded_of_a_window_is_scaled_up_from_a_quarter_on() -> None:
    assert LastWindow().forecast(_known(deal("a", 0, 300, won=18)), LENGTH) == 1000
    with pytest.raises(TooLittleHistory, match="less than a quarter"):
        LastWindow().forecast(_known(deal("a", 0, 300, won=19)), LENGTH)


def test_the_level_of_the_year_is_all_that_is_recorded_of_it() -> None:
    known = _known(deal("a", 0, 100, won=1), deal("b", 0, 300, won=15))
    assert YearLevel().forecast(known, LENGTH) == 400 * 10 / 20


def test_a_fading_level_halves_each_window_before() -> None:
    known = _known(deal("a", 0, 100, won=1), deal("b", 0, 400, won=15))
    assert FadingLevel().forecast(known, LENGTH) == (400 + 100 / 2) / 1.5


def test_the_same_window_of_last_year_takes_half_of_the_growth() -> None:
    deals = [deal("first", 0, 100, won=2), deal("then", 0, 100, won=370), deal("growth", 0, 300, won=700)]
    known = _known(*deals, on=731)
    assert SameWindowLastYear().forecast(known, LENGTH) == 100 * (400 / 100) ** 0.5
    with pytest.raises(TooLittleHistory):
        SameWindowLastYear().forecast(_known(*deals, on=370), LENGTH)


def test_stage_rates_are_what_was_won_of_each_stage_and_new_business_comes_on_top() -> None:
    known = _known(
        deal("start", 0, 0, lost=1),
        deal("a", 0, 100, won=15, stage="LATE"),
        deal("b", 0, 300, stage="LATE"),
        deal("c", 0, 100, lost=19, stage="EARLY"),
        deal("new", 12, 50, won=18),
        deal("now", 19, 200, stage="LATE"),
    )
    # Of 400 in LATE on day 10, 100 were won until day 20; of EARLY nothing. Open now: 500 in LATE.
    assert stage_rates().forecast(known, LENGTH) == 500 / 4 + 50


def test_an_age_curve_tells_old_deals_from_young_ones() -> None:
    young = [deal("a", 35, 100, won=45), deal("b", 38, 100)]
    old = [deal("c", 0, 400), deal("d", 1, 0, lost=2)]
    now = [deal("e", 48, 1000)]
    # Of the 200 that were up to two weeks old on day 40, half was won; of older ones nothing.
    # On day 50 the other of the two, and one of 1,000, are as young.
    assert age_curve().forecast(_known(*young, *old, *now, on=50), LENGTH) == (100 + 1000) * 0.5
    assert age_curve().name == "age curve with new business"


def test_a_rate_of_few_is_drawn_to_the_usual_one() -> None:
    assert Yield(100, 100).rate(0.2, 100) == pytest.approx(0.6)
    assert Yield().rate(0.2, 100) == pytest.approx(0.2)
    assert Yield().rate(0.2, 0) == 0
    known = _known(
        deal("a", 0, 100, won=15, stage="LATE"), deal("b", 0, 100, stage="EARLY"), deal("c", 0, 0, lost=2)
    )
    # EARLY yielded nothing, all yielded a half; drawn by one window's worth of deals alike, a quarter.
    assert Pipeline("drawn", by_stage, 1, drawn=1.0).forecast(known, LENGTH) == pytest.approx(25)


def test_ages_double_from_three_weeks_on() -> None:
    ages = [by_stage_and_age(deal("a", 0, 1), day(on)) for on in (0, 20, 21, 62, 63)]
    assert ages == [("PROPOSED", age) for age in (1, 1, 2, 2, 3)]


def test_new_business_of_a_year_ago_counts_half() -> None:
    assert mean_of_all([10, 20], 365, 91) == 15
    assert fading([10, 40], 365, 91) == (10 + 40 / 2) / 1.5


def test_a_season_is_what_past_years_had_at_this_time() -> None:
    quarters = [10.0, 10.0, 10.0, 50.0] * 4  # the latest first: the next one is like the fourth
    assert seasonal(quarters, 91, 91) > 1.5 * fading(quarters, 91, 91)
    assert seasonal([10.0] * 16, 91, 91) == pytest.approx(10)


def test_nothing_is_said_of_a_pipeline_before_a_window_is_over() -> None:
    with pytest.raises(TooLittleHistory, match="from its beginning to its end"):
        stage_rates().forecast(_known(deal("a", 0, 100, won=15)), LENGTH)
