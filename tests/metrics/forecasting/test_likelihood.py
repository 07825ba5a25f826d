"""Likelihoods of single deals find what was planted, are calibrated, give reasons and see no future."""

from __future__ import annotations

from dataclasses import replace
from math import log
from statistics import fmean

import pytest

from metrics.forecasting.history import Dated, DealHistory, History, Outcome, dated
from metrics.forecasting.learning import learn
from metrics.forecasting.likelihood import STEPS, Likelihood, LikelihoodModel, learn_likelihood
from metrics.forecasting.methods import TooLittleHistory
from metrics.forecasting.period import forecast_period
from metrics.forecasting.record import calibration_error
from metrics.forecasting.snapshots import AGE, OWNER, SEGMENT, STAGE_AGE, Surroundings
from tests.metrics.forecasting.worlds import WON_OF, day, deal, segments_differ, steady

NOW = 600


@pytest.fixture(scope="module")
def world() -> History:
    return segments_differ(1)


@pytest.fixture(scope="module")
def model(world: History) -> LikelihoodModel:
    return learn_likelihood(world.known_at(day(NOW)))


@pytest.fixture(scope="module")
def judged(world: History, model: LikelihoodModel) -> list[Likelihood]:
    return model.judge(world.known_at(day(NOW)))


def _segment(world: History, likelihood: Likelihood) -> str | None:
    return next(one.segment for one in world.deals if one.id == likelihood.deal_id)


def test_what_was_planted_is_found(world: History, judged: list[Likelihood]) -> None:
    for segment, truth in WON_OF.items():
        stated = fmean(each.probability for each in judged if _segment(world, each) == segment)
        assert stated == pytest.approx(truth, abs=0.08)


def test_probabilities_are_calibrated_on_deals_that_were_not_learned_from(model: LikelihoodModel) -> None:
    stated, won = [], []
    for seed in range(2, 7):  # the same trade with other deals: what was learned must hold there
        history = segments_differ(seed)
        later = {one.id: one.is_won for one in history.known_at(day(900)).deals}
        judged = model.judge(history.known_at(day(NOW)))
        stated += [each.probability for each in judged]
        won += [later[each.deal_id] for each in judged]
    error = calibration_error(stated, won, 5)
    assert error is not None
    assert error < 0.12  # with 249 deals, and as learned from some hundreds, chance alone makes 0.05 of it


def test_the_weightiest_reason_is_what_was_planted(judged: list[Likelihood], world: History) -> None:
    for each in judged:
        weights = [abs(reason.log_odds) for reason in each.reasons]
        assert weights == sorted(weights, reverse=True)
    typical = next(reason.typical for reason in judged[0].reasons if reason.feature == SEGMENT)
    other = [each for each in judged if _segment(world, each) != typical]
    assert {each.reasons[0].feature for each in other} == {SEGMENT}
    planted = log(0.8 / 0.2) - log(0.2 / 0.8)
    assert fmean(abs(each.reasons[0].log_odds) for each in other) == pytest.approx(planted, rel=0.3)


def test_what_may_become_of_a_deal_adds_up_to_one_at_most(judged: list[Likelihood]) -> None:
    for each in judged:
        assert len(each.won) == len(each.lost) == STEPS
        assert sum(each.won) + sum(each.lost) <= 1 + 1e-9
        assert each.won_within(10**6) == pytest.approx(each.probability)
        assert each.won_within(each.step_days) == pytest.approx(each.won[0])


def test_the_days_to_close_are_told_by_outcome() -> None:
    told = Likelihood("a", day(0), 10, (0.2, 0.2, 0.0), (0.0, 0.0, 0.5), ())
    assert told.days_to_close(Outcome.WON) == 10
    assert told.days_to_close(Outcome.LOST) == 25
    assert told.won_within(15) == pytest.approx(0.3)
    assert Likelihood("a", day(0), 10, (0.0,), (1.0,), ()).days_to_close(Outcome.WON) is None


def test_deals_close_when_they_used_to(judged: list[Likelihood]) -> None:
    # All deals end 20 to 60 days after their creation.
    days = [each.days_to_close(Outcome.WON) for each in judged]
    assert all(0 <= one <= 61 for one in days if one is not None)


def test_learning_again_learns_the_same_whatever_comes_later(
    world: History, judged: list[Likelihood]
) -> None:
    def turned(one: DealHistory) -> DealHistory:
        late: Dated[Outcome | None] = dated(Outcome.WON, day(NOW + 1))
        return replace(one, endings=(*one.endings, late)) if one.is_open else one

    known_deals = (one.known_at(day(NOW)) for one in world.deals)
    other = History(tuple(turned(one) for one in known_deals if one is not None))
    known = other.known_at(day(NOW))
    assert learn_likelihood(known).judge(known) == judged


def test_a_model_does_not_judge_the_days_before_it(world: History, model: LikelihoodModel) -> None:
    with pytest.raises(ValueError, match="learned on"):
        model.judge(world.known_at(day(NOW - 1)))


def test_a_model_is_not_learned_from_too_few_deals() -> None:
    with pytest.raises(TooLittleHistory):
        learn_likelihood(History(()).known_at(day(5)))
    few = History(tuple(deal(f"d{at}", 0, 100, won=20 + at) for at in range(30)))
    with pytest.raises(TooLittleHistory, match="fewer than 20"):
        learn_likelihood(few.known_at(day(60)))


def test_an_owner_is_judged_by_earlier_deals_alone() -> None:
    history = History((deal("a", 0, 1, won=5, owner="Ada"), deal("b", 0, 1, lost=30, owner="Ada")))
    known = history.known_at(day(10))
    around = Surroundings.of(known)
    assert around.win_rates == {"Ada": 1.0}
    assert Surroundings.of(history.known_at(day(30))).win_rates == {"Ada": 0.5}
    seen = around.snapshot(known.open[0], day(10))
    assert (seen[AGE], seen[STAGE_AGE], seen[OWNER]) == (10, 2.0, 1.0)


def test_parts_add_up_to_the_log_odds() -> None:
    rows = [{"size": float(at % 17), "route": "direct" if at % 3 else "partner"} for at in range(300)]
    labels = [int((at % 17 > 8) ^ (at % 7 == 0)) for at in range(300)]
    learned = learn(rows, labels, [str(at) for at in range(300)])
    together = learned.parts(rows).sum(axis=1) + learned.base
    assert together == pytest.approx(learned.log_odds(rows))


def test_a_period_is_open_deals_and_new_business_within_bounds() -> None:
    history = steady(4, days=700)
    known = history.known_at(day(500))
    model = learn_likelihood(known)
    found = forecast_period(known, 28, model)
    won = history.known_at(day(800)).won_minor(day(500), day(528))
    assert found.low_minor <= found.expected_minor <= found.high_minor
    assert found.expected_minor == pytest.approx(28 * 0.5 * 100_000, rel=0.35)
    assert won == pytest.approx(found.expected_minor, rel=0.6)
    assert found == forecast_period(known, 28, model)
