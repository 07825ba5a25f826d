"""How bad something is; rules and records both say it, and who reads rules needs no records for it."""

from __future__ import annotations

from models.described import Described


class Severity(Described):
    """How bad something is, mildest first."""

    LOW = "LOW", "To be known; nothing has to be done soon."
    MEDIUM = "MEDIUM", "To be dealt with in the ordinary course."
    HIGH = "HIGH", "To be dealt with soon."
    CRITICAL = "CRITICAL", "To be dealt with before anything else."

    @property
    def rank(self) -> int:
        """0 for LOW to 3 for CRITICAL."""
        return list(Severity).index(self)
