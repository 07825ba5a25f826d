"""A period deal by deal: what open deals are worth at their likelihood, as one method among the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from metrics.forecasting.choice import WINDOWS_BACK
from metrics.forecasting.history import Known
from metrics.forecasting.likelihood import LikelihoodModel, learn_likelihood
from metrics.forecasting.methods import TooLittleHistory, past_origins, recorded_days
from metrics.forecasting.period import MOST_WINDOWS, STEP_SHARE
from metrics.forecasting.pipeline import by_stage_and_age, fading, observe

#: How far back, of the past windows that methods are tried on, the earlier model is learned: a little more
#: than half, so that it can be tried on half of them.
_BACK = 0.6


class DealByDeal:
    """Open deals at the likelihood that was learned from the whole tenant, and the node's own new business.

    Past windows are forecast by a model that was learned before them: of ``models``, the latest first, the
    first that was learned by then. Days of ``whole`` are judged once, whoever asks.
    """

    name = "deal by deal"

    def __init__(self, whole: Known, days: int, models: Sequence[LikelihoodModel]) -> None:
        self._whole, self._days, self._models = whole, days, models
        self._chances: dict[object, dict[str, float]] = {}

    def forecast(self, known: Known, days: int) -> float:
        """See ``Method``; of windows of the length alone that it was made for."""
        if days != self._days:
            raise ValueError(f"made for windows of {self._days} days, not {days}")
        chances = self._on(known)
        step = max(1, days // STEP_SHARE)
        origins = past_origins(known, days, step, MOST_WINDOWS)
        if not origins:
            raise TooLittleHistory(f"no window of {days} days is recorded from its beginning to its end")
        new = fading(observe(known, origins, days, by_stage_and_age).new_minor, step, days)
        return sum(deal.worth_minor * chances[deal.id] for deal in known.open) + new

    def _on(self, known: Known) -> dict[str, float]:
        if known.day not in self._chances:
            model = next((each for each in self._models if each.learned_on <= known.day), None)
            if model is None:
                raise TooLittleHistory(f"no likelihood had been learned by {known.day}")
            self._chances[known.day] = model.chances(self._whole.known_at(known.day), self._days)
        return self._chances[known.day]


def learned_models(whole: Known, days: int) -> list[LikelihoodModel]:
    """The likelihood as learned now, and as it was learned in the middle of the past windows, if it could be.

    Raises:
        TooLittleHistory: there is too little to learn from now.
    """
    models = [learn_likelihood(whole)]
    reach = min(recorded_days(whole) - days, days * WINDOWS_BACK)
    back = days + round(max(0, reach) * _BACK)
    try:
        models.append(learn_likelihood(whole.known_at(whole.day - timedelta(back))))
    except TooLittleHistory:
        return models
    return models
