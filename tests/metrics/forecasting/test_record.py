"""The formulas of the record of a forecaster, by hand."""

from __future__ import annotations

import pytest

from metrics.forecasting import record


def test_a_forecaster_who_is_always_a_tenth_above() -> None:
    won = [100.0, 300.0]
    says = [110.0, 330.0]
    assert record.wape(says, won) == pytest.approx(0.1)
    assert record.bias(says, won) == pytest.approx(0.1)
    assert record.shortfall_bias(says, won) == pytest.approx(-0.1)
    assert record.mape(says, won) == pytest.approx(0.1)


def test_errors_that_cancel_leave_no_bias() -> None:
    assert record.bias([150, 50], [100, 100]) == 0
    assert record.wape([150, 50], [100, 100]) == 0.5


def test_mase_compares_with_what_came_before() -> None:
    # Repeating says 100, 120, 90 of 120, 90, 100: it errs by 60 in all, the forecaster by 15.
    assert record.mase_of_series([115, 95, 105], [120, 90, 100], 100) == 0.25
    assert record.mase([1], [1], [1]) is None


def test_mape_is_not_said_where_an_actual_value_is_zero() -> None:
    assert record.mape([1, 1], [0, 1]) is None
    assert record.wape([1, 1], [0, 2]) == 1.0
    assert record.wape([1], [0]) is None


def test_coverage_counts_both_ends() -> None:
    assert record.coverage([(1, 2), (1, 2), (1, 2), (1, 2)], [1, 2, 3, 0]) == 0.5
    assert record.coverage([], []) is None
    with pytest.raises(ValueError, match="intervals"):
        record.coverage([(0, 1)], [])


def test_the_calibration_error_weighs_bins_by_their_deals() -> None:
    # Two stated at 0.1 of which one is won: 0.4 off; two at 0.9, both won: 0.1 off.
    stated, won = [0.1, 0.1, 0.9, 0.9], [True, False, True, True]
    assert record.calibration_error(stated, won) == pytest.approx(0.25)
    assert [(each.count, each.observed) for each in record.calibration_bins(stated, won)] == [
        (2, 0.5),
        (2, 1.0),
    ]
    assert record.brier(stated, won) == pytest.approx((0.81 + 0.01 + 0.01 + 0.01) / 4)
    assert record.calibration_bins([1.0], [True])[0].count == 1
    assert record.calibration_error([], []) is None
