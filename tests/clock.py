"""A clock that journeys set: days of business that pass when they are told to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from models import base


@dataclass
class Clock:
    """The day of the business, which moves when it is told to."""

    passed: int = 0

    def on(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """Have everything go by it."""
        real = base.utcnow
        monkeypatch.setattr(base, "utcnow", lambda: real() + timedelta(days=self.passed))
        return self

    def day(self, number: int) -> date:
        """So many days after the real one; time moves on to it."""
        self.passed = number
        return base.today()
