"""What a story says about an account; whatever it leaves out is healthy, as chance has it."""

from __future__ import annotations

from dataclasses import dataclass

from models.deals import DealKind, Stage


@dataclass(frozen=True)
class DealStory:
    """An open deal: ``key`` tells it from the account's others, ``solution`` names what is sold.

    Days are counted from today: ``age`` backwards, ``close_in`` and ``next_step_in`` forwards.
    ``competitor_heard`` is how many days ago a competitor was named in the deal. ``renews`` says that a
    renewal or expansion is about the account's first contract.
    """

    key: str
    solution: str
    size: int = 20
    kind: DealKind = DealKind.NEW
    stage: Stage = Stage.PROPOSED
    age: int = 52
    contacts: int = 3
    pushes: int = 0
    close_in: int = 48
    next_step_in: int = 6
    competitor_heard: int | None = None


@dataclass(frozen=True)
class Story:
    """What is special about an account, in days from today.

    ``usage_change`` is how the last three full months compare with those before; ``customer_for`` the
    full months since a new customer began (None: for years); ``executives_silent`` the days since any
    executive who is still there was contacted; ``framework_ends_in`` adds a contract without charges.
    """

    customer: bool = True
    customer_for: int | None = None
    contract_ends_in: int | None = None
    renewal_open: bool = True
    framework_ends_in: int | None = None
    usage_change: float = 0.0
    executives_silent: int | None = None
    executive_left: int | None = None
    overdue_days: int | None = None
    severe_tickets: int | None = None
    quiet: bool = False
    deals: tuple[DealStory, ...] = ()


HEALTHY = Story()
