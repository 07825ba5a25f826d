"""Log-odds learned from examples as a sum of one part for each feature, calibrated on examples left out.

The only place that knows scikit-learn; it is imported when something is learned, not when the server starts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import ThreadpoolController

from metrics.forecasting.methods import TooLittleHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]
Value: TypeAlias = float | str | None
Features: TypeAlias = Mapping[str, Value]

SEED = 20170930
#: Held at one: threads that wait for each other cost more than they bring where a machine is busy.
THREADS = ThreadpoolController()
FOLDS = 5
#: Rounds of boosting that are tried; those that tell left out examples best are taken.
ROUNDS = (10, 20, 40, 80, 160)
#: Boosting bins hold at most 255 categories; rarer ones count as one.
MOST_CATEGORIES = 100
#: Examples of each class, from different deals, below which nothing is learned.
LEAST_OF_A_CLASS = 20


@dataclass(frozen=True)
class Encoding:
    """How features become numbers: names in order, their categories, and what is typical of each."""

    names: tuple[str, ...]
    categories: Mapping[str, Mapping[str, int]]
    typical: Features

    @classmethod
    def of(cls, rows: Sequence[Features]) -> Encoding:
        """The encoding of examples: a feature with any text in it has categories."""
        names = tuple(rows[0])
        columns = {name: [row[name] for row in rows] for name in names}
        texts = {name for name, column in columns.items() if any(isinstance(value, str) for value in column)}
        categories = {name: _categories(columns[name]) for name in names if name in texts}
        typical = {name: _typical(column, name in texts) for name, column in columns.items()}
        return cls(names, categories, typical)

    def encode(self, rows: Sequence[Features]) -> Floats:
        """A row of numbers for each example; what is missing is not a number."""
        return np.stack(
            [self.encode_column(name, [row[name] for row in rows]) for name in self.names], axis=1
        )

    def encode_column(self, name: str, values: Sequence[Value]) -> Floats:
        """The numbers for values of one feature."""
        return np.array([self._number(name, value) for value in values], dtype=np.float64)

    def _number(self, name: str, value: Value) -> float:
        if value is None:
            return float("nan")
        if name in self.categories:
            known = self.categories[name]
            return float(known.get(str(value), len(known)))
        return float(value)


def _categories(column: Sequence[Value]) -> dict[str, int]:
    counted = Counter(str(value) for value in column if value is not None)
    ranked = sorted(counted, key=lambda text: (-counted[text], text))
    return {text: index for index, text in enumerate(ranked[:MOST_CATEGORIES])}


def _typical(column: Sequence[Value], is_text: bool) -> Value:
    """The most frequent text, or the median number."""
    if is_text:
        counted = Counter(str(value) for value in column if value is not None)
        return min(counted, key=lambda text: (-counted[text], text))
    numbers = sorted(float(value) for value in column if value is not None)
    return numbers[len(numbers) // 2] if numbers else None


@dataclass(frozen=True)
class Learned:
    """Calibrated log-odds of each class but the first against the first, as a sum of parts."""

    encoding: Encoding
    boosted: HistGradientBoostingClassifier
    slope: Floats
    intercept: Floats

    @property
    def base(self) -> Floats:
        """The log-odds of an example that is typical in everything."""
        return self._calibrated(_scores(self.boosted, self._typical_row())).reshape(-1)

    def parts(self, rows: Sequence[Features]) -> Floats:
        """By example, feature and class: what the feature adds to the log-odds beside a typical one.

        Trees of one feature each make the parts exact: with the base they add up to the log-odds.
        """
        found = [self.parts_of(name, [row[name] for row in rows]) for name in self.encoding.names]
        return np.stack(found, axis=1)

    def parts_of(self, name: str, values: Sequence[Value]) -> Floats:
        """By value and class: what these values of one feature add."""
        typical, at = self._typical_row(), self.encoding.names.index(name)
        distinct, place = np.unique(self.encoding.encode_column(name, values), return_inverse=True)
        varied = np.repeat(typical, len(distinct), axis=0)
        varied[:, at] = distinct
        beside = _scores(self.boosted, varied) - _scores(self.boosted, typical)
        return np.asarray((beside @ self.slope.T)[place.reshape(-1)], dtype=np.float64)

    def log_odds(self, rows: Sequence[Features]) -> Floats:
        """By example and class."""
        return self._calibrated(_scores(self.boosted, self.encoding.encode(rows)))

    def _typical_row(self) -> Floats:
        return self.encoding.encode([self.encoding.typical])

    def _calibrated(self, scores: Floats) -> Floats:
        return np.asarray(scores @ self.slope.T + self.intercept, dtype=np.float64)


def learn(rows: Sequence[Features], labels: Sequence[int], groups: Sequence[str]) -> Learned:
    """Learn classes 0, 1, ... from examples; those of one group are never on both sides of a fold.

    Raises:
        TooLittleHistory: there are fewer than two classes, or too few groups that show one of them.
    """
    encoding = Encoding.of(rows)
    return learn_encoded(encoding, encoding.encode(rows), np.array(labels), groups)


def learn_encoded(encoding: Encoding, encoded: Floats, classes: Whole, groups: Sequence[str]) -> Learned:
    """The same from examples that are numbers already."""
    _check(classes, groups)
    with THREADS.limit(limits=1):
        left_out = _left_out(encoding, encoded, classes, groups)
        rounds = min(ROUNDS, key=lambda each: _log_loss(left_out[each], classes))
        slope, intercept = _calibration(left_out[rounds], classes)
        return Learned(encoding, _boost(encoding, encoded, classes, rounds), slope, intercept)


def _left_out(
    encoding: Encoding, encoded: Floats, classes: Whole, groups: Sequence[str]
) -> dict[int, Floats]:
    """By number of rounds: the scores of each example by what was learned without its fold."""
    found = {rounds: np.zeros((len(classes), int(classes.max()))) for rounds in ROUNDS}
    for train, test in _folds(classes, groups):
        boosted = _boost(encoding, encoded[train], classes[train], ROUNDS[-1])
        for index, scores in enumerate(boosted.staged_decision_function(encoded[test]), 1):
            if index in found:
                found[index][test] = _against_first(scores)
    return found


def _log_loss(scores: Floats, classes: Whole) -> float:
    whole = np.hstack([np.zeros((len(scores), 1)), scores])
    highest = whole.max(axis=1)
    total = np.log(np.exp(whole - highest[:, None]).sum(axis=1)) + highest
    return float((total - whole[np.arange(len(whole)), classes]).mean())


def _check(classes: Whole, groups: Sequence[str]) -> None:
    shown = {
        label: {groups[int(at)] for at in np.flatnonzero(classes == label)} for label in set(classes.tolist())
    }
    if len(shown) < 2 or min(len(group) for group in shown.values()) < LEAST_OF_A_CLASS:
        raise TooLittleHistory(f"fewer than {LEAST_OF_A_CLASS} deals show one of the outcomes")


def _folds(classes: Whole, groups: Sequence[str]) -> Iterator[tuple[Whole, Whole]]:
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    yield from splitter.split(classes.reshape(-1, 1), classes, np.array(groups))


def _boost(
    encoding: Encoding, encoded: Floats, classes: Whole, rounds: int
) -> HistGradientBoostingClassifier:
    boosted = HistGradientBoostingClassifier(
        interaction_cst="no_interactions",
        categorical_features=[name in encoding.categories for name in encoding.names],
        learning_rate=0.1,
        max_iter=rounds,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=SEED,
    )
    missing = np.isnan(encoded).all(axis=0)  # such a column cannot be put into bins
    return boosted.fit(np.where(missing, 0.0, encoded), classes)


def _scores(boosted: HistGradientBoostingClassifier, encoded: Floats) -> Floats:
    """The log-odds of each class but the first against the first, before they are calibrated."""
    with THREADS.limit(limits=1):
        return _against_first(boosted.decision_function(encoded))


def _against_first(decided: Floats) -> Floats:
    """Two classes have one score, the log-odds already, in one column or none."""
    scores = np.asarray(decided, dtype=np.float64)
    if scores.ndim == 1 or scores.shape[1] == 1:
        return scores.reshape(-1, 1)
    return scores[:, 1:] - scores[:, :1]


def _calibration(left_out: Floats, classes: Whole) -> tuple[Floats, Floats]:
    """The linear map of scores to log-odds that fits examples that the scores were not learned from."""
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(left_out, classes)
    slope, intercept = np.asarray(fitted.coef_), np.asarray(fitted.intercept_)
    if len(intercept) == 1:
        return slope, intercept
    return slope[1:] - slope[:1], intercept[1:] - intercept[:1]
