"""Exact figures as they are shown: whole minor units, and numbers as statements give them."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction


def rounded(minor: Decimal) -> int:
    """Whole minor units, halves to even."""
    return int(minor.quantize(Decimal(1), ROUND_HALF_EVEN))


def percent(minor_times_percent: int) -> int:
    """Minor units that were summed up times percent."""
    return rounded(Decimal(minor_times_percent) / 100)


def share(part: int, whole: int) -> float | None:
    """A part of a whole, 0 to 1; None of nothing."""
    return float(Fraction(part, whole)) if whole else None


def as_float(value: object) -> float | None:
    """A number as a statement gives it; null is None."""
    return None if value is None else float(Decimal(str(value)))
