"""Projections of parts of a tenant: at their share, and by what was learned before each past window."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from metrics.forecasting.history import History, Known
from metrics.forecasting.likelihood import LikelihoodModel, learn_likelihood
from metrics.forecasting.methods import TooLittleHistory
from metrics.projections import projecting
from metrics.projections.deal_by_deal import DealByDeal
from metrics.projections.projecting import Subject, project
from models.forecast import Period
from tests.metrics.forecasting.worlds import day, deal, segments_differ, steady

NOW, DAYS = 700, 45
PERIOD = Period(day(NOW - 40), day(NOW + DAYS))


def nothing_learned(*_: object) -> list[LikelihoodModel]:
    raise TooLittleHistory("not to be learned here")


@pytest.fixture(scope="module")
def world() -> History:
    return segments_differ(3, 300)


@pytest.fixture(scope="module")
def models(world: History) -> list[LikelihoodModel]:
    with pytest.MonkeyPatch.context() as patch:
        from metrics.forecasting import learning

        patch.setattr(learning, "ROUNDS", (10, 30))
        return [learn_likelihood(world.known_at(day(number))) for number in (NOW, NOW - 300)]


def test_each_open_deal_counts_at_the_chance_that_was_learned_before(
    world: History, models: list[LikelihoodModel]
) -> None:
    whole = world.known_at(day(NOW))
    method = DealByDeal(whole, DAYS, models)
    one = next(each for each in whole.open if each.segment == "CARE")
    alone = Known(whole.day, (one, *whole.won))  # what is won without having been open is new business
    new = method.forecast(Known(whole.day, whole.won), DAYS)
    (judged,) = models[0].judge(whole, [one])
    assert method.forecast(alone, DAYS) - new == pytest.approx(one.worth_minor * judged.won_within(DAYS))
    past = whole.known_at(day(NOW - 100))
    chances = models[1].chances(past, DAYS)
    (earlier,) = models[1].judge(past, past.open[:1])
    assert chances[earlier.deal_id] == pytest.approx(earlier.won_within(DAYS))
    with pytest.raises(TooLittleHistory, match="no likelihood had been learned"):
        method.forecast(whole.known_at(day(NOW - 301)), DAYS)
    with pytest.raises(ValueError, match="made for windows of 45 days"):
        method.forecast(whole, 44)


def test_a_subject_has_its_share_of_each_deal(monkeypatch: pytest.MonkeyPatch) -> None:
    world = steady(4, days=NOW, a_day=0.3)
    monkeypatch.setattr(projecting, "learned_models", nothing_learned)
    half = {one.id: 50 for one in world.deals}
    found = project(
        world,
        [Subject("all", 2_000), Subject("half", 1_000, half), Subject("none", 0, {})],
        PERIOD,
        day(NOW),
        day(NOW),
    )
    whole, part, none = found.projected
    assert found.judged == []
    assert found.refused is not None and found.refused.startswith("not to be learned here: ")
    for name in ("won_minor", "expected_minor", "low_minor", "high_minor"):
        assert getattr(part, name) == pytest.approx(getattr(whole, name) / 2, rel=1e-3)
    assert part.method == whole.method
    assert none.refused == (
        "no deal has been won yet; 4 windows of 45 days after the first deal that is won are enough"
    )


def test_what_is_said_to_be_enough_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the day from which on it is said to be, and nothing is said long before."""
    world = steady(9, days=400, a_day=0.5)
    since = world.known_at(day(400)).outcomes_since
    assert since is not None

    def refused(on: date) -> str | None:
        period = Period(on - timedelta(5), on + timedelta(DAYS))
        (found,) = project(world, [Subject("all", 0)], period, on, on).projected
        return found.refused

    monkeypatch.setattr(projecting, "learned_models", nothing_learned)
    enough = since + timedelta(5 * DAYS)
    told = refused(since + timedelta(2 * DAYS))
    assert told is not None and f"from {enough} on" in told
    assert refused(enough) is None


def test_deals_that_came_later_are_judged_and_not_learned_from() -> None:
    late = deal("late", NOW + 2, 100_000)
    world = History((*segments_differ(3, 300).deals, late))
    with pytest.MonkeyPatch.context() as patch:
        from metrics.forecasting import learning

        patch.setattr(learning, "ROUNDS", (10,))
        found = project(world, [], PERIOD, day(NOW), day(NOW + 3))
    assert "late" in {each.deal_id for each in found.judged}
    assert max(model.learned_on for model in found.models) == day(NOW)
    assert (found.learned_on, found.known_on) == (day(NOW), day(NOW + 3))
