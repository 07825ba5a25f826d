"""Shares that were seen in a number of cases, and how sure they are."""

from __future__ import annotations

import math
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def wilson(share: float, cases: int) -> tuple[float, float]:
    """The 95 % interval of a share seen in so many cases (Wilson, JASA 22, 1927)."""
    squared = _Z * _Z / cases
    middle = (share + squared / 2) / (1 + squared)
    half = _Z * math.sqrt(share * (1 - share) / cases + squared / (4 * cases)) / (1 + squared)
    return max(0.0, middle - half), min(1.0, middle + half)
