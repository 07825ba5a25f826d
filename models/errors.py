"""The one hierarchy of errors that a user can cause, each with a stable code and the place it happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

#: Characters of a message; what callers sent may be in it, whatever its length.
LONGEST = 500


class BellwetherError(Exception):
    """An error that is told to the caller as it is.

    ``path`` names the input that is at fault, outermost first (``["input", "amount"]``).
    """

    code = "ERROR"

    def __init__(self, message: str, path: Sequence[str] = ()) -> None:
        self.message = message if len(message) <= LONGEST else f"{message[:LONGEST]}…"
        super().__init__(self.message)
        self.path = tuple(path)


class Unauthenticated(BellwetherError):
    """No token, or one that is malformed, expired or of an unknown user."""

    code = "UNAUTHENTICATED"


class Forbidden(BellwetherError):
    """The actor's role may not do this."""

    code = "FORBIDDEN"


class NotFound(BellwetherError):
    """No such object among those that the actor may see."""

    code = "NOT_FOUND"


class Invalid(BellwetherError):
    """An input value is out of its range or form."""

    code = "INVALID"


class InvalidCursor(Invalid):
    """A pagination cursor that this server did not make for this ordering."""

    code = "INVALID_CURSOR"


class InvalidTransition(BellwetherError):
    """The object's lifecycle does not allow this step; the message names those it allows."""

    code = "INVALID_TRANSITION"


class Conflict(BellwetherError):
    """The object has changed since the version that the caller named; ``current`` is its state now."""

    code = "CONFLICT"

    def __init__(self, message: str, path: Sequence[str] = (), current: object = None) -> None:
        super().__init__(message, path)
        self.current = current


class SeveralProblems(BellwetherError):
    """An error that consists of others, each with its own place."""

    def __init__(self, message: str, problems: Sequence[BellwetherError] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class FactsMissing(SeveralProblems):
    """A deal lacks facts that its stage needs to be left forward; there is a problem for each fact."""

    code = "FACTS_MISSING"


class FactMissing(BellwetherError):
    """A deal lacks one fact; the path ends with its name."""

    code = "FACTS_MISSING"


class RateMissing(BellwetherError):
    """There is no exchange rate of a currency until a day."""

    code = "RATE_MISSING"


class InvalidRulebook(SeveralProblems):
    """A rulebook that cannot go live; ``problems`` name each place and what is allowed there."""

    code = "INVALID_RULE"

    @classmethod
    def of(cls, problems: Sequence[BellwetherError]) -> InvalidRulebook:
        """The error of these problems, one at least."""
        first = problems[0]
        place = f"{len(problems)} problem(s), first at {'.'.join(first.path)}"
        return cls(f"{place}: {first.message}", problems)


class Unavailable(BellwetherError):
    """What the server needs is not there, such as the database; the same request may be sent again."""

    code = "UNAVAILABLE"


class TooSlow(BellwetherError):
    """A follower of events did not take them as fast as they came; some are lost."""

    code = "TOO_SLOW"


class WorkersUnavailable(Unavailable):
    """The processes that judge rules cannot be started; nothing is wrong with the database."""


class EngineStopped(Unavailable):
    """The processes that judge rules do not run, as when the server shuts down."""


class UnknownSchema(BellwetherError):
    """The database's schema is not the one this release knows; the message names the command to run."""

    code = "UNKNOWN_SCHEMA"


def allowed(values: Mapping[str, object] | Sequence[str]) -> str:
    """Values as an error message lists them."""
    return ", ".join(values) or "none"


@contextmanager
def under(*path: str) -> Iterator[None]:
    """Put errors that are raised inside below the input that is named."""
    try:
        yield
    except BellwetherError as error:
        error.path = (*path, *error.path)
        raise
