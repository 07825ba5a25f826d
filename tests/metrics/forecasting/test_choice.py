"""The choice among methods trusts what did best before, says how sure it is, and refuses without a past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from metrics.forecasting.choice import METHODS, NAIVE, Forecast, forecast
from metrics.forecasting.history import History, Known
from metrics.forecasting.intervals import Basis, Residual, chance, independent, interval, student
from metrics.forecasting.methods import Method, TooLittleHistory
from metrics.forecasting.record import coverage
from tests.metrics.forecasting.worlds import day, deal, steady

LENGTH = 28


class Constant:
    """Says the same whatever is known."""

    def __init__(self, name: str, says: float) -> None:
        self.name, self._says = name, says

    def forecast(self, known: Known, days: int) -> float:  # noqa: ARG002
        return self._says


def _even(days: int) -> History:
    """One deal of 100 is won each day."""
    return History(tuple(deal(f"d{on}", on, 100, won=on) for on in range(days)))


def _chosen(history: History, on: int, methods: Sequence[Method] = METHODS) -> Forecast:
    return forecast(history.known_at(day(on)), LENGTH, methods)


def test_a_method_that_was_right_before_is_chosen() -> None:
    methods: list[Method] = [NAIVE, Constant("wrong", 9_000), Constant("right", 2_800)]
    found = _chosen(_even(400), 399, methods)
    shares = {trial.method: trial.share for trial in found.trials}
    assert shares["wrong"] < 0.001
    assert found.expected_minor == 2_800
    assert (found.interval.basis, found.interval.low_minor) == (Basis.PAST_ERRORS, 2_800)


def test_little_past_prefers_hardly_any() -> None:
    methods: list[Method] = [NAIVE, Constant("high", 5_600), Constant("higher", 8_400)]
    shares = {trial.method: trial.share for trial in _chosen(_even(70), 60, methods).trials}
    assert shares["high"] > shares["higher"] > 0


def test_without_a_past_window_the_last_one_is_repeated_and_it_is_said() -> None:
    found = _chosen(_even(40), 30)
    assert found.expected_minor == 2_800
    assert found.interval.basis is Basis.CHANCE_ALONE
    assert (found.interval.windows, found.interval.independent) == (0, 0)
    assert found.interval.low_minor < 2_800 < found.interval.high_minor


def test_with_few_past_windows_that_is_said_and_the_interval_is_wide() -> None:
    few, many = _chosen(steady(1), 110), _chosen(steady(1), 800)
    assert (few.interval.basis, many.interval.basis) == (Basis.FEW_PAST_ERRORS, Basis.PAST_ERRORS)
    assert few.interval.independent < 4 <= many.interval.independent


def test_too_little_history_is_refused_with_a_reason() -> None:
    with pytest.raises(TooLittleHistory, match="recorded for 3 days"):
        _chosen(_even(40), 2)
    with pytest.raises(TooLittleHistory, match="won yet"):
        _chosen(History((deal("a", 0, 100, lost=1),)), 40)


def test_where_nothing_was_won_of_late_something_may_be() -> None:
    found = _chosen(_even(100), 160, [NAIVE])
    assert (found.expected_minor, found.interval.low_minor) == (0, 0)
    assert found.interval.high_minor > 0


def test_the_same_past_makes_the_same_forecast() -> None:
    assert _chosen(steady(3), 600) == _chosen(steady(3), 600)


def test_the_evaluated_window_has_no_part_in_the_choice() -> None:
    until = steady(5, days=600)
    boom = History((*until.deals, *(deal(f"x{on}", on, 10**9, won=on) for on in range(601, 640))))
    assert _chosen(until, 600) == _chosen(boom, 600)


def test_the_interval_holds_about_four_fifths_in_a_steady_world() -> None:
    intervals, won = [], []
    for seed in range(12):
        history = steady(seed, days=560)
        later = history.known_at(day(700))
        for on in (390, 450, 510):
            found = _chosen(history, on, [NAIVE, *METHODS[2:4]])
            intervals.append((found.interval.low_minor, found.interval.high_minor))
            won.append(later.won_minor(day(on), day(on) + timedelta(LENGTH)))
    share = coverage(intervals, won)
    assert share is not None
    assert 0.65 <= share <= 0.97


def test_windows_that_overlap_count_for_those_that_fit_side_by_side() -> None:
    assert independent([day(0), day(7), day(14)], 28) == 1.5
    assert independent([day(0), day(280)], 28) == 2
    assert independent([], 28) == 0


def test_the_interval_is_the_finite_sample_quantile_of_past_errors() -> None:
    known = _even(400).known_at(day(399))
    past = [Residual(day(28 * at), 400, 100, 100 + at) for at in range(9)]
    # Nine windows: the quantile at 0.8 x 10 / 9 is the eighth smallest error, 7 %.
    found = interval(1000, past, known, LENGTH, 0.8)
    assert (found.low_minor, found.high_minor, found.basis) == (930, 1070, Basis.PAST_ERRORS)


def test_chance_is_the_spread_of_two_windows_of_such_amounts() -> None:
    # 28 deals of 100: both windows have the variance 28 x 100 x 100 around 2,800.
    assert chance(_even(100).known_at(day(99)), LENGTH) == pytest.approx((2 * 28 * 100**2) ** 0.5 / 2800)
    assert student(4, 0.8) == pytest.approx(1.533, abs=0.001)
