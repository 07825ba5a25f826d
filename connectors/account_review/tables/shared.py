"""What tables have in common."""

from __future__ import annotations

from datetime import date

from connectors.account_review.texts import NOTHING, day

#: Shares of the width for amounts and dates.
AMOUNT, DATE = 1.5, 1.1


def step_told(step: str | None, on: date | None) -> str:
    """A step and by when, or a dash for none."""
    if not step:
        return NOTHING
    return f"{step} ({day(on)})" if on else step
