"""The forecast on a public pipeline: a few of the days that the benchmark goes through."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benchmarks.histories import DATA, SALES, SYNTHETIC, sales, synthetic
from metrics.forecasting.choice import NAIVE, forecast
from metrics.forecasting.methods import OpenValue
from metrics.forecasting.record import mape


@pytest.mark.skipif(not (DATA / SALES).is_dir(), reason=f"the sales data is not at ../shared/data/{SALES}")
def test_the_known_baselines_are_reproduced_and_the_choice_is_close() -> None:
    history = sales().history
    later = history.known_at(date(2018, 1, 1))
    days = [date(2017, 6, 5) + timedelta(7 * week) for week in range(17)]
    won = [float(later.won_minor(day, day + timedelta(91))) for day in days]
    cut = [history.known_at(day) for day in days]
    assert mape([OpenValue().forecast(known, 91) for known in cut], won) == pytest.approx(0.143, abs=0.001)
    assert mape([NAIVE.forecast(known, 91) for known in cut], won) == pytest.approx(0.032, abs=0.001)
    for at in (5, 11):
        found = forecast(cut[at], 91)
        assert found.expected_minor == pytest.approx(won[at], rel=0.06)
        assert found.interval.low_minor <= won[at] <= found.interval.high_minor


@pytest.mark.skipif(not (DATA / SYNTHETIC).is_dir(), reason=f"the data is not at ../shared/data/{SYNTHETIC}")
def test_stages_that_leave_before_they_enter_are_counted() -> None:
    odd = synthetic().odd
    assert odd["stage rows that leave before they enter"] == 676
